"""Snapshots: where a replay begins, and what happens to one that is of no use."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest

from adapters.memory_log import MemoryLog
from adapters.ports import NewRecord, TopicPartition
from schemas import snapshots as packed
from schemas.commands import CreateEvents, Idempotency, NewEvent
from schemas.outbox import Accepted, OwnershipTaken, decode_seats_record
from schemas.snapshots import Snapshot
from tests.workers.house import (
    COMMANDS,
    COORDINATOR_COMMANDS,
    COORDINATOR_OUTBOX,
    OUTBOX,
    SAMPLE_HASH,
    WORKSPACE,
    House,
    book,
    coordinator,
    seats,
    until,
)
from workers import snapshots
from workers.owner import Owner, StoppedError

SNAPSHOTS = TopicPartition("events.snapshots", 0)
COORDINATOR_SNAPSHOTS = TopicPartition("groups.snapshots", 0)
NOT_A_RECORD = NewRecord(b"nobody can read this")


@pytest.fixture(autouse=True)
def every_three_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "records_between_min", 3)
    monkeypatch.setattr(snapshots, "state_bytes_per_record", 10_000)


def kept(house: House, partition: TopicPartition = SNAPSHOTS) -> list[Snapshot]:
    return [packed.decode(record.value or b"") for record in house.log.records(partition)]


async def book_one_by_one(house: House, event: int, seats_of_row: range) -> None:
    for seat in seats_of_row:
        told = len(house.answers())
        house.send(COMMANDS, book(event, f"A-{seat}"))
        await house.answers_when(told + 1)


def longer_than(count: int, found: list[Any]) -> bool:
    return len(found) > count


def with_first_records_lost(house: House, *outboxes: TopicPartition) -> House:
    """Give a house with the same log, but that nobody can read what came before the snapshots."""
    log = MemoryLog(house.clock.monotonic_ms)
    of = {OUTBOX: SNAPSHOTS, COORDINATOR_OUTBOX: COORDINATOR_SNAPSHOTS}
    for partition in (COMMANDS, OUTBOX, COORDINATOR_COMMANDS, COORDINATOR_OUTBOX, *of.values()):
        before = kept(house, of[partition])[-1].offset if partition in outboxes else 0
        for record in house.log.records(partition):
            copy = NewRecord(record.value or b"", record.headers, record.key)
            log.store(partition, [NOT_A_RECORD if record.offset < before else copy])
    return House(log)


async def last_answered(house: House, outbox: TopicPartition, count: int) -> list[Any]:
    """Wait until so many more commands are answered, and give the data of their records."""
    there = len(house.log.records(outbox))

    def told() -> list[Any]:
        new = house.log.records(outbox)[there:]
        data = [msgspec.json.decode(record.value or b"")["data"] for record in new]
        return [one for one in data if "answer" in one]

    return await until(told, lambda found: len(found) >= count)


async def test_the_next_owner_begins_at_the_newest_snapshot_and_knows_all_that_came_before(
    house: House,
) -> None:
    event = await house.open()
    keyed = book(event, "B-1", idempotency=Idempotency(command_id="c-9", fingerprint="f"))
    house.send(COMMANDS, keyed)
    await house.answers_when(1)
    await book_one_by_one(house, event, range(1, 8))
    await until(lambda: kept(house), lambda found: len(found) >= 2)
    await house.close()

    after = with_first_records_lost(house, OUTBOX)
    after.start(seats())
    after.send(COMMANDS, book(event, "A-1"), keyed, book(event, "A-8"))
    taken, repeated, booked = await last_answered(after, OUTBOX, 3)
    assert taken["answer"]["code"] == "OBJECT_NOT_FREE"
    assert repeated["answer"] == {"type": "Accepted.v1", "repeat": True, "first_offset": 2}
    assert booked["facts"][0]["seq"] == 9
    await after.close()


async def test_a_coordinator_begins_at_its_newest_snapshot(house: House) -> None:
    await house.open()
    for number in range(5):
        new = NewEvent(key=f"other-{number}", chart_key="chart", inventory=SAMPLE_HASH)
        told = len(house.coordinator_outbox())
        house.send(COORDINATOR_COMMANDS, CreateEvents(workspace=WORKSPACE, events=[new]))
        await until(house.coordinator_outbox, partial(longer_than, told))
    await until(lambda: kept(house, COORDINATOR_SNAPSHOTS), bool)
    await house.close()

    after = with_first_records_lost(house, COORDINATOR_OUTBOX)
    after.start(coordinator())
    again = NewEvent(key="other-0", chart_key="chart", inventory=SAMPLE_HASH)
    after.send(COORDINATOR_COMMANDS, CreateEvents(workspace=WORKSPACE, events=[again]))
    [taken] = await last_answered(after, COORDINATOR_OUTBOX, 1)
    assert taken["answer"]["code"] == "EVENT_KEY_TAKEN"
    await after.close()


async def test_who_has_owned_before_the_snapshot_is_not_trusted_again(house: House) -> None:
    event = await house.open()
    await book_one_by_one(house, event, range(1, 5))
    await until(lambda: kept(house), bool)
    await house.close()
    first: Any = decode_seats_record(house.log.records(OUTBOX)[0].value or b"")

    # This log has no memory of producers: it hands out anew what the first owner had.
    after = with_first_records_lost(house, OUTBOX)
    there = len(after.log.records(OUTBOX))
    after.start(seats())
    after.send(COMMANDS, book(event, "A-9"))
    await last_answered(after, OUTBOX, 1)
    new = [decode_seats_record(record.value or b"") for record in after.log.records(OUTBOX)[there:]]
    again, trusted = [one.data for one in new if isinstance(one, OwnershipTaken)]
    assert (again.producer_id, again.producer_epoch) == (
        first.data.producer_id,
        first.data.producer_epoch,
    )
    assert trusted.producer_epoch == again.producer_epoch + 1
    await after.close()


def of_another_version(snapshot: Snapshot) -> bytes:
    state = msgspec.json.decode(snapshot.state) | {"a field of tomorrow": 1}
    raw = msgspec.Raw(msgspec.json.encode(state))
    return packed.encode(msgspec.structs.replace(snapshot, state=raw))


def of_another_state(snapshot: Snapshot) -> bytes:
    state = msgspec.json.decode(snapshot.state)
    state["events"][0]["objects"].popitem()
    raw = msgspec.Raw(msgspec.json.encode(state))
    return packed.encode(msgspec.structs.replace(snapshot, state=raw))


def garbage(snapshot: Snapshot) -> bytes:
    del snapshot
    return b"no snapshot"


@pytest.mark.parametrize("spoil", [of_another_version, of_another_state, garbage])
async def test_a_snapshot_that_cannot_be_used_is_left_aside_and_said(
    house: House, spoil: Callable[[Snapshot], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    event = await house.open()
    await book_one_by_one(house, event, range(1, 5))
    [found, *_] = await until(lambda: kept(house), bool)
    await house.close()
    house.log.store(SNAPSHOTS, [NewRecord(spoil(found))])
    with caplog.at_level(logging.ERROR):
        house.start(seats())
        await book_one_by_one(house, event, range(5, 6))
    assert "a snapshot is left aside" in caplog.text


async def test_a_log_that_is_not_the_snapshots_stops_the_partition(house: House) -> None:
    event = await house.open()
    await book_one_by_one(house, event, range(1, 5))
    [found, *_] = await until(lambda: kept(house), bool)
    await house.close()
    log = MemoryLog(house.clock.monotonic_ms)
    for record in house.log.records(OUTBOX)[: found.offset]:
        log.store(OUTBOX, [NewRecord(record.value or b"", record.headers, record.key)])
    log.store(SNAPSHOTS, [NewRecord(packed.encode(found))])
    log.store(OUTBOX, [NOT_A_RECORD, NOT_A_RECORD])
    with pytest.raises(StoppedError, match=f"offset {found.offset}"):
        await House(log).owner(seats()).run()

    log = MemoryLog(house.clock.monotonic_ms)
    for record in house.log.records(OUTBOX):
        log.store(OUTBOX, [NewRecord(record.value or b"", record.headers, record.key)])
    other = msgspec.structs.replace(found, offset=found.offset + 1)
    log.store(SNAPSHOTS, [NewRecord(packed.encode(other))])
    with pytest.raises(StoppedError, match="is not what the newest snapshot"):
        await House(log).owner(seats()).run()


async def test_a_log_that_ends_before_its_snapshot_stops_the_partition(house: House) -> None:
    event = await house.open()
    await book_one_by_one(house, event, range(1, 5))
    [found, *_] = await until(lambda: kept(house), bool)
    await house.close()
    ahead = msgspec.structs.replace(found, offset=10_000)
    house.log.store(SNAPSHOTS, [NewRecord(packed.encode(ahead))])
    with pytest.raises(StoppedError, match="stands for 10000: acknowledged records were lost"):
        await asyncio.wait_for(house.owner(seats()).run(), 5)


@pytest.mark.parametrize("limit", ["compressed_bytes_max", "state_bytes_max"])
async def test_a_state_that_is_too_large_is_not_kept_and_said(
    house: House, limit: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(snapshots, limit, 100)
    event = await house.open()
    with caplog.at_level(logging.WARNING):
        await book_one_by_one(house, event, range(1, 6))
    assert "a state is too large to be kept" in caplog.text
    assert kept(house) == []


async def test_a_large_state_is_kept_more_rarely(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "state_bytes_per_record", 1)
    event = await house.open()
    await book_one_by_one(house, event, range(1, 10))
    assert len(kept(house)) == 1
    await house.close()
    house.start(seats())
    await book_one_by_one(house, event, range(10, 13))
    assert len(kept(house)) == 1, "the next owner knows how large it is"


async def test_nothing_is_kept_before_it_is_acknowledged(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await house.open()
    appended: list[int] = []
    append = Owner._append

    async def watched(self: Owner, appender: Any, ledger: Any) -> None:  # noqa: ANN401
        await append(self, appender, ledger)
        appended.append(ledger.next_offset)

    monkeypatch.setattr(Owner, "_append", watched)
    await book_one_by_one(house, event, range(1, 9))
    offsets = [snapshot.offset for snapshot in kept(house) if snapshot.offset >= appended[0]]
    assert offsets
    assert {offset + 1 for offset in offsets} <= set(appended)
    answered = [record for record in house.outbox() if isinstance(record.data.answer, Accepted)]
    digests = {record.data.offset: record.data.digest for record in answered}
    assert all(digests[s.offset] == s.digest for s in kept(house) if s.offset in digests)
