"""Commands and their results, one to one.

Rules of this file:

1. The results of a partition stand in the order of its commands, so one number is all that has
   to be remembered.
2. A command that is older than its topic's retention is gone; its result still counts once.
"""

from adapters.ports import Span, TopicPartition
from schemas.outbox import Accepted, CommandAnswered
from schemas.rejections import Rejected
from seatlog.verify.journal import Entry
from seatlog.verify.report import Check, Report


class Results:
    """The results for one partition of a commands topic."""

    def __init__(self, commands: TopicPartition, span: Span, report: Report) -> None:
        self._commands = commands
        self._span = span
        self._report = report
        self._next = 0

    def take_in(self, entry: Entry) -> int | None:
        """Check whose result this is; give the offset of its command if it may still be there."""
        if not isinstance(entry.told, CommandAnswered):
            if entry.data.command is not None or entry.data.answer is not None:
                self._fault(entry.where, "answers a command, and is of another type")
            return None
        self._count(entry)
        command = entry.data.command
        if command is None or command.partition != self._commands.partition:
            self._fault(entry.where, f"answers {command}, which is not of {self._commands}")
            return None
        return self._place(command.offset, entry.where)

    def finish(self, *, allow_pending: bool) -> None:
        """Note what has no result at the end."""
        pending = self._span.end - max(self._next, self._span.begin)
        if pending > 0:
            self._report.counts.pending += pending
            if not allow_pending:
                self._fault(f"{self._commands} at {self._next}", _without(pending))

    def _place(self, offset: int, where: str) -> int | None:
        if offset >= self._span.end:
            ends = f"{self._commands} ends at {self._span.end}"
            self._fault(where, f"answers the command at {offset}, which does not exist: {ends}")
            return None
        if offset < self._next:
            self._fault(where, f"answers the command at {offset} a second time")
            return None
        if offset > self._next:
            first = f"{self._commands} at {self._next}"
            self._fault(first, f"{_without(offset - self._next)} before that of {offset}")
        self._next = offset + 1
        return offset if offset >= self._span.begin else None

    def _count(self, entry: Entry) -> None:
        counts = self._report.counts
        counts.results += 1
        match entry.data.answer:
            case Accepted(repeat=repeat):
                counts.accepted += 1
                counts.repeats += repeat
            case Rejected(code=code, repeat=repeat):
                self._report.rejections[code] += 1
                counts.repeats += repeat
            case None:
                self._fault(entry.where, "is a result without an answer")

    def _fault(self, where: str, what: str) -> None:
        self._report.fault(Check.RESULTS, where, what)


def _without(commands: int) -> str:
    return "this command has no result" if commands == 1 else f"{commands} commands have no result"
