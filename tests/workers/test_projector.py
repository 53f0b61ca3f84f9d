import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from adapters.clock import MonotonicClock
from adapters.kafka.log import KafkaLog
from adapters.memory_log import MemoryLog
from adapters.ports import Log, NewRecord, TopicPartition
from adapters.postgres.batch import OutboxRun
from adapters.postgres.errors import ReadModelBehindError
from adapters.postgres.migrate import migrate
from adapters.postgres.pool import Pool, connect
from adapters.postgres.projection import Projection
from adapters.postgres.reads import Reads
from adapters.postgres.results import results_kept_ms
from schemas.topics import GROUPS_OUTBOX, Topics, load_topics
from seatlog.local.failure import LocalServerError
from seatlog.local.postgres import LocalPostgres
from tests.conftest import give_up
from tests.eventually import eventually
from tests.postgres.outbox import Outbox, Seats
from tests.postgres.stored import fold, rows, stored
from workers.projector import Projector, ProjectorStoppedError


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.fixture
def two_partitions() -> Topics:
    return load_topics().with_partitions(events=2, groups=1)


@pytest.fixture
def log() -> MemoryLog:
    return MemoryLog(now_ms)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    made = await connect(database)
    yield made
    made.terminate()


@asynccontextmanager
async def projecting(
    log: Log, dsn: str, topics: Topics, *, delay_ms: int = 0
) -> AsyncIterator[asyncio.Task[None]]:
    """Run a projector; what stopped it is raised at the end."""
    projection = await Projection.connect(dsn, topics)
    projector = Projector(log, projection, topics, MonotonicClock(), delay_ms=delay_ms)
    task = asyncio.create_task(projector.run())
    try:
        yield task
    finally:
        task.cancel()
        await asyncio.wait([task])
        await projection.close()
    if not task.cancelled():
        await task


class Town:
    """Some outboxes, and what of them has been put into a log."""

    def __init__(self, topics: Topics) -> None:
        self.boxes = [Outbox(topics, 0), Outbox(topics, 1), Outbox(topics, name=GROUPS_OUTBOX)]
        self.seats = [Seats(number, f"e{number}", number) for number in (0, 1)]
        for box in self.boxes:
            box.at = now_ms()
            box.take()
        for box, seats in zip(self.boxes, self.seats, strict=False):
            box.apply(seats.created)

    def book(self, count: int) -> None:
        for number in range(count):
            for box, seats in zip(self.boxes, self.seats, strict=False):
                box.answer(seats.change(f"A-{number % 7}"), key=f"{box.partition}-{number}")
            self.boxes[2].answer()

    def put_into(self, log: MemoryLog) -> None:
        for box in self.boxes:
            log.store(box.partition, box.records[len(log.records(box.partition)) :])

    def ends(self) -> dict[TopicPartition, int]:
        return {box.partition: box.end for box in self.boxes}

    def runs(self) -> list[OutboxRun]:
        return [box.run(0, box.end) for box in self.boxes[:2]]


async def reach(pool: Pool, town: Town) -> None:
    """Wait until everything is projected, and compare it with the fold of the records."""
    async with Reads(pool).snapshot(town.ends(), timeout_s=20):
        pass
    assert await stored(pool) == fold(town.runs())


async def test_a_projector_follows_all_outboxes_and_goes_on_where_it_was(
    log: MemoryLog, pool: Pool, database: str, two_partitions: Topics
) -> None:
    town = Town(two_partitions)
    town.book(3)
    town.put_into(log)
    async with projecting(log, database, two_partitions):
        await reach(pool, town)
        town.book(3)
        town.put_into(log)
        await reach(pool, town)
    town.book(3)
    town.put_into(log)
    async with projecting(log, database, two_partitions):
        await reach(pool, town)
    assert sum(row["count"] for row in await rows(pool, "SELECT count FROM results")) == 27
    keyed = await rows(pool, "SELECT DISTINCT workspace, command_id FROM keyed_results")
    assert {row["workspace"] for row in keyed} == {"w1"}
    assert len(keyed) == 6


async def test_more_than_a_batch_is_projected_in_the_order_of_each_partition(
    log: MemoryLog,
    pool: Pool,
    database: str,
    two_partitions: Topics,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.projector.batch_records_max", 7)
    town = Town(two_partitions)
    town.book(40)
    town.put_into(log)
    async with projecting(log, database, two_partitions):
        await reach(pool, town)


async def test_projectors_that_run_side_by_side_write_everything_once(
    log: MemoryLog, pool: Pool, database: str, two_partitions: Topics
) -> None:
    town = Town(two_partitions)
    async with (
        projecting(log, database, two_partitions),
        projecting(log, database, two_partitions),
    ):
        for _ in range(20):
            town.book(2)
            town.put_into(log)
            await asyncio.sleep(0.01)
        await reach(pool, town)


async def test_a_late_projector_makes_reads_wait_and_then_give_up(
    log: MemoryLog, pool: Pool, database: str, two_partitions: Topics
) -> None:
    town = Town(two_partitions)
    town.put_into(log)
    async with projecting(log, database, two_partitions, delay_ms=1_000):
        with pytest.raises(ReadModelBehindError):
            async with Reads(pool).snapshot(town.ends(), timeout_s=0.5):
                pass
        began = time.monotonic()
        await reach(pool, town)
        assert time.monotonic() - began > 0.3


async def test_a_read_that_waits_ends_the_projectors_rest(
    log: MemoryLog,
    pool: Pool,
    database: str,
    two_partitions: Topics,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("workers.projector.rest_ms_per_record", 60_000)
    monkeypatch.setattr("workers.projector.rest_ms_max", 60_000)
    town = Town(two_partitions)
    reads = Reads(pool)
    reads.start()
    async with projecting(log, database, two_partitions):
        for _ in range(3):
            town.book(2)
            town.put_into(log)
            async with reads.snapshot(town.ends(), timeout_s=10):
                pass
    await reads.close()
    assert await stored(pool) == fold(town.runs())


async def test_an_outbox_that_ends_before_its_position_stops_the_projector(
    log: MemoryLog, pool: Pool, database: str, two_partitions: Topics
) -> None:
    town = Town(two_partitions)
    town.put_into(log)
    async with projecting(log, database, two_partitions):
        await reach(pool, town)
    shorter = MemoryLog(now_ms)
    with pytest.raises(ProjectorStoppedError, match=r"position \d is outside"):
        async with projecting(shorter, database, two_partitions) as projector:
            await asyncio.wait_for(asyncio.shield(projector), 10)
    assert await stored(pool) == fold(town.runs())


@pytest.mark.parametrize("value", [b"{", b"", b'{"type": "seatlog.unheard.of.v9"}', b'"\xff"'])
async def test_a_record_that_cannot_be_read_stops_the_projector_and_is_not_skipped(
    log: MemoryLog, pool: Pool, database: str, two_partitions: Topics, value: bytes
) -> None:
    town = Town(two_partitions)
    town.put_into(log)
    readable = fold(town.runs())
    log.store(town.boxes[0].partition, [NewRecord(value)])
    for _ in range(2):
        with pytest.raises(ProjectorStoppedError, match=r"events.outbox/0 offset 2 cannot be read"):
            async with projecting(log, database, two_partitions) as projector:
                await asyncio.wait_for(asyncio.shield(projector), 10)
    found = await rows(pool, "SELECT max(next_offset) AS position FROM positions")
    assert found[0]["position"] <= 2
    assert set((await stored(pool)).events) <= set(readable.events)


async def test_a_character_that_postgres_cannot_store_is_shown_as_the_one_that_stands_for_it(
    log: MemoryLog, pool: Pool, database: str, two_partitions: Topics
) -> None:
    town = Town(two_partitions)
    change = town.seats[0].change("A-1", order_id="a\x00b", extra_data={"k\x00": "\x00"})
    town.boxes[0].answer(change)
    town.put_into(log)
    async with projecting(log, database, two_partitions), Reads(pool).snapshot(town.ends()) as snap:
        seat = (await snap.objects(0, ["A-1"]))["A-1"]
    assert (seat.order_id, seat.extra_data) == ("a\ufffdb", {"k\ufffd": "\ufffd"})


async def test_postgres_killed_in_the_middle_costs_no_record_and_doubles_none(
    log: MemoryLog, tmp_path: Path, two_partitions: Topics
) -> None:
    postgres = LocalPostgres(tmp_path)
    try:
        await asyncio.to_thread(postgres.start)
        await asyncio.to_thread(postgres.wait_ready)
    except LocalServerError as error:
        give_up(error)
    try:
        await migrate(postgres.dsn)
        town = Town(two_partitions)
        async with projecting(log, postgres.dsn, two_partitions):
            for kills in range(4):
                for _ in range(10):
                    town.book(3)
                    town.put_into(log)
                    await asyncio.sleep(0.02)
                if kills < 3:
                    await asyncio.to_thread(postgres.kill)
                    town.book(3)
                    town.put_into(log)
                    await asyncio.to_thread(postgres.start)
                    await asyncio.to_thread(postgres.wait_ready)
            pool = await connect(postgres.dsn)
            await reach(pool, town)
            pool.terminate()
    finally:
        await asyncio.to_thread(postgres.stop)


async def test_old_results_are_forgotten_while_it_runs(
    log: MemoryLog, pool: Pool, database: str, two_partitions: Topics
) -> None:
    town = Town(two_partitions)
    for box in town.boxes:
        box.at -= results_kept_ms + 1
    town.book(1)
    town.put_into(log)
    async with projecting(log, database, two_partitions):
        await reach(pool, town)
        assert len(await rows(pool, "SELECT FROM results")) == 3
    async with projecting(log, database, two_partitions):

        async def forgotten() -> None:
            assert await rows(pool, "SELECT FROM results") == []

        await eventually(forgotten)


async def test_a_projector_follows_a_real_broker(
    kafka_bootstrap: str, topics: Topics, pool: Pool, database: str
) -> None:
    town = Town(topics)
    town.book(5)
    kafka = KafkaLog(kafka_bootstrap)
    appenders = [await kafka.take(box.partition) for box in town.boxes]
    async with projecting(kafka, database, topics):
        for appender, box in zip(appenders, town.boxes, strict=True):
            await appender.append(box.records)
        await reach(pool, town)
    for appender in appenders:
        await appender.drop()
    await kafka.close()
