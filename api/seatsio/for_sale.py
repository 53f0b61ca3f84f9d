"""What is for sale of events: edit it for one or several, or say it anew.

Rules of this file:

1. The places of an area are counted, so an area without a quantity stands for all its places. Its
   capacity goes with the edit: the coordinator has no charts.
2. Other labels are not compared with the chart: it may have the objects later.
"""

from collections.abc import Mapping
from typing import Annotated

from aiohttp import web
from pydantic import Field

from api.call import Call, CallHandler, Route
from api.limits import events_created_at_once_max, quantity_max
from api.seatsio.channels import AreaPlaces
from api.seatsio.command_answers import Form
from api.seatsio.command_forms import event_route
from api.seatsio.commands import Commands
from api.seatsio.errors import BodyError, VendorError
from api.seatsio.idempotency import idempotency
from api.seatsio.paging import check_parameters
from api.seatsio.parts import JSON, Parts, iso, path_part
from api.seatsio.recorded import Facts
from api.seatsio.wire import Body, Label, Whole, read
from engine.charts.inventory import SeatMap
from engine.groups.for_sale import ALL_FOR_SALE, NOTHING_FOR_SALE, day_ms
from schemas.commands import EditForSale
from schemas.facts import EventUpdated, ForSaleEdits
from schemas.selling import ForSale
from schemas.selling_edits import (
    EventForSaleEdit,
    ForSaleEdit,
    OpenAndClose,
    ReplaceForSale,
    Stock,
)

CategoryKeys = list[Label | Whole]


class StockAsked(Body):
    """An object, or so many places of an area."""

    object: Label
    quantity: Annotated[Whole, Field(ge=1, le=quantity_max)] | None = None


class EditAsked(Body):
    """What to offer for sale and what to take out of sale."""

    for_sale: list[StockAsked] | None = None
    not_for_sale: list[StockAsked] | None = None


class EditsAsked(Body):
    """The same for several events, by key."""

    events: Annotated[
        dict[Label, EditAsked], Field(min_length=1, max_length=events_created_at_once_max)
    ]


class ListAsked(Body):
    """All that is, or all that is not, for sale."""

    objects: list[Label] | None = None
    area_places: AreaPlaces | None = None
    categories: CategoryKeys | None = None


class ForSaleConfigAsked(ListAsked):
    """The vendor's `forSaleConfig`."""

    for_sale: bool


class ForSaleRoutes:
    """The routes of what is for sale."""

    def __init__(self, parts: Parts, commands: Commands) -> None:
        self._parts = parts
        self._commands = commands

    def routes(self) -> list[Route]:
        return [
            _route("actions/edit-for-sale-config", self._edit_several),
            _route("{key}/actions/edit-for-sale-config", self._edit_one),
            _route("{key}/actions/mark-as-for-sale", self._mark_for_sale),
            _route("{key}/actions/mark-as-not-for-sale", self._mark_not_for_sale),
            _route("{key}/actions/mark-everything-as-for-sale", self._open_all),
            _route("{key}/actions/mark-everything-as-not-for-sale", self._close_all),
        ]

    async def _edit_one(self, call: Call) -> web.Response:
        asked = read(call.body, EditAsked)
        return await self._edit(call, {path_part(call, "key"): asked}, FOR_SALE_EDIT)

    async def _edit_several(self, call: Call) -> web.Response:
        asked = read(call.body, EditsAsked)
        return await self._edit(call, asked.events, FOR_SALE_EDITS, path="#/events/{}")

    async def _edit(
        self, call: Call, asked: Mapping[str, EditAsked], form: Form, path: str = "#"
    ) -> web.Response:
        check_parameters(call.request)
        edits = []
        try:
            for key, edit in asked.items():
                entry = await self._parts.entry(call, key)
                seats = await self._parts.core.seat_maps.get(entry.inventory)
                edits.append(EventForSaleEdit(key=key, edit=_edit(edit, seats, path.format(key))))
        except VendorError as error:
            return await self._commands.repeat(call, error, form)
        return await self._send(call, edits, form)

    async def _mark_for_sale(self, call: Call) -> web.Response:
        listed = read(call.body, ListAsked)
        return await self._replace(call, for_sale_listed(listed, for_sale=True))

    async def _mark_not_for_sale(self, call: Call) -> web.Response:
        listed = read(call.body, ListAsked)
        return await self._replace(call, for_sale_listed(listed, for_sale=False))

    async def _open_all(self, call: Call) -> web.Response:
        read(call.body, Body)
        return await self._replace(call, None)

    async def _close_all(self, call: Call) -> web.Response:
        read(call.body, Body)
        return await self._replace(call, NOTHING_FOR_SALE)

    async def _replace(self, call: Call, for_sale: ForSale | None) -> web.Response:
        check_parameters(call.request)
        edit: ForSaleEdit = ReplaceForSale(for_sale=for_sale)
        return await self._send(call, [EventForSaleEdit(key=path_part(call, "key"), edit=edit)])

    async def _send(
        self, call: Call, edits: list[EventForSaleEdit], form: Form | None = None
    ) -> web.Response:
        command = EditForSale(
            workspace=call.workspace.key, idempotency=idempotency(call), events=edits
        )
        return await self._commands.decide(call, command, form)


def for_sale_listed(asked: ListAsked, *, for_sale: bool) -> ForSale:
    """Give what a body lists as for sale, or as not for sale."""
    places = {label: count for label, count in (asked.area_places or {}).items() if count}
    return ForSale(
        for_sale=for_sale,
        objects=list(dict.fromkeys(asked.objects or [])),
        area_places=places,
        categories=[str(key) for key in asked.categories or []],
    )


def new_for_sale(asked: ForSaleConfigAsked | None) -> ForSale | None:
    """Give what is for sale of an event to be; None: everything."""
    if asked is None:
        return None
    for_sale = for_sale_listed(asked, for_sale=asked.for_sale)
    return None if for_sale == ALL_FOR_SALE else for_sale


def for_sale_json(for_sale: ForSale) -> JSON:
    """Describe what is for sale as the vendor's `forSaleConfig`."""
    return {
        "forSale": for_sale.for_sale,
        "objects": for_sale.objects,
        "areaPlaces": for_sale.area_places,
        "categories": for_sale.categories,
    }


def _edited_json(fact: EventUpdated) -> JSON:
    assert fact.selling is not None
    assert fact.for_sale_edits is not None
    return {
        "forSaleConfig": for_sale_json(fact.selling.for_sale or ALL_FOR_SALE),
        "rateLimitInfo": _limit_json(fact.for_sale_edits),
    }


def _limit_json(edits: ForSaleEdits) -> JSON:
    return {
        "rateLimitRemainingCalls": edits.left,
        "rateLimitResetDate": iso((edits.day + 1) * day_ms),
    }


async def _show_edit(_: Parts, __: Call, ___: EditForSale, facts: Facts) -> JSON:
    return _edited_json(facts[0])


async def _show_edits(_: Parts, __: Call, command: EditForSale, facts: Facts) -> JSON:
    # What is edited of a season goes on to its events: these come after all that was asked.
    return {fact.key: _edited_json(fact) for fact in facts[: len(command.events)]}


FOR_SALE_EDIT = Form("forSaleEdit", _show_edit)
FOR_SALE_EDITS = Form("forSaleEdits", _show_edits)


def _edit(asked: EditAsked, seats: SeatMap, path: str) -> OpenAndClose:
    return OpenAndClose(
        open=_stocks(asked.for_sale or [], seats, f"{path}/forSale"),
        close=_stocks(asked.not_for_sale or [], seats, f"{path}/notForSale"),
    )


def _stocks(asked: list[StockAsked], seats: SeatMap, path: str) -> list[Stock]:
    return [_stock(stock, seats, f"{path}/{place}") for place, stock in enumerate(asked)]


def _stock(asked: StockAsked, seats: SeatMap, path: str) -> Stock:
    found = seats.find(asked.object)
    if found is not None and found.area is not None:
        capacity = found.capacity
        return Stock(label=asked.object, places=asked.quantity or capacity, capacity=capacity)
    if asked.quantity is not None and asked.quantity > 1:
        raise BodyError([f"{path}/quantity: a quantity is for general admission areas only"])
    return Stock(label=asked.object)


def _route(path: str, handler: CallHandler) -> Route:
    return event_route("POST", f"/events/{path}", handler)
