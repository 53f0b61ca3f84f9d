"""What the outbox says about the drop while it runs: the truth behind the progress and the plot.

`seatlog verify` reads the same log afterwards, all of it, and judges it; this only counts.
"""

import asyncio
from collections import Counter, defaultdict
from typing import NamedTuple

from adapters.kafka.log import KafkaLog
from adapters.ports import LogRecord, LogUnreachableError, TopicPartition
from schemas.facts import (
    BOOKED,
    HELD,
    EventCreated,
    GroupEnded,
    GroupQueued,
    GroupRefused,
    GroupReserved,
    HoldExpired,
    SeatsFact,
    StatusChanged,
)
from schemas.outbox import (
    CommandAnswered,
    OwnershipTaken,
    SeatsRecord,
    decode_seats_record,
    is_void,
)
from schemas.rejections import Rejected
from schemas.topics import EVENTS_OUTBOX, Topics
from seatlog.demo.plan import WEEKEND_ORDER
from seatlog.demo.weekend import Weekend

records_at_once_max = 2_000
fetch_wait_ms = 100
reopen_pause_s = 0.5


class Moment(NamedTuple):
    """The drop at one instant."""

    at: int
    """Partition time, ms since the epoch."""
    sold: int
    held: int
    on_passes: int
    """Of those that are sold."""


class Ownership(NamedTuple):
    """Somebody took a partition."""

    term: int
    member: str
    at: int


class Day:
    """The seats of one event."""

    def __init__(self, partition: int) -> None:
        self.partition = partition
        self.sold = 0
        self.held = 0
        self.on_passes = 0
        """Seats sold on weekend passes."""
        self.passes: defaultdict[str, set[str]] = defaultdict(set)
        """The seats of each pass, by its order id."""
        self._status: dict[str, str] = {}
        """Seats that are not free."""

    def change(self, fact: StatusChanged) -> None:
        """Take in the next change of a seat."""
        previous = self._status.get(fact.label)
        self._status[fact.label] = fact.status
        newly_sold = (fact.status == BOOKED) - (previous == BOOKED)
        self.sold += newly_sold
        self.held += (fact.status == HELD) - (previous == HELD)
        if newly_sold > 0 and fact.order_id is not None and fact.order_id.startswith(WEEKEND_ORDER):
            self.passes[fact.order_id].add(fact.label)
            self.on_passes += 1


class Passes(NamedTuple):
    """The weekend passes in the log."""

    whole: int
    """With the same seats on all days."""
    torn: int
    """All others."""


class OutboxCount:
    """Folds the outboxes of a weekend's events; the drop is Saturday's."""

    def __init__(self, weekend: Weekend) -> None:
        self._weekend = weekend
        self._days: dict[int, Day] = {}
        """By event."""
        self._by_key: dict[str, Day] = {}
        self.owners: dict[int, list[Ownership]] = {}
        """Who took each partition, in order."""
        self.moments: list[Moment] = []
        self.expired_at: list[int] = []
        """Partition time of each expired hold of the drop."""
        self.answered_first: dict[int, int] = {}
        """Append time of the first answer of each term of the drop's partition."""
        self.done_in: Counter[int] = Counter()
        """Commands on the drop's partition that were done, by second since the epoch."""
        self.refused_in: Counter[int] = Counter()
        self._in_doubt: defaultdict[int, set[int]] = defaultdict(set)
        """Groups that are begun in a partition and not ended."""

    @property
    def partition(self) -> int | None:
        """Where the drop lives."""
        drop = self._by_key.get(self._weekend.saturday)
        return None if drop is None else drop.partition

    @property
    def ownerships(self) -> list[Ownership]:
        """Who took the drop's partition, in order."""
        return [] if self.partition is None else self.owners[self.partition]

    @property
    def sold(self) -> int:
        """Seats of the drop that are sold."""
        return self.moments[-1].sold if self.moments else 0

    @property
    def held(self) -> int:
        """Seats of the drop that are held."""
        return self.moments[-1].held if self.moments else 0

    @property
    def sold_in_all(self) -> int:
        """Seats sold on all days."""
        return sum(day.sold for day in self._days.values())

    @property
    def partitions(self) -> list[int]:
        """Where each of the days lives."""
        return [day.partition for day in self._days.values()]

    @property
    def groups_in_doubt(self) -> int:
        """Groups that are begun somewhere and not ended there."""
        return len(set().union(*self._in_doubt.values()))

    def on_passes(self) -> list[int]:
        """Give the seats sold on weekend passes, day by day."""
        days = (self._by_key.get(key) for key in self._weekend.days)
        return [0 if day is None else day.on_passes for day in days]

    def passes(self) -> Passes:
        """Compare the weekend passes of all days."""
        days = list(self._days.values())
        orders = {order for day in days for order in day.passes}
        torn = sum(1 for order in orders if any(_differ(order, day, days[0]) for day in days))
        return Passes(len(orders) - torn, torn)

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
        is_of_drop = record.partition == self.partition
        if isinstance(told, CommandAnswered) and is_of_drop:
            self._answered(told, record)
        for fact in told.data.facts:
            match fact:
                case StatusChanged() if fact.event in self._days:
                    self._days[fact.event].change(fact)
                case HoldExpired() if is_of_drop:
                    self.expired_at.append(told.data.at)
                case EventCreated() if fact.key in self._weekend.days:
                    self._days[fact.event] = self._by_key[fact.key] = Day(record.partition)
                case GroupReserved() | GroupRefused() | GroupQueued():
                    self._in_doubt[record.partition].add(fact.group)
                case GroupEnded():
                    self._in_doubt[record.partition].discard(fact.group)
        if drop := self._by_key.get(self._weekend.saturday):
            now = Moment(told.data.at, drop.sold, drop.held, drop.on_passes)
            if now[1:] != (self.moments[-1][1:] if self.moments else (0, 0, 0)):
                self.moments.append(now)

    def _answered(self, told: CommandAnswered[SeatsFact], record: LogRecord) -> None:
        self.answered_first.setdefault(told.data.term, record.timestamp)
        was_refused = isinstance(told.data.answer, Rejected)
        (self.refused_in if was_refused else self.done_in)[record.timestamp // 1000] += 1


def _differ(order: str, day: Day, other: Day) -> bool:
    return day.passes.get(order) != other.passes.get(order)


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
