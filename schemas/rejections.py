"""The refusals: every reason for which a command is turned down, in order of precedence.

Rules of this file:

1. A refusal is a value in the answer, never an exception.
2. Codes are stable for ever: new ones are added where their precedence belongs, none is renamed,
   reused or taken away. Where several apply, the one that stands first here is the answer.
3. Each says whether the same command, sent again unchanged, can be done: not that it should be, at
   once. Most wait for others, who release a seat or give an event its key back. What must happen is
   in docs/guarantees.md, for each; tests/engine/test_sent_again.py lets it happen.
"""

from enum import Enum
from typing import NamedTuple

import msgspec


class Retry(Enum):
    """Whether the same command, sent again unchanged, can be done."""

    NEVER = "never"
    """No: nothing that can happen changes what refuses it."""
    LATER = "later"
    """Yes, after others have changed something, or after some time."""


class _Row(NamedTuple):
    code: str
    retry: Retry


class Rejection(Enum):
    """A reason for a refusal; the value carries its code on the wire and its retry class."""

    COMMAND_NOT_READABLE = _Row("COMMAND_NOT_READABLE", Retry.NEVER)
    COMMAND_FAILED = _Row("COMMAND_FAILED", Retry.LATER)
    COMMAND_TOO_LARGE = _Row("COMMAND_TOO_LARGE", Retry.LATER)
    SELLING_TOO_LARGE = _Row("SELLING_TOO_LARGE", Retry.LATER)
    IDEMPOTENCY_KEY_IN_USE = _Row("IDEMPOTENCY_KEY_IN_USE", Retry.LATER)
    IDEMPOTENCY_KEY_REUSED = _Row("IDEMPOTENCY_KEY_REUSED", Retry.LATER)
    EVENT_NOT_FOUND = _Row("EVENT_NOT_FOUND", Retry.LATER)
    EVENT_KEY_TAKEN = _Row("EVENT_KEY_TAKEN", Retry.LATER)
    NOT_A_SEASON = _Row("NOT_A_SEASON", Retry.LATER)
    EVENT_NOT_IN_SEASON = _Row("EVENT_NOT_IN_SEASON", Retry.LATER)
    CHART_OF_SEASON = _Row("CHART_OF_SEASON", Retry.LATER)
    TABLES_OF_SEASON = _Row("TABLES_OF_SEASON", Retry.LATER)
    OVERRIDE_IN_A_GROUP = _Row("OVERRIDE_IN_A_GROUP", Retry.NEVER)
    CHANNEL_NOT_FOUND = _Row("CHANNEL_NOT_FOUND", Retry.LATER)
    CHANNEL_KEY_TAKEN = _Row("CHANNEL_KEY_TAKEN", Retry.LATER)
    TOO_MANY_CHANNELS = _Row("TOO_MANY_CHANNELS", Retry.LATER)
    FOR_SALE_EDITS_USED_UP = _Row("FOR_SALE_EDITS_USED_UP", Retry.LATER)
    HOLD_TOKEN_MISSING = _Row("HOLD_TOKEN_MISSING", Retry.NEVER)
    HOLD_TOKEN_EXPIRED = _Row("HOLD_TOKEN_EXPIRED", Retry.NEVER)
    HOLD_DEADLINE_TOO_FAR = _Row("HOLD_DEADLINE_TOO_FAR", Retry.LATER)
    OBJECT_NOT_FOUND = _Row("OBJECT_NOT_FOUND", Retry.LATER)
    QUANTITY_ON_A_SEAT = _Row("QUANTITY_ON_A_SEAT", Retry.LATER)
    TAKEN_IN_SEASON = _Row("TAKEN_IN_SEASON", Retry.LATER)
    OBJECT_NOT_FOR_SALE = _Row("OBJECT_NOT_FOR_SALE", Retry.LATER)
    OBJECT_OF_ANOTHER_CHANNEL = _Row("OBJECT_OF_ANOTHER_CHANNEL", Retry.LATER)
    CHANNELS_DIFFER = _Row("CHANNELS_DIFFER", Retry.LATER)
    STATUS_NOT_ALLOWED = _Row("STATUS_NOT_ALLOWED", Retry.LATER)
    STATUS_REJECTED = _Row("STATUS_REJECTED", Retry.LATER)
    HELD_BY_ANOTHER_TOKEN = _Row("HELD_BY_ANOTHER_TOKEN", Retry.LATER)
    OVERRIDE_IN_USE = _Row("OVERRIDE_IN_USE", Retry.LATER)
    OBJECT_NOT_FREE = _Row("OBJECT_NOT_FREE", Retry.LATER)
    TABLE_TAKEN = _Row("TABLE_TAKEN", Retry.LATER)
    TOO_MANY_STATUSES_IN_AREA = _Row("TOO_MANY_STATUSES_IN_AREA", Retry.LATER)
    NOT_ENOUGH_PLACES = _Row("NOT_ENOUGH_PLACES", Retry.LATER)
    NOT_ENOUGH_TAKEN_PLACES = _Row("NOT_ENOUGH_TAKEN_PLACES", Retry.LATER)
    BEST_AVAILABLE_OBJECTS_NOT_FOUND = _Row("BEST_AVAILABLE_OBJECTS_NOT_FOUND", Retry.LATER)
    BUSY_IN_DOUBT = _Row("BUSY_IN_DOUBT", Retry.LATER)

    @property
    def code(self) -> str:
        """The stable name of the reason on the wire."""
        return self.value.code

    @property
    def retry(self) -> Retry:
        """Whether the same command, sent again unchanged, can be done."""
        return self.value.retry

    @property
    def precedence(self) -> int:
        """The place in the order of this file: the lowest of several reasons is the answer."""
        return _PRECEDENCE[self]


_PRECEDENCE = {rejection: place for place, rejection in enumerate(Rejection)}
NOT_KEPT = (
    Rejection.COMMAND_FAILED.code,
    Rejection.BUSY_IN_DOUBT.code,
    Rejection.FOR_SALE_EDITS_USED_UP.code,
)
"""No first answers to an idempotency key: the same request may be sent again with it."""
BY_CODE = {rejection.code: rejection for rejection in Rejection}


class Obstacle(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One object that stood in the way of a command."""

    event: int
    label: str
    code: str
    """Why: a code of this file."""
    status: str | None = None
    """The object's status at that moment."""
    requested_status: str | None = None
    """The status that it was to get; absent where none was asked for."""


class Rejected(msgspec.Struct, tag="Rejected.v1", kw_only=True, frozen=True, omit_defaults=True):
    """The command was refused and changed nothing."""

    code: str
    """The foremost reason: a code of this file."""
    detail: str | None = None
    """What the reason is about, where no object is: an event key, a status, a token."""
    obstacles: list[Obstacle] = []
    """The objects that stood in the way, in the order of the command; of a group over several
    partitions one partition after the other."""
    obstacles_left_out: int = 0
    """How many more there were, past what a record can tell."""
    repeat: bool = False
    """True if a command with this idempotency key was there before."""
    first_offset: int | None = None
    """On a repeat of an answer: where the first stands in this outbox, whole; here is its code."""
