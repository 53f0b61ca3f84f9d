"""What a decision may count on: the settled state, or what groups in doubt may make of it.

Rules of this file:

1. Settled is the state itself: as if every group in doubt were cancelled.
2. Least is what is there whatever becomes of the groups: of an area, without the places that any
   group takes, nor those that any gives. What fits there can be done now.
3. Most is what could be there: of an area, with all places that any group gives and all that one
   may yet leave. What is refused there is refused under every outcome.
4. A seat has one group at most, so it has two outcomes: before it and after it.
5. What an object is, its plans say before the chart does: an event may have moved to another one.
"""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol

from engine.charts.inventory import BookableObject
from engine.seats.areas import flowed, in_use
from engine.seats.channels import Room
from engine.seats.state import (
    NO_PLACES,
    UNTOUCHED,
    UNTOUCHED_AREA,
    EventState,
    ObjectState,
    Places,
    SeatsState,
    area_of,
    places_told,
    state_after,
)
from engine.seats.tables import same_places
from schemas.facts import FREE, AreaCounts, PlannedChange, Pocket

Flow = tuple[Pocket, int]
"""Places that a pocket has more, or less."""


class View(Protocol):
    """Objects as a decision sees them."""

    def object(self, event: EventState, label: str) -> ObjectState | None:
        """Give an object's state; None if it is untouched."""
        ...

    def is_free(self, event: EventState, label: str) -> bool:
        """Say whether nobody has an object that is the same places as another one."""
        ...

    def own(self, event: EventState, label: str, token: str) -> Places:
        """Give what a token holds of an area."""
        ...

    def room(self, event: EventState, place: BookableObject) -> Room:
        """Say how many places of an area can be taken, by all and by channels."""
        ...

    def used(self, event: EventState, place: BookableObject) -> int:
        """Count the places of any object that are not free, for who shares it with the event."""
        ...


class Settled:
    """The state, without what groups have in doubt."""

    def object(self, event: EventState, label: str) -> ObjectState | None:
        """Give an object's state; None if it is untouched."""
        return event.objects.get(label)

    def is_free(self, event: EventState, label: str) -> bool:
        """Say whether nobody has an object that is the same places as another one."""
        current = event.objects.get(label)
        return current is None or current.is_free

    def own(self, event: EventState, label: str, token: str) -> Places:
        """Give what a token holds of an area."""
        return event.area_holds.get((label, token), NO_PLACES)

    def room(self, event: EventState, place: BookableObject) -> Room:
        """Say how many places of an area can be taken, by all and by channels."""
        return event.map.room(place)

    def used(self, event: EventState, place: BookableObject) -> int:
        """Count the places of any object that are not free, for who shares it with the event."""
        current = event.objects.get(place.label)
        if current is None:
            return 0
        if place.kind != "area":
            return int(current.status != FREE)
        return in_use(current.area or AreaCounts())


SETTLED = Settled()


class ViewSight:
    """A view, as seasons look at it."""

    def __init__(self, state: SeatsState, view: View) -> None:
        self._state = state
        self._view = view

    def used(self, event: int, place: BookableObject) -> int:
        """Count the places of an object that an event itself has taken."""
        state = self._state.events[event]
        return self._view.used(state, place) or self._used_otherwise(state, place)

    def _used_otherwise(self, event: EventState, place: BookableObject) -> int:
        """Say whether a table is taken by its seats, or a seat with its table."""
        same = same_places(event.map.chart, place.label) if place.table is not None else ()
        return int(not all(self._view.is_free(event, label) for label in same))

    def overridden(self, event: int, label: str, season: int) -> int:
        """Count the places for which an event overrides a season."""
        return self._state.events[event].overridden.get((label, season), 0)

    def is_in_the_past(self, event: int) -> bool:
        """Say whether an event is over."""
        return self._state.events[event].is_in_the_past


class Least(Settled):
    """What is there whatever becomes of the groups in doubt; of seats, only those without any."""

    def __init__(self, state: SeatsState, now: int) -> None:
        self._state = state
        self._now = now

    def object(self, event: EventState, label: str) -> ObjectState | None:
        """Give an object's state; None if it is untouched."""
        current = event.objects.get(label)
        reserved = self._state.doubt.reserved((event.id, label))
        if not reserved:
            return current
        if next(iter(reserved.values()))[0].moves is None:
            return self._seat(event, label, current or UNTOUCHED)
        area = current or UNTOUCHED_AREA
        counts = flowed(area.area or AreaCounts(), self._flows_at(event, label))
        return area.with_area(counts, extra_data=area.extra_data)

    def is_free(self, event: EventState, label: str) -> bool:
        """Say whether nobody has an object, and no group will."""
        return not self._state.doubt.reserved((event.id, label)) and super().is_free(event, label)

    def own(self, event: EventState, label: str, token: str) -> Places:
        """Give what a token holds of an area."""
        own = area_of(super().own(event, label, token))
        flows = self._flows_at(event, label)
        return places_told(flowed(own, [flow for flow in flows if flow[0].token == token]))

    def room(self, event: EventState, place: BookableObject) -> Room:
        """Say how many places of an area can be taken, by all and by channels."""
        room = super().room(event, place)
        capacity, of_channels = room.capacity, dict(room.of_channels)
        for pocket, places in self._flows_at(event, place.label):
            capacity += places
            if pocket.channel in of_channels:
                of_channels[pocket.channel] += places
        return room._replace(capacity=capacity, of_channels=of_channels)

    def used(self, event: EventState, place: BookableObject) -> int:
        """Count the places of any object that are not free, for who shares it with the event."""
        reserved = self._state.doubt.reserved((event.id, place.label))
        if not reserved:
            return super().used(event, place)
        if next(iter(reserved.values()))[0].moves is not None:
            area = event.objects.get(place.label, UNTOUCHED_AREA).area or AreaCounts()
            flows = self._flows_at(event, place.label)
            return in_use(area) - sum(n for pocket, n in flows if pocket.status == FREE)
        return self._used_in_doubt(self._outcomes(event, place.label))

    def _used_in_doubt(self, outcomes: Collection[ObjectState]) -> int:
        """Say what of a seat in doubt is used in the worst case."""
        return max(int(outcome.status != FREE) for outcome in outcomes)

    def _outcomes(self, event: EventState, label: str) -> list[ObjectState]:
        """Give a seat in doubt as it is if its group is cancelled, and if it is confirmed."""
        current = event.objects.get(label, UNTOUCHED)
        if current.hold_token is not None and self._is_over(current.hold_token):
            current = UNTOUCHED  # a cancelled group would free it
        [changes] = self._state.doubt.reserved((event.id, label)).values()
        return [current, state_after(changes[-1].change)]

    def _seat(self, event: EventState, label: str, current: ObjectState) -> ObjectState:
        del event, label
        return current

    def _flows(self, planned: PlannedChange) -> Iterable[Flow]:
        """Say what a planned change makes of the pockets in the worst case."""
        moves = planned.moves
        return [] if moves is None else [(pocket, -places) for pocket, places in moves.sources]

    def _flows_at(self, event: EventState, label: str) -> Iterator[Flow]:
        for changes in self._state.doubt.reserved((event.id, label)).values():
            for planned in changes:
                yield from self._flows(planned)

    def _is_over(self, token: str) -> bool:
        return self._state.holds.is_over(token, self._now)


class Most(Least):
    """What could be there, with every seat in doubt as it was before its group, or after it."""

    def __init__(self, state: SeatsState, now: int, *, after: bool) -> None:
        super().__init__(state, now)
        self._after = after

    def is_free(self, event: EventState, label: str) -> bool:
        """Say whether somebody need not have an object: it is free, or a group may free it."""
        in_doubt = bool(self._state.doubt.reserved((event.id, label)))
        return in_doubt or Settled.is_free(self, event, label)

    def _seat(self, event: EventState, label: str, current: ObjectState) -> ObjectState:
        del current
        return self._outcomes(event, label)[self._after]

    def _used_in_doubt(self, outcomes: Collection[ObjectState]) -> int:
        """Say what of a seat in doubt is used in the best case: its group is another's business."""
        return min(int(outcome.status != FREE) for outcome in outcomes)

    def _flows(self, planned: PlannedChange) -> Iterable[Flow]:
        moves = planned.moves
        if moves is None:
            return
        yield from moves.arrivals
        for pocket, places in moves.sources:
            if pocket.token is not None and self._is_over(pocket.token):
                yield Pocket(FREE, channel=pocket.channel), places
