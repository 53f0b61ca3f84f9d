"""Brings commands and outbox records together, in whatever turns the two topics are read."""

from collections import deque
from typing import Protocol

from adapters.ports import LogRecord, Span, TopicPartition
from schemas.outbox import CommandAnswered, CommandDeferred
from seatlog.verify.journal import Entry, Journal
from seatlog.verify.kept import Answered
from seatlog.verify.report import Check, Report
from seatlog.verify.snapshots import NewestSnapshot


class Judge(Protocol):
    """What follows the records of one outbox partition."""

    def take_in(self, entry: Entry, offset: int, command: LogRecord | None) -> None:
        """Check and fold a record; `command` is what it is about, if that is still there."""
        ...

    def finish(self, *, allow_pending: bool) -> None:
        """Check what can only be seen at the end."""
        ...


class Pair:
    """A partition of a commands topic and the outbox partition with its results."""

    def __init__(
        self,
        commands: TopicPartition,
        span: Span,
        journal: Journal,
        judge: Judge,
        report: Report,
        *,
        snapshot: NewestSnapshot,
        answered: Answered | None,
    ) -> None:
        self._commands = commands
        self._span = span
        self._journal = journal
        self._judge = judge
        self._snapshot = snapshot
        self._answered = answered
        self._report = report
        self._unanswered: dict[int, LogRecord] = {}
        self._next_command = span.begin
        self._waiting: deque[tuple[int, Entry]] = deque()

    def take_command(self, record: LogRecord) -> None:
        """Keep a command until its result comes."""
        if record.offset != self._next_command:
            self._miss(self._commands, self._next_command, record.offset)
        self._next_command = record.offset + 1
        self._report.counts.commands += 1
        self._unanswered[record.offset] = record
        self._judge_waiting()

    def take_told(self, record: LogRecord) -> None:
        """Judge an outbox record as soon as the command that it answers was read."""
        entry = self._journal.read(record)
        if entry is not None:
            if self._answered is not None:
                self._answered.take_in(entry)
            self._waiting.append((record.offset, entry))
            self._judge_waiting()

    def finish(self, outbox_end: int, *, allow_pending: bool) -> None:
        """Judge what is left."""
        if self._next_command != self._span.end:
            self._miss(self._commands, self._next_command, self._span.end)
        if self._journal.next_offset != outbox_end:
            self._miss(self._journal.partition, self._journal.next_offset, outbox_end)
        self._next_command = self._span.end
        self._judge_waiting()
        self._judge.finish(allow_pending=allow_pending)
        self._snapshot.finish()

    def _judge_waiting(self) -> None:
        while self._waiting and self._is_ready(self._waiting[0][1]):
            offset, entry = self._waiting.popleft()
            asked = _asked(entry)
            command = None if asked is None else self._unanswered.get(asked)
            if asked is not None and isinstance(entry.told, CommandAnswered):
                self._unanswered.pop(asked, None)
            self._judge.take_in(entry, offset, command)
            self._snapshot.compare(entry)

    def _is_ready(self, entry: Entry) -> bool:
        asked = _asked(entry)
        return asked is None or asked < self._next_command or asked >= self._span.end

    def _miss(self, partition: TopicPartition, read: int, end: int) -> None:
        self._report.fault(
            Check.LOG, str(partition), f"was read up to {read}, and goes on at {end}"
        )


def _asked(entry: Entry) -> int | None:
    if entry.data.command is None:
        return None
    if not isinstance(entry.told, (CommandAnswered, CommandDeferred)):
        return None
    return entry.data.command.offset
