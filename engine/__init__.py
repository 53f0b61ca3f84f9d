"""The booking rules, pure: no I/O, no clock, no randomness, no logging, no vendor's words."""
