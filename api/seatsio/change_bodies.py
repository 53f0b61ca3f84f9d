"""Status changes as the rest of the dialect works with them, read from their bodies.

Rules of this file:

1. A plain body is read the fast way (`plain_changes.py`), every other by the models
   (`change_models.py`); what becomes of it is the same.
"""

from collections.abc import Sequence

import msgspec

from api.limits import events_per_group_max, objects_per_command_max
from api.seatsio.best_available import WantedBest
from api.seatsio.change_models import (
    Batch,
    ChangeFields,
    EventChangeAsked,
    EventStatusAsked,
    GroupChangeAsked,
    GroupStatusAsked,
    ObjectAsked,
)
from api.seatsio.errors import BodyError
from api.seatsio.plain_changes import PlainChange, PlainObject, read_plain
from api.seatsio.season_use import WantedUse, read_use
from api.seatsio.wire import read
from schemas.commands import Change, Hold, ObjectChange
from schemas.facts import FREE, HELD


class Wanted(msgspec.Struct, frozen=True):
    """A status change as the rest of the dialect works with it."""

    status: str
    objects: list[ObjectChange]
    hold_token: str | None
    order_id: str | None
    keep_extra_data: bool
    allowed_previous_statuses: list[str] | None
    rejected_previous_statuses: list[str] | None
    resale_listing_id: str | None = None
    channel_keys: list[str] | None = None
    """None, and no empty list: what is in no channel."""
    ignore_channels: bool = False
    season_use: WantedUse | None = None
    """By whose status the objects go; present, nothing but they count."""

    def change(self, event: int, event_key: str, hold: Hold | None) -> Change:
        """Translate it for one event, and the key that it was found by."""
        return Change(
            event=event,
            event_key=event_key,
            status=self.status,
            objects=self.objects,
            hold=hold,
            order_id=self.order_id,
            keep_extra_data=self.keep_extra_data,
            allowed_previous_statuses=self.allowed_previous_statuses,
            rejected_previous_statuses=self.rejected_previous_statuses,
            resale_listing_id=self.resale_listing_id,
            channel_keys=self.channel_keys,
            ignore_channels=self.ignore_channels,
        )


class WantedOn(msgspec.Struct, frozen=True):
    """A status change with the keys of the events it is for."""

    events: list[str]
    wanted: Wanted


def read_group_status(body: bytes) -> WantedOn:
    """Read a change over events that names its status. Raises BodyError."""
    plain = read_plain(body)
    if plain is not None and plain.events is not None:
        return _over(plain.events, _wanted(plain, plain.objects, _status(plain.type, plain.status)))
    asked = read(body, GroupStatusAsked)
    return _over(asked.events, _wanted(asked, asked.objects, _status(asked.type, asked.status)))


def read_group_change(body: bytes, status: str) -> WantedOn:
    """Read a change over events whose status the route names. Raises BodyError."""
    plain = read_plain(body)
    if (
        plain is not None
        and plain.events is not None
        and (plain.type, plain.status) == (None, None)
    ):
        return _over(plain.events, _wanted(plain, plain.objects, status))
    asked = read(body, GroupChangeAsked)
    return _over(asked.events, _wanted(asked, asked.objects, status))


def read_event_status(body: bytes) -> Wanted | WantedBest:
    """Read a change for one event that names its status. Raises BodyError."""
    plain = read_plain(body)
    if plain is not None and plain.events is None:
        return _wanted(plain, plain.objects, _status(plain.type, plain.status))
    asked = read(body, EventStatusAsked)
    return _wanted_of_event(asked, _status(asked.type, asked.status))


def read_event_change(body: bytes, status: str) -> Wanted | WantedBest:
    """Read a change for one event whose status the route names. Raises BodyError."""
    plain = read_plain(body)
    if plain is not None and (plain.events, plain.type, plain.status) == (None, None, None):
        return _wanted(plain, plain.objects, status)
    return _wanted_of_event(read(body, EventChangeAsked), status)


def read_batch(body: bytes) -> list[WantedOn]:
    """Read the changes of a batch. Raises BodyError."""
    entries = read(body, Batch).status_changes
    objects = sum(len(entry.objects) for entry in entries)
    if objects > objects_per_command_max:
        most = objects_per_command_max
        raise BodyError([f"#/statusChanges: at most {most} objects in all, found: {objects}"])
    if len({entry.event for entry in entries}) > events_per_group_max:
        raise BodyError([f"#/statusChanges: at most {events_per_group_max} events"])
    batch: list[WantedOn] = []
    for place, entry in enumerate(entries):
        path = f"#/statusChanges/{place}"
        use = read_use(entry.type, entry.season, entry.model_fields_set, path)
        if use is not None:
            wanted = wanted_use(entry.objects, use)
        else:
            status = _status(entry.type, entry.status, path)
            wanted = _wanted(entry, entry.objects, status, path)
        batch.append(WantedOn([entry.event], wanted))
    return batch


def wanted_use(objects: Sequence[ObjectAsked], use: WantedUse) -> Wanted:
    """Say by whose status objects are to go."""
    changes = [_object_change(item) for item in objects]
    return Wanted(FREE, changes, None, None, False, None, None, season_use=use)


def _status(kind: str | None, status: str | None, path: str = "#") -> str:
    if kind == "RELEASE":
        if status is not None:
            raise BodyError([f"{path}/status: a release has no status"])
        return FREE
    if status is None:
        raise BodyError([f"{path}: required key [status] not found"])
    return status


def _wanted_of_event(asked: EventChangeAsked, status: str) -> Wanted | WantedBest:
    if asked.best_available is None:
        if asked.objects is None:
            raise BodyError(["#: required key [objects] not found"])
        return _wanted(asked, asked.objects, status)
    if asked.objects is not None:
        raise BodyError(["#: [objects] and [bestAvailable] exclude each other"])
    if asked.allowed_previous_statuses is not None or asked.rejected_previous_statuses is not None:
        raise BodyError(["#/bestAvailable: it takes free objects, whatever previous statuses say"])
    if asked.resale_listing_id is not None:
        raise BodyError(["#/bestAvailable: a resale listing is of objects that are named"])
    if status == FREE:
        raise BodyError(["#/bestAvailable: there is nothing to release"])
    _check_hold_token(asked, status)
    kept = bool(asked.keep_extra_data)
    wanted = asked.best_available.wanted(status, asked.hold_token, asked.order_id, kept)
    channel_keys = asked.channel_keys or None
    return wanted._replace(channel_keys=channel_keys, ignore_channels=bool(asked.ignore_channels))


def _check_hold_token(asked: PlainChange | ChangeFields, status: str, path: str = "#") -> None:
    if status == HELD and asked.hold_token is None:
        raise BodyError([f"{path}: required key [holdToken] not found"])


def _wanted(
    asked: PlainChange | ChangeFields,
    objects: Sequence[PlainObject | ObjectAsked | str],
    status: str,
    path: str = "#",
) -> Wanted:
    allowed, rejected = asked.allowed_previous_statuses, asked.rejected_previous_statuses
    if allowed is not None and rejected is not None:
        raise BodyError(
            [f"{path}: allowedPreviousStatuses and rejectedPreviousStatuses exclude each other"]
        )
    _check_hold_token(asked, status, path)
    return Wanted(
        status,
        [_object_change(item) for item in objects],
        asked.hold_token,
        asked.order_id,
        bool(asked.keep_extra_data),
        allowed,
        rejected,
        asked.resale_listing_id,
        asked.channel_keys or None,
        bool(asked.ignore_channels),
    )


def _object_change(item: PlainObject | ObjectAsked | str) -> ObjectChange:
    if isinstance(item, str):
        return ObjectChange(label=item)
    return ObjectChange(
        label=item.object_id,
        quantity=item.quantity or 1,
        ticket_type=item.ticket_type,
        extra_data=item.extra_data,
    )


def _over(events: list[str], wanted: Wanted) -> WantedOn:
    if len(events) > 1 and len(set(events)) < len(events):
        place = next(place for place, key in enumerate(events) if key in events[:place])
        raise BodyError([f"#/events/{place}: [{events[place]}] stands twice"])
    return WantedOn(events, wanted)
