"""The demo: a ticket drop on a stadium, with simulated fans, a kill, and a proof at the end."""
