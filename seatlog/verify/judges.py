"""The two judges: what must hold of a seats owner's records, and of a coordinator's."""

from collections.abc import Callable
from typing import Any

import msgspec

from adapters.ports import LogRecord
from schemas.commands import (
    Change,
    ChangeObjectStatus,
    decode_groups_command,
    decode_seats_command,
)
from schemas.facts import HoldExpired, StatusChanged
from schemas.outbox import Accepted, CommandAnswered, TimePassed, status_change_id
from schemas.rejections import Rejected, Rejection
from seatlog.verify import answers
from seatlog.verify.clients import Told
from seatlog.verify.directory import Directory
from seatlog.verify.inputs import Inputs
from seatlog.verify.journal import Entry
from seatlog.verify.objects import Fold, Moment
from seatlog.verify.repeats import Repeats
from seatlog.verify.report import Check, Report
from seatlog.verify.results import Results

Witness = Callable[[Change, int, Told], None]
"""Hears of each change that was asked for: the change, and its command's offset and outcome."""


class _Common:
    """What holds of every owner: results one to one, positions, repeats, true answers."""

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

    def begin(
        self, entry: Entry, command: LogRecord | None
    ) -> tuple[dict[str, tuple[int, int]], Any]:
        """Check what is common; give the decisions passed, and the command if it can be read."""
        passed = self._inputs.advance(entry)
        offset = self._results.take_in(entry)
        if not isinstance(entry.told, CommandAnswered) or entry.data.answer is None:
            return passed, None
        self._repeats.take_in(entry)
        self.say(entry, answers.shape_faults(entry.data.answer, entry.data.facts))
        if offset is None or command is None:
            return passed, None
        if entry.data.at < command.timestamp:
            early = f"its time {entry.data.at} is before its command's, {command.timestamp}"
            self.report.fault(Check.TIME, entry.where, early)
        return passed, self._read(entry, command)

    def say(self, entry: Entry, faults: Any) -> None:  # noqa: ANN401 - any iterable of str
        for what in faults:
            self.report.fault(Check.ANSWERS, entry.where, what)

    def finish(self, *, allow_pending: bool) -> None:
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
        if command is not None:
            keyed = command.idempotency.command_id if command.idempotency else None
            if keyed != entry.data.command_id:
                self.say(entry, [f"has command id {entry.data.command_id}, asked was {keyed}"])
        return command


class SeatsJudge:
    """Follows a seats owner's outbox partition."""

    def __init__(
        self,
        *,
        partition: int,
        fold: Fold,
        directory: Directory,
        inputs: Inputs,
        results: Results,
        report: Report,
        witness: Witness | None,
    ) -> None:
        self.fold = fold
        self._partition = partition
        self._directory = directory
        self._common = _Common(inputs, results, decode_seats_command, report)
        self._witness = witness

    def take_in(self, entry: Entry, offset: int, command: LogRecord | None) -> None:
        """Check and fold a record."""
        passed, asked = self._common.begin(entry, command)
        self._directory.pass_by(self._partition, passed, entry, self.fold.holds)
        if isinstance(entry.told, CommandAnswered):
            self.fold.holds.check_due(entry.data.at, entry.where)
            if asked is not None:
                self._check_answer(entry, asked)
                self._tell_witness(entry, asked)
        self._check_kind(entry)
        by_time = isinstance(entry.told, TimePassed)
        for index, fact in enumerate(entry.data.facts):
            change_id = status_change_id(self._partition, offset, index)
            self.fold.apply(fact, Moment(entry.where, entry.data.at, change_id, by_time))

    def finish(self, *, allow_pending: bool) -> None:
        """Check what can only be seen at the end."""
        self._common.finish(allow_pending=allow_pending)

    def _check_answer(self, entry: Entry, asked: Any) -> None:  # noqa: ANN401 - any command
        match entry.data.answer:
            case Accepted(repeat=False):
                faults = answers.seats_done_faults(asked, entry.data.facts, self.fold)
                self._common.say(entry, faults)
            case Rejected(repeat=False, code=code, obstacles=obstacles):
                faults = answers.refusal_faults(asked, code, obstacles, self.fold)
                self._common.say(entry, faults)

    def _check_kind(self, entry: Entry) -> None:
        """Check that the facts are such as this type of record brings about."""
        if isinstance(entry.told, TimePassed):
            for fact in entry.data.facts:
                expiry = isinstance(fact, HoldExpired) or (
                    isinstance(fact, StatusChanged) and fact.origin.type == "HOLD_EXPIRED"
                )
                if not expiry:
                    self._common.say(entry, [f"time alone brought about {fact}"])

    def _tell_witness(self, entry: Entry, asked: Any) -> None:  # noqa: ANN401 - any command
        command = entry.data.command
        if self._witness is None or command is None or not isinstance(asked, ChangeObjectStatus):
            return
        outcome: Told = "ok" if isinstance(entry.data.answer, Accepted) else "refused"
        for change in asked.changes:
            self._witness(change, command.offset, outcome)


class GroupsJudge:
    """Follows a coordinator's outbox partition."""

    def __init__(
        self,
        *,
        source: str,
        directory: Directory,
        inputs: Inputs,
        results: Results,
        report: Report,
    ) -> None:
        self._source = source
        self._directory = directory
        self._common = _Common(inputs, results, decode_groups_command, report)

    def take_in(self, entry: Entry, offset: int, command: LogRecord | None) -> None:
        """Check and fold a record."""
        _, asked = self._common.begin(entry, command)
        answer = entry.data.answer
        if asked is not None and isinstance(answer, Accepted) and not answer.repeat:
            self._common.say(entry, answers.groups_done_faults(asked, entry.data.facts))
        if entry.data.facts and not isinstance(entry.told, CommandAnswered):
            self._common.say(entry, ["a coordinator decided something that nobody asked for"])
        self._directory.take_in(self._source, offset, entry)

    def finish(self, *, allow_pending: bool) -> None:
        """Check what can only be seen at the end."""
        self._common.finish(allow_pending=allow_pending)
