"""The event log: what became of charts, and of how events are sold."""

from aiohttp import web

from adapters.postgres.event_log import Entry
from api.call import Call, Route
from api.seatsio.paging import CURSOR_PARAMETERS, check_parameters, page_json, read_cursor
from api.seatsio.parts import JSON, Parts, answer, iso


class EventLogRoutes:
    """The route of the event log."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        return [Route(method="GET", path="/event-log", handler=self._list)]

    async def _list(self, call: Call) -> web.Response:
        check_parameters(call.request, CURSOR_PARAMETERS)
        cursor = read_cursor(call.request)
        await self._parts.wait_for_read_model()
        page = await self._parts.event_log.page(call.workspace.key, cursor)
        return answer(page_json(page, [_entry_json(entry) for entry in page.items]))


def _entry_json(entry: Entry) -> JSON:
    return {
        "id": entry.id,
        "type": entry.type,
        "timestamp": iso(entry.at),
        "data": {"key": entry.key, "workspaceKey": entry.workspace},
    }
