"""The stock: the objects that a report is about, in groups that it can count.

Rules of this file:

1. The objects of a group differ in nothing but what is their own (their names, their neighbours,
   their distance) as long as nothing becomes of them. So a group is counted as one number, and
   what its objects have in common is written once.
2. A stock is made once for a chart and what an event says about it, and never changes.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from functools import cached_property
from typing import Any, NamedTuple

from api.seatsio.object_info import OBJECT_TYPES
from engine.charts.inventory import BookableObject, SeatMap
from engine.seats.channels import NO_CHANNEL
from engine.seats.event_map import EventMap

NO_CATEGORY, NO_SECTION, NO_ZONE = "NO_CATEGORY", "NO_SECTION", "NO_ZONE"
_NOT_THERE = -1


class Tables(Enum):
    """What of the tables is in a chart report."""

    BOTH = "tables and their seats"
    AS_DRAWN = "tables that the chart sells as a whole, seats of the others"
    WHOLE = "tables"
    BY_SEAT = "seats"


class Kind(NamedTuple):
    """What reports tell apart of objects that nothing has become of."""

    object_type: str
    category_key: str
    category_label: str
    section: str
    zone: str
    channel: str
    is_for_sale: bool


class Group:
    """Objects with everything in common that a report can show or count."""

    __slots__ = ("example", "kind", "objects", "places")

    def __init__(self, example: BookableObject, kind: Kind, places: int) -> None:
        self.example = example
        self.kind = kind
        self.places = places
        """Of each of its objects."""
        self.objects = 0


class Stock:
    """The objects that a report is about."""

    def __init__(
        self,
        event_map: EventMap,
        objects: Iterable[BookableObject],
        places: Callable[[BookableObject], int],
    ) -> None:
        """Group these objects of the chart; `places` says as how many one counts."""
        self.event_map = event_map
        self.groups: list[Group] = []
        self.ordinals = array("I")
        """Of all its objects, in drawing order."""
        self._group_of = array("i", [_NOT_THERE]) * len(self.chart)
        """The number of each object's group, by ordinal."""
        numbers: dict[Any, int] = {}
        for found in objects:
            number = numbers.setdefault(self._common(found), len(self.groups))
            if number == len(self.groups):
                self.groups.append(Group(found, kind_of(event_map, found), places(found)))
            self.groups[number].objects += 1
            self._group_of[found.ordinal] = number
            self.ordinals.append(found.ordinal)

    @cached_property
    def by_label(self) -> Sequence[int]:
        """The ordinals in the order of the labels."""
        return array("I", sorted(self.ordinals, key=self.chart.labels.__getitem__))

    @property
    def chart(self) -> SeatMap:
        """The chart that the objects are on."""
        return self.event_map.chart

    def number_of(self, ordinal: int) -> int:
        """Give the number of the group of an object that is there."""
        return self._group_of[ordinal]

    def ordinal_of(self, label: str) -> int | None:
        """Give an object's ordinal; None if it is not on the chart, or not in this report."""
        ordinal = self.chart.ordinal_of(label)
        return None if ordinal is None or self._group_of[ordinal] == _NOT_THERE else ordinal

    def numbers_of(self, labels: Iterable[str]) -> Iterator[int]:
        """Give the numbers of the groups of those of these objects that are there."""
        for label in labels:
            ordinal = self.ordinal_of(label)
            if ordinal is not None:
                yield self._group_of[ordinal]

    def _common(self, found: BookableObject) -> tuple[object, ...]:
        """Give what only objects of the same group have."""
        if found.parent is None:
            return (found.ordinal,)
        # The block says nearly all; it is compared by its address, as its seats are many.
        return (
            id(found.block),
            found.entrance,
            found.parent.seats.flags.get(found.seat_index, 0),
            self.event_map.category_key(found),
            self.event_map.channels.key_of(found.label),
            self.event_map.is_for_sale(found),
        )


def kind_of(event_map: EventMap, found: BookableObject) -> Kind:
    """Say what reports tell apart of an object."""
    category, section = event_map.category_key(found), found.section
    return Kind(
        OBJECT_TYPES[found.kind],
        category or NO_CATEGORY,
        event_map.category_label(category) or NO_CATEGORY,
        NO_SECTION if section is None else section.label,
        NO_ZONE if section is None or section.zone is None else section.zone,
        event_map.channels.key_of(found.label) or NO_CHANNEL,
        event_map.is_for_sale(found),
    )


def event_stock(event_map: EventMap) -> Stock:
    """Give the objects that an event sells. A table that is sold as a whole counts its seats."""
    return Stock(event_map, filter(event_map.sells, event_map.chart), _places_in_event)


def _places_in_event(found: BookableObject) -> int:
    if found.kind == "table" and found.table is not None:
        return found.table.seat_count
    return found.capacity


def chart_stock(chart: SeatMap, tables: Tables) -> Stock:
    """Give the objects of a chart. A table counts as one."""
    return Stock(EventMap(chart), filter(_WANTED[tables], chart), lambda found: found.capacity)


def _is_wanted_as_drawn(found: BookableObject) -> bool:
    return found.table is None or found.table.book_as_a_whole == (found.kind == "table")


_WANTED: dict[Tables, Callable[[BookableObject], bool]] = {
    Tables.BOTH: lambda _: True,
    Tables.AS_DRAWN: _is_wanted_as_drawn,
    Tables.WHOLE: lambda found: found.table is None or found.kind == "table",
    Tables.BY_SEAT: lambda found: found.kind != "table",
}
