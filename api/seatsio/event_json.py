"""What the vendor's clients see of an event."""

from collections.abc import Callable, Sequence
from typing import Any

from adapters.postgres.rows import EventRow
from api.seatsio.channels import channel_json
from api.seatsio.for_sale import for_sale_json
from api.seatsio.parts import JSON, iso
from engine.charts.inventory import SeatMap
from engine.seats.event_map import EventMap
from schemas.facts import EventCreated
from schemas.inventory import Category
from schemas.seasons import SeasonPlace
from schemas.selling import AS_THE_CHART_SAYS, TableBooking

KeyOf = Callable[[int], str | None]
"""Gives the key of an event by its id; None if there is none (any more)."""


def created_event(fact: EventCreated, seats: SeatMap, key_of: KeyOf) -> JSON:
    """Describe an event that was created just now."""
    return _event(
        EventMap(seats, fact.selling or AS_THE_CHART_SAYS),
        id=fact.event,
        key=fact.key,
        name=fact.name,
        date=fact.date,
        chartKey=fact.chart_key,
        createdOn=iso(fact.created_at),
        isInThePast=False,
        **_season(fact.season, key_of),
    )


def stored_event(row: EventRow, seats: SeatMap, key_of: KeyOf) -> JSON:
    """Describe an event of the read model."""
    return _event(
        EventMap(seats, row.selling),
        id=row.id,
        key=row.key,
        name=row.name,
        date=row.date,
        chartKey=row.chart_key,
        createdOn=iso(row.created_at),
        updatedOn=None if row.updated_at is None else iso(row.updated_at),
        isInThePast=row.is_in_the_past,
        **_season(row.season, key_of),
    )


def _event(event_map: EventMap, **own: Any) -> JSON:  # noqa: ANN401 - JSON
    own["objectCategories"] = _object_categories(event_map)
    for_sale = event_map.selling.for_sale
    own["forSaleConfig"] = None if for_sale is None else for_sale_json(for_sale)
    return {
        **{name: value for name, value in own.items() if value is not None},
        "tableBookingConfig": _table_booking(event_map.selling.tables or TableBooking()),
        "supportsBestAvailable": event_map.chart.supports_best_available,
        "channels": [channel_json(channel) for channel in event_map.selling.channels],
        "categories": [category_json(category) for category in event_map.categories],
    }


def _season(place: SeasonPlace | None, key_of: KeyOf) -> JSON:
    """Describe what an event is in a season; clients read the first four of every event."""
    kind = place.kind if place is not None else None
    described: JSON = {
        "isSeason": kind in ("top", "partial"),
        "isTopLevelSeason": kind == "top",
        "isPartialSeason": kind == "partial",
        "isEventInSeason": kind == "event",
    }
    if place is None:
        return described
    if kind == "event":
        keys = (key_of(partial) for partial in place.partials)
        described["partialSeasonKeysForEvent"] = [key for key in keys if key is not None]
    else:
        described["forSalePropagated"] = place.for_sale_propagated
    if kind != "top":
        described["topLevelSeasonKey"] = key_of(place.top)
    return described


def season_json(season: JSON, events: Sequence[JSON], partials: Sequence[str] | None) -> JSON:
    """Describe a season with its events; `partials` are the keys of those of a top-level one."""
    told = {**season, "events": events}
    return told if partials is None else {**told, "partialSeasonKeys": partials}


def _table_booking(tables: TableBooking) -> JSON:
    """Describe how tables are sold: the vendor's names are ours in capitals."""
    described: JSON = {"mode": tables.mode.upper()}
    if tables.mode == "custom":
        described["tables"] = {label: as_.upper() for label, as_ in tables.by_label.items()}
    return described


def _object_categories(event_map: EventMap) -> JSON | None:
    """Describe the objects' own categories, None if there are none."""
    by_label = event_map.selling.object_categories
    if not by_label:
        return None
    keys = {category.key: _key(category) for category in event_map.categories}
    return {label: keys.get(key, key) for label, key in by_label.items()}


def _key(category: Category) -> int | str:
    """Give a category's key as it was given: a number or a text."""
    return int(category.key) if category.key_is_int else category.key


def category_json(category: Category) -> JSON:
    """Describe a category; its key is a number where the drawing or the event has one."""
    described: JSON = {
        "key": _key(category),
        "label": category.label,
        "accessible": category.accessible,
    }
    if category.color is not None:
        described["color"] = category.color
    return described
