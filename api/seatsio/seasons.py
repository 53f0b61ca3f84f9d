"""Seasons and partial seasons: created, and filled with events.

What a season is, is changed like any event (`POST /events/{key}`), and it is retrieved like one.
"""

from collections.abc import Sequence
from typing import Annotated, Self
from uuid import uuid4

from aiohttp import web
from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from api.call import Call, Route
from api.limits import events_created_at_once_max
from api.seatsio.command_forms import event_route
from api.seatsio.commands import Commands
from api.seatsio.errors import VendorError, bad_request
from api.seatsio.event_views import EventViews
from api.seatsio.events import EventKey, Events, NewSellingFields
from api.seatsio.idempotency import idempotency
from api.seatsio.paging import check_parameters
from api.seatsio.parts import Parts, answer, path_part
from api.seatsio.recorded import Facts
from api.seatsio.wire import Body, Label, Text, Whole, read
from schemas.commands import (
    ChangePartialSeason,
    CreatePartialSeason,
    CreateSeason,
    CreateSeasonEvents,
    SeasonCommand,
)

_NewKeys = Annotated[list[EventKey], Field(max_length=events_created_at_once_max)]
_Keys = Annotated[list[Label], Field(max_length=events_created_at_once_max)]


class EventsWanted(Body):
    """Events to create, by their keys or by their number."""

    event_keys: _NewKeys | None = None
    number_of_events: Annotated[Whole, Field(ge=1, le=events_created_at_once_max)] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if self.event_keys and self.number_of_events is not None:
            raise PydanticCustomError("both", "[eventKeys] and [numberOfEvents] exclude each other")
        return self

    def keys(self) -> list[str]:
        """Give the keys of the events; made up where only their number is given."""
        if not self.event_keys:
            return [str(uuid4()) for _ in range(self.number_of_events or 0)]
        _check_different(self.event_keys)
        return self.event_keys


class SeasonAsked(EventsWanted, NewSellingFields):
    """A season to create."""

    chart_key: Label
    key: EventKey | None = None
    name: Text | None = None
    for_sale_propagated: bool | None = None


class PartialSeasonAsked(Body):
    """A partial season to create over events that there are."""

    key: EventKey | None = None
    name: Text | None = None
    event_keys: _Keys | None = None


class EventsAdded(Body):
    """Events that a partial season is to have as well."""

    event_keys: Annotated[_Keys, Field(min_length=1)]


class Seasons:
    """The routes of seasons."""

    def __init__(self, parts: Parts, commands: Commands, events: Events) -> None:
        self._parts = parts
        self._commands = commands
        self._events = events
        self._views = EventViews(parts)

    def routes(self) -> list[Route]:
        partials = "/seasons/{top}/partial-seasons"
        return [
            event_route("POST", "/seasons", self._create),
            event_route("POST", "/seasons/{key}/actions/create-events", self._create_events),
            event_route("POST", partials, self._create_partial),
            event_route("POST", f"{partials}/{{key}}/actions/add-events", self._add_events),
            event_route("DELETE", f"{partials}/{{key}}/events/{{event}}", self._remove_event),
        ]

    async def _create(self, call: Call) -> web.Response:
        check_parameters(call.request)
        asked, workspace = read(call.body, SeasonAsked), call.workspace.key

        async def show(facts: Facts) -> web.Response:
            return answer(await self._views.season_created(workspace, facts))

        try:
            season = await self._events.new_season(
                call, asked.chart_key, asked.key or str(uuid4()), asked.name, asked
            )
        except VendorError as error:
            return await self._commands.repeat(call, error, show)
        command = CreateSeason(
            workspace=workspace,
            idempotency=idempotency(call),
            season=season,
            event_keys=asked.keys(),
            for_sale_propagated=asked.for_sale_propagated is not False,
        )
        return await self._commands.decide(call, command, show)

    async def _create_events(self, call: Call) -> web.Response:
        check_parameters(call.request)
        asked, workspace = read(call.body, EventsWanted), call.workspace.key
        keys = asked.keys()
        if not keys:
            raise bad_request("#: required key [eventKeys] or [numberOfEvents] not found")
        command = CreateSeasonEvents(
            workspace=workspace,
            idempotency=idempotency(call),
            season=path_part(call, "key"),
            event_keys=keys,
        )

        async def show(facts: Facts) -> web.Response:
            created = await self._views.created(workspace, facts)
            return answer({"events": created[::-1]})  # the vendor shows the newest first

        return await self._commands.decide(call, command, show)

    async def _create_partial(self, call: Call) -> web.Response:
        asked = read(call.body, PartialSeasonAsked)
        command = CreatePartialSeason(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            top=path_part(call, "top"),
            key=asked.key or str(uuid4()),
            name=asked.name,
            event_keys=asked.event_keys or [],
        )
        check_parameters(call.request)

        async def show(facts: Facts) -> web.Response:
            # A key that was made up is that of the first answer, not of a repeat.
            return answer(await self._views.retrieve(call, facts[0].key))

        return await self._commands.decide(call, command, show)

    async def _add_events(self, call: Call) -> web.Response:
        asked = read(call.body, EventsAdded)
        command = ChangePartialSeason(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            top=path_part(call, "top"),
            partial=path_part(call, "key"),
            added=asked.event_keys,
        )
        return await self._change_partial(call, command.partial, command)

    async def _remove_event(self, call: Call) -> web.Response:
        read(call.body, Body)
        command = ChangePartialSeason(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            top=path_part(call, "top"),
            partial=path_part(call, "key"),
            removed=[path_part(call, "event")],
        )
        return await self._change_partial(call, command.partial, command)

    async def _change_partial(self, call: Call, key: str, command: SeasonCommand) -> web.Response:
        """Change a partial season and show it as it is then, after a repeat as well."""
        check_parameters(call.request)

        async def show(facts: Facts) -> web.Response:
            del facts
            return answer(await self._views.retrieve(call, key))

        return await self._commands.decide(call, command, show)


def _check_different(keys: Sequence[str]) -> None:
    if len(set(keys)) < len(keys):
        raise bad_request("Duplicate event keys are not allowed")
