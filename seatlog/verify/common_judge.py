"""What must hold of the records of every owner, a seats owner's or a coordinator's."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import msgspec

from adapters.ports import LogRecord
from schemas.outbox import CommandAnswered, CommandDeferred
from schemas.rejections import Rejected, Rejection
from seatlog.verify import answers
from seatlog.verify.inputs import Inputs
from seatlog.verify.journal import Entry
from seatlog.verify.repeats import Repeats
from seatlog.verify.report import Check, Report
from seatlog.verify.results import Results


class Heard(NamedTuple):
    """What is common to all records, of one record."""

    passed: dict[str, tuple[int, int]]
    """The decisions passed: input -> [from, to)."""
    asked: Any = None
    """The command that it is about, if that is there and can be read."""
    was_deferred: bool = False


class CommonJudge:
    """Results one to one, positions, repeats, true answers."""

    def __init__(
        self,
        inputs: Inputs,
        results: Results,
        decode_command: Callable[[bytes], Any],
        report: Report,
    ) -> None:
        self.report = report
        self._inputs = inputs
        self._results = results
        self._decode_command = decode_command
        self._repeats = Repeats(report)

    def begin(self, entry: Entry, command: LogRecord | None) -> Heard:
        """Check what is common to all records."""
        reads = self._results.reads_command(entry)
        passed = self._inputs.advance(entry, reads_command=reads)
        offset = self._results.take_in(entry)
        is_about_command = isinstance(entry.told, (CommandAnswered, CommandDeferred))
        if not is_about_command:
            return Heard(passed)
        self._repeats.take_in(entry)
        if entry.data.answer is not None:
            self.say(entry, answers.shape_faults(entry.data.answer, entry.data.facts))
        if offset is None or command is None:
            return Heard(passed, was_deferred=not reads)
        if entry.data.at < command.timestamp:
            early = f"its time {entry.data.at} is before its command's, {command.timestamp}"
            self.report.fault(Check.TIME, entry.where, early)
        return Heard(passed, self._read(entry, command), not reads)

    def say(self, entry: Entry, faults: Iterable[str], check: Check = Check.ANSWERS) -> None:
        """Note faults of a record."""
        for what in faults:
            self.report.fault(check, entry.where, what)

    def finish(self, *, allow_pending: bool) -> None:
        """Check what can only be seen at the end."""
        self._results.finish(allow_pending=allow_pending)

    def _read(self, entry: Entry, record: LogRecord) -> Any:  # noqa: ANN401 - any command
        answer = entry.data.answer
        said_unreadable = (
            isinstance(answer, Rejected) and answer.code == Rejection.COMMAND_NOT_READABLE.code
        )
        try:
            command = self._decode_command(record.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError):
            command = None
        if (command is None) != said_unreadable:
            self.say(entry, ["whether its command can be read is otherwise than it says"])
        if command is not None and command.workspace != entry.workspace:
            odd = f"header workspace is {entry.workspace}, its command says {command.workspace}"
            self.say(entry, [odd], Check.LOG)
        if command is not None and answer is not None:
            keyed = command.idempotency.command_id if command.idempotency else None
            if keyed != entry.data.command_id:
                self.say(entry, [f"has command id {entry.data.command_id}, asked was {keyed}"])
        return command
