"""The read model in Postgres, compared with the fold of the outboxes at the same positions.

Rules of this file:

1. It reads the tables and not through the code that answers clients: that is under test as well.
2. Everything comes from one snapshot, and the outboxes are folded up to exactly its positions; so
   a live installation can be verified while it works.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

import msgspec

from adapters.ports import TopicPartition
from adapters.postgres.pool import Connection, Pool, connect, connection
from adapters.postgres.storable import storable
from schemas.facts import AreaCounts
from seatlog.verify.history import History
from seatlog.verify.report import Check, Report
from seatlog.verify.states import UNTOUCHED, Changes, EventFold, ObjectState

wait_s = 30.0
"""How long the projection may take to reach the end of the outboxes."""
_LOOK_EVERY_S = 0.2
_QUERY_TIMEOUT_S = 120.0
_ROWS_AT_ONCE = 5_000
_POSITIONS = "SELECT topic, partition, next_offset, term FROM positions"
_EVENTS = "SELECT * FROM events"
_OBJECTS = """
    SELECT event, label, status, hold_token, order_id, ticket_type, extra_data, resale_listing_id,
        area FROM objects
"""
_AREA_HOLDS = "SELECT event, label, token, places FROM area_holds"
_OVERRIDES = "SELECT event, label, season, places FROM season_overrides"
# The sums of seatlog.verify.states.Changes; the digest is that of its `digest`.
_CHANGES = """
    SELECT event, count(*) AS number, sum(id) AS ids, sum(at) AS times, sum(
        ('x' || left(md5(concat_ws(' ', seq, label, status, quantity,
            coalesce(hold_token, ''), coalesce(order_id, ''))), 8))::bit(32)::bigint
    ) AS content
    FROM status_changes WHERE at >= $1 GROUP BY event
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
            expected = left.get(event, {}).pop(label, None)
            _compare_object(event, label, _object_state(columns), expected, report)
        for event, objects in left.items():
            for label, expected in objects.items():
                _compare_object(event, label, UNTOUCHED, expected, report)

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
        sums = await self._lent.fetch(_CHANGES, since)
        rows = {event: Changes(*map(int, columns)) for event, *columns in sums}
        for event in rows.keys() | events.keys():
            found = rows.get(event, Changes())
            expected = events[event].changes if event in events else Changes()
            if found != expected:
                odd = f"has {found}, and the outbox {expected}"
                report.fault(Check.READ_MODEL, f"status changes of event {event}", odd)


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
