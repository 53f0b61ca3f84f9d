"""Multi-event groups on the coordinator's side: which parts have said what, and the decision.

Rules of this file:

1. A group is confirmed only when every part is reserved. It is cancelled when a part is refused
   and every part has said something, so that the refusal names all that stands in the way, or
   when its time to vote is over.
2. A decided group is forgotten: the owners learn the decision from the coordinator's outbox.
3. A vote is a statement, not an event: what is known already, and what a part has said less
   of before, changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from engine.digests import DIGEST_MODULUS, digest_of
from engine.limits import within
from engine.machine import Decision
from schemas.commands import Asked, Change
from schemas.facts import (
    GroupBegun,
    GroupCancelled,
    GroupConfirmed,
    GroupPart,
    GroupsFact,
    VoteCounted,
)
from schemas.outbox import Accepted
from schemas.rejections import BY_CODE, Rejected, Rejection
from schemas.votes import QUEUED, REFUSED, RESERVED, GroupVote

obstacles_bytes_max = 768 * 1024
"""Of all parts together, so that the record of a decision can tell them."""
vote_within_ms = 3_000
"""An owner that is down is back by then, or its part is not worth the wait of the others."""


class GroupSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group in doubt as a snapshot keeps it."""

    group: int
    asked: Asked
    partitions: list[int]
    vote_by: int
    votes: list[VoteCounted]


class GroupInDoubt:
    """A group that was begun and is not decided."""

    __slots__ = ("asked", "digest_sum", "group", "partitions", "verdicts", "vote_by")

    def __init__(self, group: int, asked: Asked, partitions: list[int], vote_by: int) -> None:
        self.group = group
        self.asked = asked
        self.partitions = partitions
        self.vote_by = vote_by
        self.verdicts: dict[int, VoteCounted] = {}
        self.digest_sum = _digest(group, "begun")
        """Of all that is known about it."""

    def count(self, vote: VoteCounted) -> int:
        """Note what a part says, and give what that adds to the sum of the digests."""
        earlier = self.verdicts.get(vote.partition)
        added = _digest_of(vote) - (0 if earlier is None else _digest_of(earlier))
        self.verdicts[vote.partition] = vote
        self.digest_sum += added
        return added

    def with_vote(self, vote: VoteCounted) -> dict[int, VoteCounted]:
        """Give what the parts have said, this vote included."""
        return {**self.verdicts, vote.partition: vote}

    def refusals(self, verdicts: Mapping[int, VoteCounted]) -> list[Rejected]:
        """List why parts were refused, in the order of the parts."""
        counted = (verdicts.get(partition) for partition in self.partitions)
        return [vote.refusal for vote in counted if vote is not None and vote.refusal is not None]


class GroupsInDoubt:
    """The groups of one coordinator that are not decided, the earliest first."""

    __slots__ = ("_digest_sum", "_groups")

    def __init__(self) -> None:
        self._groups: dict[int, GroupInDoubt] = {}
        self._digest_sum = 0

    def __iter__(self) -> Iterator[GroupInDoubt]:
        """Go through them in the order in which they were begun."""
        return iter(self._groups.values())

    def __len__(self) -> int:
        """Count them."""
        return len(self._groups)

    def find(self, group: int) -> GroupInDoubt | None:
        """Give a group; None if it is not in doubt (any more)."""
        return self._groups.get(group)

    def overdue(self, now: int) -> GroupInDoubt | None:
        """Give a group whose time to vote is over; all have the same time, so it is the first."""
        first = next(iter(self._groups.values()), None)
        return first if first is not None and first.vote_by <= now else None

    def begin(self, begun: GroupBegun) -> None:
        """Note that a group was begun."""
        partitions = [part.partition for part in begun.parts]
        self._put(GroupInDoubt(begun.group, begun.asked, partitions, begun.vote_by))

    def snapshot(self) -> list[GroupSnapshot]:
        """Say all that is known."""
        return [
            GroupSnapshot(
                doubt.group,
                doubt.asked,
                doubt.partitions,
                doubt.vote_by,
                list(doubt.verdicts.values()),
            )
            for doubt in self._groups.values()
        ]

    def restore(self, kept: Iterable[GroupSnapshot]) -> None:
        """Learn all that was known."""
        for one in kept:
            doubt = GroupInDoubt(one.group, one.asked, one.partitions, one.vote_by)
            for vote in one.votes:
                doubt.count(vote)
            self._put(doubt)

    def _put(self, doubt: GroupInDoubt) -> None:
        self._groups[doubt.group] = doubt
        self._digest_sum += doubt.digest_sum

    def count(self, vote: VoteCounted) -> None:
        """Note what a part says."""
        self._digest_sum += self._groups[vote.group].count(vote)

    def end(self, group: int) -> None:
        """Forget a decided group."""
        self._digest_sum -= self._groups.pop(group).digest_sum

    @property
    def digest_sum(self) -> int:
        """Give the sum of the digests of all that is known about them."""
        return self._digest_sum % DIGEST_MODULUS


def parts_of(changes: list[tuple[int, Change]]) -> list[GroupPart]:
    """Sort the changes of a group, each with its partition, into parts; each keeps their order."""
    by_partition: dict[int, list[Change]] = {}
    for partition, change in changes:
        by_partition.setdefault(partition, []).append(change)
    return [
        GroupPart(partition=partition, changes=part)
        for partition, part in sorted(by_partition.items())
    ]


def decide_vote(groups: GroupsInDoubt, vote: GroupVote) -> Decision[GroupsFact]:
    """Take in a vote; with the last one that is missing, decide its group."""
    doubt = groups.find(vote.group)
    if doubt is None or vote.partition not in doubt.partitions or not _says_more(doubt, vote):
        return Decision(None, [])
    counted = VoteCounted(
        group=vote.group, partition=vote.partition, verdict=vote.verdict, refusal=vote.refusal
    )
    verdicts = doubt.with_vote(counted)
    kinds = {known.verdict for known in verdicts.values()}
    if len(verdicts) < len(doubt.partitions) or (QUEUED in kinds and REFUSED not in kinds):
        return Decision(None, [counted])
    if kinds == {RESERVED}:
        confirmed = GroupConfirmed(group=doubt.group, partitions=doubt.partitions)
        return Decision(Accepted(), [counted, confirmed], doubt.asked)
    return _cancelled(doubt, doubt.refusals(verdicts), [counted])


def decide_overdue(doubt: GroupInDoubt) -> Decision[GroupsFact]:
    """Cancel a group whose time to vote is over."""
    return _cancelled(doubt, doubt.refusals(doubt.verdicts), [])


def _says_more(doubt: GroupInDoubt, vote: GroupVote) -> bool:
    known = doubt.verdicts.get(vote.partition)
    return known is None or (known.verdict == QUEUED and vote.verdict != QUEUED)


def _cancelled(
    doubt: GroupInDoubt, refusals: list[Rejected], counted: list[GroupsFact]
) -> Decision[GroupsFact]:
    cancelled = GroupCancelled(group=doubt.group, partitions=doubt.partitions)
    refusal = joined(refusals) if refusals else Rejected(code=Rejection.BUSY_IN_DOUBT.code)
    return Decision(refusal, [*counted, cancelled], doubt.asked)


def joined(refusals: list[Rejected]) -> Rejected:
    """Join the refusals of several parts: the foremost reason, and everything in the way."""
    foremost = min(refusals, key=lambda refusal: BY_CODE[refusal.code].precedence)
    obstacles = [obstacle for refusal in refusals for obstacle in refusal.obstacles]
    told = within(obstacles, obstacles_bytes_max)
    left_out = sum(refusal.obstacles_left_out for refusal in refusals)
    return Rejected(
        code=foremost.code,
        detail=foremost.detail,
        obstacles=told,
        obstacles_left_out=left_out + len(obstacles) - len(told),
    )


def _digest_of(vote: VoteCounted) -> int:
    return _digest(vote.group, f"{vote.partition} {vote.verdict}")


def _digest(group: int, what: str) -> int:
    return digest_of(f"group {group} {what}".encode())
