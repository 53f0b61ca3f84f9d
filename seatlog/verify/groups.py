"""Groups over several partitions: what the coordinators decided, and on which votes.

Rules of this file:

1. A group is confirmed on the votes of all its parts. It is cancelled when a part was refused and
   all have said something, or when its time to vote is over.
2. A vote that was counted stands in its owner's outbox, and stood there before it was counted.
3. The decision is the answer: both are one record.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from schemas.commands import Change
from schemas.facts import GroupBegun, GroupCancelled, GroupConfirmed, VoteCounted
from schemas.outbox import Accepted, CommandAnswered
from schemas.rejections import Rejected, Rejection
from schemas.votes import QUEUED, REFUSED, RESERVED, Verdict
from seatlog.verify.journal import Entry, clock_drift_ms
from seatlog.verify.report import Check, Report

groups_in_doubt_max = 5_000
"""A coordinator has so many; the next is refused."""
coordinators_max = 256
"""A group's id is its command's offset times this, and the coordinator's partition."""


class _Said(NamedTuple):
    """What stands about a part, in its owner's outbox or counted by the coordinator."""

    where: str
    verdict: Verdict
    refusal: Rejected | None
    appended_at: int


@dataclass(slots=True)
class Group:
    """A group, until all its parts have ended."""

    begun: GroupBegun
    where: str
    begun_at: int
    open: set[int]
    """The partitions whose owners have not ended it."""
    counted: defaultdict[int, list[_Said]] = field(default_factory=lambda: defaultdict(list))
    said: defaultdict[int, list[_Said]] = field(default_factory=lambda: defaultdict(list))
    decision: GroupConfirmed | GroupCancelled | None = None
    ended_at: int = 0

    def verdict(self, partition: int) -> Verdict | None:
        """Give what the coordinator knows of a part."""
        counted = self.counted.get(partition)
        return counted[-1].verdict if counted else None

    def changes(self, partition: int) -> list[Change]:
        """Give what is asked of a partition."""
        return [c for part in self.begun.parts if part.partition == partition for c in part.changes]

    @property
    def partitions(self) -> list[int]:
        """Where the parts are."""
        return [part.partition for part in self.begun.parts]


class Groups:
    """All groups of all coordinators."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._groups: dict[int, Group] = {}
        self._newest: dict[int, int] = {}
        """The last group of each coordinator."""
        self._in_doubt_ms = array("q")
        self._undecided: Counter[int] = Counter()
        """Of each coordinator."""

    def find(self, group: int) -> Group | None:
        """Give a group that has not ended everywhere."""
        return self._groups.get(group)

    def undecided(self, coordinator: int) -> int:
        """Count the groups of a coordinator that it has not decided yet."""
        return self._undecided[coordinator]

    def take_in(self, entry: Entry) -> None:
        """Take in the facts of a coordinator's record about groups."""
        decisions = 0
        for fact in entry.data.facts:
            match fact:
                case GroupBegun():
                    self._begin(fact, entry)
                case VoteCounted():
                    self._count(fact, entry)
                case GroupConfirmed() | GroupCancelled():
                    self._decide(fact, entry)
                    decisions += 1
        if decisions > 1:
            self._fault(entry.where, "decides several groups, and answers one command")

    def say(
        self, partition: int, group: int, verdict: Verdict, refusal: Rejected | None, entry: Entry
    ) -> None:
        """Note what an owner says about its part."""
        found = self._groups[group]
        found.said[partition].append(_Said(entry.where, verdict, refusal, entry.appended_at))

    def end(self, partition: int, group: int, appended_at: int) -> None:
        """Note that an owner has applied the decision."""
        found = self._groups.get(group)
        if found is None or partition not in found.open:
            return
        self._check_votes(found, partition)
        found.open.remove(partition)
        found.said.pop(partition, None)
        found.ended_at = max(found.ended_at, appended_at)
        if not found.open:
            del self._groups[group]
            self._in_doubt_ms.append(found.ended_at - found.begun_at)

    def finish(self, newest: int, *, allow_pending: bool) -> None:
        """Note what is in doubt at the end, and how long groups were."""
        for number, group in self._groups.items():
            self._in_doubt_ms.append(newest - group.begun_at)
            if group.decision is None and not allow_pending:
                self._report.fault(
                    Check.DOUBT, group.where, f"group {number} was begun here and never decided"
                )
            for partition in sorted(group.open) if not allow_pending else ():
                self._check_votes(group, partition)
                if group.said[partition]:
                    last = group.said[partition][-1]
                    stays = f"group {number} is {last.verdict} here, and never ended"
                    self._report.fault(Check.DOUBT, last.where, stays)
        self._count_times()

    def _count_times(self) -> None:
        counts, times = self._report.counts, sorted(self._in_doubt_ms)
        if not times:
            return
        counts.in_doubt_p50_ms = times[len(times) // 2]
        counts.in_doubt_p99_ms = times[len(times) * 99 // 100]
        counts.in_doubt_longest_ms = times[-1]

    def _begin(self, begun: GroupBegun, entry: Entry) -> None:
        number, command = begun.group, begun.asked.command
        coordinator = number % coordinators_max
        if command != entry.data.command:
            self._fault(entry.where, f"begins a group for {command}, and has read another command")
        if number != command.offset * coordinators_max + command.partition:
            self._fault(entry.where, f"calls the group of {command} {number}")
        if number <= self._newest.get(coordinator, -1):
            self._fault(entry.where, f"begins group {number} after {self._newest[coordinator]}")
        if begun.vote_by <= entry.data.at:
            self._fault(entry.where, f"begins group {number} when its time to vote is over")
        self._newest[coordinator] = max(number, self._newest.get(coordinator, -1))
        self._undecided[coordinator] += 1
        where, at = entry.where, entry.appended_at
        self._groups[number] = Group(begun, where, at, {part.partition for part in begun.parts})

    def _count(self, vote: VoteCounted, entry: Entry) -> None:
        group = self._groups.get(vote.group)
        if group is None or group.decision is not None or vote.partition not in group.partitions:
            odd = f"counts a vote of partition {vote.partition} about group {vote.group}"
            self._fault(entry.where, f"{odd}, which is none of its, or decided")
            return
        known = group.verdict(vote.partition)
        if known is not None and (known != QUEUED or vote.verdict == QUEUED):
            odd = f"partition {vote.partition} is {vote.verdict} in group {vote.group}"
            self._fault(entry.where, f"{odd}, and was {known} already")
        said = _Said(entry.where, vote.verdict, vote.refusal, entry.appended_at)
        group.counted[vote.partition].append(said)

    def _decide(self, decision: GroupConfirmed | GroupCancelled, entry: Entry) -> None:
        group = self._groups.get(decision.group)
        name = f"group {decision.group}"
        if group is None or group.decision is not None:
            self._fault(entry.where, f"decides {name}, which was not begun, or is decided")
            return
        group.decision = decision
        self._undecided[decision.group % coordinators_max] -= 1
        if decision.partitions != group.partitions:
            self._fault(entry.where, f"decides {name} for {decision.partitions} only")
        command = group.begun.asked.command
        if not isinstance(entry.told, CommandAnswered) or entry.data.command != command:
            self._fault(entry.where, f"decides {name}, and does not answer {command}")
        answer = entry.data.answer
        faults = _confirmed_faults if isinstance(decision, GroupConfirmed) else _cancelled_faults
        for what in faults(group, answer, entry.data.at):
            self._fault(entry.where, f"{name}: {what}")
        counts = self._report.counts
        counts.groups_confirmed += isinstance(decision, GroupConfirmed)
        counts.groups_cancelled += isinstance(decision, GroupCancelled)

    def _check_votes(self, group: Group, partition: int) -> None:
        """Check that the votes of a part that were counted stand in its owner's outbox."""
        for counted in group.counted.get(partition, ()):
            vote = f"the vote {counted.verdict} of partition {partition}"
            stands = [
                said
                for said in group.said[partition]
                if (said.verdict, said.refusal) == (counted.verdict, counted.refusal)
            ]
            if not stands:
                self._fault(counted.where, f"counts {vote}, and its owner has not said so")
            elif stands[0].appended_at > counted.appended_at + clock_drift_ms:
                self._fault(counted.where, f"counts {vote} before {stands[0].where}")

    def _fault(self, where: str, what: str) -> None:
        self._report.fault(Check.GROUPS, where, what)


def _confirmed_faults(group: Group, answer: Any, at: int) -> Iterable[str]:  # noqa: ANN401
    del at
    lacking = [part for part in group.partitions if group.verdict(part) != RESERVED]
    if lacking:
        yield f"is confirmed without the votes of partitions {lacking}"
    if not isinstance(answer, Accepted) or answer.repeat:
        yield f"is confirmed, and its answer is {answer}"


def _cancelled_faults(group: Group, answer: Any, at: int) -> Iterable[str]:  # noqa: ANN401
    last = [group.counted[part][-1] for part in group.partitions if group.verdict(part)]
    refusals = [said.refusal for said in last if said.verdict == REFUSED and said.refusal]
    all_said = len(last) == len(group.partitions)
    if at < group.begun.vote_by and not (refusals and all_said):
        yield "is cancelled without a refusal, or before all have said something, and early"
    codes = {refusal.code for refusal in refusals} or {Rejection.BUSY_IN_DOUBT.code}
    if not isinstance(answer, Rejected) or answer.repeat:
        yield f"is cancelled, and its answer is {answer}"
    elif answer.code not in codes or not _tells(answer, refusals):
        yield f"is cancelled, and its answer {answer} is not what its parts say: {refusals}"


def _tells(answer: Rejected, refusals: list[Rejected]) -> bool:
    """Say whether an answer has the obstacles of all refusals, or the first and counts the rest."""
    obstacles = [obstacle for refusal in refusals for obstacle in refusal.obstacles]
    unsaid = sum(refusal.obstacles_left_out for refusal in refusals)
    told = len(answer.obstacles)
    return (
        answer.obstacles == obstacles[:told]
        and told + answer.obstacles_left_out == len(obstacles) + unsaid
    )
