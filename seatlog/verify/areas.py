"""The arithmetic of areas: places move from one pocket to another, and none is made or lost.

Rules of this file:

1. A change of `quantity` places adds just as many to one pocket: those of its status, those its
   token holds, or the free ones.
2. They come out of pockets that the change may touch; every other pocket stays as it was.
"""

from collections.abc import Iterator

from schemas.facts import FREE, HELD, NO_TICKET_TYPE, AreaState, StatusChanged


def area_faults(
    before: AreaState, fact: StatusChanged, capacity: int | None, *, by_time: bool
) -> Iterator[str]:
    """Say what is wrong with an area's counts after a change."""
    after = fact.area or AreaState()
    if capacity is not None and _all(after) > capacity:
        yield f"{_all(after)} places are taken or held, and it has {capacity}"
    if any(count <= 0 for count in _counts(after)):
        yield f"a count is 0 or less: {after}"
    if _of_others(before, fact.hold_token) != _of_others(after, fact.hold_token):
        yield f"places held by another token than {fact.hold_token} have changed"
    yield from _movement_faults(before, after, fact, by_time=by_time)
    if by_time and fact.hold_token in after.held:
        yield f"the token {fact.hold_token} has expired and holds places still"
    if fact.status == HELD and _of_type(after, fact) - _of_type(before, fact) != fact.quantity:
        yield f"{fact.quantity} places were held, and not under their ticket type"


def _movement_faults(
    before: AreaState, after: AreaState, fact: StatusChanged, *, by_time: bool
) -> Iterator[str]:
    moved = _moved(before, after, fact.hold_token)
    arrived = moved.get(fact.status, 0)
    if arrived != fact.quantity:
        yield f"{fact.quantity} places become {fact.status}, and {arrived} have"
    sources = _sources(before, fact, by_time=by_time)
    for pocket, places in moved.items():
        if pocket != fact.status and (places > 0 or (places < 0 and pocket not in sources)):
            yield f"{places:+d} places are {pocket} after {fact.previous_status} to {fact.status}"
    if moved.get(fact.previous_status, 0) >= 0:
        yield f"no place was {fact.previous_status} before, as it says"


def _moved(before: AreaState, after: AreaState, token: str | None) -> dict[str, int]:
    """Give the change of each pocket; free places are the balance of all others."""
    was, became = _pockets(before, token), _pockets(after, token)
    moved = {pocket: became.get(pocket, 0) - was.get(pocket, 0) for pocket in {**was, **became}}
    moved[FREE] = -sum(moved.values())
    return moved


def _pockets(area: AreaState, token: str | None) -> dict[str, int]:
    own = sum(area.held.get(token or "", {}).values())
    return {**area.taken, HELD: own}


def _sources(before: AreaState, fact: StatusChanged, *, by_time: bool) -> set[str]:
    if by_time or (fact.status == FREE and fact.hold_token is not None):
        return {HELD}
    if fact.status == FREE:
        return set(before.taken)
    return {FREE, HELD, *before.taken} - {fact.status}


def _all(area: AreaState) -> int:
    return sum(_counts(area))


def _counts(area: AreaState) -> list[int]:
    held = [count for places in area.held.values() for count in places.values()]
    return [*area.taken.values(), *held]


def _of_others(area: AreaState, token: str | None) -> dict[str, dict[str, int]]:
    return {other: places for other, places in area.held.items() if other != token}


def _of_type(area: AreaState, fact: StatusChanged) -> int:
    places = area.held.get(fact.hold_token or "", {})
    return places.get(fact.ticket_type or NO_TICKET_TYPE, 0)
