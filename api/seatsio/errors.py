"""Errors in the vendor's shape, and what each refusal of ours is called there.

Rules of this file:

1. The clients read `errors` (each exactly code and message), `messages`, `requestId` and `status`;
   all are always there. A 401 and a 403 are the answers without a body.
2. The texts that the vendor's clients are known to compare stand here to the letter.
3. Several objects in the way: `errors` has each different reason once, and `obstacles` (ours) a
   reason for every object. `messages` says what `errors` says, as the vendor's does.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from api.errors import Problem, Refusal, RequestRefusedError, retry_after_s
from api.limits import label_characters_max
from schemas.facts import FREE
from schemas.rejections import Obstacle, Rejected, Rejection

GENERAL_ERROR = "GENERAL_ERROR"
ILLEGAL_STATUS_CHANGE = "ILLEGAL_STATUS_CHANGE"
EVENT_NOT_FOUND = "EVENT_NOT_FOUND"
CHART_NOT_FOUND = "CHART_NOT_FOUND"
OBJECT_NOT_FOUND = "OBJECT_NOT_FOUND"
HOLD_TOKEN_NOT_FOUND = "HOLD_TOKEN_NOT_FOUND"  # noqa: S105 - an error code

BAD_REQUEST = 400
NOT_FOUND = 404
CONFLICT = 409
UNPROCESSABLE = 422
TOO_MANY_REQUESTS = 429

EventKey = Callable[[int], str]
"""Gives the key of an event by its id."""


@dataclass(frozen=True, slots=True)
class VendorRefusal(Refusal):
    """A refusal that names what is in the way."""

    obstacles: Sequence[Mapping[str, str]] = ()
    obstacles_left_out: int = 0


class VendorError(RequestRefusedError):
    """A request that is refused, with everything that its answer says."""

    def __init__(
        self,
        status: int,
        problems: Sequence[Problem],
        obstacles: Sequence[Mapping[str, str]] = (),
        obstacles_left_out: int = 0,
    ) -> None:
        super().__init__(status, problems[0].code, problems[0].message)
        self._headers: dict[str, str] = {}
        self.refusal = VendorRefusal(status, problems, self._headers, obstacles, obstacles_left_out)

    def add_header(self, name: str, value: str) -> None:
        """Add a header to the answer."""
        self._headers[name] = value


class BodyError(VendorError):
    """The body cannot be accepted; `problems` name every field that is wrong, as `#/path: why`."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__(BAD_REQUEST, [Problem(GENERAL_ERROR, problem) for problem in problems])
        self.problems = problems


def error_body(refusal: Refusal, request_id: str) -> dict[str, Any]:
    """Give the JSON body that the clients read."""
    body: dict[str, Any] = {
        "status": refusal.status,
        "messages": [problem.message for problem in refusal.problems],
        "errors": [
            {"code": problem.code, "message": problem.message} for problem in refusal.problems
        ],
        "warnings": [],
        "requestId": request_id,
    }
    if isinstance(refusal, VendorRefusal) and refusal.obstacles:
        body["obstacles"] = refusal.obstacles
        if refusal.obstacles_left_out:
            body["obstaclesLeftOut"] = refusal.obstacles_left_out
    return body


def bad_request(*messages: str) -> VendorError:
    """Refuse a request for what it says."""
    return VendorError(BAD_REQUEST, [Problem(GENERAL_ERROR, message) for message in messages])


def not_found(code: str, message: str) -> VendorError:
    """Refuse a request for something that is not there."""
    return VendorError(NOT_FOUND, [Problem(code, message)])


def event_not_found(key: str, workspace: str) -> VendorError:
    """Say it as the vendor does."""
    return not_found(
        EVENT_NOT_FOUND, f"Event not found: {key} was not found in workspace {workspace}"
    )


def chart_not_found(key: str, workspace: str) -> VendorError:
    """Say it as the vendor does."""
    return not_found(
        CHART_NOT_FOUND, f"Chart not found: {key} was not found in workspace {workspace}"
    )


def hold_token_not_found(
    path: str, token: str, workspace: str, status: int = NOT_FOUND
) -> VendorError:
    """Say that a hold token is unknown, another workspace's, or has ended."""
    shown = token[:label_characters_max]
    message = f"{path}Hold token not found: {shown} was not found in workspace {workspace}"
    return VendorError(status, [Problem(HOLD_TOKEN_NOT_FOUND, message)])


class _Meaning(NamedTuple):
    """What a rejection is at the vendor's."""

    status: int
    code: str
    message: str
    """With the names of `_NOT_GIVEN` to be filled in."""


_MEANINGS = {
    Rejection.COMMAND_NOT_READABLE: _Meaning(
        BAD_REQUEST, GENERAL_ERROR, "The command cannot be read: {detail}"
    ),
    Rejection.COMMAND_FAILED: _Meaning(
        BAD_REQUEST, GENERAL_ERROR, "The command could not be decided; nothing was changed"
    ),
    Rejection.COMMAND_TOO_LARGE: _Meaning(
        BAD_REQUEST,
        GENERAL_ERROR,
        "The objects of this request have too much extra data or too many holds to be changed at "
        "once ({detail}): change fewer at once",
    ),
    Rejection.SELLING_TOO_LARGE: _Meaning(
        BAD_REQUEST,
        GENERAL_ERROR,
        "Tables, categories, channels and for-sale settings of the events of one request are too "
        "large together ({detail})",
    ),
    Rejection.IDEMPOTENCY_KEY_IN_USE: _Meaning(
        CONFLICT,
        "IDEMPOTENCY_KEY_IN_USE",
        "The first request with this idempotency key is not decided yet: send it again later",
    ),
    Rejection.IDEMPOTENCY_KEY_REUSED: _Meaning(
        UNPROCESSABLE,
        "IDEMPOTENCY_KEY_REUSED",
        "The idempotency key was used for another request; use a new one",
    ),
    Rejection.EVENT_NOT_FOUND: _Meaning(
        NOT_FOUND,
        EVENT_NOT_FOUND,
        "Event not found: {detail} was not found in workspace {workspace}",
    ),
    Rejection.EVENT_KEY_TAKEN: _Meaning(
        BAD_REQUEST,
        "EVENT_KEY_ALREADY_EXISTS",
        "Event key already in use in workspace {workspace}: {detail}",
    ),
    Rejection.NOT_A_SEASON: _Meaning(
        BAD_REQUEST, GENERAL_ERROR, "{detail} is not a season, or not of the kind that this needs"
    ),
    Rejection.EVENT_NOT_IN_SEASON: _Meaning(
        BAD_REQUEST, GENERAL_ERROR, "{detail} is not in this season"
    ),
    Rejection.CHART_OF_SEASON: _Meaning(
        BAD_REQUEST,
        GENERAL_ERROR,
        "{detail} is of a season: all of that stays on one chart",
    ),
    Rejection.TABLES_OF_SEASON: _Meaning(
        BAD_REQUEST,
        GENERAL_ERROR,
        "{detail} is in a season: only the season says how the tables are sold",
    ),
    Rejection.OVERRIDE_IN_A_GROUP: _Meaning(
        BAD_REQUEST,
        GENERAL_ERROR,
        "Overriding a season in one batch with changes of events outside of it is not supported "
        "yet: send them apart",
    ),
    Rejection.CHANNEL_NOT_FOUND: _Meaning(
        NOT_FOUND, "CHANNEL_NOT_FOUND", "Channel not found: {detail} is no channel of the event"
    ),
    Rejection.CHANNEL_KEY_TAKEN: _Meaning(
        BAD_REQUEST, GENERAL_ERROR, "The event has two channels with the key {detail}"
    ),
    Rejection.TOO_MANY_CHANNELS: _Meaning(
        BAD_REQUEST, GENERAL_ERROR, "The event has too many channels: {detail}"
    ),
    Rejection.FOR_SALE_EDITS_USED_UP: _Meaning(
        TOO_MANY_REQUESTS,
        "RATE_LIMIT_EXCEEDED",
        "What is for sale of this event was edited too often today: edits that only open sale are "
        "still possible",
    ),
    Rejection.HOLD_TOKEN_MISSING: _Meaning(
        BAD_REQUEST, GENERAL_ERROR, "#: required key [holdToken] not found"
    ),
    Rejection.HOLD_DEADLINE_TOO_FAR: _Meaning(
        BAD_REQUEST,
        GENERAL_ERROR,
        "A hold token is valid for 120 minutes at most in all, counted from when it was made: "
        "{detail} cannot last so long",
    ),
    Rejection.HOLD_TOKEN_EXPIRED: _Meaning(
        BAD_REQUEST,
        HOLD_TOKEN_NOT_FOUND,
        "Hold token not found: {detail} has ended",
    ),
    Rejection.OBJECT_NOT_FOUND: _Meaning(
        BAD_REQUEST, OBJECT_NOT_FOUND, "Object not found: {label} on event {event}"
    ),
    Rejection.QUANTITY_ON_A_SEAT: _Meaning(
        BAD_REQUEST,
        GENERAL_ERROR,
        "{label} on event {event}: a quantity is for general admission areas only",
    ),
    Rejection.TAKEN_IN_SEASON: _Meaning(
        BAD_REQUEST,
        ILLEGAL_STATUS_CHANGE,
        "Cannot change to [{status}]: "
        "the object is taken by the season, or by an event or a partial season of it",
    ),
    Rejection.OBJECT_NOT_FOR_SALE: _Meaning(
        BAD_REQUEST, "OBJECT_NOT_FOR_SALE", "{label} on event {event} is not for sale"
    ),
    Rejection.OBJECT_OF_ANOTHER_CHANNEL: _Meaning(
        BAD_REQUEST,
        "OBJECT_OF_ANOTHER_CHANNEL",
        "{label} on event {event} is in another channel than those that the request names: it "
        "takes [channelKeys] with the key of its channel, or NO_CHANNEL if it is in none",
    ),
    Rejection.CHANNELS_DIFFER: _Meaning(
        BAD_REQUEST,
        "CHANNELS_DIFFER",
        "{label} is in another channel on event {event} than on the others of the request",
    ),
    Rejection.STATUS_NOT_ALLOWED: _Meaning(
        BAD_REQUEST,
        ILLEGAL_STATUS_CHANGE,
        "Cannot change from [{previous}] to [{status}]: "
        "{previous} is not in the list of allowed previous statuses",
    ),
    Rejection.STATUS_REJECTED: _Meaning(
        BAD_REQUEST,
        ILLEGAL_STATUS_CHANGE,
        "Cannot change from [{previous}] to [{status}]: "
        "{previous} is in the list of rejected previous statuses",
    ),
    Rejection.HELD_BY_ANOTHER_TOKEN: _Meaning(
        BAD_REQUEST,
        ILLEGAL_STATUS_CHANGE,
        "Cannot change from [{previous}] to [{status}]: the object is held by another hold token",
    ),
    Rejection.OVERRIDE_IN_USE: _Meaning(
        BAD_REQUEST,
        ILLEGAL_STATUS_CHANGE,
        "{label} on event {event} cannot go by the season's status: without the override it would "
        "be sold twice",
    ),
    Rejection.OBJECT_NOT_FREE: _Meaning(
        BAD_REQUEST,
        ILLEGAL_STATUS_CHANGE,
        "Cannot change from [{previous}] to [{status}]: the object is not free",
    ),
    Rejection.TABLE_TAKEN: _Meaning(
        BAD_REQUEST,
        ILLEGAL_STATUS_CHANGE,
        "Cannot change from [{previous}] to [{status}]: the table is taken, as a whole or by its "
        "seats, since before the event sold it as it does now",
    ),
    Rejection.TOO_MANY_STATUSES_IN_AREA: _Meaning(
        BAD_REQUEST,
        GENERAL_ERROR,
        "{label} on event {event}: the places of this area have too many different statuses",
    ),
    Rejection.NOT_ENOUGH_PLACES: _Meaning(
        BAD_REQUEST,
        ILLEGAL_STATUS_CHANGE,
        "Cannot change to [{status}]: not enough free places",
    ),
    Rejection.NOT_ENOUGH_TAKEN_PLACES: _Meaning(
        BAD_REQUEST,
        ILLEGAL_STATUS_CHANGE,
        "Cannot change to [{status}]: not as many places are taken",
    ),
    Rejection.BEST_AVAILABLE_OBJECTS_NOT_FOUND: _Meaning(
        BAD_REQUEST,
        "BEST_AVAILABLE_OBJECTS_NOT_FOUND",
        "Best available objects not found",
    ),
    Rejection.BUSY_IN_DOUBT: _Meaning(
        TOO_MANY_REQUESTS,
        "BUSY_IN_DOUBT",
        "It could not be decided in time who gets these objects, nothing was changed: "
        "try again later",
    ),
}
_ASK_AGAIN = (CONFLICT, TOO_MANY_REQUESTS)
"""Of these alone it is known that the same request, sent again soon, gets another answer.

`Rejection.retry` says less: that a refusal may pass one day, as nearly all may, and not by itself.
"""
_MEANING_BY_CODE = {rejection.code: meaning for rejection, meaning in _MEANINGS.items()}


def from_rejected(
    rejected: Rejected,
    workspace: str,
    event_key: EventKey = str,
    *,
    names_event_by_id: bool = True,
) -> VendorError:
    """Turn a refusal into the vendor's answer.

    Changes name events by id, what creates, renames or deletes them names them by key.
    """
    meaning = _MEANING_BY_CODE[rejected.code]
    problems: dict[Problem, None] = {}
    if all(obstacle.code != rejected.code for obstacle in rejected.obstacles):
        detail = rejected.detail or ""
        if rejected.code == Rejection.EVENT_NOT_FOUND.code and names_event_by_id:
            detail = event_key(int(detail))
        message = _message(meaning, detail=detail, workspace=workspace)
        problems[Problem(meaning.code, message)] = None
    obstacles: list[dict[str, str]] = []
    for obstacle in rejected.obstacles:
        key = event_key(obstacle.event)
        problems[_problem(obstacle, key)] = None
        obstacles.append(_told(obstacle, key))
    error = VendorError(
        meaning.status,
        list(problems),
        obstacles=obstacles,
        obstacles_left_out=rejected.obstacles_left_out,
    )
    if meaning.status in _ASK_AGAIN:
        error.add_header("Retry-After", str(retry_after_s()))
    return error


def _problem(obstacle: Obstacle, event: str) -> Problem:
    meaning = _MEANING_BY_CODE[obstacle.code]
    previous, status = obstacle.status or FREE, obstacle.requested_status or FREE
    message = _message(meaning, label=obstacle.label, event=event, previous=previous, status=status)
    return Problem(meaning.code, message)


def _message(meaning: _Meaning, **given: str) -> str:
    return meaning.message.format_map({**_NOT_GIVEN, **given})


_NOT_GIVEN = dict.fromkeys(("detail", "workspace", "label", "event", "previous", "status"), "?")


def _told(obstacle: Obstacle, event: str) -> dict[str, str]:
    told = {"event": event, "object": obstacle.label, "reason": obstacle.code}
    return told if obstacle.status is None else {**told, "status": obstacle.status}
