"""The `Log` port in memory, with Kafka's semantics of ownership, for tests and simulation.

Rules of this file:

1. Taking a partition raises its epoch, but an older appender is refused only once the newer one
   has appended: that is how a partition's leader learns of the epoch.
2. Records are never taken away and never changed; their time is the log's, and never goes back.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from adapters.ports import (
    Appended,
    AppendUnknownError,
    FencedError,
    NewRecord,
    PositionLostError,
    Span,
    TopicPartition,
)


@dataclass(frozen=True, slots=True)
class MemoryRecord:
    """A record that was read."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


class MemoryLog:
    """All partitions of a pretended cluster; `now_ms` is the broker's clock."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        self._records: dict[TopicPartition, list[MemoryRecord]] = {}
        self._epochs_given: dict[TopicPartition, int] = {}
        self._epochs_seen: dict[TopicPartition, int] = {}
        self._news = asyncio.Event()

    async def take(self, partition: TopicPartition) -> "MemoryAppender":
        """Become the partition's newest appender."""
        epoch = self._epochs_given.get(partition, -1) + 1
        self._epochs_given[partition] = epoch
        return MemoryAppender(self, partition, epoch)

    async def span(self, partition: TopicPartition) -> Span:
        """Say which offsets the partition holds."""
        return Span(0, len(self._records.get(partition, ())))

    async def read_from(self, positions: Mapping[TopicPartition, int]) -> "MemoryReader":
        """Read partitions from the given offsets on."""
        for partition, offset in positions.items():
            end = len(self._records.get(partition, ()))
            if not 0 <= offset <= end:
                raise PositionLostError(f"{partition}: position {offset} is outside 0 to {end}")
        return MemoryReader(self, positions)

    async def publish(self, partition: TopicPartition, records: Sequence[NewRecord]) -> None:
        """Append without ownership."""
        self.store(partition, records)

    def store(self, partition: TopicPartition, records: Sequence[NewRecord]) -> Appended:
        """Append records as the broker does: stamped and in order."""
        stored = self._records.setdefault(partition, [])
        first = len(stored)
        timestamp = max(self._now_ms(), stored[-1].timestamp if stored else 0)
        for place, record in enumerate(records):
            stored.append(
                MemoryRecord(
                    *partition, first + place, timestamp, record.key, record.value, record.headers
                )
            )
        self._news.set()
        self._news = asyncio.Event()
        return Appended(first, timestamp)

    def admit(self, partition: TopicPartition, epoch: int) -> None:
        """Check an appender's epoch as the partition's leader does."""
        if epoch < self._epochs_seen.get(partition, -1):
            raise FencedError(f"{partition} has a newer owner")
        self._epochs_seen[partition] = epoch

    def records(self, partition: TopicPartition) -> list[MemoryRecord]:
        """Give all records of a partition."""
        return self._records.setdefault(partition, [])

    async def wait_for_news(self, timeout_ms: int) -> None:
        """Wait until something is appended anywhere, or the time is over."""
        try:
            async with asyncio.timeout(timeout_ms / 1000):
                await self._news.wait()
        except TimeoutError:
            return

    def monotonic_ms(self) -> int:
        """Give the instant that `caught_up_at` speaks of."""
        return self._now_ms()


class MemoryAppender:
    """The right to append to one partition, until somebody takes it anew."""

    def __init__(self, log: MemoryLog, partition: TopicPartition, epoch: int) -> None:
        self._log = log
        self._partition = partition
        self._epoch = epoch
        self._spent = False

    @property
    def producer_id(self) -> int:
        """One transactional id, one producer id."""
        return 0

    @property
    def producer_epoch(self) -> int:
        """Number of times the partition was taken before."""
        return self._epoch

    async def append(self, records: Sequence[NewRecord]) -> Appended:
        """Append one batch."""
        if self._spent:
            raise AppendUnknownError(f"{self._partition}: this appender is spent")
        self._spent = True
        await asyncio.sleep(0)
        self._log.admit(self._partition, self._epoch)
        appended = self._log.store(self._partition, records)
        self._spent = False
        return appended

    async def drop(self) -> None:
        """Let go."""
        self._spent = True


class MemoryReader:
    """Reads partitions forward, each in its own order."""

    def __init__(self, log: MemoryLog, positions: Mapping[TopicPartition, int]) -> None:
        self._log = log
        self._positions = dict(positions)
        self._caught_up_at: int | None = None

    async def fetch(self, records_max: int, timeout_ms: int) -> Sequence[MemoryRecord]:
        """Give the next records, none after `timeout_ms`."""
        asked_at = self._log.monotonic_ms()
        fetched = self._take(records_max)
        if not fetched:
            self._caught_up_at = asked_at
            await self._log.wait_for_news(timeout_ms)
            fetched = self._take(records_max)
        if fetched:
            self._caught_up_at = None
        return fetched

    def _take(self, records_max: int) -> list[MemoryRecord]:
        fetched: list[MemoryRecord] = []
        for partition, position in self._positions.items():
            room = records_max - len(fetched)
            news = self._log.records(partition)[position : position + room]
            self._positions[partition] = position + len(news)
            fetched.extend(news)
        return fetched

    def caught_up_at(self) -> int | None:
        """Give the latest instant before which everything was read."""
        return self._caught_up_at

    async def close(self) -> None:
        """Nothing to close."""
