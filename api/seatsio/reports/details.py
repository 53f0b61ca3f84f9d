"""Detailed reports: every object, in the bucket that it belongs to.

Rules of this file:

1. Nothing here knows what is asked over HTTP, and nothing is written here (`writing`).
2. What is touched and not in the stock is left out: it is not on the chart any more, or not sold.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from adapters.postgres.rows import TouchedColumns, TouchedObjects, TouchedRow
from api.seatsio.object_info import UNTOUCHED, Seen, state_info
from api.seatsio.reports.dimensions import BY_LABEL, EVENT_BUCKETS, OBJECT_TYPES_SHOWN, Line
from api.seatsio.reports.forms import Carried
from api.seatsio.reports.stock import Group, Stock

JSON = dict[str, Any]
Buckets = dict[str, list[int]]
"""Ordinals of objects by the name of their bucket."""


class State:
    """A state that objects of a group are in, many or one."""

    __slots__ = ("group", "info")

    def __init__(self, group: int, info: JSON) -> None:
        self.group = group
        """Its number."""
        self.info = info
        """What their infos say of it."""


class Found(NamedTuple):
    """An object as the event has it."""

    state: State
    carried: Carried


class States:
    """The states of a stock's objects."""

    def __init__(self, stock: Stock, objects: TouchedObjects) -> None:
        self._stock = stock
        self._shared: dict[tuple[int, str], State] = {}
        self.untouched = [
            Found(State(number, state_info(stock.event_map, group.example, UNTOUCHED)), Carried())
            for number, group in enumerate(stock.groups)
        ]
        """By number of group."""
        self.touched: dict[int, Found] = {}
        """By ordinal."""
        for columns in objects.columns:
            self._add_columns(columns)
        for row in objects.rows:
            self._add_row(row)

    def _add_columns(self, columns: TouchedColumns) -> None:
        labels, statuses, *carried, extra_data, listings = columns
        for label, status, one in zip(
            labels, statuses, map(Carried, *carried, map(_raw, extra_data), listings), strict=True
        ):
            ordinal = self._stock.ordinal_of(label)
            if ordinal is not None:
                self.touched[ordinal] = Found(self._state(ordinal, status), one)

    def _add_row(self, row: TouchedRow) -> None:
        ordinal = self._stock.ordinal_of(row.label)
        if ordinal is None:
            return
        carried = Carried(
            *(row.hold_token, row.order_id, row.ticket_type),
            *(_raw(row.extra_data), row.resale_listing_id),
        )
        state = self._state(ordinal, row.status)
        if row.area is not None or row.overridden:
            seen = Seen(
                row.status,
                area=row.area,
                area_holds=_raw(row.area_holds),
                overridden=row.overridden or {},
            )
            info = self._info(state.group, seen)
            state = State(state.group, info)
        self.touched[ordinal] = Found(state, carried)

    def _state(self, ordinal: int, status: str) -> State:
        """Give the state that all objects of a group have with a status; areas have their own."""
        number = self._stock.number_of(ordinal)
        state = self._shared.get((number, status))
        if state is None:
            info = self._info(number, Seen(status))
            state = self._shared[number, status] = State(number, info)
        return state

    def _info(self, number: int, seen: Seen) -> JSON:
        return state_info(self._stock.event_map, self._stock.groups[number].example, seen)


def _raw(text: str | None) -> msgspec.Raw | None:
    """Let JSON be written as it stands."""
    return None if text is None else msgspec.Raw(text)


def in_buckets(stock: Stock, name: str, states: States | None = None) -> Buckets:
    """Put all objects into the buckets of a report; without states, of one about a chart."""
    labels = stock.chart.labels
    if name == BY_LABEL:
        return {labels[ordinal]: [ordinal] for ordinal in stock.ordinals}
    bucket, groups = EVENT_BUCKETS[name], stock.groups
    touched: Mapping[int, Found] = {} if states is None else states.touched
    untouched = [bucket(_line(group, number, states)) for number, group in enumerate(groups)]
    buckets: Buckets = {}
    for ordinal in stock.ordinals:
        number = stock.number_of(ordinal)
        found = touched.get(ordinal)
        if found is None:
            place = untouched[number]
        else:
            place = bucket(Line(groups[number].kind, found.state.info, found.carried.order_id))
        buckets.setdefault(place, []).append(ordinal)
    return buckets


def _line(group: Group, number: int, states: States | None) -> Line:
    """Describe an object that nothing has become of."""
    return Line(group.kind, {} if states is None else states.untouched[number].state.info, None)


def with_all_object_types(buckets: Buckets) -> Buckets:
    """Add the buckets that a report by object type always has."""
    return {**{name: [] for name in OBJECT_TYPES_SHOWN}, **buckets}
