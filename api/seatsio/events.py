"""Events: create one or many, retrieve, update, delete, list."""

import datetime as dt
import re
from collections.abc import Sequence
from typing import Annotated
from uuid import uuid4

from aiohttp import web
from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from adapters.ports import LogUnreachableError, RecordTooLargeError
from adapters.postgres.errors import DatabaseUnavailableError
from api.call import Call, Route
from api.errors import IngressBusyError, NotReadyError
from api.limits import events_created_at_once_max
from api.seatsio.channels import ChannelsAsked, new_channels
from api.seatsio.chart_store import ChartStore
from api.seatsio.command_answers import Form
from api.seatsio.command_forms import event_route
from api.seatsio.commands import Commands
from api.seatsio.errors import VendorError, bad_request, chart_not_found, from_rejected
from api.seatsio.event_views import EventViews
from api.seatsio.for_sale import ForSaleConfigAsked, new_for_sale
from api.seatsio.idempotency import idempotency, refuse_idempotency
from api.seatsio.inventories import ChartInventories
from api.seatsio.paging import CURSOR_PARAMETERS, check_parameters, page_json, read_cursor
from api.seatsio.parts import JSON, Parts, answer, path_part
from api.seatsio.recorded import Facts
from api.seatsio.selling import (
    SellingFields,
    categories_asked,
    check_categories,
    object_categories_asked,
    tables_asked,
)
from api.seatsio.wire import Body, Label, Text, read
from schemas.commands import CreateEvents, DeleteEvent, NewEvent, UpdateEvent
from schemas.rejections import Rejected, Rejection
from schemas.selling import AS_THE_CHART_SAYS, Selling

earliest_date = dt.date(2014, 1, 1)
years_ahead_max = 10
RESERVED_KEYS = ("groups", "actions", ".", "..")
"""Their paths would be other routes."""

_UNDONE = (
    *(LogUnreachableError, RecordTooLargeError, IngressBusyError, NotReadyError),
    *(DatabaseUnavailableError, VendorError),
)
"""After these no command stands in the log, or one that is refused (api/submit.py, rule 3)."""
Path = tuple[str | int, ...]
_DATE_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def _event_key(key: str) -> str:
    if key in RESERVED_KEYS:
        raise PydanticCustomError("reserved", "[{key}] is reserved", {"key": key})
    return key


def _date(text: str) -> str:
    try:
        if not _DATE_FORM.fullmatch(text):
            raise ValueError  # noqa: TRY301 - the parser takes more forms than the vendor does
        date = dt.date.fromisoformat(text)
    except ValueError:
        raise PydanticCustomError("date", "expected a date like 2027-03-28") from None
    latest = dt.datetime.now(dt.UTC).date().year + years_ahead_max
    if date < earliest_date or date.year > latest:
        raise PydanticCustomError(
            "date_range",
            "expected a date between 2014-01-01 and {years} years from now",
            {"years": years_ahead_max},
        )
    return text


def _former_tables(value: object) -> object:
    if value is not None:
        raise PydanticCustomError("former", "no longer supported: use [tableBookingConfig]")
    return value


EventKey = Annotated[Label, AfterValidator(_event_key)]
Date = Annotated[str, AfterValidator(_date)]
_FormerTables = BeforeValidator(_former_tables)


class EventFields(SellingFields):
    """What may be said of an event, at its creation and later."""

    event_key: EventKey | None = None
    name: Text | None = None
    date: Date | None = None
    table_booking_modes: Annotated[object, _FormerTables] = None
    book_whole_tables: Annotated[object, _FormerTables] = None


class NewSellingFields(SellingFields):
    """What may be said of how an event is sold when it is created."""

    channels: ChannelsAsked | None = None
    for_sale_config: ForSaleConfigAsked | None = None


class NewEventFields(EventFields, NewSellingFields):
    """One element of several events to create."""


class NewEventAsked(NewEventFields):
    """One event to create."""

    chart_key: Label


class NewEventsAsked(Body):
    """Several events to create on one chart."""

    chart_key: Label
    events: Annotated[
        list[NewEventFields], Field(min_length=1, max_length=events_created_at_once_max)
    ]


class EventUpdateAsked(EventFields):
    """What to change of an event."""

    chart_key: Label | None = None
    is_in_the_past: bool | None = None
    for_sale_propagated: bool | None = None
    """Of a season."""


class Events:
    """The routes of events."""

    def __init__(
        self,
        parts: Parts,
        commands: Commands,
        charts: ChartStore,
        inventories: ChartInventories,
    ) -> None:
        self._parts = parts
        self._commands = commands
        self._charts = charts
        self._views = EventViews(parts)
        self._inventories = inventories

    def routes(self) -> list[Route]:
        return [
            event_route("POST", "/events", self._create),
            event_route("POST", "/events/actions/create-multiple", self._create_several),
            Route(method="GET", path="/events", handler=self._list),
            Route(method="GET", path="/events/{key}", handler=self._retrieve),
            event_route("POST", "/events/{key}", self._update),
            event_route("DELETE", "/events/{key}", self._delete),
            Route(
                method="POST",
                path="/events/{key}/actions/move-to-new-chart-copy",
                handler=self._move_to_copy,
                compiles=True,
                appends=True,
            ),
        ]

    async def _create(self, call: Call) -> web.Response:
        asked = read(call.body, NewEventAsked)
        return await self._create_on(call, asked.chart_key, [((), asked)], EVENT)

    async def _create_several(self, call: Call) -> web.Response:
        asked = read(call.body, NewEventsAsked)
        keys = [event.event_key for event in asked.events if event.event_key is not None]
        if len(set(keys)) < len(keys):
            raise bad_request("Duplicate event keys are not allowed")
        placed = [(("events", place), event) for place, event in enumerate(asked.events)]
        return await self._create_on(call, asked.chart_key, placed, EVENTS)

    async def _create_on(
        self, call: Call, chart_key: str, asked: Sequence[tuple[Path, NewEventFields]], form: Form
    ) -> web.Response:
        """Create events; each comes with its path in the body."""
        check_parameters(call.request)
        workspace = call.workspace.key
        try:
            inventory = await self._inventory(call, chart_key, asked)
        except VendorError as error:
            return await self._commands.repeat(call, error, form)
        events = [
            NewEvent(
                key=event.event_key or str(uuid4()),
                chart_key=chart_key,
                inventory=inventory,
                name=event.name,
                date=event.date,
                selling=_selling(event, workspace),
            )
            for _, event in asked
        ]
        command = CreateEvents(workspace=workspace, idempotency=idempotency(call), events=events)
        return await self._commands.decide(call, command, form)

    async def new_season(
        self, call: Call, chart_key: str, key: str, name: str | None, asked: NewSellingFields
    ) -> NewEvent:
        """Describe a season to create."""
        return NewEvent(
            key=key,
            chart_key=chart_key,
            inventory=await self._inventory(call, chart_key, [((), asked)]),
            name=name,
            selling=_selling(asked, call.workspace.key),
        )

    async def _inventory(
        self, call: Call, chart_key: str, asked: Sequence[tuple[Path, SellingFields]]
    ) -> str:
        """Give a chart's inventory, when owners can read it, for events that it can have."""
        workspace = call.workspace.key
        chart = await self._parts.charts.retrieve(workspace, chart_key)
        if chart is None:
            raise chart_not_found(chart_key, workspace)
        inventory = chart.published.inventory
        await self._inventories.publish(inventory)
        seats = await self._parts.core.seat_maps.get(inventory)
        for path, event in asked:
            check_categories(event, seats, path=path)
        return inventory

    async def _update(self, call: Call) -> web.Response:
        check_parameters(call.request)
        asked, key = read(call.body, EventUpdateAsked), path_part(call, "key")
        inventory = None
        try:
            if asked.chart_key is None:
                await self._check_categories(call, key, asked)
            else:
                inventory = await self._inventory(call, asked.chart_key, [((), asked)])
        except VendorError as error:
            return await self._commands.repeat(call, error)
        command = UpdateEvent(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            key=key,
            new_key=asked.event_key,
            name=asked.name,
            date=asked.date,
            is_in_the_past=asked.is_in_the_past,
            tables=tables_asked(asked),
            categories=categories_asked(asked),
            object_categories=object_categories_asked(asked),
            chart_key=asked.chart_key,
            inventory=inventory,
            for_sale_propagated=asked.for_sale_propagated,
        )
        return await self._commands.decide(call, command)

    async def _move_to_copy(self, call: Call) -> web.Response:
        """Copy the published drawing of an event's chart, and put the event on the copy."""
        check_parameters(call.request)
        read(call.body, Body)
        refuse_idempotency(call)
        key, workspace = path_part(call, "key"), call.workspace.key
        entry, _ = await self._parts.current_entry(call, key)
        if entry.season is not None:
            refused = Rejected(code=Rejection.CHART_OF_SEASON.code, detail=key)
            raise from_rejected(refused, workspace, names_event_by_id=False)
        chart = await self._charts.find_in(workspace, entry.chart_key)
        copy = await self._charts.copy(chart, "published")
        is_moved = False

        async def show(parts: Parts, call: Call, moved: UpdateEvent, facts: Facts) -> JSON:
            nonlocal is_moved
            is_moved = True
            return await MOVED_EVENT.show(parts, call, moved, facts)

        try:
            inventory = await self._inventory(call, copy.key, [])
            command = UpdateEvent(
                workspace=workspace, key=key, chart_key=copy.key, inventory=inventory
            )
            return await self._commands.decide(call, command, MOVED_EVENT._replace(show=show))
        except _UNDONE:
            if not is_moved:
                await self._charts.take_back(copy)
            raise

    async def _check_categories(self, call: Call, key: str, asked: EventUpdateAsked) -> None:
        """Refuse categories that the event cannot have; whether it is there, others say."""
        if not asked.categories and not asked.object_categories:
            return
        directory, workspace = self._parts.core.directory, call.workspace.key
        await directory.catch_up(workspace)
        entry = directory.find_now(workspace, key)
        if entry is not None:
            seats = await self._parts.core.seat_maps.get(entry.inventory)
            check_categories(asked, seats, entry.selling.categories)

    async def _delete(self, call: Call) -> web.Response:
        check_parameters(call.request, ("expand",))  # the vendor's Go client sends it
        read(call.body, Body)
        command = DeleteEvent(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            key=path_part(call, "key"),
        )
        return await self._commands.decide(call, command)

    async def _retrieve(self, call: Call) -> web.Response:
        check_parameters(call.request)
        return answer(await self._views.retrieve(call, path_part(call, "key")))

    async def _list(self, call: Call) -> web.Response:
        check_parameters(call.request, CURSOR_PARAMETERS)
        cursor = read_cursor(call.request)
        positions = await self._parts.positions()
        async with self._parts.reads.snapshot(positions) as snapshot:
            page = await snapshot.events_page(call.workspace.key, cursor)
        told = await self._views.stored(call.workspace.key, page.items)
        return answer(page_json(page, told))


def _selling(asked: NewSellingFields, workspace: str) -> Selling | None:
    """Say how a new event is sold; None if as its chart says."""
    selling = Selling(
        tables=tables_asked(asked),
        categories=categories_asked(asked) or [],
        object_categories=object_categories_asked(asked) or {},
        channels=new_channels(asked.channels or [], workspace),
        for_sale=new_for_sale(asked.for_sale_config),
    )
    return None if selling == AS_THE_CHART_SAYS else selling


async def _show_events(parts: Parts, _: Call, command: CreateEvents, facts: Facts) -> JSON:
    return {"events": await EventViews(parts).created(command.workspace, facts)}


async def _show_event(parts: Parts, _: Call, command: CreateEvents, facts: Facts) -> JSON:
    [event] = await EventViews(parts).created(command.workspace, facts)
    return event


async def _show_moved(parts: Parts, call: Call, command: UpdateEvent, _: Facts) -> JSON:
    return await EventViews(parts).retrieve(call, command.key)


EVENT = Form("event", _show_event)
EVENTS = Form("events", _show_events)
MOVED_EVENT = Form("movedEvent", _show_moved)
