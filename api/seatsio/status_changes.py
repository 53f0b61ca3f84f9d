"""The status changes of an event, or of one of its objects, page by page."""

from typing import Literal

from aiohttp import web

from adapters.postgres.errors import UnknownCursorError
from adapters.postgres.reads import Sort
from adapters.postgres.rows import StatusChangeRow
from api.call import Call, Route
from api.limits import label_characters_max
from api.seatsio.errors import bad_request
from api.seatsio.object_info import displayed_label
from api.seatsio.paging import (
    CURSOR_PARAMETERS,
    check_parameters,
    page_json,
    read_cursor,
    single,
)
from api.seatsio.parts import JSON, Parts, answer, iso, path_part
from api.seatsio.wire import read_label
from engine.charts.inventory import BookableObject
from engine.seats.event_map import EventMap

Field = Literal["label", "status", "date"]
_FIELDS: dict[str, Field] = {"objectLabel": "label", "status": "status", "date": "date"}


class StatusChanges:
    """The routes of status changes."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        of_object = "/events/{key}/objects/{label}/status-changes"
        return [
            Route(method="GET", path="/events/{key}/status-changes", handler=self._of_event),
            Route(method="GET", path=of_object, handler=self._of_object),
        ]

    async def _of_event(self, call: Call) -> web.Response:
        request = call.request
        check_parameters(request, {"filter", "filterType", "sort", *CURSOR_PARAMETERS})
        if single(request, "filterType") not in (None, "CONTAINS"):
            raise bad_request("filterType: expected CONTAINS")
        label_filter = single(request, "filter") or ""
        if label_filter:
            label_filter = read_label(label_filter, "filter")
        return await self._page(call, label_filter, read_sort(single(request, "sort")))

    async def _of_object(self, call: Call) -> web.Response:
        check_parameters(call.request, CURSOR_PARAMETERS)
        return await self._page(call, label=path_part(call, "label"))

    async def _page(
        self,
        call: Call,
        label_filter: str = "",
        sort: Sort | None = None,
        label: str | None = None,
    ) -> web.Response:
        cursor = read_cursor(call.request)
        entry, position = await self._parts.current_entry(call, path_part(call, "key"))
        event_map = await self._parts.core.seat_maps.of_event(entry)
        try:
            async with self._parts.reads.snapshot(position) as snapshot:
                page = await snapshot.status_changes(entry.event, cursor, label_filter, sort, label)
        except UnknownCursorError as error:
            raise bad_request(f"start_after_id or end_before_id: {error}") from error
        return answer(page_json(page, [status_change_json(row, event_map) for row in page.items]))


def read_sort(text: str | None) -> Sort | None:
    """Read `field`, `field:asc` or `field:desc`, the direction in any case. Raises VendorError."""
    if text is None:
        return None
    name, colon, direction = text.partition(":")
    direction = direction.lower()
    if name not in _FIELDS or (colon and direction not in ("asc", "desc")):
        raise bad_request(
            f"sort: expected one of {', '.join(_FIELDS)}, with :asc or :desc behind it; "
            f"found {text[:label_characters_max]!r}"
        )
    return Sort(_FIELDS[name], direction == "desc")


def status_change_json(row: StatusChangeRow, event_map: EventMap) -> JSON:
    """Describe a status change."""
    found = event_map.chart.find(row.label)
    reason = _why_not_on_chart(event_map, found)
    described: JSON = {
        "id": row.id,
        "eventId": row.event_id,
        "status": row.status,
        "quantity": row.quantity,
        "objectLabel": row.label,
        "date": iso(row.at),
        "origin": {"type": row.origin_type},
        "isPresentOnChart": reason is None,
    }
    optional = {
        "displayedLabel": None if found is None else displayed_label(found),
        "orderId": row.order_id,
        "extraData": row.extra_data,
        "holdToken": row.hold_token,
        "notPresentOnChartReason": reason,
    }
    described.update((name, value) for name, value in optional.items() if value is not None)
    if row.origin_ip is not None:
        described["origin"]["ip"] = row.origin_ip
    return described


def _why_not_on_chart(event_map: EventMap, found: BookableObject | None) -> str | None:
    """Say why an object is not one that the event sells; None if it is."""
    if found is None:
        return "RENAMED_OR_DELETED"
    if event_map.sells(found):
        return None
    if found.kind == "table":
        return "SWITCHED_TO_BOOK_BY_SEAT"
    return "SWITCHED_TO_BOOK_WHOLE_TABLE"
