import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.postgres.errors import DatabaseUnavailableError, ReadModelBehindError
from adapters.postgres.migrate import migrate
from adapters.postgres.pages import Cursor
from adapters.postgres.pool import Pool, connect, connection
from adapters.postgres.projection import Projection, outbox_partitions
from adapters.postgres.reads import Reads
from adapters.postgres.rows import KeyedRow, ResultRow
from schemas.facts import AreaCounts
from schemas.topics import EVENTS_COMMANDS, Topics
from seatlog.local.failure import LocalServerError
from seatlog.local.postgres import LocalPostgres
from tests.conftest import give_up
from tests.eventually import eventually
from tests.postgres.outbox import WORKSPACE, Outbox, Seats
from tests.postgres.stored import rows

LISTENING = (
    "FROM pg_stat_activity WHERE query LIKE 'LISTEN%projected%' AND datname = current_database()"
)
"""The connection of the reads; a projection listens as well, on another channel."""


async def listening(pool: Pool) -> None:
    async def heard() -> None:
        assert await rows(pool, f"SELECT {LISTENING}")

    await eventually(heard)


async def test_a_read_waits_for_its_position_and_sees_what_was_written_up_to_it(
    projection: Projection,
    reads: Reads,
    pool: Pool,
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("adapters.postgres.reads.look_every_s", 30)
    await listening(pool)
    seats = Seats()
    outbox.apply(seats.created)
    await projection.apply([outbox.news()])
    outbox.answer(seats.change("A-1"))

    async def read() -> set[str]:
        async with reads.snapshot({outbox.partition: outbox.end}) as snap:
            return set(await snap.objects(1, ["A-1"]))

    reading = asyncio.create_task(read())
    done, _ = await asyncio.wait([reading], timeout=0.2)
    assert not done
    began = time.monotonic()
    await projection.apply([outbox.news()])
    assert await reading == {"A-1"}
    assert time.monotonic() - began < 1.5, "it must be told: its own look comes much later"


async def test_a_position_that_is_not_reached_in_time_is_an_error_that_names_it(
    projection: Projection, reads: Reads, outbox: Outbox
) -> None:
    await projection.apply([outbox.news()])
    began = time.monotonic()
    with pytest.raises(ReadModelBehindError, match=r"events.outbox/0 is at 1, not yet at 2"):
        async with reads.snapshot({"events.outbox/0": 2}, timeout_s=0.3):
            pass
    assert 0.25 < time.monotonic() - began < 2
    with pytest.raises(ReadModelBehindError, match=r"no.such/0 is at 0"):
        async with reads.snapshot({"no.such/0": 1}, timeout_s=0.1):
            pass


async def test_every_position_asked_for_must_be_reached(
    projection: Projection, reads: Reads, outbox: Outbox
) -> None:
    await projection.apply([outbox.news()])
    async with reads.snapshot({"events.outbox/0": 1, "events.outbox/1": 0, "other/0": 0}):
        pass
    with pytest.raises(ReadModelBehindError, match=r"events.outbox/1"):
        async with reads.snapshot({"events.outbox/0": 1, "events.outbox/1": 1}, timeout_s=0.1):
            pass


async def test_a_read_looks_by_itself_when_nobody_tells_it(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    deaf = Reads(pool)

    async def project_later() -> None:
        await asyncio.sleep(0.1)
        await projection.apply([outbox.news()])

    later = asyncio.create_task(project_later())
    async with deaf.snapshot({outbox.partition: 1}):
        pass
    await later


async def test_a_snapshot_is_one_state_whatever_is_written_meanwhile(
    projection: Projection, reads: Reads, outbox: Outbox
) -> None:
    seats = Seats()
    outbox.apply(seats.created)
    await projection.apply([outbox.news()])
    async with reads.snapshot({outbox.partition: 2}) as snap:
        outbox.answer(seats.change("A-1"))
        await projection.apply([outbox.news()])
        assert await snap.objects(1, ["A-1"]) == {}
        assert (await snap.status_changes(1, Cursor())).items == []
    async with reads.snapshot({}) as snap:
        assert set(await snap.objects(1, ["A-1"])) == {"A-1"}


async def test_a_lost_listening_connection_is_replaced(
    projection: Projection,
    reads: Reads,
    pool: Pool,
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    await listening(pool)
    async with connection(pool) as lent:
        killed = await lent.fetch(f"SELECT pg_terminate_backend(pid) {LISTENING}")
    assert len(killed) == 1

    await test_a_read_waits_for_its_position_and_sees_what_was_written_up_to_it(
        projection, reads, pool, outbox, monkeypatch
    )


async def test_what_was_projected_is_read_back(
    projection: Projection, reads: Reads, two_partitions: Topics
) -> None:
    outbox, seats = Outbox(two_partitions, partition=1), Seats(partition=1)
    outbox.take()
    outbox.apply(seats.created)
    area = AreaCounts(taken={"booked": 3}, held=2, own={"NO_TICKET_TYPE": 2})
    later = AreaCounts(taken={"booked": 3}, held=3, own={"child": 1})
    outbox.answer(
        seats.change("A-1", "reservedByToken", hold_token="t", order_id="o", extra_data={"a": 1}),
        seats.change("GA", area=area, hold_token="t"),
        seats.change("GA", area=later, hold_token="u", ticket_type="child"),
        seats.change("Lawn", area=area, hold_token="t"),
    )
    command = outbox.answer(seats.change("A-2"), key="c", fingerprint="f0")
    await projection.apply([outbox.news()])
    async with reads.snapshot({outbox.partition: outbox.end}) as snap:
        event = await snap.event(1)
        assert event is not None
        assert (event.id, event.partition, event.key, event.workspace) == (1, 1, "drop", WORKSPACE)
        assert (event.chart_key, event.inventory) == ("stadium", "abc")
        assert (event.is_in_the_past, event.updated_at) == (False, None)
        assert await snap.event(2) is None
        assert await snap.events_exist([1, 2]) == {1}
        objects = await snap.objects(1, ["A-1", "GA", "untouched"])
        seat, general = objects.pop("A-1"), objects.pop("GA")
        assert (seat.label, seat.status, seat.hold_token) == ("A-1", "reservedByToken", "t")
        assert (seat.order_id, seat.extra_data, seat.area) == ("o", {"a": 1}, None)
        assert (general.ticket_type, general.area) == (
            "child",
            AreaCounts(taken={"booked": 3}, held=3),
        )
        assert general.area_holds == {"t": {"NO_TICKET_TYPE": 2}, "u": {"child": 1}}
        assert objects == {}
        newest = (await snap.status_changes(1, Cursor(limit=1))).items[0]
        assert (newest.event_id, newest.seq, newest.label, newest.quantity) == (1, 5, "A-2", 1)
        assert newest.id == (3 << 22) + 1
        topic = two_partitions[EVENTS_COMMANDS].physical_name
        assert await snap.result(topic, 1, command) == ResultRow(1, 3)
        assert await snap.result(topic, 0, command) is None
        assert await snap.result(topic, 1, command + 1) is None
    assert await reads.keyed_result(WORKSPACE, "c") == KeyedRow(
        "f0", str(outbox.partition[0]), 1, 3
    )
    assert await reads.keyed_result("other", "c") is None


async def test_events_are_listed_newest_first_in_their_own_workspace(
    projection: Projection, reads: Reads, outbox: Outbox
) -> None:
    outbox.apply(*(Seats(number * 256, f"e{number}").created for number in range(5)))
    await projection.apply([outbox.news()])
    async with reads.snapshot({}) as snap:
        page = await snap.events_page(WORKSPACE, Cursor(limit=2, start_after_id=1024))
        assert [event.key for event in page.items] == ["e3", "e2"]
        assert page[1:] == (512, 768)
        assert (await snap.events_page("other", Cursor())).items == []


@pytest.fixture
async def own_postgres(tmp_path: Path) -> AsyncIterator[LocalPostgres]:
    """Give a server that this test may kill."""
    postgres = LocalPostgres(tmp_path)
    try:
        await asyncio.to_thread(postgres.start)
        await asyncio.to_thread(postgres.wait_ready)
        yield postgres
    except LocalServerError as error:
        give_up(error)
    finally:
        await asyncio.to_thread(postgres.stop)


async def test_while_postgres_is_away_every_call_says_so_soon_and_later_they_work_again(
    own_postgres: LocalPostgres, two_partitions: Topics
) -> None:
    await migrate(own_postgres.dsn)
    pool = await connect(own_postgres.dsn)
    projection = await Projection.connect(own_postgres.dsn, two_partitions)
    await projection.positions(outbox_partitions(two_partitions))
    reads, told = Reads(pool), list[str | None]()
    reads.notifications.subscribe("projected", told.append)
    reads.start()
    outbox = Outbox(two_partitions)
    outbox.take()
    await projection.apply([outbox.news()])
    await listening(pool)

    await asyncio.to_thread(own_postgres.kill)
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailableError):
        async with reads.snapshot({outbox.partition: 1}):
            pass
    with pytest.raises(DatabaseUnavailableError):
        await reads.keyed_result(WORKSPACE, "c")
    with pytest.raises(DatabaseUnavailableError):
        await projection.positions(outbox_partitions(two_partitions))
    assert time.monotonic() - began < 8
    told.clear()
    await asyncio.to_thread(own_postgres.start)
    await asyncio.to_thread(own_postgres.wait_ready)
    await eventually(lambda: none_told(told))
    positions = await projection.positions(outbox_partitions(two_partitions))
    if positions[outbox.partition].next_offset == 0:  # the last commit went with the crash
        await projection.apply([outbox.run(0, 1)])
    async with reads.snapshot({outbox.partition: 1}):
        pass
    await reads.close()
    await projection.close()
    pool.terminate()


def none_told(told: list[str | None]) -> None:
    assert None in told, "listeners were not told that they may have missed something"
