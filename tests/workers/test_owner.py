"""What an owner does with commands and with time, on a log in memory under a clock of its own."""

import pytest

from adapters.ports import NewRecord
from engine.machine import Decision
from engine.seats.machine import SeatsCause, SeatsMachine
from engine.seats.state import SeatsState
from schemas import outbox as outbox_schema
from schemas.commands import Asked, ChangeObjectStatus, CommandPosition, Hold
from schemas.facts import HELD, SeatsFact
from schemas.outbox import Accepted
from schemas.rejections import Rejected, Rejection
from tests.workers.house import COMMANDS, DEAD_LETTERS, OUTBOX, House, book, seats, until
from workers import ledger
from workers.owner import StoppedError, cut, replication_guard_ms


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
    letters = await until(lambda: house.log.records(DEAD_LETTERS), bool)
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
    assert len(await until(lambda: house.log.records(DEAD_LETTERS), bool)) == 1


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


async def test_a_position_outside_the_commands_stops_the_partition(house: House) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    await house.close()
    house.log.records(COMMANDS).clear()
    with pytest.raises(StoppedError, match="outside"):
        await house.owner(seats()).run()


def test_batches_are_cut_by_size_and_keep_their_order() -> None:
    records = [NewRecord(bytes(400_000)) for _ in range(5)]
    batches = cut(records)
    assert [len(batch) for batch in batches] == [2, 2, 1]
    assert [record for batch in batches for record in batch] == records
    assert cut([]) == []
