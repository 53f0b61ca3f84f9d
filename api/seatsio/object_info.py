"""What the vendor's clients see of one object of an event: its `EventObjectInfo`.

Rules of this file:

1. What is not there is absent, never null: clients compare whole objects.
2. Seats carry all seat flags; areas and tables carry their own fields; never each other's.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Protocol

import msgspec

from adapters.postgres.rows import AreaHolds
from engine.charts.inventory import BookableObject, SeatMap
from engine.charts.labels import join
from engine.seats.event_map import EventMap
from schemas.commands import JsonObject
from schemas.facts import BOOKED, FREE, HELD, AreaCounts, StatusChanged
from schemas.inventory import Area, Floor, SeatFlag, Table

JSON = dict[str, Any]

OBJECT_TYPES = {"seat": "seat", "table": "table", "booth": "booth", "area": "generalAdmission"}
_FLAGS = (
    ("isAccessible", SeatFlag.ACCESSIBLE.value),
    ("hasRestrictedView", SeatFlag.RESTRICTED_VIEW.value),
    ("isCompanionSeat", SeatFlag.COMPANION_SEAT.value),
    ("hasLiftUpArmrests", SeatFlag.LIFT_UP_ARMRESTS.value),
    ("isHearingImpaired", SeatFlag.HEARING_IMPAIRED.value),
    ("isSemiAmbulatorySeat", SeatFlag.SEMI_AMBULATORY_SEAT.value),
    ("hasSignLanguageInterpretation", SeatFlag.SIGN_LANGUAGE_INTERPRETATION.value),
    ("isPlusSize", SeatFlag.PLUS_SIZE.value),
)


def _flags(flags: int) -> dict[str, bool]:
    return {name: bool(flags & flag) for name, flag in _FLAGS}


_NO_FLAGS = _flags(0)


class Seen(NamedTuple):
    """An object's state, from a fact or from the read model."""

    status: str = FREE
    hold_token: str | None = None
    """Of what is held as one."""
    order_id: str | None = None
    ticket_type: str | None = None
    extra_data: JsonObject | None = None
    resale_listing_id: str | None = None
    area: AreaCounts | None = None
    area_holds: AreaHolds | msgspec.Raw | None = None
    """What tokens hold of an area: all of them, or after a fact the one that made the change."""
    overridden: Mapping[str, int] = {}
    """Places for which the event does not go by a season, by the season's key."""
    elsewhere: int = 0
    """Places that it cannot have: the events of a season have them, or they were sold under the
    table's other labels, before the event sold the table as it does now."""


UNTOUCHED = Seen()


class Sharing(Protocol):
    """What others in an event's seasons have of its objects."""

    def seen(self, place: BookableObject, own: Seen) -> Seen:
        """Give an object as it is seen from the event, which itself has it so."""
        ...


class _Alone:
    """Of an event in no season."""

    def seen(self, place: BookableObject, own: Seen) -> Seen:
        del place
        return own


ALONE: Sharing = _Alone()


def after(fact: StatusChanged) -> Seen:
    """Give the state that a fact tells of."""
    held = fact.status == HELD and fact.area is None
    own = fact.area.own if fact.area is not None else None
    return Seen(
        fact.status,
        fact.hold_token if held else None,
        fact.order_id,
        fact.ticket_type,
        fact.extra_data,
        fact.resale_listing_id,
        fact.area,
        {fact.hold_token: own} if own and fact.hold_token else None,
    )


def info(event_map: EventMap, found: BookableObject, seen: Seen) -> JSON:
    """Describe one object."""
    return {
        **own_info(event_map.chart, found),
        **common_info(event_map, found),
        **state_info(event_map, found, seen),
        **carried_info(seen),
    }


def own_info(chart: SeatMap, found: BookableObject) -> JSON:
    """Say what no other object of the chart has: its names, its neighbours, its distance."""
    left, right = chart.neighbours_of(found)
    optional = {
        "distanceToFocalPoint": chart.distance_to_focal_point(found),
        "leftNeighbour": left,
        "rightNeighbour": right,
    }
    return {
        "label": found.label,
        "labels": _labels(found),
        "ids": _ids(found),
        **{name: value for name, value in optional.items() if value is not None},
    }


def common_info(event_map: EventMap, found: BookableObject) -> JSON:
    """Say what an object has in common with others, whatever becomes of it."""
    section, floor = found.section, found.floor
    shown = found.block.displayed_type
    category = event_map.category_key(found)
    optional = {
        "categoryKey": category,
        "categoryLabel": event_map.category_label(category),
        "section": section.label if section else None,
        "entrance": found.entrance,
        "zone": section.zone if section else None,
        "floor": _floor(floor) if floor else None,
        "channel": event_map.channels.key_of(found.label),
        "displayedObjectType": shown if found.parent is None else None,
        "parentDisplayedObjectType": shown if found.parent is not None else None,
    }
    about: JSON = {
        "objectType": OBJECT_TYPES[found.kind],
        **{name: value for name, value in optional.items() if value is not None},
    }
    if found.parent is not None:
        # Plain numbers: an operation on an enum costs twenty times as much.
        flags = found.parent.seats.flags.get(found.seat_index, 0)
        about.update(_flags(flags) if flags else _NO_FLAGS)
    if found.area is not None:
        about["capacity"] = found.area.capacity
        about["areaType"] = _type_of(found.area, "generalAdmission", "fixedOccupancy")
        _add_occupancy(about, found.area)
    elif found.kind == "table" and found.table is not None:
        about["numSeats"] = found.table.seat_count
        about["tableType"] = _type_of(found.table, "bookBySeat", "bookByTable")
        _add_occupancy(about, found.table)
    return about


def state_info(event_map: EventMap, found: BookableObject, seen: Seen) -> JSON:
    """Say how an object is sold, and what has become of it: by its status, or the area's counts."""
    about: JSON = {
        "status": seen.status,
        "forSale": event_map.is_for_sale(found),
        "seasonStatusOverriddenQuantity": max(seen.overridden.values(), default=0),
        "seasonStatusOverriddenQuantities": seen.overridden,
    }
    if found.area is not None:
        _add_counts(about, found.area, seen)
        about["numNotForSale"] = event_map.places_not_for_sale(found)
    _add_availability(about, seen)
    return about


def carried_info(seen: Seen) -> JSON:
    """Say what an object was given with its status."""
    optional = {
        "holdToken": seen.hold_token,
        "orderId": seen.order_id,
        "ticketType": seen.ticket_type,
        "extraData": seen.extra_data,
        "resaleListingId": seen.resale_listing_id,
    }
    return {name: value for name, value in optional.items() if value is not None}


def infos(
    event_map: EventMap, facts: Iterable[StatusChanged], sharing: Sharing = ALONE
) -> dict[str, JSON]:
    """Describe the objects that facts of one event tell of, each as the last fact leaves it."""
    last = {fact.label: fact for fact in facts}
    described: dict[str, JSON] = {}
    for label, fact in last.items():
        found = event_map.chart.find(label)
        if found is not None:
            described[label] = info(event_map, found, sharing.seen(found, after(fact)))
    return described


def displayed_label(found: BookableObject) -> str | None:
    """Give the whole label as the public sees it, if that is another than the technical one."""
    labels = _labels(found)
    parts = [labels.get("section"), labels.get("parent", {}).get("label"), labels["own"]["label"]]
    shown = join(*(part for part in parts if part is not None))
    return None if shown == found.label else shown


def _labels(found: BookableObject) -> JSON:
    labels: JSON = {
        "own": {"label": found.displayed_label, "type": OBJECT_TYPES[found.kind]},
    }
    parent = found.parent
    if parent is not None:
        labels["parent"] = {
            "label": parent.displayed_label or parent.label,
            "type": "table" if isinstance(parent, Table) else "row",
        }
    if found.section is not None:
        labels["section"] = found.section.displayed_label or found.section.label
    if found.entrance is not None:
        labels["entrance"] = {"label": found.entrance}
    return labels


def _ids(found: BookableObject) -> JSON:
    ids: JSON = {"own": found.own_label}
    if found.parent is not None:
        ids["parent"] = found.parent.label
    if found.section is not None:
        ids["section"] = found.section.label
    return ids


def _floor(floor: Floor) -> JSON:
    if floor.displayed_name is None:
        return {"name": floor.name}
    return {"name": floor.name, "displayName": floor.displayed_name}


def _add_counts(about: JSON, area: Area, seen: Seen) -> None:
    counts = seen.area or AreaCounts()
    booked = sum(counts.taken.values())
    about["numBooked"] = booked
    about["numFree"] = max(0, area.capacity - booked - counts.held - seen.elsewhere)
    about["numHeld"] = counts.held
    about["holds"] = seen.area_holds or {}


def _type_of(block: Table | Area, of_single_places: str, as_a_whole: str) -> str:
    """Name the type that a block has on the chart, however an event sells it."""
    if not block.book_as_a_whole:
        return of_single_places
    return "variableOccupancy" if block.variable_occupancy else as_a_whole


def _add_occupancy(about: JSON, block: Table | Area) -> None:
    about["bookAsAWhole"] = block.book_as_a_whole
    about["variableOccupancy"] = block.variable_occupancy
    if block.min_occupancy is not None:
        about["minOccupancy"] = block.min_occupancy
    if block.max_occupancy is not None:
        about["maxOccupancy"] = block.max_occupancy


def _add_availability(about: JSON, seen: Seen) -> None:
    """Say whether something can still be taken, and if not, the status that stands in the way."""
    status, is_free = seen.status, seen.status == FREE and not seen.elsewhere
    free = about.get("numFree", is_free)
    for_sale = about["forSale"] and free > about.get("numNotForSale", 0)
    about["isAvailable"] = for_sale
    if for_sale:
        about["availabilityReason"] = "available"
    elif free:
        about["availabilityReason"] = "not_for_sale"
    else:
        # A full area whose last change freed nothing that lasted, or a season's object that one of
        # its events has: somebody has booked it.
        about["availabilityReason"] = BOOKED if status == FREE else status
