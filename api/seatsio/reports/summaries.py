"""Summaries: how many places are in each bucket, and in each bucket of those.

Rules of this file:

1. Places are counted, not objects: an area counts its places, each by its own status.
2. What nothing has become of is counted by the group, and never looked at one by one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from api.seatsio.reports.dimensions import Cell, Dimension, always_shown
from api.seatsio.reports.stock import Group, Stock
from engine.seats.event_map import EventMap
from schemas.facts import FREE, HELD, AreaCounts

JSON = dict[str, Any]
Tally = Mapping[Cell, int]
"""Places by what tells them apart."""


class Touched(NamedTuple):
    """What of an event is not free."""

    statuses: Mapping[str, Sequence[str]]
    """Labels of objects that are not areas, by status."""
    areas: Mapping[str, AreaCounts]
    """The counts of areas, by label."""


UNTOUCHED = Touched({}, {})


def tally(stock: Stock, touched: Touched = UNTOUCHED) -> Tally:
    """Count places; what is touched and not in the stock counts nothing."""
    counted: Counter[Cell] = Counter()
    left = [group.objects for group in stock.groups]
    for status, labels in touched.statuses.items():
        for number, objects in Counter(stock.numbers_of(labels)).items():
            group = stock.groups[number]
            left[number] -= objects
            counted[Cell(group.kind, status)] += objects * group.places
    for label, area in touched.areas.items():
        ordinal = stock.ordinal_of(label)
        if ordinal is not None:
            number = stock.number_of(ordinal)
            left[number] -= 1
            _count_area(counted, stock.groups[number], area)
    for group, objects in zip(stock.groups, left, strict=True):
        counted[Cell(group.kind, FREE)] += objects * group.places
    return +counted


def _count_area(counted: Counter[Cell], group: Group, area: AreaCounts) -> None:
    for status, places in area.taken.items():
        counted[Cell(group.kind, status)] += places
    counted[Cell(group.kind, HELD)] += area.held
    free = group.places - sum(area.taken.values()) - area.held
    counted[Cell(group.kind, FREE)] += free


def summary(
    event_map: EventMap,
    counted: Tally,
    name: str,
    dimensions: Sequence[Dimension],
    *,
    deep: bool = False,
) -> JSON:
    """Give the summary by the dimension of this name; a deep one goes one level further."""
    own = next(dimension for dimension in dimensions if dimension.name == name)
    parts: dict[str, Tally] = {bucket: {} for bucket in always_shown(event_map, name)}
    parts.update(_split(counted, own))
    others = _without(dimensions, own)
    return {bucket: _item(part, others, 1 if deep else 0) for bucket, part in parts.items()}


def _item(counted: Tally, dimensions: Sequence[Dimension], levels: int) -> JSON:
    """Describe some places: how many they are in all, and in each bucket of each dimension."""
    item: JSON = {"count": sum(counted.values())}
    for dimension in dimensions:
        parts = _split(counted, dimension)
        if levels:
            rest = _without(dimensions, dimension)
            item[dimension.name] = {
                bucket: _item(part, rest, levels - 1) for bucket, part in parts.items()
            }
        else:
            item[dimension.name] = {bucket: sum(part.values()) for bucket, part in parts.items()}
    return item


def _split(counted: Tally, dimension: Dimension) -> dict[str, Tally]:
    parts: dict[str, dict[Cell, int]] = {}
    for cell, places in counted.items():
        parts.setdefault(dimension.bucket(cell), {})[cell] = places
    return dict(parts)


def _without(dimensions: Sequence[Dimension], own: Dimension) -> list[Dimension]:
    return [one for one in dimensions if one.name != own.name and one.name not in own.one_with]
