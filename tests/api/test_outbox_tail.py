"""The tail's start in the middle of a log, and what is no answer, on a real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable

import pytest

from adapters.kafka.log import KafkaLog
from adapters.ports import LogRecord, NewRecord, TopicPartition
from api.outbox_tail import Headers, OutboxTail
from schemas.outbox import CommandAnswered, OwnershipTaken, type_name
from schemas.topics import EVENTS_OUTBOX, Topics
from tests.eventually import eventually

ME = b"me"
TAKEN = type_name(OwnershipTaken)
ANSWERED = type_name(CommandAnswered)


class Seen:
    """A waiter for every request number, that notes the offsets it was given."""

    def __init__(self) -> None:
        self.offsets: list[int] = []

    def take_in(self, record: LogRecord, headers: Headers) -> None:
        assert headers["ingress"] == ME
        self.offsets.append(record.offset)


def ownership() -> NewRecord:
    return NewRecord(b"{}", [("type", TAKEN)])


def answer(term: int, offset: int, *, ingress: bytes = ME, request: bytes = b"1") -> NewRecord:
    headers = [("type", ANSWERED), ("term", b"%d" % term), ("offset", b"%d" % offset)]
    return NewRecord(b"{}", [*headers, ("ingress", ingress), ("request", request)])


class Outbox:
    """An outbox partition that the test writes by hand, owners and zombies alike."""

    def __init__(self, log: KafkaLog, topics: Topics) -> None:
        self.log = log
        self.partition = TopicPartition(topics[EVENTS_OUTBOX].physical_name, 0)

    async def write(self, records: Iterable[NewRecord]) -> None:
        for record in records:
            await self.log.publisher.send(self.partition, record)

    @contextlib.asynccontextmanager
    async def tail(self, seen: Seen) -> AsyncIterator[OutboxTail]:
        tail = OutboxTail(self.log, [self.partition], ME, {b"1": seen})
        running = asyncio.create_task(tail.run())
        try:
            await asyncio.wait_for(tail.begun.wait(), timeout=10)
            yield tail
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running


@pytest.fixture
async def outbox(kafka_bootstrap: str, topics: Topics) -> AsyncIterator[Outbox]:
    log = KafkaLog(kafka_bootstrap)
    yield Outbox(log, topics)
    await log.close()


async def sees(seen: Seen, offsets: list[int]) -> None:
    def assertion() -> None:
        assert seen.offsets == offsets

    await eventually(assertion)


async def test_in_an_empty_outbox_the_first_owner_is_found(outbox: Outbox) -> None:
    seen = Seen()
    async with outbox.tail(seen) as tail:
        assert tail.ready()
        await outbox.write([ownership(), answer(0, 1)])
        await sees(seen, [1])


async def test_a_void_record_is_not_an_answer(outbox: Outbox) -> None:
    seen = Seen()
    await outbox.write([ownership(), answer(0, 1, ingress=b"other")])
    async with outbox.tail(seen):
        # The owner of term 0 was replaced at 2; what it still gets in at 3 is void. So is what
        # does not stand where it was written for: a second copy at 5.
        await outbox.write([ownership(), answer(0, 3), answer(2, 4), answer(2, 4), answer(2, 6)])
        await sees(seen, [4, 6])


async def test_the_term_in_force_is_found_long_before_the_start(outbox: Outbox) -> None:
    seen = Seen()
    others = (answer(0, offset, ingress=b"other") for offset in range(1, 51))
    await outbox.write([ownership(), *others])
    async with outbox.tail(seen):
        await outbox.write([answer(0, 51)])
        await sees(seen, [51])


async def test_a_void_record_at_the_start_does_not_make_its_term_the_one_in_force(
    outbox: Outbox,
) -> None:
    seen = Seen()
    other = answer(0, 1, ingress=b"other")
    # Offsets: 0 taken, 1 valid, 2 taken anew, 3 and 4 void: the last record names a dead term.
    await outbox.write([ownership(), other, ownership(), other, other])
    async with outbox.tail(seen):
        await outbox.write([answer(0, 5), answer(2, 6)])
        await sees(seen, [6])


async def test_an_ownership_as_the_last_record_is_the_term_in_force(outbox: Outbox) -> None:
    seen = Seen()
    await outbox.write([ownership(), answer(0, 1, ingress=b"other"), ownership()])
    async with outbox.tail(seen):
        await outbox.write([answer(0, 3), answer(2, 4)])
        await sees(seen, [4])


async def test_only_own_requests_are_handed_over(outbox: Outbox) -> None:
    seen = Seen()
    await outbox.write([ownership()])
    async with outbox.tail(seen):
        nobody = NewRecord(b"{}", [("type", ANSWERED), ("term", b"0")])
        unnumbered = NewRecord(
            b"{}", [("type", ANSWERED), ("term", b"0"), ("offset", b"4"), ("ingress", ME)]
        )
        await outbox.write(
            [answer(0, 1, ingress=b"other"), nobody, answer(0, 3, request=b"77"), unnumbered]
        )
        await outbox.write([answer(0, 5)])
        await sees(seen, [5])
