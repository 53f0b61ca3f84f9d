"""What a command's client reads of it: at once, after a repeat, or when it looks the command up.

Rules of this file:

1. An answer is made from the command and from what the log holds of it, never from the request:
   who looks a command up has no other.
2. What the request alone says of its answer is the form; that stands on the command, in a header.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple

from api.applied import ended_somewhere
from api.call import Call
from api.seatsio.errors import VendorError, from_rejected, hold_token_not_found
from api.seatsio.parts import JSON, Parts, now_ms
from api.seatsio.recorded import Facts
from schemas.commands import (
    ChangeBestAvailable,
    ChangeObjectStatus,
    GroupsCommand,
    SeatsCommand,
    SetHoldDeadline,
    UpdateExtraData,
)
from schemas.outbox import HEADER_FORM, Accepted, Answer
from schemas.rejections import Rejected, Rejection

Asked = SeatsCommand | GroupsCommand
Show = Callable[[Parts, Call, Any, Facts], Awaitable[JSON]]
"""Writes down what the facts of an accepted command say."""


class Form(NamedTuple):
    """How an accepted command is shown. Without a form there is nothing to show: a 204."""

    name: str
    """Stands on commands in the log, so it stays what it is."""
    show: Show


def headers_of(form: Form | None) -> Sequence[tuple[str, bytes]]:
    """Give the headers by which who looks a command up knows its form."""
    return () if form is None else ((HEADER_FORM, form.name.encode()),)


def as_applied(command: Asked, given: Answer, facts: Facts) -> Answer:
    """Refuse the extension of a token that an owner had ended by then; ending it is no failure."""
    if not isinstance(command, SetHoldDeadline) or not isinstance(given, Accepted):
        return given
    if not command.duration_ms or not ended_somewhere(facts):
        return given
    return Rejected(code=Rejection.HOLD_TOKEN_EXPIRED.code, detail=command.hold.token)


def refusal(parts: Parts, command: Asked, rejected: Rejected) -> VendorError:
    """Refuse in the words of the command: it names events by the keys that the client did."""
    keys = _event_keys(command)
    error = from_rejected(
        rejected,
        command.workspace,
        # A first answer that is given again may be about an event that had this key before.
        lambda event: keys.get(event) or parts.event_key(event),
        names_event_by_id=bool(keys),
    )
    code = rejected.code
    if isinstance(command, SetHoldDeadline) and code == Rejection.HOLD_TOKEN_EXPIRED.code:
        return hold_token_not_found("", command.hold.token, command.workspace)
    if code == Rejection.FOR_SALE_EDITS_USED_UP.code:
        wait_ms = int(rejected.detail or 0) - now_ms()
        error.add_header("Retry-After", str(max(1, -(-wait_ms // 1000))))
    return error


def _event_keys(command: Asked) -> dict[int, str]:
    """Give the keys by which a client named the events of a command that has their ids."""
    match command:
        case ChangeBestAvailable() | UpdateExtraData():
            named = [(command.event, command.event_key)]
        case ChangeObjectStatus():
            named = [(change.event, change.event_key) for change in command.changes]
        case _:
            named = []
    return {event: key or str(event) for event, key in named}
