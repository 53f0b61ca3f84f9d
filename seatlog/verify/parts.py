"""What the owner of one partition makes of groups: its parts, from their beginning to their end.

Rules of this file:

1. An owner says something about every part, in the order of the coordinator. A queued part is
   reserved or refused later, by time.
2. What is reserved is what was asked for. With the decision, a confirmed group's part is applied
   just as it was reserved (but for events that were deleted in between), a cancelled one's not.
3. A hold counts when the part is reserved: after it, its deadline does not matter to the group.

Why no search for cycles among commands and groups is needed. In each partition, who shares an
object with an earlier one is served after it (parking.py; reservations are exclusive). So all
edges of the graph follow the order of arrival there. Groups that could meet arrive in every
partition in the order of their one coordinator (checked here), and a command that is no group has
one partition only. So a path that leaves a group and comes to another goes forward in the
coordinator's order, and a cycle cannot be. What an area serves beside a reservation commutes with
it: its places are others.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from schemas.commands import Change, ChangeObjectStatus
from schemas.facts import (
    GroupBegun,
    GroupCancelled,
    GroupConfirmed,
    GroupEnded,
    GroupQueued,
    GroupRefused,
    GroupReserved,
    GroupsFact,
    PlannedChange,
    StatusChanged,
)
from schemas.rejections import Rejected
from schemas.votes import QUEUED, REFUSED, RESERVED, Verdict
from seatlog.verify.answers import done_by, wanted_of
from seatlog.verify.groups import Group, Groups
from seatlog.verify.journal import Entry
from seatlog.verify.objects import Fold
from seatlog.verify.parking import BUSY, Parking, Source, objects_of
from seatlog.verify.refusals import Position, refusal_faults
from seatlog.verify.report import Check, Report
from seatlog.verify.taken import reserved_faults

Statement = GroupReserved | GroupRefused | GroupQueued
_STATEMENTS = (GroupReserved, GroupRefused, GroupQueued)


class _Part(NamedTuple):
    verdict: Verdict
    changes: list[PlannedChange]


class Parts:
    """The groups in doubt in one partition."""

    def __init__(
        self, partition: int, groups: Groups, fold: Fold, parking: Parking, report: Report
    ) -> None:
        self._partition = partition
        self._groups = groups
        self._fold = fold
        self._parking = parking
        self._report = report
        self._parts: dict[int, _Part] = {}

    def apply(self, decided: Sequence[GroupsFact], entry: Entry) -> list[PlannedChange]:
        """Check what a coordinator's facts have brought about; give the changes now due."""
        planned: list[PlannedChange] = []
        for fact in decided:
            match fact:
                case GroupBegun():
                    self._begin(fact, entry)
                case GroupConfirmed() | GroupCancelled():
                    planned += self._end(fact, entry)
        return planned

    def skip(self, decided: Sequence[GroupsFact], entry: Entry) -> None:
        """Forget what an owner has passed by: that it has is a fault of its own."""
        for fact in decided:
            if isinstance(fact, (GroupConfirmed, GroupCancelled)):
                self._forget(fact.group, entry)

    def go_on(self, entry: Entry) -> None:
        """Take in what a record of time says about parts that were queued."""
        for fact in entry.data.facts:
            if isinstance(fact, _STATEMENTS):
                part = self._parts.get(fact.group)
                if part is None or part.verdict != QUEUED or isinstance(fact, GroupQueued):
                    was = "not begun" if part is None else part.verdict
                    self._fault(entry, f"{_named(fact)} by time, and it was {was}")
                self._say(fact, entry)

    def _begin(self, begun: GroupBegun, entry: Entry) -> None:
        said = [fact for fact in entry.data.facts if isinstance(fact, _STATEMENTS)]
        if len(said) != 1 or len(entry.data.facts) != 1:
            self._fault(entry, f"says about group {begun.group}: {entry.data.facts}")
        for fact in said:
            if fact.group != begun.group:
                odd = f"{_named(fact)}, and by the coordinator's order it is {begun.group}'s turn"
                self._report.fault(Check.ORDER, entry.where, odd)
            if fact.group in self._parts:
                self._fault(entry, f"{_named(fact)}, which it has begun before")
            self._say(fact, entry)

    def _say(self, fact: Statement, entry: Entry) -> None:
        group = self._groups.find(fact.group)
        if group is None or self._partition not in group.partitions:
            self._fault(entry, f"{_named(fact)}, which has no part here")
            return
        source = Source("group", fact.group)
        match fact:
            case GroupReserved():
                self._reserve(fact, group, entry)
                said, refusal = _Part(RESERVED, fact.changes), None
            case GroupRefused():
                self._refuse(fact.refusal, group, entry)
                said, refusal = _Part(REFUSED, []), fact.refusal
            case GroupQueued():
                self._queue(fact, group, entry)
                said, refusal = _Part(QUEUED, []), None
        if not isinstance(fact, GroupQueued):
            self._parking.leave(source)
        self._parts[fact.group] = said
        self._groups.say(self._partition, fact.group, said.verdict, refusal, entry)

    def _reserve(self, fact: GroupReserved, group: Group, entry: Entry) -> None:
        command = self._command(group)
        wanted, done = wanted_of(command), [done_by(p.change) for p in fact.changes]
        if done != wanted:
            self._fault(entry, f"{_named(fact)}: was asked for {wanted} and has {done}")
        source = Source("group", fact.group)
        for what in self._parking.overtaking_faults(source, objects_of(command)):
            self._report.fault(Check.ORDER, entry.where, what)
        for planned in fact.changes:
            self._check_planned(planned, fact.group, entry)
        for what in reserved_faults(command.changes, fact.changes, self._fold):
            self._report.fault(Check.OFFERS, entry.where, f"group {fact.group}: {what}")
        self._fold.reserve(fact.group, fact.changes)

    def _check_planned(self, planned: PlannedChange, group: int, entry: Entry) -> None:
        change, moves = planned.change, planned.moves
        self._fold.holds.use(change, entry.data.at, entry.where)
        if moves is None:
            for what in self._fold.reservations.seat_faults(change):
                self._fault(entry, f"group {group}: {what}")
        elif (moves.quantity, moves.target.status) != (change.quantity, change.status):
            odd = f"plans {moves} for {change.quantity} places of {change.label}"
            self._report.fault(Check.AREAS, entry.where, f"group {group} {odd}")

    def _refuse(self, refusal: Rejected, group: Group, entry: Entry) -> None:
        source = Source("group", group.begun.group)
        command = self._command(group)
        position = Position(self._fold, self._parking, source, entry.data.at)
        faults = [*refusal_faults(command, refusal, position)]
        if refusal.code == BUSY:
            faults += self._parking.busy_faults(source, objects_of(command))
        for what in faults:
            self._report.fault(Check.ANSWERS, entry.where, f"{source}: {what}")

    def _queue(self, fact: GroupQueued, group: Group, entry: Entry) -> None:
        asked = (group.begun.asked.workspace, self._changes(group), group.begun.origin)
        if (fact.workspace, fact.changes, fact.origin) != asked:
            self._fault(entry, f"{_named(fact)}: was asked for {asked[1]}")
        source = Source("group", fact.group)
        for what in self._parking.park(source, objects_of(self._command(group)), fact):
            self._report.fault(Check.DOUBT, entry.where, what)

    def _end(self, decided: GroupConfirmed | GroupCancelled, entry: Entry) -> list[PlannedChange]:
        facts, number = entry.data.facts, decided.group
        is_confirmed = isinstance(decided, GroupConfirmed)
        word = "confirmed" if is_confirmed else "cancelled"
        if not facts or facts[-1] != GroupEnded(group=number, is_confirmed=is_confirmed):
            self._fault(entry, f"does not end group {number}, which is {word}")
        part = self._parts.get(number)
        if is_confirmed and (part is None or part.verdict != RESERVED):
            was = "not begun" if part is None else part.verdict
            self._fault(entry, f"confirms group {number}, whose part here was {was}")
        left = [
            planned
            for planned in (part.changes if part is not None and is_confirmed else ())
            if planned.change.event in self._fold.events
        ]
        changes = [fact for fact in facts if not isinstance(fact, GroupEnded)]
        if [_unnumbered(fact, left, n) for n, fact in enumerate(changes)] != [
            planned.change for planned in left
        ]:
            reserved = [done_by(planned.change) for planned in left]
            odd = f"group {number} is {word} with {reserved} reserved, and it did"
            self._fault(entry, f"{odd} {[done_by(fact) for fact in changes]}")
        self._forget(number, entry)
        return left

    def _forget(self, group: int, entry: Entry) -> None:
        part = self._parts.pop(group, None)
        self._parking.leave(Source("group", group))
        if part is not None:
            self._fold.reservations.release(group, part.changes)
        self._fold.holds.look_again()
        self._groups.end(self._partition, group, entry.appended_at)

    def _changes(self, group: Group) -> list[Change]:
        return group.changes(self._partition)

    def _command(self, group: Group) -> ChangeObjectStatus:
        """Give a part as if it were a command of its own."""
        begun = group.begun
        return ChangeObjectStatus(
            workspace=begun.asked.workspace, changes=self._changes(group), origin=begun.origin
        )

    def _fault(self, entry: Entry, what: str) -> None:
        self._report.fault(Check.GROUPS, entry.where, what)


def _unnumbered(fact: Any, planned: list[PlannedChange], number: int) -> Any:  # noqa: ANN401
    """Give a change as it was planned: without its number and, of an area, its counts."""
    if not isinstance(fact, StatusChanged):
        return fact
    bare = msgspec.structs.replace(fact, seq=0, area=None)
    if number < len(planned) and planned[number].moves and planned[number].keeps_extra_data:
        # An area's extra data is that of the moment of the decision.
        return msgspec.structs.replace(bare, extra_data=planned[number].change.extra_data)
    return bare


def _named(fact: Statement) -> str:
    return f"has {type(fact).__name__} for group {fact.group}"
