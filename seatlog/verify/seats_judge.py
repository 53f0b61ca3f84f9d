"""What must hold of a seats owner's records."""

from collections.abc import Iterable, Iterator
from typing import Any

from adapters.ports import LogRecord
from schemas.commands import (
    Change,
    ChangeBestAvailable,
    ChangeObjectStatus,
    ObjectChange,
    SeatsCommand,
    UpdateExtraData,
    decode_seats_command,
)
from schemas.facts import (
    CommandParked,
    EventCreated,
    GroupConfirmed,
    GroupQueued,
    GroupRefused,
    GroupReserved,
    GroupsFact,
    HoldExpired,
    PlannedChange,
    SeasonStatusOverridden,
    SeatsFact,
    StatusChanged,
)
from schemas.outbox import (
    Accepted,
    CommandAnswered,
    CommandDeferred,
    DecisionApplied,
    TimePassed,
    status_change_id,
)
from schemas.rejections import Rejected
from seatlog.verify import answers, overrides
from seatlog.verify.clients import Done, Told, Witness, group_command_id
from seatlog.verify.common_judge import CommonJudge, Heard
from seatlog.verify.directory import Directory
from seatlog.verify.groups import Groups
from seatlog.verify.inputs import Inputs
from seatlog.verify.journal import Entry
from seatlog.verify.objects import Fold
from seatlog.verify.parking import BUSY, Parking, Source, objects_of
from seatlog.verify.parts import Parts
from seatlog.verify.refusals import Position, refusal_faults
from seatlog.verify.report import Check, Report
from seatlog.verify.results import Results
from seatlog.verify.states import Moment
from seatlog.verify.taken import done_faults
from seatlog.verify.wishes import objects_chosen


class SeatsJudge:
    """Follows a seats owner's outbox partition."""

    def __init__(
        self,
        *,
        partition: int,
        fold: Fold,
        directory: Directory,
        groups: Groups,
        inputs: Inputs,
        results: Results,
        report: Report,
        witness: Witness | None,
    ) -> None:
        self.fold = fold
        self._partition = partition
        self._directory = directory
        self._groups = groups
        self._common = CommonJudge(inputs, results, decode_seats_command, report)
        self._parking = Parking(fold)
        self._parts = Parts(partition, groups, fold, self._parking, report)
        self._witness = witness
        self._chosen: dict[int | None, list[str]] = {}
        """What wishes with an idempotency key got, by the offset of the answer."""

    def take_in(self, entry: Entry, offset: int, command: LogRecord | None) -> None:
        """Check and fold a record."""
        heard = self._common.begin(entry, command)
        skipped, applied = self._directory.pass_by(
            self._partition, heard.passed, entry, self.fold.holds
        )
        for decision in skipped:
            self._parts.skip(decision.facts, entry)
        match entry.told:
            case CommandAnswered() | CommandDeferred():
                self._check_command(entry, offset, heard)
            case TimePassed():
                self._common.say(entry, _by_time_faults(entry.data.facts))
                self._check_overrides(entry, self._directory.coming(self._partition))
                self._parts.go_on(entry)
            case DecisionApplied():
                self._check_overrides(entry, entry.data.facts)
        decided = applied.of_groups if applied is not None else []
        self._tell_of_groups(decided, offset)
        planned = self._parts.apply(decided, entry)
        self._fold(entry, offset, planned)

    def finish(self, *, allow_pending: bool) -> None:
        """Check what can only be seen at the end."""
        self._common.finish(allow_pending=allow_pending)

    def _fold(self, entry: Entry, offset: int, planned: list[PlannedChange]) -> None:
        by_time = isinstance(entry.told, TimePassed)
        for index, fact in enumerate(entry.data.facts):
            change_id = status_change_id(self._partition, offset, index)
            plan = planned[index] if index < len(planned) else None
            moment = Moment(entry.where, entry.data.at, change_id, by_time, plan)
            if entry.data.command is None:
                self._check_workspace(entry, fact)
            self.fold.apply(fact, moment)
        self.fold.end_record(entry.where)

    def _check_workspace(self, entry: Entry, fact: SeatsFact) -> None:
        event = self.fold.events.get(getattr(fact, "event", -1))
        of = fact.workspace if isinstance(fact, EventCreated) else event and event.workspace
        if of is not None and of != entry.workspace:
            odd = f"header workspace is {entry.workspace}, its event is of {of}"
            self._common.say(entry, [odd], Check.LOG)

    def _check_overrides(self, entry: Entry, decided: Iterable[Any]) -> None:
        faults = overrides.unasked_faults(entry.data.facts, decided, self.fold)
        self._common.say(entry, faults, Check.SEATS)

    def _check_command(self, entry: Entry, offset: int, heard: Heard) -> None:
        at = entry.data.at
        self.fold.holds.check_due(at, entry.where)
        if not heard.was_deferred:
            self._common.say(entry, self._parking.overdue(at), Check.DOUBT)
        if entry.data.command is None:
            return
        source = Source("command", entry.data.command.offset)
        if isinstance(entry.told, CommandDeferred):
            self._park(entry, source, heard.asked)
            return
        parked = self._parking.parked(source.number)
        asked = heard.asked if parked is None else parked.command
        if asked is not None:
            self._check_answer(entry, asked, source)
            self._tell_witness(entry, asked, source.number, offset)
        self._parking.leave(source)

    def _park(self, entry: Entry, source: Source, asked: SeatsCommand | None) -> None:
        parked = [fact for fact in entry.data.facts if isinstance(fact, CommandParked)]
        if len(parked) != 1 or len(entry.data.facts) != 1:
            self._common.say(entry, [f"defers a command, and has {entry.data.facts}"], Check.DOUBT)
            return
        [fact] = parked
        self._common.report.counts.commands_parked += 1
        if fact.asked.command != entry.data.command:
            self._common.say(entry, ["parks another command than it has read"], Check.DOUBT)
        elif asked is not None:
            self._common.say(entry, answers.parked_faults(asked, fact, self.fold), Check.DOUBT)
        faults = self._parking.park(source, objects_of(fact.command), fact)
        self._common.say(entry, faults, Check.DOUBT)

    def _check_answer(self, entry: Entry, asked: SeatsCommand, source: Source) -> None:
        answer, objects = entry.data.answer, objects_of(asked)
        code = answer.code if isinstance(answer, Rejected) else None
        patience = self._parking.patience_faults(source.number, code, entry.data.at)
        self._common.say(entry, patience, Check.DOUBT)
        match answer:
            case Accepted(repeat=False):
                faults = answers.seats_done_faults(asked, entry.data.facts, self.fold)
                self._common.say(entry, faults)
                if isinstance(asked, ChangeObjectStatus):
                    otherwise = overrides.asked_faults(asked, entry.data.facts, self.fold)
                    self._common.say(entry, otherwise)
                if not isinstance(asked, UpdateExtraData):
                    not_offered = done_faults(asked, entry.data.facts, self.fold)
                    self._common.say(entry, not_offered, Check.OFFERS)
                if isinstance(asked, ChangeBestAvailable):
                    objects = objects_chosen(entry.data.facts)
                overtaken = self._parking.overtaking_faults(source, objects)
                self._common.say(entry, overtaken, Check.ORDER)
            case Rejected(repeat=False):
                position = Position(self.fold, self._parking, source, entry.data.at)
                self._common.say(entry, refusal_faults(asked, answer, position))
                if code == BUSY and self._parking.parked(source.number) is None:
                    self._common.say(entry, self._parking.busy_faults(source, objects))

    def _tell_witness(self, entry: Entry, asked: SeatsCommand, command: int, offset: int) -> None:
        if self._witness is None or isinstance(asked, UpdateExtraData):
            return
        told: Told = "ok" if isinstance(entry.data.answer, Accepted) else "refused"
        done = Done(f"e-{self._partition}-{command}", self._partition, offset, told)
        if isinstance(asked, ChangeBestAvailable):
            self._witness(self._change_made(asked, entry), done)
            return
        for change in asked.changes:
            self._witness(change, done)

    def _change_made(self, wish: ChangeBestAvailable, entry: Entry) -> Change:
        """Give what became of a wish as if it had named its objects."""
        labels = [label for _, label in objects_chosen(entry.data.facts)]
        if entry.data.answer is not None and entry.data.answer.repeat:
            labels = self._chosen.get(entry.data.answer.first_offset, [])
        elif entry.data.command_id is not None:
            self._chosen[entry.data.offset] = labels
        chosen = [ObjectChange(label=label) for label in labels]
        return Change(event=wish.event, status=wish.status, objects=chosen, hold=wish.hold)

    def _tell_of_groups(self, decided: list[GroupsFact], offset: int) -> None:
        for fact in decided if self._witness is not None else ():
            group = self._groups.find(fact.group) if isinstance(fact, GroupConfirmed) else None
            if group is not None and self._witness is not None:
                name = group_command_id(group.begun.asked.command)
                done = Done(name, self._partition, offset, "ok")
                for change in group.changes(self._partition):
                    self._witness(change, done)


def _by_time_faults(facts: list[SeatsFact]) -> Iterator[str]:
    """Name what time alone does not bring about."""
    for fact in facts:
        is_expiry = isinstance(fact, HoldExpired) or (
            isinstance(fact, StatusChanged) and fact.origin.type == "HOLD_EXPIRED"
        )
        others = (GroupReserved, GroupRefused, GroupQueued, SeasonStatusOverridden)
        if not is_expiry and not isinstance(fact, others):
            yield f"time alone brought about {fact}"
