"""Reads of the read model that see at least what a client was told before.

Rules of this file:

1. Position and data come from one snapshot of the database: what is read is the outboxes up to
   some offsets, all of them at or past those that were asked for.
2. A wait is bounded. Notifications shorten it; only the positions in the snapshot end it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any, Literal, NamedTuple

import asyncpg
import msgspec
from asyncpg.transaction import Transaction

from adapters.ports import TopicPartition
from adapters.postgres.errors import DatabaseUnavailableError, ReadModelBehindError
from adapters.postgres.notifications import Notifications
from adapters.postgres.pages import NEWEST_FIRST, Cursor, Listing, Order, Page, fetch_page
from adapters.postgres.pool import Connection, Pool, connection
from adapters.postgres.projection import CHANNEL
from adapters.postgres.queries import load_queries
from adapters.postgres.rows import (
    AreaHolds,
    EventRow,
    KeyedRow,
    ObjectRow,
    ResultRow,
    StatusChangeRow,
    TouchedColumns,
    TouchedObjects,
    TouchedRow,
)
from adapters.postgres.usage import Usage
from schemas.commands import JsonObject
from schemas.facts import AreaCounts
from schemas.seasons import SeasonPlace
from schemas.selling import Selling

wait_s = 3.0
patience_s = 0.03
"""A read that waits longer says so: under load the projector lets its batches gather, and then it
does not (workers/projector)."""
look_every_s = 0.5
"""How often a waiting read looks by itself, in case that nobody tells it."""
few_objects_max = 500
"""A filter that this many objects pass at most is looked up by their labels."""
_SQL = load_queries("reads")

AskedPositions = Mapping[str, int] | Mapping[TopicPartition, int]
"""The next offset by outbox partition; a name is `topic/partition`."""


class Sort(NamedTuple):
    """The order of a listing of status changes; of labels and statuses, ties are newest first."""

    field: Literal["label", "status", "date"]
    descending: bool = False


_COLUMNS = {"label": "label", "status": "status", "date": "id"}
"""An event's ids rise with its partition's time, which never runs backwards: by id is by date."""


class Reads:
    """The read model; one instance per process, with the process' one listening connection."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._news = asyncio.Event()
        self._told: dict[str, int] = {}
        self._said_at = 0.0
        """When it was said last that a read waits, by the loop's clock."""
        self._saying: asyncio.Task[None] | None = None
        self.notifications = Notifications(pool)
        """Others may subscribe as well, before `start`."""
        self.notifications.subscribe(CHANNEL, self._hear)

    def start(self) -> None:
        """Begin to listen."""
        self.notifications.start()

    async def close(self) -> None:
        """Stop listening."""
        if self._saying is not None:
            self._saying.cancel()
            await asyncio.gather(self._saying, return_exceptions=True)
        await self.notifications.close()

    @contextlib.asynccontextmanager
    async def snapshot(
        self, positions: AskedPositions, timeout_s: float = wait_s
    ) -> AsyncIterator["Snapshot"]:
        """Wait until the projection is at these positions, and give one state at or past them.

        Raises ReadModelBehindError, DatabaseUnavailableError.
        """
        asked = {str(partition): offset for partition, offset in positions.items() if offset > 0}
        deadline = asyncio.get_running_loop().time() + timeout_s
        while True:
            await self._wait_for_word(asked, deadline)
            news = self._news
            async with connection(self._pool) as lent, _one_state(lent):
                behind = await _behind(lent, asked)
                if not behind:
                    yield Snapshot(lent)
                    return
            now = asyncio.get_running_loop().time()
            if now >= deadline:
                raise ReadModelBehindError(f"the read model is behind: {behind}")
            await self._wait_for_news(news, min(deadline, now + look_every_s))

    async def keyed_result(self, workspace: str, command_id: str) -> KeyedRow | None:
        """Say where the first answer to an idempotency key stands. Raises DatabaseUnavailableError.

        It is as old as the projection: the owner remembers the answers of the last minutes.
        """
        async with connection(self._pool) as lent:
            row = await lent.fetchrow(_SQL["keyed_result"], workspace, command_id)
        return None if row is None else KeyedRow(*row)

    def _hear(self, payload: str | None) -> None:
        for word in (payload or "").split():
            name, _, offset = word.rpartition(":")
            self._told[name] = int(offset)
        if not payload:
            self._told.clear()
        self._news.set()
        self._news = asyncio.Event()

    async def _wait_for_word(self, asked: Mapping[str, int], deadline: float) -> None:
        """Wait while the last word is that a position is behind, and look after a while anyway."""
        loop = asyncio.get_running_loop()
        look_at = min(deadline, loop.time() + look_every_s)
        while any(self._told.get(name, offset) < offset for name, offset in asked.items()):
            if loop.time() >= look_at:
                return
            await self._wait_for_news(self._news, look_at)

    async def _wait_for_news(self, news: asyncio.Event, until: float) -> None:
        """Wait for a notification, by the loop's clock, and say after a while that a read waits."""
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        if await _comes(news, min(until, began_at + patience_s)):
            return
        if self._said_at <= began_at:  # nobody has said it since
            self._said_at = loop.time()
            self._saying = asyncio.create_task(self._say_awaited(), name="a read waits")
        await _comes(news, until)

    async def _say_awaited(self) -> None:
        # A hint: who waits does so for its own time, whatever becomes of it.
        with contextlib.suppress(DatabaseUnavailableError):
            async with connection(self._pool) as lent:
                await lent.execute(_SQL["say_awaited"])


async def _comes(news: asyncio.Event, until: float) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            return await news.wait()
    return False


def _one_state(lent: Connection) -> Transaction:
    return lent.transaction(isolation="repeatable_read", readonly=True)


async def _behind(lent: Connection, asked: Mapping[str, int]) -> str:
    """Name a position that has not been reached; nothing, if all have."""
    if not asked:
        return ""
    rows = await lent.fetch(_SQL["positions"], list(asked))
    reached = {row["name"]: row["next_offset"] for row in rows}
    for name, offset in asked.items():
        if reached.get(name, 0) < offset:
            return f"{name} is at {reached.get(name, 0)}, not yet at {offset}"
    return ""


class Snapshot:
    """One state of the read model."""

    def __init__(self, lent: Connection) -> None:
        self._lent = lent

    def usage(self) -> Usage:
        """Give what was used of events, in the same state."""
        return Usage(self._lent)

    async def event(self, event: int) -> EventRow | None:
        row = await self._lent.fetchrow(_SQL["event"], event)
        return None if row is None else _event_row_of(tuple(row))

    async def events(self, events: Collection[int]) -> list[EventRow]:
        """Give those of these events that there are, as they were created."""
        rows = await self._lent.fetch(_SQL["events"], list(events))
        return [_event_row_of(tuple(row)) for row in rows]

    async def events_page(self, workspace: str, cursor: Cursor) -> Page[EventRow]:
        """List the events of a workspace, newest first."""
        listing = Listing(_SQL["event_columns"], _SQL["events_of_workspace"], (workspace,))
        return await fetch_page(self._lent, listing, cursor, _event_row)

    async def events_of_charts(
        self, workspace: str, charts: Collection[str], limit: int
    ) -> list[EventRow]:
        """Give the newest events of each of these charts, the newest first."""
        rows = await self._lent.fetch(_SQL["events_of_charts"], workspace, list(charts), limit)
        return [_event_row_of(tuple(row)) for row in rows]

    async def events_exist(self, events: Collection[int]) -> set[int]:
        """Say which of these events there are."""
        return {row["id"] for row in await self._lent.fetch(_SQL["events_exist"], list(events))}

    async def objects(self, event: int, labels: Collection[str]) -> dict[str, ObjectRow]:
        """Give the objects of an event that were touched; the others are free."""
        rows = await self._lent.fetch(_SQL["objects"], event, list(labels))
        objects = {row["label"]: _object_row(row) for row in rows}
        areas = [label for label, row in objects.items() if row.area is not None and row.area.held]
        if areas:
            await self._add_area_holds(event, areas, objects)
        return objects

    async def overridden(self, events: Collection[int]) -> dict[tuple[int, str, int], int]:
        """Give the places for which events do not go by seasons: by event, label and season."""
        rows = await self._lent.fetch(_SQL["season_overrides"], list(events))
        return {(row["event"], row["label"], row["season"]): row["places"] for row in rows}

    async def used(
        self, events: Collection[int], labels: Collection[str]
    ) -> dict[tuple[int, str], int]:
        """Count the places of objects that are not free, by event and label."""
        rows = await self._lent.fetch(_SQL["not_free"], list(events), list(labels))
        return {(event, label): _used(area) for event, label, area in rows}

    async def _add_area_holds(
        self, event: int, areas: list[str], objects: dict[str, ObjectRow]
    ) -> None:
        holds: dict[str, AreaHolds] = {label: {} for label in areas}
        for label, token, places in await self._lent.fetch(_SQL["area_holds"], event, areas):
            holds[label][token] = places
        for label, by_token in holds.items():
            objects[label] = objects[label]._replace(area_holds=by_token)

    async def touched_objects(self, event: int) -> TouchedObjects:
        """Give all objects of an event that were touched."""
        rows = await self._lent.fetch(_SQL["touched_objects"], event)
        areas = await self._lent.fetch(_SQL["touched_areas"], event)
        # In columns: an object of its own for each seat of a stadium takes three times as long.
        columns = [TouchedColumns(*zip(*rows, strict=True))] if rows else []
        return TouchedObjects(columns, [_touched_row(row) for row in areas])

    async def touched_object(self, event: int, label: str) -> TouchedObjects:
        """Give one object, if it was touched."""
        rows = await self._lent.fetch(_SQL["touched_object"], event, label)
        return TouchedObjects([], [_touched_row(row) for row in rows])

    async def labels_by_status(self, event: int) -> dict[str, list[str]]:
        """Name the objects of an event that are not free; areas are not among them."""
        rows = await self._lent.fetch(_SQL["labels_by_status"], event)
        return dict(map(tuple, rows))

    async def counts_of_areas(self, event: int) -> dict[str, AreaCounts]:
        """Give the counts of the areas of an event that somebody was ever in."""
        rows = await self._lent.fetch(_SQL["counts_of_areas"], event)
        return {label: msgspec.convert(area, AreaCounts) for label, area in rows}

    async def status_changes(
        self,
        event: int,
        cursor: Cursor,
        label_filter: str = "",
        sort: Sort | None = None,
        label: str | None = None,
    ) -> Page[StatusChangeRow]:
        """List status changes: of objects whose label contains the filter, or of one object.

        Raises UnknownCursorError if the order needs the cursor's item and there is none.
        """
        order = Order(_COLUMNS[sort.field], sort.descending) if sort else NEWEST_FIRST
        rows, arguments = await self._chosen(event, label_filter, label)
        listing = Listing(_SQL["status_change_columns"], _SQL[rows], arguments, order)
        return await fetch_page(self._lent, listing, cursor, _status_change_row)

    async def _chosen(
        self, event: int, label_filter: str, label: str | None
    ) -> tuple[str, tuple[object, ...]]:
        """Name the rows that are listed, in the way in which they are found quickly.

        The status changes of few objects are found by their labels. Those of many are met soon
        enough on a walk through all.
        """
        if label is not None:
            return "status_changes_of_object", (event, label)
        if not label_filter:
            return "status_changes", (event,)
        found = await self._lent.fetch(
            _SQL["labels_filtered"], event, label_filter, few_objects_max + 1
        )
        if len(found) > few_objects_max:
            return "status_changes_filtered", (event, label_filter)
        labels = [row["label"] for row in found]
        if len(labels) == 1:
            return "status_changes_of_object", (event, labels[0])
        return "status_changes_of_objects", (event, labels)

    async def result(self, commands_topic: str, partition: int, offset: int) -> ResultRow | None:
        """Say where the answer to a command stands: None if it is not there or too long ago."""
        row = await self._lent.fetchrow(_SQL["result"], commands_topic, partition, offset)
        return None if row is None else ResultRow(*row)


def _used(area: JsonObject | None) -> int:
    if area is None:
        return 1
    counts = msgspec.convert(area, AreaCounts)
    return sum(counts.taken.values()) + counts.held


def _event_row(row: asyncpg.Record) -> EventRow:
    return _event_row_of(_without_place(row))


def _event_row_of(columns: tuple[Any, ...]) -> EventRow:
    *plain, selling, season = columns
    place = msgspec.convert(season, SeasonPlace | None)
    return EventRow._make((*plain, msgspec.convert(selling, Selling), place))


def _status_change_row(row: asyncpg.Record) -> StatusChangeRow:
    return StatusChangeRow(*_without_place(row))


def _without_place(row: asyncpg.Record) -> tuple[Any, ...]:
    """Drop the last column of a listing, the row's place in the order."""
    return tuple(row)[:-1]


def _touched_row(row: asyncpg.Record) -> TouchedRow:
    touched = TouchedRow(*row)
    if touched.area is None:
        return touched
    return touched._replace(area=msgspec.convert(touched.area, AreaCounts))


def _object_row(row: asyncpg.Record) -> ObjectRow:
    object_row = ObjectRow(*row)
    if object_row.area is None:
        return object_row
    return object_row._replace(area=msgspec.convert(object_row.area, AreaCounts))
