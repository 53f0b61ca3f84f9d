"""Idempotency keys: a repeated command changes nothing and gets its first answer."""

from collections import deque
from typing import Any, NamedTuple

from schemas.commands import CommandPosition
from schemas.facts import CommandParked, GroupBegun
from schemas.outbox import Answer, Data
from schemas.rejections import NOT_KEPT, Rejected, Rejection
from seatlog.verify.journal import Entry
from seatlog.verify.report import Check, Report

answers_kept_ms = 15 * 60 * 1000
"""An owner keeps the first answer for this long; after it, the same key may be done anew."""


class _First(NamedTuple):
    where: str
    at: int
    fingerprint: str | None
    offset: int
    code: str | None
    """Of a refusal."""


class Repeats:
    """The first answers of one partition, as long as they must be given again."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._first: dict[str, _First] = {}
        self._in_order: deque[tuple[int, str]] = deque()
        self._deferred: dict[str, CommandPosition] = {}
        """Commands whose answers are still to come, by command id."""

    def take_in(self, entry: Entry) -> None:
        """Check the answer to a command with an idempotency key."""
        data = entry.data
        if data.answer is None:
            for fact in data.facts:
                if isinstance(fact, (CommandParked, GroupBegun)) and fact.asked.idempotency:
                    self._deferred[fact.asked.idempotency.command_id] = fact.asked.command
            return
        if self._meets_deferred(entry.where, data, data.answer):
            return
        self._forget(data.at - answers_kept_ms)
        first = self._first.get(data.command_id) if data.command_id is not None else None
        if first is not None:
            self._compare(entry.where, data, data.answer, first)
        elif data.command_id is not None and not data.answer.repeat:
            self._remember(entry.where, data, data.command_id)
        elif data.answer.repeat:
            self._fault(entry.where, "repeats an answer, and its idempotency key has none")

    def _meets_deferred(self, where: str, data: Data[Any], answer: Answer) -> bool:
        """Check a repeat of a command that is deferred, which is refused until its answer."""
        in_use = Rejection.IDEMPOTENCY_KEY_IN_USE.code
        first = self._deferred.get(data.command_id or "")
        if first == data.command:
            self._deferred.pop(data.command_id or "", None)
        elif first is not None:
            if _code(answer) not in (in_use, Rejection.IDEMPOTENCY_KEY_REUSED.code):
                self._fault(where, f"is under the key of {first}, which has no answer yet")
            return True
        if _code(answer) == in_use:
            self._fault(where, "says that its key is in use, and no command under it is deferred")
            return True
        return False

    def _compare(self, where: str, data: Data[Any], answer: Answer, first: _First) -> None:
        if data.fingerprint != first.fingerprint:
            if _code(answer) != Rejection.IDEMPOTENCY_KEY_REUSED.code:
                self._fault(where, f"is another command under the key of {first.where}")
        elif not answer.repeat:
            self._fault(where, f"does again what was answered in {first.where}")
        elif (answer.first_offset, _code(answer)) != (first.offset, first.code):
            self._fault(where, f"repeats {first.where}, and its answer is another")

    def _remember(self, where: str, data: Data[Any], command_id: str) -> None:
        assert data.answer is not None
        if _code(data.answer) in NOT_KEPT:
            return
        code = _code(data.answer)
        self._first[command_id] = _First(where, data.at, data.fingerprint, data.offset, code)
        self._in_order.append((data.at, command_id))

    def _forget(self, until: int) -> None:
        while self._in_order and self._in_order[0][0] <= until:
            self._first.pop(self._in_order.popleft()[1], None)

    def _fault(self, where: str, what: str) -> None:
        self._report.fault(Check.ANSWERS, where, what)


def _code(answer: Answer) -> str | None:
    return answer.code if isinstance(answer, Rejected) else None
