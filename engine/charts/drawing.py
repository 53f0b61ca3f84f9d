"""The drawing of a venue, as a designer saves it: the part of the format that booking needs.

Rules of this file:

1. Strict about what is used, blind to the rest: a drawing carries much about looks.
2. What is here only says whether a drawing can be read. Whether it makes a good chart
   (duplicate labels, missing categories) is for `validate`; such a drawing is read and stored.
3. One part at a time: what needs a look at several parts is checked in `reading`.
"""

from typing import Annotated, Any, TypeVar

import pydantic
from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from engine.charts.labels import LABEL_LENGTH_MAX, normalize

TEXT_LENGTH_MAX = 500
"""For displayed labels, entrances and names; they are shown, never matched against."""
COORDINATE_MAX = 1e9
"""Far beyond any drawing, and its square still fits single precision."""
AREA_CAPACITY_MAX = 10_000_000
CATEGORY_KEY_MAX = 2**53 - 1
"""The largest whole number that every JSON reader keeps exact."""

T = TypeVar("T")


def _category_key(value: object) -> object:
    if isinstance(value, str) and 0 < len(value) <= LABEL_LENGTH_MAX:
        return _text(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= CATEGORY_KEY_MAX:
        return value
    expected = "expected a whole number from 0 to 2^53 - 1, or a text of 1 to 100 characters"
    raise PydanticCustomError("category_key", expected)


def _text(value: str) -> str:
    try:
        return normalize(value)
    except ValueError as error:
        problem = str(error)
        raise PydanticCustomError("text", "{problem}", {"problem": problem}) from error


def _none_is_empty(value: object) -> object:
    return [] if value is None else value


Many = Annotated[list[T], BeforeValidator(_none_is_empty)]
Coordinate = Annotated[float, Field(ge=-COORDINATE_MAX, le=COORDINATE_MAX)]
Text = Annotated[str, Field(max_length=TEXT_LENGTH_MAX), AfterValidator(_text)]
CategoryKey = Annotated[int | str, PlainValidator(_category_key)]
Capacity = Annotated[int, Field(ge=0, le=AREA_CAPACITY_MAX)]


class Drawn(pydantic.BaseModel):
    """What all parts of a drawing have in common."""

    model_config = ConfigDict(
        strict=True,
        extra="ignore",
        frozen=True,
        allow_inf_nan=False,
        alias_generator=to_camel,
        validate_by_name=False,
        validate_by_alias=True,
    )


class DrawnPoint(Drawn):
    """A place in the coordinates of the chart or section that it is drawn in."""

    x: Coordinate
    y: Coordinate


class DrawnSeat(Drawn):
    """A seat of a row or table. Flags that our drawings have not shown yet go by two spellings."""

    x: Coordinate
    y: Coordinate
    label: Text | None = None
    display_label: Text | None = None
    category_key: CategoryKey | None = None
    entrance: Text | None = None
    accessible: bool | None = None
    restricted_view: bool | None = None
    companion_seat: bool | None = None
    semi_ambulatory_seat: bool | None = None
    lift_up_armrests: bool | None = Field(
        None, validation_alias=AliasChoices("liftUpArmrests", "hasLiftUpArmrests")
    )
    hearing_impaired: bool | None = Field(
        None, validation_alias=AliasChoices("hearingImpaired", "isHearingImpaired")
    )
    sign_language_interpretation: bool | None = Field(
        None,
        validation_alias=AliasChoices(
            "signLanguageInterpretation", "hasSignLanguageInterpretation"
        ),
    )
    plus_size: bool | None = Field(None, validation_alias=AliasChoices("plusSize", "isPlusSize"))


class DrawnBlock(Drawn):
    """What rows, tables, booths and areas have in common."""

    label: Text | None = None
    display_label: Text | None = None
    display_object_type: Text | None = None
    category_key: CategoryKey | None = None
    section_label: Text | None = None
    """A section by name only, where none is drawn."""
    section_displayed_label: Text | None = None


class DrawnRow(DrawnBlock):
    """A row of seats, from its one end to the other."""

    seats: Many[DrawnSeat] = []


class DrawnPlace(DrawnBlock):
    """What is drawn as one shape: round ones have a centre, polygons have corners."""

    center: DrawnPoint | None = None
    points: list[DrawnPoint] | None = None
    entrance: Text | None = None


class DrawnTable(DrawnPlace):
    """A table with its seats."""

    seats: Many[DrawnSeat] = []
    book_as_a_whole: bool | None = None
    variable_occupancy: bool | None = None
    min_occupancy: Capacity | None = None
    max_occupancy: Capacity | None = None


class DrawnBooth(DrawnPlace):
    """A booth."""


class DrawnArea(DrawnPlace):
    """A general admission area."""

    capacity: Capacity
    book_as_a_whole: bool | None = None
    variable_occupancy: bool | None = None
    min_occupancy: Capacity | None = None
    max_occupancy: Capacity | None = None


class SectionChart(Drawn):
    """What is drawn in a section, in coordinates relative to its `topLeft`."""

    rows: Many[DrawnRow] = []
    tables: Many[DrawnTable] = []
    booths: Many[DrawnBooth] = []
    general_admission_areas: Many[DrawnArea] = []
    sections: Many[Any] = Field([], max_length=0)
    """The format has no sections inside sections; their seats would be lost without a word."""


class DrawnSection(Drawn):
    """A section with its own chart."""

    label: Text | None = None
    display_label: Text | None = None
    zone: Text | None = None
    entrance: Text | None = None
    category_key: CategoryKey | None = None
    """For what is drawn in it without a category."""
    top_left: DrawnPoint | None = None
    sub_chart: SectionChart | None = None


class FloorChart(Drawn):
    """The whole chart, or one floor of it."""

    rows: Many[DrawnRow] = []
    tables: Many[DrawnTable] = []
    booths: Many[DrawnBooth] = []
    general_admission_areas: Many[DrawnArea] = []
    sections: Many[DrawnSection] = []
    focal_point: DrawnPoint | None = None
    floor_name: Text | None = None
    floor_display_name: Text | None = None


class DrawnCategory(Drawn):
    """A category of the chart."""

    key: CategoryKey
    label: Text
    color: Text | None = None
    accessible: bool | None = None


class DrawnZone(Drawn):
    """A zone of the chart."""

    key: Text
    label: Text
    focal_point: DrawnPoint | None = None


class CategoryList(Drawn):
    """The wrapper that the format puts around the categories."""

    list: Many[DrawnCategory] = []


class ZoneList(Drawn):
    """The wrapper that the format puts around the zones."""

    list: Many[DrawnZone] = []


class Drawing(Drawn):
    """A drawing: one chart, or one for each floor."""

    name: Text | None = None
    venue_type: Text | None = None
    categories: CategoryList | None = None
    zones: ZoneList | None = None
    sub_chart: FloorChart | None = None
    sub_chart_floors: list[FloorChart] | None = None
