"""The supervisor, on real processes: the order of a stop, its end in time, and restarts."""

import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from seatlog.supervisor import ChildSpec, Supervisor, pause_before_restart
from tests.eventually import eventually

SAYS_WHEN_IT_ENDS = """
import pathlib, signal, sys, time
name, folder, after = sys.argv[1], pathlib.Path(sys.argv[2]), float(sys.argv[3])
def end(*_):
    time.sleep(after)
    with (folder / "ended").open("a") as ended:
        ended.write(name + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
(folder / f"{name}-runs").touch()
while True:
    time.sleep(1)
"""
DEAF = """
import pathlib, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path(sys.argv[2], sys.argv[1] + "-runs").touch()
time.sleep(60)
"""


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    made = Supervisor()
    yield made
    await made.stop()


def _child(
    name: str, folder: Path, code: str = SAYS_WHEN_IT_ENDS, *, after_s: float = 0
) -> list[str]:
    return [sys.executable, "-c", code, name, str(folder), str(after_s)]


async def _runs(folder: Path, *names: str) -> None:
    def all_run() -> None:
        assert all((folder / f"{name}-runs").exists() for name in names)

    await eventually(all_run, within=10)


async def test_a_later_stage_has_ended_before_an_earlier_one_is_told(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    await supervisor.start(ChildSpec("worker", _child("worker", tmp_path)))
    await supervisor.start(ChildSpec("projector", _child("projector", tmp_path)))
    await supervisor.start(ChildSpec("api", _child("api", tmp_path, after_s=0.5), stage=1))
    await _runs(tmp_path, "worker", "projector", "api")
    await supervisor.stop()
    ended = (tmp_path / "ended").read_text(encoding="ascii").split()
    assert ended[0] == "api"
    assert sorted(ended[1:]) == ["projector", "worker"]


async def test_those_of_one_stage_are_killed_together_after_their_grace(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    for name in ("one", "two", "three"):
        command = _child(name, tmp_path, DEAF)
        await supervisor.start(ChildSpec(name, command, grace_s=0.5))
    await _runs(tmp_path, "one", "two", "three")
    told_at = time.monotonic()
    await supervisor.stop()
    assert 0.5 <= time.monotonic() - told_at < 1.3


async def test_a_process_that_cannot_be_started_for_a_while_is_tried_again(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    program, away = tmp_path / "program", tmp_path / "away"
    program.write_text("#!/bin/sh\nsleep 60\n", encoding="ascii")
    program.chmod(0o700)
    await supervisor.start(ChildSpec("one", [str(program)]))
    first = supervisor.pid("one")
    program.rename(away)
    supervisor.signal("one", signal.SIGKILL)

    def tried_in_vain() -> None:
        assert supervisor.restarts["one"] >= 2
        assert supervisor.pid("one") == first

    await eventually(tried_in_vain, within=10)
    away.rename(program)

    def runs_again() -> None:
        assert supervisor.pid("one") != first

    await eventually(runs_again, within=10)


@pytest.mark.parametrize(
    ("ends", "pause_s"), [(1, 0.0), (5, 0.0), (6, 0.25), (7, 0.5), (10, 4.0), (11, 5.0), (99, 5.0)]
)
def test_who_ends_often_within_a_minute_waits_longer_each_time(ends: int, pause_s: float) -> None:
    assert pause_before_restart(ends) == pause_s
