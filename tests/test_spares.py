"""Spares, as real processes of ours: they wait, become who is needed, end with the supervisor."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from seatlog import spares
from seatlog.supervisor import ChildSpec, Supervisor
from tests.eventually import eventually

WRITES_WHO_IT_IS = """
import asyncio, os, pathlib, sys
from seatlog.lifetime import run_process
async def work(settings):
    pathlib.Path(sys.argv[1], f"{settings.member} {os.getpid()}").touch()
    await asyncio.sleep(600)
run_process("worker", work)
"""


@pytest.fixture
async def supervisor(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Supervisor]:
    monkeypatch.setattr(spares, "calm_s", 0.05)
    made = Supervisor()
    yield made
    await made.stop()


def worker(name: str, folder: Path) -> ChildSpec:
    command = [sys.executable, "-c", WRITES_WHO_IT_IS, str(folder)]
    environment = {
        "SEATLOG_MEMBER": name,
        "KAFKA_BOOTSTRAP": "127.0.0.1:1",
        "DATABASE_URL": "postgresql://nowhere/",
        "SEATLOG_SIGNING_KEY": "00" * 32,
    }
    return ChildSpec(name, command, environment, has_spare=True)


async def spare_of(supervisor: Supervisor, *, other_than: int = 0) -> int:
    def there() -> None:
        assert supervisor.spare_pids() not in ([], [other_than])

    await eventually(there, within=20)
    (pid,) = supervisor.spare_pids()
    return pid


async def is_running(folder: Path, name: str, pid: int) -> None:
    def told() -> None:
        assert (folder / f"{name} {pid}").exists()

    await eventually(told, within=20)


def is_there(folder: Path, pid: int) -> bool:
    return any(name.endswith(f" {pid}") for name in map(str, folder.iterdir()))


def end(supervisor: Supervisor, name: str) -> None:
    supervisor.signal(name, signal.SIGKILL)


async def test_a_spare_takes_the_place_and_the_name_of_who_has_died(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    await supervisor.start(worker("one", tmp_path))
    await supervisor.start(worker("two", tmp_path))
    first = await spare_of(supervisor)
    assert not is_there(tmp_path, first)
    end(supervisor, "two")
    await is_running(tmp_path, "two", first)
    assert supervisor.pid("two") == first
    second = await spare_of(supervisor, other_than=first)
    end(supervisor, "one")
    await is_running(tmp_path, "one", second)


async def test_without_its_spare_a_process_is_started_all_the_same(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    await supervisor.start(worker("one", tmp_path))
    spare = await spare_of(supervisor)
    os.kill(spare, signal.SIGKILL)
    end(supervisor, "one")

    def runs_anew() -> None:
        assert supervisor.restarts["one"] >= 1
        assert supervisor.pid("one") != spare
        assert (tmp_path / f"one {supervisor.pid('one')}").exists()

    await eventually(runs_anew, within=20)


async def test_a_spare_ends_with_its_supervisor(supervisor: Supervisor, tmp_path: Path) -> None:
    await supervisor.start(worker("one", tmp_path))
    spare = await spare_of(supervisor)
    await supervisor.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(spare, 0)


def test_a_spare_whose_supervisor_is_gone_ends_without_a_word(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITES_WHO_IT_IS, str(tmp_path), spares.AS_A_SPARE]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert done.stdout + done.stderr == b""
    assert not list(tmp_path.iterdir())
