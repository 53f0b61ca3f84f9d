"""What an answer of the service means to a fan: pure."""

from enum import Enum, auto
from http import HTTPStatus
from typing import NamedTuple

import msgspec

from schemas.facts import BOOKED, FREE
from seatlog.verify.client_log import Outcome


class Meaning(Enum):
    """What is known after an answer."""

    DONE = auto()
    REFUSED = auto()
    LATER = auto()
    """Nothing was changed; the same may be asked again."""
    UNKNOWN = auto()
    """It may have been done, or may be done yet."""
    ENDED = auto()
    """The hold token's time is over; nothing was changed."""
    ODD = auto()
    """Not an answer that such a request can get."""


class Obstacle(msgspec.Struct, frozen=True):
    """A seat in the way of a change."""

    event: str
    object: str
    status: str = FREE


class _Error(msgspec.Struct, frozen=True):
    code: str


class _Refusal(msgspec.Struct, frozen=True):
    errors: list[_Error] = []
    obstacles: list[Obstacle] = []


class ObjectInfo(msgspec.Struct, frozen=True, rename="camel"):
    """What a fan reads of a seat."""

    status: str
    hold_token: str | None = None
    order_id: str | None = None

    def is_free(self) -> bool:
        """Say whether anybody may take it."""
        return self.status == FREE

    def is_booked(self) -> bool:
        """Say whether it is sold."""
        return self.status == BOOKED


class Read(NamedTuple):
    """An answer, read."""

    meaning: Meaning
    obstacles: list[Obstacle]
    detail: str = ""

    def outcome(self, status: int) -> Outcome:
        """Say it as the clients' log does."""
        if self.meaning is Meaning.DONE:
            return "ok"
        is_fault = self.meaning is Meaning.ODD and status >= HTTPStatus.INTERNAL_SERVER_ERROR
        return "unknown" if is_fault or self.meaning is Meaning.UNKNOWN else "refused"


_decode_refusal = msgspec.json.Decoder(_Refusal).decode
decode_infos = msgspec.json.Decoder(dict[str, ObjectInfo]).decode

_DONE = Read(Meaning.DONE, [])
_NOT_TAKEN = frozenset({"NOT_READY", "LOG_UNREACHABLE", "READ_MODEL_BEHIND"})
_TAKEN_BY_OTHERS = "ILLEGAL_STATUS_CHANGE"
_TIME_IS_OVER = "HOLD_TOKEN_NOT_FOUND"


def read_change(status: int, body: bytes) -> Read:
    """Read the answer to a hold or a booking."""
    if status < HTTPStatus.BAD_REQUEST:
        return _DONE
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Read(Meaning.LATER, [])
    try:
        refusal = _decode_refusal(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        refusal = _Refusal()
    codes = {error.code for error in refusal.errors}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return Read(Meaning.LATER if codes & _NOT_TAKEN else Meaning.UNKNOWN, [])
    if status == HTTPStatus.BAD_REQUEST and codes == {_TAKEN_BY_OTHERS}:
        return Read(Meaning.REFUSED, refusal.obstacles)
    detail = f"{status} {' '.join(sorted(codes))}".strip()
    is_ended = status == HTTPStatus.BAD_REQUEST and codes == {_TIME_IS_OVER}
    return Read(Meaning.ENDED if is_ended else Meaning.ODD, [], detail)
