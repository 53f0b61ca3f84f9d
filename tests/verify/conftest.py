"""The true histories, told once a module, and copies of them for each test to falsify."""

import time

import pytest

from adapters.memory_log import MemoryLog
from tests.verify.group_story import tell_of_groups
from tests.verify.story import Story, Teller
from tests.workers.house import NOON


@pytest.fixture(scope="module")
async def told() -> Story:
    """Give the true history; not to be changed."""
    return await Teller().tell()


@pytest.fixture
def story(told: Story) -> Story:
    """Give a history to falsify."""
    return told.again()


@pytest.fixture(scope="module")
async def told_of_groups() -> Story:
    """Give the true history of a festival; not to be changed."""
    return await tell_of_groups()


@pytest.fixture
def festival(told_of_groups: Story) -> Story:
    """Give the history of a festival to falsify."""
    return told_of_groups.again()


@pytest.fixture(scope="module")
async def drop_log() -> MemoryLog:
    """Give the log of the true history; not to be changed."""
    teller = Teller()
    await teller.tell()
    return teller.house.log


@pytest.fixture
def at_noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be noon, when the story is told: results are kept for a day only."""
    monkeypatch.setattr(time, "time_ns", lambda: NOON * 1_000_000)
