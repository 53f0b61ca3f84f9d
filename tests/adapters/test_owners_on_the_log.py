"""The owner loop on every adapter of the `Log` port: an ack that is not contiguous, and terms.

What the loop does about each fault is told in tests/workers/test_owner.py, in memory; here is
what rests on the log itself: that a real broker lets the loop see that it is not alone.
"""

import asyncio
import base64
import logging
import secrets
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from adapters.clock import MonotonicClock
from adapters.following import record_at
from adapters.ports import Log, LogRecord, NewRecord, Reader, TopicPartition
from schemas import commands, outbox
from schemas import snapshots as packed
from schemas.outbox import OwnershipTaken, decode_seats_record
from schemas.snapshots import Snapshot
from schemas.topics import EVENTS_COMMANDS, EVENTS_OUTBOX, Topics
from tests.eventually import eventually
from tests.workers.house import AlwaysMember, book, valid_records
from workers import snapshots
from workers.owner import Owner
from workers.seats import seats_role
from workers.snapshots import newest
from workers.turns import Turns

no_event = 1
"""Its commands are refused: one answer each, and that is all that counts here."""


class Partition:
    """One partition of events and everything that its outbox holds."""

    def __init__(self, log: Log, topics: Topics) -> None:
        self.log = log
        self.topics = topics
        self.records: list[LogRecord] = []
        self.outbox = TopicPartition(topics[EVENTS_OUTBOX].physical_name, 0)
        self._commands = TopicPartition(topics[EVENTS_COMMANDS].physical_name, 0)
        self._reader: Reader | None = None

    async def ask(self, count: int = 1) -> None:
        asked = NewRecord(commands.encode(book(no_event, "A-1")))
        await self.log.publish(self._commands, [asked] * count)

    async def intrude(self, record: object) -> None:
        await self.log.publish(self.outbox, [NewRecord(outbox.encode(record))])

    async def answered(self, commands_answered: Sequence[int]) -> None:
        """Wait until these commands have been answered, each once, by records that count."""
        async with asyncio.timeout(20):
            while len(self._answers()) < len(commands_answered):
                await self._read()
        assert self._answers() == list(commands_answered)

    async def taken(self, times: int) -> None:
        async def holds() -> None:
            await self._read()
            assert self.terms() == times

        await eventually(holds, within=20)

    def terms(self) -> int:
        return sum(isinstance(decoded, OwnershipTaken) for decoded in self.decoded())

    def decoded(self) -> list[Any]:
        return [decode_seats_record(record.value or b"") for record in self.records]

    def _answers(self) -> list[int]:
        valid = valid_records(self.records, decode_seats_record)
        return [record.data.command.offset for record in valid if record.data.command is not None]

    async def _read(self) -> None:
        if self._reader is None:
            self._reader = await self.log.read_from({self.outbox: 0})
        self.records += await self._reader.fetch(1_000, 50)

    async def close(self) -> None:
        if self._reader is not None:
            await self._reader.close()


@pytest.fixture
async def partition(log: Log, one_partition: Topics) -> AsyncIterator[Partition]:
    made = Partition(log, one_partition)
    yield made
    await made.close()


@asynccontextmanager
async def owned(partition: Partition) -> AsyncIterator[None]:
    role = seats_role(0, partition.topics, {}, _no_inventories)
    owner = Owner(role, partition.log, AlwaysMember(), MonotonicClock(), "m")
    running = asyncio.create_task(owner.run())
    try:
        yield
        assert not running.done(), running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _no_inventories(hashes: Collection[str]) -> dict[str, object]:
    assert not hashes
    return {}


async def test_an_owner_that_finds_it_is_not_alone_takes_the_partition_anew(
    partition: Partition,
) -> None:
    async with owned(partition):
        await partition.ask()
        await partition.answered([0])
        await partition.intrude(partition.decoded()[-1])
        await partition.ask(2)
        await partition.answered([0, 1, 2])
        assert partition.terms() == 2


async def test_what_an_earlier_owner_appends_late_is_void_for_the_next(
    partition: Partition,
) -> None:
    async with owned(partition):
        await partition.ask()
        await partition.answered([0])
    async with owned(partition):
        await partition.taken(2)
    # As an owner without a fence would write it: only its term tells that it is late.
    first: Any = partition.decoded()[1]
    _, end = await partition.log.span(partition.outbox)
    late = msgspec.structs.replace(first, data=msgspec.structs.replace(first.data, offset=end))
    await partition.intrude(late)
    await partition.ask()
    async with owned(partition):
        await partition.answered([0, 1])
        assert partition.terms() == 3


async def test_the_next_owner_begins_at_the_newest_snapshot(
    partition: Partition, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(snapshots, "records_between_min", 2)
    role = seats_role(0, partition.topics, {}, _no_inventories)

    async def is_kept() -> None:
        assert await newest(role, partition.log, Turns()) is not None

    async with owned(partition):
        for number in range(5):
            await partition.ask()
            await partition.answered(range(number + 1))
        await eventually(is_kept, within=20)
    found = await newest(role, partition.log, Turns())
    assert found is not None
    with caplog.at_level(logging.INFO, logger="workers.owner"):
        async with owned(partition):
            await partition.ask()
            await partition.answered(range(6))
    served = [vars(record) for record in caplog.records if record.getMessage() == "serving"]
    assert [one["replayed_from"] for one in served] == [found.snapshot.offset]
    assert found.snapshot.offset > 0


async def test_the_largest_snapshot_is_taken_and_found(partition: Partition) -> None:
    role = seats_role(0, partition.topics, {}, _no_inventories)
    random = base64.b64encode(secrets.token_bytes(int(0.95 * snapshots.compressed_bytes_max)))
    state = msgspec.json.encode({"type": "of another version", "random": random.decode()})
    large = Snapshot(
        offset=1, term=0, digest="", deferred=[], producers=[], state=msgspec.Raw(state)
    )
    record = NewRecord(packed.encode(large), key=b"compacted topics take none without")
    assert 0.9 * snapshots.compressed_bytes_max < record.size <= snapshots.compressed_bytes_max
    await partition.log.publish(role.snapshots, [record])
    span = await partition.log.span(role.snapshots)
    found = await record_at(partition.log, role.snapshots, span.end - 1)
    assert found.value == record.value
