"""A short share of chaos for every change; `make chaos` is the long one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = "24"
"""Its minute has all there is: a kill alone, kills amid others, the end of a broker, a zombie, a
rebalance storm, an end of Postgres."""


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
        "60",
        "--brokers",
        brokers,
        "--seed",
        SEED,
    ]
    done = subprocess.run(chaos, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
