"""Tests of the wire contract: what is on the log can be read for ever."""
