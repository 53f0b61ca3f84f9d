"""The ingress: HTTP in, commands to the log, answers out of the log."""
