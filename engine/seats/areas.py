"""General admission: places of an area are counted, not named.

Rules of this file:

1. taken + held <= capacity, always.
2. A change is moves between pockets: free, taken by a status, held by a token under a ticket type.
   It is first planned on the counts it may draw on, then applied to those that are.
3. Places go to a status from the caller's own hold first, then from the free ones; from places
   that were taken before only if the caller names their status as an allowed previous one.
4. A release with a hold token gives back that token's places; one without gives back taken
   places, the booked ones first.
5. Nothing here depends on how many tokens hold places: no other token's pockets are looked at.
"""

from collections.abc import Iterator
from typing import NamedTuple

from engine.seats.state import ObjectState, Places
from engine.seats.statuses import extra_data_after, refuse_previous
from schemas.commands import Change, ObjectChange
from schemas.facts import BOOKED, FREE, HELD, NO_TICKET_TYPE, AreaCounts, Moves, Pocket
from schemas.rejections import Rejection

statuses_per_area_max = 100
statuses_bytes_max = 4 * 1024
"""Of places that are taken: every fact tells them all, and callers invent them."""


class Moved(NamedTuple):
    """An object after a change, and the status it (an area: its first places) had before."""

    state: ObjectState
    previous_status: str
    own: Places | None = None
    """Of an area: what the acting token holds of it now."""
    moves: Moves | None = None
    """Of an area."""


def change_area(
    current: ObjectState, own: Places, capacity: int, change: Change, item: ObjectChange
) -> Moved | Rejection:
    """Move `item.quantity` places to the change's status, or say why not; `own` is the token's."""
    area = area_seen(current, own)
    moves = plan_change(area, free_places(area, capacity), change, item)
    if isinstance(moves, Rejection):
        return moves
    after = apply_moves(area, moves)
    state = ObjectState(
        status=change.status,
        order_id=change.order_id,
        ticket_type=item.ticket_type,
        extra_data=extra_data_after(current, change, item),
        resale_listing_id=change.resale_listing_id,
        area=without_own(after),
    )
    return Moved(state, moves.previous_status, after.own, moves)


def expire_area(
    current: ObjectState, own: Places, left: Places, token: str
) -> tuple[AreaCounts, int]:
    """Give back the places `left` of a token's `own`: the counts afterwards, and how many."""
    moves = plan_expiry(left, token)
    return apply_moves(area_seen(current, own), moves), moves.quantity


def area_seen(current: ObjectState, own: Places) -> AreaCounts:
    """Give the counts of an area as the bearer of a token sees them."""
    area = current.area or AreaCounts()
    return AreaCounts(taken=area.taken, held=area.held, own=own)


def without_own(area: AreaCounts) -> AreaCounts:
    """Give counts as they are the same for everybody."""
    return AreaCounts(taken=area.taken, held=area.held)


def free_places(area: AreaCounts, capacity: int) -> int:
    """Count the places that nobody has taken or holds."""
    return capacity - sum(area.taken.values()) - area.held


def plan_change(
    area: AreaCounts, free: int, change: Change, item: ObjectChange
) -> Moves | Rejection:
    """Say which places a change moves if it may draw on these counts, or why it may not."""
    if item.quantity < 1:
        return Rejection.NOT_ENOUGH_PLACES  # a negative one would move places the other way
    wanted, refusal = item.quantity, None
    sources: list[tuple[Pocket, int]] = []
    for status in _source_statuses(area, change):
        refused = refuse_previous(status, change)
        refusal = refusal or refused
        if refused is None:
            for pocket, places in _pockets(status, area, free, change, item):
                given = min(wanted, places)
                if given > 0:
                    sources.append((pocket, given))
                    wanted -= given
    if wanted:
        if not sources and refusal is not None:
            return refusal
        releasing = change.status == FREE
        return Rejection.NOT_ENOUGH_TAKEN_PLACES if releasing else Rejection.NOT_ENOUGH_PLACES
    target = _target(change, item)
    if _is_one_status_too_many(area, target):
        return Rejection.TOO_MANY_STATUSES_IN_AREA
    return Moves(sources, target)


def plan_expiry(own: Places, token: str) -> Moves:
    """Say which places are freed when the token that holds these ends."""
    return Moves([(Pocket(HELD, token, kind), own[kind]) for kind in sorted(own)], Pocket(FREE))


def apply_moves(area: AreaCounts, moves: Moves) -> AreaCounts:
    """Give the counts after moves that were made by the token whose places are in `area.own`."""
    taken, own = dict(area.taken), dict(area.own)
    held = area.held
    steps = [(pocket, -places) for pocket, places in moves.sources]
    for pocket, places in (*steps, (moves.target, moves.quantity)):
        if pocket.status == HELD:
            held += places
            _add(own, pocket.ticket_type or NO_TICKET_TYPE, places)
        elif pocket.status != FREE:
            _add(taken, pocket.status, places)
    return AreaCounts(taken=taken, held=held, own=own)


def _source_statuses(area: AreaCounts, change: Change) -> Iterator[str]:
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


def _pockets(
    status: str, area: AreaCounts, free: int, change: Change, item: ObjectChange
) -> Iterator[tuple[Pocket, int]]:
    """Give the pockets of a status with what is in them; the wanted ticket type comes first."""
    if status == FREE:
        yield Pocket(FREE), free
    elif status != HELD:
        yield Pocket(status), area.taken[status]
    elif change.hold is not None:
        asked = item.ticket_type or NO_TICKET_TYPE
        for kind in sorted(area.own, key=lambda kind: (kind != asked, kind)):
            yield Pocket(HELD, change.hold.token, kind), area.own[kind]


def _target(change: Change, item: ObjectChange) -> Pocket:
    if change.status == HELD and change.hold is not None:
        return Pocket(HELD, change.hold.token, item.ticket_type or NO_TICKET_TYPE)
    return Pocket(change.status)


def _is_one_status_too_many(area: AreaCounts, target: Pocket) -> bool:
    if target.status in area.taken or target.status in (FREE, HELD):
        return False
    told = sum(len(status.encode()) + _count_bytes for status in (*area.taken, target.status))
    return len(area.taken) >= statuses_per_area_max or told > statuses_bytes_max


_count_bytes = 14
"""Of a status' places in a fact: quotes, colon, comma and ten digits."""


def _add(counts: dict[str, int], name: str, places: int) -> None:
    counts[name] = counts.get(name, 0) + places
    if not counts[name]:
        del counts[name]
