"""What a deterministic machine is: the shape that the owner loop drives.

Rules of this file:

1. `decide` reads the state and never changes it; `evolve` changes it and never refuses.
2. Time comes in as an argument (ms since the epoch, UTC); a machine has no clock.
3. The same records folded in the same order give the same state, to the digest.
"""

from collections.abc import Collection
from typing import Generic, Protocol, TypeVar

import msgspec

from schemas.commands import Asked
from schemas.outbox import Answer, Data
from schemas.rejections import Rejected, Rejection

State = TypeVar("State")
Cause = TypeVar("Cause")
Fact = TypeVar("Fact")


class Decision(msgspec.Struct, Generic[Fact], frozen=True):
    """What a cause leads to: an answer, if somebody asked, and the facts.

    A command that leads to no answer is deferred: the facts say what it waits for.
    """

    answer: Answer | None
    facts: list[Fact]
    asked: Asked | None = None
    """Whose command is answered, if it is not the cause but was deferred before."""


def refused(why: Rejection, detail: str) -> Decision[Fact]:
    """Give the decision to refuse a command; `detail` says what the reason is about."""
    return Decision(Rejected(code=why.code, detail=detail), [])


class StateSnapshot(Protocol):
    """A state, laid open so that it can be kept: the same state gives the same one."""

    def inventories(self) -> Collection[str]:
        """Name the inventories (by hash) that must be at hand before the state is built again."""
        ...


class Machine(Protocol[State, Cause, Fact]):
    """The rules of one kind of owner."""

    def initial(self) -> State:
        """Give the state before the first record."""
        ...

    def needs(self, facts: Collection[Fact]) -> Collection[str]:
        """Name the inventories (by hash) that must be at hand before these facts are evolved."""
        ...

    def decide(
        self, state: State, cause: Cause, now: int, asked: Asked | None = None
    ) -> Decision[Fact]:
        """Decide a cause at partition time `now`; a command comes with who `asked` it."""
        ...

    def evolve(self, state: State, fact: Fact) -> None:
        """Apply one fact."""
        ...

    def conclude(self, state: State, data: Data[Fact]) -> None:
        """Take in what a record says besides its facts: its time, and an answer to remember."""
        ...

    def due(self, state: State, now: int) -> Cause | None:
        """Give the next cause that no input brings: its time has come by `now`. None: no more.

        What it looked at in vain it may put aside, until a fact brings it back.
        """
        ...

    def digest(self, state: State) -> str:
        """Digest the whole state, 16 hex digits."""
        ...
