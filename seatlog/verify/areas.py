"""The arithmetic of areas: places move from one pocket to another, and none is made or lost.

Rules of this file:

1. A change of `quantity` places adds just as many to one pocket: those of its status, those its
   token holds, or the free ones.
2. They come out of pockets that the change may touch; every other pocket stays as it was.
3. What all tokens hold together changes by what the acting token's places do. So it is the sum
   over all tokens at every fact, if it is at each.
"""

from collections import Counter
from collections.abc import Iterator

from schemas.facts import FREE, HELD, NO_TICKET_TYPE, AreaCounts, Moves, StatusChanged


def area_faults(
    before: AreaCounts,
    fact: StatusChanged,
    capacity: int | None,
    *,
    by_time: bool,
    kept: int = 0,
) -> Iterator[str]:
    """Say what is wrong with an area's counts after a change; `before.own` is its token's.

    An expiry leaves those places that are `kept` for groups.
    """
    after = fact.area or AreaCounts()
    places = sum(after.taken.values()) + after.held
    if capacity is not None and places > capacity:
        yield f"{places} places are taken or held, and it has {capacity}"
    if after.held < 0 or any(count <= 0 for count in (*after.taken.values(), *after.own.values())):
        yield f"a count is 0 or less: {after}"
    if fact.hold_token is None and after.own:
        yield "places are held by no token"
    if after.held - _own(after) != before.held - _own(before):
        yield f"places held by another token than {fact.hold_token} have changed"
    yield from _movement_faults(before, after, fact, by_time=by_time)
    if by_time and _own(after) > kept:
        yield f"the token {fact.hold_token} has expired and holds places still"
    if fact.status == HELD and _of_type(after, fact) - _of_type(before, fact) != fact.quantity:
        yield f"{fact.quantity} places were held, and not under their ticket type"


def planned_faults(before: AreaCounts, fact: StatusChanged, moves: Moves | None) -> Iterator[str]:
    """Say how an area's counts differ from what a group had planned; `before.own` as above."""
    taken, own, held = Counter(before.taken), Counter(before.own), before.held
    steps = [(pocket, -places) for pocket, places in moves.sources] if moves else []
    for pocket, places in [*steps, *([(moves.target, moves.quantity)] if moves else [])]:
        if pocket.status == HELD:
            held += places
            own[pocket.ticket_type or NO_TICKET_TYPE] += places
        elif pocket.status != FREE:
            taken[pocket.status] += places
    after = fact.area or AreaCounts()
    if (Counter(after.taken), Counter(after.own), after.held) != (taken, own, held):
        yield f"the group had planned {moves}, and the counts are {after}"


def _movement_faults(
    before: AreaCounts, after: AreaCounts, fact: StatusChanged, *, by_time: bool
) -> Iterator[str]:
    moved = _moved(before, after)
    arrived = moved.get(fact.status, 0)
    if arrived != fact.quantity:
        yield f"{fact.quantity} places become {fact.status}, and {arrived} have"
    sources = _sources(before, fact, by_time=by_time)
    for pocket, places in moved.items():
        if pocket != fact.status and (places > 0 or (places < 0 and pocket not in sources)):
            yield f"{places:+d} places are {pocket} after {fact.previous_status} to {fact.status}"
    if moved.get(fact.previous_status, 0) >= 0:
        yield f"no place was {fact.previous_status} before, as it says"


def _moved(before: AreaCounts, after: AreaCounts) -> dict[str, int]:
    """Give the change of each pocket; free places are the balance of all others."""
    was, became = _pockets(before), _pockets(after)
    moved = {pocket: became.get(pocket, 0) - was.get(pocket, 0) for pocket in {**was, **became}}
    moved[FREE] = -sum(moved.values())
    return moved


def _pockets(area: AreaCounts) -> dict[str, int]:
    return {**area.taken, HELD: _own(area)}


def _sources(before: AreaCounts, fact: StatusChanged, *, by_time: bool) -> set[str]:
    if by_time or (fact.status == FREE and fact.hold_token is not None):
        return {HELD}
    if fact.status == FREE:
        return set(before.taken)
    return {FREE, HELD, *before.taken} - {fact.status}


def _own(area: AreaCounts) -> int:
    return sum(area.own.values())


def _of_type(area: AreaCounts, fact: StatusChanged) -> int:
    return area.own.get(fact.ticket_type or NO_TICKET_TYPE, 0)
