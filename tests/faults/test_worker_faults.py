"""Workers that are killed, stopped and brought back, on a real broker."""

import asyncio
import inspect
import random
import re
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.kafka.membership import session_timeout_ms
from schemas.facts import EventCreated
from schemas.outbox import CommandAnswered, type_name
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS
from tests.conftest import MakeTopics
from tests.eventually import eventually
from tests.faults.drop import Drop
from workers import owner

CRASH_POINTS = (
    "0 looked for a snapshot",
    "1 taken",
    "2 ownership appended",
    "3 replayed",
    "4 settled",
    "5 decided",
    "5 appended",
    "5 acknowledged",
)
OF_ROLE = {
    "seats": (EVENTS_COMMANDS, type_name(CommandAnswered).decode()),
    "coordinator": (GROUPS_COMMANDS, EventCreated.__name__),
}
"""The topic of its commands, and what the records say at which it dies in step 5."""
serving_again_within_s = 3.0


@pytest.fixture
async def drop(
    kafka_bootstrap: str, make_topics: MakeTopics, tmp_path: Path
) -> AsyncIterator[Drop]:
    opened = Drop(kafka_bootstrap, await make_topics(), tmp_path)
    yield opened
    await opened.close()


def test_the_crash_points_are_those_of_the_loop() -> None:
    named = re.findall(r'\._at\("([^"]+)"', inspect.getsource(owner))
    assert sorted(named) == sorted([*CRASH_POINTS, "5 voted"])  # that is groups' alone


@pytest.mark.parametrize("point", CRASH_POINTS)
@pytest.mark.parametrize("role", ["seats", "coordinator"])
async def test_a_kill_at_each_step_of_the_loop_loses_nothing_and_doubles_nothing(
    drop: Drop, role: str, point: str, tmp_path: Path
) -> None:
    points = tmp_path / "points"
    points.mkdir()
    await drop.open("worker-1", environment={"SEATLOG_CRASH_FOLDER": str(points)})
    await drop.send(150)
    await drop.see_all_answered()
    # From here on there is something to replay and to go on from.
    is_of_a_takeover = not point.startswith("5")
    topic, record = OF_ROLE[role]
    where = f"{role}-{drop.partition(topic).partition}:{point}"
    (points / (where if is_of_a_takeover else f"{where} of {record}")).touch()
    if is_of_a_takeover:
        drop.supervisor.signal("worker-1", signal.SIGKILL)
    await drop.send(150)
    if role == "coordinator":
        await drop.create(drop.another_key())
    await drop.see_all_answered()

    def was_killed() -> None:
        assert not any(points.iterdir()), "the crash point was never reached"
        assert drop.supervisor.restarts["worker-1"] == 1 + is_of_a_takeover

    # What is acknowledged may be seen before the kill that comes then.
    await eventually(was_killed)
    await drop.send(50)
    await drop.see_all_answered()
    drop.check()


async def test_kills_at_random_under_load_are_survived_and_served_again_soon(drop: Drop) -> None:
    await drop.open("worker-1", "worker-2")
    pick = random.Random(7)
    waits = []
    for _ in range(5):
        for _ in range(pick.randint(2, 6)):
            await drop.send(100)
            await asyncio.sleep(0)
        term, killed_at = drop.term, time.monotonic()
        drop.supervisor.signal(drop.owner, signal.SIGKILL)
        await drop.send(50)
        await drop.see(lambda term=term: any(one > term for one in drop.answered_first), within=20)
        await drop.see_all_answered()
        served = min(at for newer, at in drop.answered_first.items() if newer > term)
        waits.append(served - killed_at)
    drop.check()
    assert max(waits) < serving_again_within_s, waits


async def test_a_worker_stopped_for_longer_than_its_session_wakes_up_as_a_harmless_zombie(
    drop: Drop,
) -> None:
    await drop.open("worker-1", "worker-2")
    await drop.send(100)
    await drop.see_all_answered()
    zombie = drop.owner
    # Commands are on their way to it, and more come while it stands.
    await drop.send(200)
    drop.supervisor.signal(zombie, signal.SIGSTOP)
    await drop.send(200)
    session_s = session_timeout_ms / 1000
    await drop.see(lambda: drop.owner != zombie, within=session_s + 15)
    await drop.see_all_answered()
    drop.supervisor.signal(zombie, signal.SIGCONT)
    await drop.send(500)
    await drop.see_all_answered()
    drop.check()
    assert drop.supervisor.restarts[zombie] == 0
    # Whatever it tried, the broker refused: it has left nothing behind, not even what is void.
    assert drop.void == 0
