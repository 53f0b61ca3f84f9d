"""Tests of the rules: pure, fast, without servers."""

import pytest

pytest.register_assert_rewrite(
    "tests.engine.both_offices", "tests.engine.scenario", "tests.engine.invariants"
)
