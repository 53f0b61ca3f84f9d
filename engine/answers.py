"""Answers to commands with an idempotency key, kept for a while, so that a repeat gets the first.

Rules of this file:

1. A repeat changes nothing; its answer is the first one, marked as a repeat.
2. Answers are kept by partition time, so every replay forgets the same ones.
3. While a command is deferred its key is in use: a repeat is refused, and may be sent again.
4. What is kept of an answer is where it stands in the outbox: its facts, or the obstacles of a
   refusal, may fill a whole record.
"""

from collections import deque
from typing import Any, NamedTuple

import msgspec

from engine.machine import Decision
from schemas.commands import Idempotency
from schemas.outbox import Accepted, Answer, Data
from schemas.rejections import NOT_KEPT, Rejected, Rejection

answer_kept_ms = 15 * 60 * 1000


class _First(NamedTuple):
    at: int
    fingerprint: str
    again: Answer
    """What a repeat is told."""


class AnswersSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first answers as a snapshot keeps them."""

    by_command: dict[str, _First]
    """The earliest first."""
    deferred: dict[str, str]


class FirstAnswers:
    """The first answers of the last 15 minutes, by command id."""

    __slots__ = ("_by_command", "_deferred", "_in_order")

    def __init__(self) -> None:
        self._by_command: dict[str, _First] = {}
        self._in_order: deque[tuple[int, str]] = deque()
        self._deferred: dict[str, str] = {}
        """The fingerprints of the deferred commands, by command id."""

    def snapshot(self) -> AnswersSnapshot:
        """Say all that is known."""
        return AnswersSnapshot(self._by_command, self._deferred)

    def restore(self, kept: AnswersSnapshot) -> None:
        """Learn all that was known."""
        self._by_command.update(kept.by_command)
        self._in_order.extend((first.at, id_) for id_, first in kept.by_command.items())
        self._deferred.update(kept.deferred)

    def defer(self, asked: Idempotency | None) -> None:
        """Note that the answer to a command comes later."""
        if asked is not None:
            self._deferred[asked.command_id] = asked.fingerprint

    def repeat(self, asked: Idempotency | None, now: int) -> Decision[Any] | None:
        """Give the decision for a repeated command; None if this is the first of its key."""
        if asked is None:
            return None
        deferred = self._deferred.get(asked.command_id)
        if deferred is not None:
            is_same = deferred == asked.fingerprint
            why = Rejection.IDEMPOTENCY_KEY_IN_USE if is_same else Rejection.IDEMPOTENCY_KEY_REUSED
            return Decision(Rejected(code=why.code, repeat=True), [])
        first = self._by_command.get(asked.command_id)
        if first is None or first.at <= now - answer_kept_ms:
            return None  # the record of this very command makes `remember` forget an old one
        if first.fingerprint != asked.fingerprint:
            return Decision(Rejected(code=Rejection.IDEMPOTENCY_KEY_REUSED.code), [])
        return Decision(first.again, [])

    def remember(self, data: Data[Any]) -> None:
        """Take in a record: forget what is too old by its time, keep its answer if it has a key."""
        oldest = data.at - answer_kept_ms
        while self._in_order and self._in_order[0][0] <= oldest:
            del self._by_command[self._in_order.popleft()[1]]
        if data.command_id is None or data.answer is None or data.command_id in self._by_command:
            return
        if data.answer.repeat:
            return  # the answer to the deferred command itself is still to come
        self._deferred.pop(data.command_id, None)
        if isinstance(data.answer, Rejected) and data.answer.code in NOT_KEPT:
            return  # it may be asked again, with the same key
        again = _again(data.answer, data.offset)
        self._by_command[data.command_id] = _First(data.at, data.fingerprint or "", again)
        self._in_order.append((data.at, data.command_id))


def _again(first: Answer, offset: int) -> Answer:
    if isinstance(first, Accepted):
        return Accepted(repeat=True, first_offset=offset)
    return Rejected(code=first.code, repeat=True, first_offset=offset)
