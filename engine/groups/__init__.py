"""The coordinator's machine: what concerns more than one event or more than one partition."""
