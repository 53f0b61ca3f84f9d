"""An event of the naive ticket office: what it sells, and what a change makes of one thing of it.

Rules of this file:

1. Written from the contract (section 4), not from the engine: an area is a list of places, and
   those that a change may have are looked for among all of them.
2. Nothing of engine/ is imported here.
"""

from dataclasses import dataclass
from typing import Any

from schemas.commands import Change, ObjectChange


@dataclass
class Place:
    """One place that one guest can have: a seat, a booth, or one of an area's."""

    status: str = "free"
    token: str | None = None
    ticket_type: str | None = None


@dataclass
class Thing:
    """What a label stands for."""

    is_area: bool
    places: list[Place]
    status: str = "free"
    order_id: str | None = None
    ticket_type: str | None = None
    extra_data: Any = None


@dataclass
class Show:
    """An event."""

    workspace: str
    key: str
    things: dict[str, Thing]
    tables: dict[str, list[str]]
    """Each table with its seats."""
    whole: set[str]
    """The tables that are sold as wholes now."""
    changes: int = 0

    def sells(self, label: str) -> bool:
        """Say whether a thing is for sale: a table as a whole, or else its seats."""
        if label in self.tables:
            return label in self.whole
        return label in self.things and not any(
            label in seats for table, seats in self.tables.items() if table in self.whole
        )

    def is_free(self, label: str) -> bool:
        """Say whether nobody has anything of a thing."""
        return all(place.status == "free" for place in self.things[label].places)

    def offers(self, label: str) -> bool:
        """Say whether a thing is for sale, and nobody has it as another thing."""
        return self.sells(label) and all(map(self.is_free, self.same_places(label)))

    def same_places(self, label: str) -> list[str]:
        """Name the seats of a table, or the table of a seat."""
        tables = [table for table, seats in self.tables.items() if label in seats]
        return [*self.tables.get(label, []), *tables]


class Refused(Exception):  # noqa: N818 - it says a refusal, not an error
    """Why a thing does not get its new status."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def apply(show: Show, change: Change, item: ObjectChange) -> str:
    """Give the thing its new status and say which it had, or raise the reason why not."""
    thing = show.things.get(item.label)
    if thing is None:
        raise Refused("OBJECT_NOT_FOUND")
    is_given_back = change.status == "free" and not show.is_free(item.label)
    if not show.sells(item.label) and not is_given_back:
        raise Refused("OBJECT_NOT_FOUND")
    if thing.is_area:
        places = _places_to_move(thing, change, item)
    else:
        if item.quantity != 1:
            raise Refused("QUANTITY_ON_A_SEAT")
        _check_seat(thing.places[0], change)
        if change.status != "free" and not all(map(show.is_free, show.same_places(item.label))):
            raise Refused("TABLE_TAKEN")
        places = thing.places
    before = places[0].status
    for place in places:
        place.status = change.status
        place.token = change.hold.token if change.hold and _is_hold(change) else None
        place.ticket_type = item.ticket_type
    thing.status = change.status
    thing.order_id = change.order_id
    thing.ticket_type = item.ticket_type
    if item.extra_data is not None or not change.keep_extra_data:
        thing.extra_data = item.extra_data
    return before


def _is_hold(change: Change) -> bool:
    return change.status == "reservedByToken"


def _reason_in_lists(status: str, change: Change) -> str | None:
    """Contract 4.4."""
    allowed, rejected = change.allowed_previous_statuses, change.rejected_previous_statuses
    if allowed is not None and status not in allowed:
        return "STATUS_NOT_ALLOWED"
    if rejected is not None and status in rejected:
        return "STATUS_REJECTED"
    return None


def _check_seat(seat: Place, change: Change) -> None:
    """Contract 4.1."""
    reason = _reason_in_lists(seat.status, change)
    if reason:
        raise Refused(reason)
    is_held = seat.status == "reservedByToken"
    if is_held and change.hold is not None and change.hold.token != seat.token:
        raise Refused("HELD_BY_ANOTHER_TOKEN")
    if change.status == "free" or seat.status == "free" or is_held:
        return
    is_named = seat.status in (change.allowed_previous_statuses or [])
    takes = change.status in ("booked", "reservedByToken")
    if takes and seat.status == "booked":
        raise Refused("OBJECT_NOT_FREE")
    if takes and seat.status != "resale" and not is_named:
        raise Refused("OBJECT_NOT_FREE")
    if change.status == seat.status and not is_named:
        raise Refused("OBJECT_NOT_FREE")


def _places_to_move(thing: Thing, change: Change, item: ObjectChange) -> list[Place]:
    """Choose places of an area: the own held ones, the free ones, then those of named statuses.

    Who books or holds need not name what is offered for resale.
    """
    short = "NOT_ENOUGH_TAKEN_PLACES" if change.status == "free" else "NOT_ENOUGH_PLACES"
    if item.quantity < 1:
        raise Refused("NOT_ENOUGH_PLACES")
    sources = _sources(thing, change, item)
    willing = [
        place
        for status, places in sources
        if _reason_in_lists(status, change) is None
        for place in places
    ]
    if not willing:
        reasons = [reason for status, _ in sources if (reason := _reason_in_lists(status, change))]
        raise Refused(reasons[0] if reasons else short)
    if len(willing) < item.quantity:
        raise Refused(short)
    return willing[: item.quantity]


def _sources(thing: Thing, change: Change, item: ObjectChange) -> list[tuple[str, list[Place]]]:
    own: list[Place] = []
    if change.hold is not None:
        own = [place for place in thing.places if place.token == change.hold.token]
        own.sort(key=lambda place: place.ticket_type or "NO_TICKET_TYPE")
        own.sort(key=lambda place: place.ticket_type != item.ticket_type)
    free = [place for place in thing.places if place.status == "free"]
    taken = sorted({place.status for place in thing.places} - {"free", "reservedByToken"})
    taken.sort(key=lambda status: status != "booked")
    by_status = [(each, [p for p in thing.places if p.status == each]) for each in taken]
    if change.status == "free":
        return by_status if change.hold is None else [("reservedByToken", own)]
    named = [*(change.allowed_previous_statuses or [])]
    if change.status in ("booked", "reservedByToken"):
        named.append("resale")
    others = [pair for pair in by_status if pair[0] in named and pair[0] != change.status]
    if change.hold is None or _is_hold(change):
        return [("free", free), *others]
    return [("reservedByToken", own), ("free", free), *others]
