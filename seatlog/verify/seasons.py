"""Seasons: whether an event and its seasons have no more of an object together than there is.

Rules of this file:

1. It is looked at after every record, for the objects that the record has touched.
2. What an event overrides of a season does not count there; nor does an event in the past.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from seatlog.verify.holds import Held
from seatlog.verify.states import UNTOUCHED, EventFold

Count = Callable[[EventFold, str], int]
"""Counts the places of an object that an event has taken or holds."""


class Seasons:
    """The seasons of one partition; its events are looked up in those of the fold."""

    def __init__(self, events: Mapping[int, EventFold]) -> None:
        self._events = events
        self._events_of: dict[int, set[int]] = {}

    def put(self, event: EventFold) -> None:
        """Note which seasons an event is in."""
        for events in self._events_of.values():
            events.discard(event.id)
        for season in self.seasons_of(event.id):
            self._events_of.setdefault(season, set()).add(event.id)

    def drop(self, event: int) -> None:
        """Forget a deleted event."""
        self._events_of.pop(event, None)
        for events in self._events_of.values():
            events.discard(event)

    def seasons_of(self, event: int) -> Sequence[int]:
        """Name the seasons that an event is in; none of a season, and of what is not there."""
        found = self._events.get(event)
        return found.season.seasons if found is not None and found.season is not None else ()

    def sharing(self, held: Held) -> list[Held]:
        """Name an object, and the same one of all that have it together with its event."""
        event, label = held
        others = set(self.seasons_of(event))
        for one in self._events_of.get(event, ()):
            others |= {one, *self.seasons_of(one)}
        return [held, *((other, label) for other in sorted(others - {event}))]

    def elsewhere(self, held: Held, count: Count) -> int:
        """Count the places of an object that others have, so that its event cannot."""
        event, label = held
        if self.seasons_of(event):
            return self._by_seasons(event, label, count)
        return max(
            (
                count(self._events[one], label) + self._by_seasons(one, label, count, aside=event)
                for one in self._events_of.get(event, ())
                if not self._events[one].is_in_the_past
            ),
            default=0,
        )

    def faults(self, touched: Iterable[Held]) -> Iterator[str]:
        """Name the objects, of those touched, that are sold more often than they are there."""
        concerned = {
            (one, label)
            for toucher, label in touched
            for one in (toucher, *self._events_of.get(toucher, ()))
        }
        for event, label in concerned:
            found = self._events.get(event)
            if found is None or not self.seasons_of(event) or found.is_in_the_past:
                continue
            together = used(found, label) + self._by_seasons(event, label, used)
            area = found.capacity(label)
            if area is not None and found.was_replaced:
                continue  # it may have become smaller than what is sold of it
            places = 1 if area is None else area
            if together > places:
                yield (
                    f"{label} of event {event} has {places} places, and with its seasons "
                    f"{together} are taken or held"
                )

    def _by_seasons(self, event: int, label: str, count: Count, aside: int | None = None) -> int:
        overridden = self._events[event].overridden
        return sum(
            max(0, count(self._events[season], label) - overridden.get((label, season), 0))
            for season in self.seasons_of(event)
            if season != aside and season in self._events
        )


def used(event: EventFold, label: str) -> int:
    """Count the places of an object that an event has taken or holds."""
    state = event.objects.get(label, UNTOUCHED)
    if state.area is None:
        same = (event.objects.get(other, UNTOUCHED) for other in event.same_places(label))
        return int(not state.is_free or not all(other.is_free for other in same))
    return sum(state.area.taken.values()) + state.area.held
