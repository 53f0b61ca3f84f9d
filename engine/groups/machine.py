"""The coordinator's rules: event keys are given out here once, and hold deadlines moved.

Rules of this file:

1. `decide` never changes the state and `evolve` never refuses.
2. Creating several events is one decision: all keys are given out, or none.
3. An event's partition is chosen here, from its key, and stands in the record: a later change of
   the number of partitions moves no event.
"""

from collections.abc import Collection
from zlib import crc32

from engine.answers import FirstAnswers
from engine.groups.directory import Directory, Entry
from engine.machine import Decision
from schemas.commands import (
    CreateEvents,
    DeleteEvent,
    GroupsCommand,
    SetHoldDeadline,
    UpdateEvent,
)
from schemas.facts import EventCreated, EventDeleted, EventUpdated, GroupsFact, HoldDeadlineSet
from schemas.outbox import Accepted, Data
from schemas.rejections import Rejected, Rejection

hold_max_ms = 2 * 60 * 60 * 1000
"""The vendor's limit on a hold token's whole validity, from its making on (contract 1.7)."""
clock_tolerance_ms = 60 * 1000
"""A changed deadline is remembered this much longer than needed: clocks differ."""
coordinators_max = 256
"""Event ids leave this much room for the partition of the coordinator that gave them."""


class GroupsState:
    """All that one coordinator knows."""

    __slots__ = ("answers", "directory", "events_created", "now")

    def __init__(self) -> None:
        self.directory = Directory()
        self.answers = FirstAnswers()
        self.events_created = 0
        self.now = 0


class GroupsMachine:
    """The machine of a coordinator; one instance serves one partition of `groups.commands`."""

    def __init__(self, partition: int, events_partitions: int) -> None:
        self._partition = partition
        self._events_partitions = events_partitions

    def initial(self) -> GroupsState:
        """Give the state of a coordinator that has decided nothing."""
        return GroupsState()

    def needs(self, facts: Collection[GroupsFact]) -> Collection[str]:
        """Name the inventories needed: a coordinator needs none."""
        del facts
        return ()

    def decide(self, state: GroupsState, cause: GroupsCommand, now: int) -> Decision[GroupsFact]:
        """Decide a command at partition time `now`."""
        repeat = state.answers.repeat(cause.idempotency, now)
        if repeat is not None:
            return repeat
        match cause:
            case CreateEvents():
                return self._create(state, cause, now)
            case UpdateEvent():
                return _update(state, cause, now)
            case DeleteEvent():
                return _delete(state, cause)
            case SetHoldDeadline():
                return _set_deadline(state, cause, now)

    def evolve(self, state: GroupsState, fact: GroupsFact) -> None:
        """Apply one fact."""
        state.directory.evolve(fact)
        if isinstance(fact, EventCreated):
            state.events_created += 1

    def conclude(self, state: GroupsState, data: Data[GroupsFact]) -> None:
        """Take in a record's time and its answer."""
        state.now = data.at
        state.answers.remember(data)
        state.directory.forget_holds_until(data.at)

    def due(self, state: GroupsState, now: int) -> None:
        """Coordinators have no deadlines of their own yet."""
        del state, now

    def digest(self, state: GroupsState) -> str:
        """Digest the directory, 16 hex digits."""
        return state.directory.digest()

    def _create(self, state: GroupsState, command: CreateEvents, now: int) -> Decision[GroupsFact]:
        keys = [event.key for event in command.events]
        taken = [key for key in keys if state.directory.find(command.workspace, key)]
        doubled = [key for place, key in enumerate(keys) if key in keys[:place]]
        if taken or doubled:
            return _refuse(Rejection.EVENT_KEY_TAKEN, ", ".join(taken or doubled))
        return Decision(
            Accepted(),
            [
                EventCreated(
                    event=(state.events_created + place) * coordinators_max + self._partition,
                    partition=partition_of(command.workspace, event.key, self._events_partitions),
                    workspace=command.workspace,
                    key=event.key,
                    chart_key=event.chart_key,
                    inventory=event.inventory,
                    name=event.name,
                    date=event.date,
                    created_at=now,
                )
                for place, event in enumerate(command.events, start=1)
            ],
        )


def partition_of(workspace: str, key: str, partitions: int) -> int:
    """Choose the partition of a new event by its key."""
    return crc32(f"{workspace}/{key}".encode()) % partitions


def _refuse(why: Rejection, detail: str) -> Decision[GroupsFact]:
    return Decision(Rejected(code=why.code, detail=detail), [])


def _update(state: GroupsState, command: UpdateEvent, now: int) -> Decision[GroupsFact]:
    entry = state.directory.find(command.workspace, command.key)
    if entry is None:
        return _refuse(Rejection.EVENT_NOT_FOUND, command.key)
    key = command.new_key or command.key
    if key != command.key and state.directory.find(command.workspace, key):
        return _refuse(Rejection.EVENT_KEY_TAKEN, key)
    return Decision(Accepted(), [_updated(entry, key, command, now)])


def _updated(entry: Entry, key: str, command: UpdateEvent, now: int) -> EventUpdated:
    return EventUpdated(
        event=entry.event,
        partition=entry.partition,
        workspace=entry.workspace,
        key=key,
        previous_key=entry.key,
        name=command.name,
        date=command.date,
        is_in_the_past=command.is_in_the_past,
        updated_at=now,
    )


def _delete(state: GroupsState, command: DeleteEvent) -> Decision[GroupsFact]:
    entry = state.directory.find(command.workspace, command.key)
    if entry is None:
        return _refuse(Rejection.EVENT_NOT_FOUND, command.key)
    deleted = EventDeleted(
        event=entry.event, partition=entry.partition, workspace=entry.workspace, key=entry.key
    )
    return Decision(Accepted(), [deleted])


def _set_deadline(state: GroupsState, command: SetHoldDeadline, now: int) -> Decision[GroupsFact]:
    revision = state.directory.hold(command.hold.token)
    previous = revision.expires_at if revision else command.hold.expires_at
    expires_at = now + command.duration_ms
    if previous <= now:
        return _refuse(Rejection.HOLD_TOKEN_EXPIRED, command.hold.token)
    if command.duration_ms and expires_at > command.made_at + hold_max_ms:
        return _refuse(Rejection.HOLD_DEADLINE_TOO_FAR, command.hold.token)
    latest = max(previous, command.hold.expires_at, expires_at)
    remembered = max(latest + clock_tolerance_ms, revision.remembered_until if revision else 0)
    return Decision(
        Accepted(),
        [
            HoldDeadlineSet(
                workspace=command.workspace,
                token=command.hold.token,
                expires_at=expires_at,
                previous_expires_at=previous,
                remembered_until=remembered,
            )
        ],
    )
