"""The seats machine: a cause and a seat state in, a decision out.

Rules of this file:

1. `decide` never changes the state and `evolve` never refuses.
2. Causes come one after the other; the rules for each kind stand in the file named after it.
"""

from collections.abc import Collection, Iterable, Mapping
from functools import partial
from typing import Final, NamedTuple

from msgspec.structs import replace

from engine.charts.inventory import SeatMap
from engine.machine import Decision
from engine.seats.changes import Attempt, Request
from engine.seats.doubt import ObjectKey
from engine.seats.event_map import EventMap
from engine.seats.expiry import can_expire, decide_expiry
from engine.seats.extra_data import decide_extra_data, evolve_extra_data
from engine.seats.parking import ParkedItem, let_wait
from engine.seats.reservations import (
    WAITS,
    Waits,
    apply_planned,
    decide_begun,
    decide_ended,
    decide_queued,
    judge,
    meets_doubt,
    objects_of,
    with_seats,
)
from engine.seats.settling import settle
from engine.seats.state import EventState, SeatsState, places_told, state_after
from engine.seats.views import SETTLED
from engine.seats.wishes import judge_wish
from schemas.commands import (
    Asked,
    ChangeBestAvailable,
    ChangeObjectStatus,
    SeatsCommand,
    UpdateExtraData,
)
from schemas.facts import (
    FREE,
    HELD,
    BestAvailableChosen,
    CommandParked,
    EventCreated,
    EventDeleted,
    EventUpdated,
    ExtraDataChanged,
    GroupBegun,
    GroupCancelled,
    GroupConfirmed,
    GroupEnded,
    GroupQueued,
    GroupRefused,
    GroupReserved,
    GroupsFact,
    HoldDeadlineSet,
    HoldExpired,
    SeasonStatusOverridden,
    SeatsFact,
    StatusChanged,
    VoteCounted,
    partitions_concerned,
)
from schemas.outbox import Accepted, Data
from schemas.rejections import Rejected, Rejection
from schemas.selling import AS_THE_CHART_SAYS
from schemas.votes import QUEUED, REFUSED, RESERVED, GroupVote, Verdict


class ExpireHold(NamedTuple):
    """A token's deadline has come."""

    token: str


class ApplyDecision(NamedTuple):
    """A coordinator's facts that concern this partition."""

    facts: tuple[GroupsFact, ...]


class TakeUp(NamedTuple):
    """A parked item that need not wait any longer."""

    number: int


class GiveUp(NamedTuple):
    """A parked command that has waited too long."""

    number: int


SeatsCause = SeatsCommand | ApplyDecision | ExpireHold | TakeUp | GiveUp


class SeatsMachine:
    """The machine of a seats owner; one instance serves one partition."""

    def __init__(self, partition: int, inventories: Mapping[str, SeatMap]) -> None:
        self._partition = partition
        self._inventories = inventories

    def initial(self) -> SeatsState:
        """Give the state of a partition without events."""
        return SeatsState(self._inventories)

    def needs(self, facts: Collection[SeatsFact]) -> Collection[str]:
        """Name the inventories that these facts sell events from."""
        return [
            fact.inventory
            for fact in facts
            if isinstance(fact, _FROM_INVENTORIES) and fact.inventory is not None
        ]

    def concerns(self, fact: GroupsFact) -> bool:
        """Say whether a coordinator's fact is for this partition."""
        return self._partition in partitions_concerned(fact, self._partition + 1)

    def decide(
        self, state: SeatsState, cause: SeatsCause, now: int, asked: Asked | None = None
    ) -> Decision[SeatsFact]:
        """Decide a command, a coordinator's decision, or what is due, at partition time `now`."""
        match cause:
            case ChangeObjectStatus() | ChangeBestAvailable() | UpdateExtraData():
                return state.answers.repeat(cause.idempotency, now) or _decide_command(
                    state, cause, now, asked
                )
            case ApplyDecision():
                return Decision(
                    None, [done for fact in cause.facts for done in self._apply(state, fact, now)]
                )
            case ExpireHold():
                return decide_expiry(state, cause.token)
            case TakeUp():
                return _take_up(state, cause.number, now)
            case GiveUp():
                parked = state.parking.item(cause.number).waiting
                assert isinstance(parked, CommandParked), "the coordinator gives up groups"
                return Decision(_BUSY, [], parked.asked)

    def _apply(self, state: SeatsState, fact: GroupsFact, now: int) -> list[SeatsFact]:
        """Turn a coordinator's fact into this partition's own."""
        match fact:
            case GroupBegun():
                return decide_begun(state, fact, self._partition, now)
            case GroupConfirmed() | GroupCancelled():
                return decide_ended(state, fact)
            case HoldDeadlineSet():
                return [_deadline_here(state, fact, now)]
            case EventUpdated():
                return [fact, *settle(state, fact, now)]
            case EventCreated() | EventDeleted():
                return [fact]
            case VoteCounted():
                return []

    def evolve(self, state: SeatsState, fact: SeatsFact) -> None:
        """Apply one fact; an event it names that is not here is a programmer's fault."""
        match fact:
            case StatusChanged():
                _evolve_status(state, fact)
            case GroupReserved() | GroupRefused() | GroupQueued() | GroupEnded():
                _evolve_group(state, fact)
            case ExtraDataChanged():
                evolve_extra_data(state, fact)
            case HoldDeadlineSet():
                state.holds.revise(fact.token, fact.expires_at, fact.remembered_until)
            case HoldExpired() | BestAvailableChosen():
                pass  # the status changes beside it say what became of the objects
            case SeasonStatusOverridden():
                event = state.events[fact.event]
                for label, places in fact.places.items():
                    state.override(event, label, fact.season, places)
            case CommandParked():
                objects = _objects_of_command(fact.command)
                state.parking.park(fact, with_seats(state, objects))
                state.answers.defer(fact.asked.idempotency)
            case EventCreated() | EventUpdated() | EventDeleted():
                self._evolve_event(state, fact)

    def _evolve_event(
        self, state: SeatsState, fact: EventCreated | EventUpdated | EventDeleted
    ) -> None:
        match fact:
            case EventCreated():
                chart = self._inventories[fact.inventory]
                event_map = EventMap(chart, fact.selling or AS_THE_CHART_SAYS)
                state.events[fact.event] = EventState(
                    fact.event, fact.workspace, fact.key, fact.inventory, event_map
                )
                if fact.season is not None:
                    state.seasons.put(fact.event, fact.season)
            case EventUpdated():
                event = state.events[fact.event]
                event.key = fact.key
                if fact.is_in_the_past is not None:
                    event.is_in_the_past = fact.is_in_the_past
                if fact.season is not None:
                    state.share_anew(event, fact.season)
                if fact.selling is not None or fact.inventory is not None:
                    inventory = fact.inventory or event.inventory
                    event.sell(inventory, self._updated_map(event.map, fact))
                    state.parking.touch_events({event.id})
            case EventDeleted():
                state.drop(state.events[fact.event])

    def _updated_map(self, before: EventMap, fact: EventUpdated) -> EventMap:
        chart = before.chart if fact.inventory is None else self._inventories[fact.inventory]
        return EventMap(chart, fact.selling or before.selling)

    def conclude(self, state: SeatsState, data: Data[SeatsFact]) -> None:
        """Take in a record's time and its answer."""
        state.now = data.at
        if data.command is not None and data.answer is not None:
            state.parking.answered(data.command.offset)
        state.answers.remember(data)
        state.holds.forget_until(data.at)

    def due(self, state: SeatsState, now: int) -> SeatsCause | None:
        """Give the next hold that ends by `now`, or parked item that can go on or must not wait."""
        token = state.holds.due(now, partial(can_expire, state))
        if token is not None:
            return ExpireHold(token)
        overdue = state.parking.overdue(now)
        if overdue is not None:
            return GiveUp(overdue)  # even if it could go on: nobody waits for its answer any more
        for item in state.parking.candidates():
            if not isinstance(_judge_parked(state, item, now), Waits):
                return TakeUp(item.number)
        return None

    def votes_of(self, facts: Iterable[SeatsFact]) -> list[GroupVote]:
        """Give the votes that facts about groups call for."""
        votes = []
        for fact in facts:
            match fact:
                case GroupReserved():
                    votes.append(self._vote(fact.group, RESERVED))
                case GroupRefused():
                    votes.append(self._vote(fact.group, REFUSED, fact.refusal))
                case GroupQueued():
                    votes.append(self._vote(fact.group, QUEUED))
        return votes

    def open_votes(self, state: SeatsState) -> list[GroupVote]:
        """Give the votes about all groups that are in doubt here."""
        return [
            self._vote(group, part.verdict, part.refusal) for group, part in state.doubt.parts()
        ]

    def _vote(self, group: int, verdict: Verdict, refusal: Rejected | None = None) -> GroupVote:
        return GroupVote(group=group, partition=self._partition, verdict=verdict, refusal=refusal)

    def digest(self, state: SeatsState) -> str:
        """Digest the state of all objects, 16 hex digits."""
        return state.digest()


_BUSY = Rejected(code=Rejection.BUSY_IN_DOUBT.code)
_FROM_INVENTORIES: Final = (EventCreated, EventUpdated)


def _decide_command(
    state: SeatsState, command: SeatsCommand, now: int, asked: Asked | None
) -> Decision[SeatsFact]:
    is_calm = not state.doubt and not state.parking
    if isinstance(command, ChangeBestAvailable):
        judged = judge_wish(state, command, now)
    elif is_calm or not meets_doubt(state, _objects_of_command(command)):
        return _decide_settled(state, command, now)
    else:
        judged = _judge_command(state, command, now)
    if not isinstance(judged, Waits):
        return judged
    if state.parking.is_full:
        return Decision(_BUSY, [])
    assert asked is not None, "a parked command is answered later: it matters who waits"
    return Decision(None, [let_wait(asked, command, now)])


def _decide_settled(
    state: SeatsState, command: ChangeObjectStatus | UpdateExtraData, now: int
) -> Decision[SeatsFact]:
    """Decide a command that meets nothing in doubt."""
    if isinstance(command, UpdateExtraData):
        return decide_extra_data(state, command)
    request = _request_of(command)
    attempt = Attempt(state, SETTLED, request, now)
    if attempt.refusal is not None:
        return Decision(attempt.refusal, [])
    return Decision(Accepted(), attempt.facts)


def _request_of(command: ChangeObjectStatus) -> Request:
    return Request(
        command.workspace,
        command.changes,
        command.origin,
        same_channels=command.same_channels,
    )


def _judge_command(
    state: SeatsState, command: SeatsCommand, now: int, number: int | None = None
) -> Decision[SeatsFact] | Waits:
    """Decide a command that may meet what is in doubt, unless it has to wait."""
    if isinstance(command, ChangeBestAvailable):
        return judge_wish(state, command, now, number)
    if isinstance(command, UpdateExtraData):
        decided = decide_extra_data(state, command)
        is_refused = isinstance(decided.answer, Rejected)  # whatever becomes of what is in doubt
        waits = not is_refused and meets_doubt(state, _objects_of_command(command), number)
        return WAITS if waits else decided
    if not meets_doubt(state, _objects_of_command(command), number):
        return _decide_settled(state, command, now)
    request = _request_of(command)
    judged = judge(state, request, now, number)
    if isinstance(judged, Waits):
        return WAITS
    if isinstance(judged, Rejected):
        return Decision(judged, [])
    return Decision(Accepted(), apply_planned(state, judged))


def _judge_parked(state: SeatsState, item: ParkedItem, now: int) -> Decision[SeatsFact] | Waits:
    waiting = item.waiting
    if isinstance(waiting, CommandParked):
        judged = _judge_command(state, waiting.command, now, item.number)
        return judged if isinstance(judged, Waits) else replace(judged, asked=waiting.asked)
    spoken = decide_queued(state, waiting, item.number, now)
    return spoken if isinstance(spoken, Waits) else Decision(None, [spoken])


def _take_up(state: SeatsState, number: int, now: int) -> Decision[SeatsFact]:
    judged = _judge_parked(state, state.parking.item(number), now)
    assert not isinstance(judged, Waits), f"the parked item {number} has to wait"
    return judged


def _objects_of_command(command: SeatsCommand) -> list[ObjectKey]:
    """Name the objects that a command touches; a wish names none."""
    if isinstance(command, ChangeBestAvailable):
        return []
    if isinstance(command, UpdateExtraData):
        return [(command.event, label) for label in command.extra_data]
    return objects_of(command.changes)


def _evolve_status(state: SeatsState, fact: StatusChanged) -> None:
    event = state.events[fact.event]
    state.replace(event, fact.label, state_after(fact))
    if fact.area is not None and fact.hold_token is not None:
        state.replace_area_hold(event, fact.label, fact.hold_token, places_told(fact.area))
    state.number(event, fact.seq)
    if fact.status == FREE and state.parking:
        state.parking.touch_wishes(event.id)
    if fact.status == HELD and fact.hold_token and fact.hold_expires_at is not None:
        state.holds.schedule(fact.hold_token, fact.hold_expires_at)


def _evolve_group(
    state: SeatsState, fact: GroupReserved | GroupRefused | GroupQueued | GroupEnded
) -> None:
    if isinstance(fact, GroupQueued):
        state.doubt.queue(fact.group)
        state.parking.park(fact, with_seats(state, objects_of(fact.changes)))
        return
    state.parking.ended(fact.group)  # it may have been queued
    if isinstance(fact, GroupReserved):
        state.doubt.reserve(fact.group, fact.changes)
    elif isinstance(fact, GroupRefused):
        state.doubt.refuse(fact.group, fact.refusal)
    else:
        freed = state.doubt.end(fact.group)
        if state.parking:
            state.parking.touch([*with_seats(state, freed)])
        state.holds.look_again()


def _deadline_here(state: SeatsState, fact: HoldDeadlineSet, now: int) -> HoldDeadlineSet:
    """Give the deadline that holds here: one that was changed too late counts as it was.

    The next change would bring the ended token back to life.
    """
    previous = state.holds.deadline(fact.token, fact.previous_expires_at)
    if previous > now:
        return fact
    return replace(fact, expires_at=previous, previous_expires_at=previous)
