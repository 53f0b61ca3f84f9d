"""The objects of a drawing in drawing order, each with the section and floor it stands in.

Rules of this file:

1. Drawing order: floor by floor; in each its rows, tables, booths and areas, then its sections
   in turn, each with its own rows, tables, booths and areas. A table comes before its seats.
2. A category is the object's own, else its row's or table's, else its section's. One that the
   chart does not have is none.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from engine.charts.drawing import (
    Drawing,
    DrawnArea,
    DrawnBooth,
    DrawnPlace,
    DrawnPoint,
    DrawnRow,
    DrawnSeat,
    DrawnSection,
    DrawnTable,
    FloorChart,
    SectionChart,
)
from engine.charts.labels import PLACEHOLDER, is_labeled, join, join_if_labeled
from schemas.inventory import ObjectKind, Point

AnyDrawn = DrawnRow | DrawnTable | DrawnBooth | DrawnArea

_COORDINATE_DECIMALS = 6
"""Sums of section and seat are rounded to these: 0.1 + 0.2 is 0.3, not 0.30000000000000004."""


class Placed(NamedTuple):
    """A row, table, booth or area with its surroundings."""

    drawn: AnyDrawn
    path: str
    floor: int | None
    section: DrawnSection | None

    def label_parts(self) -> tuple[str | None, ...]:
        """Give the parts of the block's full label; None or `?` where one is not given."""
        if self.section is not None:
            return (self.section.label, self.drawn.label)
        if is_labeled(self.drawn.section_label):
            return (self.drawn.section_label, self.drawn.label)
        return (self.drawn.label,)

    def label(self) -> str | None:
        """Give the block's full label, or None if a part is missing."""
        return join_if_labeled(self.label_parts())

    def seat_labels(self, seats: Sequence[DrawnSeat]) -> list[str | None]:
        """Give the full label of each seat, None where a part is missing."""
        of_block = self.label()
        if of_block is None:
            return [None] * len(seats)
        return [
            join(of_block, seat.label)
            if seat.label is not None and is_labeled(seat.label)
            else None
            for seat in seats
        ]

    def category(self, known: Collection[str]) -> str | None:
        """Give the key of the category of a booth or area, and of seats without one."""
        key = self.drawn.category_key
        if key is None and self.section is not None:
            key = self.section.category_key
        return str(key) if key is not None and str(key) in known else None

    def table_category(self, table: DrawnTable, known: Collection[str]) -> str | None:
        """Give the table's own category, else that of its first seat."""
        if table.category_key is not None or not table.seats:
            return self.category(known)
        # A table seldom has a category of its own; when sold as one it costs what its seats do.
        return self.seat_categories(table.seats[:1], known)[0]

    def seat_categories(
        self, seats: Sequence[DrawnSeat], known: Collection[str]
    ) -> list[str | None]:
        """Give the key of the category of each seat: its own, else its block's."""
        inherited = self.category(known)
        categories = []
        for seat in seats:
            own = None if seat.category_key is None else str(seat.category_key)
            categories.append(inherited if own is None else own if own in known else None)
        return categories

    def absolute(self, x: float, y: float) -> tuple[float, float]:
        """Move a place in the block's section onto the chart."""
        if self.section is None or self.section.top_left is None:
            return x, y
        origin = self.section.top_left
        return round(origin.x + x, _COORDINATE_DECIMALS), round(origin.y + y, _COORDINATE_DECIMALS)

    def position(self, place: DrawnPlace) -> Point | None:
        """Give the absolute centre of a table, booth or area, or None if it is not drawn."""
        center = place.center or _middle(place.points)
        return None if center is None else Point(*self.absolute(center.x, center.y))


class Candidate(NamedTuple):
    """What would be a bookable object, if label and category are given and its label is free."""

    kind: ObjectKind
    label: str | None
    category: str | None
    placed: Placed
    seat_index: int | None = None

    @property
    def path(self) -> str:
        """Where it stands in the drawing."""
        seat = "" if self.seat_index is None else f".seats[{self.seat_index}]"
        return self.placed.path + seat

    @property
    def shown(self) -> str:
        """The label with `?` for what is missing."""
        parts, drawn = self.placed.label_parts(), self.placed.drawn
        if self.seat_index is not None and isinstance(drawn, (DrawnRow, DrawnTable)):
            parts = (*parts, drawn.seats[self.seat_index].label)
        return join(*(part if part and is_labeled(part) else PLACEHOLDER for part in parts))


def place(drawing: Drawing) -> Iterator[Placed]:
    """Go through all rows, tables, booths and areas in drawing order."""
    if drawing.sub_chart_floors:
        for index, floor in enumerate(drawing.sub_chart_floors):
            yield from _place_floor(floor, f"subChartFloors[{index}]", index)
    elif drawing.sub_chart is not None:
        yield from _place_floor(drawing.sub_chart, "subChart", None)


def candidates(placed: Placed, known: Collection[str]) -> Iterator[Candidate]:
    """Go through what a block would make bookable, given the keys of the chart's categories."""
    drawn = placed.drawn
    if isinstance(drawn, DrawnRow):
        yield from _seat_candidates(placed, drawn.seats, known)
    elif isinstance(drawn, DrawnTable):
        category = placed.table_category(drawn, known)
        yield Candidate("table", placed.label(), category, placed)
        for seat in _seat_candidates(placed, drawn.seats, known):
            # The seats of a table that is sold as one need no names.
            if seat.label is not None or not drawn.book_as_a_whole:
                yield seat
    else:
        kind: ObjectKind = "booth" if isinstance(drawn, DrawnBooth) else "area"
        yield Candidate(kind, placed.label(), placed.category(known), placed)


def known_categories(drawing: Drawing) -> frozenset[str]:
    """Give the keys of the chart's categories, as text."""
    entries = () if drawing.categories is None else drawing.categories.list
    return frozenset(str(category.key) for category in entries)


def _place_floor(chart: FloorChart, path: str, floor: int | None) -> Iterator[Placed]:
    yield from _place_blocks(chart, path, floor, None)
    for index, section in enumerate(chart.sections):
        if section.sub_chart is not None:
            inner = f"{path}.sections[{index}].subChart"
            yield from _place_blocks(section.sub_chart, inner, floor, section)


def _place_blocks(
    chart: FloorChart | SectionChart, path: str, floor: int | None, section: DrawnSection | None
) -> Iterator[Placed]:
    groups: tuple[tuple[str, Sequence[AnyDrawn]], ...] = (
        ("rows", chart.rows),
        ("tables", chart.tables),
        ("booths", chart.booths),
        ("generalAdmissionAreas", chart.general_admission_areas),
    )
    for name, blocks in groups:
        for index, drawn in enumerate(blocks):
            yield Placed(drawn, f"{path}.{name}[{index}]", floor, section)


def _seat_candidates(
    placed: Placed, seats: Sequence[DrawnSeat], known: Collection[str]
) -> Iterator[Candidate]:
    labels = placed.seat_labels(seats)
    categories = placed.seat_categories(seats, known)
    for index, (label, category) in enumerate(zip(labels, categories, strict=True)):
        yield Candidate("seat", label, category, placed, index)


def _middle(points: list[DrawnPoint] | None) -> DrawnPoint | None:
    if not points:
        return None
    xs, ys = [point.x for point in points], [point.y for point in points]
    return DrawnPoint(x=(min(xs) + max(xs)) / 2, y=(min(ys) + max(ys)) / 2)
