"""Which bit each object of a seat map has, and the sets that a wish can be narrowed to.

Rules of this file:

1. Bits ascend in drawing order.
2. A line is the seats of a row, or the seats of a table in the order drawn. It begins at a
   multiple of eight bits, so that no byte has seats of two lines, and a bit without an object
   follows it. Tables as wholes, booths and areas have a bit each, apart from all lines.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from engine.charts.inventory import AnyBlock, BookableObject, SeatMap
from engine.seats.best_available.sets import set_of
from schemas.inventory import Row, SeatFlag, Table

Pool = tuple[int | None, str | None]
"""Seats of one section: its floor and label. Seats without a section are a pool, too."""


class Line(NamedTuple):
    """Seats next to each other."""

    first: int
    """Bit of the first seat."""
    seats: int
    pool: Pool
    block: Row | Table


class Single(NamedTuple):
    """A table as a whole, a booth or an area."""

    bit: int
    block: AnyBlock


class Layout:
    """The bits of all objects of a seat map."""

    def __init__(self, seat_map: SeatMap) -> None:
        self._seat_map = seat_map
        self.lines: list[Line] = []
        self.wholes: list[Single] = []
        """Tables as wholes, and booths."""
        self.areas: list[Single] = []
        self._bits: list[int] = []
        """By ordinal."""
        self._next = 1  # bit 0 is nobody's, so that every object has a bit below its own
        sets = _Sets()
        for found in seat_map:
            bit = self._place(found)
            self._bits.append(bit)
            sets.add(found, bit)
        self._ordinals = {bit: ordinal for ordinal, bit in enumerate(self._bits)}
        self.size = _next_line(self._next)
        """All bits are below this; a multiple of eight."""
        self.all = set_of(self._bits)
        self.all_areas = set_of(single.bit for single in self.areas)
        self.accessible = set_of(sets.accessible)
        self.pools = {pool: set_of(bits) for pool, bits in sets.pools.items()}
        self._sections = {label: set_of(bits) for label, bits in sets.sections.items()}
        self._zones = {key: set_of(bits) for key, bits in sets.zones.items()}
        self._categories = {key: set_of(bits) for key, bits in sets.categories.items()}

    def _place(self, found: BookableObject) -> int:
        """Give an object its bit."""
        if found.parent is None:
            bit = self._next
            singles = self.areas if found.kind == "area" else self.wholes
            singles.append(Single(bit, found.block))
        else:
            if found.seat_index == 0:
                self._next = _next_line(self._next)
                seats = len(found.parent.seats.labels)
                self.lines.append(Line(self._next, seats, pool_of(found), found.parent))
            bit = self.lines[-1].first + found.seat_index
        self._next = bit + 2  # the bit between belongs to nobody, unless a next seat takes it
        return bit

    def bit(self, found: BookableObject) -> int:
        """Give the bit of an object."""
        return self._bits[found.ordinal]

    def set_of(self, labels: Iterable[str]) -> int:
        """Give the set of the objects with these labels, without what is not on the chart."""
        found = (self._seat_map.find(label) for label in labels)
        return set_of(self.bit(each) for each in found if each is not None)

    def label(self, bit: int) -> str:
        """Give the label of the object with this bit."""
        return self._seat_map.labels[self._ordinals[bit]]

    def in_categories(self, keys: Iterable[str]) -> int:
        """Give what has one of these categories, as the chart has it."""
        return _union(self._categories, keys)

    def in_sections(self, labels: Iterable[str]) -> int:
        """Give what is in one of these sections."""
        return _union(self._sections, labels)

    def in_zone(self, key: str) -> int:
        """Give what is in a zone."""
        return self._zones.get(key, 0)


class _Sets:
    """The bits of each set, while a layout is made."""

    def __init__(self) -> None:
        self.accessible: list[int] = []
        self.pools: defaultdict[Pool, list[int]] = defaultdict(list)
        self.sections: defaultdict[str, list[int]] = defaultdict(list)
        self.zones: defaultdict[str, list[int]] = defaultdict(list)
        self.categories: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, found: BookableObject, bit: int) -> None:
        section = found.section
        if found.parent is not None:
            self.pools[pool_of(found)].append(bit)
            if found.flags & SeatFlag.ACCESSIBLE:
                self.accessible.append(bit)
        if found.category_key is not None:
            self.categories[found.category_key].append(bit)
        if section is not None:
            self.sections[section.label].append(bit)
            if section.zone is not None:
                self.zones[section.zone].append(bit)


def pool_of(seat: BookableObject) -> Pool:
    """Say which pool a seat belongs to."""
    return seat.block.floor, None if seat.section is None else seat.section.label


def _next_line(bit: int) -> int:
    return (bit + 7) // 8 * 8


def _union(sets: dict[str, int], keys: Iterable[str]) -> int:
    members = 0
    for key in keys:
        members |= sets.get(key, 0)
    return members
