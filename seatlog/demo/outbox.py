"""What the outbox says about the drop while it runs: the truth behind the progress and the plot.

`seatlog verify` reads the same log afterwards, all of it, and judges it; this only counts.
"""

import asyncio
from collections import Counter
from typing import NamedTuple

from adapters.kafka.log import KafkaLog
from adapters.ports import LogRecord, LogUnreachableError, TopicPartition
from schemas.facts import BOOKED, HELD, EventCreated, HoldExpired, SeatsFact, StatusChanged
from schemas.outbox import (
    CommandAnswered,
    OwnershipTaken,
    SeatsRecord,
    decode_seats_record,
    is_void,
)
from schemas.rejections import Rejected
from schemas.topics import EVENTS_OUTBOX, Topics

records_at_once_max = 2_000
fetch_wait_ms = 100
reopen_pause_s = 0.5


class Moment(NamedTuple):
    """The drop at one instant."""

    at: int
    """Partition time, ms since the epoch."""
    sold: int
    held: int


class Ownership(NamedTuple):
    """Somebody took a partition."""

    term: int
    member: str
    at: int


class OutboxCount:
    """Folds the outbox of one event."""

    def __init__(self, event_key: str) -> None:
        self._key = event_key
        self.event: int | None = None
        self.partition: int | None = None
        self.owners: dict[int, list[Ownership]] = {}
        """Who took each partition, in order."""
        self.status: dict[str, str] = {}
        """Seats that are not free."""
        self.sold = 0
        self.held = 0
        self.moments: list[Moment] = []
        self.expired_at: list[int] = []
        """Partition time of each expired hold."""
        self.answered_first: dict[int, int] = {}
        """Append time of the first answer of each term of the event's partition."""
        self.done_in: Counter[int] = Counter()
        """Commands on the event's partition that were done, by second since the epoch."""
        self.refused_in: Counter[int] = Counter()

    @property
    def ownerships(self) -> list[Ownership]:
        """Who took the event's partition, in order."""
        return [] if self.partition is None else self.owners[self.partition]

    def take_in(self, record: LogRecord) -> None:
        """Take in the next record of a partition."""
        told = decode_seats_record(record.value or b"")
        owners = self.owners.setdefault(record.partition, [])
        if isinstance(told, OwnershipTaken):
            owners.append(Ownership(record.offset, told.data.member, record.timestamp))
        elif owners and not is_void(told.data, owners[-1].term, record.offset):
            self._fold(told, record)

    def _fold(self, told: SeatsRecord, record: LogRecord) -> None:
        assert not isinstance(told, OwnershipTaken)
        if isinstance(told, CommandAnswered) and record.partition == self.partition:
            self._answered(told, record)
        before = (self.sold, self.held)
        for fact in told.data.facts:
            if isinstance(fact, StatusChanged) and fact.event == self.event:
                self._change(fact)
            elif isinstance(fact, HoldExpired) and record.partition == self.partition:
                self.expired_at.append(told.data.at)
            elif isinstance(fact, EventCreated) and fact.key == self._key:
                self.event, self.partition = fact.event, record.partition
        if (self.sold, self.held) != before:
            self.moments.append(Moment(told.data.at, self.sold, self.held))

    def _answered(self, told: CommandAnswered[SeatsFact], record: LogRecord) -> None:
        self.answered_first.setdefault(told.data.term, record.timestamp)
        was_refused = isinstance(told.data.answer, Rejected)
        (self.refused_in if was_refused else self.done_in)[record.timestamp // 1000] += 1

    def _change(self, fact: StatusChanged) -> None:
        previous = self.status.get(fact.label)
        self.status[fact.label] = fact.status
        self.sold += (fact.status == BOOKED) - (previous == BOOKED)
        self.held += (fact.status == HELD) - (previous == HELD)


async def follow(log: KafkaLog, topics: Topics, count: OutboxCount) -> None:
    """Read the outbox from its start, until cancelled; over outages of the broker, too."""
    topic = topics[EVENTS_OUTBOX]
    positions = {TopicPartition(topic.physical_name, n): 0 for n in range(topic.partitions)}
    while True:
        try:
            await _read(log, positions, count)
        except LogUnreachableError:
            await asyncio.sleep(reopen_pause_s)


async def _read(log: KafkaLog, positions: dict[TopicPartition, int], count: OutboxCount) -> None:
    reader = await log.read_from(positions)
    try:
        while True:
            for record in await reader.fetch(records_at_once_max, fetch_wait_ms):
                count.take_in(record)
                positions[TopicPartition(record.topic, record.partition)] = record.offset + 1
    finally:
        await reader.close()
