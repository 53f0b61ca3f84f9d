"""The read model in a real Postgres, compared with the log; and all of it on a real broker."""

import asyncio
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

from adapters.memory_log import MemoryLog
from adapters.postgres.projection import Projection, status_changes_kept_ms
from schemas.topics import EVENTS_OUTBOX
from seatlog.verify import read_model
from seatlog.verify.installation import verify_log
from seatlog.verify.kept import Answered
from seatlog.verify.read_model import ReadModel
from seatlog.verify.report import Check
from seatlog.verify.states import Changes
from tests.conftest import MakeTopics
from tests.faults.drop import Drop
from tests.simulation.bug import Edit
from tests.verify.projected import check, project_and_falsify, projected
from tests.verify.story import Teller
from tests.workers.house import NOON, book, one_partition

ROOT = Path(__file__).parents[2]


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
    assert await connection.fetch("SELECT FROM status_changes") == []
    assert await connection.fetch("SELECT FROM results") == []
    assert await connection.fetch("SELECT FROM keyed_results") == []
    await connection.close()
    assert (await check(drop_log, database)).is_clean


@pytest.mark.usefixtures("at_noon")
async def test_a_read_model_made_from_the_log_is_equal_to_it(
    drop_log: MemoryLog, database: str
) -> None:
    async with projected(drop_log, database, one_partition()):
        report = await check(drop_log, database)
    assert report.faults == []
    assert Check.READ_MODEL not in report.skipped
    assert report.counts.read_model_objects > 8


SWAP_IDS = """
    UPDATE status_changes SET id = -id WHERE seq IN (3, 4);
    UPDATE status_changes AS one SET id = -other.id FROM status_changes AS other
    WHERE one.event = other.event AND one.seq IN (3, 4) AND other.seq = 7 - one.seq
"""
SWAP_TIMES = """
    UPDATE status_changes AS one SET at = other.at FROM status_changes AS other
    WHERE one.event = 256 AND other.event = 256 AND (one.seq, other.seq) IN ((1, 20), (20, 1))
"""
SWAP_ORIGINS = """
    UPDATE status_changes AS one SET origin_type = other.origin_type, origin_ip = other.origin_ip
    FROM status_changes AS other, (
        SELECT max(seq) FILTER (WHERE origin_type = 'API_CALL') AS asked,
            max(seq) FILTER (WHERE origin_type = 'HOLD_EXPIRED') AS expired
        FROM status_changes WHERE event = 256
    ) AS last
    WHERE one.event = 256 AND other.event = 256
        AND (one.seq, other.seq) IN ((asked, expired), (expired, asked))
"""
SWAP_ANSWERS = """
    WITH two AS (
        SELECT command_offset, outbox_offset FROM results WHERE topic = 'events.commands'
        ORDER BY count, command_offset LIMIT 2
    )
    UPDATE results SET outbox_offset = two.outbox_offset FROM two
    WHERE topic = 'events.commands' AND results.command_offset <> two.command_offset
        AND results.command_offset IN (SELECT command_offset FROM two)
"""
NO_ANSWER = "INSERT INTO results VALUES ('events.commands', 0, 900, 1, 2, 1800000000000)"
NO_KEY = """
    INSERT INTO keyed_results VALUES ('w', 'k', 'f', 'events.outbox', 0, 2, 1800000000000)
"""
NO_ROW = "DELETE FROM results WHERE topic = 'events.commands' AND command_offset = 0"
LATER = "UPDATE results SET at = at + 1 WHERE topic = 'events.commands' AND command_offset = 0"


@pytest.mark.usefixtures("at_noon")
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
        (SWAP_IDS, "status changes of event 256"),
        (SWAP_TIMES, "status changes of event 256"),
        (SWAP_ORIGINS, "status changes of event 256"),
        ("UPDATE status_changes SET origin_ip = '1.1.1.1' WHERE seq = 3", "status changes of"),
        ("""UPDATE status_changes SET extra_data = '{"a": 1}' WHERE seq = 3""", "status changes"),
        ("UPDATE objects SET used = 9 WHERE label = 'GA1'", "GA1 of event 256: was in use as "),
        ("UPDATE objects SET used_at = 1 WHERE label = 'A-1'", "A-1 of event 256: was in use as "),
        ("UPDATE objects SET used_at = NULL WHERE label = 'A-3'", "was in use as Use(first_at=No"),
        (NO_ROW, "are not there, first that of 0, answered at "),
        (
            "UPDATE results SET outbox_offset = outbox_offset + 1 WHERE command_offset = 0",
            "result of events.commands/0 at 0: has 0 answered at ",
        ),
        (
            "UPDATE results SET count = count + 1 WHERE command_offset = 0",
            "result of events.commands/0 at ",
        ),
        (LATER, "result of events.commands/0 at 0: is of "),
        (SWAP_ANSWERS, "results of events.commands/0: 4 are not there, first that of "),
        (NO_ANSWER, "has 900 answered at 2, and the outbox does not say so"),
        (
            "INSERT INTO results VALUES ('groups.commands', 0, 900, 1, 900, 0)",
            "result of groups.commands/0 at 900: is answered up to 900, and groups.outbox/0 is pro",
        ),
        (
            "INSERT INTO results VALUES ('events.commands', 9, 0, 1, 0, 0)",
            "is of no partition of this installation",
        ),
        ("DELETE FROM keyed_results", "keys in events.outbox/0: 1 are not there, the first is at"),
        ("UPDATE keyed_results SET outbox_offset = outbox_offset + 1", "is first answered at "),
        ("UPDATE keyed_results SET outbox_offset = 900", "is answered at 900, where nothing is"),
        ("UPDATE keyed_results SET fingerprint = 'x'", "asked was x, and the outbox does not say"),
        ("UPDATE keyed_results SET workspace = 'x'", f"key {'c' * 32} of x in events.outbox/0: is"),
        ("UPDATE keyed_results SET at = at + 1", f"key {'c' * 32} of workspace-1 in events.outb"),
        ("UPDATE keyed_results SET outbox_partition = 9", "events.outbox/9 is no outbox"),
        (NO_KEY, "key k of w in events.outbox/0: is first answered at 2, asked was f, and "),
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


@pytest.mark.usefixtures("at_noon")
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
        (
            "UPDATE objects SET used = 9 WHERE label = 'GA1'",
            Edit(read_model, "_compare_use", (("found != expected", "False"),)),
        ),
        (SWAP_IDS, Edit(Changes, "add", (("encode(row)", "encode(row[1:])"),))),
        (SWAP_TIMES, Edit(Changes, "add", (("encode(row)", "encode(row[:2] + row[3:])"),))),
        (SWAP_ORIGINS, Edit(Changes, "add", (("encode(row)", "encode(row[:6] + row[8:])"),))),
        (
            """UPDATE status_changes SET extra_data = '{"a": 1}' WHERE seq = 3""",
            Edit(Changes, "add", (("encode(row)", "encode(row[:-1])"),)),
        ),
        (
            NO_ROW,
            Edit(ReadModel, "_compare_results", (("if first is not None:", "if False:"),)),
        ),
        (
            NO_ANSWER,
            Edit(Answered, "run_fault", (("self._commands[offset - begin] != command", "False"),)),
        ),
        (
            LATER,
            Edit(Answered, "_time_fault", (("self._times[place] != at", "False"),)),
        ),
        (
            "DELETE FROM keyed_results",
            Edit(ReadModel, "_compare_keyed_results", (("if first is not None:", "if False:"),)),
        ),
        (
            NO_KEY,
            Edit(Answered, "keyed_fault", (("self._keyed[place] != ", "not "),)),
        ),
    ],
    ids=[
        *("C4", "C12", "C4 use", "C12 ids", "C12 times", "C12 origin", "C12 extra data"),
        *("C4 no row", "C4 no answer", "C4 time", "C4 no row of a key", "C4 no key"),
    ],
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
