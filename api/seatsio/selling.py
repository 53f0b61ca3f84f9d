"""What a body says of how an event is sold: its tables, its categories, those of its objects.

Rules of this file:

1. Labels are not compared with the chart: it may have the tables and objects later. A category
   that neither the chart nor the event has is refused: its objects would have no price.
"""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from api.seatsio.drawings import CategoriesAsked, CategoryAsked, CategoryKey
from api.seatsio.errors import BodyError
from api.seatsio.wire import BY_KEY, Body, Label, pointer, problems_shown_max, shown
from engine.charts.inventory import SeatMap
from schemas.selling import EventCategory, TableBooking, TablesMode, TableSoldAs

object_categories_max = 10_000
"""Of one event: they stand in every answer that shows it."""
tables_max = 10_000
"""The same."""

_MODES: dict[str, TablesMode] = {
    "INHERIT": "inherit",
    "CUSTOM": "custom",
    "ALL_BY_SEAT": "all_by_seat",
    "ALL_BY_TABLE": "all_by_table",
}
_SOLD_AS: dict[str, TableSoldAs] = {"BY_SEAT": "by_seat", "BY_TABLE": "by_table"}


class TableBookingAsked(Body):
    """The vendor's `tableBookingConfig`."""

    mode: Literal["INHERIT", "CUSTOM", "ALL_BY_SEAT", "ALL_BY_TABLE"]
    tables: (
        Annotated[dict[Label, Literal["BY_TABLE", "BY_SEAT"]], Field(max_length=tables_max), BY_KEY]
        | None
    ) = None


def _table_booking(value: object) -> object:
    if isinstance(value, dict) and value.get("tables") and value.get("mode") != "CUSTOM":
        raise PydanticCustomError("tables", "[tables] are for the mode CUSTOM only")
    return value


TableBookingField = Annotated[TableBookingAsked | None, BeforeValidator(_table_booking)]
ObjectCategories = Annotated[
    dict[Label, CategoryKey], Field(max_length=object_categories_max), BY_KEY
]


class SellingFields(Body):
    """What may be said of how an event is sold, at its creation and later."""

    table_booking_config: TableBookingField = None
    object_categories: ObjectCategories | None = None
    categories: CategoriesAsked | None = None


def tables_asked(asked: SellingFields) -> TableBooking | None:
    """Give the table booking that a body asks for; None if it says nothing about it."""
    config = asked.table_booking_config
    if config is None:
        return None
    by_label = {label: _SOLD_AS[sold_as] for label, sold_as in (config.tables or {}).items()}
    return TableBooking(mode=_MODES[config.mode], by_label=by_label)


def categories_asked(asked: SellingFields) -> list[EventCategory] | None:
    """Give the event's own categories that a body asks for; None if it says nothing of them."""
    return None if asked.categories is None else [_category(one) for one in asked.categories]


def object_categories_asked(asked: SellingFields) -> dict[str, str] | None:
    """Give the category keys by label that a body asks for; None if it says nothing of them."""
    given = asked.object_categories
    return None if given is None else {label: str(key) for label, key in given.items()}


def check_categories(
    asked: SellingFields,
    chart: SeatMap,
    known: Sequence[EventCategory] = (),
    path: tuple[str | int, ...] = (),
) -> None:
    """Refuse categories that stand twice, and objects' categories that there are not.

    `known` are those that the event has if the body names none. Raises BodyError.
    """
    on_chart = {category.key for category in chart.inventory.categories}
    own = categories_asked(asked)
    problems, keys = [], set(on_chart)
    for place, category in enumerate(known if own is None else own):
        if category.key in keys and own is not None:
            where = pointer((*path, "categories", place, "key"))
            problems.append(f"{where}: there is a category [{shown(category.key)}] already")
        keys.add(category.key)
    problems += [
        f"{pointer((*path, 'objectCategories', label))}: there is no category [{shown(key)}]"
        for label, key in (object_categories_asked(asked) or {}).items()
        if key not in keys
    ]
    if problems:
        raise BodyError(problems[:problems_shown_max])


def _category(asked: CategoryAsked) -> EventCategory:
    return EventCategory(
        key=str(asked.key),
        label=asked.label,
        color=asked.color,
        accessible=bool(asked.accessible),
        key_is_int=isinstance(asked.key, int),
    )
