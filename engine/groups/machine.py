"""The coordinator's rules: event keys, hold deadlines, and the decisions about groups.

Rules of this file:

1. `decide` never changes the state and `evolve` never refuses.
2. Creating several events is one decision: all keys are given out, or none.
3. An event's partition is chosen here, from its key, and stands in the record: a later change of
   the number of partitions moves no event.
4. All groups that could meet have one coordinator, and every owner sees them in its order.
"""

from collections.abc import Collection, Iterator
from itertools import count
from typing import NamedTuple
from zlib import crc32

import msgspec

from engine.answers import FirstAnswers
from engine.digests import DIGEST_MODULUS
from engine.groups.directory import Directory, Entry, deleted, updated
from engine.groups.season_sale import pass_sale_on
from engine.groups.seasons import (
    Seasons,
    deleted_with,
    is_season,
    may_say_tables,
    propagating,
    tables_passed_on,
)
from engine.groups.selling import decide_selling, selling_bytes_max, sold_anew, too_large
from engine.groups.voting import (
    GroupInDoubt,
    GroupsInDoubt,
    decide_overdue,
    decide_vote,
    joined,
    parts_of,
    vote_within_ms,
)
from engine.limits import clock_tolerance_ms, hold_ms_max, within
from engine.machine import Decision, refused
from engine.seats.channels import differing
from schemas.commands import (
    Asked,
    Change,
    ChangeObjectStatus,
    ChangePartialSeason,
    CreateEvents,
    CreatePartialSeason,
    CreateSeason,
    CreateSeasonEvents,
    DeleteEvent,
    EditChannels,
    EditForSale,
    GroupsCommand,
    Hold,
    ReplaceInventory,
    SeasonCommand,
    SetHoldDeadline,
    UpdateEvent,
)
from schemas.facts import (
    EventCreated,
    EventUpdated,
    GroupBegun,
    GroupCancelled,
    GroupConfirmed,
    GroupsFact,
    HoldDeadlineSet,
    VoteCounted,
)
from schemas.outbox import Accepted, Data
from schemas.rejections import Rejected, Rejection
from schemas.votes import GroupVote

coordinators_max = 256
"""Ids of events and groups leave this much room for the partition of the coordinator that gave
them."""
groups_in_doubt_max = 5_000
"""More wait nowhere: an owner parks as many commands."""
inventories_replaced_at_once_max = 500
"""Keeps the record far below its limit, and nobody waiting for long. A season with all its events
is replaced at once, however many they are: they look at each other's objects."""


class GroupOverdue(NamedTuple):
    """A group's time to vote is over."""

    group: int


GroupsCause = GroupsCommand | GroupVote | GroupOverdue


class GroupsState:
    """All that one coordinator knows."""

    __slots__ = ("answers", "directory", "events_created", "groups", "now")

    def __init__(self) -> None:
        self.directory = Directory()
        self.answers = FirstAnswers()
        self.groups = GroupsInDoubt()
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

    def decide(
        self, state: GroupsState, cause: GroupsCause, now: int, asked: Asked | None = None
    ) -> Decision[GroupsFact]:
        """Decide a command, a vote or a group that is overdue at partition time `now`."""
        match cause:
            case GroupVote():
                return decide_vote(state.groups, cause)
            case GroupOverdue():
                doubt = state.groups.find(cause.group)
                assert doubt is not None, f"group {cause.group} is overdue and not in doubt"
                return decide_overdue(doubt)
            case _:
                repeat = state.answers.repeat(cause.idempotency, now)
                if repeat is not None:
                    return repeat
                decision = self._decide_command(state, cause, now, asked)
                if not isinstance(cause, ChangeObjectStatus):
                    facts = pass_sale_on(state.directory, decision.facts, now)
                    decision = msgspec.structs.replace(decision, facts=facts)
                refusal = too_large(decision.facts)
                return decision if refusal is None else Decision(refusal, [])

    def _decide_command(
        self, state: GroupsState, command: GroupsCommand, now: int, asked: Asked | None
    ) -> Decision[GroupsFact]:
        match command:
            case ChangeObjectStatus():
                return self._begin(state, command, now, asked)
            case EditChannels() | EditForSale():
                return decide_selling(state.directory, command, now)
            case (
                CreateSeason()
                | CreateSeasonEvents()
                | CreatePartialSeason()
                | ChangePartialSeason()
            ):
                return self._change_seasons(state, command, now)
            case _:
                return self._decide_one(state, command, now)

    def _decide_one(
        self,
        state: GroupsState,
        command: CreateEvents | UpdateEvent | ReplaceInventory | DeleteEvent | SetHoldDeadline,
        now: int,
    ) -> Decision[GroupsFact]:
        match command:
            case CreateEvents():
                return self._create(state, command, now)
            case UpdateEvent():
                return _update(state, command, now)
            case ReplaceInventory():
                return _replace_inventory(state, command, now)
            case DeleteEvent():
                return _delete(state, command, now)
            case SetHoldDeadline():
                return _set_deadline(state, command, now)

    def evolve(self, state: GroupsState, fact: GroupsFact) -> None:
        """Apply one fact."""
        match fact:
            case GroupBegun():
                state.groups.begin(fact)
                state.answers.defer(fact.asked.idempotency)
            case VoteCounted():
                state.groups.count(fact)
            case GroupConfirmed() | GroupCancelled():
                state.groups.end(fact.group)
            case _:
                state.directory.evolve(fact)
                state.events_created += isinstance(fact, EventCreated)

    def conclude(self, state: GroupsState, data: Data[GroupsFact]) -> None:
        """Take in a record's time and its answer."""
        state.now = data.at
        state.answers.remember(data)
        state.directory.forget_holds_until(data.at)

    def due(self, state: GroupsState, now: int) -> GroupOverdue | None:
        """Give the next group whose time to vote ends at or before `now`."""
        overdue: GroupInDoubt | None = state.groups.overdue(now)
        return None if overdue is None else GroupOverdue(overdue.group)

    def digest(self, state: GroupsState) -> str:
        """Digest the directory and the groups in doubt, 16 hex digits."""
        return f"{(state.directory.digest_sum + state.groups.digest_sum) % DIGEST_MODULUS:016x}"

    def _begin(
        self, state: GroupsState, command: ChangeObjectStatus, now: int, asked: Asked | None
    ) -> Decision[GroupsFact]:
        assert asked is not None, "a group is answered later: it matters who waits"
        placed: list[tuple[int, Change]] = []
        for change in command.changes:
            entry = state.directory.by_id(change.event)
            is_meant = entry is not None and entry.workspace == command.workspace
            if entry is None or not is_meant or change.event_key not in (None, entry.key):
                return refused(Rejection.EVENT_NOT_FOUND, str(change.event))
            if change.season_use is not None:
                return refused(Rejection.OVERRIDE_IN_A_GROUP, entry.key)
            # Found here, in the order in which events are renamed: owners need not look again.
            placed.append((entry.partition, msgspec.structs.replace(change, event_key=None)))
            if change.hold is not None and _is_too_far(state, change.hold, now):
                return refused(Rejection.HOLD_DEADLINE_TOO_FAR, change.hold.token)
        if command.same_channels:
            channels = {c.event: state.directory.channels(c.event) for c in command.changes}
            obstacles = differing(channels, command.changes)
            if obstacles:
                refusal = Rejected(code=Rejection.CHANNELS_DIFFER.code, obstacles=obstacles)
                return Decision(joined([refusal]), [])
        if len(state.groups) >= groups_in_doubt_max:
            return refused(Rejection.BUSY_IN_DOUBT, f"{len(state.groups)} groups are in doubt")
        begun = GroupBegun(
            group=asked.command.offset * coordinators_max + self._partition,
            asked=asked,
            parts=parts_of(placed),
            origin=command.origin,
            vote_by=now + vote_within_ms,
        )
        return Decision(None, [begun])

    def _create(self, state: GroupsState, command: CreateEvents, now: int) -> Decision[GroupsFact]:
        keys = [event.key for event in command.events]
        taken = state.directory.not_free(command.workspace, keys)
        if taken:
            return refused(Rejection.EVENT_KEY_TAKEN, ", ".join(taken))
        ids = self._new_ids(state)
        return Decision(
            Accepted(),
            [
                EventCreated(
                    event=next(ids),
                    partition=partition_of(command.workspace, event.key, self._events_partitions),
                    workspace=command.workspace,
                    key=event.key,
                    chart_key=event.chart_key,
                    inventory=event.inventory,
                    name=event.name,
                    date=event.date,
                    selling=event.selling,
                    created_at=now,
                )
                for event in command.events
            ],
        )

    def _change_seasons(
        self, state: GroupsState, command: SeasonCommand, now: int
    ) -> Decision[GroupsFact]:
        def place(key: str) -> int:
            return partition_of(command.workspace, key, self._events_partitions)

        seasons = Seasons(state.directory, self._new_ids(state), place, now)
        return seasons.decide(command)

    def _new_ids(self, state: GroupsState) -> Iterator[int]:
        """Give the ids of the events that are created next."""
        numbers = count(state.events_created + 1)
        return (number * coordinators_max + self._partition for number in numbers)


def partition_of(workspace: str, key: str, partitions: int) -> int:
    """Choose the partition of a new event by its key."""
    return crc32(f"{workspace}/{key}".encode()) % partitions


def _is_too_far(state: GroupsState, hold: Hold, now: int) -> bool:
    revision = state.directory.hold(hold.token)
    expires_at = revision.expires_at if revision else hold.expires_at
    return expires_at > now + hold_ms_max + clock_tolerance_ms


def _update(state: GroupsState, command: UpdateEvent, now: int) -> Decision[GroupsFact]:
    entry = state.directory.find(command.workspace, command.key)
    if entry is None:
        return refused(Rejection.EVENT_NOT_FOUND, command.key)
    key = command.new_key or command.key
    if key != command.key and state.directory.find(command.workspace, key):
        return refused(Rejection.EVENT_KEY_TAKEN, key)
    if command.for_sale_propagated is not None and not is_season(entry):
        return refused(Rejection.NOT_A_SEASON, command.key)
    if command.inventory is not None and entry.season is not None:
        return refused(Rejection.CHART_OF_SEASON, command.key)
    if command.tables is not None and not may_say_tables(entry, command.tables):
        return refused(Rejection.TABLES_OF_SEASON, command.key)
    passed_on = tables_passed_on(state.directory, entry, command.tables, now)
    return Decision(Accepted(), [_as_asked(entry, key, command, now), *passed_on])


def _as_asked(entry: Entry, key: str, command: UpdateEvent, now: int) -> EventUpdated:
    return EventUpdated(
        event=entry.event,
        partition=entry.partition,
        workspace=entry.workspace,
        key=key,
        previous_key=entry.key,
        chart_key=command.chart_key,
        inventory=command.inventory,
        name=command.name,
        date=command.date,
        is_in_the_past=command.is_in_the_past,
        selling=sold_anew(entry.selling, command),
        season=propagating(entry, command.for_sale_propagated),
        updated_at=now,
    )


def _replace_inventory(
    state: GroupsState, command: ReplaceInventory, now: int
) -> Decision[GroupsFact]:
    concerned: dict[int, list[Entry]] = {}
    for entry in state.directory.of_chart(command.workspace, command.chart_key):
        if entry.inventory != command.inventory:
            shared = entry.event if entry.season is None else entry.season.top
            concerned.setdefault(shared, []).append(entry)
    chosen: list[Entry] = []
    for together in concerned.values():
        if chosen and len(chosen) + len(together) > inventories_replaced_at_once_max:
            break
        chosen += together
    replaced = [updated(entry, now, inventory=command.inventory) for entry in chosen]
    return Decision(Accepted(), [*within(replaced, selling_bytes_max)])


def _delete(state: GroupsState, command: DeleteEvent, now: int) -> Decision[GroupsFact]:
    entry = state.directory.find(command.workspace, command.key)
    if entry is None:
        return refused(Rejection.EVENT_NOT_FOUND, command.key)
    return Decision(Accepted(), [*deleted_with(state.directory, entry, now), deleted(entry)])


def _set_deadline(state: GroupsState, command: SetHoldDeadline, now: int) -> Decision[GroupsFact]:
    revision = state.directory.hold(command.hold.token)
    previous = revision.expires_at if revision else command.hold.expires_at
    expires_at = now + command.duration_ms
    if previous <= now:
        return refused(Rejection.HOLD_TOKEN_EXPIRED, command.hold.token)
    if command.duration_ms and expires_at > command.made_at + hold_ms_max:
        return refused(Rejection.HOLD_DEADLINE_TOO_FAR, command.hold.token)
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
