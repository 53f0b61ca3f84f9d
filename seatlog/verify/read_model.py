"""The read model in Postgres, compared with the fold of the outboxes at the same positions.

Rules of this file:

1. It reads the tables and not through the code that answers clients: that is under test as well.
2. Everything comes from one snapshot, and the outboxes are folded up to exactly its positions, or
   past them where only single answers are compared; so a live installation can be verified while
   it works.
3. Compared are all columns of the tables that the projection alone writes: positions, events,
   objects, area_holds, season_overrides, status_changes, results and keyed_results. event_log is
   not among them: charts stand in it that no outbox tells of, and its ids count what was shown.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec

from adapters.ports import TopicPartition
from adapters.postgres.pool import Connection, Pool, connect, connection
from adapters.postgres.storable import storable
from schemas.facts import AreaCounts
from seatlog.verify.history import History
from seatlog.verify.kept import KeptAnswers, Keyed, Run
from seatlog.verify.report import Check, Report
from seatlog.verify.states import (
    UNTOUCHED,
    UNUSED,
    ChangeRow,
    Changes,
    EventFold,
    ObjectState,
    Use,
)

wait_s = 30.0
"""How long the projection may take to reach the end of the outboxes."""
_LOOK_EVERY_S = 0.2
_QUERY_TIMEOUT_S = 120.0
_ROWS_AT_ONCE = 5_000
_POSITIONS = "SELECT topic, partition, next_offset, term FROM positions"
_EVENTS = "SELECT * FROM events"
_OBJECTS = """
    SELECT event, label, status, hold_token, order_id, ticket_type, extra_data, resale_listing_id,
        area, used_at, used FROM objects
"""
_AREA_HOLDS = "SELECT event, label, token, places FROM area_holds"
_OVERRIDES = "SELECT event, label, season, places FROM season_overrides"
_CHANGES = """
    SELECT event, id, seq, at, quantity, label, status, origin_type, origin_ip, hold_token,
        order_id, extra_data FROM status_changes WHERE at >= $1
"""
_RESULTS = """
    SELECT topic, partition, command_offset, count, outbox_offset, at FROM results
    ORDER BY topic, partition, command_offset
"""
_KEYED_RESULTS = """
    SELECT outbox_topic, outbox_partition, workspace, command_id, fingerprint, outbox_offset, at
    FROM keyed_results
"""


class Position(NamedTuple):
    """How far the projection has read an outbox partition, and under which term."""

    next_offset: int
    term: int


class ReadModel:
    """One state of the read model."""

    def __init__(self, lent: Connection, positions: Mapping[TopicPartition, Position]) -> None:
        self._lent = lent
        self._positions = positions

    def position(self, partition: TopicPartition) -> int:
        """Say how far the projection has read an outbox partition."""
        position = self._positions.get(partition)
        return 0 if position is None else position.next_offset

    def behind(self, ends: Mapping[TopicPartition, int]) -> list[str]:
        """Name the partitions that were not projected up to these ends."""
        return [
            f"{partition} up to {self.position(partition)} of {end}"
            for partition, end in ends.items()
            if self.position(partition) < end
        ]

    async def compare(self, history: History) -> None:
        """Compare it with a history that was read up to its positions."""
        report = history.report
        report.skipped.pop(Check.READ_MODEL, None)
        self._compare_positions(history)
        events = history.events()
        await self._compare_events(events, report)
        await self._compare_objects(events, report)
        await self._compare_area_holds(events, report)
        await self._compare_overrides(events, report)
        await self._compare_changes(events, history.changes_since, report)
        if history.answers is not None:
            for answered in history.answers.by_outbox.values():
                answered.end_at(self.position(answered.outbox))
            await self._compare_results(history.answers, report)
            await self._compare_keyed_results(history.answers, report)

    def _compare_positions(self, history: History) -> None:
        for partition, position in self._positions.items():
            journal = history.journals.get(partition)
            if journal is None:
                foreign = "is projected, and no partition of this installation"
                history.report.fault(Check.READ_MODEL, str(partition), foreign)
                continue
            term = journal.term_before(position.next_offset)
            if position.next_offset and position.term != (-1 if term is None else term):
                odd = f"is projected under term {position.term}, and {term} was in force"
                history.report.fault(Check.READ_MODEL, str(partition), odd)

    async def _compare_events(self, events: Mapping[int, EventFold], report: Report) -> None:
        rows = {row["id"]: dict(row) for row in await self._lent.fetch(_EVENTS)}
        for event in rows.keys() | events.keys():
            expected = _event_row(events[event]) if event in events else None
            if rows.get(event) != expected:
                odd = f"is {rows.get(event)}, and the outbox says {expected}"
                report.fault(Check.READ_MODEL, f"event {event}", odd)

    async def _compare_objects(self, events: Mapping[int, EventFold], report: Report) -> None:
        left = {event: dict(fold.objects) for event, fold in events.items()}
        async for row in self._lent.cursor(_OBJECTS, prefetch=_ROWS_AT_ONCE):
            event, label, *columns = row
            report.counts.read_model_objects += 1
            *state, used_at, used = columns
            expected = left.get(event, {}).pop(label, None)
            _compare_object(event, label, _object_state(state), expected, report)
            if expected is not None:
                _compare_use(events[event], label, Use(used_at, used), report)
        for event, objects in left.items():
            for label, expected in objects.items():
                _compare_object(event, label, UNTOUCHED, expected, report)
                _compare_use(events[event], label, UNUSED, report)

    async def _compare_area_holds(self, events: Mapping[int, EventFold], report: Report) -> None:
        left = {event: dict(fold.area_holds) for event, fold in events.items()}
        async for event, label, token, places in self._lent.cursor(
            _AREA_HOLDS, prefetch=_ROWS_AT_ONCE
        ):
            expected = left.get(event, {}).pop((label, token), None)
            _compare_area_hold(event, (label, token), places, expected, report)
        for event, holds in left.items():
            for hold, expected in holds.items():
                _compare_area_hold(event, hold, None, expected, report)

    async def _compare_overrides(self, events: Mapping[int, EventFold], report: Report) -> None:
        rows = await self._lent.fetch(_OVERRIDES)
        found = {(row["event"], row["label"], row["season"]): row["places"] for row in rows}
        expected = {
            (event, *override): places
            for event, fold in events.items()
            for override, places in fold.overridden.items()
        }
        for override in found.keys() | expected.keys():
            if found.get(override) != expected.get(override):
                odd = f"are {found.get(override)}, and the outbox says {expected.get(override)}"
                report.fault(Check.READ_MODEL, f"places overridden: {override}", odd)

    async def _compare_changes(
        self, events: Mapping[int, EventFold], since: int, report: Report
    ) -> None:
        rows: defaultdict[int, Changes] = defaultdict(Changes)
        async for event, *columns in self._lent.cursor(_CHANGES, since, prefetch=_ROWS_AT_ONCE):
            rows[event].add(ChangeRow._make(columns))
        for event in rows.keys() | events.keys():
            found = rows.get(event, Changes())
            expected = events[event].changes if event in events else Changes()
            if found != expected:
                odd = f"has {found}, and the outbox {expected}"
                report.fault(Check.READ_MODEL, f"status changes of event {event}", odd)

    async def _compare_results(self, answers: KeptAnswers, report: Report) -> None:
        before, until = None, 0
        async for topic, number, *columns in self._lent.cursor(_RESULTS, prefetch=_ROWS_AT_ONCE):
            partition, run = TopicPartition(topic, number), Run._make(columns)
            answered = answers.by_commands.get(partition)
            if answered is None:
                odd: str | None = "is of no partition of this installation"
            elif partition == before and run.command_offset < until:
                odd = "is told of a second time"
            else:
                odd = answered.run_fault(run)
                before, until = partition, run.command_offset + run.commands
            if odd is not None:
                where = f"result of {partition} at {run.command_offset}"
                report.fault(Check.READ_MODEL, where, odd)
        for answered in answers.by_commands.values():
            missing = answered.missing_results()
            first = next(missing, None)
            if first is not None:
                command, offset = first
                count = 1 + sum(1 for _ in missing)
                odd = f"{count} are not there, first that of {command}, answered at {offset}"
                report.fault(Check.READ_MODEL, f"results of {answered.commands}", odd)

    async def _compare_keyed_results(self, answers: KeptAnswers, report: Report) -> None:
        async for topic, number, *columns in self._lent.cursor(
            _KEYED_RESULTS, prefetch=_ROWS_AT_ONCE
        ):
            partition, row = TopicPartition(topic, number), Keyed._make(columns)
            answered = answers.by_outbox.get(partition)
            odd = f"{partition} is no outbox" if answered is None else answered.keyed_fault(row)
            if odd is not None:
                where = f"idempotency key {row.command_id} of {row.workspace} in {partition}"
                report.fault(Check.READ_MODEL, where, odd)
        for answered in answers.by_outbox.values():
            missing = answered.missing_keyed()
            first = next(missing, None)
            if first is not None:
                count = 1 + sum(1 for _ in missing)
                odd = f"{count} are not there, the first is at {first}"
                where = f"first answers of idempotency keys in {answered.outbox}"
                report.fault(Check.READ_MODEL, where, odd)


@asynccontextmanager
async def open_read_model(
    dsn: str, ends: Mapping[TopicPartition, int], *, timeout_s: float = wait_s
) -> AsyncIterator[ReadModel]:
    """Wait until the read model is at the ends of the outboxes, and hold one state of it.

    After `timeout_s` give the state that there is. Raises DatabaseUnavailableError.
    """
    pool = await connect(dsn, size_max=2, timeout_s=_QUERY_TIMEOUT_S)
    try:
        await _wait(pool, ends, timeout_s)
        async with (
            connection(pool) as lent,
            lent.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield ReadModel(lent, await _positions(lent))
    finally:
        pool.terminate()


async def _wait(pool: Pool, ends: Mapping[TopicPartition, int], timeout_s: float) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout_s
    while True:
        async with connection(pool) as lent:
            behind = ReadModel(lent, await _positions(lent)).behind(ends)
        if not behind or loop.time() >= deadline:
            return
        await asyncio.sleep(_LOOK_EVERY_S)


async def _positions(lent: Connection) -> dict[TopicPartition, Position]:
    return {
        TopicPartition(row["topic"], row["partition"]): Position(row["next_offset"], row["term"])
        for row in await lent.fetch(_POSITIONS)
    }


def _event_row(event: EventFold) -> dict[str, Any]:
    created = event.created
    return {
        "id": created.event,
        "partition": created.partition,
        "workspace": created.workspace,
        "key": event.key,
        "chart_key": event.chart_key,
        "inventory": event.inventory,
        "name": event.name,
        "date": event.date,
        "is_in_the_past": event.is_in_the_past,
        "created_at": created.created_at,
        "updated_at": event.updated_at,
        "selling": msgspec.to_builtins(event.selling),
        "season": msgspec.to_builtins(event.season),
    }


def _object_state(columns: list[Any]) -> ObjectState:
    *rest, area = columns
    return ObjectState._make([*rest, None if area is None else msgspec.convert(area, AreaCounts)])


def _compare_object(
    event: int, label: str, found: ObjectState, expected: ObjectState | None, report: Report
) -> None:
    if expected is None:
        odd = f"is {found}, and the outbox says nothing of it"
    elif found in (expected, _stored(expected)) or _is_untouched(found, expected):
        return
    else:
        odd = f"is {found}, and the outbox says {expected}"
    report.fault(Check.READ_MODEL, f"{label} of event {event}", odd)


def _compare_use(event: EventFold, label: str, found: Use, report: Report) -> None:
    expected = event.uses.get(label, UNUSED)
    if found != expected:
        odd = f"was in use as {found}, and the outbox says {expected}"
        report.fault(Check.READ_MODEL, f"{label} of event {event.id}", odd)


def _compare_area_hold(
    event: int,
    hold: tuple[str, str],
    found: dict[str, int] | None,
    expected: dict[str, int] | None,
    report: Report,
) -> None:
    stored = msgspec.json.decode(storable(msgspec.json.encode(expected)))
    if found not in (expected, stored):
        label, token = hold
        odd = f"are {found} by token {token}, and the outbox says {expected}"
        report.fault(Check.READ_MODEL, f"places held of {label} of event {event}", odd)


def _is_untouched(found: ObjectState, expected: ObjectState) -> bool:
    """Say whether an object without a row is as good as one that nobody ever touched."""
    return found == UNTOUCHED and expected._replace(area=None) == UNTOUCHED and not expected.area


def _stored(state: ObjectState) -> ObjectState:
    """Give a state as Postgres can have it: it cannot store the character NUL."""
    return msgspec.json.decode(storable(msgspec.json.encode(state)), type=ObjectState)
