"""Ticket buyers: the list that a company keeps of them, by ids of its own.

The list is kept and shown. At the vendor's, the seating chart in a browser is told whose it is and
refused for others; calls of a server are about no ticket buyer, there as here.
"""

import re
from typing import Annotated
from uuid import UUID

from aiohttp import web
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from api.call import Call, Route
from api.limits import ticket_buyers_at_once_max
from api.seatsio.paging import CURSOR_PARAMETERS, check_parameters, page_json, read_cursor
from api.seatsio.parts import Parts, answer
from api.seatsio.wire import Body, read, shown

_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _check_uuid(text: str) -> str:
    # The standard form alone: Python also reads braces, URNs and no hyphens at all.
    if _UUID.fullmatch(text) is None:
        raise PydanticCustomError("uuid", "[{text}] is not a valid UUID", {"text": shown(text)})
    return text


class TicketBuyersAsked(Body):
    """Ticket buyers to add or to remove."""

    ids: Annotated[
        list[Annotated[str, AfterValidator(_check_uuid)]],
        Field(min_length=1, max_length=ticket_buyers_at_once_max),
    ]


class TicketBuyerRoutes:
    """The routes of ticket buyers; for a company's admin key."""

    def __init__(self, parts: Parts) -> None:
        self._buyers = parts.ticket_buyers

    def routes(self) -> list[Route]:
        path = "/ticket-buyers"
        return [
            Route(method="GET", path=path, handler=self._list, for_admins=True),
            Route(method="POST", path=path, handler=self._add, for_admins=True),
            Route(method="DELETE", path=path, handler=self._remove, for_admins=True),
        ]

    async def _list(self, call: Call) -> web.Response:
        check_parameters(call.request, CURSOR_PARAMETERS)
        page = await self._buyers.page(call.company, read_cursor(call.request))
        return answer(page_json(page, [str(buyer) for buyer in page.items]))

    async def _add(self, call: Call) -> web.Response:
        asked = _asked(call)
        added = await self._buyers.add(call.company, asked)
        return answer(_told(asked, added, "added", "alreadyPresent"))

    async def _remove(self, call: Call) -> web.Response:
        asked = _asked(call)
        removed = await self._buyers.remove(call.company, asked)
        return answer(_told(asked, removed, "removed", "notPresent"))


def _asked(call: Call) -> list[UUID]:
    """Read the ids; one that stands twice is one ticket buyer. Raises VendorError."""
    check_parameters(call.request)
    asked = read(call.body, TicketBuyersAsked)
    return list(dict.fromkeys(UUID(text) for text in asked.ids))


def _told(asked: list[UUID], done: set[UUID], yes: str, no: str) -> dict[str, list[str]]:
    """Tell of which it was done and of which not, in the order of the request."""
    return {
        yes: [str(buyer) for buyer in asked if buyer in done],
        no: [str(buyer) for buyer in asked if buyer not in done],
    }
