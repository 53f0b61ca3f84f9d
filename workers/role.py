"""What tells one kind of owner from another: its machine, its topics, its ways to read them.

Rules of this file:

1. The owner loop (workers/owner.py) knows no seat and no event key; whatever differs between a
   seats owner and a coordinator stands here, in workers/seats.py and workers/coordinator.py.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from adapters.ports import LogRecord, TopicPartition
from engine.machine import Decision, Machine, StateSnapshot
from schemas.votes import GroupVote
from workers.turns import Rank

State = TypeVar("State")
Cause = TypeVar("Cause")
Fact = TypeVar("Fact")

LoadInventories = Callable[[Collection[str]], Awaitable[Mapping[str, object]]]
"""Waits for inventories by hash; the machine finds those that its state or the caller keeps."""

Record = Any
"""A decoded outbox record: OwnershipTaken, or one of the types that carry Data."""


def no_votes(of: object) -> list[GroupVote]:
    """Vote on nothing, as a coordinator does."""
    del of
    return []


def no_ballot(vote: GroupVote) -> TopicPartition:
    """Fail: who has no votes needs no place for them."""
    raise NotImplementedError(f"nobody here votes: {vote}")


def tells_of_no_event(state: object, event: int) -> str:
    """Fail: of a coordinator only commands do something to events."""
    del state
    raise NotImplementedError(f"nobody asked for what is told of event {event}")


def nothing_ahead(state: object, cause: object, now: int) -> list[Decision[Any]]:
    """Have room for everything in the record of a decision."""
    del state, cause, now
    return []


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Generic[State, Cause, Fact]):
    """One kind of owner of one partition."""

    name: str
    machine: Machine[State, Cause, Fact]
    commands: TopicPartition
    outbox: TopicPartition
    decisions: tuple[TopicPartition, ...]
    """The coordinators' outboxes that a seats owner reads as its second input."""
    votes: TopicPartition | None = None
    """The votes that a coordinator reads as its second input."""
    decode_command: Callable[[bytes], Cause]
    decode_record: Callable[[bytes], Record]
    decode_decision: Callable[[bytes], Record]
    decision_cause: Callable[[Any], Cause | None]
    """The cause that a coordinator's facts are for this partition; None if they are not for it."""
    tell_ahead: Callable[[State, Cause, int], list[Decision[Fact]]] = nothing_ahead
    """What has to be told before the decision with this cause, at this time: record by record."""
    workspace_of: Callable[[State, int], str] = tells_of_no_event
    """Whose an event is; asked for what time alone has done to it."""
    load_inventories: LoadInventories
    dead_letters: TopicPartition
    snapshots: TopicPartition
    snapshot: Callable[[State], StateSnapshot]
    """Lays the state open; what comes shares its parts."""
    decode_snapshot: Callable[[bytes], Any]
    """Raises msgspec.DecodeError for what another version has kept."""
    restore: Callable[[Any], State]
    """Builds the state of a snapshot whose inventories are at hand."""
    votes_of: Callable[[Iterable[Fact]], list[GroupVote]] = no_votes
    """The votes that facts of this owner call for."""
    open_votes: Callable[[State], list[GroupVote]] = no_votes
    """The votes about all groups that are still in doubt here: they may have been lost."""
    ballot_of: Callable[[GroupVote], TopicPartition] = no_ballot
    """Where a vote goes."""

    def rank(self, *then: int) -> Rank:
        """Say who comes first when several are to replay: the coordinators, then as `then` says.

        Groups everywhere wait for a coordinator, which reads no decisions.
        """
        return (bool(self.decisions), *then)

    def inputs(self) -> tuple[TopicPartition, ...]:
        """Name all that this owner reads while it serves."""
        votes = () if self.votes is None else (self.votes,)
        return (self.commands, *self.decisions, *votes)


def header(record: LogRecord, name: str) -> bytes | None:
    """Find a header of a record."""
    for key, value in record.headers:
        if key == name:
            return value
    return None
