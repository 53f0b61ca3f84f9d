"""What a hold token gives back when its deadline has come.

Rules of this file:

1. What a group has reserved of a hold is not given back: the hold is over all the same, and what
   it still has when the group is decided is freed then. A confirmed group leaves nothing of it.
2. An expiry is a status change like any other: what it does not say, the object no longer has.
   That includes an area's order and extra data.
"""

from collections.abc import Mapping

import msgspec

from engine.machine import Decision
from engine.seats.areas import expire_area, own_pockets
from engine.seats.doubt import ObjectKey
from engine.seats.state import NO_PLACES, EventState, SeatsState
from schemas.commands import Origin
from schemas.facts import FREE, HELD, HoldExpired, Pocket, SeatsFact, StatusChanged

expiries_per_record_max = 500
"""Bounds a record: a token may hold more objects than one command may name."""
expiries_bytes_max = 512 * 1024
"""Bounds the record of an expiry, for the statuses of areas; one more fact always fits."""

_encode = msgspec.json.Encoder().encode


def can_expire(state: SeatsState, token: str) -> bool:
    """Say whether an ended token has anything to give back now."""
    return any(_places_left(state, key, token) is not None for key in state.holds.objects(token))


def decide_expiry(state: SeatsState, token: str) -> Decision[SeatsFact]:
    """Free what an ended token holds and no group has reserved."""
    held = state.holds.objects(token)
    last_seq: dict[int, int] = {}
    facts: list[SeatsFact] = []
    told_bytes = 0
    is_last = True
    for key in held:
        left = _places_left(state, key, token)
        is_full = len(facts) >= expiries_per_record_max or told_bytes > expiries_bytes_max
        if left is None or is_full:
            is_last = False
            continue
        event = state.events[key[0]]
        seq = last_seq.get(event.id, event.last_seq) + 1
        last_seq[event.id] = seq
        freed = _freed(event, key[1], token, left, seq)
        is_last = is_last and left == (_pockets(event, key[1], token) or left)
        facts.append(freed)
        told_bytes += len(_encode(freed))
    if is_last:
        facts.append(HoldExpired(token=token))
    return Decision(None, facts)


def _places_left(state: SeatsState, key: ObjectKey, token: str) -> Mapping[Pocket, int] | None:
    """Give the places of an area that are not reserved, `{}` for a seat; None if nothing is."""
    own = _pockets(state.events[key[0]], key[1], token)
    if not own:
        return None if state.doubt.reserved(key) else {}
    reserved = state.doubt.reserved_of_hold(key, token)
    left = {pocket: places - reserved.get(pocket, 0) for pocket, places in own.items()}
    assert min(left.values()) >= 0, f"a group has reserved more of {key} than {token} holds"
    return {pocket: places for pocket, places in left.items() if places} or None


def _pockets(event: EventState, label: str, token: str) -> Mapping[Pocket, int]:
    return own_pockets(event.area_holds.get((label, token), NO_PLACES), token)


def _freed(
    event: EventState, label: str, token: str, left: Mapping[Pocket, int], seq: int
) -> StatusChanged:
    current = event.objects[label]
    area, quantity = None, 1
    if current.area is not None:
        area, quantity = expire_area(current, event.area_holds[label, token], left)
    return StatusChanged(
        event=event.id,
        seq=seq,
        label=label,
        status=FREE,
        previous_status=HELD,
        quantity=quantity,
        hold_token=token,
        origin=Origin(type="HOLD_EXPIRED"),
        area=area,
    )
