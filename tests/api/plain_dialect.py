"""The smallest dialect: enough routes to test the entrance with."""

import msgspec
from aiohttp import web

from api import limits
from api.call import Call, Route
from api.core import Ingress
from api.errors import Refusal, RequestRefusedError
from api.lanes import Lane
from tests.workers.house import book


class PlainDialect:
    def __init__(self, core: Ingress) -> None:
        self._core = core
        self.routes = [
            Route(method="POST", path="/echo", handler=self.echo),
            Route(method="POST", path="/open", handler=self.echo_open, authenticated=False),
            Route(
                method="POST",
                path="/large",
                handler=self.echo,
                body_bytes_max=limits.event_body_bytes_max,
            ),
            Route(
                method="POST",
                path="/drawing",
                handler=self.echo,
                body_bytes_max=limits.drawing_body_bytes_max,
                compiles=True,
            ),
            Route(method="POST", path="/book/{event}/{label}", handler=self.book, appends=True),
            Route(method="POST", path="/sale", handler=self.echo, lane=Lane.PRIORITY),
            Route(method="POST", path="/company", handler=self.echo, for_admins=True),
            Route(method="GET", path="/fault", handler=self.fault),
            Route(method="GET", path="/refused", handler=self.refused),
            Route(method="GET", path="/repeat", handler=self.repeat),
        ]

    async def echo(self, call: Call) -> web.Response:
        said = {
            "workspace": call.workspace.key,
            "company": call.company,
            "bytes": len(call.body),
            "ip": call.ip,
        }
        return web.Response(body=msgspec.json.encode(said), content_type="application/json")

    async def echo_open(self, call: Call) -> web.Response:
        return web.Response(body=call.body)

    async def book(self, call: Call) -> web.Response:
        key = call.parts["event"]
        entry = await self._core.directory.find(call.workspace.key, key)
        if entry is None:
            raise RequestRefusedError(404, "EVENT_NOT_FOUND", key)
        command = book(entry.event, call.parts["label"])
        answered = await self._core.submitter.change(entry.partition, entry.event, command)
        return web.Response(text=type(answered.answer).__name__)

    async def fault(self, call: Call) -> web.Response:
        raise KeyError("a secret of ours", call.body)

    async def refused(self, call: Call) -> web.Response:
        assert not call.body
        raise RequestRefusedError(400, "GENERAL_ERROR", "#/events: expected minimum item count: 1")

    async def repeat(self, call: Call) -> web.Response:
        raise RequestRefusedError(
            400, "GENERAL_ERROR", f"what is {call.request.headers['X-Said']}?"
        )

    def refuse(self, refusal: Refusal, request_id: str) -> web.Response:
        said = {"problems": [list(problem) for problem in refusal.problems], "id": request_id}
        return web.Response(
            status=refusal.status,
            body=msgspec.json.encode(said),
            content_type="application/json",
        )
