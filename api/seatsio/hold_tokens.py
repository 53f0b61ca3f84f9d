"""Hold tokens: create, retrieve, extend, end now."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from api.call import Call, Route
from api.hold_tokens import SignedHold
from api.lanes import Lane
from api.seatsio.command_answers import Form
from api.seatsio.commands import Commands
from api.seatsio.errors import hold_token_not_found
from api.seatsio.idempotency import idempotency, refuse_idempotency
from api.seatsio.paging import check_parameters
from api.seatsio.parts import JSON, Parts, answer, iso, now_ms, path_part
from api.seatsio.recorded import Facts
from api.seatsio.wire import Body, Whole, read
from engine.limits import hold_ms_max
from schemas.commands import SetHoldDeadline

minute_ms = 60 * 1000
minutes_max = hold_ms_max // minute_ms
default_minutes = 15


class HoldTokenAsked(Body):
    """How long a new token is valid."""

    expires_in_minutes: Annotated[Whole, Field(ge=1, le=minutes_max)] | None = None


_DEFAULT = HoldTokenAsked()
_EMPTY = (b"", b"{}", b"null")
"""Most of them ask for nothing special; they need not be read."""


class DeadlineAsked(Body):
    """How long a token is valid from now on; 0 ends it."""

    expires_in_minutes: Annotated[Whole, Field(ge=0, le=minutes_max)]


class HoldTokenRoutes:
    """The routes of hold tokens."""

    def __init__(self, parts: Parts, commands: Commands) -> None:
        self._parts = parts
        self._commands = commands

    def routes(self) -> list[Route]:
        lane, one = Lane.PRIORITY, "/hold-tokens/{token}"
        return [
            Route(method="POST", path="/hold-tokens", handler=self._create, lane=lane),
            Route(method="GET", path=one, handler=self._retrieve, lane=lane),
            Route(method="POST", path=one, handler=self._move, lane=lane, appends=True),
        ]

    async def _create(self, call: Call) -> web.Response:
        """Make a token: nothing is written, so there is nothing to wait for."""
        check_parameters(call.request)
        refuse_idempotency(call)
        asked = _DEFAULT if call.body in _EMPTY else read(call.body, HoldTokenAsked)
        validity_ms = (asked.expires_in_minutes or default_minutes) * minute_ms
        now, workspace = now_ms(), call.workspace.key
        hold = self._parts.core.hold_tokens.mint(workspace, validity_ms, now).hold
        return answer(_hold_json(hold.token, hold.expires_at, workspace, now))

    async def _retrieve(self, call: Call) -> web.Response:
        check_parameters(call.request)
        workspace = call.workspace.key
        hold = self._read(call).hold
        revision = await self._parts.core.directory.hold(hold.token, workspace)
        expires_at = hold.expires_at if revision is None else revision.expires_at
        now = now_ms()
        if expires_at <= now:
            raise hold_token_not_found("", hold.token, workspace)
        return answer(_hold_json(hold.token, expires_at, workspace, now))

    async def _move(self, call: Call) -> web.Response:
        check_parameters(call.request)
        asked = read(call.body, DeadlineAsked)
        workspace = call.workspace.key
        hold, made_at = self._read(call)
        command = SetHoldDeadline(
            workspace=workspace,
            idempotency=idempotency(call),
            hold=hold,
            made_at=made_at,
            duration_ms=asked.expires_in_minutes * minute_ms,
        )
        return await self._commands.decide(call, command, HOLD_TOKEN)

    def _read(self, call: Call) -> SignedHold:
        token, workspace = path_part(call, "token"), call.workspace.key
        signed = self._parts.core.hold_tokens.read(workspace, token)
        if signed is None:
            raise hold_token_not_found("", token, workspace)
        return signed


def _hold_json(token: str, expires_at: int, workspace: str, now: int) -> JSON:
    return {
        "holdToken": token,
        "expiresAt": iso(expires_at),
        "expiresInSeconds": max(0, -(-(expires_at - now) // 1000)),
        "workspaceKey": workspace,
    }


async def _show_moved(_: Parts, __: Call, command: SetHoldDeadline, facts: Facts) -> JSON:
    expires_at = facts[0].expires_at
    return _hold_json(command.hold.token, expires_at, command.workspace, now_ms())


HOLD_TOKEN = Form("holdToken", _show_moved)
