"""How a process of ours ends, and that it shows that it lives: who looks after it must hear."""

import asyncio
import logging
import time
from pathlib import Path

import pytest

from seatlog import lifetime
from seatlog.lifetime import run_until_told


def test_work_that_fails_ends_the_process_loudly(caplog: pytest.LogCaptureFixture) -> None:
    async def give_up() -> None:
        await asyncio.sleep(0)
        raise ArithmeticError("an owner gives up")

    assert run_until_told(give_up(), leashed=False) == 1
    [told] = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert told.getMessage() == "the process ends"
    assert told.exc_info is not None
    assert isinstance(told.exc_info[1], ArithmeticError)


def test_work_that_is_done_ends_the_process_quietly(caplog: pytest.LogCaptureFixture) -> None:
    async def be_done() -> None:
        await asyncio.sleep(0)

    assert run_until_told(be_done(), leashed=False) == 0
    assert caplog.records == []


def test_a_sign_of_life_is_given_while_the_event_loop_turns_and_not_when_it_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lifetime, "sign_of_life_s", 0.02)
    alive = tmp_path / "alive"
    given: list[int] = []

    async def live_and_hang() -> None:
        for _ in range(3):
            await asyncio.sleep(0.1)
            given.append(alive.stat().st_mtime_ns)
        time.sleep(0.1)  # noqa: ASYNC251 - what hangs is what this is about
        assert alive.stat().st_mtime_ns == given[-1]

    assert run_until_told(live_and_hang(), leashed=False, alive_file=str(alive)) == 0
    assert given == sorted(set(given))


def test_a_sign_of_life_that_cannot_be_given_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def live() -> None:
        await asyncio.sleep(0)

    nowhere = str(tmp_path / "no folder" / "alive")
    assert run_until_told(live(), leashed=False, alive_file=nowhere) == 0
    assert [record.getMessage() for record in caplog.records] == ["no sign of life"]
