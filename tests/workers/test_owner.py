"""The owner loop: on a log in memory, so that each fault comes exactly where it should."""

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
from engine.machine import Decision
from engine.seats.machine import SeatsCause, SeatsMachine
from engine.seats.state import SeatsState
from schemas import outbox as outbox_schema
from schemas.commands import Asked, ChangeObjectStatus, CommandPosition, Hold
from schemas.facts import HELD, SeatsFact
from schemas.outbox import Accepted, decode_seats_record
from schemas.rejections import Rejected, Rejection
from tests.eventually import eventually
from tests.workers.house import (
    COMMANDS,
    DEAD_LETTERS,
    OUTBOX,
    House,
    TestClock,
    book,
    seats,
)
from workers import ledger
from workers.owner import StoppedError, calm_life_ms, cut, keep_fence_every_ms, replication_guard_ms


async def test_a_command_gets_one_record_with_answer_facts_and_positions(house: House) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1", "A-2"))
    await house.answers_when(1)
    record = house.outbox()[-1]
    assert isinstance(record.data.answer, Accepted)
    assert house.status_changes() == [(1, "A-1", "booked"), (2, "A-2", "booked")]
    assert record.data.positions == {"events.commands/0": 1, "groups.outbox/0": 2}
    assert record.data.command == CommandPosition(0, 0)


async def test_a_new_owner_goes_on_where_the_last_one_stood(house: House) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    house.running[1].cancel()
    house.send(COMMANDS, book(event, "A-1"), book(event, "A-2"))
    house.start(seats())
    answers = await house.answers_when(3)
    assert isinstance(answers[1], Rejected)
    assert answers[1].code == Rejection.OBJECT_NOT_FREE.code
    assert house.status_changes() == [(1, "A-1", "booked"), (2, "A-2", "booked")]


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


async def test_a_hold_ends_at_its_deadline_exactly(house: House) -> None:
    event = await house.open()
    deadline = house.clock.now + 60_000
    house.send(COMMANDS, book(event, "A-1", status=HELD, hold=Hold("t", deadline)))
    await house.answers_when(1)
    house.clock.now = deadline - 1
    house.send(COMMANDS, book(event, "A-2"))
    await house.answers_when(2)
    assert house.status_changes()[-1] == (2, "A-2", "booked")
    house.clock.now = deadline
    house.send(COMMANDS, book(event, "A-3"))
    await house.answers_when(3)
    assert house.status_changes()[2:] == [(3, "A-1", "free"), (4, "A-3", "booked")]


async def test_a_hold_ends_by_the_clock_when_nothing_else_happens(house: House) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1", status=HELD, hold=Hold("t", house.clock.now + 1_000)))
    await house.answers_when(1)
    house.clock.now += 1_000 + replication_guard_ms
    await house.facts_when(lambda facts: facts[-1].__class__.__name__ == "HoldExpired")
    assert house.status_changes()[-1] == (2, "A-1", "free")


async def test_a_batch_torn_after_an_expiry_does_not_lose_the_command_that_brought_it(
    house: House,
) -> None:
    event = await house.open()
    deadline = house.clock.now + 1_000
    house.send(COMMANDS, book(event, "A-1", status=HELD, hold=Hold("t", deadline)))
    await house.answers_when(1)
    house.running[1].cancel()
    house.clock.now = deadline
    house.send(COMMANDS, book(event, "A-2"))
    house.start(seats())
    await house.answers_when(2)
    await house.close()
    expiry = next(r for r in house.outbox() if b"HoldExpired" in outbox_schema.encode(r))
    del house.log.records(OUTBOX)[expiry.data.offset + 1 :]
    house.start(seats())
    answers = await house.answers_when(2)
    assert isinstance(answers[-1], Accepted)
    assert house.status_changes()[-2:] == [(2, "A-1", "free"), (3, "A-2", "booked")]


async def test_a_booking_that_was_queued_in_time_wins_over_the_clock(house: House) -> None:
    """A stopped process must not expire a hold whose booking was already in the log."""
    event = await house.open()
    hold = Hold("t", house.clock.now + 1_000)
    house.send(COMMANDS, book(event, "A-1", status=HELD, hold=hold))
    await house.answers_when(1)
    house.running[1].cancel()
    house.clock.now += 999
    house.send(COMMANDS, book(event, "A-1", hold=hold))
    house.clock.now += 3_600_000
    house.start(seats())
    answers = await house.answers_when(2)
    assert isinstance(answers[-1], Accepted)
    assert house.status_changes()[-1] == (2, "A-1", "booked")


async def test_garbage_is_refused_alone_and_kept_as_a_dead_letter(house: House) -> None:
    event = await house.open()
    house.log.store(COMMANDS, [NewRecord(b"\x00garbage", [("request", b"7")])])
    house.send(COMMANDS, book(event, "A-1"))
    answers = await house.answers_when(2)
    assert answers[0].code == Rejection.COMMAND_NOT_READABLE.code
    assert isinstance(answers[1], Accepted)
    letters = house.log.records(DEAD_LETTERS)
    assert [letter.value for letter in letters] == [b"\x00garbage"]
    assert dict(letters[0].headers)["offset"] == b"0"
    refusal = [r for r in house.log.records(OUTBOX) if dict(r.headers).get("request") == b"7"]
    assert len(refusal) == 1


async def test_a_cause_that_fails_twice_is_refused_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await house.open()
    decide = SeatsMachine.decide
    tried: list[str] = []

    def failing(
        machine: SeatsMachine,
        state: SeatsState,
        cause: SeatsCause,
        now: int,
        asked: Asked | None = None,
    ) -> Decision[SeatsFact]:
        if isinstance(cause, ChangeObjectStatus) and cause.changes[0].objects[0].label == "A-2":
            tried.append("A-2")
            raise ZeroDivisionError
        return decide(machine, state, cause, now, asked)

    monkeypatch.setattr(SeatsMachine, "decide", failing)
    house.send(COMMANDS, book(event, "A-1"), book(event, "A-2"), book(event, "A-3"))
    answers = await house.answers_when(3)
    assert [type(answer) for answer in answers] == [Accepted, Rejected, Accepted]
    assert answers[1].code == Rejection.COMMAND_FAILED.code
    assert tried == ["A-2", "A-2"]
    assert len(house.log.records(DEAD_LETTERS)) == 1


async def test_a_record_too_large_to_append_is_refused_alone(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await house.open()
    monkeypatch.setattr(ledger, "record_bytes_max", 1_500)
    house.send(COMMANDS, book(event, "A-1"), book(event, *(f"B-{n}" for n in range(1, 9))))
    house.send(COMMANDS, book(event, "A-2"))
    answers = await house.answers_when(3)
    assert [type(answer) for answer in answers] == [Accepted, Rejected, Accepted]
    assert answers[1].code == Rejection.COMMAND_FAILED.code


@pytest.mark.parametrize(
    "fault", ["digest", "goes back", "not the next one", "backwards", "AssertionError"]
)
async def test_a_log_that_does_not_fold_stops_the_partition(house: House, fault: str) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    await house.close()
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


async def test_a_position_outside_the_commands_stops_the_partition(house: House) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    await house.close()
    house.log.records(COMMANDS).clear()
    with pytest.raises(StoppedError, match="outside"):
        await house.owner(seats()).run()


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


async def test_an_idle_owner_keeps_its_fence_hourly(house: House) -> None:
    await house.open()
    before = len(house.outbox())
    house.clock.now += keep_fence_every_ms + 1
    await eventually(lambda: _expect(len(house.outbox()) == before + 1))
    assert house.outbox()[-1].data.facts == []


def test_batches_are_cut_by_size_and_keep_their_order() -> None:
    records = [NewRecord(bytes(400_000)) for _ in range(5)]
    batches = cut(records)
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert [record for batch in batches for record in batch] == records
    assert cut([]) == []


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
