"""Which status a seat may take from which, and by whose hand.

Rules of this file:

1. A booked seat is never booked again, whatever the caller allows.
2. A held seat obeys its token; a call without any token is the back office's and may change it.
3. `allowed_previous_statuses` and `rejected_previous_statuses` narrow what is possible; naming
   a status as allowed also opens the way from a custom one.
"""

from engine.seats.state import ObjectState
from schemas.commands import Change, ObjectChange
from schemas.facts import BOOKED, FREE, HELD, RESALE
from schemas.rejections import Rejection

TAKES_A_FREE_SEAT = (BOOKED, HELD)
"""Statuses that a seat takes from `free`, from its own hold, or from a resale listing."""


def refuse_seat(current: ObjectState, change: Change) -> Rejection | None:
    """Say why a seat in this state may not take the change's status; None if it may."""
    refusal = refuse_previous(current.status, change)
    if refusal is not None:
        return refusal
    if current.status == HELD and change.hold and change.hold.token != current.hold_token:
        return Rejection.HELD_BY_ANOTHER_TOKEN
    if not _follows(current.status, change):
        return Rejection.OBJECT_NOT_FREE
    return None


def refuse_previous(status: str, change: Change) -> Rejection | None:
    """Apply the caller's own lists of previous statuses."""
    allowed, rejected = change.allowed_previous_statuses, change.rejected_previous_statuses
    if allowed is not None and status not in allowed:
        return Rejection.STATUS_NOT_ALLOWED
    if rejected is not None and status in rejected:
        return Rejection.STATUS_REJECTED
    return None


def _follows(status: str, change: Change) -> bool:
    target = change.status
    if FREE in (target, status) or status == HELD:
        return True  # a held seat: its own hold, or the back office (rule 2)
    named = change.allowed_previous_statuses is not None
    if target in TAKES_A_FREE_SEAT:
        return status == RESALE or (named and status != BOOKED)
    return status != target or named


def seat_after(current: ObjectState, change: Change, item: ObjectChange) -> ObjectState:
    """Give a seat's state after the change: what the change says replaces what was."""
    return ObjectState(
        status=change.status,
        hold_token=change.hold.token if change.hold and change.status == HELD else None,
        order_id=change.order_id,
        ticket_type=item.ticket_type,
        extra_data=extra_data_after(current, change, item),
        resale_listing_id=change.resale_listing_id,
    )


def extra_data_after(
    current: ObjectState, change: Change, item: ObjectChange
) -> dict[str, object] | None:
    """Give the new extra data; without any, the old if the change keeps it."""
    if item.extra_data is not None:
        return item.extra_data
    return current.extra_data if change.keep_extra_data else None
