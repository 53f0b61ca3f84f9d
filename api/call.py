"""One request on its way through the ingress, and what a dialect hands to it.

Rules of this file:

1. A handler gets a `Call` whose caller is known and whose body is read, and gives a response or
   raises one of api.errors. The entrance (api/app.py) does everything around it.
2. The workspace comes from the API key, never from the body or the path.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Protocol

from aiohttp import web

from api import limits
from api.auth import Caller, Workspace
from api.errors import Refusal
from api.lanes import Lane

_PROCESS = secrets.token_hex(4)
_numbers = count(1)


class Call:
    """A request with its caller and its body."""

    __slots__ = ("_request_id", "body", "caller", "parts", "request", "workspace")

    caller: Caller
    """Who calls. Only on routes that are authenticated, like `workspace`."""
    workspace: Workspace
    """The workspace that everything in this request is about."""

    def __init__(self, request: web.BaseRequest, parts: Mapping[str, str]) -> None:
        self.request = request
        self.parts = parts
        """Of the path, by the names that the route gives them; decoded."""
        self.body = b""
        self._request_id: str | None = None

    def name_caller(self, caller: Caller) -> None:
        """Say who calls."""
        self.caller = caller
        self.workspace = caller.workspace

    @property
    def company(self) -> int:
        """The company that the API key belongs to."""
        return self.caller.company

    @property
    def ip(self) -> str | None:
        """The address of the caller."""
        return self.request.remote

    @property
    def request_id(self) -> str:
        """A name for this request in logs and in refusals."""
        if self._request_id is None:
            self._request_id = f"{_PROCESS}-{next(_numbers)}"
        return self._request_id


CallHandler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One route of a dialect. The order of routes is the order in which they are tried."""

    method: str
    path: str
    handler: CallHandler
    body_bytes_max: int = limits.body_bytes_max
    authenticated: bool = True
    """False for routes that look at their credentials themselves."""
    lane: Lane = Lane.REGULAR
    """Where its requests count; in the other lane nobody is kept waiting by them."""
    compiles: bool = False
    """It compiles a drawing: only few of these are in work at once."""
    for_admins: bool = False
    """It is about the company: for its admin key, and not for that of a workspace."""
    appends: bool = False
    """It sends commands: refused before its body is read when too many have no answer."""


class Dialect(Protocol):
    """A vendor's API: its routes, and its shape of a refusal."""

    @property
    def routes(self) -> Sequence[Route]: ...

    def refuse(self, refusal: Refusal, request_id: str) -> web.Response:
        """Write a refusal in the vendor's shape; headers of the refusal are added by the caller."""
        ...
