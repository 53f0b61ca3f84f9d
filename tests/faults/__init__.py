"""Faults on real processes and a real broker: kills, stops, restarts."""
