"""The whole service: real processes, a real broker, a real database, over HTTP."""
