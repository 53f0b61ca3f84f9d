"""Answers to commands with an idempotency key, kept for a while, so that a repeat gets the first.

Rules of this file:

1. A repeat changes nothing; its answer is the first one, marked as a repeat.
2. Answers are kept by partition time, so every replay forgets the same ones.
"""

from collections import deque
from typing import Any, NamedTuple

import msgspec

from engine.machine import Decision
from schemas.commands import Idempotency
from schemas.outbox import Accepted, Answer, Data
from schemas.rejections import Rejected, Rejection

answer_kept_ms = 15 * 60 * 1000


class _First(NamedTuple):
    at: int
    fingerprint: str
    answer: Answer
    facts: list[Any]


class FirstAnswers:
    """The first answers of the last 15 minutes, by command id."""

    __slots__ = ("_by_command", "_in_order")

    def __init__(self) -> None:
        self._by_command: dict[str, _First] = {}
        self._in_order: deque[tuple[int, str]] = deque()

    def repeat(self, asked: Idempotency | None, now: int) -> Decision[Any] | None:
        """Give the decision for a repeated command; None if this is the first of its key."""
        first = self._by_command.get(asked.command_id) if asked else None
        if asked is None or first is None:
            return None
        if first.at <= now - answer_kept_ms:
            return None  # the record of this very command makes `remember` forget it
        if first.fingerprint != asked.fingerprint:
            return Decision(Rejected(code=Rejection.IDEMPOTENCY_KEY_REUSED.code), [])
        if isinstance(first.answer, Accepted):
            return Decision(Accepted(repeat=True, first_facts=first.facts), [])
        return Decision(msgspec.structs.replace(first.answer, repeat=True), [])

    def remember(self, data: Data[Any]) -> None:
        """Take in a record: forget what is too old by its time, keep its answer if it has a key."""
        oldest = data.at - answer_kept_ms
        while self._in_order and self._in_order[0][0] <= oldest:
            del self._by_command[self._in_order.popleft()[1]]
        if data.command_id is None or data.answer is None or data.command_id in self._by_command:
            return
        self._by_command[data.command_id] = _First(
            data.at, data.fingerprint or "", data.answer, list(data.facts)
        )
        self._in_order.append((data.at, data.command_id))
