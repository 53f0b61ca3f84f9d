"""What can go wrong between a request and its answer.

Rules of this file:

1. A refusal by the rules of booking is an answer (schemas.rejections), not one of these.
2. No vendor's words: a dialect writes a `Refusal` in its own shape.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from adapters.ports import (
    AppendUnknownError,
    LogUnreachableError,
    PositionLostError,
    RecordTooLargeError,
)
from adapters.postgres.errors import (
    DatabaseUnavailableError,
    ForeignPositionsError,
    ReadModelBehindError,
)
from api import limits
from api.command_ids import command_id
from schemas.commands import CommandPosition


class Problem(NamedTuple):
    """One thing that is wrong with a request."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not served, for a dialect to write down."""

    status: int
    problems: Sequence[Problem]
    headers: Mapping[str, str] = field(default_factory=dict)


class RequestRefusedError(Exception):
    """The request itself cannot be served: a 4xx that says what to do."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(status, (Problem(code, message),))


class UnauthorizedError(Exception):
    """No API key, or not one that is known. The response has no body and says no more."""


class ForbiddenError(Exception):
    """This is for the company's admin key alone. The response has no body, as with a 401."""


class WorkspaceNotFoundError(RequestRefusedError):
    """The workspace that the request names is not one of this company's."""

    def __init__(self, workspace_key: str) -> None:
        shown = workspace_key if _is_plain(workspace_key) else "keys are short and printable ASCII"
        super().__init__(404, "WORKSPACE_NOT_FOUND", f"Workspace not found: {shown}")


def _is_plain(text: str) -> bool:
    return (
        0 < len(text) <= limits.workspace_key_characters_max
        and text.isascii()
        and text.isprintable()
    )


class BodyTooLargeError(RequestRefusedError):
    """The body is over the limit of its route."""

    def __init__(self, bytes_max: int) -> None:
        super().__init__(
            413, "BODY_TOO_LARGE", f"The body is larger than {bytes_max} bytes: send less at once"
        )


class BodyEncodedError(RequestRefusedError):
    """The body is compressed: a small one could unpack to any size."""

    def __init__(self, encoding: str) -> None:
        super().__init__(
            415,
            "CONTENT_ENCODING_NOT_SUPPORTED",
            f"Content-Encoding {encoding!r} is not supported: send the body as it is",
        )


class BodyIncompleteError(RequestRefusedError):
    """The body did not come in time, or its sender went away in the middle of it."""

    def __init__(self) -> None:
        super().__init__(408, "BODY_INCOMPLETE", "The body did not arrive: send the request again")


class IngressBusyError(Exception):
    """Too many commands are without an answer; nothing was appended."""

    def __init__(self) -> None:
        super().__init__("Too many requests are under way: try again later")
        self.retry_after_s = retry_after_s()


class RateLimitExceededError(Exception):
    """A workspace has as many requests under way as it may; this one was not read."""

    def __init__(self) -> None:
        super().__init__("Too many requests of this workspace are under way: try again later")
        self.retry_after_s = retry_after_s()


class DrawingsBusyError(Exception):
    """Enough chart drawings are in work; this one was not read."""

    def __init__(self) -> None:
        super().__init__("Other drawings are in work: send this one again later")
        self.retry_after_s = retry_after_s()


class NotReadyError(Exception):
    """This ingress is starting or stopping; nothing was appended."""


class AnswerLateError(Exception):
    """The answer did not come in time; the command may be decided yet."""

    def __init__(self, command: CommandPosition | None, topic: str) -> None:
        super().__init__("The answer is late: the command may be carried out yet")
        self.command = command
        """Where the command stands; None if that is not known: perhaps it does not."""
        self.topic = topic

    @property
    def command_id(self) -> str | None:
        """The command's id for clients, if it is known to stand in the log."""
        return None if self.command is None else command_id(self.topic, self.command)


_OUTAGES: Mapping[type[Exception], Problem] = {
    LogUnreachableError: Problem(
        "LOG_UNREACHABLE", "The log does not answer, nothing was changed: try again later"
    ),
    AppendUnknownError: Problem(
        "OUTCOME_UNKNOWN",
        "It is not known whether the command was taken: look before you send it again, "
        "or send it with an idempotency key",
    ),
    DatabaseUnavailableError: Problem(
        "DATABASE_UNAVAILABLE", "The database does not answer: try again later"
    ),
    ForeignPositionsError: Problem(
        "FOREIGN_READ_MODEL",
        "The database was filled from other topics than this installation has, nothing was "
        "changed: its operator must give it a database of its own, or its topic prefix back",
    ),
    ReadModelBehindError: Problem(
        "READ_MODEL_BEHIND", "What was written last cannot be read yet: try again later"
    ),
}

_FINAL: Mapping[type[Exception], Refusal] = {
    RecordTooLargeError: Refusal(
        413,
        (
            Problem(
                "RECORD_TOO_LARGE",
                "This is more than one record of the log can hold, nothing was changed: "
                "send less at once, or use a smaller chart",
            ),
        ),
    ),
    PositionLostError: Refusal(
        410,
        (
            Problem(
                "ANSWER_FORGOTTEN",
                "The log does not hold this answer any more: look at what was changed, "
                "and use a new idempotency key for a new command",
            ),
        ),
    ),
}
"""What no retry can mend."""


def refusal_of(error: Exception) -> Refusal | None:
    """Say how an error is told to the client; None for a fault of ours."""
    match error:
        case RequestRefusedError():
            return error.refusal
        case IngressBusyError() | DrawingsBusyError():
            return _later(429, Problem("TOO_MANY_REQUESTS", str(error)), error.retry_after_s)
        case RateLimitExceededError():
            return _later(429, Problem("RATE_LIMIT_EXCEEDED", str(error)), error.retry_after_s)
        case NotReadyError():
            return _later(503, Problem("NOT_READY", f"{error}: try again later"))
        case AnswerLateError():
            return _late(error)
    problem = _OUTAGES.get(type(error))
    return _FINAL.get(type(error)) if problem is None else _later(503, problem)


def _late(error: AnswerLateError) -> Refusal:
    refusal = _later(503, Problem("ANSWER_LATE", str(error)))
    if error.command_id is None:
        return refusal
    location = {"Location": f"/commands/{error.command_id}"}
    return Refusal(refusal.status, refusal.problems, {**refusal.headers, **location})


def _later(status: int, problem: Problem, after_s: int | None = None) -> Refusal:
    seconds = retry_after_s() if after_s is None else after_s
    return Refusal(status, (problem,), {"Retry-After": str(seconds)})


def retry_after_s() -> int:
    """Say how long a refused client shall wait; not all equally long."""
    return limits.retry_after_s + random.randint(0, limits.retry_jitter_s)  # noqa: S311 - jitter
