"""The first workspace and its API key, made once so that a new installation can be used."""
