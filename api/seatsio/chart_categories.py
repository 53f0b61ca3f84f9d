"""The categories of a chart, one by one."""

from aiohttp import web

from api.call import Call, Route
from api.done import DONE
from api.errors import Problem
from api.seatsio.chart_json import categories_json
from api.seatsio.chart_store import ChartStore
from api.seatsio.drawings import CategoryAsked, CategoryFields, Edit, drawn_category
from api.seatsio.errors import BAD_REQUEST, VendorError, not_found
from api.seatsio.idempotency import refuse_idempotency
from api.seatsio.paging import check_parameters
from api.seatsio.parts import answer, path_part
from api.seatsio.wire import Body, Text, read
from engine.charts.editing import (
    CategoryKeyTakenError,
    CategoryUnknownError,
    with_category,
    with_changed_category,
    without_category,
)


class CategoryUpdateAsked(CategoryFields):
    """What to change of a category."""

    label: Text | None = None


class ChartCategories:
    """The routes of a chart's categories."""

    def __init__(self, store: ChartStore) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        all_, one = "/charts/{key}/categories", "/charts/{key}/categories/{category}"
        return [
            Route(method="GET", path=all_, handler=self._list),
            Route(method="POST", path=all_, handler=self._add, compiles=True),
            Route(method="POST", path=one, handler=self._update, compiles=True),
            Route(method="DELETE", path=one, handler=self._remove, compiles=True),
        ]

    async def _list(self, call: Call) -> web.Response:
        """List them as the next change finds them: of the draft, if there is one."""
        check_parameters(call.request)
        chart = await self._store.find(call)
        return answer(categories_json(chart.draft or chart.published))

    async def _add(self, call: Call) -> web.Response:
        asked = drawn_category(read(call.body, CategoryAsked))
        return await self._change(call, lambda drawing: with_category(drawing, asked))

    async def _update(self, call: Call) -> web.Response:
        asked = read(call.body, CategoryUpdateAsked).model_dump(exclude_none=True)
        key = path_part(call, "category")
        return await self._change(call, lambda drawing: with_changed_category(drawing, key, asked))

    async def _remove(self, call: Call) -> web.Response:
        read(call.body, Body)
        key = path_part(call, "category")
        return await self._change(call, lambda drawing: without_category(drawing, key))

    async def _change(self, call: Call, edit: Edit) -> web.Response:
        check_parameters(call.request)
        refuse_idempotency(call)
        try:
            await self._store.change(call, edit)
        except CategoryUnknownError as error:
            raise not_found("CATEGORY_NOT_FOUND", "category not found") from error
        except CategoryKeyTakenError as error:
            message = f"Category key already in use: {error}"
            problem = Problem("CATEGORY_KEY_ALREADY_EXISTS", message)
            raise VendorError(BAD_REQUEST, [problem]) from error
        return DONE
