"""Who owns a partition: the older owner is fenced, what it left is void, and no doubt is kept.

On a log in memory, so that each fault comes exactly where it should.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import pytest

from adapters.memory_log import MemoryAppender, MemoryLog, MemoryReader, MemoryRecord
from adapters.ports import (
    Appended,
    AppendUnknownError,
    LogUnreachableError,
    NewRecord,
    TopicPartition,
)
from schemas import outbox as outbox_schema
from schemas.outbox import Accepted, decode_seats_record
from schemas.rejections import Rejected
from tests.eventually import eventually
from tests.workers.house import COMMANDS, NOON, OUTBOX, House, TestClock, book, seats
from workers.owner import calm_life_ms, keep_fence_every_ms


async def test_a_zombie_is_fenced_waits_for_its_membership_and_takes_over_cleanly(
    house: House,
) -> None:
    event = await house.open()
    house.start(seats())
    await eventually(lambda: _expect(_terms(house.log) >= 2))
    # Both think they own: the older one is refused at its first append and comes back in order.
    for seat in range(1, 7):
        house.send(COMMANDS, book(event, f"A-{seat}"))
    await house.answers_when(6)
    assert [seq for seq, _, _ in house.status_changes()] == [1, 2, 3, 4, 5, 6]
    assert house.membership.confirmations >= 1


async def test_records_of_an_older_term_are_void_for_the_next_owner(house: House) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    stale = house.log.records(OUTBOX)[-1].value
    for task in house.running:
        task.cancel()
    house.start(seats())
    await eventually(lambda: _expect(_terms(house.log) == 2))
    for task in house.running:
        task.cancel()
    # What an owner without a fence would have written after it was replaced.
    decoded: Any = decode_seats_record(stale or b"")
    late = msgspec.structs.replace(decoded.data.facts[0], seq=99, label="A-8")
    data = msgspec.structs.replace(decoded.data, facts=[late])
    void = msgspec.structs.replace(decoded, data=data)
    house.log.store(OUTBOX, [NewRecord(outbox_schema.encode(void))])
    house.start(seats())
    house.send(COMMANDS, book(event, "A-8"))
    answers = await house.answers_when(2)
    assert isinstance(answers[-1], Accepted)
    assert house.status_changes() == [(1, "A-1", "booked"), (2, "A-8", "booked")]


async def test_an_ack_that_is_not_contiguous_does_not_count() -> None:
    house = House(IntrudedLog(TestClock().monotonic_ms))
    event = await house.open()
    log = house.log
    assert isinstance(log, IntrudedLog)
    log.intrude_once = True
    house.send(COMMANDS, book(event, "A-1"))
    await eventually(lambda: _expect(_terms(log) == 3))
    # The record after the intruder's is void, so its command was decided again.
    house.send(COMMANDS, book(event, "A-2"))
    await house.answers_when(2)
    assert house.status_changes() == [(1, "A-1", "booked"), (2, "A-2", "booked")]
    await house.close()


async def test_a_lost_ack_is_answered_once(house: House) -> None:
    event = await house.open()
    await house.close()
    lossy = LossyLog(house.clock.monotonic_ms)
    lossy.__dict__ |= house.log.__dict__
    house.log = lossy
    house.start(seats())
    await eventually(lambda: _expect(_terms(lossy) == 2))
    lossy.lose_next = True
    house.send(COMMANDS, book(event, "A-1"))
    await eventually(lambda: _expect(_terms(lossy) == 3))
    house.send(COMMANDS, book(event, "A-2"))
    await house.answers_when(2)
    assert len(house.answers()) == 2
    assert house.status_changes() == [(1, "A-1", "booked"), (2, "A-2", "booked")]


async def test_a_second_copy_of_a_record_is_void(house: House) -> None:
    """A broker that forgot a producer between a request and its retry would store it twice."""
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    await house.close()
    house.log.store(OUTBOX, [_copy(house.log.records(OUTBOX)[-1])])
    house.start(seats())
    house.send(COMMANDS, book(event, "A-2"))
    await house.answers_when(2)
    assert house.status_changes() == [(1, "A-1", "booked"), (2, "A-2", "booked")]


async def test_a_second_copy_while_it_serves_makes_an_owner_take_the_partition_anew(
    house: House,
) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    house.log.store(OUTBOX, [_copy(house.log.records(OUTBOX)[-1])])
    house.send(COMMANDS, book(event, "A-2"), book(event, "A-2"))
    answers = await house.answers_when(3)
    assert [type(answer) for answer in answers] == [Accepted, Accepted, Rejected]
    assert house.status_changes() == [(1, "A-1", "booked"), (2, "A-2", "booked")]
    assert _terms(house.log) == 2


async def test_a_producer_that_has_owned_before_is_not_trusted(house: House) -> None:
    await house.open()
    await house.close()
    decoded: Any = decode_seats_record(house.log.records(OUTBOX)[0].value or b"")
    # A broker that lost its memory will hand the pair out again that this owner is about to get.
    same = msgspec.structs.replace(decoded.data, claim="another", producer_epoch=1)
    earlier = msgspec.structs.replace(decoded, data=same)
    house.log.store(OUTBOX, [NewRecord(outbox_schema.encode(earlier))])
    house.start(seats())
    await eventually(lambda: _expect(_terms(house.log) == 4))
    taken: Any = decode_seats_record(house.log.records(OUTBOX)[-1].value or b"")
    assert taken.data.producer_epoch == 2


class LogThatCannotBeRead(MemoryLog):
    """A log that takes ownership records and gives nothing back, at once or after a while."""

    def __init__(self, clock: TestClock) -> None:
        super().__init__(clock.monotonic_ms)
        self.clock = clock
        self.silent_ms = 0

    async def read_from(self, positions: Mapping[TopicPartition, int]) -> MemoryReader:
        self.clock.now += self.silent_ms
        raise LogUnreachableError(str(positions))


async def test_the_log_may_go_away_a_few_times_before_an_owner_waits_longer() -> None:
    house = House()
    pauses: list[int] = []

    class Watched(TestClock):
        async def sleep_ms(self, duration_ms: int) -> None:
            pauses.append(duration_ms)
            await super().sleep_ms(duration_ms)

    house.clock = Watched()
    house.log = unreadable = LogThatCannotBeRead(house.clock)
    house.start(seats())
    await eventually(lambda: _expect(len(pauses) > 11))
    assert pauses[:11] == [100, 100, 100, 100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]
    unreadable.silent_ms = calm_life_ms + 1
    await eventually(lambda: _expect(100 in pauses[11:]))
    await house.close()


async def test_an_absence_of_the_log_is_told_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    house = House()
    house.log = away = LogThatCannotBeRead(house.clock)
    away.silent_ms = 25_000

    house.start(seats())
    await eventually(lambda: _expect(house.clock.now - NOON >= 8 * away.silent_ms))
    await house.close()
    told = [record.getMessage() for record in caplog.records].count("the log is unreachable")
    # After 25 seconds, and then each 75; the clock stands still between two attempts.
    attempts = (house.clock.now - NOON) // away.silent_ms
    assert told == -(-attempts // 3)


async def test_an_idle_owner_keeps_its_fence_hourly(house: House) -> None:
    await house.open()
    before = len(house.outbox())
    house.clock.now += keep_fence_every_ms + 1
    await eventually(lambda: _expect(len(house.outbox()) == before + 1))
    assert house.outbox()[-1].data.facts == []


class IntrudedLog(MemoryLog):
    """Once, somebody else's record lands just before an owner's own."""

    intrude_once = False

    def store(self, partition: TopicPartition, records: Sequence[NewRecord]) -> Appended:
        if self.intrude_once and partition == OUTBOX:
            self.intrude_once = False
            foreign = self.records(OUTBOX)[0].value or b""
            decoded: Any = decode_seats_record(foreign)
            data = msgspec.structs.replace(decoded.data, claim="foreign")
            intruder = msgspec.structs.replace(decoded, data=data)
            super().store(partition, [NewRecord(outbox_schema.encode(intruder))])
        return super().store(partition, records)


class LossyLog(MemoryLog):
    """Once, the ack of an append does not come."""

    lose_next = False

    async def take(self, partition: TopicPartition) -> MemoryAppender:
        taken = await super().take(partition)
        return _LossyAppender(self, partition, taken.producer_epoch)


class _LossyAppender(MemoryAppender):
    async def append(self, records: Sequence[NewRecord]) -> Appended:
        appended = await super().append(records)
        log = self._log
        assert isinstance(log, LossyLog)
        if log.lose_next:
            log.lose_next = False
            raise AppendUnknownError("the ack is lost")
        return appended


def _copy(record: MemoryRecord) -> NewRecord:
    return NewRecord(record.value or b"", record.headers, record.key)


def _terms(log: MemoryLog) -> int:
    return sum(b"ownership.taken" in (record.value or b"") for record in log.records(OUTBOX))


def _expect(condition: bool) -> None:  # noqa: FBT001 - an assertion as a function
    assert condition
