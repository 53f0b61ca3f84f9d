"""Tests of the worker processes and their loops."""
