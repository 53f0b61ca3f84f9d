"""Whether an event offers an object to a caller: for sale, and in a channel that is open to it.

Rules of this file:

1. What is free, or offered for resale, is taken only if it is for sale. What is held or taken
   already may change, and everything may be given back.
2. Channels count for every change, releases included; not for what is offered for resale.
"""

from engine.charts.inventory import BookableObject
from engine.seats.channels import admits
from engine.seats.event_map import EventMap
from schemas.commands import Change
from schemas.facts import FREE, RESALE
from schemas.rejections import Rejection


def refuse_offer(
    event_map: EventMap, found: BookableObject, status: str, change: Change
) -> Rejection | None:
    """Say why what has this status is not offered to a change; None if it is."""
    is_taken = change.status != FREE and status in (FREE, RESALE)
    if is_taken and not event_map.is_for_sale(found):
        return Rejection.OBJECT_NOT_FOR_SALE
    if status != RESALE and not admits(change, event_map.channels.key_of(found.label)):
        return Rejection.OBJECT_OF_ANOTHER_CHANNEL
    return None


def why_short(event_map: EventMap, area: BookableObject, change: Change) -> Rejection:
    """Say why an area has not enough places for a change."""
    if not event_map.is_for_sale(area):
        return Rejection.OBJECT_NOT_FOR_SALE
    if not event_map.channels.open_to(change):
        return Rejection.OBJECT_OF_ANOTHER_CHANNEL
    return Rejection.NOT_ENOUGH_PLACES
