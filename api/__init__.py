"""The HTTP ingress: takes requests, appends commands, answers from the outbox."""
