"""Keeping charts in order: the archive and tags."""

from aiohttp import web

from api.call import Call, Route
from api.done import DONE
from api.limits import tags_per_chart_max
from api.seatsio.chart_store import ChartStore
from api.seatsio.errors import bad_request, chart_not_found
from api.seatsio.idempotency import refuse_idempotency
from api.seatsio.paging import check_parameters
from api.seatsio.parts import Parts, answer, path_part
from api.seatsio.wire import Body, read


class ChartOrder:
    """The routes of the archive and of tags."""

    def __init__(self, parts: Parts, store: ChartStore) -> None:
        self._charts = parts.charts
        self._store = store

    def routes(self) -> list[Route]:
        actions, tag = "/charts/{key}/actions", "/charts/{key}/tags/{tag}"
        return [
            Route(method="POST", path=f"{actions}/move-to-archive", handler=self._archive),
            Route(method="POST", path=f"{actions}/move-out-of-archive", handler=self._take_back),
            Route(method="GET", path="/charts/tags", handler=self._tags),
            Route(method="POST", path=tag, handler=self._tag),
            Route(method="DELETE", path=tag, handler=self._untag),
        ]

    async def _archive(self, call: Call) -> web.Response:
        _check(call)
        key, workspace = path_part(call, "key"), call.workspace.key
        return _done(call, await self._charts.archive(workspace, key, archived=True))

    async def _take_back(self, call: Call) -> web.Response:
        _check(call)
        key, workspace = path_part(call, "key"), call.workspace.key
        return _done(call, await self._charts.archive(workspace, key, archived=False))

    async def _tags(self, call: Call) -> web.Response:
        check_parameters(call.request)
        return answer({"tags": await self._charts.tags(call.workspace.key)})

    async def _tag(self, call: Call) -> web.Response:
        _check(call)
        chart, tag = await self._store.find(call), path_part(call, "tag")
        if len({*chart.tags, tag}) > tags_per_chart_max:
            raise bad_request(f"A chart has {tags_per_chart_max} tags at most")
        return _done(call, await self._charts.tag(chart.workspace, chart.key, tag))

    async def _untag(self, call: Call) -> web.Response:
        _check(call)
        key, tag = path_part(call, "key"), path_part(call, "tag")
        return _done(call, await self._charts.untag(call.workspace.key, key, tag))


def _check(call: Call) -> None:
    check_parameters(call.request)
    refuse_idempotency(call)
    read(call.body, Body)


def _done(call: Call, done: bool) -> web.Response:  # noqa: FBT001 - what the store says
    if not done:
        raise chart_not_found(path_part(call, "key"), call.workspace.key)
    return DONE
