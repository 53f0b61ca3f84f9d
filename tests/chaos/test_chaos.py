"""A short share of chaos for every change; `make chaos` is the long one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = "24"
"""Its 45 s have a kill alone, kills amid others, a zombie, and the end of the broker."""


@pytest.mark.timeout(400)
def test_chaos_under_load_breaks_no_promise(kafka_bootstrap: str, postgres_dsn: str) -> None:
    if {"KAFKA_BOOTSTRAP", "DATABASE_URL"} & os.environ.keys():
        pytest.skip(f"chaos kills its servers, not {kafka_bootstrap} or {postgres_dsn}")
    chaos = [
        sys.executable,
        "-m",
        "tests.chaos",
        "--duration",
        "45",
        "--brokers",
        "1",
        "--seed",
        SEED,
    ]
    done = subprocess.run(chaos, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
