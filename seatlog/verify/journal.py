"""One outbox partition, read from its start: which records are there, and which of them count."""

from bisect import bisect_left
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from adapters.ports import LogRecord, TopicPartition
from schemas.outbox import (
    HEADER_EVENT,
    HEADER_OFFSET,
    HEADER_TERM,
    HEADER_TYPE,
    HEADER_WORKSPACE,
    CommandAnswered,
    CommandDeferred,
    Data,
    DecisionApplied,
    OwnershipTaken,
    TimePassed,
    VoteTaken,
    type_name,
)
from seatlog.verify.report import Check, Report

clock_drift_ms = 1_000
"""How far an owner's own clock may carry it ahead of the broker's between two answers."""

Told = (
    CommandAnswered[Any]
    | CommandDeferred[Any]
    | TimePassed[Any]
    | DecisionApplied[Any]
    | VoteTaken[Any]
)
OutboxRecord = OwnershipTaken | Told
_TYPE_NAMES: dict[type[Any], bytes] = {
    kind: type_name(kind)
    for kind in (
        OwnershipTaken,
        CommandAnswered,
        CommandDeferred,
        TimePassed,
        DecisionApplied,
        VoteTaken,
    )
}


class Entry(NamedTuple):
    """A record that counts."""

    where: str
    told: Told
    data: Data[Any]
    appended_at: int
    """By the broker's clock."""
    workspace: str = ""
    """From the record's headers."""


class Journal:
    """Reads one outbox partition."""

    def __init__(
        self, partition: TopicPartition, decode: Callable[[bytes], OutboxRecord], report: Report
    ) -> None:
        self.partition = partition
        self.next_offset = 0
        self.at = 0
        """The partition's time after the last record."""
        self._decode = decode
        self._report = report
        self._terms: list[int] = []
        self._producers: set[tuple[int, int]] = set()
        """Id and epoch of everybody who has owned the partition."""
        self._not_trusted: set[int] = set()
        """Terms whose producer had owned the partition before."""
        self._report.counts.ownerships[str(partition)] = 0

    def read(self, record: LogRecord) -> Entry | None:
        """Check a record; give it if it counts, None if it is an ownership, void or unreadable."""
        where = f"{self.partition} at {record.offset}"
        if record.offset != self.next_offset:
            missing = f"expected offset {self.next_offset}: records are missing"
            self._report.fault(Check.LOG, where, missing)
        self.next_offset = record.offset + 1
        try:
            told = self._decode(record.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._report.fault(Check.LOG, where, f"cannot be read: {error}")
            return None
        if isinstance(told, OwnershipTaken):
            self._take(told, record, where)
            return None
        if not self._counts(told, record.offset, where):
            return None
        self._check(told, record, where)
        said = (_header(record, HEADER_WORKSPACE) or b"").decode(errors="replace")
        return Entry(where, told, told.data, record.timestamp, said)

    @property
    def term(self) -> int | None:
        """The term in force; None before anybody has taken the partition."""
        return self._terms[-1] if self._terms else None

    def term_before(self, offset: int) -> int | None:
        """Give the term that was in force for a reader that has read up to `offset`."""
        place = bisect_left(self._terms, offset)
        return self._terms[place - 1] if place else None

    def _take(self, taken: OwnershipTaken, record: LogRecord, where: str) -> None:
        self._terms.append(record.offset)
        producer = taken.data.producer_id, taken.data.producer_epoch
        if producer in self._producers:
            self._not_trusted.add(record.offset)
        self._producers.add(producer)
        self._report.counts.ownerships[str(self.partition)] += 1
        self._check_header(record, HEADER_TYPE, [_TYPE_NAMES[OwnershipTaken]], where)

    def _counts(self, told: Told, offset: int, where: str) -> bool:
        """Say whether a record is not void: of the term in force, and where it was written for."""
        term = told.data.term
        place = bisect_left(self._terms, term)
        if place == len(self._terms) or self._terms[place] != term:
            self._report.fault(Check.TERMS, where, f"carries term {term}, which nobody has taken")
            return False
        if term in self._not_trusted:
            # The ack of one owner's append may have been that of the other's.
            again = f"carries term {term}, whose producer had owned the partition before"
            self._report.fault(Check.TERMS, where, again)
        if term != self._terms[-1] or told.data.offset != offset:
            self._report.counts.void_records += 1
            return False
        return True

    def _check(self, told: Told, record: LogRecord, where: str) -> None:
        at = told.data.at
        if at < self.at:
            backwards = f"time runs backwards, from {self.at} to {at}"
            self._report.fault(Check.TIME, where, backwards)
        if at > record.timestamp + clock_drift_ms:
            ahead = f"its time {at} is ahead of the broker's {record.timestamp}"
            self._report.fault(Check.TIME, where, ahead)
        self.at = max(self.at, at)
        if told.id != f"{self._terms[-1]}-{record.offset}":
            odd = f"has id {told.id}, expected {self._terms[-1]}-{record.offset}"
            self._report.fault(Check.LOG, where, odd)
        self._check_headers(told, record, where)

    def _check_headers(self, told: Told, record: LogRecord, where: str) -> None:
        self._check_header(record, HEADER_TYPE, [_TYPE_NAMES[type(told)]], where)
        self._check_header(record, HEADER_TERM, [b"%d" % told.data.term], where)
        self._check_header(record, HEADER_OFFSET, [b"%d" % told.data.offset], where)
        told_of = (getattr(fact, "event", None) for fact in told.data.facts)
        events = dict.fromkeys(b"%d" % event for event in told_of if event is not None)
        self._check_header(record, HEADER_EVENT, [*events], where)

    def _check_header(
        self, record: LogRecord, name: str, expected: list[bytes], where: str
    ) -> None:
        found = [value for key, value in record.headers if key == name]
        if found != expected:
            odd = f"header {name} is {found}, its body says {expected}"
            self._report.fault(Check.LOG, where, odd)


def _header(record: LogRecord, name: str) -> bytes | None:
    return next((value for key, value in record.headers if key == name), None)
