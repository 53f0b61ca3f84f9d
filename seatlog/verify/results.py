"""Commands and their results, one to one.

Rules of this file:

1. The commands of a partition are read in their order, so one number is all that has to be
   remembered of those with a result. A deferred one is remembered until its result comes.
2. A command that is older than its topic's retention is gone; its result still counts once.
"""

from adapters.ports import Span, TopicPartition
from schemas.outbox import Accepted, CommandAnswered, CommandDeferred
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
        self._deferred: dict[int, str] = {}
        """Where each command was deferred whose result has not come."""

    def take_in(self, entry: Entry) -> int | None:
        """Check whose result this is; give the offset of its command if it may still be there."""
        if isinstance(entry.told, CommandDeferred):
            return self._defer(entry)
        if not isinstance(entry.told, CommandAnswered):
            if entry.data.command is not None or entry.data.answer is not None:
                self._fault(entry.where, "answers a command, and is of another type")
            return None
        self._count(entry)
        command = entry.data.command
        if command is None or command.partition != self._commands.partition:
            self._fault(entry.where, f"answers {command}, which is not of {self._commands}")
            return None
        if self._deferred.pop(command.offset, None) is not None:
            return command.offset if command.offset >= self._span.begin else None
        return self._place(command.offset, entry.where)

    def reads_command(self, entry: Entry) -> bool:
        """Say whether a record is about a command that no record before it was about."""
        command = entry.data.command
        if isinstance(entry.told, CommandAnswered):
            return command is None or command.offset not in self._deferred
        return isinstance(entry.told, CommandDeferred)

    def finish(self, *, allow_pending: bool) -> None:
        """Note what has no result at the end."""
        pending = self._span.end - max(self._next, self._span.begin)
        if pending > 0:
            self._report.counts.pending += pending
            if not allow_pending:
                self._fault(f"{self._commands} at {self._next}", _without(pending))
        self._report.counts.pending += len(self._deferred)
        for offset, where in self._deferred.items() if not allow_pending else ():
            self._fault(f"{self._commands} at {offset}", f"was deferred by {where}, no result came")

    def _defer(self, entry: Entry) -> int | None:
        command = entry.data.command
        if entry.data.answer is not None:
            self._fault(entry.where, "defers a command, and answers it")
        if command is None or command.partition != self._commands.partition:
            self._fault(entry.where, f"defers {command}, which is not of {self._commands}")
            return None
        before = self._next
        offset = self._place(command.offset, entry.where)
        if self._next > before:
            self._deferred[command.offset] = entry.where
        return offset

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
