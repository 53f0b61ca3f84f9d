"""The coordinators' decisions, and whether each was applied once where it belongs.

Rules of this file:

1. The coordinators' outboxes are read to their ends before any seats owner's.
2. An owner passes every decision of its inputs in order. What it passes and what concerns it, it
   applies, in a record of its own and with the decision's own facts; what it makes of groups,
   parts.py says.
"""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from schemas.facts import (
    EventCreated,
    EventDeleted,
    EventUpdated,
    GroupBegun,
    GroupCancelled,
    GroupConfirmed,
    GroupEnded,
    GroupQueued,
    GroupRefused,
    GroupReserved,
    GroupsFact,
    HoldDeadlineSet,
    SeasonStatusOverridden,
    partitions_concerned,
)
from schemas.outbox import DecisionApplied
from seatlog.verify.holds import Holds
from seatlog.verify.journal import Entry
from seatlog.verify.offers import channel_of
from seatlog.verify.report import Check, Report

_OF_GROUPS = (GroupBegun, GroupConfirmed, GroupCancelled)


class Known(NamedTuple):
    """What is known of an event that is there."""

    workspace: str
    key: str
    partition: int


class Decision(NamedTuple):
    """What a coordinator's record decided for one partition."""

    source: str
    """The coordinator's outbox partition."""
    offset: int
    facts: list[GroupsFact]

    @property
    def where(self) -> str:
        """Name its place."""
        return f"{self.source} at {self.offset}"

    @property
    def of_groups(self) -> list[GroupsFact]:
        """Give what it says about groups."""
        return [fact for fact in self.facts if isinstance(fact, _OF_GROUPS)]


class Directory:
    """All decisions of all coordinators."""

    def __init__(self, events_partitions: int, report: Report) -> None:
        self._events_partitions = events_partitions
        self._report = report
        self._by_key: dict[tuple[str, str], int] = {}
        self._by_id: dict[int, Known] = {}
        self._ids: defaultdict[str, set[int]] = defaultdict(set)
        self._key_of: dict[int, str] = {}
        self._source_of: dict[int, str] = {}
        """The outbox partition of the coordinator that created an event."""
        self._channels: dict[int, Mapping[str, str]] = {}
        """Of each event: the keys of channels by label of an object."""
        self._decisions: defaultdict[tuple[int, str], deque[Decision]] = defaultdict(deque)

    def take_in(self, source: str, offset: int, entry: Entry) -> None:
        """Fold the facts of a coordinator's record."""
        concerned: defaultdict[int, list[GroupsFact]] = defaultdict(list)
        for fact in entry.data.facts:
            self._fold(fact, entry.where)
            if isinstance(fact, EventCreated):
                self._source_of[fact.event] = source
            for partition in partitions_concerned(fact, self._events_partitions):
                concerned[partition].append(fact)
        for partition, facts in concerned.items():
            self._decisions[partition, source].append(Decision(source, offset, facts))

    def events_of(self, source: str) -> dict[int, Known]:
        """Give the events of a coordinator that are there now."""
        return {
            event: known
            for event, known in self._by_id.items()
            if self._source_of.get(event) == source
        }

    def events_called(self, key: str) -> set[int]:
        """Give every event that ever had this key, in any workspace."""
        return self._ids.get(key, set())

    def key_of(self, event: int) -> str:
        """Give the last key of an event, deleted ones included."""
        return self._key_of.get(event, f"#{event}")

    def place_of(self, event: int, workspace: str, key: str | None) -> int | None:
        """Give the partition of an event that is there now; None if it is not so called."""
        known = self._by_id.get(event)
        is_meant = known is not None and known.workspace == workspace
        return known.partition if known and is_meant and key in (None, known.key) else None

    def channel(self, event: int, label: str) -> str | None:
        """Give the key of the channel that an object is in by now; None: in none."""
        return self._channels.get(event, {}).get(label)

    def coming(self, partition: int) -> Iterator[GroupsFact]:
        """Go through what each coordinator decided next that a partition has not passed yet."""
        for (concerned, _), decisions in self._decisions.items():
            if concerned == partition and decisions:
                yield from decisions[0].facts

    def pass_by(
        self, partition: int, passed: Mapping[str, tuple[int, int]], entry: Entry, holds: Holds
    ) -> tuple[list[Decision], Decision | None]:
        """Check a seats owner's record against the decisions that it has passed.

        `holds` are the partition's, before the record. Gives what it has skipped, and applied.
        """
        due = [
            decision
            for source, (before, after) in passed.items()
            for decision in self._take(partition, source, before, after)
        ]
        applies = isinstance(entry.told, DecisionApplied)
        skipped = due[:-1] if applies else due
        for decision in skipped:
            skips = f"has passed {decision.where} without applying it: {decision.facts}"
            self._report.fault(_check_of(decision.facts), entry.where, skips)
        if applies and not due:
            unasked = f"applies what nobody decided: {entry.data.facts}"
            self._report.fault(_check_of(entry.data.facts), entry.where, unasked)
        elif applies:
            self._compare(due[-1], entry, holds)
        return skipped, due[-1] if applies and due else None

    def finish(self, *, allow_pending: bool) -> None:
        """Note what was never applied."""
        for (partition, _), decisions in self._decisions.items():
            for decision in decisions:
                self._report.counts.pending += 1
                if not allow_pending:
                    what = f"was never applied in partition {partition}: {decision.facts}"
                    self._report.fault(_check_of(decision.facts), decision.where, what)

    def _take(self, partition: int, source: str, before: int, after: int) -> list[Decision]:
        if after <= before:
            return []
        waiting = self._decisions[partition, source]
        taken = []
        while waiting and waiting[0].offset < after:
            taken.append(waiting.popleft())
        return taken

    def _compare(self, decision: Decision, entry: Entry, holds: Holds) -> None:
        # What an event that joins a season overrides, no decision says (overrides.py).
        applied: list[Any] = [
            fact for fact in entry.data.facts if not isinstance(fact, SeasonStatusOverridden)
        ]
        decided = [
            holds.as_applied(fact, entry.data.at) if isinstance(fact, HoldDeadlineSet) else fact
            for fact in decision.facts
        ]
        if not decision.of_groups and applied != decided:
            self._fault(entry.where, f"applies {applied}, and {decision.where} decided {decided}")
        after = entry.data.positions.get(decision.source)
        if after != decision.offset + 1:
            self._fault(entry.where, f"applies {decision.where} and has read up to {after}")

    def _fold(self, fact: GroupsFact, where: str) -> None:
        match fact:
            case EventCreated():
                self._create(fact, where)
            case EventUpdated():
                known = self._forget(fact.event, fact.previous_key, fact.partition, where)
                self._know(fact.event, Known(known.workspace, fact.key, fact.partition), where)
                if fact.selling is not None:
                    self._channels[fact.event] = channel_of(fact.selling.channels)
            case EventDeleted():
                self._forget(fact.event, fact.key, fact.partition, where)
                self._channels.pop(fact.event, None)
            case _:
                pass  # says nothing about events

    def _create(self, fact: EventCreated, where: str) -> None:
        if fact.event in self._key_of:
            self._fault(where, f"gives the id {fact.event} out a second time")
        if not 0 <= fact.partition < self._events_partitions:
            odd = f"puts event {fact.event} into partition {fact.partition}, which is not there"
            self._fault(where, odd)
        self._know(fact.event, Known(fact.workspace, fact.key, fact.partition), where)
        if fact.selling is not None:
            self._channels[fact.event] = channel_of(fact.selling.channels)

    def _know(self, event: int, known: Known, where: str) -> None:
        other = self._by_key.get((known.workspace, known.key))
        if other is not None:
            self._fault(where, f"gives the key {known.key} to event {event}; {other} has it")
        self._by_key[known.workspace, known.key] = event
        self._by_id[event] = known
        self._ids[known.key].add(event)
        self._key_of[event] = known.key

    def _forget(self, event: int, key: str, partition: int, where: str) -> Known:
        known = self._by_id.pop(event, None)
        if known is None:
            self._fault(where, f"is about event {event}, which there is not")
            return Known("", key, partition)
        if (known.key, known.partition) != (key, partition):
            odd = f"says that event {event} was {key} in partition {partition}; it was {known}"
            self._fault(where, odd)
        self._by_key.pop((known.workspace, known.key), None)
        return known

    def _fault(self, where: str, what: str) -> None:
        self._report.fault(Check.DIRECTORY, where, what)


def _check_of(facts: list[Any]) -> Check:
    """Say which check a decision, or what is said to apply one, belongs to."""
    kinds = (*_OF_GROUPS, GroupReserved, GroupRefused, GroupQueued, GroupEnded)
    return Check.GROUPS if any(isinstance(fact, kinds) for fact in facts) else Check.DIRECTORY
