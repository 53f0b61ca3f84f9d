"""What an owner sends beside its loop: it keeps nobody waiting, and ends with the owner's life."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from adapters.memory_log import MemoryLog
from adapters.ports import (
    LogUnreachableError,
    NewRecord,
    RecordTooLargeError,
    TopicPartition,
)
from schemas.rejections import Rejection
from tests.workers.house import COMMANDS, DEAD_LETTERS, OUTBOX, House, TestClock, book, until
from workers import aside as unit
from workers.aside import Addressed, Aside

BALLOTS = [TopicPartition("groups.votes", coordinator) for coordinator in range(2)]
FIRST, SECOND, THIRD = (NewRecord(value) for value in (b"first", b"second", b"third"))
TOO_LARGE = NewRecord(b"too large")


class LeaderlessLog(MemoryLog):
    """A log in which some partitions have no leader: who publishes there waits, then is told."""

    def __init__(self) -> None:
        super().__init__(TestClock().monotonic_ms)
        self.leaderless: set[TopicPartition] = set()
        self.waiting: list[NewRecord] = []
        self.given_up = asyncio.Event()

    async def publish(self, partition: TopicPartition, records: Sequence[NewRecord]) -> None:
        if TOO_LARGE in records:
            raise RecordTooLargeError(f"{partition} does not take it")
        if partition in self.leaderless:
            self.waiting += records
            await self.given_up.wait()
            raise LogUnreachableError(f"nobody leads {partition}")
        await super().publish(partition, records)

    def values(self, partition: TopicPartition) -> list[bytes | None]:
        return [record.value for record in self.records(partition)]


@pytest.fixture
def log() -> LeaderlessLog:
    return LeaderlessLog()


@pytest.fixture
async def aside(log: LeaderlessLog) -> AsyncIterator[Aside]:
    built = Aside(log, lambda _: None)
    yield built
    await built.close()


async def test_a_ballot_without_a_leader_keeps_no_other_waiting(
    log: LeaderlessLog, aside: Aside
) -> None:
    log.leaderless.add(BALLOTS[0])
    aside.send(Addressed(ballot, FIRST) for ballot in BALLOTS)
    await until(lambda: log.values(BALLOTS[1]), bool)
    aside.send([Addressed(ballot, SECOND) for ballot in BALLOTS])
    await until(lambda: log.values(BALLOTS[1]), lambda sent: sent == [b"first", b"second"])
    assert log.waiting == [FIRST]


async def test_what_cannot_be_sent_is_dropped_and_what_waits_behind_it_is_sent(
    log: LeaderlessLog, aside: Aside, caplog: pytest.LogCaptureFixture
) -> None:
    log.leaderless.add(DEAD_LETTERS)
    aside.send([Addressed(DEAD_LETTERS, FIRST)])
    await until(lambda: log.waiting, bool)
    aside.send([Addressed(DEAD_LETTERS, SECOND), Addressed(DEAD_LETTERS, THIRD)])
    log.leaderless.clear()
    log.given_up.set()
    await until(lambda: log.values(DEAD_LETTERS), lambda sent: sent == [b"second", b"third"])
    assert told(caplog) == [("dead.letters/0", 1, "nobody leads dead.letters/0")]


async def test_what_comes_when_too_much_waits_is_dropped(
    log: LeaderlessLog,
    aside: Aside,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(unit, "waiting_bytes_max", FIRST.size + SECOND.size)
    log.leaderless.add(BALLOTS[0])
    aside.send([Addressed(BALLOTS[0], NewRecord(b"under way"))])
    await until(lambda: log.waiting, bool)
    aside.send(Addressed(BALLOTS[0], record) for record in (FIRST, SECOND, THIRD, THIRD))
    assert told(caplog) == [("groups.votes/0", 2, "too much waits before")]
    log.leaderless.clear()
    log.given_up.set()
    await until(lambda: log.values(BALLOTS[0]), lambda sent: sent == [b"first", b"second"])


async def test_nothing_is_under_way_any_more_once_it_is_closed(
    log: LeaderlessLog, aside: Aside
) -> None:
    before = asyncio.all_tasks()
    log.leaderless |= {*BALLOTS}
    aside.send(Addressed(ballot, FIRST) for ballot in BALLOTS)
    await until(lambda: log.waiting, lambda waiting: len(waiting) == len(BALLOTS))
    await aside.close()
    assert asyncio.all_tasks() == before


async def test_a_fault_of_ours_is_heard_of(log: LeaderlessLog) -> None:
    def fail(to: TopicPartition) -> None:
        raise ZeroDivisionError(str(to))

    faulty = Aside(log, fail)
    faulty.send([Addressed(BALLOTS[1], FIRST)])
    await until(lambda: log.values(BALLOTS[1]), bool)

    with pytest.raises(ZeroDivisionError, match="votes/1"):
        faulty.send([])


async def test_a_dead_letter_that_cannot_be_sent_stands_no_partition_still(
    log: LeaderlessLog, caplog: pytest.LogCaptureFixture
) -> None:
    house = House(log)
    event = await house.open()
    log.leaderless.add(DEAD_LETTERS)
    log.store(COMMANDS, [NewRecord(b"\x00garbage")])
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(2)
    await until(lambda: log.waiting, bool)
    log.given_up.set()
    await until(lambda: told(caplog), bool)
    house.send(COMMANDS, book(event, "A-2"))
    answers = await house.answers_when(3)
    codes = [getattr(answer, "code", None) for answer in answers]
    assert codes == [Rejection.COMMAND_NOT_READABLE.code, None, None]
    owners = [record for record in log.values(OUTBOX) if b"ownership.taken" in (record or b"")]
    assert len(owners) == 1, "nobody's life ends with a letter"
    await house.close()


def told(caplog: pytest.LogCaptureFixture) -> list[tuple[object, ...]]:
    """Give what the log of the process says was dropped: how much for whom, and why."""
    return [
        tuple(vars(record)[name] for name in ("to", "count", "why"))
        for record in caplog.records
        if record.message == "dropped"
    ]


async def test_what_its_topic_does_not_take_is_dropped_and_said(
    log: LeaderlessLog, aside: Aside, caplog: pytest.LogCaptureFixture
) -> None:
    aside.send([Addressed(BALLOTS[0], TOO_LARGE)])
    await until(lambda: [r.getMessage() for r in caplog.records], lambda said: "dropped" in said)
    aside.send([Addressed(BALLOTS[0], SECOND)])
    await until(lambda: log.values(BALLOTS[0]), lambda sent: sent == [b"second"])
