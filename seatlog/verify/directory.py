"""The coordinators' decisions, and whether each was applied once where it belongs.

Rules of this file:

1. The coordinators' outboxes are read to their ends before any seats owner's.
2. An owner passes every decision of its inputs in order. What it passes and what concerns it, it
   applies, in a record of its own and with the decision's own facts.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.facts import (
    EventCreated,
    EventDeleted,
    EventUpdated,
    GroupsFact,
    HoldDeadlineSet,
    partitions_concerned,
)
from schemas.outbox import DecisionApplied
from seatlog.verify.holds import Holds
from seatlog.verify.journal import Entry
from seatlog.verify.report import Check, Report


class _Known(NamedTuple):
    workspace: str
    key: str
    partition: int


class Decision(NamedTuple):
    """What a coordinator's record decided for one partition."""

    source: str
    """The coordinator's outbox partition."""
    offset: int
    facts: list[GroupsFact]


class Directory:
    """All decisions of all coordinators."""

    def __init__(self, events_partitions: int, report: Report) -> None:
        self._events_partitions = events_partitions
        self._report = report
        self._by_key: dict[tuple[str, str], int] = {}
        self._by_id: dict[int, _Known] = {}
        self._ids: defaultdict[str, set[int]] = defaultdict(set)
        self._key_of: dict[int, str] = {}
        self._decisions: defaultdict[tuple[int, str], deque[Decision]] = defaultdict(deque)

    def take_in(self, source: str, offset: int, entry: Entry) -> None:
        """Fold the facts of a coordinator's record."""
        concerned: defaultdict[int, list[GroupsFact]] = defaultdict(list)
        for fact in entry.data.facts:
            self._fold(fact, entry.where)
            for partition in partitions_concerned(fact, self._events_partitions):
                concerned[partition].append(fact)
        for partition, facts in concerned.items():
            self._decisions[partition, source].append(Decision(source, offset, facts))

    def events_called(self, key: str) -> set[int]:
        """Give every event that ever had this key, in any workspace."""
        return self._ids.get(key, set())

    def key_of(self, event: int) -> str:
        """Give the last key of an event, deleted ones included."""
        return self._key_of.get(event, f"#{event}")

    def pass_by(
        self, partition: int, passed: Mapping[str, tuple[int, int]], entry: Entry, holds: Holds
    ) -> None:
        """Check a seats owner's record against the decisions that it has passed.

        `holds` are the partition's, before the record.
        """
        due = [
            decision
            for source, (before, after) in passed.items()
            for decision in self._take(partition, source, before, after)
        ]
        applies = isinstance(entry.told, DecisionApplied)
        skipped = due[:-1] if applies else due
        for decision in skipped:
            at = f"{decision.source} at {decision.offset}"
            self._fault(entry.where, f"has passed {at} without applying it: {decision.facts}")
        if applies and not due:
            self._fault(entry.where, f"applies what nobody decided: {entry.data.facts}")
        elif applies:
            self._compare(due[-1], entry, holds)

    def finish(self, *, allow_pending: bool) -> None:
        """Note what was never applied."""
        for (partition, source), decisions in self._decisions.items():
            for decision in decisions:
                self._report.counts.pending += 1
                if not allow_pending:
                    what = f"was never applied in partition {partition}: {decision.facts}"
                    self._fault(f"{source} at {decision.offset}", what)

    def _take(self, partition: int, source: str, before: int, after: int) -> list[Decision]:
        if after <= before:
            return []
        waiting = self._decisions[partition, source]
        taken = []
        while waiting and waiting[0].offset < after:
            taken.append(waiting.popleft())
        return taken

    def _compare(self, decision: Decision, entry: Entry, holds: Holds) -> None:
        applied: list[Any] = entry.data.facts
        decided = [
            holds.as_applied(fact, entry.data.at) if isinstance(fact, HoldDeadlineSet) else fact
            for fact in decision.facts
        ]
        if applied != decided:
            at = f"{decision.source} at {decision.offset}"
            self._fault(entry.where, f"applies {applied}, and {at} decided {decided}")
        after = entry.data.positions.get(decision.source)
        if after != decision.offset + 1:
            at = f"{decision.source} at {decision.offset}"
            self._fault(entry.where, f"applies {at} and has read up to {after}")

    def _fold(self, fact: GroupsFact, where: str) -> None:
        match fact:
            case EventCreated():
                self._create(fact, where)
            case EventUpdated():
                known = self._forget(fact.event, fact.previous_key, fact.partition, where)
                self._know(fact.event, _Known(known.workspace, fact.key, fact.partition), where)
            case EventDeleted():
                self._forget(fact.event, fact.key, fact.partition, where)
            case HoldDeadlineSet():
                pass

    def _create(self, fact: EventCreated, where: str) -> None:
        if fact.event in self._key_of:
            self._fault(where, f"gives the id {fact.event} out a second time")
        if not 0 <= fact.partition < self._events_partitions:
            odd = f"puts event {fact.event} into partition {fact.partition}, which is not there"
            self._fault(where, odd)
        self._know(fact.event, _Known(fact.workspace, fact.key, fact.partition), where)

    def _know(self, event: int, known: _Known, where: str) -> None:
        other = self._by_key.get((known.workspace, known.key))
        if other is not None:
            self._fault(where, f"gives the key {known.key} to event {event}; {other} has it")
        self._by_key[known.workspace, known.key] = event
        self._by_id[event] = known
        self._ids[known.key].add(event)
        self._key_of[event] = known.key

    def _forget(self, event: int, key: str, partition: int, where: str) -> _Known:
        known = self._by_id.pop(event, None)
        if known is None:
            self._fault(where, f"is about event {event}, which there is not")
            return _Known("", key, partition)
        if (known.key, known.partition) != (key, partition):
            odd = f"says that event {event} was {key} in partition {partition}; it was {known}"
            self._fault(where, odd)
        self._by_key.pop((known.workspace, known.key), None)
        return known

    def _fault(self, where: str, what: str) -> None:
        self._report.fault(Check.DIRECTORY, where, what)
