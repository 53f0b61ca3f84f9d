"""The search for an order in which the commands, one at a time, come to what was answered.

Rules of this file:

1. It knows the commands and what objects do, and nothing of owners, votes and reservations.
2. A command that was answered before another came is before it in the order.
3. A hold may end, place by place, at any moment once its deadline has passed somewhere: by then a
   group may have reserved some of its places.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.models.groups_seats import Places, World, carry_out
from tests.models.groups_world import FREE, HELD, Result


@dataclass(frozen=True, slots=True)
class History:
    """What was answered, what was answered before what came, and what is left."""

    results: tuple[Result, ...]
    before: tuple[int, ...]
    places: Places
    expired: tuple[int, ...]
    """The tokens whose deadline has passed, for each partition."""


def is_explained(world: World, history: History) -> bool:
    """Say whether one command after the other comes to these results and these places."""
    if any(_contradicts_first(world, history, command) for command in range(len(world.commands))):
        return False
    return _Search(world, history).reaches(
        tuple(target.start for target in world.targets), _had_to_be_decided(world, history)
    )


def _first(world: World, history: History, command: int) -> Result:
    """Return the answer that a repeat must get, NONE if it is not one or the first was put off."""
    repeats = world.commands[command].repeats
    if repeats is None or history.results[repeats] is Result.BUSY:
        return Result.NONE
    return history.results[repeats]


def _contradicts_first(world: World, history: History, command: int) -> bool:
    first = _first(world, history, command)
    return first is not Result.NONE and history.results[command] not in (first, Result.BUSY)


def _had_to_be_decided(world: World, history: History) -> int:
    """Return the set of commands whose result needs a place in the order."""
    return sum(
        1 << command
        for command, result in enumerate(history.results)
        if result is not Result.BUSY and _first(world, history, command) is Result.NONE
    )


class _Search:
    """Depth first, over what is left to be ordered and the places so far."""

    def __init__(self, world: World, history: History) -> None:
        self._world = world
        self._history = history
        self._seen: set[tuple[Places, int]] = set()

    def reaches(self, places: Places, left: int) -> bool:
        if not left and places == self._history.places:
            return True
        if (places, left) in self._seen:
            return False
        self._seen.add((places, left))
        return any(self.reaches(*then) for then in self._next(places, left))

    def _next(self, places: Places, left: int) -> Iterator[tuple[Places, int]]:
        for command in range(len(self._world.commands)):
            earlier = self._history.before[command] if self._world.real_time else 0
            if left >> command & 1 and not earlier & left:
                after = self._carry_out(command, places)
                if (after is not None) == (self._history.results[command] is Result.DONE):
                    yield after or places, left & ~(1 << command)
        for target, pockets in enumerate(places):
            expired = self._history.expired[self._world.targets[target].partition]
            for token, held in enumerate(pockets[HELD:]):
                if held and expired >> token & 1:
                    counts = list(pockets)
                    counts[HELD + token] -= 1
                    counts[FREE] += 1
                    yield (*places[:target], tuple(counts), *places[target + 1 :]), left

    def _carry_out(self, command: int, places: Places) -> Places | None:
        """Do all of a command, or nothing."""
        after = list(places)
        for here in self._world.work[command].values():
            for target, changes in here.items():
                pockets = carry_out(after[target], changes)
                if pockets is None:
                    return None
                after[target] = pockets
        return tuple(after)
