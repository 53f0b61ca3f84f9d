"""The coordinator: the owner loop's role for one partition of `groups.commands`."""

from collections.abc import Collection
from typing import Any

from adapters.ports import TopicPartition
from engine.groups.machine import GroupsMachine
from schemas.commands import decode_groups_command
from schemas.outbox import decode_groups_record
from workers.role import Role


async def _needs_no_inventories(hashes: Collection[str]) -> None:
    assert not hashes


def coordinator_role(partition: int, events_partitions: int) -> Role[Any, Any, Any]:
    """Describe the coordinator of a partition; new events are spread over `events_partitions`."""
    return Role(
        name="coordinator",
        machine=GroupsMachine(partition, events_partitions),
        commands=TopicPartition("groups.commands", partition),
        outbox=TopicPartition("groups.outbox", partition),
        decisions=(),
        decode_command=decode_groups_command,
        decode_record=decode_groups_record,
        decode_decision=decode_groups_record,
        decision_cause=lambda facts: facts,
        load_inventories=_needs_no_inventories,
        dead_letters=TopicPartition("dead.letters", 0),
    )
