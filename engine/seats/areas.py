"""General admission: places of an area are counted, not named.

Rules of this file:

1. taken + held <= capacity, always.
2. Places go to a status from the caller's own hold first, then from the free ones; from places
   that were taken before only if the caller names their status as an allowed previous one.
3. A fact carries the whole area, so an area may not grow past `area_bytes_max`.
4. A release with a hold token gives back that token's places; one without gives back taken
   places, the booked ones first.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from engine.seats.state import ObjectState
from engine.seats.statuses import extra_data_after, refuse_previous
from schemas.commands import Change, ObjectChange
from schemas.facts import BOOKED, FREE, HELD, NO_TICKET_TYPE, AreaState
from schemas.rejections import Rejection

area_bytes_max = 256 * 1024
"""About 2,500 hold tokens at once. Two records' worth of areas still fit one append."""

_encode = msgspec.json.Encoder().encode


class Moved(NamedTuple):
    """An area after a change, and the status its (first) places had before."""

    state: ObjectState
    previous_status: str


def area_bytes(area: AreaState) -> int:
    """Say how many bytes an area takes in a fact."""
    return len(_encode(area))


def free_places(area: AreaState, capacity: int) -> int:
    """Count the places that nobody has taken or holds."""
    held = sum(sum(places.values()) for places in area.held.values())
    return capacity - sum(area.taken.values()) - held


def change_area(
    current: ObjectState, capacity: int, change: Change, item: ObjectChange
) -> Moved | Rejection:
    """Move `item.quantity` places of an area to the change's status, or say why not."""
    if item.quantity < 1:
        return Rejection.NOT_ENOUGH_PLACES  # a negative one would move places the other way
    area = current.area or AreaState()
    count = _Counts(area, capacity)
    wanted, previous = item.quantity, None
    refusal = None
    for status in _sources(area, change):
        refused = refuse_previous(status, change)
        refusal = refusal or refused
        if refused is None and wanted:
            moved = count.take(status, change, item, wanted)
            wanted -= moved
            previous = previous or (status if moved else None)
    if wanted or previous is None:
        if previous is None and refusal is not None:
            return refusal
        releasing = change.status == FREE
        return Rejection.NOT_ENOUGH_TAKEN_PLACES if releasing else Rejection.NOT_ENOUGH_PLACES
    count.give(change, item)
    after = count.area()
    if area_bytes(after) > max(area_bytes_max, area_bytes(area)):
        return Rejection.TOO_MANY_HOLDS_IN_AREA
    state = ObjectState(
        status=change.status,
        order_id=change.order_id,
        ticket_type=item.ticket_type,
        extra_data=extra_data_after(current, change, item),
        area=after,
    )
    return Moved(state, previous)


def expire_area(current: ObjectState, token: str) -> tuple[ObjectState, int]:
    """Give back all places that a token holds: the state afterwards and how many those were."""
    area = current.area or AreaState()
    held = {other: places for other, places in area.held.items() if other != token}
    quantity = sum(area.held[token].values())
    emptied = AreaState(taken=area.taken, held=held)
    return ObjectState(
        status=FREE, order_id=current.order_id, extra_data=current.extra_data, area=emptied
    ), quantity


def _sources(area: AreaState, change: Change) -> Iterator[str]:
    """Name, in order, the statuses that places may come from."""
    if change.hold and change.status != HELD:
        yield HELD
    taken = sorted(area.taken, key=lambda status: (status != BOOKED, status))
    if change.status == FREE:
        if change.hold is None:
            yield from taken
        return
    yield FREE
    named = change.allowed_previous_statuses or ()
    yield from (status for status in taken if status in named and status != change.status)


class _Counts:
    """The counts of one area while a change is worked out; `area` gives them as a fact's part."""

    def __init__(self, area: AreaState, capacity: int) -> None:
        self._free = free_places(area, capacity)
        self._taken = dict(area.taken)
        self._held = {token: dict(places) for token, places in area.held.items()}

    def take(self, status: str, change: Change, item: ObjectChange, wanted: int) -> int:
        """Take up to `wanted` places out of a status; say how many there were."""
        if status == FREE:
            moved = max(0, min(wanted, self._free))
            self._free -= moved
            return moved
        if status == HELD:
            return self._take_held(change.hold.token if change.hold else "", item, wanted)
        moved = min(wanted, self._taken.get(status, 0))
        _add(self._taken, status, -moved)
        return moved

    def _take_held(self, token: str, item: ObjectChange, wanted: int) -> int:
        places = self._held.get(token, {})
        asked = item.ticket_type or NO_TICKET_TYPE
        moved = 0
        for ticket_type in sorted(places, key=lambda kind: (kind != asked, kind)):
            part = min(wanted - moved, places[ticket_type])
            _add(places, ticket_type, -part)
            moved += part
        if not places:
            self._held.pop(token, None)
        return moved

    def give(self, change: Change, item: ObjectChange) -> None:
        """Add the places to the change's status."""
        if change.status == HELD and change.hold:
            places = self._held.setdefault(change.hold.token, {})
            _add(places, item.ticket_type or NO_TICKET_TYPE, item.quantity)
        elif change.status != FREE:
            _add(self._taken, change.status, item.quantity)

    def area(self) -> AreaState:
        """Give the counts."""
        return AreaState(taken=self._taken, held=self._held)


def _add(counts: dict[str, int], name: str, places: int) -> None:
    counts[name] = counts.get(name, 0) + places
    if not counts[name]:
        del counts[name]
