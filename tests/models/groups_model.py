"""The moves of the group model: all that can come next, and what is judged.

Rules of this file:

1. A move is one record appended, or what happens to one vote. What a process knows is the fold of
   its records, so a crash loses nothing but the votes that are not yet sent.
2. Nothing here keeps anything between two calls: a state says it all.
3. What is left out is safe to leave out, and the place where it is missing says why.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from tests.models.explorer import Move
from tests.models.groups_coordinator import Coordinators
from tests.models.groups_owner import Owners
from tests.models.groups_seats import Places, World, at_worst, reservations
from tests.models.groups_serial import History, is_explained
from tests.models.groups_world import (
    HELD,
    NOT_YET,
    Finding,
    Kind,
    Owner,
    Result,
    State,
    Verdict,
    replaced,
)


@dataclass(frozen=True)
class Model:
    """The moves that a world allows."""

    world: World

    @cached_property
    def coordinators(self) -> Coordinators:
        return Coordinators(self.world)

    @cached_property
    def owners(self) -> Owners:
        return Owners(self.world)

    def start(self) -> State:
        """Nothing has come; every object is as the world says."""
        commands, faults = self.world.commands, self.world.faults
        coordinators = 1 + max(command.coordinator for command in commands)
        return State(
            results=(Result.NONE,) * len(commands),
            before=(NOT_YET,) * len(commands),
            heard=((),) * len(commands),
            places=tuple(target.start for target in self.world.targets),
            owners=(Owner((0,) * coordinators),) * self.world.partitions,
            logs=((),) * coordinators,
            votes=(),
            losses=faults.losses,
            doubles=faults.doubles,
            crashes=faults.crashes,
        )

    def moves(self, state: State) -> Iterator[Move[State]]:
        """Yield every step that can come next."""
        for command, before in enumerate(state.before):
            if before == NOT_YET:
                yield from self._arrive(state, command)
        for at in range(len(state.owners)):
            yield from self.owners.read(state, at)
            yield from self.owners.take_up(state, at)
            yield from self.owners.send_again(state, at)
            if state.crashes:
                yield from self.owners.crash(state, at)
        yield from self._deliver(state)
        for token, at in self.world.faults.expiring:
            if not state.owners[at].expired >> token & 1:
                yield self.owners.expire(state, at, token)
        if self.world.faults.timers:
            yield from self._time_out(state)

    # What is judged.

    def evidence(self, state: State) -> tuple[Places, tuple[Owner, ...]]:
        """Return the objects and what is reserved of them."""
        return state.places, state.owners

    def judge(self, evidence: tuple[Places, tuple[Owner, ...]]) -> Finding | None:
        """Judge what is booked, held and reserved together, and that holds have ended."""
        places, owners = evidence
        for target, pockets in enumerate(places):
            owner = owners[self.world.targets[target].partition]
            left = at_worst(pockets, reservations(owner, target))
            if min(left) < 0:
                return Finding.OVER_CAPACITY
            if any(held and owner.expired >> token & 1 for token, held in enumerate(left[HELD:])):
                return Finding.HELD_TOO_LONG
        return None

    def rests(self, state: State) -> bool:
        """Say whether nobody has anything left to do."""
        return next(self.moves(state), None) is None

    def judge_rest(self, state: State) -> Finding | None:
        """Judge the end: all is answered, nothing waits, and some order explains it."""
        waiting = any(owner.parts or owner.parked for owner in state.owners)
        if waiting or Result.NONE in state.results:
            return Finding.STUCK
        expired = tuple(owner.expired for owner in state.owners)
        history = History(state.results, state.before, state.places, expired)
        return None if is_explained(self.world, history) else Finding.NO_SERIAL_ORDER

    # Commands.

    def _arrive(self, state: State, command: int) -> Iterator[Move[State]]:
        """Let a command be read by whoever decides it.

        Sending and reading are one move: that a command came later than it was sent only adds to
        what was answered before. Of commands that are alike, the first comes first.
        """
        if any(state.before[twin] == NOT_YET for twin in self.world.twins[command]):
            return
        before = replaced(state.before, command, self._answered(state))
        state = state._replace(before=before)
        if self.world.is_group(command):
            yield self.coordinators.begin(state, command)
        elif self.world.is_deletion(command):
            yield self.coordinators.note_deletion(state, command)
        else:
            yield self.owners.decide(state, command, f"{self.world.name(command)} comes")

    def _answered(self, state: State) -> int:
        """Return the commands whose clients have their answer.

        A group is answered when its decision is applied in every partition.
        """
        answered = 0
        for command, result in enumerate(state.results):
            if result is not Result.NONE and not self._in_doubt(state, command):
                answered |= 1 << command
        return answered

    def _in_doubt(self, state: State, command: int) -> bool:
        """Say whether an owner has still to read a group's records."""
        coordinator = self.world.commands[command].coordinator
        return self.world.is_group(command) and any(
            entry.command == command
            for at in self.world.work[command]
            for entry in state.logs[coordinator][state.owners[at].read[coordinator] :]
        )

    # Votes and time.

    def _deliver(self, state: State) -> Iterator[Move[State]]:
        """Let a vote arrive, in any order, once or twice, or never."""
        for place, vote in enumerate(state.votes):
            others = state.votes[:place] + state.votes[place + 1 :]
            said = self.world.spell(vote)
            yield self.coordinators.hear(state._replace(votes=others), vote, said)
            if state.doubles:
                stays = state._replace(doubles=state.doubles - 1)
                yield self.coordinators.hear(stays, vote, f"{said}, which comes again")
            if state.losses:
                lost = state._replace(votes=others, losses=state.losses - 1)
                yield Move(f"{said} is lost", lost)

    def _time_out(self, state: State) -> Iterator[Move[State]]:
        """Let a group or a parked command come to its deadline."""
        for group, heard in enumerate(state.heard):
            if heard:
                result = Result.REJECTED if Verdict.REFUSED in heard else Result.BUSY
                yield self.coordinators.conclude(
                    state, group, Kind.CANCELLED, result, f"{self.world.name(group)}'s time is up"
                )
        for at in range(len(state.owners)):
            yield from self.owners.put_off(state, at)
            if not self.world.rules.keeps_reservations:
                yield from self.owners.give_up(state, at)
