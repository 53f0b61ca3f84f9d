"""The HTTP application: what every request passes before and after its dialect's handler.

Rules of this file:

1. The order is: known route, API key, room for a command, a place in the lane of its workspace,
   room to compile, body within its limit, handler. The dear steps come last, so a flood is
   refused cheaply.
2. No fault leaves as anything but a refusal in the dialect's shape, without a word about our
   insides. A 401 and a 403 have no body at all.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

import msgspec
from aiohttp import StreamReader, hdrs, web

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

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_FAULT = Refusal(500, (Problem("INTERNAL_ERROR", "Something went wrong here: it was logged"),))
_STOPPING = Refusal(
    503,
    (Problem("NOT_READY", "this ingress is stopping: try again"),),
    {"Retry-After": "1", "Connection": "close"},
)


class Entrance:
    """The way in and out of one application."""

    def __init__(self, core: Ingress, dialects: Sequence[Dialect], lane_limits: LaneLimits) -> None:
        assert dialects, "an ingress speaks at least one dialect"
        self._core = core
        self._dialects = dialects
        self._dialect_of: dict[object, Dialect] = {}
        self._drawings_in_work = 0
        self._places = places_by_lane(lane_limits)

    def add_routes(self, app: web.Application) -> None:
        """Register the routes of all dialects."""
        for dialect in self._dialects:
            for route in dialect.routes:
                handler = self._entered(route)
                self._dialect_of[handler] = dialect
                app.router.add_route(route.method, route.path, handler)
                # Clients join base URL and path with a slash too many, one of the vendor's too.
                app.router.add_route(route.method, f"/{route.path}", handler)

    def _entered(self, route: Route) -> Handler:
        core, submitter, keys = self._core, self._core.submitter, self._core.keys
        places = self._places[route.lane]

        async def enter(request: web.Request) -> web.StreamResponse:
            call = Call(request)
            counted: str | None = None
            try:
                if core.draining:
                    return self._write(request, _STOPPING, call.request_id)
                if route.authenticated:
                    call.caller = keys.authenticate(request.headers)
                if route.for_admins:
                    call.caller.check_admin()
                if route.appends:
                    submitter.check_room()
                if route.authenticated:
                    places.take(call.workspace.key)
                    counted = call.workspace.key
                if route.compiles:
                    return await self._handle_drawing(route, call)
                call.body = await read_body(request, route.body_bytes_max)
                return await route.handler(call)
            except Exception as error:  # noqa: BLE001 - rule 2
                return self._refuse(call, error)
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

    @web.middleware
    async def outermost(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give what has no route the dialect's shape, too."""
        try:
            return await handler(request)
        except web.HTTPException as error:
            return self._refuse(Call(request), error)

    def _refuse(self, call: Call, error: Exception) -> web.StreamResponse:
        if isinstance(error, UnauthorizedError):
            return web.Response(status=401, headers={hdrs.WWW_AUTHENTICATE: 'Basic realm="API"'})
        if isinstance(error, ForbiddenError):
            return web.Response(status=403)
        if isinstance(error, web.HTTPException):
            return self._write(call.request, _of_http(error), call.request_id)
        refusal = refusal_of(error)
        if refusal is None:
            log.error("a request failed", exc_info=error, extra={"request": call.request_id})
        return self._write(call.request, refusal or _FAULT, call.request_id)

    def _write(self, request: web.Request, refusal: Refusal, request_id: str) -> web.Response:
        dialect = self._dialect_of.get(request.match_info.handler, self._dialects[0])
        try:
            response = dialect.refuse(refusal, request_id)
        except UnicodeEncodeError:
            # Bytes that are not UTF-8 come as lone surrogates, which nothing can encode.
            problems = [Problem(*map(_encodable, problem)) for problem in refusal.problems]
            refusal = Refusal(refusal.status, problems, refusal.headers)
            response = dialect.refuse(refusal, request_id)
        response.headers.update(refusal.headers)
        response.headers["X-Request-Id"] = request_id
        return response


def _encodable(text: str) -> str:
    return text.encode(errors="replace").decode()


def _of_http(error: web.HTTPException) -> Refusal:
    status = error.status
    headers = {name: value for name, value in error.headers.items() if name == hdrs.ALLOW}
    phrase = HTTPStatus(status).phrase
    code = phrase.upper().replace(" ", "_").replace("-", "_")
    return Refusal(status, (Problem(code, phrase),), headers)


async def read_body(request: web.Request, bytes_max: int) -> bytes:
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
        body = content.read_nowait() if content.is_eof() else await _gather(content, bytes_max)
    except (TimeoutError, web.RequestPayloadError, ConnectionError):
        raise BodyIncompleteError from None
    if len(body) > bytes_max:
        raise BodyTooLargeError(bytes_max)
    return body


async def _gather(content: StreamReader, bytes_max: int) -> bytes:
    gathered = bytearray()
    async with asyncio.timeout(limits.body_wait_s):
        while len(gathered) <= bytes_max and (chunk := await content.readany()):
            gathered += chunk
    return bytes(gathered)


def build_app(
    core: Ingress, dialects: Sequence[Dialect], lane_limits: LaneLimits
) -> web.Application:
    """Build the application; it starts and stops the ingress with itself."""
    entrance = Entrance(core, dialects, lane_limits)
    app = web.Application(
        middlewares=[entrance.outermost], client_max_size=limits.drawing_body_bytes_max
    )
    app.router.add_get("/health", _health)
    app.router.add_get("/ready", _readiness(core))
    entrance.add_routes(app)

    async def start(_: web.Application) -> None:
        core.start()

    async def drain(_: web.Application) -> None:
        await core.drain()

    async def stop(_: web.Application) -> None:
        await core.stop()

    app.on_startup.append(start)
    app.on_shutdown.append(drain)
    app.on_cleanup.append(stop)
    return app


async def listen(app: web.Application, host: str, port: int) -> web.AppRunner:
    """Serve the application at an address; `cleanup()` of what this gives stops it in order."""
    runner = web.AppRunner(
        app,
        access_log=None,
        auto_decompress=False,
        keepalive_timeout=limits.keepalive_s,
        lingering_time=limits.lingering_s,
        shutdown_timeout=limits.close_s,
    )
    await runner.setup()
    await web.TCPSite(runner, host, port, backlog=1024, reuse_address=True).start()
    return runner


async def serve(
    app: web.Application, core: Ingress, host: str, port: int, stop: asyncio.Event
) -> None:
    """Serve until `stop` is set; raises what ended the ingress, if that came first."""
    runner = await listen(app, host, port)
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


async def _health(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def _readiness(core: Ingress) -> Handler:
    async def ready(_: web.Request) -> web.Response:
        missing = await core.missing()
        if missing:
            return _json(503, {"ready": False, "missing": missing})
        return _json(200, {"ready": True})

    return ready


def _json(status: int, content: Mapping[str, object]) -> web.Response:
    return web.Response(
        status=status, body=msgspec.json.encode(content), content_type="application/json"
    )
