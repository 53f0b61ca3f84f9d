"""The HTTP application: what every request passes before and after its dialect's handler.

Rules of this file:

1. The order is: known route, API key, room for a command, a place in the lane of its workspace,
   room to compile, body within its limit, handler. The dear steps come last, so a flood is
   refused cheaply.
2. No fault leaves as anything but a refusal in the dialect's shape, without a word about our
   insides. A 401 and a 403 have no body at all.
3. It stands on aiohttp's low-level server. What an application does around every request nobody
   needs here, and it cost more than the booking's own rules.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from aiohttp import HttpVersion11, hdrs, web

from api import limits
from api.call import Call, Dialect, Route
from api.core import Ingress
from api.errors import (
    BodyEncodedError,
    BodyIncompleteError,
    BodyTooLargeError,
    DrawingsBusyError,
    ForbiddenError,
    Problem,
    Refusal,
    UnauthorizedError,
    refusal_of,
)
from api.lanes import LaneLimits, places_by_lane

log = logging.getLogger(__name__)

Handle = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Parts = Mapping[str, str]
Handler = Callable[[web.BaseRequest, Parts], Coroutine[Any, Any, web.StreamResponse]]

_NO_PARTS: Parts = {}
_FAULT = Refusal(500, (Problem("INTERNAL_ERROR", "Something went wrong here: it was logged"),))
_STOPPING = Refusal(
    503,
    (Problem("NOT_READY", "this ingress is stopping: try again"),),
    {"Retry-After": "1", "Connection": "close"},
)


class Entrance:
    """Where every request comes in and every answer goes out."""

    def __init__(self, core: Ingress, dialects: Sequence[Dialect], lane_limits: LaneLimits) -> None:
        assert dialects, "an ingress speaks at least one dialect"
        self._core = core
        self._dialects = dialects
        self._drawings_in_work = 0
        self._places = places_by_lane(lane_limits)
        self._router = web.UrlDispatcher()
        self._handlers: dict[web.AbstractRoute, Handler] = {}
        self._fixed: dict[tuple[str, str], Handler] = {}
        """Of the routes whose path has no parts that vary: they need no looking for."""
        for method in ("GET", "HEAD"):
            self._add(method, "/health", _health)
            self._add(method, "/ready", _readiness(core))
        for dialect in dialects:
            for route in dialect.routes:
                handler = self._entered(dialect, route)
                self._add(route.method, route.path, handler)
                # Clients join base URL and path with a slash too many, one of the vendor's too.
                self._add(route.method, f"/{route.path}", handler)

    def handle(self, request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        """Answer a request."""
        handler = self._fixed.get((request.method, request.rel_url.raw_path))
        return self._find(request) if handler is None else handler(request, _NO_PARTS)

    def _add(self, method: str, path: str, handler: Handler) -> None:
        self._handlers[self._router.add_route(method, path, _found)] = handler
        if "{" not in path:
            self._fixed.setdefault((method, path), handler)

    async def _find(self, request: web.BaseRequest) -> web.StreamResponse:
        """Find the route by its parts; what has none is refused in the first dialect's shape."""
        found = await self._router.resolve(request)  # type: ignore[arg-type]  # method and path do
        if found.http_exception is not None:
            return _refuse(self._dialects[0], found.http_exception, Call(request, found))
        return await self._handlers[found.route](request, found)

    def _entered(self, dialect: Dialect, route: Route) -> Handler:
        core, submitter, keys = self._core, self._core.submitter, self._core.keys
        places = self._places[route.lane]

        async def enter(request: web.BaseRequest, parts: Parts) -> web.StreamResponse:
            call = Call(request, parts)
            counted: str | None = None
            try:
                if core.draining:
                    return _write(dialect, _STOPPING, call)
                if route.authenticated:
                    call.name_caller(keys.authenticate(request.headers))
                if route.for_admins:
                    call.caller.check_admin()
                if route.appends:
                    submitter.check_room()
                if route.authenticated:
                    workspace = call.workspace.key
                    places.take(workspace)
                    counted = workspace
                if route.compiles:
                    return await self._handle_drawing(route, call)
                call.body = await read_body(request, route.body_bytes_max)
                return await route.handler(call)
            except Exception as error:  # noqa: BLE001 - rule 2
                return _refuse(dialect, error, call)
            finally:
                if counted is not None:
                    places.leave(counted)

        return enter

    async def _handle_drawing(self, route: Route, call: Call) -> web.StreamResponse:
        """Take one of the few places for drawings, from before its body until its answer."""
        if self._drawings_in_work >= limits.drawings_in_work_max:
            raise DrawingsBusyError
        self._drawings_in_work += 1
        try:
            call.body = await read_body(call.request, route.body_bytes_max)
            return await route.handler(call)
        finally:
            self._drawings_in_work -= 1


async def _found(request: web.Request) -> web.StreamResponse:
    raise AssertionError(f"the router only finds routes: {request.path}")


def _refuse(dialect: Dialect, error: Exception, call: Call) -> web.StreamResponse:
    if isinstance(error, UnauthorizedError):
        return web.Response(status=401, headers={hdrs.WWW_AUTHENTICATE: 'Basic realm="API"'})
    if isinstance(error, ForbiddenError):
        return web.Response(status=403)
    if isinstance(error, web.HTTPException):
        return _write(dialect, _of_http(error), call)
    refusal = refusal_of(error)
    if refusal is None:
        log.error("a request failed", exc_info=error, extra={"request": call.request_id})
    return _write(dialect, refusal or _FAULT, call)


def _write(dialect: Dialect, refusal: Refusal, call: Call) -> web.Response:
    try:
        response = dialect.refuse(refusal, call.request_id)
    except UnicodeEncodeError:
        # Bytes that are not UTF-8 come as lone surrogates, which nothing can encode.
        problems = [Problem(*map(_encodable, problem)) for problem in refusal.problems]
        refusal = Refusal(refusal.status, problems, refusal.headers)
        response = dialect.refuse(refusal, call.request_id)
    response.headers.update(refusal.headers)
    response.headers["X-Request-Id"] = call.request_id
    return response


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _of_http(error: web.HTTPException) -> Refusal:
    status = error.status
    headers = {name: value for name, value in error.headers.items() if name == hdrs.ALLOW}
    phrase = HTTPStatus(status).phrase
    code = phrase.upper().replace(" ", "_").replace("-", "_")
    return Refusal(status, (Problem(code, phrase),), headers)


async def read_body(request: web.BaseRequest, bytes_max: int) -> bytes:
    """Read a request's body.

    Raises BodyTooLargeError (as early as possible), BodyEncodedError or BodyIncompleteError.
    """
    if hdrs.CONTENT_ENCODING in request.headers:
        raise BodyEncodedError(request.headers[hdrs.CONTENT_ENCODING])
    if (request.content_length or 0) > bytes_max:
        raise BodyTooLargeError(bytes_max)
    content = request.content
    try:
        # Most bodies come with their headers, and need no wait and no timer.
        body = content.read_nowait() if content.is_eof() else await _gather(request, bytes_max)
    except (TimeoutError, web.RequestPayloadError, ConnectionError):
        raise BodyIncompleteError from None
    if len(body) > bytes_max:
        raise BodyTooLargeError(bytes_max)
    return body


async def _gather(request: web.BaseRequest, bytes_max: int) -> bytes:
    expected = request.headers.get(hdrs.EXPECT, "").lower()
    if expected == "100-continue" and request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    gathered = bytearray()
    async with asyncio.timeout(limits.body_wait_s):
        while len(gathered) <= bytes_max and (chunk := await request.content.readany()):
            gathered += chunk
    return bytes(gathered)


class Runner(web.ServerRunner):
    """Runs the server of an ingress; the ingress starts and stops with it."""

    def __init__(self, core: Ingress, handle: Handle) -> None:
        server = web.Server(
            handle,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=limits.keepalive_s,
            lingering_time=limits.lingering_s,
        )
        super().__init__(server, shutdown_timeout=limits.close_s)
        self._core = core

    async def setup(self) -> None:
        """Start the ingress, and be ready for connections."""
        self._core.start()
        await super().setup()

    async def shutdown(self) -> None:
        """Wait for open answers; nobody new gets in, and connections close after this."""
        await self._core.drain()

    async def cleanup(self) -> None:
        """Close every connection, then stop the ingress."""
        await super().cleanup()
        await self._core.stop()


async def listen(core: Ingress, handle: Handle, host: str, port: int) -> Runner:
    """Serve at an address; `cleanup()` of what this gives stops it in order."""
    runner = Runner(core, handle)
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=1024, reuse_address=True).start()
    return runner


async def serve(core: Ingress, handle: Handle, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; raises what ended the ingress, if that came first."""
    runner = await listen(core, handle, host, port)
    stopped = asyncio.create_task(stop.wait())
    ended = asyncio.create_task(core.ended())
    try:
        done, _ = await asyncio.wait([stopped, ended], return_when=asyncio.FIRST_COMPLETED)
        if ended in done:
            ended.result()
    finally:
        stopped.cancel()
        ended.cancel()
        await runner.cleanup()


async def _health(request: web.BaseRequest, parts: Parts) -> web.Response:
    del request, parts
    return web.Response(text="ok")


def _readiness(core: Ingress) -> Handler:
    async def ready(request: web.BaseRequest, parts: Parts) -> web.Response:
        del request, parts
        missing = await core.missing()
        if missing:
            return _json(503, {"ready": False, "missing": missing})
        return _json(200, {"ready": True})

    return ready


def _json(status: int, content: Mapping[str, object]) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(content), content_type="application/json"
    )
