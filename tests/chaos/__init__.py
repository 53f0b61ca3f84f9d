"""Chaos: the whole service as real processes under load, while faults are put in from a seed.

`python -m tests.chaos --duration 60 --brokers 1`; docs/guarantees.md says what it shows.
"""
