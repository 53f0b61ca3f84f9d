"""A coordinator's state, laid open so that it can be kept and built again.

Rules of this file: those of engine/seats/snapshot.py.
"""

from collections.abc import Collection

import msgspec

from engine.answers import AnswersSnapshot
from engine.groups.directory import DirectorySnapshot
from engine.groups.machine import GroupsState
from engine.groups.voting import GroupSnapshot


class GroupsSnapshot(
    msgspec.Struct, tag="GroupsSnapshot.v1", frozen=True, forbid_unknown_fields=True
):
    """All that one coordinator knows."""

    now: int
    events_created: int
    directory: DirectorySnapshot
    groups: list[GroupSnapshot]
    answers: AnswersSnapshot

    def inventories(self) -> Collection[str]:
        """Name the inventories that must be at hand: a coordinator needs none."""
        return ()


decode_snapshot = msgspec.json.Decoder(GroupsSnapshot).decode


def snapshot(state: GroupsState) -> GroupsSnapshot:
    """Lay a state open; what comes shares its parts, so encode it before the state moves on."""
    return GroupsSnapshot(
        state.now,
        state.events_created,
        state.directory.snapshot(),
        state.groups.snapshot(),
        state.answers.snapshot(),
    )


def restore(kept: GroupsSnapshot) -> GroupsState:
    """Build the state again."""
    state = GroupsState()
    state.now = kept.now
    state.events_created = kept.events_created
    state.directory.restore(kept.directory)
    state.groups.restore(kept.groups)
    state.answers.restore(kept.answers)
    return state
