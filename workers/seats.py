"""The seats owner: the owner loop's role for one partition of `events.commands`."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

from adapters.ports import TopicPartition
from engine.charts.inventory import SeatMap
from engine.seats.machine import ApplyDecision, SeatsMachine
from schemas.commands import decode_seats_command
from schemas.facts import GroupsFact
from schemas.outbox import decode_groups_record, decode_seats_record
from workers.role import Role


def seats_role(
    partition: int,
    coordinators: int,
    inventories: Mapping[str, SeatMap],
    load_inventories: Callable[[Collection[str]], Awaitable[None]],
) -> Role[Any, Any, Any]:
    """Describe the seats owner of a partition; `coordinators` counts the second inputs."""
    machine = SeatsMachine(partition, inventories)

    def cause(facts: list[GroupsFact]) -> ApplyDecision | None:
        concerning = tuple(fact for fact in facts if machine.concerns(fact))
        return ApplyDecision(concerning) if concerning else None

    return Role(
        name="seats",
        machine=machine,
        commands=TopicPartition("events.commands", partition),
        outbox=TopicPartition("events.outbox", partition),
        decisions=tuple(TopicPartition("groups.outbox", w) for w in range(coordinators)),
        decode_command=decode_seats_command,
        decode_record=decode_seats_record,
        decode_decision=decode_groups_record,
        decision_cause=cause,
        load_inventories=load_inventories,
        dead_letters=TopicPartition("dead.letters", 0),
    )
