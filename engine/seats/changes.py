"""Status changes worked out: a list of changes in, planned changes or a refusal out.

Rules of this file:

1. A request is done as a whole or refused as a whole, and a refusal names everything in the way.
2. Its own earlier changes are seen by its later ones; the state is not changed.
3. What an event does not sell any more keeps its state, and can be released and no more.
4. The workspace of a request is checked against that of each event: another's event is not found.
"""

import msgspec

from engine.charts.inventory import BookableObject
from engine.limits import clock_tolerance_ms, hold_ms_max, within
from engine.seats.areas import (
    Moved,
    change_area,
    channels_bytes_max,
    in_use,
    statuses_bytes_max,
)
from engine.seats.channels import Room, differing
from engine.seats.offering import refuse_offer, why_short
from engine.seats.seasons import used_elsewhere
from engine.seats.state import (
    NO_PLACES,
    UNTOUCHED,
    UNTOUCHED_AREA,
    EventState,
    ObjectState,
    Places,
    SeatsState,
    places_told,
)
from engine.seats.statuses import refuse_seat, seat_after
from engine.seats.tables import same_places
from engine.seats.views import View
from schemas.commands import Change, ObjectChange, Origin, SeasonUse
from schemas.facts import (
    FREE,
    HELD,
    AreaCounts,
    Moves,
    PlannedChange,
    SeasonStatusOverridden,
    SeatsFact,
    StatusChanged,
)
from schemas.rejections import BY_CODE, Obstacle, Rejected, Rejection

facts_bytes_max = 1024 * 1024
"""Bounds the record of a command, and of a group's part when it is reserved as when it is applied:
one command may tell of 20 events with 100 objects each."""
counted_from_objects = 100
"""Seats without extra data need no counting up to so many: each tells 4 KiB at the very most."""
obstacles_bytes_max = 256 * 1024
"""Of a refusal: some 2,000 objects in the way; what is more is only counted."""

_encode = msgspec.json.Encoder().encode


class Request(msgspec.Struct, frozen=True):
    """What a command, or a part of a group, asks for."""

    workspace: str
    changes: list[Change]
    """In their order."""
    origin: Origin
    is_part: bool = False
    """Of a group: then the coordinator has looked how far ahead hold deadlines are. An owner that
    begins anew may not know the time yet."""
    same_channels: bool = False
    """The changes are one offer over several events; of a part, the coordinator has looked."""


def rejected(obstacles: list[Obstacle]) -> Rejected:
    """Build the refusal for these obstacles: the code that stands first in precedence."""
    foremost = min((BY_CODE[obstacle.code] for obstacle in obstacles), key=lambda r: r.precedence)
    told = within(obstacles, obstacles_bytes_max)
    return Rejected(
        code=foremost.code, obstacles=told, obstacles_left_out=len(obstacles) - len(told)
    )


def is_meant(event: EventState | None, workspace: str, key: str | None) -> bool:
    """Say whether this event is what the ingress knew by that key: it may have been renamed."""
    return event is not None and event.workspace == workspace and key in (None, event.key)


class Attempt:
    """A request worked out on one view of the state."""

    def __init__(self, state: SeatsState, view: View, request: Request, now: int) -> None:
        self._state = state
        self._view = view
        self._request = request
        self._now = now
        self._overlay: dict[tuple[int, str], ObjectState] = {}
        self._area_holds: dict[tuple[int, str, str], Places] = {}
        """The overlay of what tokens hold of areas: by event, label and token."""
        self._overridden: dict[tuple[int, str, int], int] = {}
        """The overlay of what events override: by event, label and season."""
        self._last_seq: dict[int, int] = {}
        objects = 0
        for change in request.changes:
            objects += len(change.objects)
        self._counts_all = objects > counted_from_objects
        self._told_bytes = 0
        """Of the facts that are counted, and of what a reservation says besides."""
        self._plans: list[tuple[Moves | None, bool]] = []
        """Of each fact: what an area moves, and whether the object keeps its extra data."""
        self.facts: list[SeatsFact] = []
        """The changes as facts, if they were made now on this very view."""
        self.obstacles: list[Obstacle] = []
        self.refusal = self._refuse_before_objects()
        if self.refusal is None:
            self._work_out()

    def _work_out(self) -> None:
        if self._request.same_channels:
            events = {change.event for change in self._request.changes}
            channels = {event: self._state.events[event].map.channels for event in events}
            self.obstacles = differing(channels, self._request.changes)
        for change in self._request.changes:
            event = self._state.events[change.event]
            for item in change.objects:
                self._change(event, change, item)
        if self.obstacles:
            self.refusal = rejected(self.obstacles)
        elif self._told_bytes > facts_bytes_max:
            detail = f"{self._told_bytes} bytes to tell"
            self.refusal = Rejected(code=Rejection.COMMAND_TOO_LARGE.code, detail=detail)

    def outcome(self) -> list[PlannedChange] | Rejected:
        """Give the changes, planned, or the refusal."""
        if self.refusal is not None:
            return self.refusal
        return [
            PlannedChange(
                change=msgspec.structs.replace(fact, seq=0, area=None),
                moves=moves,
                keeps_extra_data=keeps,
            )
            for fact, (moves, keeps) in zip(self.facts, self._plans, strict=True)
            if isinstance(fact, StatusChanged)
        ]

    def _refuse_before_objects(self) -> Rejected | None:
        reasons = []
        for change in self._request.changes:
            why = self._refuse_change(change)
            if why is not None:
                reasons.append(why)
        if not reasons:
            return None
        foremost, detail = min(reasons, key=lambda why: why[0].precedence)
        return Rejected(code=foremost.code, detail=detail)

    def _refuse_change(self, change: Change) -> tuple[Rejection, str | None] | None:
        event = self._state.events.get(change.event)
        if not is_meant(event, self._request.workspace, change.event_key):
            return Rejection.EVENT_NOT_FOUND, str(change.event)
        use = change.season_use
        if use is not None and use.season not in self._state.seasons.seasons_of(change.event):
            return Rejection.EVENT_NOT_IN_SEASON, event.key if event else None
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
        if expires_at is None or self._request.is_part:
            return None
        if expires_at > self._now + hold_ms_max + clock_tolerance_ms:
            return Rejection.HOLD_DEADLINE_TOO_FAR
        return None

    def _expires_at(self, change: Change) -> int | None:
        hold = change.hold
        return self._state.holds.deadline(hold.token, hold.expires_at) if hold else None

    def _change(self, event: EventState, change: Change, item: ObjectChange) -> None:
        if change.season_use is not None:
            self._use_season(event, change.season_use, item)
            return
        current = self._overlay.get((event.id, item.label)) or self._view.object(event, item.label)
        token = change.hold.token if change.hold else None
        moved = self._move(event, current, token, change, item)
        if isinstance(moved, Rejection):
            self._obstruct(event, change, item.label, moved, current)
            return
        self._overlay[event.id, item.label] = moved.state
        if token is not None and moved.seen is not None:
            self._area_holds[event.id, item.label, token] = places_told(moved.seen)
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
            resale_listing_id=moved.state.resale_listing_id,
            origin=self._request.origin,
            area=moved.seen,
        )
        if self._counts_all or fact.extra_data is not None or fact.area is not None:
            # A part may be applied when its event has channels, though it has none yet.
            may_have_channels = self._request.is_part or bool(event.map.channels)
            self._told_bytes += _told_bytes(fact, moved.moves, may_have_channels=may_have_channels)
        self.facts.append(fact)
        self._plans.append((moved.moves, change.keep_extra_data and item.extra_data is None))

    def _own(self, event: EventState, label: str, token: str | None) -> Places:
        """Give what the acting token holds of an area, after the request's earlier changes."""
        if token is None:
            return NO_PLACES
        changed = self._area_holds.get((event.id, label, token))
        return self._view.own(event, label, token) if changed is None else changed

    def _move(
        self,
        event: EventState,
        current: ObjectState | None,
        token: str | None,
        change: Change,
        item: ObjectChange,
    ) -> Moved | Rejection:
        place = event.map.find(item.label)
        if current is not None and is_of_before(current, place):
            if not current.is_free:
                return self._give_back(event, current, token, change, item)
            current = None
        if place is None:
            return Rejection.OBJECT_NOT_FOUND
        if place.kind == "area":
            own = self._own(event, item.label, token)
            room = self._view.room(event, place)
            left = room._replace(capacity=room.capacity - self._used_elsewhere(event, place))
            moved = change_area(current or UNTOUCHED_AREA, own, left, change, item)
            is_short = moved is Rejection.NOT_ENOUGH_PLACES
            return moved if not is_short else why_short(event.map, place, change)
        seat = current or UNTOUCHED
        refusal = refuse_offer(event.map, place, seat.status, change)
        return refusal or self._move_seat(event, place, seat, change, item)

    def _move_seat(
        self,
        event: EventState,
        place: BookableObject,
        seat: ObjectState,
        change: Change,
        item: ObjectChange,
    ) -> Moved | Rejection:
        if seat.is_free and self._used_elsewhere(event, place):
            return Rejection.TAKEN_IN_SEASON
        moved = _change_seat(seat, change, item)
        if isinstance(moved, Rejection) or moved.state.is_free:
            return moved
        return moved if self._is_free_otherwise(event, place) else Rejection.TABLE_TAKEN

    def _give_back(
        self,
        event: EventState,
        current: ObjectState,
        token: str | None,
        change: Change,
        item: ObjectChange,
    ) -> Moved | Rejection:
        """Release what the event does not sell, or not as what it was sold: nothing else goes."""
        if change.status != FREE:
            return Rejection.OBJECT_NOT_FOUND
        if current.area is None:
            return _change_seat(current, change, item)
        own = self._own(event, item.label, token)
        in_use = sum(current.area.taken.values()) + current.area.held
        room = Room(in_use, channels=event.map.channels)
        return change_area(current, own, room, change, item)

    def _is_free_otherwise(self, event: EventState, place: BookableObject) -> bool:
        """Say whether a table is not taken by its seats, nor a seat with its table."""
        if place.table is None:
            return True
        for label in same_places(event.map.chart, place.label):
            changed = self._overlay.get((event.id, label))
            if not (changed.is_free if changed is not None else self._view.is_free(event, label)):
                return False
        return True

    def _used_elsewhere(self, event: EventState, place: BookableObject) -> int:
        """Count the places of an object that others in the event's seasons have."""
        seasons = self._state.seasons
        return used_elsewhere(seasons, self, event.id, place) if event.id in seasons else 0

    def used(self, event: int, place: BookableObject) -> int:
        """Count the places of an object that an event itself has taken (for seasons)."""
        state = self._state.events[event]
        changed = self._overlay.get((event, place.label))
        if changed is None or changed.area is None:
            used = self._view.used(state, place) if changed is None else int(not changed.is_free)
            return used or int(not self._is_free_otherwise(state, place))
        # What groups may take of it is missing in what the view counts.
        in_doubt = state.map.room(place).capacity - self._view.room(state, place).capacity
        return in_use(changed.area) + in_doubt

    def overridden(self, event: int, label: str, season: int) -> int:
        """Count the places for which an event overrides a season (for seasons)."""
        settled = self._state.events[event].overridden.get((label, season), 0)
        return self._overridden.get((event, label, season), settled)

    def _use_season(self, event: EventState, use: SeasonUse, item: ObjectChange) -> None:
        """Override a season for some places of an object, or go by it again."""
        place = event.map.find(item.label)
        why = None
        if place is None:
            why = Rejection.OBJECT_NOT_FOUND
        elif place.kind != "area" and item.quantity != 1:
            why = Rejection.QUANTITY_ON_A_SEAT
        elif not self._uses(event, place, use, item.quantity):
            why = Rejection.OVERRIDE_IN_USE
        if why is not None:
            self.obstacles.append(Obstacle(event=event.id, label=item.label, code=why.code))
            return
        places = {item.label: self.overridden(event.id, item.label, use.season)}
        self.facts.append(SeasonStatusOverridden(event=event.id, season=use.season, places=places))
        self._plans.append((None, False))

    def _uses(
        self, event: EventState, place: BookableObject, use: SeasonUse, quantity: int
    ) -> bool:
        """Change what an event overrides of a season; False if that sells something twice."""
        key = (event.id, place.label, use.season)
        before = self.overridden(*key)
        after = before + quantity if use.is_overridden else before - quantity
        self._overridden[key] = max(0, min(place.capacity, after))
        if use.is_overridden or event.is_in_the_past:
            return True
        return self.used(event.id, place) + self._used_elsewhere(event, place) <= place.capacity

    def is_in_the_past(self, event: int) -> bool:
        """Say whether an event is over (for seasons)."""
        return self._state.events[event].is_in_the_past

    def _obstruct(
        self,
        event: EventState,
        change: Change,
        label: str,
        why: Rejection,
        current: ObjectState | None,
    ) -> None:
        is_known = why not in (Rejection.OBJECT_NOT_FOUND, Rejection.TAKEN_IN_SEASON)
        status = current.status if current else FREE
        self.obstacles.append(
            Obstacle(
                event=event.id,
                label=label,
                code=why.code,
                status=status if is_known else None,
                requested_status=change.status,
            )
        )


def is_of_before(current: ObjectState, place: BookableObject | None) -> bool:
    """Say whether a state is of something that the event does not sell, or not as what it was."""
    return place is None or (current.area is None) == (place.kind == "area")


def _change_seat(seat: ObjectState, change: Change, item: ObjectChange) -> Moved | Rejection:
    if item.quantity != 1:
        return Rejection.QUANTITY_ON_A_SEAT
    refusal = refuse_seat(seat, change)
    return refusal or Moved(seat_after(seat, change, item), seat.status)


def _told_bytes(fact: StatusChanged, moves: Moves | None, *, may_have_channels: bool) -> int:
    """Bound what a change tells now or when it is applied: areas may have other statuses then.

    What the acting token holds stays: nobody else moves it, and it may have many ticket types.
    """
    if moves is None or fact.area is None:
        return len(_encode(fact))
    plain = msgspec.structs.replace(fact, area=AreaCounts(own=fact.area.own))
    of_channels = channels_bytes_max if may_have_channels or fact.area.channels else 0
    return len(_encode(plain)) + len(_encode(moves)) + statuses_bytes_max + of_channels
