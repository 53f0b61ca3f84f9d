"""The whole log, taken in record by record: `History.finish` gives the report.

Rules of this file:

1. Records of one partition come in its order. The inventories and the snapshots come first, then
   the groups' topics, then the events'; within these the partitions may come in any turns.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from adapters.ports import LogRecord, Span, TopicPartition
from schemas.facts import BOOKED, HELD
from schemas.outbox import decode_groups_record, decode_seats_record
from schemas.topics import (
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    EVENTS_SNAPSHOTS,
    GROUPS_COMMANDS,
    GROUPS_OUTBOX,
    GROUPS_SNAPSHOTS,
    GROUPS_VOTES,
    INVENTORIES,
    Topics,
)
from seatlog.verify.clients import Clients
from seatlog.verify.directory import Directory
from seatlog.verify.groups import Groups
from seatlog.verify.groups_judge import GroupsJudge
from seatlog.verify.inputs import Inputs
from seatlog.verify.journal import Journal
from seatlog.verify.kept import KeptAnswers
from seatlog.verify.objects import Fold
from seatlog.verify.pairing import Judge, Pair
from seatlog.verify.places import Inventories
from seatlog.verify.report import Check, Report
from seatlog.verify.results import Results
from seatlog.verify.seats_judge import SeatsJudge
from seatlog.verify.snapshots import NewestSnapshot, directory_differences, seats_differences
from seatlog.verify.states import EventFold

overdue_grace_ms = 10_000
"""At the end of the log: how long a deadline may lie back before somebody should have acted.
A restart of a worker fits in (3 s), and so does one that waits for its session to end."""

Spans = Mapping[TopicPartition, Span]


class History:
    """Everything that was logged, checked as it comes."""

    def __init__(
        self,
        topics: Topics,
        spans: Spans,
        *,
        clients: Clients | None = None,
        allow_pending: bool = False,
        changes_since: int = 0,
        results_since: int | None = None,
    ) -> None:
        """Begin; without `results_since` nothing is kept to compare results with."""
        self.report = Report()
        self.directory = Directory(topics[EVENTS_OUTBOX].partitions, self.report)
        self.groups = Groups(self.report)
        self.journals: dict[TopicPartition, Journal] = {}
        self.folds: dict[TopicPartition, Fold] = {}
        self._topics = topics
        self._spans = spans
        self._clients = clients
        self._witness = clients.hear if clients is not None else None
        self._allow_pending = allow_pending
        self.changes_since = changes_since
        """Status changes from then on are compared with the read model: it forgets older ones."""
        self.answers = KeptAnswers(results_since) if results_since is not None else None
        self._inventories = Inventories(self.report)
        self._newest = 0
        self._coordinators: dict[str, Journal] = {}
        self._pairs: dict[TopicPartition, Pair] = {}
        self._take: dict[tuple[str, int], Callable[[LogRecord], None]] = {
            TopicPartition(topics[INVENTORIES].physical_name, partition): self._inventories.take_in
            for partition in range(topics[INVENTORIES].partitions)
        }
        for partition in range(topics[GROUPS_OUTBOX].partitions):
            self._add_coordinator(partition)
        for partition in range(topics[EVENTS_OUTBOX].partitions):
            self._add_seats_owner(partition)

    def take_in(self, record: LogRecord) -> None:
        """Take in the next record of a partition."""
        self._newest = max(self._newest, record.timestamp)
        self._take[record.topic, record.partition](record)

    def finish(self) -> Report:
        """Check what can only be seen at the end."""
        for outbox, pair in self._pairs.items():
            pair.finish(self._span(outbox).end, allow_pending=self._allow_pending)
        self.directory.finish(allow_pending=self._allow_pending)
        self.groups.finish(self._newest, allow_pending=self._allow_pending)
        for partition, fold in self.folds.items():
            fold.holds.check_due(self._newest, f"{partition} at its end", grace_ms=overdue_grace_ms)
        self._count()
        if self._clients is not None:
            del self.report.skipped[Check.CLIENTS]
            self._clients.compare(self.directory, self.events(), self.report)
        return self.report

    def events(self) -> dict[int, EventFold]:
        """Give the state of all events."""
        return {event.id: event for fold in self.folds.values() for event in fold.events.values()}

    def _add_coordinator(self, partition: int) -> None:
        commands, outbox = self._pair(GROUPS_COMMANDS, GROUPS_OUTBOX, partition)
        votes = TopicPartition(self._topics[GROUPS_VOTES].physical_name, partition)
        journal = Journal(outbox, decode_groups_record, self.report)
        self.journals[outbox] = self._coordinators[str(outbox)] = journal
        span = self._span(commands)
        judge = GroupsJudge(
            outbox=outbox,
            directory=self.directory,
            groups=self.groups,
            inputs=Inputs(commands, span, {}, self.report, votes=(votes, self._span(votes))),
            results=Results(commands, span, self.report),
            report=self.report,
            witness=self._witness,
        )
        differences = partial(
            directory_differences, directory=self.directory, coordinator=str(outbox)
        )
        newest = self._newest_snapshot(GROUPS_SNAPSHOTS, outbox, differences)
        self._add_pair(commands, journal, judge, newest)

    def _add_seats_owner(self, partition: int) -> None:
        commands, outbox = self._pair(EVENTS_COMMANDS, EVENTS_OUTBOX, partition)
        journal = self.journals[outbox] = Journal(outbox, decode_seats_record, self.report)
        fold = self.folds[outbox] = Fold(self._inventories, self.report, self.changes_since)
        span = self._span(commands)
        judge = SeatsJudge(
            partition=partition,
            fold=fold,
            directory=self.directory,
            groups=self.groups,
            inputs=Inputs(commands, span, self._coordinators, self.report),
            results=Results(commands, span, self.report),
            report=self.report,
            witness=self._witness,
        )
        differences = partial(seats_differences, fold=fold)
        newest = self._newest_snapshot(EVENTS_SNAPSHOTS, outbox, differences)
        self._add_pair(commands, journal, judge, newest)

    def _newest_snapshot(
        self, topic: str, outbox: TopicPartition, differences: Callable[[bytes], Iterator[str]]
    ) -> NewestSnapshot:
        newest = NewestSnapshot(outbox, differences, self.report)
        self._take[self._topics[topic].physical_name, outbox.partition] = newest.take_in
        return newest

    def _pair(
        self, commands: str, outbox: str, partition: int
    ) -> tuple[TopicPartition, TopicPartition]:
        names = (self._topics[commands].physical_name, self._topics[outbox].physical_name)
        return TopicPartition(names[0], partition), TopicPartition(names[1], partition)

    def _span(self, partition: TopicPartition) -> Span:
        return self._spans.get(partition, Span(0, 0))

    def _add_pair(
        self, commands: TopicPartition, journal: Journal, judge: Judge, newest: NewestSnapshot
    ) -> None:
        outbox = journal.partition
        answered = self.answers.add(commands, outbox) if self.answers is not None else None
        named = (commands, self._span(commands), journal, judge, self.report)
        pair = self._pairs[outbox] = Pair(*named, snapshot=newest, answered=answered)
        self._take[commands] = pair.take_command
        self._take[outbox] = pair.take_told

    def _count(self) -> None:
        counts = self.report.counts
        counts.rejections = dict(self.report.rejections)
        for event in self.events().values():
            sold = 0
            for state in event.objects.values():
                if state.area is None:
                    sold += state.status == BOOKED
                    counts.held += state.status == HELD
                else:
                    counts.places_sold += state.area.taken.get(BOOKED, 0)
                    counts.held += bool(state.area.held)
            counts.seats_sold += sold
            by_event = counts.seats_sold_by_event
            by_event[event.key] = by_event.get(event.key, 0) + sold
