"""The channels of an event: add, update, remove, replace, and what is in them.

Rules of this file:

1. Labels are not compared with the chart: it may have the objects later.
2. What an edit comes to is the coordinator's to work out (engine/groups/channels.py); nobody here
   knows what the channels were.
"""

import secrets
from collections.abc import Sequence
from functools import partial
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from api.call import Call, CallHandler, Route
from api.limits import quantity_max
from api.seatsio.command_forms import event_route
from api.seatsio.commands import Commands
from api.seatsio.errors import from_rejected
from api.seatsio.idempotency import idempotency
from api.seatsio.paging import check_parameters
from api.seatsio.parts import JSON, path_part
from api.seatsio.wire import BY_KEY, Body, Label, Text, Whole, read, read_one_or_more
from engine.groups.channels import channels_per_event_max, edit_channels
from engine.seats.channels import NO_CHANNEL
from schemas.commands import EditChannels
from schemas.rejections import Rejected
from schemas.selling import Channel
from schemas.selling_edits import (
    AddChannels,
    AddToChannel,
    ChannelsEdit,
    RemoveChannel,
    ReplaceChannels,
    TakeFromChannel,
    UpdateChannel,
)

id_bytes = 6
"""Of a channel's random id: short, for areas tell their places with it, and unique in an event."""

AreaPlaces = Annotated[dict[Label, Annotated[Whole, Field(ge=0, le=quantity_max)]], BY_KEY]


class InChannel(Body):
    """What can be in a channel."""

    objects: list[Label] | None = None
    area_places: AreaPlaces | None = None


class ChannelUpdateAsked(InChannel):
    """What to change of a channel; what is absent stays."""

    name: Text | None = None
    color: Text | None = None


def _channel_key(key: str) -> str:
    if key == NO_CHANNEL:
        raise PydanticCustomError("reserved", "[{key}] is reserved", {"key": key})
    return key


class ChannelAsked(InChannel):
    """A channel to be."""

    id: Text | None = None
    """Ours to give: who sends back the channels that were shown sends it along."""
    key: Annotated[Label, AfterValidator(_channel_key)]
    name: Text
    color: Text
    index: Whole | None = None


ChannelsAsked = Annotated[list[ChannelAsked], Field(max_length=channels_per_event_max)]


class ReplaceAsked(Body):
    """The channels to be in place of all others; the clients leave out an empty list."""

    channels: ChannelsAsked | None = None


class Channels:
    """The routes of channels."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def routes(self) -> list[Route]:
        one = "/{channel}"
        return [
            _route("POST", "", self._add),
            _route("POST", "/replace", self._replace),
            _route("POST", one, self._update),
            _route("DELETE", one, self._remove),
            _route("POST", f"{one}/objects", partial(self._edit_objects, AddToChannel)),
            _route("DELETE", f"{one}/objects", partial(self._edit_objects, TakeFromChannel)),
        ]

    async def _add(self, call: Call) -> web.Response:
        asked = read_one_or_more(call.body, ChannelAsked)
        return await self._edit(call, AddChannels(channels=_channels(asked)))

    async def _replace(self, call: Call) -> web.Response:
        asked = read(call.body, ReplaceAsked)
        return await self._edit(call, ReplaceChannels(channels=_channels(asked.channels or [])))

    async def _update(self, call: Call) -> web.Response:
        asked = read(call.body, ChannelUpdateAsked)
        edit = UpdateChannel(
            key=path_part(call, "channel"),
            name=asked.name,
            color=asked.color,
            objects=asked.objects,
            area_places=asked.area_places,
        )
        return await self._edit(call, edit)

    async def _remove(self, call: Call) -> web.Response:
        read(call.body, Body)
        return await self._edit(call, RemoveChannel(key=path_part(call, "channel")))

    async def _edit_objects(
        self, kind: type[AddToChannel | TakeFromChannel], call: Call
    ) -> web.Response:
        asked = read(call.body, InChannel)
        edit = kind(
            key=path_part(call, "channel"),
            objects=asked.objects or [],
            area_places=asked.area_places or {},
        )
        return await self._edit(call, edit)

    async def _edit(self, call: Call, edit: ChannelsEdit) -> web.Response:
        check_parameters(call.request)
        command = EditChannels(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            key=path_part(call, "key"),
            edit=edit,
        )

        return await self._commands.decide(call, command)


def new_channels(asked: Sequence[ChannelAsked], workspace: str) -> list[Channel]:
    """Give the channels of an event to be. Raises VendorError if they cannot be together."""
    channels = edit_channels([], AddChannels(channels=_channels(asked)))
    if isinstance(channels, Rejected):
        raise from_rejected(channels, workspace)
    return channels


def channel_json(channel: Channel) -> JSON:
    """Describe a channel."""
    described: JSON = {
        "id": channel.id,
        "key": channel.key,
        "name": channel.name,
        "color": channel.color,
        "objects": channel.objects,
        "areaPlaces": channel.area_places,
    }
    return described if channel.index is None else {**described, "index": channel.index}


def _channels(asked: Sequence[ChannelAsked]) -> list[Channel]:
    return [
        Channel(
            id=secrets.token_hex(id_bytes),
            key=channel.key,
            name=channel.name,
            color=channel.color,
            index=channel.index,
            objects=channel.objects or [],
            area_places=channel.area_places or {},
        )
        for channel in asked
    ]


def _route(method: str, path: str, handler: CallHandler) -> Route:
    return event_route(method, f"/events/{{key}}/channels{path}", handler)
