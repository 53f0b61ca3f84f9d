"""The seeded simulation; tests/simulation/simulation.py says what happens in it."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.pool import AsyncResult
from pathlib import Path

import pytest

from tests.simulation.__main__ import failure, main, run_seeds
from tests.simulation.bug import Bug
from tests.simulation.bugs import BUGS
from tests.simulation.cluster import CRASHES
from tests.simulation.dice import Fault
from tests.simulation.simulation import simulate

SEEDS = 2_000
fired_min = 1_000
fired_in_doubt_min = 250
"""Crashes at each point of owners that have a group in doubt."""
groups_min = 2_500
"""Confirmed ones."""
parked_min = 1_000
"""Commands that waited for a group."""
restored_min = 5_000
"""Replays that began at a snapshot."""
compared_min = 3_500
"""Newest snapshots that `seatlog verify` has compared with its fold."""
seeds_per_bug_max = 500


@pytest.mark.timeout(1800)
def test_no_seed_breaks_a_guarantee_and_every_fault_has_fired() -> None:
    fired: Counter[Fault] = Counter()
    fired_in_doubt: Counter[Fault] = Counter()
    groups = parked = restored = compared = 0
    for outcome in run_seeds(range(SEEDS), processes=2):
        assert not outcome.findings, failure(outcome)
        fired += outcome.fired
        fired_in_doubt += outcome.fired_in_doubt
        groups += outcome.counts.groups_confirmed
        parked += outcome.counts.commands_parked
        restored += outcome.restored
        compared += outcome.counts.snapshots
    assert {fault: fired[fault] for fault in Fault if fired[fault] < fired_min} == {}
    crashes = CRASHES.values()
    assert [crash for crash in crashes if fired_in_doubt[crash] < fired_in_doubt_min] == []
    assert groups > groups_min
    assert parked > parked_min
    assert restored > restored_min
    assert compared > compared_min


@pytest.mark.parametrize("seed", [3, 14, 159])
def test_the_same_seed_goes_the_same_way_in_every_process(seed: int) -> None:
    here = simulate(seed)
    assert here.trace_hash == simulate(seed).trace_hash
    assert here.trace_hash != simulate(seed + 1).trace_hash
    # Another process has another order of sets, and must go the same way all the same.
    there = subprocess.run(
        [sys.executable, "-m", "tests.simulation", "--seed", str(seed)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONHASHSEED": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"trace {here.trace_hash}" in there.stdout


def _called(bug: Bug) -> str:
    return bug.name


def _is_found(name: str) -> bool:
    """Put a bug into this process and say whether a seed notices."""
    with next(bug for bug in BUGS if bug.name == name).put_in():
        return any(simulate(seed).findings for seed in range(seeds_per_bug_max))


@pytest.fixture(scope="module")
def searches(request: pytest.FixtureRequest) -> Iterator[dict[str, AsyncResult[bool]]]:
    """Search for all bugs that are asked for, on both cores; give what comes of it, by name."""
    tests = [item for item in request.session.items if isinstance(item, pytest.Function)]
    called = test_a_deliberate_bug_is_found.__name__
    names = [test.callspec.id for test in tests if test.originalname == called]
    with get_context("spawn").Pool(2) as pool:
        yield {name: pool.apply_async(_is_found, (name,)) for name in names}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("bug", BUGS, ids=_called)
def test_a_deliberate_bug_is_found(bug: Bug, searches: dict[str, AsyncResult[bool]]) -> None:
    is_found = searches[bug.name].get()
    assert is_found, f"{seeds_per_bug_max} seeds have not noticed that {bug.name}"


def test_a_seed_that_fails_is_printed_with_the_command_that_replays_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    doubled = next(bug for bug in BUGS if bug.name == "a keyed repeat is done again")
    with doubled.put_in():
        assert main(["--seeds", "2", "--processes", "1"]) == 1
        assert "replay it: python -m tests.simulation --seed 0 --trace" in capsys.readouterr().out
        assert main(["--seed", "0", "--trace"]) == 1
        assert "found: answers: " in capsys.readouterr().out
    assert main(["--seed", "0"]) == 0
