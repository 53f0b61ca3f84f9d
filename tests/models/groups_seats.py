"""How an owner of the group model weighs a command: it fits, it does not, or it has to wait.

Rules of this file:

1. What fits is weighed against the groups in doubt: at best all that may come back has come back,
   at worst all that is reserved is gone and nothing has come for it.
2. Whether a rejection is justified is found out in another way: every outcome is tried.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, combinations
from typing import Final, TypeAlias

from tests.models.groups_world import (
    FREE,
    HELD,
    NO_TOKEN,
    TAKEN,
    Change,
    Command,
    Faults,
    Moved,
    Owner,
    Part,
    Pockets,
    Result,
    Rules,
    State,
    Target,
    Verb,
    Verdict,
    Vote,
)

Changes: TypeAlias = tuple[Change, ...]
Places: TypeAlias = tuple[Pockets, ...]
Work: TypeAlias = dict[int, dict[int, Changes]]
"""A command's changes by partition and object; those of one object in their order."""

Weighed: TypeAlias = tuple[Verdict, Moved]
"""RESERVED and what is to be done, or that it is refused or has to wait."""

WAITS: Final[Weighed] = (Verdict.QUEUED, ())
REFUSED: Final[Weighed] = (Verdict.REFUSED, ())


def carry_out(pockets: Pockets, changes: Changes) -> Pockets | None:
    """Return an object's pockets after changes, None if there are too few places for one."""
    counts = list(pockets)
    for verb, _, quantity, token in changes:
        if verb is Verb.DELETE:
            return (0,) * len(pockets)
        source = TAKEN if verb is Verb.RELEASE else FREE
        own = 0
        if verb is Verb.BOOK and token != NO_TOKEN:
            own = min(quantity, counts[HELD + token])
            counts[HELD + token] -= own
        counts[source] -= quantity - own
        if counts[source] < 0:
            return None
        aim = {Verb.BOOK: TAKEN, Verb.HOLD: HELD + token, Verb.RELEASE: FREE}[verb]
        counts[aim] += quantity
    return tuple(counts)


def moved_by(pockets: Pockets, moved: Pockets) -> Pockets:
    return tuple([count + by for count, by in zip(pockets, moved, strict=True)])


def at_worst(pockets: Pockets, reserved: Iterable[Pockets]) -> Pockets:
    """Return what is left if all that is reserved goes and nothing comes for it."""
    for moved in reserved:
        pockets = tuple([n + min(0, by) for n, by in zip(pockets, moved, strict=True)])
    return pockets


def at_best(pockets: Pockets, reserved: Iterable[Pockets], expired: int) -> Pockets:
    """Return what there is if nothing reserved goes, and all that may come back comes.

    A reserved place of a hold that has expired is free if its group is cancelled.
    """
    for moved in reserved:
        back = sum(-by for token, by in enumerate(moved[HELD:]) if by < 0 and expired >> token & 1)
        counts = [n + max(0, by) for n, by in zip(pockets, moved, strict=True)]
        counts[FREE] += back
        pockets = tuple(counts)
    return pockets


def free_expired(pockets: Pockets, expired: int, reserved: Iterable[Pockets]) -> Pockets:
    """Free the places that expired tokens hold, but for those that are reserved."""
    left = at_worst(pockets, reserved)
    counts = list(pockets)
    for token, held in enumerate(left[HELD:]):
        if expired >> token & 1:
            counts[HELD + token] -= held
            counts[FREE] += held
    return tuple(counts)


def reservations(owner: Owner, target: int) -> list[Pockets]:
    """Return what the groups in doubt will do to an object."""
    return [moved for part in owner.parts for where, moved in part.moved if where == target]


@dataclass(frozen=True)
class World:
    """The objects, the commands, the rules, and what may go wrong."""

    targets: tuple[Target, ...]
    commands: tuple[Command, ...]
    rules: Rules
    faults: Faults
    real_time: bool
    """Whether the order that explains the results must keep to who was answered before whom."""

    @cached_property
    def work(self) -> tuple[Work, ...]:
        every = []
        for command in self.commands:
            work: Work = {}
            for change in command.changes:
                here = work.setdefault(self.targets[change.target].partition, {})
                here[change.target] = (*here.get(change.target, ()), change)
            every.append(dict(sorted(work.items())))
        return tuple(every)

    @cached_property
    def twins(self) -> tuple[tuple[int, ...], ...]:
        """The earlier commands that each command is like, or repeats."""
        return tuple(
            tuple(
                twin
                for twin, other in enumerate(self.commands[:at])
                if command.repeats == twin
                or (command.changes, command.coordinator, command.repeats)
                == (other.changes, other.coordinator, other.repeats)
            )
            for at, command in enumerate(self.commands)
        )

    @cached_property
    def partitions(self) -> int:
        return 1 + max(target.partition for target in self.targets)

    def name(self, command: int) -> str:
        return self.commands[command].name

    def spell(self, vote: Vote) -> str:
        return f"p{vote.partition}'s {vote.verdict.name} for {self.name(vote.group)}"

    def place(self, group: int, at: int) -> int:
        """Say where, among a group's partitions, one of them stands."""
        return list(self.work[group]).index(at)

    def remembered(self, state: State, command: int) -> Result:
        """Return the answer that a repeat gets. To have been put off is not an answer."""
        first = self.commands[command].repeats
        if first is None or state.results[first] is Result.BUSY:
            return Result.NONE
        return state.results[first]

    def is_deletion(self, command: int) -> bool:
        return self.commands[command].changes[0].verb is Verb.DELETE

    def is_group(self, command: int) -> bool:
        return len(self.work[command]) > 1

    def weigh(self, state: State, at: int, command: int, earlier: Sequence[int]) -> Weighed:
        """Say what a command, or a group's part, comes to behind what is parked earlier."""
        waits = False
        moved: list[tuple[int, Pockets]] = []
        taken = {target for other in earlier for target in self._blocks(at, other, command)}
        for target, changes in self.work[command][at].items():
            if target in taken:
                waits = True
                continue
            pockets = state.places[target]
            after = self._weigh_one(state.owners[at], target, pockets, changes)
            if isinstance(after, tuple):
                moved.append((target, after))
            elif after is Verdict.REFUSED:
                return REFUSED
            else:
                waits = True
        if waits:
            return WAITS if self.rules.parks else REFUSED
        return Verdict.RESERVED, tuple(moved)

    def _blocks(self, at: int, earlier: int, command: int) -> Iterable[int]:
        """Return the objects for which `command` has to wait behind an earlier parked item."""
        both_groups = self.is_group(earlier) and self.is_group(command)
        if both_groups and not self.rules.queue_keeps_groups_in_order:
            return ()
        if not self.is_group(command) and not self.rules.commands_wait_their_turn:
            return ()
        return self.work[earlier][at]

    def _weigh_one(
        self, owner: Owner, target: int, pockets: Pockets, changes: Changes
    ) -> Pockets | Verdict:
        """Return by how much an object's pockets change, or that the changes fail or wait."""
        reserved = reservations(owner, target)
        if not self.rules.reserved_places_are_gone:
            reserved = []
        if reserved:
            hoped = reserved if self.rules.counts_releases else ()
            if carry_out(at_best(pockets, hoped, owner.expired), changes) is None:
                return Verdict.REFUSED
            if self._is_locked(owner.parts, target, changes):
                return Verdict.QUEUED
            pockets = at_worst(pockets, reserved)
        after = carry_out(pockets, changes)
        if after is None:
            return Verdict.QUEUED if reserved else Verdict.REFUSED
        return tuple([then - now for now, then in zip(pockets, after, strict=True)])

    def _is_locked(self, parts: Iterable[Part], target: int, changes: Changes) -> bool:
        """Say whether a change has to wait for the groups in doubt whatever the counts are.

        A seat is locked as a whole. In an area, what draws on taken places waits, and so does what
        bears a token that a group in doubt bears there. That leaves the free places, and who draws
        on them first makes no difference to the other.
        """
        partition = self.targets[target].partition
        theirs = [
            change
            for part in parts
            if part.verdict is Verdict.RESERVED
            for change in self.work[part.group][partition].get(target, ())
        ]
        if self.targets[target].capacity == 1:
            return True
        if any(change.verb is Verb.RELEASE for change in changes):
            return True
        in_doubt = {change.token for change in theirs} - {NO_TOKEN}
        return self.rules.tokens_in_doubt_wait and any(c.token in in_doubt for c in changes)

    def may_yet_fit(self, state: State, at: int, command: int) -> bool:
        """Say whether a command fits under some outcome of the groups in doubt."""
        owner = state.owners[at]
        in_doubt = [part for part in owner.parts if part.verdict is Verdict.RESERVED]
        sizes = range(len(in_doubt) + 1)
        outcomes = chain.from_iterable(combinations(in_doubt, size) for size in sizes)
        return any(self._fits_after(state, at, command, confirmed) for confirmed in outcomes)

    def _fits_after(self, state: State, at: int, command: int, confirmed: Iterable[Part]) -> bool:
        after = dict(enumerate(state.places))
        for part in confirmed:
            for target, moved in part.moved:
                after[target] = moved_by(after[target], moved)
        expired = state.owners[at].expired
        return all(
            carry_out(free_expired(after[target], expired, ()), changes) is not None
            for target, changes in self.work[command][at].items()
        )
