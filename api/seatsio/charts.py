"""Charts: create an empty one, import a drawing, retrieve, list.

A chart is compiled when it comes in, and its inventory is stored before it: an event on it needs
nothing but the hash. What answers show of its drawing is stored with it: only the route of the
drawing itself reads that.
"""

import asyncio
from typing import Annotated, NamedTuple
from uuid import uuid4

import msgspec
from aiohttp import web
from pydantic import Field

from adapters.postgres.charts import Chart
from adapters.postgres.errors import ChartKeyTakenError
from api.call import Call, Route
from api.errors import Problem
from api.limits import drawing_body_bytes_max
from api.seatsio.errors import VendorError, bad_request, chart_not_found
from api.seatsio.idempotency import refuse_idempotency
from api.seatsio.paging import (
    CURSOR_PARAMETERS,
    check_parameters,
    page_json,
    read_cursor,
    single,
)
from api.seatsio.parts import JSON, Parts, answer, path_part
from api.seatsio.wire import Body, Label, Text, Whole, read, read_text
from engine.charts.compile import compile_drawing
from engine.charts.drawing import Drawing
from engine.charts.reading import DrawingError, read_drawing
from schemas.inventory import compress, encode, inventory_hash

UNTITLED = "Untitled chart"
_VENUE_TYPES = {
    "ROWS_WITHOUT_SECTIONS": "SIMPLE",
    "ROWS_WITH_SECTIONS": "WITH_SECTIONS_AND_FLOORS",
    "ZONES": "WITH_ZONES",
}
"""What drawings call a venue, and what the API does."""
_DRAWN_AS = {api: drawn for drawn, api in _VENUE_TYPES.items()}


class CategoryAsked(Body):
    """A category of a new chart."""

    key: Annotated[Whole, Field(ge=0, le=2**53 - 1)] | Label
    label: Text
    color: Text | None = None
    accessible: bool | None = None


class ChartAsked(Body):
    """An empty chart to create."""

    name: Text | None = None
    venue_type: Text | None = None
    categories: Annotated[list[CategoryAsked], Field(max_length=1000)] | None = None


class Compiled(NamedTuple):
    """A drawing, ready to be stored."""

    name: str | None
    inventory: str
    compressed: bytes
    outline: JSON
    """What answers show of the drawing."""
    validation: JSON


class Charts:
    """The routes of charts."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        routes = [
            Route(method="POST", path="/charts", handler=self._create),
            Route(
                method="POST",
                path="/charts/actions/import",
                handler=self._import,
                body_bytes_max=drawing_body_bytes_max,
            ),
            Route(method="GET", path="/charts", handler=self._list),
            Route(method="GET", path="/charts/{key}", handler=self._retrieve),
            Route(method="GET", path="/charts/{key}/version/published", handler=self._published),
        ]
        if self._parts.system_secret is not None:
            upload = Route(
                method="POST",
                path="/system/public/charts/{key}",
                handler=self._upload,
                body_bytes_max=drawing_body_bytes_max,
            )
            routes.append(upload)
        return routes

    async def _create(self, call: Call) -> web.Response:
        check_parameters(call.request)
        asked = read(call.body, ChartAsked)
        drawing = msgspec.json.encode(empty_drawing(asked))
        return answer(await self._store(call, str(uuid4()), asked.name, drawing))

    async def _import(self, call: Call) -> web.Response:
        """Take a raw drawing; its name may be given in the query string."""
        check_parameters(call.request, ("name",))
        name = single(call.request, "name")
        if name is not None:
            name = read_text(name, "name")
        return answer(await self._store(call, str(uuid4()), name, call.body), 201)

    async def _upload(self, call: Call) -> web.Response:
        """Take a raw drawing under a key of the caller's choice (test companies only)."""
        check_parameters(call.request)
        return answer(await self._store(call, path_part(call, "key"), None, call.body), 201)

    async def _store(self, call: Call, key: str, name: str | None, drawing: bytes) -> JSON:
        refuse_idempotency(call)
        try:
            # A stadium takes a moment: others shall be served meanwhile.
            compiled = await asyncio.to_thread(compiled_drawing, drawing)
        except DrawingError as error:
            raise bad_request(f"The drawing cannot be read: {error}") from error
        charts = self._parts.charts
        await charts.put_inventory(compiled.inventory, compiled.compressed)
        try:
            chart = await charts.create(
                call.workspace.key,
                key,
                name=name or compiled.name or UNTITLED,
                drawing=drawing,
                inventory_hash=compiled.inventory,
                outline=compiled.outline,
                validation=compiled.validation,
            )
        except ChartKeyTakenError as error:
            problem = Problem("CHART_KEY_ALREADY_EXISTS", f"Chart key already in use: {key}")
            raise VendorError(400, [problem]) from error
        return _single_chart_json(call, chart)

    async def _retrieve(self, call: Call) -> web.Response:
        check_parameters(call.request, not_yet=("expand",))
        return answer(_single_chart_json(call, await self._chart(call)))

    async def _published(self, call: Call) -> web.Response:
        """Give the drawing, byte for byte as it came."""
        check_parameters(call.request)
        key, workspace = path_part(call, "key"), call.workspace.key
        drawing = await self._parts.charts.drawing(workspace, key)
        if drawing is None:
            raise chart_not_found(key, workspace)
        return web.Response(body=drawing, content_type="application/json")

    async def _list(self, call: Call) -> web.Response:
        check_parameters(
            call.request,
            {"filter", *CURSOR_PARAMETERS},
            not_yet=("tag", "expand", "eventsLimit"),
        )
        cursor = read_cursor(call.request)
        name_filter = single(call.request, "filter") or ""
        if name_filter:
            name_filter = read_text(name_filter, "filter")
        await self._parts.wait_for_read_model()
        page = await self._parts.charts.page(call.workspace.key, cursor, name_filter)
        return answer(page_json(page, [_chart_json(call, chart) for chart in page.items]))

    async def _chart(self, call: Call) -> Chart:
        # Its status says whether an event uses it, and that comes from the log.
        await self._parts.wait_for_read_model()
        key, workspace = path_part(call, "key"), call.workspace.key
        chart = await self._parts.charts.retrieve(workspace, key)
        if chart is None:
            raise chart_not_found(key, workspace)
        return chart


def compiled_drawing(drawing: bytes) -> Compiled:
    """Read, check and compile a drawing. Raises DrawingError."""
    read_ = read_drawing(drawing)
    inventory = compile_drawing(read_)
    encoded = encode(inventory)
    return Compiled(
        read_.name,
        inventory_hash(encoded),
        compress(encoded),
        _outline(read_),
        {"errors": inventory.errors, "warnings": inventory.warnings},
    )


def _outline(drawing: Drawing) -> JSON:
    """Say what kind of venue it is, and name its zones if it has any."""
    outline: JSON = {"venueType": _VENUE_TYPES.get(drawing.venue_type or "", "SIMPLE")}
    if drawing.zones is not None and drawing.zones.list:
        outline["zones"] = [{"key": zone.key, "label": zone.label} for zone in drawing.zones.list]
    return outline


def empty_drawing(asked: ChartAsked) -> JSON:
    """Draw a chart without anything in it. Raises VendorError."""
    venue_type = asked.venue_type or "SIMPLE"
    if venue_type not in _DRAWN_AS:
        raise bad_request(f"#/venueType: expected one of {', '.join(_DRAWN_AS)}")
    categories = [
        category.model_dump(by_alias=True, exclude_none=True) for category in asked.categories or ()
    ]
    keys = [category["key"] for category in categories]
    if len({str(key) for key in keys}) < len(keys):
        raise bad_request("#/categories: a key stands twice")
    return {
        "name": asked.name or UNTITLED,
        "venueType": _DRAWN_AS[venue_type],
        "categories": {
            "list": categories,
            "maxCategoryKey": max((key for key in keys if isinstance(key, int)), default=0),
        },
        "subChart": {"rows": [], "tables": [], "booths": [], "generalAdmissionAreas": []},
    }


def _single_chart_json(call: Call, chart: Chart) -> JSON:
    """Describe a chart, and also what kind of venue it is and what is wrong with it."""
    return {**_chart_json(call, chart), **chart.outline, "validation": chart.validation}


def _chart_json(call: Call, chart: Chart) -> JSON:
    """Describe a chart as one of many."""
    thumbnail = f"/charts/{chart.key}/version/published/thumbnail"
    return {
        "id": chart.id,
        "key": chart.key,
        "name": chart.name,
        "status": chart.status,
        "tags": chart.tags,
        "archived": chart.archived,
        "publishedVersionThumbnailUrl": _origin(call) + thumbnail,
    }


def _origin(call: Call) -> str:
    """Give the address that the caller used; nothing if its Host header is none."""
    try:
        return str(call.request.url.origin())
    except ValueError:
        return ""
