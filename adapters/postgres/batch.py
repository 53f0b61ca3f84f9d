"""What a batch of outbox records says, folded to the rows that it changes.

Rules of this file:

1. Pure: records in, rows out; the database is the projection's business.
2. A void record counts as read and says nothing.
3. Of each object only the last state of the batch is written; of status changes,
   every one; of results, the runs (adapters/postgres/results).
4. What concerns an event that the batch deletes is not written at all.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from adapters.ports import TopicPartition
from adapters.postgres.errors import OutboxGapError
from adapters.postgres.event_log import SoldAnew
from adapters.postgres.results import ResultRuns, results_kept_ms
from adapters.postgres.rows import EventRow
from schemas.commands import JsonObject
from schemas.facts import (
    FREE,
    HELD,
    AreaCounts,
    EventCreated,
    EventDeleted,
    EventUpdated,
    ExtraDataChanged,
    SeasonStatusOverridden,
    StatusChanged,
)
from schemas.outbox import Answer, CommandAnswered, Data, OwnershipTaken, is_void, status_change_id
from schemas.rejections import NOT_KEPT, Rejected
from schemas.selling import AS_THE_CHART_SAYS, Selling

NO_TERM = -1

ObjectKey = tuple[int, str]
"""Event and label."""
AreaHoldKey = tuple[int, str, str]
"""Event, label of the area and hold token."""

OverrideKey = tuple[int, str, int]
"""Event, label and season."""

Key = TypeVar("Key", ObjectKey, AreaHoldKey, OverrideKey)
Row = TypeVar("Row")


class Position(NamedTuple):
    """How far an outbox partition was read."""

    next_offset: int = 0
    term: int = NO_TERM
    """Offset of the newest OwnershipTaken before `next_offset`."""


class Use(NamedTuple):
    """That an object was in use."""

    first_at: int
    """In ms since the epoch."""
    places: int
    """At once, at the most."""


UNUSED = Use(0, 0)


class OutboxRecord(NamedTuple):
    """A decoded outbox record."""

    offset: int
    record: Any
    """Of schemas.outbox: SeatsRecord or GroupsRecord."""
    workspace: str = ""
    """From the record's headers; needed where the record has a command id."""


class OutboxRun(NamedTuple):
    """Records of one partition, in their order and without a gap."""

    partition: TopicPartition
    records: Sequence[OutboxRecord]


class Batch:
    """The rows that some runs of records change."""

    def __init__(
        self,
        positions: Mapping[TopicPartition, Position],
        commands_topics: Mapping[str, str],
        events_outbox: str,
    ) -> None:
        """Begin at positions; `commands_topics` names the commands topic of each outbox."""
        self._commands_topics = commands_topics
        self._events_outbox = events_outbox
        self.positions = dict(positions)
        self.status_changes: list[tuple[Any, ...]] = []
        self.results = ResultRuns()
        self.keyed_results: dict[tuple[str, str], tuple[str, str, str, str, int, int, int]] = {}
        self.created: dict[int, EventRow] = {}
        self.updated: dict[int, EventUpdated] = {}
        self.deleted: set[int] = set()
        self.sold_as_created: dict[int, Selling] = {}
        """How the created events were sold at first."""
        self.sold_anew: list[SoldAnew] = []
        """Every change of how an event is sold, of deleted events as well."""
        self.area_holds: dict[AreaHoldKey, dict[str, int]] = {}
        """What tokens hold of areas after the batch; empty where a token holds nothing any more."""
        self.overridden: dict[OverrideKey, int] = {}
        """Places that events override of seasons after the batch, by event, label and season."""
        self._touched: dict[ObjectKey, StatusChanged] = {}
        self._used_at: dict[ObjectKey, int] = {}
        """When objects were first in use."""
        self._peaks: dict[ObjectKey, int] = {}
        """The most places that were in use at once, of areas."""
        self.extra_data: dict[ObjectKey, JsonObject | None] = {}
        """Of objects of which the batch says nothing else."""

    def take_in(self, run: OutboxRun) -> None:
        """Fold a run of records. Raises OutboxGapError."""
        partition = run.partition
        next_offset, term = self.positions[partition]
        tells_facts = partition.topic == self._events_outbox
        for offset, record, workspace in run.records:
            if offset != next_offset:
                raise OutboxGapError(f"{partition}: read {offset}, expected {next_offset}")
            next_offset += 1
            if type(record) is OwnershipTaken:
                term = offset
                continue
            data = record.data
            if is_void(data, term, offset):
                continue
            if type(record) is CommandAnswered:
                self._take_answer(partition, offset, data, workspace)
            if tells_facts and data.facts:
                self._take_facts(partition.partition, offset, data)
        self.positions[partition] = Position(next_offset, term)

    def objects(self) -> list[StatusChanged]:
        """Give the last fact of every object that the batch changes the status of."""
        return list(self._touched.values())

    def use_of(self, fact: StatusChanged) -> Use:
        """Say what use of an object the batch tells."""
        key = (fact.event, fact.label)
        used_at = self._used_at.get(key)
        return UNUSED if used_at is None else Use(used_at, self._peaks.get(key, 1))

    def finish(self) -> None:
        """Leave out what concerns deleted events; the event is the first column of each row."""
        if self.deleted:
            self.status_changes = [c for c in self.status_changes if c[0] not in self.deleted]
            self._touched = self._kept(self._touched)
            self.extra_data = self._kept(self.extra_data)
            self.area_holds = self._kept(self.area_holds)
            self.overridden = self._kept(self.overridden)

    def _kept(self, rows: dict[Key, Row]) -> dict[Key, Row]:
        return {key: row for key, row in rows.items() if key[0] not in self.deleted}

    def _take_answer(
        self, partition: TopicPartition, offset: int, data: Data[Any], workspace: str
    ) -> None:
        if data.command is not None:
            topic = self._commands_topics[partition.topic]
            self.results.add(topic, data.command, offset, data.at)
        if data.command_id is not None and _is_kept(data.answer):
            key = (workspace, data.command_id)
            first = self.keyed_results.get(key)
            if first is None or data.at >= first[-1] + results_kept_ms:
                told = (data.fingerprint or "", *partition, offset, data.at)
                self.keyed_results[key] = (*key, *told)

    def _take_facts(self, partition: int, offset: int, data: Data[Any]) -> None:
        for index, fact in enumerate(data.facts):
            if type(fact) is StatusChanged:
                self._take_status_change(fact, status_change_id(partition, offset, index), data.at)
            elif type(fact) is ExtraDataChanged:
                self._take_extra_data(fact)
            elif type(fact) is SeasonStatusOverridden:
                for label, places in fact.places.items():
                    self.overridden[fact.event, label, fact.season] = places
            elif type(fact) is EventCreated:
                self._create(fact)
            elif type(fact) is EventUpdated:
                self._update(fact)
                if fact.selling is not None:
                    source = status_change_id(partition, offset, index)
                    self.sold_anew.append(SoldAnew(fact, fact.selling, data.at, source))
            elif type(fact) is EventDeleted:
                self._delete(fact.event)

    def _take_status_change(self, fact: StatusChanged, change_id: int, at: int) -> None:
        origin = fact.origin
        self.status_changes.append(
            (
                fact.event,
                change_id,
                fact.seq,
                at,
                fact.quantity,
                fact.label,
                fact.status,
                origin.type,
                origin.ip,
                fact.hold_token,
                fact.order_id,
                fact.extra_data,
            )
        )
        key = (fact.event, fact.label)
        self._touched[key] = fact
        if fact.area is None:
            if fact.status != FREE:
                self._used_at.setdefault(key, at)
        else:
            self._take_area(fact, fact.area, key, at)
        if self.extra_data:
            self.extra_data.pop(key, None)

    def _take_area(self, fact: StatusChanged, area: AreaCounts, key: ObjectKey, at: int) -> None:
        places = sum(area.taken.values()) + area.held
        if places:
            self._used_at.setdefault(key, at)
            self._peaks[key] = max(places, self._peaks.get(key, 0))
        if fact.hold_token is not None:
            self.area_holds[fact.event, fact.label, fact.hold_token] = area.own

    def _take_extra_data(self, fact: ExtraDataChanged) -> None:
        key = (fact.event, fact.label)
        touched = self._touched.get(key)
        if touched is None:
            self.extra_data[key] = fact.extra_data
        else:
            self._touched[key] = msgspec.structs.replace(touched, extra_data=fact.extra_data)

    def _create(self, fact: EventCreated) -> None:
        row = self.created[fact.event] = _event_row(fact)
        self.sold_as_created[fact.event] = row.selling

    def _update(self, fact: EventUpdated) -> None:
        created = self.created.get(fact.event)
        if created is not None:
            self.created[fact.event] = _updated_row(created, fact)
            return
        before = self.updated.get(fact.event)
        self.updated[fact.event] = fact if before is None else _merged(before, fact)

    def _delete(self, event: int) -> None:
        self.created.pop(event, None)
        self.updated.pop(event, None)
        self.deleted.add(event)


def _is_kept(answer: Answer | None) -> bool:
    """Say whether an answer is the first of its key: a repeat is not."""
    if isinstance(answer, Rejected):
        return not answer.repeat and answer.code not in NOT_KEPT
    return answer is not None and not answer.repeat


def hold_token_of(fact: StatusChanged) -> str | None:
    """Give the token that holds an object after a fact; of areas, tokens hold single places."""
    return fact.hold_token if fact.status == HELD and fact.area is None else None


def _event_row(fact: EventCreated) -> EventRow:
    return EventRow(
        id=fact.event,
        partition=fact.partition,
        workspace=fact.workspace,
        key=fact.key,
        chart_key=fact.chart_key,
        inventory=fact.inventory,
        name=fact.name,
        date=fact.date,
        is_in_the_past=False,
        created_at=fact.created_at,
        updated_at=None,
        selling=fact.selling or AS_THE_CHART_SAYS,
        season=fact.season,
    )


def _updated_row(row: EventRow, fact: EventUpdated) -> EventRow:
    return row._replace(
        key=fact.key,
        chart_key=fact.chart_key or row.chart_key,
        name=row.name if fact.name is None else fact.name,
        date=row.date if fact.date is None else fact.date,
        is_in_the_past=(row.is_in_the_past if fact.is_in_the_past is None else fact.is_in_the_past),
        updated_at=fact.updated_at,
        selling=fact.selling or row.selling,
        season=fact.season or row.season,
        inventory=fact.inventory or row.inventory,
    )


def _merged(earlier: EventUpdated, later: EventUpdated) -> EventUpdated:
    """Make two updates of one event one."""
    return msgspec.structs.replace(
        later,
        chart_key=later.chart_key or earlier.chart_key,
        name=earlier.name if later.name is None else later.name,
        date=earlier.date if later.date is None else later.date,
        is_in_the_past=(
            earlier.is_in_the_past if later.is_in_the_past is None else later.is_in_the_past
        ),
        selling=later.selling or earlier.selling,
        season=later.season or earlier.season,
        inventory=later.inventory or earlier.inventory,
    )
