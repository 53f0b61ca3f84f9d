"""The coordinator: the owner loop's role for one partition of `groups.commands`."""

from collections.abc import Collection, Mapping
from typing import Any

from adapters.ports import TopicPartition
from engine.groups.machine import GroupsMachine
from engine.groups.snapshot import decode_snapshot, restore, snapshot
from schemas.commands import decode_groups_command
from schemas.outbox import decode_groups_record
from schemas.topics import (
    DEAD_LETTERS,
    EVENTS_COMMANDS,
    GROUPS_COMMANDS,
    GROUPS_OUTBOX,
    GROUPS_SNAPSHOTS,
    GROUPS_VOTES,
    Topics,
)
from workers.role import Role


async def _needs_no_inventories(hashes: Collection[str]) -> Mapping[str, object]:
    assert not hashes
    return {}


def coordinator_role(partition: int, topics: Topics) -> Role[Any, Any, Any]:
    """Describe the coordinator of a partition; new events are spread over events.commands."""
    return Role(
        name="coordinator",
        machine=GroupsMachine(partition, topics[EVENTS_COMMANDS].partitions),
        commands=TopicPartition(topics[GROUPS_COMMANDS].physical_name, partition),
        outbox=TopicPartition(topics[GROUPS_OUTBOX].physical_name, partition),
        decisions=(),
        votes=TopicPartition(topics[GROUPS_VOTES].physical_name, partition),
        decode_command=decode_groups_command,
        decode_record=decode_groups_record,
        decode_decision=decode_groups_record,
        decision_cause=lambda facts: facts,
        load_inventories=_needs_no_inventories,
        dead_letters=TopicPartition(topics[DEAD_LETTERS].physical_name, 0),
        snapshots=TopicPartition(topics[GROUPS_SNAPSHOTS].physical_name, partition),
        snapshot=snapshot,
        decode_snapshot=decode_snapshot,
        restore=restore,
    )
