"""The read model in a real Postgres, compared with the log; and all of it on a real broker."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import asyncpg
import pytest

from adapters.clock import MonotonicClock
from adapters.memory_log import MemoryLog
from adapters.ports import Log
from adapters.postgres.projection import Projection, status_changes_kept_ms
from schemas.topics import EVENTS_OUTBOX, Topics
from seatlog.verify import read_model
from seatlog.verify.installation import verify_log
from seatlog.verify.read_model import ReadModel
from seatlog.verify.report import Check, Report
from tests.conftest import MakeTopics
from tests.faults.drop import Drop
from tests.simulation.bug import Edit
from tests.verify.story import Teller
from tests.workers.house import NOON, book, one_partition
from workers.projector import Projector

ROOT = Path(__file__).parents[2]


@contextlib.asynccontextmanager
async def projected(log: Log, database: str, topics: Topics) -> AsyncIterator[None]:
    """Keep a read model up with a log."""
    projection = await Projection.connect(database, topics)
    running = asyncio.create_task(Projector(log, projection, topics, MonotonicClock()).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await projection.close()


@pytest.fixture(scope="module")
async def drop_log() -> MemoryLog:
    teller = Teller()
    await teller.tell()
    return teller.house.log


async def check(log: MemoryLog, database: str) -> Report:
    return await verify_log(one_partition(), log, database_url=database, read_model_wait_s=5)


async def project_and_falsify(log: MemoryLog, database: str, falsify: str) -> None:
    """Make a read model that holds what the log says, and then change what it holds."""
    async with projected(log, database, one_partition()):
        assert (await check(log, database)).is_clean
    connection = await asyncpg.connect(database)
    await connection.execute(falsify)
    await connection.close()


async def test_status_changes_that_were_forgotten_by_age_are_not_missed(
    drop_log: MemoryLog, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later_ns = (NOON + status_changes_kept_ms + 2 * 24 * 60 * 60 * 1000) * 1_000_000
    monkeypatch.setattr(time, "time_ns", lambda: later_ns)
    async with projected(drop_log, database, one_partition()):
        assert (await check(drop_log, database)).is_clean
    projection = await Projection.connect(database, one_partition())
    try:
        assert not await projection.forget()
    finally:
        await projection.close()
    connection = await asyncpg.connect(database)
    assert await connection.fetchval("SELECT count(*) FROM status_changes") == 0
    await connection.close()
    assert (await check(drop_log, database)).is_clean


async def test_a_read_model_made_from_the_log_is_equal_to_it(
    drop_log: MemoryLog, database: str
) -> None:
    async with projected(drop_log, database, one_partition()):
        report = await check(drop_log, database)
    assert report.faults == []
    assert Check.READ_MODEL not in report.skipped
    assert report.counts.read_model_objects > 8


@pytest.mark.parametrize(
    ("falsify", "says"),
    [
        ("UPDATE objects SET status = 'free' WHERE label = 'A-1'", "A-1 of event 256: is "),
        ("UPDATE objects SET hold_token = 'x' WHERE label = 'A-3'", "hold_token='x'"),
        ("""UPDATE objects SET extra_data = '{"name": "B"}' WHERE label = 'A-2'""", "'name': 'B'"),
        ("UPDATE objects SET area = '{}' WHERE label = 'GA1'", "GA1 of event 256: is "),
        ("""UPDATE area_holds SET places = '{"child": 1}'""", "are {'child': 1} by token late"),
        ("DELETE FROM area_holds", "are None by token late"),
        (
            """INSERT INTO area_holds VALUES (256, 'GA1', 'x', '{"child": 1}')""",
            "by token x, and the outbox says None",
        ),
        ("DELETE FROM objects WHERE label = 'B-1'", "B-1 of event 256: is "),
        ("INSERT INTO objects VALUES (256, 'A-8', 'booked')", "the outbox says nothing of it"),
        ("DELETE FROM status_changes WHERE seq = 3", "status changes of event 256: has "),
        ("UPDATE status_changes SET label = 'A-9' WHERE seq = 3", "status changes of event 256"),
        ("UPDATE status_changes SET id = id + 1 WHERE seq = 3", "status changes of event 256"),
        ("UPDATE events SET key = 'other' WHERE key = 'drop'", "event 256: is "),
        ("DELETE FROM events WHERE key = 'fourth'", "is None, and the outbox says "),
        ("UPDATE positions SET term = 1 WHERE topic = 'events.outbox'", "under term 1"),
        ("UPDATE positions SET next_offset = 999", "the log has lost records"),
        (
            "INSERT INTO positions VALUES ('events.outbox', 9, 0, 0)",
            "is projected, and no partition of this installation",
        ),
        ("INSERT INTO season_overrides VALUES (256, 'A-1', 512, 1)", "places overridden: (256, "),
    ],
)
async def test_a_read_model_that_differs_is_named(
    drop_log: MemoryLog, database: str, falsify: str, says: str
) -> None:
    await project_and_falsify(drop_log, database, falsify)
    report = await check(drop_log, database)
    assert {fault.check for fault in report.faults} == {Check.READ_MODEL}
    assert any(says in str(fault) for fault in report.faults), report.faults


@pytest.mark.parametrize(
    ("falsify", "off"),
    [
        (
            "UPDATE objects SET hold_token = 'x' WHERE label = 'A-3'",
            Edit(
                read_model, "_compare_object", (("found in (expected, _stored(expected))", "True"),)
            ),
        ),
        (
            "DELETE FROM status_changes WHERE seq = 3",
            Edit(ReadModel, "_compare_changes", (("found != expected", "False"),)),
        ),
    ],
    ids=["C4", "C12"],
)
async def test_what_a_check_finds_goes_unnoticed_without_it(
    drop_log: MemoryLog, database: str, falsify: str, off: Edit
) -> None:
    await project_and_falsify(drop_log, database, falsify)
    assert [fault.check for fault in (await check(drop_log, database)).faults] == [Check.READ_MODEL]
    with patch.object(off.holder, off.name, off.edited()):
        assert (await check(drop_log, database)).is_clean


async def test_a_read_model_that_stands_still_is_named(database: str) -> None:
    teller = Teller()
    await teller.open()
    await teller.ask(book(teller.event, "A-1"))
    log = teller.house.log
    async with projected(log, database, one_partition()):
        assert (await check(log, database)).is_clean
    await teller.ask(book(teller.event, "A-2"))
    await teller.end()
    report = await verify_log(one_partition(), log, database_url=database, read_model_wait_s=0.1)
    assert [fault.check for fault in report.faults] == [Check.READ_MODEL]
    assert "did not come to its end in time" in str(report.faults[0])
    assert Check.READ_MODEL in report.skipped


@pytest.fixture
async def drop(
    kafka_bootstrap: str, make_topics: MakeTopics, tmp_path: Path
) -> AsyncIterator[Drop]:
    opened = Drop(kafka_bootstrap, await make_topics(), tmp_path)
    yield opened
    await opened.close()


async def seatlog_verify(*arguments: str) -> tuple[int, Any]:
    """Run `seatlog verify --json` as a user does; give its exit status and what it printed."""
    running = await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "seatlog", "verify", "--json", *arguments),
        stdout=subprocess.PIPE,
        env={"PYTHONPATH": str(ROOT)},
    )
    printed, _ = await running.communicate()
    return running.returncode or 0, json.loads(printed)


async def test_a_drop_with_a_killed_worker_holds_together_on_a_real_broker(
    drop: Drop, kafka_bootstrap: str, database: str
) -> None:
    await drop.open("worker-1")
    await drop.send(100)
    await drop.see_all_answered()
    drop.supervisor.signal("worker-1", signal.SIGKILL)
    await drop.send(200)
    await drop.see_all_answered()
    topics = drop._topics
    async with projected(drop.log, database, topics):
        where = ("--bootstrap", kafka_bootstrap, "--prefix", topics[EVENTS_OUTBOX].prefix)
        status, found = await seatlog_verify(*where, "--database-url", database)
    assert (status, found["faults"]) == (0, [])
    assert found["counts"]["results"] == found["counts"]["commands"] == 301
    assert found["ownership_changes"] >= 1
    assert found["not_checked"].keys() == {"clients"}

    connection = await asyncpg.connect(database)
    await connection.execute("DELETE FROM status_changes WHERE seq = 7")
    await connection.close()
    status, found = await seatlog_verify(*where, "--database-url", database)
    assert status == 1
    assert found["fault_counts"].keys() == {"read model"}
