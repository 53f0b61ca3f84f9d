"""The document over HTTP, and a page that shows it; nothing of it comes from another host."""

from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
from aiohttp import web

from api.call import Call, CallHandler, Route
from api.seatsio.errors import not_found
from api.seatsio.openapi.document import document
from api.seatsio.parts import path_part

_ASSETS = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
}
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><title>Seatlog API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="api"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script>SwaggerUIBundle({url: "/openapi.json", dom_id: "#api", validatorUrl: null})</script>
</body>
</html>
"""
_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data:"
)
"""The page's own script is inline, and the library styles that way."""


class OpenApi:
    """The routes that tell of the others; open to everybody."""

    def __init__(self, described: Sequence[Route]) -> None:
        self._document = msgspec.json.encode(document(described))
        self._assets: Traversable = files("swagger_ui") / "static"

    def routes(self) -> list[Route]:
        return [
            _open("/openapi.json", self._tell),
            _open("/docs", self._show),
            _open("/docs/{asset}", self._give),
        ]

    async def _tell(self, call: Call) -> web.Response:
        del call
        return web.Response(body=self._document, content_type="application/json")

    async def _show(self, call: Call) -> web.Response:
        del call
        headers = {"Content-Security-Policy": _POLICY}
        return web.Response(text=_PAGE, content_type="text/html", headers=headers)

    async def _give(self, call: Call) -> web.Response:
        name = path_part(call, "asset")
        if name not in _ASSETS:
            raise not_found("NOT_FOUND", "Not Found")
        content = (self._assets / name).read_bytes()
        headers = {"Cache-Control": "max-age=86400"}
        return web.Response(body=content, content_type=_ASSETS[name], headers=headers)


def _open(path: str, handler: CallHandler) -> Route:
    return Route(method="GET", path=path, handler=handler, authenticated=False)
