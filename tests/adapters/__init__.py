"""Tests of the adapters, on the real servers."""
