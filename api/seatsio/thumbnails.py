"""Thumbnails of charts.

Rules of this file:

1. A thumbnail is named by the hash of its drawing. Its address can be shown in a page, without
   an API key: nobody finds it who was not given it, or the drawing. It never changes.
2. It is drawn when it is first asked for, and stored. Of those in work there are few at a time,
   so however many are asked for, the database and the processor stay free for others.
"""

import asyncio
import re

from aiohttp import web

from adapters.postgres.charts import Chart, VersionName
from api.call import Call, Route
from api.limits import thumbnails_in_work_max
from api.seatsio.chart_json import THUMBNAIL_PATH
from api.seatsio.chart_store import ChartStore, no_draft
from api.seatsio.errors import VendorError, not_found
from api.seatsio.paging import check_parameters
from api.seatsio.parts import Parts
from engine.charts.thumbnail import thumbnail

_HASH_FORM = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class Thumbnails:
    """The routes of thumbnails."""

    def __init__(self, parts: Parts, store: ChartStore) -> None:
        self._charts = parts.charts
        self._store = store
        self._places = asyncio.Semaphore(thumbnails_in_work_max)

    def routes(self) -> list[Route]:
        async def published(call: Call) -> web.Response:
            return await self._of_version(call, "published")

        async def draft(call: Call) -> web.Response:
            return await self._of_version(call, "draft")

        path = "/charts/{key}/version"
        return [
            Route(method="GET", path=f"{path}/published/thumbnail", handler=published),
            Route(method="GET", path=f"{path}/draft/thumbnail", handler=draft),
            Route(method="GET", path=THUMBNAIL_PATH, handler=self._public, authenticated=False),
        ]

    async def _of_version(self, call: Call, version: VersionName) -> web.Response:
        check_parameters(call.request)
        chart = await self._store.find(call)
        return _png(await self._of_drawing(_drawing_hash(chart, version)))

    async def _public(self, call: Call) -> web.Response:
        check_parameters(call.request)
        drawing_hash = call.parts["drawing_hash"]
        if not _HASH_FORM.fullmatch(drawing_hash):
            raise _no_thumbnail()
        response = _png(await self._of_drawing(drawing_hash))
        response.headers.update(_FOR_EVER)
        return response

    async def _of_drawing(self, drawing_hash: str) -> bytes:
        async with self._places:
            stored = await self._charts.thumbnail(drawing_hash)
            if stored is not None:
                return stored
            drawing = await self._charts.drawing_by_hash(drawing_hash)
            if drawing is None:
                raise _no_thumbnail()
            drawn = await asyncio.to_thread(thumbnail, drawing)
            await self._charts.put_thumbnail(drawing_hash, drawn)
            return drawn


def _drawing_hash(chart: Chart, version: VersionName) -> str:
    shown = chart.published if version == "published" else chart.draft
    if shown is None:
        raise no_draft(chart.key)
    return shown.drawing_hash


def _no_thumbnail() -> VendorError:
    return not_found("THUMBNAIL_NOT_FOUND", "Thumbnail not found")


def _png(picture: bytes) -> web.Response:
    return web.Response(body=picture, content_type="image/png")
