"""Compiling: from a drawing to the inventory that events are sold from.

Rules of this file:

1. A drawing with errors compiles too: what has no full label is left out, and of several with
   the same label the first one counts. A table that is left out takes its seats along.
2. The same drawing always gives the same inventory, down to the bytes.
"""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from engine.charts.drawing import (
    Drawing,
    DrawnArea,
    DrawnBooth,
    DrawnPoint,
    DrawnRow,
    DrawnSeat,
    DrawnTable,
)
from engine.charts.labels import is_labeled
from engine.charts.placement import Placed, known_categories, place
from engine.charts.validate import Finding, validate
from schemas.inventory import (
    Area,
    Booth,
    Category,
    Floor,
    Inventory,
    Point,
    Row,
    SeatFlag,
    Seats,
    Section,
    Table,
    Zone,
)

_FLAGS = (
    ("accessible", SeatFlag.ACCESSIBLE),
    ("restricted_view", SeatFlag.RESTRICTED_VIEW),
    ("companion_seat", SeatFlag.COMPANION_SEAT),
    ("lift_up_armrests", SeatFlag.LIFT_UP_ARMRESTS),
    ("hearing_impaired", SeatFlag.HEARING_IMPAIRED),
    ("semi_ambulatory_seat", SeatFlag.SEMI_AMBULATORY_SEAT),
    ("sign_language_interpretation", SeatFlag.SIGN_LANGUAGE_INTERPRETATION),
    ("plus_size", SeatFlag.PLUS_SIZE),
)


def compile_drawing(drawing: Drawing) -> Inventory:
    """Compile a drawing; the inventory names the checks that it fails."""
    validation = validate(drawing)
    compilation = _Compilation(drawing)
    blocks = compilation.blocks()
    return Inventory(
        categories=_categories(drawing),
        zones=_zones(drawing),
        focal_point=_focal_point(drawing),
        floors=_floors(drawing),
        sections=list(compilation.sections),
        blocks=blocks,
        errors=_codes(validation.errors),
        warnings=_codes(validation.warnings),
    )


class _Compilation:
    """What the blocks of one drawing share while they are compiled in drawing order."""

    def __init__(self, drawing: Drawing) -> None:
        self.drawing = drawing
        self.known = known_categories(drawing)
        self.zones = {zone.key for zone in _zones(drawing)}
        self.taken: set[str] = set()
        self.sections: dict[Section, int] = {}
        """The sections met so far, each with its index."""

    def blocks(self) -> list[Row | Table | Booth | Area]:
        """Compile all blocks that have something to book."""
        compiled = (self.block(placed) for placed in place(self.drawing))
        return [block for block in compiled if block is not None]

    def block(self, placed: Placed) -> Row | Table | Booth | Area | None:
        """Compile one block, or give None if nothing of it can be booked."""
        drawn = placed.drawn
        if isinstance(drawn, DrawnRow):
            return self.row(placed, drawn)
        if not self.take(placed.label()):
            return None
        if isinstance(drawn, DrawnTable):
            return self.table(placed, drawn)
        if isinstance(drawn, DrawnBooth):
            return self.booth(placed, drawn)
        return self.area(placed, drawn)

    def take(self, label: str | None) -> bool:
        """Take a full label; False if it is missing or taken already."""
        if label is None or label in self.taken:
            return False
        self.taken.add(label)
        return True

    def row(self, placed: Placed, drawn: DrawnRow) -> Row | None:
        seats = self.seats(placed, drawn.seats)
        return Row(**self.common(placed, "row"), seats=seats) if seats.labels else None

    def table(self, placed: Placed, drawn: DrawnTable) -> Table:
        return Table(
            **self.common(placed, "table"),
            seats=self.seats(placed, drawn.seats),
            seat_count=len(drawn.seats),
            position=placed.position(drawn),
            category=placed.table_category(drawn, self.known),
            entrance=drawn.entrance,
            book_as_a_whole=bool(drawn.book_as_a_whole),
            **_occupancy(drawn, len(drawn.seats)),
        )

    def booth(self, placed: Placed, drawn: DrawnBooth) -> Booth:
        return Booth(
            **self.common(placed, "booth"),
            position=placed.position(drawn),
            category=placed.category(self.known),
            entrance=drawn.entrance,
        )

    def area(self, placed: Placed, drawn: DrawnArea) -> Area:
        return Area(
            **self.common(placed, "generalAdmission"),
            capacity=drawn.capacity,
            position=placed.position(drawn),
            category=placed.category(self.known),
            entrance=drawn.entrance,
            book_as_a_whole=bool(drawn.book_as_a_whole),
            **_occupancy(drawn, drawn.capacity),
        )

    def common(self, placed: Placed, usual_type: str) -> dict[str, Any]:
        """Give the fields of `Block`; only called when the block's label is complete."""
        drawn = placed.drawn
        shown = drawn.display_object_type
        return {
            "label": drawn.label,
            "displayed_label": drawn.display_label,
            "displayed_type": None if shown == usual_type else shown,
            "section": self.section(placed),
            "floor": placed.floor,
        }

    def section(self, placed: Placed) -> int | None:
        """Give the index of the block's section, new or met before."""
        section = self.section_of(placed)
        return None if section is None else self.sections.setdefault(section, len(self.sections))

    def section_of(self, placed: Placed) -> Section | None:
        drawn, section = placed.drawn, placed.section
        if section is not None:
            assert section.label is not None, "an object in a section without label got a label"
            return Section(
                label=section.label,
                displayed_label=section.display_label,
                zone=section.zone if section.zone in self.zones else None,
                entrance=section.entrance,
            )
        if drawn.section_label is not None and is_labeled(drawn.section_label):
            return Section(label=drawn.section_label, displayed_label=drawn.section_displayed_label)
        return None

    def seats(self, placed: Placed, drawn: list[DrawnSeat]) -> Seats:
        """Make columns of the seats whose labels are complete and still free."""
        labeled = zip(drawn, placed.seat_labels(drawn), strict=True)
        kept = [seat for seat, label in labeled if self.take(label)]
        places = [placed.absolute(seat.x, seat.y) for seat in kept]
        categories = placed.seat_categories(kept, self.known)
        most = _most_common(categories)
        return Seats(
            labels=[seat.label for seat in kept if seat.label is not None],
            x=[x for x, _ in places],
            y=[y for _, y in places],
            category=most,
            categories={i: key for i, key in enumerate(categories) if key != most},
            displayed_labels=_sparse(seat.display_label for seat in kept),
            entrances=_sparse(seat.entrance for seat in kept),
            flags={i: flags for i, flags in enumerate(map(_flags, kept)) if flags},
        )


def _most_common(keys: list[str | None]) -> str | None:
    # Of several equally frequent ones `Counter` gives the first met: the same every time.
    counted = Counter(keys).most_common(1)
    return counted[0][0] if counted else None


def _sparse(texts: Iterable[str | None]) -> dict[int, str]:
    return {index: text for index, text in enumerate(texts) if text}


def _flags(seat: DrawnSeat) -> int:
    return sum(int(flag) for name, flag in _FLAGS if getattr(seat, name))


def _occupancy(drawn: DrawnTable | DrawnArea, places: int) -> dict[str, Any]:
    if not drawn.variable_occupancy:
        return {}
    least, most = drawn.min_occupancy, drawn.max_occupancy
    return {
        "variable_occupancy": True,
        "min_occupancy": 1 if least is None else least,
        "max_occupancy": places if most is None else most,
    }


def _categories(drawing: Drawing) -> list[Category]:
    entries = () if drawing.categories is None else drawing.categories.list
    return [
        Category(
            key=str(entry.key),
            label=entry.label,
            color=entry.color,
            accessible=bool(entry.accessible),
            key_is_int=isinstance(entry.key, int),
        )
        for entry in entries
    ]


def _zones(drawing: Drawing) -> list[Zone]:
    entries = () if drawing.zones is None else drawing.zones.list
    return [
        Zone(key=entry.key, label=entry.label, focal_point=_point(entry.focal_point))
        for entry in entries
    ]


def _floors(drawing: Drawing) -> list[Floor]:
    return [
        Floor(
            name=floor.floor_name or str(index + 1),
            displayed_name=floor.floor_display_name,
            focal_point=_point(floor.focal_point),
        )
        for index, floor in enumerate(drawing.sub_chart_floors or ())
    ]


def _focal_point(drawing: Drawing) -> Point | None:
    if drawing.sub_chart_floors or drawing.sub_chart is None:
        return None
    return _point(drawing.sub_chart.focal_point)


def _point(drawn: DrawnPoint | None) -> Point | None:
    return None if drawn is None else Point(drawn.x, drawn.y)


def _codes(findings: list[Finding]) -> list[str]:
    return [str(finding.code) for finding in findings]
