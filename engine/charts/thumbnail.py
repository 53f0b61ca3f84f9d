"""Thumbnails: a small picture of a drawing, as a PNG.

Rules of this file:

1. Any drawing that was read before gives a picture. What cannot be drawn (looks are not checked
   when a drawing comes in) is left out.
2. A picture costs as much as its drawing has objects, whatever their coordinates are.
"""

import io
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
from PIL import Image, ImageColor, ImageDraw

from engine.charts.drawing import COORDINATE_MAX

side_px_max = 512
side_px_min = 64
margin_px = 8
_SMOOTH = 2
"""Drawn so many times larger, and shrunk."""
_SEAT_RADIUS = 5.5
"""In the units of drawings; designers draw all seats of this size."""
_SEAT_RADIUS_PX_MIN = 0.6
_CORNERS = 64
"""Of what is round."""
_FLOOR_GAP = 0.08

_Place = tuple[float, float]
_Color = tuple[int, ...]
_PAPER = (255, 255, 255)
_NO_CATEGORY = (158, 158, 158)
_SHAPE = (224, 224, 224)
_SECTION = (240, 240, 240)
_TABLE = (202, 202, 202)


class _Struct(msgspec.Struct, rename="camel"):
    """Part of a drawing: fields of the types that were checked, any type for what was not."""


class _Point(_Struct):
    x: float
    y: float


class _Seat(_Struct):
    x: float
    y: float
    category_key: int | str | None = None


class _Row(_Struct):
    seats: list[_Seat] | None = None
    category_key: int | str | None = None


class _Block(_Row):
    center: _Point | None = None
    points: list[_Point] | None = None
    width: Any = None
    height: Any = None
    radius: Any = None
    radius1: Any = None
    radius2: Any = None
    rotation_angle: Any = None
    fill_color: Any = None


class _Content(_Struct):
    rows: list[_Row] | None = None
    tables: list[_Block] | None = None
    booths: list[_Block] | None = None
    general_admission_areas: list[_Block] | None = None
    shapes: Any = None


class _Section(_Struct):
    top_left: _Point | None = None
    sub_chart: _Content | None = None
    category_key: int | str | None = None
    points: Any = None


class _Floor(_Content):
    sections: list[_Section] | None = None


class _Category(_Struct):
    key: int | str
    color: str | None = None


class _Categories(_Struct):
    entries: list[_Category] | None = msgspec.field(default=None, name="list")


class _Drawing(_Struct):
    categories: _Categories | None = None
    sub_chart: _Floor | None = None
    sub_chart_floors: list[_Floor] | None = None


class _Mark(NamedTuple):
    """Something to draw: a polygon, or a seat if it has one corner."""

    corners: Sequence[_Place]
    color: _Color

    def moved(self, x: float, y: float) -> "_Mark":
        return _Mark([(px + x, py + y) for px, py in self.corners], self.color)


class _Frame(NamedTuple):
    """The rectangle that holds all marks."""

    left: float
    top: float
    width: float
    height: float


def thumbnail(drawing: bytes) -> bytes:
    """Draw a drawing; one that was read before."""
    try:
        read = msgspec.json.decode(drawing, type=_Drawing)
    except (msgspec.DecodeError, RecursionError):
        read = _Drawing()  # looks that this parser cannot even skip: numbers past all bounds
    colors = _colors(read)
    floors = read.sub_chart_floors or [read.sub_chart or _Floor()]
    marks = _one_below_the_other([list(_of_floor(floor, colors)) for floor in floors])
    picture = _drawn(marks, _frame(marks))
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def _colors(drawing: _Drawing) -> dict[str, _Color]:
    entries = (drawing.categories and drawing.categories.entries) or []
    return {str(entry.key): _color(entry.color, _NO_CATEGORY) for entry in entries}


def _color(text: object, otherwise: _Color) -> _Color:
    try:
        return ImageColor.getrgb(text)[:3] if isinstance(text, str) else otherwise
    except ValueError:
        return otherwise


def _one_below_the_other(floors: list[list[_Mark]]) -> list[_Mark]:
    """Put each floor below the one before: they may be drawn at the same place."""
    if len(floors) == 1:
        return floors[0]
    placed: list[_Mark] = []
    y = 0.0
    for marks in floors:
        left, top, width, height = _frame(marks)
        placed += [mark.moved(-left, y - top) for mark in marks]
        y += height + max(width, height) * _FLOOR_GAP
    return placed


def _of_floor(floor: _Floor, colors: dict[str, _Color]) -> Iterator[_Mark]:
    yield from _of_content(floor, colors, _NO_CATEGORY)
    for section in floor.sections or ():
        yield from _of_section(section, colors)


def _of_section(section: _Section, colors: dict[str, _Color]) -> Iterator[_Mark]:
    outline = _checked({"points": section.points})
    if outline is not None and outline.points:
        yield _Mark([(point.x, point.y) for point in outline.points], _SECTION)
    if section.sub_chart is not None:
        color = _of_category(section.category_key, colors, _NO_CATEGORY)
        origin = section.top_left or _Point(0, 0)
        for mark in _of_content(section.sub_chart, colors, color):
            yield mark.moved(origin.x, origin.y)


def _of_content(content: _Content, colors: dict[str, _Color], color: _Color) -> Iterator[_Mark]:
    """Draw what lies below first."""
    for shape in _shapes(content.shapes):
        yield from _of_block(shape, _color(shape.fill_color, _SHAPE))
    for block in [*(content.general_admission_areas or ()), *(content.booths or ())]:
        yield from _of_block(block, _of_category(block.category_key, colors, color))
    for table in content.tables or ():
        yield from _of_block(table, _TABLE)
    for row in [*(content.rows or ()), *(content.tables or ())]:
        inherited = _of_category(row.category_key, colors, color)
        for seat in row.seats or ():
            yield _Mark([(seat.x, seat.y)], _of_category(seat.category_key, colors, inherited))


def _of_category(key: int | str | None, colors: dict[str, _Color], inherited: _Color) -> _Color:
    return inherited if key is None else colors.get(str(key), _NO_CATEGORY)


def _shapes(shapes: object) -> Iterator[_Block]:
    for shape in shapes if isinstance(shapes, list) else ():
        block = _checked(shape)
        if block is not None:
            yield block


def _checked(looks: object) -> _Block | None:
    """Read what was not checked when the drawing came in; None if it cannot be drawn."""
    try:
        block = msgspec.convert(looks, _Block)
    except msgspec.ValidationError:
        return None
    places = [*(block.points or ()), *([block.center] if block.center else ())]
    if any(_number(side) is None for place in places for side in (place.x, place.y)):
        return None
    return block


def _of_block(block: _Block, color: _Color) -> Iterator[_Mark]:
    if block.points:
        yield _Mark([(point.x, point.y) for point in block.points], color)
    elif block.center is not None:
        corners = _round_corners(block) or _square_corners(block)
        yield _Mark(list(_turned(corners, block.center, _number(block.rotation_angle))), color)


def _round_corners(block: _Block) -> list[_Place]:
    across = _number(block.radius1) or _number(block.radius)
    along = _number(block.radius2) or across
    if across is None or along is None:
        return []
    angles = [2 * math.pi * corner / _CORNERS for corner in range(_CORNERS)]
    return [(across * math.cos(angle), along * math.sin(angle)) for angle in angles]


def _square_corners(block: _Block) -> list[_Place]:
    half_width = (_number(block.width) or 4 * _SEAT_RADIUS) / 2
    half_height = (_number(block.height) or 2 * half_width) / 2
    return [(x * half_width, y * half_height) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))]


def _turned(corners: Iterable[_Place], center: _Point, degrees: float | None) -> Iterator[_Place]:
    angle = math.radians(degrees or 0)
    cos, sin = math.cos(angle), math.sin(angle)
    for x, y in corners:
        yield center.x + x * cos - y * sin, center.y + x * sin + y * cos


def _number(value: object) -> float | None:
    """Give a number that can be drawn."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= COORDINATE_MAX else None


def _frame(marks: Iterable[_Mark]) -> _Frame:
    corners = [corner for mark in marks for corner in mark.corners]
    if not corners:
        return _Frame(0, 0, 0, 0)
    left, right = min(x for x, _ in corners), max(x for x, _ in corners)
    top, bottom = min(y for _, y in corners), max(y for _, y in corners)
    return _Frame(
        left - _SEAT_RADIUS,
        top - _SEAT_RADIUS,
        right - left + 2 * _SEAT_RADIUS,
        bottom - top + 2 * _SEAT_RADIUS,
    )


def _drawn(marks: Sequence[_Mark], frame: _Frame) -> Image.Image:
    inner = side_px_max - 2 * margin_px
    scale = _SMOOTH * inner / max(frame.width, frame.height, 1)
    size = (_side_px(frame.width * scale), _side_px(frame.height * scale))
    picture = Image.new("RGB", size, _PAPER)
    pen = ImageDraw.Draw(picture)
    shift_x = (size[0] - frame.width * scale) / 2 - frame.left * scale
    shift_y = (size[1] - frame.height * scale) / 2 - frame.top * scale
    radius = max(_SEAT_RADIUS * scale, _SEAT_RADIUS_PX_MIN * _SMOOTH)
    for corners, color in marks:
        places = [(x * scale + shift_x, y * scale + shift_y) for x, y in corners]
        if len(places) == 1:
            pen.circle(places[0], radius, fill=color)
        elif len(places) > 1:
            pen.polygon(places, fill=color)
    return picture.reduce(_SMOOTH)


def _side_px(drawn_px: float) -> int:
    side = round(drawn_px) + 2 * margin_px * _SMOOTH
    return min(max(side, side_px_min * _SMOOTH), side_px_max * _SMOOTH)
