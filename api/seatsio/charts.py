"""Charts: create an empty one, import a drawing, retrieve, list, update."""

from aiohttp import web

from adapters.postgres.charts import Chart, ChartsWanted
from api.call import Call, CallHandler, Route
from api.done import DONE
from api.limits import charts_with_events_max, drawing_body_bytes_max, events_of_chart_max
from api.seatsio.chart_json import (
    OF_A_SINGLE_CHART,
    Expand,
    chart_json,
    read_expand,
    single_chart_json,
)
from api.seatsio.chart_store import ChartStore
from api.seatsio.drawings import CategoriesAsked, Edit, drawn_categories, empty_drawing
from api.seatsio.event_views import EventViews
from api.seatsio.idempotency import refuse_idempotency
from api.seatsio.paging import (
    CURSOR_PARAMETERS,
    check_parameters,
    page_json,
    read_cursor,
    read_number,
    single,
)
from api.seatsio.parts import JSON, Parts, answer, path_part
from api.seatsio.wire import Body, Text, read, read_text
from engine.charts.editing import renamed, with_categories


class ChartUpdateAsked(Body):
    """What to change of a chart."""

    name: Text | None = None
    categories: CategoriesAsked | None = None


class ChartAsked(ChartUpdateAsked):
    """An empty chart to create."""

    venue_type: Text | None = None


class Charts:
    """The routes of charts as wholes."""

    def __init__(self, parts: Parts, store: ChartStore) -> None:
        self._parts = parts
        self._store = store

    def routes(self) -> list[Route]:
        routes = [
            Route(method="POST", path="/charts", handler=self._create),
            _taking_drawing("/charts/actions/import", self._import),
            _taking_drawing("/charts/{key}/actions/import", self._import_anew),
            Route(method="GET", path="/charts", handler=self._list),
            Route(method="GET", path="/charts/archive", handler=self._list_archive),
            Route(method="GET", path="/charts/{key}", handler=self._retrieve),
            Route(method="POST", path="/charts/{key}", handler=self._update, compiles=True),
        ]
        if self._parts.system_secret is not None:
            routes.append(_taking_drawing("/system/public/charts/{key}", self._upload))
        return routes

    async def _create(self, call: Call) -> web.Response:
        check_parameters(call.request)
        refuse_idempotency(call)
        asked = read(call.body, ChartAsked)
        categories = drawn_categories(asked.categories or [])
        drawing = empty_drawing(asked.name, asked.venue_type, categories)
        chart = await self._store.create(call.workspace.key, drawing)
        return answer(single_chart_json(call, chart))

    async def _import(self, call: Call) -> web.Response:
        """Take a raw drawing as a new chart."""
        edit = _naming(call)
        chart = await self._store.create(call.workspace.key, call.body, edit)
        return answer(single_chart_json(call, chart), 201)

    async def _import_anew(self, call: Call) -> web.Response:
        """Take a raw drawing in place of a chart's own."""
        edit = _naming(call)
        await self._store.change(call, lambda _: call.body if edit is None else edit(call.body))
        return DONE

    async def _upload(self, call: Call) -> web.Response:
        """Take a raw drawing under a key of the caller's choice (test companies only)."""
        check_parameters(call.request)
        refuse_idempotency(call)
        key = path_part(call, "key")
        chart = await self._store.create(call.workspace.key, call.body, key=key)
        return answer(single_chart_json(call, chart), 201)

    async def _update(self, call: Call) -> web.Response:
        check_parameters(call.request)
        refuse_idempotency(call)
        asked = read(call.body, ChartUpdateAsked)
        categories = None if asked.categories is None else drawn_categories(asked.categories)

        def edit(drawing: bytes) -> bytes:
            if asked.name is not None:
                drawing = renamed(drawing, asked.name)
            return drawing if categories is None else with_categories(drawing, categories)

        await self._store.change(call, edit)
        return DONE

    async def _retrieve(self, call: Call) -> web.Response:
        check_parameters(call.request, ("expand", "eventsLimit"))
        expand = {*OF_A_SINGLE_CHART, *read_expand(call.request)}
        chart = await self._store.find(call)
        [shown] = await self._shown(call, [chart], expand)
        return answer(shown)

    async def _list(self, call: Call) -> web.Response:
        return await self._page(call, archived=False)

    async def _list_archive(self, call: Call) -> web.Response:
        return await self._page(call, archived=True)

    async def _page(self, call: Call, *, archived: bool) -> web.Response:
        known = {"filter", "tag", "expand", "validation", "eventsLimit", *CURSOR_PARAMETERS}
        check_parameters(call.request, known)
        cursor, expand = read_cursor(call.request), read_expand(call.request)
        if "events" in expand:
            cursor = cursor._replace(limit=min(cursor.limit, charts_with_events_max))
        await self._parts.wait_for_read_model()
        page = await self._parts.charts.page(call.workspace.key, cursor, _wanted(call, archived))
        return answer(page_json(page, await self._shown(call, page.items, expand)))

    async def _shown(self, call: Call, charts: list[Chart], expand: set[Expand]) -> list[JSON]:
        limit = read_number(call.request, "eventsLimit", events_of_chart_max)
        shown = [chart_json(call, chart, expand) for chart in charts]
        if "events" in expand:
            events = await self._events(call.workspace.key, charts, limit)
            for chart, told in zip(charts, shown, strict=True):
                told["events"] = events[chart.key]
        return shown

    async def _events(
        self, workspace: str, charts: list[Chart], limit: int
    ) -> dict[str, list[JSON]]:
        """Describe the newest events of each chart."""
        events: dict[str, list[JSON]] = {chart.key: [] for chart in charts}
        async with self._parts.reads.snapshot({}) as snapshot:
            rows = await snapshot.events_of_charts(workspace, list(events), limit)
        told = await EventViews(self._parts).stored(workspace, rows)
        for row, event in zip(rows, told, strict=True):
            events[row.chart_key].append(event)
        return events


def _taking_drawing(path: str, handler: CallHandler) -> Route:
    return Route(
        method="POST",
        path=path,
        handler=handler,
        body_bytes_max=drawing_body_bytes_max,
        compiles=True,
    )


def _naming(call: Call) -> Edit | None:
    """Read the name that a drawing shall have, if the query string gives one."""
    check_parameters(call.request, ("name",))
    refuse_idempotency(call)
    given = single(call.request, "name")
    if given is None:
        return None
    name = read_text(given, "name")
    return lambda drawing: renamed(drawing, name)


def _wanted(call: Call, archived: bool) -> ChartsWanted:  # noqa: FBT001 - by position only here
    name_filter = single(call.request, "filter") or ""
    if name_filter:
        name_filter = read_text(name_filter, "filter")
    tag = single(call.request, "tag")
    if tag is not None:
        tag = read_text(tag, "tag")
    return ChartsWanted(name_filter, tag, archived)
