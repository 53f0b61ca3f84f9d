"""The bodies of status changes, read twice over: fast if they are plain, thoroughly otherwise.

Rules of this file:

1. The models say what is accepted; they alone refuse, so that every message names its field.
2. The structs are the fast way (1 us instead of 20): they take a part of what the models accept,
   to the same result, and leave all else to the models. A property test holds them to it.
"""

from collections.abc import Sequence
from typing import Annotated, Literal, NamedTuple
from unicodedata import is_normalized

import msgspec
from msgspec import Meta, Struct
from pydantic import BeforeValidator, Field

from api.limits import (
    events_per_group_max,
    label_characters_max,
    objects_per_command_max,
    quantity_max,
)
from api.seatsio.best_available import WantedBest, WishAsked
from api.seatsio.errors import BodyError
from api.seatsio.season_use import SeasonType, WantedUse, read_use
from api.seatsio.wire import (
    Body,
    JsonObject,
    Label,
    NotYet,
    Text,
    Whole,
    integer_max,
    read,
    text_length_max,
)
from engine.groups.channels import channels_per_event_max
from schemas.commands import Change, Hold, ObjectChange
from schemas.facts import FREE, HELD

channel_keys_max = channels_per_event_max + 1
"""All of an event, and NO_CHANNEL."""
_ONE_EVENT = NotYet("best available for groups and batches is")

ChangeType = Literal["CHANGE_STATUS_TO", "RELEASE"]


# 1. The models.


class ObjectAsked(Body):
    """One entry of `objects`; a plain string is its `objectId`."""

    object_id: Label
    quantity: Annotated[Whole, Field(ge=1, le=quantity_max)] | None = None
    ticket_type: Text | None = None
    extra_data: JsonObject | None = None


def _object(value: object) -> object:
    return {"objectId": value} if isinstance(value, str) else value


_Objects = Annotated[
    list[Annotated[ObjectAsked, BeforeValidator(_object)]],
    Field(min_length=1, max_length=objects_per_command_max),
]


class ChangeFields(Body):
    """What all status changes say, but for their objects."""

    hold_token: Text | None = None
    order_id: Text | None = None
    keep_extra_data: bool | None = None
    allowed_previous_statuses: list[Label] | None = None
    rejected_previous_statuses: list[Label] | None = None
    ignore_channels: bool | None = None
    channel_keys: Annotated[list[Label], Field(max_length=channel_keys_max)] | None = None
    resale_listing_id: Text | None = None


class ChangeAsked(ChangeFields):
    """A change that names its objects."""

    objects: _Objects


class StatusAsked(ChangeAsked):
    """A change that names its status itself."""

    type: ChangeType | None = None
    status: Label | None = None
    best_available: Annotated[object, _ONE_EVENT] = None


class EventChangeAsked(ChangeFields):
    """A change of one event whose status the route names; we may be left to choose the objects."""

    objects: _Objects | None = None
    best_available: WishAsked | None = None


class EventStatusAsked(EventChangeAsked):
    """A change of one event that names its status itself."""

    type: ChangeType | None = None
    status: Label | None = None


_Events = Annotated[list[Label], Field(min_length=1, max_length=events_per_group_max)]


class GroupChangeAsked(ChangeAsked):
    """A change over events whose status the route names: book, hold, release."""

    events: _Events


class GroupStatusAsked(StatusAsked):
    """A change over events that names its status itself."""

    events: _Events


class BatchEntry(StatusAsked):
    """One change of a batch."""

    type: ChangeType | SeasonType | None = None  # type: ignore[assignment]
    event: Label
    season: Label | None = None


class SeasonUseAsked(Body):
    """Objects that are to go by their season's status, or not to."""

    objects: _Objects
    season: Label | None = None


class Batch(Body):
    """Changes that are made in their order, all or none."""

    status_changes: Annotated[
        list[BatchEntry], Field(min_length=1, max_length=objects_per_command_max)
    ]


# 2. The structs.

_Ascii = Annotated[str, Meta(min_length=1, max_length=label_characters_max)]
_AsciiText = Annotated[str, Meta(min_length=1, max_length=text_length_max)]
_SmallInt = Annotated[int, Meta(ge=-integer_max, le=integer_max)]


class PlainObject(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, gc=False, rename="camel"
):
    """The plain form of `ObjectAsked`: its extra data is flat and has no fractions."""

    object_id: _Ascii
    quantity: Annotated[int, Meta(ge=1, le=quantity_max)] | None = None
    ticket_type: _AsciiText | None = None
    extra_data: dict[str, str | _SmallInt | bool | None] | None = None


class PlainChange(
    Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel"
):
    """The plain form of all changes but batches; what each route does not know must be absent."""

    objects: Annotated[
        list[PlainObject | _Ascii], Meta(min_length=1, max_length=objects_per_command_max)
    ]
    events: Annotated[list[_Ascii], Meta(min_length=1, max_length=events_per_group_max)] | None = (
        None
    )
    type: ChangeType | None = None
    status: _Ascii | None = None
    hold_token: _AsciiText | None = None
    order_id: _AsciiText | None = None
    keep_extra_data: bool | None = None
    allowed_previous_statuses: list[_Ascii] | None = None
    rejected_previous_statuses: list[_Ascii] | None = None
    resale_listing_id: _AsciiText | None = None
    ignore_channels: bool | None = None
    channel_keys: Annotated[list[_Ascii], Meta(max_length=channel_keys_max)] | None = None


_decode_plain = msgspec.json.Decoder(PlainChange).decode
_encode_plain = msgspec.json.Encoder().encode


def read_plain(body: bytes) -> PlainChange | None:
    """Read a body the fast way; None if it is not plain, be it good or bad.

    No key stands twice: what was read, written again, has as many colons as the body. An explicit
    null is not written again, so it counts as not plain.
    """
    if not _is_plain(body):
        return None
    try:
        plain = _decode_plain(body)
        return plain if _encode_plain(plain).count(b":") == body.count(b":") else None
    except (msgspec.MsgspecError, RecursionError):
        return None


def _is_plain(body: bytes) -> bool:
    """Say whether every string in the body is what it looks like, and normalized.

    Without a backslash nothing is escaped, and JSON has no raw control characters but DEL.
    """
    if b"\\" in body:
        return False
    if body.isascii():
        return b"\x7f" not in body
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return False
    return text.isprintable() and is_normalized("NFC", text)


# 3. What both become.


class Wanted(NamedTuple):
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
    use: WantedUse | None = None
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


class WantedOn(NamedTuple):
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
    return Wanted(FREE, changes, None, None, False, None, None, use=use)


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
