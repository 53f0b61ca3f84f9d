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
from api.seatsio.command_answers import Form
from api.seatsio.command_forms import event_route
from api.seatsio.commands import Commands
from api.seatsio.errors import VendorError, bad_request
from api.seatsio.event_views import EventViews
from api.seatsio.events import EventKey, Events, NewSellingFields
from api.seatsio.idempotency import idempotency
from api.seatsio.paging import check_parameters
from api.seatsio.parts import JSON, Parts, path_part
from api.seatsio.recorded import Facts
from api.seatsio.wire import Body, Label, Text, Whole, read
from schemas.commands import (
    ChangePartialSeason,
    CreatePartialSeason,
    CreateSeason,
    CreateSeasonEvents,
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

    def __init__(self, commands: Commands, events: Events) -> None:
        self._commands = commands
        self._events = events

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
        asked = read(call.body, SeasonAsked)
        try:
            season = await self._events.new_season(
                call, asked.chart_key, asked.key or str(uuid4()), asked.name, asked
            )
        except VendorError as error:
            return await self._commands.repeat(call, error, SEASON)
        command = CreateSeason(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            season=season,
            event_keys=asked.keys(),
            for_sale_propagated=asked.for_sale_propagated is not False,
        )
        return await self._commands.decide(call, command, SEASON)

    async def _create_events(self, call: Call) -> web.Response:
        check_parameters(call.request)
        keys = read(call.body, EventsWanted).keys()
        if not keys:
            raise bad_request("#: required key [eventKeys] or [numberOfEvents] not found")
        command = CreateSeasonEvents(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            season=path_part(call, "key"),
            event_keys=keys,
        )
        return await self._commands.decide(call, command, SEASON_EVENTS)

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
        return await self._commands.decide(call, command, NEW_PARTIAL_SEASON)

    async def _add_events(self, call: Call) -> web.Response:
        asked = read(call.body, EventsAdded)
        command = ChangePartialSeason(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            top=path_part(call, "top"),
            partial=path_part(call, "key"),
            added=asked.event_keys,
        )
        check_parameters(call.request)
        return await self._commands.decide(call, command, PARTIAL_SEASON)

    async def _remove_event(self, call: Call) -> web.Response:
        read(call.body, Body)
        command = ChangePartialSeason(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            top=path_part(call, "top"),
            partial=path_part(call, "key"),
            removed=[path_part(call, "event")],
        )
        check_parameters(call.request)
        return await self._commands.decide(call, command, PARTIAL_SEASON)


def _check_different(keys: Sequence[str]) -> None:
    if len(set(keys)) < len(keys):
        raise bad_request("Duplicate event keys are not allowed")


async def _show_season(parts: Parts, _: Call, command: CreateSeason, facts: Facts) -> JSON:
    return await EventViews(parts).season_created(command.workspace, facts)


async def _show_events(parts: Parts, _: Call, command: CreateSeasonEvents, facts: Facts) -> JSON:
    created = await EventViews(parts).created(command.workspace, facts)
    return {"events": created[::-1]}  # the vendor shows the newest first


async def _show_new_partial(parts: Parts, call: Call, _: CreatePartialSeason, facts: Facts) -> JSON:
    # A key that was made up is that of the first answer, not of a repeat.
    return await EventViews(parts).retrieve(call, facts[0].key)


async def _show_partial(parts: Parts, call: Call, command: ChangePartialSeason, _: Facts) -> JSON:
    """Show a partial season as it is by now, after a repeat as well."""
    return await EventViews(parts).retrieve(call, command.partial)


SEASON = Form("season", _show_season)
SEASON_EVENTS = Form("seasonEvents", _show_events)
NEW_PARTIAL_SEASON = Form("newPartialSeason", _show_new_partial)
PARTIAL_SEASON = Form("partialSeason", _show_partial)
