"""The bodies of status changes: what is accepted.

Rules of this file:

1. These models alone refuse, so that every message names its field.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from api.limits import events_per_group_max, objects_per_command_max, quantity_max
from api.seatsio.best_available import WishAsked
from api.seatsio.season_use import SeasonType
from api.seatsio.wire import Body, JsonObject, Label, NotYet, Text, Whole
from engine.groups.channels import channels_per_event_max

channel_keys_max = channels_per_event_max + 1
"""All of an event, and NO_CHANNEL."""
_ONE_EVENT = NotYet("best available for groups and batches is")

ChangeType = Literal["CHANGE_STATUS_TO", "RELEASE"]


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
