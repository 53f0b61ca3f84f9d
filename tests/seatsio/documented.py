"""Holds every answer that the tests of this folder get against the OpenAPI document."""

from collections.abc import Sequence
from typing import Any

import jsonschema_rs
import msgspec
from aiohttp import web

from api.app import Handle
from api.call import Route
from api.seatsio.openapi.document import document


class UndocumentedError(AssertionError):
    """An answer that the document does not know."""


class Documented:
    """The document, made to be asked about answers."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._document = document(routes)
        self._validators: dict[tuple[str, str, int], Any] = {}

    def check(self, method: str, path: str, status: int, kind: str, body: bytes) -> None:
        """Raise UndocumentedError for an answer that is not as the document says."""
        operation = self._document["paths"].get(path, {}).get(method.lower())
        if operation is None or status >= 500:
            return
        where = f"{method} {path}: {status}"
        answer = operation["responses"].get(str(status))
        if answer is None:
            raise UndocumentedError(f"{where} is not documented: {body[:300]!r}")
        content = answer.get("content")
        if content is None:
            if body:
                raise UndocumentedError(f"{where} should have no body: {body[:300]!r}")
            return
        if kind not in content:
            raise UndocumentedError(f"{where} is {kind}, not {', '.join(content)}: {body[:300]!r}")
        if kind != "application/json":
            return
        key = (method, path, status)
        if key not in self._validators:
            schema = {**content[kind]["schema"], "components": self._document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(schema)
        for error in self._validators[key].iter_errors(msgspec.json.decode(body)):
            raise UndocumentedError(f"{where} at {error.instance_path}: {error.message[:500]}")


def checking(handle: Handle, routes: Sequence[Route]) -> Handle:
    """Look at each answer: one that is not documented becomes a fault, and its test fails."""
    documented = Documented(routes)
    router = web.UrlDispatcher()
    for route in routes:
        router.add_route(route.method, route.path, _found)

    async def check(request: web.BaseRequest) -> web.StreamResponse:
        response = await handle(request)
        resource = (await router.resolve(request)).route.resource  # type: ignore[arg-type]
        if resource is not None and isinstance(response, web.Response):
            body = response.body if isinstance(response.body, bytes) else b""
            path, kind = resource.canonical, response.content_type
            documented.check(request.method, path, response.status, kind, body)
        return response

    return check


async def _found(request: web.Request) -> web.StreamResponse:
    raise AssertionError(f"the router only finds routes: {request.path}")
