"""What a coordinator of the group model does: it begins groups, counts votes and decides.

Rules of this file:

1. A coordinator forgets a group when it has decided it, but not the answer.
2. It tells nobody: owners and clients read its log.
"""

from dataclasses import dataclass

from tests.models.explorer import Move
from tests.models.groups_seats import World
from tests.models.groups_world import (
    Entry,
    Finding,
    Kind,
    Result,
    State,
    Verdict,
    Vote,
    replaced,
)


@dataclass(frozen=True)
class Coordinators:
    """The steps of the coordinators; each group has one of them."""

    world: World

    def note_deletion(self, state: State, command: int) -> Move[State]:
        """Let the coordinator strike an event off its directory."""
        what = f"{self.world.name(command)} comes and the coordinator notes it"
        return Move(what, self._log(state, Kind.DELETED, command))

    def begin(self, state: State, group: int) -> Move[State]:
        """Let the coordinator begin a group, or answer a repeat."""
        name, rules = self.world.name(group), self.world.rules
        first = self.world.commands[group].repeats
        remembered = self.world.remembered(state, group)
        if first is not None and rules.puts_repeats_off and state.heard[first]:
            what = f"{name} comes and is put off, the first is in doubt"
            return Move(what, state.answered(group, Result.BUSY))
        if remembered is not Result.NONE and rules.remembers_answers:
            what = f"{name} comes and gets the first answer, {remembered.name}"
            return Move(what, state.answered(group, remembered))
        decided_before = first is not None and (bool(state.heard[first]) or bool(remembered))
        silence = (Verdict.SILENT,) * len(self.world.work[group])
        begun = self._log(state, Kind.BEGUN, group)
        begun = begun._replace(heard=replaced(state.heard, group, silence))
        what = f"{name} comes and the coordinator begins it"
        return Move(what, begun, Finding.DECIDED_TWICE if decided_before else None)

    def hear(self, state: State, vote: Vote, said: str) -> Move[State]:
        """Let the coordinator count a vote, and decide if that was the last one needed."""
        group, rules = vote.group, self.world.rules
        heard, place = state.heard[group], self.world.place(group, vote.partition)
        what = f"the coordinator hears {said}"
        if not heard or (rules.ignores_stale_votes and vote.verdict <= heard[place]):
            return Move(what, state)
        if not rules.knows_voters and Verdict.SILENT in heard:
            place = heard.index(Verdict.SILENT)
        heard = replaced(heard, place, vote.verdict)
        counted = state._replace(heard=replaced(state.heard, group, heard))
        if self._all_reserved(heard):
            return self.conclude(counted, group, Kind.CONFIRMED, Result.DONE, what)
        everyone = Verdict.SILENT not in heard or not rules.hears_everyone
        if Verdict.REFUSED in heard and everyone:
            return self.conclude(counted, group, Kind.CANCELLED, Result.REJECTED, what)
        return Move(what, counted)

    def _all_reserved(self, heard: tuple[Verdict, ...]) -> bool:
        rules = self.world.rules
        yes = [Verdict.RESERVED]
        if not rules.tells_queued_from_reserved:
            yes.append(Verdict.QUEUED)
        enough = all if rules.waits_for_all else any
        return enough(verdict in yes for verdict in heard)

    def conclude(
        self, state: State, group: int, kind: Kind, result: Result, what: str
    ) -> Move[State]:
        """Append the decision; it is the answer to the group."""
        other = Kind.CANCELLED if kind is Kind.CONFIRMED else Kind.CONFIRMED
        contradicts = Entry(other, group) in state.logs[self.world.commands[group].coordinator]
        decided = self._log(state, kind, group)
        if self.world.rules.forgets_decided:
            decided = decided._replace(heard=replaced(state.heard, group, ()))
        decided = decided.answered(group, result)
        finding = Finding.CONFIRMED_AND_CANCELLED if contradicts else None
        return Move(f"{what}: {kind}({self.world.name(group)})", decided, finding)

    def _log(self, state: State, kind: Kind, command: int) -> State:
        at = self.world.commands[command].coordinator
        return state._replace(
            logs=replaced(state.logs, at, (*state.logs[at], Entry(kind, command)))
        )
