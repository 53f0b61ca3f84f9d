"""The seat map: an inventory made quick to ask, built once per hash and shared by all its events.

Rules of this file:

1. Nothing here changes after it is built, but for what is made when it is first asked for.
2. Nothing here knows an event: what is booked, for sale or sold as a whole table is not here.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from engine.charts.geometry import distance
from engine.charts.labels import block_label, join
from schemas.inventory import (
    Area,
    Booth,
    Floor,
    Inventory,
    ObjectKind,
    Point,
    Row,
    SeatFlag,
    Section,
    Table,
)

AnyBlock = Row | Table | Booth | Area
Made = TypeVar("Made")
NO_FLAGS = SeatFlag(0)
NOT_A_SEAT = -1
"""The `seat_index` of what is not a seat."""


class BookableObject:
    """One seat, table, booth or area, with what the chart says about it."""

    __slots__ = (
        "block",
        "capacity",
        "category_key",
        "floor",
        "kind",
        "label",
        "ordinal",
        "parent",
        "seat_index",
        "section",
    )

    def __init__(
        self, ordinal: int, label: str, block: AnyBlock, seat_index: int, inventory: Inventory
    ) -> None:
        parent = block if isinstance(block, (Row, Table)) and seat_index != NOT_A_SEAT else None
        self.ordinal = ordinal
        """Place in drawing order, from 0."""
        self.label = label
        self.block = block
        """The row or table of a seat; a table, booth or area itself."""
        self.parent: Row | Table | None = parent
        """The row or table of a seat; nothing else has a parent."""
        self.seat_index = seat_index
        """Place of a seat in its row or table, from 0."""
        self.kind: ObjectKind = _kind(block) if parent is None else "seat"
        self.capacity = block.capacity if isinstance(block, Area) else 1
        """Places that can be taken one by one; 1 for everything but an area."""
        self.category_key = _category(block, seat_index)
        self.section: Section | None = (
            None if block.section is None else inventory.sections[block.section]
        )
        self.floor: Floor | None = None if block.floor is None else inventory.floors[block.floor]

    @property
    def row(self) -> Row | None:
        """The row, if it is a seat of one."""
        return self.block if isinstance(self.block, Row) else None

    @property
    def table(self) -> Table | None:
        """The table, if it is one or a seat of one."""
        return self.block if isinstance(self.block, Table) else None

    @property
    def area(self) -> Area | None:
        """The area, if it is one."""
        return self.block if isinstance(self.block, Area) else None

    @property
    def own_label(self) -> str:
        """The last part of the label."""
        if self.parent is None:
            return self.block.label
        return self.parent.seats.labels[self.seat_index]

    @property
    def displayed_label(self) -> str:
        """The own label as the public sees it."""
        if self.parent is None:
            return self.block.displayed_label or self.block.label
        return self.parent.seats.displayed_labels.get(self.seat_index, self.own_label)

    @property
    def entrance(self) -> str | None:
        """The object's own entrance, else its table's, else its section's."""
        own = None
        if self.parent is not None:
            own = self.parent.seats.entrances.get(self.seat_index)
        if own is None and not isinstance(self.block, Row):
            own = self.block.entrance
        if own is None and self.section is not None:
            own = self.section.entrance
        return own

    @property
    def flags(self) -> SeatFlag:
        """What a seat is or has; nothing, for other objects."""
        if self.parent is None:
            return NO_FLAGS
        return SeatFlag(self.parent.seats.flags.get(self.seat_index, 0))

    @property
    def position(self) -> Point | None:
        """The absolute place of a seat, or the centre of anything else if it is known."""
        if self.parent is not None:
            seats = self.parent.seats
            return Point(seats.x[self.seat_index], seats.y[self.seat_index])
        return None if isinstance(self.block, Row) else self.block.position

    def __repr__(self) -> str:
        """Show kind and label."""
        return f"BookableObject({self.kind} {self.label})"


class SeatMap:
    """All bookable objects of an inventory, by label and in drawing order."""

    def __init__(self, inventory: Inventory) -> None:
        self.inventory = inventory
        self.places = 0
        """Places in all: seats, booths, and the capacities of areas. A table is its seats."""
        self._labels: list[str] = []
        self._blocks: list[AnyBlock] = []
        self._starts: list[int] = []
        """The ordinal of the first object of each block."""
        for block in inventory.blocks:
            self._add(block)
        self._ordinals = {label: ordinal for ordinal, label in enumerate(self._labels)}
        if len(self._ordinals) != len(self._labels):
            message = "the inventory has two objects with the same label"
            raise ValueError(message)
        self._objects: list[BookableObject | None] = [None] * len(self._labels)
        self._zones = {zone.key: zone for zone in inventory.zones}
        self._made: dict[Callable[..., Any], Any] = {}

    def _add(self, block: AnyBlock) -> None:
        self._starts.append(len(self._labels))
        self._blocks.append(block)
        label = block_label(self.inventory, block)
        if not isinstance(block, Row):
            self._labels.append(label)
        if isinstance(block, (Row, Table)):
            self._labels.extend(join(label, own) for own in block.seats.labels)
        self.places += _places(block)

    def __len__(self) -> int:
        """Count the bookable objects: seats, tables and areas alike."""
        return len(self._labels)

    def __contains__(self, label: object) -> bool:
        """Say whether there is an object with this label."""
        return label in self._ordinals

    def __iter__(self) -> Iterator[BookableObject]:
        """Go through all objects in drawing order."""
        for block, start in zip(self._blocks, self._starts, strict=True):
            for ordinal in range(start, start + _objects(block)):
                yield self._objects[ordinal] or self._build(ordinal, block, start)

    def once(self, make: Callable[["SeatMap"], Made]) -> Made:
        """Give what `make` makes of this seat map: made for the first who asks, kept for all."""
        if make not in self._made:
            self._made[make] = make(self)
        made: Made = self._made[make]
        return made

    @property
    def labels(self) -> list[str]:
        """All labels in drawing order. Not to be changed."""
        return self._labels

    def ordinal_of(self, label: str) -> int | None:
        """Give the place in drawing order of the object with this label."""
        return self._ordinals.get(label)

    def find(self, label: str) -> BookableObject | None:
        """Give the object with this label; the same one each time."""
        ordinal = self._ordinals.get(label)
        if ordinal is None:
            return None
        found = self._objects[ordinal]
        if found is None:
            found = self._objects[ordinal] = self.at(ordinal)
        return found

    def at(self, ordinal: int) -> BookableObject:
        """Give the object at this place in drawing order; it is not kept."""
        block = bisect_right(self._starts, ordinal) - 1
        return self._objects[ordinal] or self._build(
            ordinal, self._blocks[block], self._starts[block]
        )

    def neighbours(self, label: str) -> tuple[str | None, str | None]:
        """Give the labels to the left and right of a seat in its row.

        Left is what the drawing has before it. None at the ends of the row, and for everything
        that is not a seat of a row.
        """
        found = self.find(label)
        return (None, None) if found is None else self.neighbours_of(found)

    def neighbours_of(self, found: BookableObject) -> tuple[str | None, str | None]:
        """Give the labels next to an object of this map."""
        if found.row is None:
            return None, None
        left = self._labels[found.ordinal - 1] if found.seat_index > 0 else None
        is_last = found.seat_index + 1 == len(found.row.seats.labels)
        return left, None if is_last else self._labels[found.ordinal + 1]

    def zone_focal_point(self, found: BookableObject) -> Point | None:
        """Give the focal point of the zone that the object's section belongs to."""
        if found.section is None or found.section.zone is None:
            return None
        return self._zones[found.section.zone].focal_point

    def focal_point(self, found: BookableObject) -> Point | None:
        """Give the point that the object should be near to: its floor's, else the chart's."""
        if found.floor is not None and found.floor.focal_point is not None:
            return found.floor.focal_point
        return self.inventory.focal_point

    def distance_to_focal_point(self, found: BookableObject) -> float | None:
        """Give the distance to the focal point of the floor or chart, None if one is unknown."""
        focal, position = self.focal_point(found), found.position
        if focal is None or position is None:
            return None
        return distance(position.x, position.y, focal)

    @property
    def supports_best_available(self) -> bool:
        """Whether a focal point says which seats are the better ones."""
        points = (
            self.inventory.focal_point,
            *(zone.focal_point for zone in self.inventory.zones),
            *(floor.focal_point for floor in self.inventory.floors),
        )
        return any(point is not None for point in points)

    def _build(self, ordinal: int, block: AnyBlock, start: int) -> BookableObject:
        # A table takes the first ordinal of its block, its seats follow.
        before_seats = 0 if isinstance(block, Row) else 1
        seat_index = ordinal - start - before_seats
        return BookableObject(ordinal, self._labels[ordinal], block, seat_index, self.inventory)


def _kind(block: AnyBlock) -> ObjectKind:
    if isinstance(block, Table):
        return "table"
    return "area" if isinstance(block, Area) else "booth"


def _category(block: AnyBlock, seat_index: int) -> str | None:
    if seat_index != NOT_A_SEAT and isinstance(block, (Row, Table)):
        return block.seats.categories.get(seat_index, block.seats.category)
    return None if isinstance(block, Row) else block.category


def _objects(block: AnyBlock) -> int:
    if isinstance(block, Row):
        return len(block.seats.labels)
    return 1 + len(block.seats.labels) if isinstance(block, Table) else 1


def _places(block: AnyBlock) -> int:
    match block:
        case Row():
            return len(block.seats.labels)
        case Table():
            return block.seat_count
        case Area():
            return block.capacity
        case _:
            return 1
