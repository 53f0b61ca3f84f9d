"""The routes of event reports.

Rules of this file:

1. A report is one state of the event, at or past all that was answered before it was asked for.
2. What takes longer than a moment is done in a thread, or in slices while it is written: there
   are bookings that must not wait for a report.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

from aiohttp import web

from adapters.postgres.reads import Snapshot
from adapters.postgres.rows import TouchedObjects
from api.call import Call, Route
from api.seatsio.errors import event_not_found
from api.seatsio.paging import check_parameters
from api.seatsio.parts import Parts, answer, path_part
from api.seatsio.reports.asked import read_choice, read_filter, read_type
from api.seatsio.reports.details import Buckets, States, in_buckets, with_all_object_types
from api.seatsio.reports.dimensions import BY_LABEL, EVENT_DIMENSIONS, EVENT_TYPES, SELECTABILITY
from api.seatsio.reports.forms import AS_CSV, AS_JSON, Form
from api.seatsio.reports.kept import KeptChart, KeptCharts
from api.seatsio.reports.sharing import (
    Overridden,
    objects_with_seasons,
    touched_with_seasons,
)
from api.seatsio.reports.stock import Stock, event_stock
from api.seatsio.reports.summaries import Touched, summary, tally
from api.seatsio.reports.writing import Writer, as_array, as_buckets, as_csv, send
from engine.seats.event_map import EventMap

JSON = dict[str, Any]
T = TypeVar("T")

_SUMMARIES = tuple(one.name for one in EVENT_DIMENSIONS if one != SELECTABILITY)


class EventReports:
    """The routes of event reports."""

    def __init__(self, parts: Parts, kept: KeptCharts) -> None:
        self._parts = parts
        self._kept = kept

    def routes(self) -> list[Route]:
        of_type = "/reports/events/{key}/{type}"
        return [
            # Before the one without an ending, which would take it for a part of the key.
            Route(method="GET", path="/reports/events/{key}.csv", handler=self._flat_csv),
            Route(method="GET", path="/reports/events/{key}", handler=self._flat),
            Route(method="GET", path=of_type, handler=self._detailed),
            Route(method="GET", path=f"{of_type}/summary", handler=self._summary),
            Route(method="GET", path=f"{of_type}/summary/deep", handler=self._deep_summary),
            Route(method="GET", path=f"{of_type}/{{filter}}", handler=self._filtered),
        ]

    async def _flat(self, call: Call) -> web.StreamResponse:
        return await self._all(call, AS_JSON, as_array)

    async def _flat_csv(self, call: Call) -> web.StreamResponse:
        return await self._all(call, AS_CSV, as_csv)

    async def _all(
        self, call: Call, form: Form, write: Callable[[Iterable[int], Writer], Iterator[bytes]]
    ) -> web.StreamResponse:
        _check_parameters(call)
        kept, stock, touched = await self._objects(call, Snapshot.touched_objects)
        states, ordinals = await asyncio.to_thread(_in_order, stock, touched)
        writer = Writer(stock, kept.own_texts(form), states)
        return await send(call, write(ordinals, writer), form)

    async def _detailed(self, call: Call) -> web.StreamResponse:
        return await self._by_type(call, read_type(call, EVENT_TYPES))

    async def _filtered(self, call: Call) -> web.StreamResponse:
        name = read_type(call, EVENT_TYPES)
        return await self._only(call, name, read_filter(call, name))

    async def _only(self, call: Call, name: str, bucket: str) -> web.StreamResponse:
        if name == BY_LABEL:
            return await self._one(call, bucket)
        return await self._by_type(call, name, bucket)

    async def _one(self, call: Call, label: str) -> web.StreamResponse:
        """Report on one object: nothing of the others is read."""
        _check_parameters(call)
        kept, stock, touched = await self._objects(
            call, lambda snapshot, event: snapshot.touched_object(event, label)
        )
        ordinal = stock.ordinal_of(label)
        writer = Writer(stock, kept.own_texts(AS_JSON), States(stock, touched))
        buckets = {} if ordinal is None else {label: [ordinal]}
        return await send(call, as_buckets(buckets, writer), AS_JSON)

    async def _by_type(self, call: Call, name: str, only: str | None = None) -> web.StreamResponse:
        _check_parameters(call)
        kept, stock, touched = await self._objects(call, Snapshot.touched_objects)
        states, buckets = await asyncio.to_thread(_described, stock, touched, name)
        if only is not None:
            buckets = {only: buckets[only]} if only in buckets else {}
        elif name == "byObjectType":
            buckets = with_all_object_types(buckets)
        writer = Writer(stock, kept.own_texts(AS_JSON), states)
        return await send(call, as_buckets(buckets, writer), AS_JSON)

    async def _summary(self, call: Call) -> web.StreamResponse:
        name = read_type(call, EVENT_TYPES)
        if name not in _SUMMARIES:
            return await self._only(call, name, "summary")  # no summary: a filter
        return await self._summarized(call, name, deep=False)

    async def _deep_summary(self, call: Call) -> web.StreamResponse:
        return await self._summarized(call, read_type(call, _SUMMARIES), deep=True)

    async def _summarized(self, call: Call, name: str, *, deep: bool) -> web.Response:
        _check_parameters(call)
        _, stock, touched = await self._read(call, _touched, touched_with_seasons)
        return answer(await asyncio.to_thread(_summary, stock, touched, name, deep=deep))

    async def _objects(
        self, call: Call, read: Callable[[Snapshot, int], Awaitable[TouchedObjects]]
    ) -> tuple[KeptChart, Stock, TouchedObjects]:
        return await self._read(
            call, read, partial(objects_with_seasons, key_of=self._parts.event_key)
        )

    async def _read(
        self,
        call: Call,
        read: Callable[[Snapshot, int], Awaitable[T]],
        with_seasons: Callable[[T, Mapping[int, T], Overridden], T],
    ) -> tuple[KeptChart, Stock, T]:
        """Read an event and what of it is touched, in one state, and what its seasons have."""
        entry, position = await self._parts.current_entry(call, path_part(call, "key"))
        async with self._parts.reads.snapshot(position) as snapshot:
            event = await snapshot.event(entry.event)
            if event is None:
                raise event_not_found(entry.key, call.workspace.key)
            touched = await read(snapshot, entry.event)
            of = event.season.seasons if event.season and _shows_seasons(call) else []
            seasons = {season: await read(snapshot, season) for season in of}
            overridden = await snapshot.overridden([event.id]) if of else {}
        if of:
            places = {(label, season): n for (_, label, season), n in overridden.items()}
            touched = await asyncio.to_thread(with_seasons, touched, seasons, places)
        kept = self._kept.get(event.inventory)
        if kept is None:
            chart = await self._parts.core.seat_maps.get(event.inventory)
            kept = self._kept.put(event.inventory, chart)
        event_map = EventMap(kept.chart, event.selling)
        return kept, await kept.stock(event.selling, lambda: event_stock(event_map)), touched


async def _touched(snapshot: Snapshot, event: int) -> Touched:
    return Touched(await snapshot.labels_by_status(event), await snapshot.counts_of_areas(event))


def _in_order(stock: Stock, touched: TouchedObjects) -> tuple[States, Sequence[int]]:
    return States(stock, touched), stock.by_label


def _described(stock: Stock, touched: TouchedObjects, name: str) -> tuple[States, Buckets]:
    states = States(stock, touched)
    return states, in_buckets(stock, name, states)


def _summary(stock: Stock, touched: Touched, name: str, *, deep: bool) -> JSON:
    counted = tally(stock, touched)
    return summary(stock.event_map, counted, name, EVENT_DIMENSIONS, deep=deep)


def _check_parameters(call: Call) -> None:
    check_parameters(call.request, ("seasonBookingsPropagated",))
    _shows_seasons(call)


def _shows_seasons(call: Call) -> bool:
    """Say whether an event's objects are shown with what its seasons have."""
    asked = read_choice(call, "seasonBookingsPropagated", ("true", "false"))
    return asked != "false"
