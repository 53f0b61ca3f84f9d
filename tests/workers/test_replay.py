"""Replays: what they must notice, and that they keep nobody waiting."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakValueDictionary

import msgspec
import pytest

from adapters.memory_log import MemoryLog, MemoryRecord
from adapters.ports import Appended, NewRecord, TopicPartition
from engine.charts.inventory import SeatMap
from schemas import outbox as outbox_schema
from schemas.commands import CreateEvents, NewEvent
from schemas.facts import StatusChanged
from schemas.outbox import OwnershipTaken, decode_seats_record
from tests.workers.doubtful_logs import SwappedLog
from tests.workers.house import (
    COMMANDS,
    COORDINATOR_COMMANDS,
    COORDINATOR_OUTBOX,
    OUTBOX,
    SAMPLE,
    SAMPLE_HASH,
    WORKSPACE,
    House,
    TestClock,
    book,
    coordinator,
    load_seat_maps,
    one_partition,
    seats,
    until,
)
from workers import snapshots
from workers.owner import Owner, StoppedError
from workers.role import Role
from workers.seats import seats_role
from workers.turns import Rank, Turns

SNAPSHOTS = TopicPartition("events.snapshots", 0)


async def book_and_close(house: House, count: int) -> None:
    """Book seats, each by a command of its own; what remains is the log."""
    event = await house.open()
    house.send(COMMANDS, *(book(event, f"A-{seat}") for seat in range(1, count + 1)))
    await house.answers_when(count)
    await house.close()


def first_booking_as(house: House, **changes: Any) -> tuple[MemoryLog, int]:  # noqa: ANN401
    """Give a log with the same outbox but for the first status change, and where that stands."""
    log = MemoryLog(house.clock.monotonic_ms)
    at = -1
    for record in house.log.records(OUTBOX):
        decoded = decode_seats_record(record.value or b"")
        if at < 0 and not isinstance(decoded, OwnershipTaken):
            facts = decoded.data.facts
            if any(isinstance(fact, StatusChanged) for fact in facts):
                at = record.offset
                data = msgspec.structs.replace(decoded.data, **changes)
                decoded = msgspec.structs.replace(decoded, data=data)
        log.store(OUTBOX, [NewRecord(outbox_schema.encode(decoded))])
    return log, at


async def test_a_wrong_digest_in_the_middle_of_the_log_stops_the_partition_there(
    house: House,
) -> None:
    await book_and_close(house, 5)
    log, at = first_booking_as(house, digest="0" * 16)
    assert at < log.records(OUTBOX)[-1].offset - 3
    with pytest.raises(StoppedError, match=f"offset {at}: digest [0-9a-f]{{16}}, not 0000"):
        await House(log).owner(seats()).run()


async def test_a_record_that_folds_to_another_state_stops_the_partition_there(
    house: House,
) -> None:
    await book_and_close(house, 5)
    (booked,) = house.facts()[1:2]
    other = msgspec.structs.replace(booked, label="A-9")
    log, at = first_booking_as(house, facts=[other])
    with pytest.raises(StoppedError, match=f"offset {at}: digest"):
        await House(log).owner(seats()).run()


@pytest.mark.parametrize(
    "fault", ["digest", "goes back", "not the next one", "backwards", "AssertionError"]
)
async def test_a_log_that_does_not_fold_stops_the_partition(house: House, fault: str) -> None:
    await book_and_close(house, 1)
    last = house.log.records(OUTBOX)[-1]
    decoded: Any = decode_seats_record(last.value or b"")
    changes: dict[str, dict[str, Any]] = {
        "digest": {"command": None, "facts": [], "digest": "0" * 16},
        "goes back": {"command": None, "facts": [], "positions": {"events.commands/0": 0}},
        "not the next one": {"facts": []},
        "backwards": {"command": None, "facts": [], "at": decoded.data.at - 1},
        "AssertionError": {"command": None},
    }
    data = msgspec.structs.replace(decoded.data, offset=last.offset + 1, **changes[fault])
    forged = msgspec.structs.replace(decoded, data=data)
    house.log.store(OUTBOX, [NewRecord(outbox_schema.encode(forged))])
    with pytest.raises(StoppedError, match=fault):
        await house.owner(seats()).run()


async def test_an_offset_that_is_missing_in_the_outbox_stops_the_partition(house: House) -> None:
    await book_and_close(house, 3)
    del house.log.records(OUTBOX)[2]
    with pytest.raises(StoppedError, match=f"{OUTBOX}: 2 is missing"):
        await house.owner(seats()).run()


@pytest.mark.parametrize("source", [COMMANDS, COORDINATOR_OUTBOX], ids=str)
async def test_a_gap_in_an_input_stops_the_partition(house: House, source: TopicPartition) -> None:
    event = await house.open()
    await house.close()
    new = NewEvent(key="other", chart_key="chart", inventory=SAMPLE_HASH)
    more = CreateEvents(workspace=WORKSPACE, events=[new])
    house.send(COMMANDS, book(event, "A-1"), book(event, "A-2"))
    house.send(COORDINATOR_COMMANDS, more, more)
    house.start(coordinator())
    await until(house.coordinator_outbox, lambda records: len(records) == 3)
    await house.close()
    read = 0 if source == COMMANDS else 2
    del house.log.records(source)[read]
    with pytest.raises(StoppedError, match=f"{source}: read {read + 1}, expected {read}"):
        await asyncio.wait_for(house.owner(seats()).run(), 5)


async def test_who_does_not_find_its_own_claim_serves_nothing_and_takes_the_partition_anew() -> (
    None
):
    log = SwappedLog(TestClock().monotonic_ms)
    log.doubts = 1
    house = House(log)
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    await house.close()
    first, second, *served = map(decode, log.records(OUTBOX))
    assert first.data.claim == "another's"
    assert isinstance(second, OwnershipTaken)
    assert {record.data.term for record in served} == {1}


def decode(record: MemoryRecord) -> Any:  # noqa: ANN401
    return decode_seats_record(record.value or b"")


class LogWithAnOldAck(MemoryLog):
    """Once, the ack of an ownership record is that of an older one."""

    is_old = False

    def store(self, partition: TopicPartition, records: Sequence[NewRecord]) -> Appended:
        appended = super().store(partition, records)
        if partition == OUTBOX and self.is_old:
            self.is_old = False
            return Appended(0, appended.timestamp)
        return appended


async def test_an_ack_older_than_the_newest_snapshot_is_not_taken_for_the_own(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(snapshots, "records_between_min", 1)
    log = LogWithAnOldAck(TestClock().monotonic_ms)
    house = House(log)
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"), book(event, "A-2"))
    await house.answers_when(2)
    await until(lambda: log.records(SNAPSHOTS), bool)
    await house.close()
    log.is_old = True
    there = len(log.records(OUTBOX))
    house.start(seats())
    house.send(COMMANDS, book(event, "A-3"))
    await house.answers_when(3)
    await house.close()
    [doubt] = caplog.records
    assert doubt.__dict__["why"] == f"{OUTBOX} offset 0 is older than our own record"
    in_vain, taken, *served = map(decode, log.records(OUTBOX)[there:])
    assert isinstance(in_vain, OwnershipTaken)
    assert isinstance(taken, OwnershipTaken)
    assert {record.data.term for record in served} == {there + 1}


async def test_who_waits_for_an_inventory_keeps_no_other_replay_waiting(
    house: House,
) -> None:
    event = await house.open()
    await house.close()
    asked, there = asyncio.Event(), asyncio.Event()

    async def load(hashes: Collection[str]) -> Mapping[str, object]:
        asked.set()
        await there.wait()
        return await load_seat_maps(hashes)

    turns = Turns()

    def start(role: Role[Any, Any, Any]) -> None:
        owner = Owner(role, house.log, house.membership, house.clock, "m", turns=turns)
        house.running.append(asyncio.create_task(owner.run()))

    start(replace(seats(), load_inventories=load))
    await asked.wait()
    start(coordinator())
    told = len(house.coordinator_outbox())
    other = NewEvent(key="other", chart_key="chart", inventory=SAMPLE_HASH)
    house.send(COORDINATOR_COMMANDS, CreateEvents(workspace=WORKSPACE, events=[other]))
    await until(house.coordinator_outbox, lambda records: len(records) > told)
    there.set()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)


class WatchedTurns(Turns):
    """Turns that tell whether one is being had."""

    is_had = False

    @asynccontextmanager
    async def turn(self, rank: Rank) -> AsyncIterator[None]:
        async with super().turn(rank):
            self.is_had = True
            yield
            self.is_had = False


async def test_an_inventory_is_loaded_once_and_in_nobodys_turn(house: House) -> None:
    turns = WatchedTurns()
    kept: WeakValueDictionary[str, SeatMap] = WeakValueDictionary()
    in_a_turn: list[bool] = []

    async def load(hashes: Collection[str]) -> Mapping[str, object]:
        in_a_turn.append(turns.is_had)
        assert [*hashes] == [SAMPLE_HASH]
        loaded = {SAMPLE_HASH: SeatMap(SAMPLE)}
        kept.update(loaded)
        return loaded

    role = seats_role(0, one_partition(), kept, load)
    event = await house.open(role)
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    assert in_a_turn == [False], "the decision that made the event"
    await house.close()
    kept.clear()
    owner = Owner(role, house.log, house.membership, house.clock, "m", turns=turns)
    house.running.append(asyncio.create_task(owner.run()))
    house.send(COMMANDS, book(event, "A-2"))
    await house.answers_when(2)
    assert in_a_turn == [False] * 2, "and its replay"
