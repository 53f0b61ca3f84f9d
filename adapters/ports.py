"""The ports: what the loops need of a log, of a consumer group and of a clock.

Rules of this file:

1. The port speaks Kafka's terms, because its guarantees are what the design rests on; another
   adapter must keep them (tests/adapters/test_log_contract.py says how).
2. An append is one batch: all of it stands in the log or a prefix, and an ack names the offset.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        """Give the form that records use: `topic/partition`."""
        return f"{self.topic}/{self.partition}"


key_and_headers_bytes = 512
"""More than our own keys and headers take; counting them costs more than it tells. Records about
hundreds of events have some KB of headers: who limits sizes leaves room for that."""


class NewRecord(msgspec.Struct, frozen=True, gc=False):
    """A record to append; the log stamps offset and time."""

    value: bytes
    headers: Sequence[tuple[str, bytes]] = ()
    key: bytes | None = None

    @property
    def size(self) -> int:
        """Estimate the bytes it takes in a batch: the value, and enough for key and headers."""
        return len(self.value) + key_and_headers_bytes


class LogRecord(Protocol):
    """A record that was read."""

    @property
    def topic(self) -> str: ...
    @property
    def partition(self) -> int: ...
    @property
    def offset(self) -> int: ...
    @property
    def timestamp(self) -> int:
        """The log's own append time, ms since the epoch."""
        ...

    @property
    def key(self) -> bytes | None: ...
    @property
    def value(self) -> bytes | None: ...
    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...


class Appended(msgspec.Struct, frozen=True, gc=False):
    """The acknowledgement of an append."""

    offset: int
    """Offset of the first record of the batch."""
    timestamp: int
    """The log's append time, ms since the epoch."""


class Span(NamedTuple):
    """The offsets a partition holds: `begin` up to, not including, `end`."""

    begin: int
    end: int


class FencedError(Exception):
    """A newer owner of this transactional id has appended; this one may not any more."""


class AppendUnknownError(Exception):
    """It is not known whether the append stands in the log, and the appender is spent."""


class LogUnreachableError(Exception):
    """The log does not answer; nothing was appended."""


class RecordTooLargeError(Exception):
    """The record is larger than its topic takes: nothing was appended, and a retry cannot help."""


class PositionLostError(Exception):
    """A position to read from lies outside what the log holds: going on would skip records."""


class Appender(Protocol):
    """The right to append to one partition, until somebody takes it anew."""

    @property
    def producer_id(self) -> int: ...
    @property
    def producer_epoch(self) -> int: ...

    async def append(self, records: Sequence[NewRecord]) -> Appended:
        """Append one batch and wait for all in-sync replicas.

        Raises FencedError or AppendUnknownError; after either the appender is spent.
        """
        ...

    async def drop(self) -> None:
        """Let go of the client without flushing: what is not acknowledged may be lost."""
        ...


class Reader(Protocol):
    """Reads partitions forward, each in its own order."""

    async def fetch(self, records_max: int, timeout_ms: int) -> Sequence[LogRecord]:
        """Give the next records; none after `timeout_ms`, or as soon as there are none by then.

        Raises PositionLostError.
        """
        ...

    def caught_up_at(self) -> int | None:
        """Give the latest instant (monotonic ms) before which everything was read; None: behind.

        It is sampled before the request that came back empty was sent: a process that was
        stopped in between must not take the answer for a newer one.
        """
        ...

    async def close(self) -> None: ...


class Log(Protocol):
    """The log as an owner sees it."""

    async def take(self, partition: TopicPartition) -> Appender:
        """Become the partition's newest appender: from its first append on, older ones fail."""
        ...

    async def span(self, partition: TopicPartition) -> Span:
        """Say which offsets the partition holds."""
        ...

    async def read_from(self, positions: Mapping[TopicPartition, int]) -> Reader:
        """Read partitions from the given offsets on."""
        ...

    async def publish(self, partition: TopicPartition, records: Sequence[NewRecord]) -> None:
        """Append without ownership, at least once (votes, snapshots, dead letters).

        Raises LogUnreachableError, AppendUnknownError, RecordTooLargeError.
        """
        ...


class Membership(Protocol):
    """What the consumer group suggests that this process should own."""

    async def changed(self) -> frozenset[TopicPartition]:
        """Wait for the next assignment and give it whole."""
        ...

    async def confirmed(self) -> None:
        """Wait until the group has confirmed, from now on, that this process is a member."""
        ...

    async def close(self) -> None:
        """Leave quietly; a static member keeps its partitions for a session's length."""
        ...


class Clock(Protocol):
    """Time that passes; never the time of day."""

    def monotonic_ms(self) -> int:
        """Milliseconds since some fixed instant."""
        ...

    async def sleep_ms(self, duration_ms: int) -> None:
        """Wait."""
        ...
