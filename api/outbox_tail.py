"""The tail of all outboxes: finds the answers that this ingress waits for.

Rules of this file:

1. A record of somebody else costs a look at its headers and nothing more.
2. A void record is not an answer (schemas.outbox, rule 2). So reading begins early enough to know
   the term in force: at the term that the partition's last record names, and if that one is void,
   all newer ownership records come after it.
3. After a loss of the log reading goes on where it stopped; an answer is late, never missed.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from adapters.following import follow, reading, when_reachable
from adapters.ports import Log, LogRecord, TopicPartition
from schemas.outbox import (
    HEADER_INGRESS,
    HEADER_OFFSET,
    HEADER_REQUEST,
    HEADER_TERM,
    HEADER_TYPE,
    OwnershipTaken,
    type_name,
)

Headers = Mapping[str, bytes]

_OWNERSHIP_TAKEN = type_name(OwnershipTaken)
_last_record_wait_ms = 1_000


class Waiter(Protocol):
    """Somebody who waits for records."""

    def take_in(self, record: LogRecord, headers: Headers) -> None:
        """Take a valid record that carries the waiter's request number."""
        ...


class OutboxTail:
    """Reads all outbox partitions from their ends on; one instance per process."""

    def __init__(
        self,
        source: Log,
        partitions: Sequence[TopicPartition],
        ingress: bytes,
        waiters: Mapping[bytes, Waiter],
    ) -> None:
        self._source = source
        self._ingress = ingress
        self._waiters = waiters
        # Looked up with plain tuples, which are made quicker and are equal.
        self._partitions: dict[tuple[str, int], _Position] = {p: _Position() for p in partitions}
        self._ends: dict[TopicPartition, int] = {}
        self.begun = asyncio.Event()
        """Set once whatever is appended from now on will be read."""

    async def run(self) -> None:
        """Find the start, then read until cancelled; raises PositionLostError."""
        self._ends = await when_reachable(self._find_start)
        self.begun.set()
        await follow(self._source, self._positions, self.take_in)

    def ready(self) -> bool:
        """Say whether everything was read that stood there at the start."""
        return self.begun.is_set() and all(
            self._partitions[partition].next_offset >= end for partition, end in self._ends.items()
        )

    def take_in(self, records: Sequence[LogRecord]) -> None:
        """Hand each record to the one who waits for it."""
        for record in records:
            position = self._partitions[record.topic, record.partition]
            position.next_offset = record.offset + 1
            headers = dict(record.headers)
            term = headers.get(HEADER_TERM)
            if term is None:
                if headers.get(HEADER_TYPE) == _OWNERSHIP_TAKEN:
                    position.term = b"%d" % record.offset
            elif (
                headers.get(HEADER_INGRESS) == self._ingress
                and term == position.term
                and headers.get(HEADER_OFFSET) == b"%d" % record.offset
            ):
                waiter = self._waiters.get(headers.get(HEADER_REQUEST, b""))
                if waiter is not None:
                    waiter.take_in(record, headers)

    def _positions(self) -> dict[TopicPartition, int]:
        return {TopicPartition(*p): here.next_offset for p, here in self._partitions.items()}

    async def _find_start(self) -> dict[TopicPartition, int]:
        """Set each partition to the term that its last record names; give the ends."""
        ends: dict[TopicPartition, int] = {}
        lasts: dict[TopicPartition, int] = {}
        for partition in self._positions():
            span = await self._source.span(partition)
            ends[partition] = span.end
            if span.end > span.begin:
                lasts[partition] = span.end - 1
        for partition, term in (await self._terms_named_at(lasts)).items():
            self._partitions[partition].next_offset = term
        return ends

    async def _terms_named_at(
        self, offsets: Mapping[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        terms: dict[TopicPartition, int] = {}
        if not offsets:
            return terms
        async with reading(self._source, offsets) as reader:
            while len(terms) < len(offsets):
                for record in await reader.fetch(1_000, _last_record_wait_ms):
                    partition = TopicPartition(record.topic, record.partition)
                    if record.offset == offsets[partition]:
                        terms[partition] = _term_named_by(record)
        return terms


class _Position:
    """How far a partition was read, and the term in force there."""

    __slots__ = ("next_offset", "term")

    def __init__(self) -> None:
        self.next_offset = 0
        self.term: bytes | None = None


def _term_named_by(record: LogRecord) -> int:
    headers = dict(record.headers)
    if headers.get(HEADER_TYPE) == _OWNERSHIP_TAKEN:
        return record.offset
    return int(headers[HEADER_TERM])
