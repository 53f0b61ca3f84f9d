"""The booking rules: a cause and a seat state in, a decision out.

Rules of this file:

1. `decide` never changes the state and `evolve` never refuses.
2. A command is done as a whole or refused as a whole, and a refusal names everything in the way.
3. The workspace of a command is checked against that of each event: another's event is not found.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import msgspec

from engine.charts.inventory import SeatMap
from engine.machine import Decision
from engine.seats.areas import Moved, area_seen, change_area, expire_area, without_own
from engine.seats.state import (
    UNTOUCHED,
    UNTOUCHED_AREA,
    EventState,
    ObjectState,
    Places,
    SeatsState,
)
from engine.seats.statuses import refuse_seat, seat_after
from schemas.commands import (
    Change,
    ChangeObjectStatus,
    ObjectChange,
    Origin,
    SeatsCommand,
    UpdateExtraData,
)
from schemas.facts import (
    FREE,
    HELD,
    EventCreated,
    EventDeleted,
    EventUpdated,
    ExtraDataChanged,
    GroupsFact,
    HoldDeadlineSet,
    HoldExpired,
    SeatsFact,
    StatusChanged,
)
from schemas.outbox import Accepted, Data
from schemas.rejections import BY_CODE, Obstacle, Rejected, Rejection

hold_max_ms = 2 * 60 * 60 * 1000
"""The vendor's limit on a hold token's validity (contract 1.7)."""
clock_tolerance_ms = 60 * 1000
"""How far an ingress' clock may be ahead of the broker's before its tokens are refused."""
expiries_per_record_max = 500
"""Bounds a record: a token may hold more objects than one command may name."""
facts_bytes_max = 1024 * 1024
"""Bounds the record of a command: a change that keeps extra data tells it again, and one of an
area tells up to 100 statuses. A command itself has 768 KiB at most, so what it brings fits."""
expiries_bytes_max = 512 * 1024
"""Bounds the record of an expiry, for the same statuses; one more fact always fits."""


_encode = msgspec.json.Encoder().encode


class ExpireHold(NamedTuple):
    """A token's deadline has come."""

    token: str


class ApplyDecision(NamedTuple):
    """A coordinator's facts that concern this partition."""

    facts: tuple[GroupsFact, ...]


SeatsCause = SeatsCommand | ApplyDecision | ExpireHold


class SeatsMachine:
    """The machine of a seats owner; one instance serves one partition."""

    def __init__(self, partition: int, inventories: Mapping[str, SeatMap]) -> None:
        self._partition = partition
        self._inventories = inventories

    def initial(self) -> SeatsState:
        """Give the state of a partition without events."""
        return SeatsState(self._inventories)

    def needs(self, facts: Collection[SeatsFact]) -> Collection[str]:
        """Name the inventories of the events that these facts create."""
        return [fact.inventory for fact in facts if isinstance(fact, EventCreated)]

    def concerns(self, fact: GroupsFact) -> bool:
        """Say whether a coordinator's fact is for this partition."""
        return isinstance(fact, HoldDeadlineSet) or fact.partition == self._partition

    def decide(self, state: SeatsState, cause: SeatsCause, now: int) -> Decision[SeatsFact]:
        """Decide a command, a coordinator's decision or a deadline at partition time `now`."""
        match cause:
            case ChangeObjectStatus():
                return (
                    state.answers.repeat(cause.idempotency, now)
                    or _ChangeDecider(state, cause, now).decision()
                )
            case UpdateExtraData():
                return state.answers.repeat(cause.idempotency, now) or _decide_extra_data(
                    state, cause
                )
            case ApplyDecision():
                return Decision(None, [_applied(state, fact, now) for fact in cause.facts])
            case ExpireHold():
                return _decide_expiry(state, cause.token)

    def evolve(self, state: SeatsState, fact: SeatsFact) -> None:
        """Apply one fact; an event it names that is not here is a programmer's fault."""
        match fact:
            case StatusChanged():
                event = state.events[fact.event]
                state.replace(event, fact.label, _state_after(fact))
                if fact.area is not None and fact.hold_token is not None:
                    own = fact.area.own
                    state.replace_area_hold(event, fact.label, fact.hold_token, own)
                state.number(event, fact.seq)
                if fact.status == HELD and fact.hold_token and fact.hold_expires_at is not None:
                    state.holds.schedule(fact.hold_token, fact.hold_expires_at)
            case ExtraDataChanged():
                event = state.events[fact.event]
                current = event.objects.get(fact.label, _untouched(event, fact.label))
                after = msgspec.structs.replace(current, extra_data=fact.extra_data)
                state.replace(event, fact.label, after)
            case HoldDeadlineSet():
                state.holds.revise(fact.token, fact.expires_at, fact.remembered_until)
            case HoldExpired():
                pass  # the objects were freed by the status changes beside it
            case EventCreated():
                seats = self._inventories[fact.inventory]
                state.events[fact.event] = EventState(fact.event, fact.workspace, fact.key, seats)
            case EventUpdated():
                state.events[fact.event].key = fact.key
            case EventDeleted():
                state.drop(state.events[fact.event])

    def conclude(self, state: SeatsState, data: Data[SeatsFact]) -> None:
        """Take in a record's time and its answer."""
        state.now = data.at
        state.answers.remember(data)
        state.holds.forget_until(data.at)

    def due(self, state: SeatsState, now: int) -> ExpireHold | None:
        """Give the next hold that ends at or before `now`."""
        token = state.holds.due(now)
        return None if token is None else ExpireHold(token)

    def digest(self, state: SeatsState) -> str:
        """Digest the state of all objects, 16 hex digits."""
        return state.digest()


def rejected(obstacles: list[Obstacle]) -> Rejected:
    """Build the refusal for these obstacles: the code that stands first in precedence."""
    foremost = min((BY_CODE[obstacle.code] for obstacle in obstacles), key=lambda r: r.precedence)
    return Rejected(code=foremost.code, obstacles=obstacles)


class _ChangeDecider:
    """Works a command out on an overlay of the state: its own earlier changes are seen by later."""

    def __init__(self, state: SeatsState, command: ChangeObjectStatus, now: int) -> None:
        self._state = state
        self._command = command
        self._now = now
        self._overlay: dict[tuple[int, str], ObjectState] = {}
        self._area_holds: dict[tuple[int, str, str], Places] = {}
        """The overlay of what tokens hold of areas: by event, label and token."""
        self._last_seq: dict[int, int] = {}
        self._facts: list[SeatsFact] = []
        self._obstacles: list[Obstacle] = []
        self._status_asked: list[str] = []
        """Of each obstacle."""
        self._large_bytes = 0
        """Of the facts that may be large: seats without extra data need no counting."""

    def decision(self) -> Decision[SeatsFact]:
        changes = self._command.changes
        refusals = [why for why in map(self._refuse_before_objects, changes) if why is not None]
        if refusals:
            return _refuse(*min(refusals, key=lambda why: why[0].precedence))
        for change in changes:
            event = self._state.events[change.event]
            for item in change.objects:
                self._change(event, change, item)
        if self._obstacles:
            return Decision(self._rejected(), [])
        if self._large_bytes > facts_bytes_max:
            return _refuse(Rejection.COMMAND_TOO_LARGE, f"{self._large_bytes} bytes to tell")
        return Decision(Accepted(), self._facts)

    def _rejected(self) -> Rejected:
        refusal = rejected(self._obstacles)
        foremost = [obstacle.code for obstacle in self._obstacles].index(refusal.code)
        return msgspec.structs.replace(refusal, requested_status=self._status_asked[foremost])

    def _refuse_before_objects(self, change: Change) -> tuple[Rejection, str | None] | None:
        event = self._state.events.get(change.event)
        if not _is_meant(event, self._command.workspace, change.event_key):
            return Rejection.EVENT_NOT_FOUND, str(change.event)
        refusal = self._refuse_hold(change)
        if refusal is not None:
            return refusal, change.hold.token if change.hold else None
        return None

    def _refuse_hold(self, change: Change) -> Rejection | None:
        if change.hold is None:
            return Rejection.HOLD_TOKEN_MISSING if change.status == HELD else None
        expires_at = self._expires_at(change)
        if expires_at is not None and expires_at <= self._now:
            return Rejection.HOLD_TOKEN_EXPIRED
        if expires_at is not None and expires_at > self._now + hold_max_ms + clock_tolerance_ms:
            return Rejection.HOLD_DEADLINE_TOO_FAR
        return None

    def _expires_at(self, change: Change) -> int | None:
        hold = change.hold
        return self._state.holds.deadline(hold.token, hold.expires_at) if hold else None

    def _change(self, event: EventState, change: Change, item: ObjectChange) -> None:
        current = self._overlay.get((event.id, item.label)) or event.objects.get(item.label)
        token = change.hold.token if change.hold else None
        moved = _move(event, current, self._own(event, item.label, token), change, item)
        if isinstance(moved, Rejection):
            self._obstruct(event, item.label, moved, current)
            self._status_asked.append(change.status)
            return
        self._overlay[event.id, item.label] = moved.state
        if token is not None and moved.own is not None:
            self._area_holds[event.id, item.label, token] = moved.own
        seq = self._last_seq.get(event.id, event.last_seq) + 1
        self._last_seq[event.id] = seq
        fact = StatusChanged(
            event=event.id,
            seq=seq,
            label=item.label,
            status=change.status,
            previous_status=moved.previous_status,
            quantity=item.quantity,
            hold_token=token,
            hold_expires_at=self._expires_at(change),
            order_id=moved.state.order_id,
            ticket_type=moved.state.ticket_type,
            extra_data=moved.state.extra_data,
            origin=self._command.origin,
            area=None if moved.own is None else area_seen(moved.state, moved.own),
        )
        if fact.area is not None or fact.extra_data is not None:
            self._large_bytes += len(_encode(fact))
        self._facts.append(fact)

    def _own(self, event: EventState, label: str, token: str | None) -> Places:
        """Give what the acting token holds of an area, after the command's earlier changes."""
        if token is None:
            return {}
        changed = self._area_holds.get((event.id, label, token))
        return event.area_holds.get((label, token), {}) if changed is None else changed

    def _obstruct(
        self, event: EventState, label: str, why: Rejection, current: ObjectState | None
    ) -> None:
        status = current.status if current else FREE
        if why in (Rejection.OBJECT_NOT_FOUND, Rejection.TABLE_NOT_BOOKABLE_YET):
            self._obstacles.append(Obstacle(event=event.id, label=label, code=why.code))
        else:
            self._obstacles.append(
                Obstacle(event=event.id, label=label, code=why.code, status=status)
            )


def _move(
    event: EventState,
    current: ObjectState | None,
    own: Places,
    change: Change,
    item: ObjectChange,
) -> Moved | Rejection:
    place = event.seats.find(item.label)
    if place is None:
        return Rejection.OBJECT_NOT_FOUND
    if place.table is not None and (place.kind == "table" or place.table.book_as_a_whole):
        return Rejection.TABLE_NOT_BOOKABLE_YET
    if place.kind == "area":
        return change_area(current or UNTOUCHED_AREA, own, place.capacity, change, item)
    if item.quantity != 1:
        return Rejection.QUANTITY_ON_A_SEAT
    seat = current or UNTOUCHED
    refusal = refuse_seat(seat, change)
    return refusal or Moved(seat_after(seat, change, item), seat.status)


def _refuse(why: Rejection, detail: str | None) -> Decision[SeatsFact]:
    return Decision(Rejected(code=why.code, detail=detail), [])


def _decide_extra_data(state: SeatsState, command: UpdateExtraData) -> Decision[SeatsFact]:
    event = state.events.get(command.event)
    if event is None or not _is_meant(event, command.workspace, command.event_key):
        return _refuse(Rejection.EVENT_NOT_FOUND, str(command.event))
    unknown = [
        Obstacle(event=event.id, label=label, code=Rejection.OBJECT_NOT_FOUND.code)
        for label in command.extra_data
        if event.seats.find(label) is None
    ]
    if unknown:
        return Decision(rejected(unknown), [])
    facts: list[SeatsFact] = [
        ExtraDataChanged(event=event.id, label=label, extra_data=extra_data or None)
        for label, extra_data in command.extra_data.items()
    ]
    return Decision(Accepted(), facts)


def _is_meant(event: EventState | None, workspace: str, key: str | None) -> bool:
    """Say whether this event is what the ingress knew by that key: it may have been renamed."""
    return event is not None and event.workspace == workspace and key in (None, event.key)


def _decide_expiry(state: SeatsState, token: str) -> Decision[SeatsFact]:
    held = state.holds.objects(token)
    last_seq: dict[int, int] = {}
    facts: list[SeatsFact] = []
    told_bytes = 0
    for event_id, label in held[:expiries_per_record_max]:
        event = state.events[event_id]
        seq = last_seq.get(event_id, event.last_seq) + 1
        last_seq[event_id] = seq
        freed = _expired(event, label, token, seq)
        facts.append(freed)
        told_bytes += len(_encode(freed))
        if told_bytes > expiries_bytes_max:
            break
    if len(facts) == len(held):
        facts.append(HoldExpired(token=token))
    return Decision(None, facts)


def _expired(event: EventState, label: str, token: str, seq: int) -> StatusChanged:
    """Free what a token holds of an object.

    This is a status change like any other (vendor contract 4.3): what it does not say, the object
    no longer has. That includes an area's order and extra data.
    """
    current = event.objects[label]
    area, quantity = None, 1
    if current.area is not None:
        area, quantity = expire_area(current, event.area_holds[label, token], token)
    return StatusChanged(
        event=event.id,
        seq=seq,
        label=label,
        status=FREE,
        previous_status=HELD,
        quantity=quantity,
        hold_token=token,
        origin=Origin(type="HOLD_EXPIRED"),
        area=area,
    )


def _applied(state: SeatsState, fact: GroupsFact, now: int) -> SeatsFact:
    """Turn a coordinator's fact into this partition's own; see HoldDeadlineSet for late ones.

    A deadline that was changed too late here counts, not the coordinator's: the next change would
    bring the ended token back to life.
    """
    if isinstance(fact, HoldDeadlineSet):
        previous = state.holds.deadline(fact.token, fact.previous_expires_at)
        if previous <= now:
            return msgspec.structs.replace(fact, expires_at=previous, previous_expires_at=previous)
    return fact


def _state_after(fact: StatusChanged) -> ObjectState:
    held = fact.status == HELD and fact.area is None
    return ObjectState(
        status=fact.status,
        hold_token=fact.hold_token if held else None,
        order_id=fact.order_id,
        ticket_type=fact.ticket_type,
        extra_data=fact.extra_data,
        area=None if fact.area is None else without_own(fact.area),
    )


def _untouched(event: EventState, label: str) -> ObjectState:
    place = event.seats.find(label)
    is_area = place is not None and place.kind == "area"
    return UNTOUCHED_AREA if is_area else UNTOUCHED
