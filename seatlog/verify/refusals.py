"""Whether a refusal is true at its place in the log: nobody is refused who could have been served.

Rules of this file:

1. It knows no booking rule: what was in the way was there, in the status that is named.
2. That must be so under every outcome of the groups in doubt: an object that a group has reserved
   is as it was before the group (a hold that is over freed), or as the group leaves it.
3. An object for which somebody waits who came earlier stands in nobody's way yet.
4. How many places of an area an event has for a caller is not judged if either knows of channels.
5. Best available chooses what it can give: it is refused for no object.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from schemas.commands import (
    Change,
    ChangeBestAvailable,
    ChangeObjectStatus,
    ObjectChange,
    SeatsCommand,
)
from schemas.facts import BOOKED, FREE, HELD, RESALE, AreaCounts, PlannedChange
from schemas.rejections import Obstacle, Rejected, Rejection
from seatlog.verify.answers import misses_an_event
from seatlog.verify.objects import Fold
from seatlog.verify.offers import admits, seat_faults
from seatlog.verify.parking import Parking, Source, objects_of
from seatlog.verify.states import EventFold, ObjectState
from seatlog.verify.taken import offer_faults
from seatlog.verify.wishes import not_found_faults

_NOT_OFFERED = (
    Rejection.OBJECT_NOT_FOR_SALE.code,
    Rejection.OBJECT_OF_ANOTHER_CHANNEL.code,
)
_TOO_FEW = (Rejection.NOT_ENOUGH_PLACES.code, Rejection.NOT_ENOUGH_TAKEN_PLACES.code)


class Position(NamedTuple):
    """Where in the log a refusal stands: all that was known there."""

    fold: Fold
    parking: Parking
    source: Source
    """Who is refused."""
    at: int


def refusal_faults(command: SeatsCommand, refusal: Rejected, position: Position) -> Iterator[str]:
    """Say how a refusal is not true at its position."""
    fold = position.fold
    if refusal.code == Rejection.EVENT_NOT_FOUND.code and not misses_an_event(command, fold):
        yield "says that an event is not there, and all are"
    if isinstance(command, ChangeBestAvailable):
        yield from not_found_faults(
            command, refusal, fold, lambda held: _taken_in_season(held, position)
        )
        yield from (
            f"refuses a wish for {obstacle.label} as {obstacle.code}, which it chose itself"
            for obstacle in refusal.obstacles
            if obstacle.code != Rejection.TOO_MANY_STATUSES_IN_AREA.code
        )
        return
    touched = Counter(objects_of(command))
    for obstacle in refusal.obstacles:
        # What the command itself did before, to what is the same object, is not in the fold.
        same = fold.all_that_is((obstacle.event, obstacle.label))
        if sum(touched[held] for held in same) == 1:
            yield from _obstacle_faults(command, obstacle, position)


def _obstacle_faults(
    command: SeatsCommand, obstacle: Obstacle, position: Position
) -> Iterator[str]:
    held, code = (obstacle.event, obstacle.label), obstacle.code
    state = position.fold.state(*held)
    if code == Rejection.CHANNELS_DIFFER.code:  # said of what is not there, too
        yield from _offer_faults(command, obstacle, position)
    elif state is None or code == Rejection.OBJECT_NOT_FOUND.code:
        yield from _existence_faults(command, obstacle, position, exists=state is not None)
    elif code in _NOT_OFFERED:
        yield from _offer_faults(command, obstacle, position)
    else:
        yield from _taken_faults(command, obstacle, state, position)


def _taken_faults(
    command: SeatsCommand, obstacle: Obstacle, state: ObjectState, position: Position
) -> Iterator[str]:
    """Check that nobody could do with an object what the command wants, whoever waits for it."""
    held = (obstacle.event, obstacle.label)
    for same in position.fold.same_places(held):
        first = position.parking.ahead(same, position.source)
        if first is not None:
            yield f"refuses {obstacle.label}, for which {first} waits longer: it may come free"
    if not isinstance(command, ChangeObjectStatus):
        return
    if obstacle.code == Rejection.TABLE_TAKEN.code:
        yield from _table_faults(obstacle, position)
        return
    change, item = _asked(command, obstacle)
    if change.season_use is not None:
        return  # what it would sell twice is not counted here
    if position.fold.is_area(*held):
        yield from _area_faults(change, item, obstacle, position)
    elif not _is_the_seasons(held, state, position):
        yield from _faults_of_seat(change, obstacle, state, position)


def _offer_faults(command: SeatsCommand, obstacle: Obstacle, position: Position) -> Iterator[str]:
    """Check that an object is not for sale, or in a channel that is not open, as it says."""
    event = position.fold.events[obstacle.event]
    label, offered = obstacle.label, event.offered
    if offered is None or not isinstance(command, ChangeObjectStatus):
        return
    change, _ = _asked(command, obstacle)
    open_to: list[str | None] = [offered.channel(label)]
    if position.fold.is_area(event.id, label):
        open_to = [None, *(channel.key for channel in offered.channels)]
    match obstacle.code:
        case Rejection.OBJECT_NOT_FOR_SALE.code:
            is_true = not offered.places_for_sale(label)
        case Rejection.OBJECT_OF_ANOTHER_CHANNEL.code:
            is_true = not any(admits(change, channel) for channel in open_to)
        case _:
            is_true = command.same_channels and any(offer_faults(command, position.fold))
    if not is_true:
        yield f"refuses {label} as {obstacle.code}, and it is offered"


def _is_the_seasons(held: tuple[int, str], state: ObjectState, position: Position) -> bool:
    """Say whether a seat that may be free is refused rightly: others in the season have it."""
    statuses = (_before(state, position).status, *_statuses_after(held, position))
    return FREE in statuses and _taken_in_season(held, position)


def _faults_of_seat(
    change: Change, obstacle: Obstacle, state: ObjectState, position: Position
) -> Iterator[str]:
    before, held = _before(state, position), (obstacle.event, obstacle.label)
    if obstacle.code == Rejection.TAKEN_IN_SEASON.code:
        yield f"refuses {obstacle.label} as taken in the season, and it may not be"
    yield from _seat_faults(change, obstacle, before)
    for group, planned in position.fold.reservations.of(held).items():
        after = _after(planned[-1])
        if _is_for(after, change) and _is_offered(held, after, change, position):
            yield f"refuses {obstacle.label}, which comes free if group {group} is confirmed"


def _is_offered(
    held: tuple[int, str], state: ObjectState, change: Change, position: Position
) -> bool:
    """Say whether a seat in this state would be for sale, and in a channel open to a change."""
    offered = position.fold.events[held[0]].offered
    return offered is not None and not any(seat_faults(offered, change, held[1], state.status))


def _existence_faults(
    command: SeatsCommand, obstacle: Obstacle, position: Position, *, exists: bool
) -> Iterator[str]:
    """Check whether an object is there: for a release also what the event sells no more."""
    if not exists and isinstance(command, ChangeObjectStatus):
        change, _ = _asked(command, obstacle)
        is_release = change.status == FREE and change.season_use is None
        exists = is_release and _may_be_left((obstacle.event, obstacle.label), position)
    if exists == (obstacle.code == Rejection.OBJECT_NOT_FOUND.code):
        yield f"refuses {obstacle.label} as {obstacle.code}: whether it exists is otherwise"


def _may_be_left(held: tuple[int, str], position: Position) -> bool:
    """Say whether what its event does not sell any more is somebody's under some outcome."""
    if not position.fold.is_left(*held):
        return False
    event, label = position.fold.events[held[0]], held[1]
    is_area = event.objects[label].area is not None
    return is_area or _outcomes(event, label, position) != {FREE}


def _table_faults(obstacle: Obstacle, position: Position) -> Iterator[str]:
    """Check that somebody has the places as what is no longer sold, and no group frees them."""
    fold, held = position.fold, (obstacle.event, obstacle.label)
    event = fold.events[obstacle.event]
    if not any(
        not event.objects.get(label, ObjectState()).is_free
        and not fold.reservations.of((event.id, label))
        for _, label in fold.same_places(held)[1:]
    ):
        yield f"refuses {obstacle.label} as {obstacle.code}, and its places may be free"


def _taken_in_season(held: tuple[int, str], position: Position) -> bool:
    """Say whether others in the event's seasons have an object under every outcome."""

    def at_least(event: EventFold, label: str) -> int:
        return int(
            any(
                FREE not in _outcomes(event, same, position)
                for same in (label, *event.same_places(label))
            )
        )

    return position.fold.seasons.elsewhere(held, at_least) > 0


def _outcomes(event: EventFold, label: str, position: Position) -> set[str]:
    """Give the statuses that a seat may have after the groups in doubt."""
    state = event.objects.get(label, ObjectState())
    after = _statuses_after((event.id, label), position)
    return {_before(state, position).status, *after}


def _statuses_after(held: tuple[int, str], position: Position) -> list[str]:
    """Give the statuses that groups may leave a seat in."""
    groups = position.fold.reservations.of(held).values()
    return [_after(planned[-1]).status for planned in groups]


def _asked(command: ChangeObjectStatus, obstacle: Obstacle) -> tuple[Change, ObjectChange]:
    return next(
        (change, item)
        for change in command.changes
        for item in change.objects
        if (change.event, item.label) == (obstacle.event, obstacle.label)
    )


def _before(state: ObjectState, position: Position) -> ObjectState:
    token = state.hold_token
    if token is not None and position.fold.holds.is_over(token, position.at):
        return ObjectState()  # a group has it reserved; without that it would have been freed
    return state


def _after(planned: PlannedChange) -> ObjectState:
    change = planned.change
    return ObjectState(change.status, change.hold_token if change.status == HELD else None)


def _seat_faults(change: Change, obstacle: Obstacle, state: ObjectState) -> Iterator[str]:
    label, status = obstacle.label, state.status
    if obstacle.status is not None and obstacle.status != status:
        yield f"refuses {label} as {obstacle.status}, and it was {status}"
    if obstacle.code == Rejection.OBJECT_NOT_FREE.code and status == FREE:
        yield f"refuses {label} as not free, and it was"
    if obstacle.code == Rejection.HELD_BY_ANOTHER_TOKEN.code and (
        status != HELD or state.hold_token == _token(change)
    ):
        yield f"refuses {label} as held by another token, and it was not"
    is_listed = obstacle.code in (
        Rejection.STATUS_NOT_ALLOWED.code,
        Rejection.STATUS_REJECTED.code,
    )
    if is_listed and _admits(change, status):
        yield f"refuses {label} for its status, which the caller admits: {status}"


def _is_for(state: ObjectState, change: Change) -> bool:
    """Say whether a seat is there for a change, without any doubt."""
    is_own = state.status == HELD and state.hold_token == _token(change)
    return (state.status == FREE or is_own) and _admits(change, state.status)


def _admits(change: Change, status: str) -> bool:
    allowed, rejected = change.allowed_previous_statuses, change.rejected_previous_statuses
    return (allowed is None or status in allowed) and status not in (rejected or ())


def _token(change: Change) -> str | None:
    return change.hold.token if change.hold else None


def _area_faults(
    change: Change, item: ObjectChange, obstacle: Obstacle, position: Position
) -> Iterator[str]:
    has_channels = bool(position.fold.events[change.event].selling.channels)
    if has_channels or not admits(change, None):
        return
    if obstacle.code not in _TOO_FEW or item.quantity < 1:
        return
    most = sum(_places(change, item.label, position))
    if most >= item.quantity:
        asked = f"{item.quantity} places of {item.label}"
        yield f"refuses {asked} as {obstacle.code}, and there could be {most}"


def _places(change: Change, label: str, position: Position) -> Iterator[int]:
    """Count the places that a change could have had, under the best outcome for it."""
    fold, held = position.fold, (change.event, label)
    event = fold.events[change.event]
    area = (fold.state(*held) or ObjectState()).area or AreaCounts()
    token, gained = _token(change), fold.reservations.gained
    if token is not None and change.status != HELD and _admits(change, HELD):
        yield sum(event.area_holds.get((label, token), {}).values()) + gained(held, HELD, token)
    if change.status == FREE:
        named = {*area.taken} if token is None else set()
    else:
        named = {*(change.allowed_previous_statuses or ())}
        elsewhere = fold.seasons.elsewhere(held, lambda *other: _least_used(position, *other))
        used = _least_used(position, event, label) + elsewhere
        for_sale, there = _room(event, label)
        if _admits(change, FREE):
            yield max(0, for_sale - used)
        if change.status in (BOOKED, HELD) and for_sale and used <= there:
            named.add(RESALE)
    for status in named - {FREE, HELD, change.status}:
        if _admits(change, status):
            yield area.taken.get(status, 0) + gained(held, status)


def _room(event: EventFold, label: str) -> tuple[int, int]:
    """Count the places of an area that are for sale, and all that there are."""
    offered = event.offered
    return (0, 0) if offered is None else (offered.places_for_sale(label), offered.places(label))


def _least_used(position: Position, event: EventFold, label: str) -> int:
    """Count the places of an area that are taken or held under the best outcome for others."""
    held = (event.id, label)
    area = event.objects.get(label, ObjectState()).area or AreaCounts()
    freed = position.fold.reservations.gained(held, FREE) + _over(position, held)
    return sum(area.taken.values()) + area.held - freed


def _over(position: Position, held: tuple[int, str]) -> int:
    """Count the reserved places of holds that are over: a cancelled group frees them."""
    return sum(
        places
        for changes in position.fold.reservations.of(held).values()
        for planned in changes
        for pocket, places in (planned.moves.sources if planned.moves else ())
        if pocket.token is not None and position.fold.holds.is_over(pocket.token, position.at)
    )
