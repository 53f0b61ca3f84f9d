"""What a deterministic machine is: the shape that the owner loop drives.

Rules of this file:

1. `decide` reads the state and never changes it; `evolve` changes it and never refuses.
2. Time comes in as an argument (ms since the epoch, UTC); a machine has no clock.
3. The same records folded in the same order give the same state, to the digest.
"""

from collections.abc import Collection
from typing import Generic, NamedTuple, Protocol, TypeVar

from schemas.outbox import Answer, Data

State = TypeVar("State")
Cause = TypeVar("Cause")
Fact = TypeVar("Fact")


class Decision(NamedTuple, Generic[Fact]):
    """What a cause leads to: an answer, if somebody asked, and the facts."""

    answer: Answer | None
    facts: list[Fact]


class Machine(Protocol[State, Cause, Fact]):
    """The rules of one kind of owner."""

    def initial(self) -> State:
        """Give the state before the first record."""
        ...

    def needs(self, facts: Collection[Fact]) -> Collection[str]:
        """Name the inventories (by hash) that must be at hand before these facts are evolved."""
        ...

    def decide(self, state: State, cause: Cause, now: int) -> Decision[Fact]:
        """Decide a cause at partition time `now`."""
        ...

    def evolve(self, state: State, fact: Fact) -> None:
        """Apply one fact."""
        ...

    def conclude(self, state: State, data: Data[Fact]) -> None:
        """Take in what a record says besides its facts: its time, and an answer to remember."""
        ...

    def due(self, state: State, now: int) -> Cause | None:
        """Give the next cause that time alone brings at `now`, or None."""
        ...

    def digest(self, state: State) -> str:
        """Digest the whole state, 16 hex digits."""
        ...
