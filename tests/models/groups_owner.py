"""What an owner of the group model does: it weighs, reserves, parks, votes and applies.

Rules of this file:

1. Owners learn a decision from the coordinator's log, never from a message.
2. What may leave the parking is taken up in any order, and not at once: other causes may come in
   between. The production loop does one of these.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.models.explorer import Move
from tests.models.groups_seats import Weighed, World, free_expired, moved_by, reservations
from tests.models.groups_world import (
    HELD,
    Finding,
    Kind,
    Moved,
    Owner,
    Part,
    Pockets,
    Result,
    State,
    Verdict,
    Vote,
    replaced,
)


@dataclass(frozen=True)
class Owners:
    """The steps of the owners; each partition has one of them."""

    world: World

    def decide(self, state: State, command: int, what: str) -> Move[State]:
        """Let the owner do a single-event command, reject it or park it."""
        (at,) = self.world.work[command]
        owner, first = state.owners[at], self.world.commands[command].repeats
        if first in owner.parked and self.world.rules.answers_repeats:
            what = f"{what} and is put off, the first is parked"
            return Move(what, state.answered(command, Result.BUSY))
        weighed = self.world.weigh(state, at, command, owner.parked)
        if weighed[0] is Verdict.QUEUED and self._first_answer(state, command) is Result.NONE:
            parked = owner._replace(parked=(*owner.parked, command))
            return Move(f"{what} and is parked", state.owned(at, parked))
        return self._settle(state, at, command, what, weighed)

    def _settle(
        self, state: State, at: int, command: int, what: str, weighed: Weighed
    ) -> Move[State]:
        """Answer a single-event command."""
        verdict, moved = weighed
        remembered = self._first_answer(state, command)
        if remembered is not Result.NONE:
            what = f"{what} and gets the first answer, {remembered.name}"
            return Move(what, state.answered(command, remembered))
        finding = None
        if self.world.remembered(state, command) is not Result.NONE:
            finding = Finding.DECIDED_TWICE
        if verdict is Verdict.REFUSED:
            finding = finding or self._not_justified(state, at, command)
            then = state.answered(command, Result.REJECTED)
            return Move(f"{what} and is rejected", then, finding)
        done = self._apply(state, at, moved).answered(command, Result.DONE)
        return Move(f"{what} and is done", done, finding)

    def _first_answer(self, state: State, command: int) -> Result:
        """Return the answer that a repeat gets from an owner that keeps the rules."""
        if not self.world.rules.answers_repeats:
            return Result.NONE
        return self.world.remembered(state, command)

    def _not_justified(self, state: State, at: int, command: int) -> Finding | None:
        return Finding.NOT_JUSTIFIED if self.world.may_yet_fit(state, at, command) else None

    def _apply(self, state: State, at: int, moved: Moved) -> State:
        """Move places, and free at once what expired tokens hold then."""
        owner, places = state.owners[at], list(state.places)
        for target, by in moved:
            places[target] = moved_by(places[target], by)
        if owner.expired:
            for target, pockets in enumerate(places):
                if self.world.targets[target].partition == at:
                    reserved = reservations(owner, target)
                    if not self.world.rules.expiry_spares_reservations:
                        reserved = []
                    places[target] = free_expired(pockets, owner.expired, reserved)
        return state._replace(places=tuple(places))

    def read(self, state: State, at: int) -> Iterator[Move[State]]:
        """Let an owner read a coordinator's next record that concerns it."""
        for coordinator, log in enumerate(state.logs):
            read = state.owners[at].read
            for position in range(read[coordinator], len(log)):
                kind, command = log[position]
                if at in self.world.work[command]:
                    behind = replaced(read, coordinator, position + 1)
                    owner = state.owners[at]._replace(read=behind)
                    then = state.owned(at, owner)
                    what = f"p{at} reads {kind}({self.world.name(command)})"
                    if kind is Kind.BEGUN:
                        yield from self._take_part(state, then, at, command, what)
                    elif kind is Kind.DELETED:
                        yield self._delete(then, at, command, what)
                    else:
                        yield self._finish(then, at, command, kind, what)
                    break

    def _delete(self, state: State, at: int, command: int, what: str) -> Move[State]:
        """Let an owner delete an event; its objects leave the reservations."""
        if self.world.rules.deletion_waits:
            return self.decide(state, command, what)
        gone, owner = self.world.work[command][at], state.owners[at]
        parts = tuple(
            part._replace(moved=tuple(moved for moved in part.moved if moved[0] not in gone))
            for part in owner.parts
        )
        then = state.owned(at, owner._replace(parts=parts))
        return self._settle(then, at, command, what, self.world.weigh(then, at, command, ()))

    def _take_part(
        self, state: State, then: State, at: int, group: int, what: str
    ) -> Iterator[Move[State]]:
        """Let an owner reserve, refuse or queue its part of a group, and vote."""
        owner = then.owners[at]
        verdict, moved = self.world.weigh(then, at, group, owner.parked)
        vote = Vote(group, at, verdict)
        if verdict is Verdict.QUEUED:
            owner = owner._replace(parked=(*owner.parked, group))
        owner = owner._replace(parts=(*owner.parts, Part(group, verdict, moved)))
        finding = None
        if verdict is Verdict.REFUSED:
            finding = self._not_justified(then, at, group)
        what = f"{what}: {verdict.name}"
        yield Move(what, then.owned(at, owner).sent(vote), finding)
        if state.crashes and not self.world.rules.votes_after_ack:
            crashed = state.sent(vote)._replace(crashes=state.crashes - 1)
            yield Move(f"{what}, votes and crashes before the record is appended", crashed)

    def _finish(self, state: State, at: int, group: int, kind: Kind, what: str) -> Move[State]:
        """Let an owner apply a coordinator's decision."""
        owner, rules = state.owners[at], self.world.rules
        part = next((part for part in owner.parts if part.group == group), None)
        moved: Moved = ()
        finding = None
        if kind is Kind.CONFIRMED:
            if part is None or part.verdict is not Verdict.RESERVED:
                finding = Finding.NOT_RESERVED
            else:
                moved = part.moved
            if not rules.confirm_ignores_expiry:
                moved = tuple(m for m in moved if not _from_expired(owner, m[1]))
        left = owner._replace(
            parts=tuple(part for part in owner.parts if part.group != group),
            parked=tuple(item for item in owner.parked if item != group),
        )
        then = state.owned(at, left)
        if kind is Kind.CONFIRMED or rules.cancel_frees_expired:
            then = self._apply(then, at, moved)
        return Move(what, then, finding)

    def take_up(self, state: State, at: int) -> Iterator[Move[State]]:
        """Let an owner take up what has not to wait any longer, in whatever order that is."""
        owner = state.owners[at]
        for place, item in enumerate(owner.parked):
            weighed = verdict, moved = self.world.weigh(state, at, item, owner.parked[:place])
            if verdict is Verdict.QUEUED:
                continue
            what = f"p{at} takes up {self.world.name(item)}"
            left = owner._replace(parked=owner.parked[:place] + owner.parked[place + 1 :])
            then = state.owned(at, left)
            if not self.world.is_group(item):
                yield self._settle(then, at, item, what, weighed)
                continue
            finding = None
            if verdict is Verdict.REFUSED:
                finding = self._not_justified(then, at, item)
            parts = tuple(
                Part(item, verdict, moved) if part.group == item else part for part in left.parts
            )
            then = then.owned(at, left._replace(parts=parts)).sent(Vote(item, at, verdict))
            yield Move(f"{what}: {verdict.name}", then, finding)

    def send_again(self, state: State, at: int) -> Iterator[Move[State]]:
        """Let an owner send a vote again that is neither on its way nor counted.

        One that is counted may come again as well: those are the votes that arrive twice.
        """
        if not self.world.rules.resends_votes:
            return
        for part in state.owners[at].parts:
            vote = Vote(part.group, at, part.verdict)
            heard = state.heard[part.group]
            if not heard or vote in state.votes:
                continue
            if heard[self.world.place(part.group, at)] is not part.verdict:
                what = f"p{at} votes again: {self.world.spell(vote)}"
                yield Move(what, state.sent(vote))

    # What time does.

    def expire(self, state: State, at: int, token: int) -> Move[State]:
        """Let a hold come to its deadline: what is not reserved is free."""
        owner = state.owners[at]
        then = state.owned(at, owner._replace(expired=owner.expired | 1 << token))
        return Move(f"p{at} ends hold t{token}", self._apply(then, at, ()))

    def put_off(self, state: State, at: int) -> Iterator[Move[State]]:
        """Let a parked command come to its deadline."""
        owner = state.owners[at]
        for item in owner.parked:
            if not self.world.is_group(item) and not self.world.is_deletion(item):
                left = tuple(other for other in owner.parked if other != item)
                then = state.owned(at, owner._replace(parked=left))
                what = f"p{at} puts off {self.world.name(item)}, parked too long"
                yield Move(what, then.answered(item, Result.BUSY))

    def give_up(self, state: State, at: int) -> Iterator[Move[State]]:
        """Let an owner drop a reservation without the coordinator: a mistake."""
        owner = state.owners[at]
        for part in owner.parts:
            parts = tuple(other for other in owner.parts if other != part)
            then = state.owned(at, owner._replace(parts=parts))
            yield Move(f"p{at} gives up {self.world.name(part.group)}", then)

    def crash(self, state: State, at: int) -> Iterator[Move[State]]:
        """Let an owner crash: the votes that it has not sent are gone, and all else is refolded.

        A coordinator sends nothing, so it has nothing to lose.
        """
        owner = state.owners[at]
        votes = tuple(vote for vote in state.votes if vote.partition != at)
        then = state._replace(votes=votes)
        if not self.world.rules.parking_is_in_the_log:
            groups = tuple(item for item in owner.parked if self.world.is_group(item))
            then = then.owned(at, owner._replace(parked=groups))
        if then != state:
            yield Move(f"p{at} crashes", then._replace(crashes=state.crashes - 1))


def _from_expired(owner: Owner, moved: Pockets) -> bool:
    return any(by < 0 and owner.expired >> token & 1 for token, by in enumerate(moved[HELD:]))
