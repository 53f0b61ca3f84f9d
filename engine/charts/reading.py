"""Reading a drawing: from the bytes of an upload to a `Drawing`, or an error that says where.

Rule of this file: whatever the bytes are, the outcome is a `Drawing` or a `DrawingError`.
"""

from collections.abc import Callable, Iterable

import msgspec
import pydantic

from engine.charts.drawing import Drawing, DrawnArea, DrawnRow, DrawnTable
from engine.charts.labels import LABEL_LENGTH_MAX
from engine.charts.placement import Placed, place

OBJECTS_PER_DRAWING_MAX = 200_000
"""Twice the largest stadium; bounds what one chart can cost an owner."""

_EXPECTED = {
    "bool_type": "expected true or false",
    "finite_number": "expected a finite number",
    "float_type": "expected a number",
    "int_type": "expected a whole number",
    "list_type": "expected a list",
    "missing": "is missing",
    "model_type": "expected an object",
    "string_type": "expected a text",
    "string_unicode": "has a lone surrogate",
}


class DrawingError(Exception):
    """The drawing cannot be read; `path` says where in it, `problem` says why."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}: {problem}" if path else problem)
        self.path = path
        self.problem = problem


def read_drawing(document: bytes) -> Drawing:
    """Read a drawing from its JSON text.

    Raises DrawingError if it is not one that can be compiled.
    """
    try:
        # The faster parser below takes NaN and Infinity for numbers; JSON has neither.
        msgspec.json.decode(document, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _not_json(error) from error
    return _checked(lambda: Drawing.model_validate_json(document))


def drawing_from(data: object) -> Drawing:
    """Read a drawing from decoded JSON.

    Raises DrawingError if it is not one that can be compiled.
    """
    return _checked(lambda: Drawing.model_validate(data))


def _checked(validate: Callable[[], Drawing]) -> Drawing:
    try:
        drawing = validate()
    except pydantic.ValidationError as error:
        raise _drawing_error(error) from error
    _check_shape(drawing)
    _check_objects(drawing)
    return drawing


def _drawing_error(error: pydantic.ValidationError) -> DrawingError:
    first, *others = error.errors(include_url=False, include_input=False)
    kind = first["type"]
    if kind == "json_invalid":
        return _not_json(first["msg"])
    problem = _EXPECTED.get(kind) or _lower_first(first["msg"])
    if others:
        problem += f" (and {len(others)} more such faults)"
    path = _path(first["loc"])
    if path.endswith("subChart.sections") and kind == "too_long":
        problem = "sections inside sections are not part of the format"
    return DrawingError(path or "the drawing", problem)


def _not_json(why: object) -> DrawingError:
    return DrawingError("", f"the drawing is not JSON: {why}")


def _lower_first(message: str) -> str:
    return message[:1].lower() + message[1:]


def _path(location: Iterable[int | str]) -> str:
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".")


def _check_shape(drawing: Drawing) -> None:
    if drawing.sub_chart is None and not drawing.sub_chart_floors:
        problem = "is missing, and there is no subChartFloors either"
        raise DrawingError("subChart", problem)
    if drawing.categories is not None:
        keys = [str(category.key) for category in drawing.categories.list]
        _check_unique("categories", keys)
    if drawing.zones is not None:
        _check_unique("zones", [zone.key for zone in drawing.zones.list])


def _check_unique(name: str, keys: list[str]) -> None:
    first: dict[str, int] = {}
    for index, key in enumerate(keys):
        if first.setdefault(key, index) != index:
            problem = f"{key!r} is the key of {name}.list[{first[key]}] already"
            path = f"{name}.list[{index}].key"
            raise DrawingError(path, problem)


def _check_objects(drawing: Drawing) -> None:
    count = 0
    for placed in place(drawing):
        count += _size(placed)
        if count > OBJECTS_PER_DRAWING_MAX:
            problem = f"more than {OBJECTS_PER_DRAWING_MAX} objects in the drawing"
            raise DrawingError(placed.path, problem)
        _check_occupancy(placed)
        _check_label_lengths(placed)


def _check_label_lengths(placed: Placed) -> None:
    drawn = placed.drawn
    seats = drawn.seats if isinstance(drawn, (DrawnRow, DrawnTable)) else []
    paths = [placed.path, *(f"{placed.path}.seats[{index}]" for index in range(len(seats)))]
    for path, label in zip(paths, [placed.label(), *placed.seat_labels(seats)], strict=True):
        if label is not None and len(label) > LABEL_LENGTH_MAX:
            problem = f"the full label is longer than {LABEL_LENGTH_MAX} characters"
            raise DrawingError(f"{path}.label", problem)


def _size(placed: Placed) -> int:
    if isinstance(placed.drawn, DrawnRow):
        return len(placed.drawn.seats)
    if isinstance(placed.drawn, DrawnTable):
        return 1 + len(placed.drawn.seats)
    return 1


def _check_occupancy(placed: Placed) -> None:
    drawn = placed.drawn
    if not isinstance(drawn, (DrawnTable, DrawnArea)) or not drawn.variable_occupancy:
        return
    places = drawn.capacity if isinstance(drawn, DrawnArea) else len(drawn.seats)
    if drawn.max_occupancy is not None and drawn.max_occupancy > places:
        problem = f"{drawn.max_occupancy} is more than its {places} places"
        path = f"{placed.path}.maxOccupancy"
        raise DrawingError(path, problem)
    most = places if drawn.max_occupancy is None else drawn.max_occupancy
    if drawn.min_occupancy is not None and drawn.min_occupancy > most:
        problem = f"{drawn.min_occupancy} is more than the most that it may hold, {most}"
        path = f"{placed.path}.minOccupancy"
        raise DrawingError(path, problem)
