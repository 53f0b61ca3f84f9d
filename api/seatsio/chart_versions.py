"""The published version of a chart and its draft: give, check, publish, discard, copy."""

from aiohttp import web

from adapters.postgres.charts import Chart, VersionName
from api.call import Call, CallHandler, Route
from api.done import DONE
from api.seatsio.chart_json import single_chart_json
from api.seatsio.chart_store import ChartStore, no_draft
from api.seatsio.idempotency import refuse_idempotency
from api.seatsio.inventories import ChartInventories
from api.seatsio.paging import check_parameters
from api.seatsio.parts import Parts, answer, path_part
from api.seatsio.wire import Body, read


class ChartVersions:
    """The routes of the versions of charts."""

    def __init__(self, parts: Parts, store: ChartStore, inventories: ChartInventories) -> None:
        self._parts = parts
        self._store = store
        self._inventories = inventories

    def routes(self) -> list[Route]:
        draft = "/charts/{key}/version/draft/actions"
        return [
            *self._routes_of("published"),
            *self._routes_of("draft"),
            Route(method="POST", path=f"{draft}/publish", handler=self._publish),
            Route(method="POST", path=f"{draft}/discard", handler=self._discard),
            _over_workspaces("copy-to-workspace/{to}", self._copy_to_workspace),
            _over_workspaces("copy/from/{from}/to/{to}", self._copy_between_workspaces),
        ]

    def _routes_of(self, version: VersionName) -> list[Route]:
        async def give(call: Call) -> web.Response:
            return await self._give(call, version)

        async def validate(call: Call) -> web.Response:
            return await self._validate(call, version)

        async def copy(call: Call) -> web.Response:
            return await self._copy(call, version)

        path = f"/charts/{{key}}/version/{version}"
        return [
            Route(method="GET", path=path, handler=give),
            Route(method="POST", path=f"{path}/actions/validate", handler=validate),
            Route(method="POST", path=f"{path}/actions/copy", handler=copy, compiles=True),
        ]

    async def _give(self, call: Call, version: VersionName) -> web.Response:
        """Give the drawing; one that nobody changed here is byte for byte as it came."""
        check_parameters(call.request)
        drawing = await self._store.drawing(call.workspace.key, path_part(call, "key"), version)
        return web.Response(body=drawing, content_type="application/json")

    async def _validate(self, call: Call, version: VersionName) -> web.Response:
        check_parameters(call.request)
        read(call.body, Body)
        chart = await self._store.find(call)
        checked = chart.published if version == "published" else chart.draft
        if checked is None:
            raise no_draft(chart.key)
        return answer(checked.validation)

    async def _publish(self, call: Call) -> web.Response:
        """Publish the draft, for the chart's events as well.

        Its events come first: while the draft is there, whoever is not sure may publish it again.
        """
        _check(call)

        async def publish(chart: Chart) -> None:
            if chart.draft is None:
                raise no_draft(chart.key)
            new = (chart.workspace, chart.key, chart.draft.inventory)
            await self._inventories.replace(*new)
            await self._parts.charts.publish_draft(chart)
            await self._inventories.replace(*new)  # of events that were created meanwhile

        await self._store.attempted(call, publish)
        return DONE

    async def _discard(self, call: Call) -> web.Response:
        _check(call)

        async def discard(chart: Chart) -> None:
            if chart.draft is None:
                raise no_draft(chart.key)
            await self._parts.charts.discard_draft(chart)

        await self._store.attempted(call, discard)
        return DONE

    async def _copy(self, call: Call, version: VersionName) -> web.Response:
        _check(call)
        chart = await self._store.find(call)
        created = await self._store.copy(chart, version)
        return answer(single_chart_json(call, created))

    async def _copy_to_workspace(self, call: Call) -> web.Response:
        return await self._copy_over(call, call.workspace.key, path_part(call, "to"))

    async def _copy_between_workspaces(self, call: Call) -> web.Response:
        return await self._copy_over(call, path_part(call, "from"), path_part(call, "to"))

    async def _copy_over(self, call: Call, source: str, target: str) -> web.Response:
        _check(call)
        for workspace in (source, target):
            self._parts.core.keys.workspace_of(call.company, workspace)
        chart = await self._store.find_in(source, path_part(call, "key"))
        drawing = await self._store.drawing(source, chart.key, "published")
        created = await self._store.create(target, drawing)
        return answer(single_chart_json(call, created))


def _over_workspaces(action: str, handler: CallHandler) -> Route:
    return Route(
        method="POST",
        path=f"/charts/{{key}}/version/published/actions/{action}",
        handler=handler,
        for_admins=True,
        compiles=True,
    )


def _check(call: Call) -> None:
    check_parameters(call.request)
    refuse_idempotency(call)
    read(call.body, Body)
