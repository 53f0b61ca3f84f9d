"""What tells one kind of owner from another: its machine, its topics, its ways to read them.

Rules of this file:

1. The owner loop (workers/owner.py) knows no seat and no event key; whatever differs between a
   seats owner and a coordinator stands here, in workers/seats.py and workers/coordinator.py.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from adapters.ports import LogRecord, TopicPartition
from engine.machine import Machine

State = TypeVar("State")
Cause = TypeVar("Cause")
Fact = TypeVar("Fact")

Record = Any
"""A decoded outbox record: OwnershipTaken, or one of the types that carry Data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Generic[State, Cause, Fact]):
    """One kind of owner of one partition."""

    name: str
    machine: Machine[State, Cause, Fact]
    commands: TopicPartition
    outbox: TopicPartition
    decisions: tuple[TopicPartition, ...]
    """The coordinators' outboxes that this owner reads as its second input."""
    decode_command: Callable[[bytes], Cause]
    decode_record: Callable[[bytes], Record]
    decode_decision: Callable[[bytes], Record]
    decision_cause: Callable[[Any], Cause | None]
    """The cause that a coordinator's facts are for this partition; None if they are not for it."""
    load_inventories: Callable[[Collection[str]], Awaitable[None]]
    """Wait until these inventories (by hash) are at hand."""
    dead_letters: TopicPartition

    def inputs(self) -> tuple[TopicPartition, ...]:
        """Name all that this owner reads while it serves."""
        return (self.commands, *self.decisions)


def header(record: LogRecord, name: str) -> bytes | None:
    """Find a header of a record."""
    for key, value in record.headers:
        if key == name:
            return value
    return None
