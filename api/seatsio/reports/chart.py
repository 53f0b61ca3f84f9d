"""The routes of chart reports: what is on a chart, whatever becomes of it in its events."""

import asyncio

from aiohttp import web

from api.call import Call, Route
from api.inventories import unpack
from api.seatsio.chart_store import no_draft
from api.seatsio.errors import chart_not_found
from api.seatsio.paging import check_parameters
from api.seatsio.parts import Parts, answer, path_part
from api.seatsio.reports.asked import read_choice, read_type
from api.seatsio.reports.details import in_buckets, with_all_object_types
from api.seatsio.reports.dimensions import CHART_DIMENSIONS, CHART_TYPES
from api.seatsio.reports.forms import AS_JSON
from api.seatsio.reports.kept import KeptChart, KeptCharts
from api.seatsio.reports.stock import Stock, Tables, chart_stock
from api.seatsio.reports.summaries import summary, tally
from api.seatsio.reports.writing import Writer, as_buckets, send
from engine.charts.inventory import SeatMap

_TABLES: dict[str | None, Tables] = {
    None: Tables.BOTH,
    "chart": Tables.AS_DRAWN,
    "true": Tables.WHOLE,
    "false": Tables.BY_SEAT,
}
_SUMMARIES = tuple(one.name for one in CHART_DIMENSIONS)


class ChartReports:
    """The routes of chart reports."""

    def __init__(self, parts: Parts, kept: KeptCharts) -> None:
        self._parts = parts
        self._kept = kept

    def routes(self) -> list[Route]:
        of_type = "/reports/charts/{key}/{type}"
        return [
            Route(method="GET", path=of_type, handler=self._detailed),
            Route(method="GET", path=f"{of_type}/summary", handler=self._summary),
        ]

    async def _detailed(self, call: Call) -> web.StreamResponse:
        name = read_type(call, CHART_TYPES)
        kept, stock = await self._stock(call)
        buckets = await asyncio.to_thread(in_buckets, stock, name)
        if name == "byObjectType":
            buckets = with_all_object_types(buckets)
        return await send(
            call, as_buckets(buckets, Writer(stock, kept.own_texts(AS_JSON))), AS_JSON
        )

    async def _summary(self, call: Call) -> web.StreamResponse:
        name = read_type(call, _SUMMARIES)
        _, stock = await self._stock(call)
        return answer(summary(stock.event_map, tally(stock), name, CHART_DIMENSIONS))

    async def _stock(self, call: Call) -> tuple[KeptChart, Stock]:
        check_parameters(call.request, ("bookWholeTables", "version"))
        tables = _TABLES[read_choice(call, "bookWholeTables", ("chart", "true", "false"))]
        version = read_choice(call, "version", ("published", "draft")) or "published"
        inventory = await self._inventory(call, version)
        kept = self._kept.get(inventory)
        if kept is None:
            kept = self._kept.put(inventory, await self._chart(inventory))
        chart = kept.chart
        return kept, await kept.stock(tables, lambda: chart_stock(chart, tables))

    async def _inventory(self, call: Call, version: str) -> str:
        """Give the hash of the inventory of a version of a chart."""
        key, workspace = path_part(call, "key"), call.workspace.key
        chart = await self._parts.charts.retrieve(workspace, key)
        if chart is None:
            raise chart_not_found(key, workspace)
        if version == "published":
            return chart.published.inventory
        if chart.draft is None:
            raise no_draft(key)
        return chart.draft.inventory

    async def _chart(self, inventory: str) -> SeatMap:
        chart = self._parts.core.seat_maps.get_now(inventory)
        if chart is not None:
            return chart
        compressed = await self._parts.charts.inventory(inventory)
        assert compressed is not None, "an inventory is stored before its chart"
        return await asyncio.to_thread(unpack, inventory, compressed)
