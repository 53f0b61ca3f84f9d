"""When an owner stops its partition, when it tries again, and when it gives up."""

import asyncio
from typing import Any

import pytest

from adapters.ports import AppendUnknownError, FencedError, NewRecord, TopicPartition
from engine.groups.machine import GroupsMachine
from engine.seats.machine import ApplyDecision, ExpireHold, SeatsMachine
from schemas.commands import ChangeObjectStatus, Hold, Idempotency
from schemas.facts import HELD
from schemas.inventory import compress, encode
from schemas.outbox import Accepted
from schemas.rejections import Rejection
from schemas.votes import GroupVote
from schemas.votes import encode as encode_vote
from seatlog.verify.installation import verify_log
from tests.workers.doubtful_logs import (
    DoubtfulLog,
    SharedLog,
    SilentLog,
    SwappedLog,
    TakenAnewLog,
)
from tests.workers.house import (
    COMMANDS,
    COORDINATOR_OUTBOX,
    DEAD_LETTERS,
    OUTBOX,
    SAMPLE,
    SAMPLE_HASH,
    House,
    TestClock,
    book,
    coordinator,
    one_partition,
    seats,
)
from workers.owner import NotAloneError, Owner, StoppedError, replication_guard_ms
from workers.replay import NotOursError

VOTES = TopicPartition("groups.votes", 0)
GARBAGE = NewRecord(b"\x00garbage")
TEN_PAUSES = [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000, 5_000]


class WatchedClock(TestClock):
    """Notes how long an owner would have waited between its lives."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[int] = []

    async def sleep_ms(self, duration_ms: int) -> None:
        self.pauses.append(duration_ms)
        await super().sleep_ms(duration_ms)


async def ends(owner: Owner) -> None:
    """Wait for an owner to end by itself."""
    await asyncio.wait_for(owner.run(), 5)


def fail(
    monkeypatch: pytest.MonkeyPatch, machine: type[Any], kind: type[Any], times: int
) -> list[object]:
    """Let a machine fail so often to decide causes of a kind; give what it was to decide."""
    decide = machine.decide
    tried: list[object] = []

    def failing(self: object, state: object, cause: object, *more: object) -> object:
        if isinstance(cause, kind):
            tried.append(cause)
            if len(tried) <= times:
                raise ZeroDivisionError
        return decide(self, state, cause, *more)

    monkeypatch.setattr(machine, "decide", failing)
    return tried


def lives(house: House, outbox: TopicPartition = OUTBOX) -> int:
    """Count how often a partition was taken."""
    return sum(b"ownership.taken" in (r.value or b"") for r in house.log.records(outbox))


@pytest.mark.parametrize(
    ("doubtful", "last_of_them"),
    [
        (TakenAnewLog, FencedError),
        (SilentLog, AppendUnknownError),
        (SharedLog, NotAloneError),
        (SwappedLog, NotOursError),
    ],
)
async def test_an_owner_waits_longer_after_each_doubt_and_gives_up_at_the_eleventh_in_a_row(
    doubtful: type[DoubtfulLog], last_of_them: type[Exception]
) -> None:
    clock = WatchedClock()
    log = doubtful(clock.monotonic_ms)
    house = House(log)
    house.clock = clock
    log.doubts = 1_000
    house.send(COMMANDS, book(1, "A-1"))
    with pytest.raises(last_of_them):
        await ends(house.owner(seats()))
    assert clock.pauses == TEN_PAUSES
    assert log.doubts == 1_000 - 11
    assert house.membership.confirmations == (10 if last_of_them is FencedError else 0)


async def test_doubts_before_progress_do_not_count_after_it() -> None:
    clock = WatchedClock()
    log = SharedLog(clock.monotonic_ms)
    house = House(log)
    house.clock = clock
    house.start(seats())
    for answered in (1, 2):
        log.doubts = 10
        house.send(COMMANDS, book(1, "A-1"))
        await house.answers_when(answered)
    assert clock.pauses == TEN_PAUSES * 2
    await house.close()


async def test_what_is_due_and_cannot_be_decided_stops_the_partition_at_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1", status=HELD, hold=Hold("t", house.clock.now + 1_000)))
    await house.answers_when(1)
    await house.close()
    house.clock.now += 1_000 + replication_guard_ms
    tried = fail(monkeypatch, SeatsMachine, ExpireHold, times=1)
    with pytest.raises(StoppedError, match=r"what is due at \d+ cannot be decided: ZeroDivision"):
        await ends(house.owner(seats()))
    assert len(tried) == 1
    assert [change[2] for change in house.status_changes()] == [HELD]


async def test_a_decision_that_cannot_be_read_stops_the_partition_at_its_second_failure(
    house: House,
) -> None:
    event = await house.open()
    await house.close()
    house.log.store(COORDINATOR_OUTBOX, [GARBAGE])
    house.send(COMMANDS, book(event, "A-1"))
    with pytest.raises(StoppedError, match=r"groups\.outbox offset 2 could not be decided"):
        await ends(house.owner(seats()))
    assert lives(house) == 3, "one before the garbage came, and two that met it"
    assert house.log.records(DEAD_LETTERS) == []


async def test_a_decision_that_fails_once_is_applied_in_the_next_life(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = fail(monkeypatch, SeatsMachine, ApplyDecision, times=1)
    event = await house.open()
    assert len(tried) == 2
    house.send(COMMANDS, book(event, "A-1"))
    [answer] = await house.answers_when(1)
    assert isinstance(answer, Accepted)
    assert lives(house) == 2


async def test_a_vote_that_fails_twice_stops_its_coordinator(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = fail(monkeypatch, GroupsMachine, GroupVote, times=2)
    vote = GroupVote(group=256, partition=0, verdict="reserved")
    house.log.store(VOTES, [NewRecord(encode_vote(vote))])
    with pytest.raises(StoppedError, match=r"groups\.votes offset 0 could not be decided"):
        await ends(house.owner(coordinator()))
    assert len(tried) == 2
    assert lives(house, COORDINATOR_OUTBOX) == 2
    assert house.log.records(DEAD_LETTERS) == []


async def test_a_command_that_fails_twice_stops_nothing_and_may_be_sent_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = NewRecord(compress(encode(SAMPLE)), key=SAMPLE_HASH.encode())
    house.log.store(TopicPartition("inventories", 0), [inventory])
    event = await house.open()
    fail(monkeypatch, SeatsMachine, ChangeObjectStatus, times=2)
    asked = book(event, "A-1", idempotency=Idempotency("c" * 32, "f"))
    house.send(COMMANDS, asked)
    [refused] = await house.answers_when(1)
    assert refused.code == Rejection.COMMAND_FAILED.code
    house.send(COMMANDS, asked)
    answers = await house.answers_when(2)
    assert answers[1] == Accepted()
    # It says whose it was and under which key, so that who asked for it finds it.
    assert (await verify_log(one_partition(), house.log)).faults == []
