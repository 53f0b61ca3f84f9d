"""A short share of chaos for every change; `make chaos` is the long one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.plan import Kind, draw

ROOT = Path(__file__).parents[2]
DURATION_S = 60
SEED = 24
"""Its minute has all there is: a kill alone, kills amid others, the end of a broker, a zombie, a
rebalance storm, an end of Postgres."""


def test_the_minute_has_every_fault() -> None:
    assert {fault.kind for fault in draw(SEED, DURATION_S)} == set(Kind)


@pytest.mark.timeout(500)
@pytest.mark.parametrize("brokers", ["1", "3"])
def test_chaos_under_load_breaks_no_promise(
    brokers: str, kafka_bootstrap: str, postgres_dsn: str
) -> None:
    if {"KAFKA_BOOTSTRAP", "DATABASE_URL"} & os.environ.keys():
        pytest.skip(f"chaos kills its servers, not {kafka_bootstrap} or {postgres_dsn}")
    chaos = [
        sys.executable,
        "-m",
        "tests.chaos",
        "--duration",
        str(DURATION_S),
        "--brokers",
        brokers,
        "--seed",
        str(SEED),
    ]
    done = subprocess.run(chaos, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
