"""The seats owner: the owner loop's role for one partition of `events.commands`."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from adapters.ports import TopicPartition
from engine.charts.inventory import SeatMap
from engine.groups.machine import coordinators_max
from engine.machine import Decision
from engine.seats.machine import ApplyDecision, SeatsMachine
from engine.seats.settling import settle_ahead
from engine.seats.snapshot import decode_snapshot, restore, snapshot
from engine.seats.state import SeatsState
from schemas.commands import decode_seats_command
from schemas.facts import GroupsFact, SeatsFact
from schemas.outbox import decode_groups_record, decode_seats_record
from schemas.topics import (
    DEAD_LETTERS,
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    EVENTS_SNAPSHOTS,
    GROUPS_OUTBOX,
    GROUPS_VOTES,
    Topics,
)
from schemas.votes import GroupVote
from workers.role import LoadInventories, Role


def seats_role(
    partition: int,
    topics: Topics,
    inventories: Mapping[str, SeatMap],
    load_inventories: LoadInventories,
) -> Role[Any, Any, Any]:
    """Describe the seats owner of a partition; the coordinators' outboxes are its second input."""
    machine = SeatsMachine(partition, inventories)

    def cause(facts: list[GroupsFact]) -> ApplyDecision | None:
        concerning = tuple(fact for fact in facts if machine.concerns(fact))
        return ApplyDecision(concerning) if concerning else None

    votes = topics[GROUPS_VOTES]

    def ballot_of(vote: GroupVote) -> TopicPartition:
        return TopicPartition(votes.physical_name, vote.group % coordinators_max)

    return Role(
        name="seats",
        machine=machine,
        commands=TopicPartition(topics[EVENTS_COMMANDS].physical_name, partition),
        outbox=TopicPartition(topics[EVENTS_OUTBOX].physical_name, partition),
        decisions=tuple(
            TopicPartition(topics[GROUPS_OUTBOX].physical_name, coordinator)
            for coordinator in range(topics[GROUPS_OUTBOX].partitions)
        ),
        decode_command=decode_seats_command,
        decode_record=decode_seats_record,
        decode_decision=decode_groups_record,
        decision_cause=cause,
        tell_ahead=_tell_ahead,
        workspace_of=_workspace_of,
        load_inventories=load_inventories,
        votes_of=machine.votes_of,
        open_votes=machine.open_votes,
        ballot_of=ballot_of,
        dead_letters=TopicPartition(topics[DEAD_LETTERS].physical_name, 0),
        snapshots=TopicPartition(topics[EVENTS_SNAPSHOTS].physical_name, partition),
        snapshot=snapshot,
        decode_snapshot=decode_snapshot,
        restore=partial(restore, inventories=inventories),
    )


def _tell_ahead(state: SeatsState, cause: ApplyDecision, now: int) -> list[Decision[SeatsFact]]:
    return [Decision(None, [*facts]) for facts in settle_ahead(state, cause.facts, now)]


def _workspace_of(state: SeatsState, event: int) -> str:
    return state.events[event].workspace
