"""Exhaustive models: every interleaving of a small instance of a protocol, walked to the end."""
