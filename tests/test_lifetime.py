"""How a process of ours ends: its supervisor and its log must hear why."""

import asyncio
import logging

import pytest

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
