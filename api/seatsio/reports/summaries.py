"""Summaries: how many places are in each bucket, and in each bucket of those.

Rules of this file:

1. Places are counted, not objects: an area counts its places, each by its own status.
2. What nothing has become of is counted by the group, and never looked at one by one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from api.seatsio.reports.dimensions import Cell, Dimension, always_shown
from api.seatsio.reports.stock import Group, Kind, Stock
from engine.seats.event_map import EventMap
from schemas.facts import FREE, HELD, AreaCounts, ChannelCounts

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
            _count_area(counted, stock, number, area)
    for number, objects in enumerate(left):
        group = stock.groups[number]
        if group.example.area is None:
            counted[Cell(group.kind, FREE)] += objects * group.places
        elif objects:
            _count_area(counted, stock, number, AreaCounts())
    return +counted


def _count_area(counted: Counter[Cell], stock: Stock, number: int, area: AreaCounts) -> None:
    """Count an area's places by channel; what is not for sale is first of those in no channel."""
    event_map, group = stock.event_map, stock.groups[number]
    not_for_sale = event_map.places_not_for_sale(group.example)
    for kind, statuses in _by_channel(event_map, group, area):
        off = min(not_for_sale, statuses[FREE])
        not_for_sale -= off
        counted[Cell(kind._replace(is_for_sale=False), FREE)] += off
        statuses[FREE] -= off
        for status, places in statuses.items():
            counted[Cell(kind, status)] += places


def _by_channel(
    event_map: EventMap, group: Group, area: AreaCounts
) -> list[tuple[Kind, Counter[str]]]:
    """Count an area's places by status: of no channel first, then of each that has some."""
    others = _statuses(area, group.places)
    parts = []
    keys = {channel.id: channel.key for channel in event_map.selling.channels}
    for channel, places in event_map.channels.places_in(group.example).items():
        own = _statuses(area.channels.get(channel, ChannelCounts()), places)
        own[FREE] = min(own[FREE], others[FREE])
        others -= own
        parts.append((group.kind._replace(channel=keys[channel]), own))
    return [(group.kind, others), *parts]


def _statuses(counts: AreaCounts | ChannelCounts, places: int) -> Counter[str]:
    statuses = Counter(counts.taken)
    statuses[HELD] += counts.held
    statuses[FREE] = max(0, places - statuses.total())
    return statuses


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
