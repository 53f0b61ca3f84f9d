"""What the coordinator decides about how events are sold: the whole of it, from what is asked.

Rules of this file:

1. Each event's `Selling` stands in the directory, and changes by facts that tell all of it.
2. Several events are one decision: all are edited, or none.
"""

from collections.abc import Iterable

import msgspec

from engine.groups.channels import edit_channels
from engine.groups.directory import Directory, updated
from engine.groups.for_sale import counted, day_ms, edit_for_sale
from engine.machine import Decision, refused
from schemas.commands import EditChannels, EditForSale, UpdateEvent
from schemas.facts import EventCreated, EventDeleted, EventUpdated, GroupsFact
from schemas.outbox import Accepted
from schemas.rejections import Rejected, Rejection
from schemas.selling import Selling
from schemas.selling_edits import OpenAndClose

selling_bytes_max = 1536 * 1024
"""Of all that one command tells of events: owners tell it again, in records of 2 MiB, with what the
events override of their seasons."""

_encode = msgspec.json.Encoder().encode


def decide_selling(
    directory: Directory, command: EditChannels | EditForSale, now: int
) -> Decision[GroupsFact]:
    """Edit the channels of an event, or what is for sale of several."""
    if isinstance(command, EditChannels):
        return _decide_channels(directory, command, now)
    return _decide_for_sale(directory, command, now)


def sold_anew(selling: Selling, command: UpdateEvent) -> Selling | None:
    """Give how the event is sold after an update; None if that says nothing about it."""
    said = {
        "tables": command.tables,
        "categories": command.categories,
        "object_categories": command.object_categories,
    }
    changed = {field: value for field, value in said.items() if value is not None}
    return msgspec.structs.replace(selling, **changed) if changed else None


def too_large(facts: Iterable[GroupsFact]) -> Rejected | None:
    """Refuse a decision that says more about events than a record of their owner can tell.

    All of each fact counts: a season may have thousands of events, and tells each of them.
    """
    of_events = EventCreated | EventUpdated | EventDeleted
    told = sum(len(_encode(fact)) for fact in facts if isinstance(fact, of_events))
    if told <= selling_bytes_max:
        return None
    detail = f"{told} bytes, at most {selling_bytes_max}"
    return Rejected(code=Rejection.SELLING_TOO_LARGE.code, detail=detail)


def _decide_channels(directory: Directory, command: EditChannels, now: int) -> Decision[GroupsFact]:
    entry = directory.find(command.workspace, command.key)
    if entry is None:
        return refused(Rejection.EVENT_NOT_FOUND, command.key)
    channels = edit_channels(entry.selling.channels, command.edit)
    if isinstance(channels, Rejected):
        return Decision(channels, [])
    selling = msgspec.structs.replace(entry.selling, channels=channels)
    return Decision(Accepted(), [updated(entry, now, selling=selling)])


def _decide_for_sale(directory: Directory, command: EditForSale, now: int) -> Decision[GroupsFact]:
    facts: list[GroupsFact] = []
    for asked in command.events:
        entry = directory.find(command.workspace, asked.key)
        if entry is None:
            return refused(Rejection.EVENT_NOT_FOUND, asked.key)
        edits = None
        if isinstance(asked.edit, OpenAndClose):
            edits = counted(entry.for_sale_edits, asked.edit, now)
            if edits is None:
                return refused(Rejection.FOR_SALE_EDITS_USED_UP, str((now // day_ms + 1) * day_ms))
        for_sale = edit_for_sale(entry.selling.for_sale, asked.edit)
        selling = msgspec.structs.replace(entry.selling, for_sale=for_sale)
        facts.append(updated(entry, now, selling=selling, for_sale_edits=edits))
    return Decision(Accepted(), facts)
