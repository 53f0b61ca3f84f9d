"""Seasons: whether an event and its seasons have no more of an object together than there is.

Rules of this file:

1. It is looked at after every record, for what the record has touched, and under every outcome of
   the groups in doubt: each counts if it makes more of it, as a whole.
2. What an event overrides of a season (overrides.py) does not count there; nor does an event in
   the past.
3. A table is looked at seat by seat: one may be sold as a whole here and by its seats there. Who
   overrides a season for a table does so for its seats.
4. What a season says about its tables and its sale, each of its events says as well; and there is
   no event of a season that is gone.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Protocol

from schemas.selling import ForSale, TableBooking
from seatlog.verify.holds import Held
from seatlog.verify.states import EventFold

Count = Callable[[EventFold, str], int]
"""Counts the places of an object that an event has taken or holds."""


class Doubt(Protocol):
    """What events have, and what they get if groups are confirmed."""

    def groups(self, objects: Iterable[Held]) -> Collection[int]:
        """Name the groups that have reserved any of these objects, or what is the same places."""
        ...

    def places(self, event: EventFold, label: str, group: int | None) -> int:
        """Count the places of an object that an event has if this group alone is confirmed."""
        ...


class Seasons:
    """The seasons of one partition; its events are looked up in those of the fold."""

    def __init__(self, events: Mapping[int, EventFold]) -> None:
        self._events = events
        self._events_of: dict[int, set[int]] = {}
        self._told: set[int] = set()
        """Of whom the record at hand says what they are, or how they are sold."""
        self._gone: dict[int, set[int]] = {}
        """Seasons that the record at hand has deleted, with the events that they had then."""

    def put(self, event: EventFold) -> None:
        """Note which seasons an event is in."""
        for events in self._events_of.values():
            events.discard(event.id)
        for season in self.seasons_of(event.id):
            self._events_of.setdefault(season, set()).add(event.id)
        self._told.add(event.id)

    def sell(self, event: EventFold) -> None:
        """Note that an event is sold otherwise."""
        if event.season is not None:
            self._told.add(event.id)

    def drop(self, event: int) -> None:
        """Forget a deleted event."""
        self._gone[event] = self._events_of.pop(event, set())
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

    def faults(self, touched: Iterable[Held], doubt: Doubt) -> Iterator[str]:
        """Name what is not as it must be after a record: what it has touched, and said."""
        yield from self._structure_faults()
        for event, label in self._concerned(touched):
            found = self._events[event]
            is_gone = found.venue is not None and label not in found.venue.places
            places = self.places(found, label)
            if is_gone or places is None:
                continue
            together = settled = self._together(found, label, partial(doubt.places, group=None))
            for group in doubt.groups(self.sharing((event, label))):
                confirmed = self._together(found, label, partial(doubt.places, group=group))
                together += max(0, confirmed - settled)
            if together > places:
                yield (
                    f"{label} of event {event} has {places} places, and with its seasons "
                    f"{together} are taken, held or in doubt"
                )

    def _together(self, event: EventFold, label: str, count: Count) -> int:
        """Count the places that an event and its seasons have, less what the event overrides."""
        return count(event, label) + sum(
            max(0, count(self._events[season], label) - _covered(event, label, season))
            for season in self.seasons_of(event.id)
            if season in self._events
        )

    def _concerned(self, touched: Iterable[Held]) -> list[Held]:
        """Name the objects of events that share what was touched; of a table, its seats."""
        concerned: dict[Held, None] = {}
        for toucher, label in touched:
            for event in (toucher, *sorted(self._events_of.get(toucher, ()))):
                found = self._events.get(event)
                if found is None or found.is_in_the_past or not self.seasons_of(event):
                    continue
                seats = found.venue.seats_of.get(label) if found.venue is not None else None
                concerned.update(((event, each), None) for each in seats or [label])
        return list(concerned)

    def places(self, event: EventFold, label: str) -> int | None:
        """Bound what an event and its seasons have of an object; None: an area that has shrunk.

        A publication may reach a season before its event: what it sells then is no fault.
        """
        found = (self._events.get(season) for season in self.seasons_of(event.id))
        sharers = [event, *(season for season in found if season is not None)]
        if any(label in one.shrunk for one in sharers):
            return None
        return max(one.capacity(label) or 1 for one in sharers)

    def _structure_faults(self) -> Iterator[str]:
        for season, events in self._gone.items():
            for event in sorted(events):
                if season in self.seasons_of(event):
                    yield f"season {season} is deleted, and its event {event} is not"
        told = {one for each in self._told for one in (each, *self._events_of.get(each, ()))}
        for event in sorted(told):
            found = self._events.get(event)
            if found is not None and found.season is not None:
                yield from self._selling_faults(found, self._events.get(found.season.top))
        self._told.clear()
        self._gone.clear()

    def _selling_faults(self, event: EventFold, top: EventFold | None) -> Iterator[str]:
        """Say how an event, or a partial season, is sold that its season does not say."""
        if top is not None and _tables(event) != _tables(top):
            yield f"sells the tables of event {event.id} otherwise than those of its season"
        passed_on = [
            season.selling.for_sale
            for season in map(self._events.get, self.seasons_of(event.id))
            if season is not None and _propagates(season)
        ]
        wanted: list[ForSale] = [one for one in passed_on if one is not None]
        if event.selling.for_sale_of_seasons != wanted:
            said = event.selling.for_sale_of_seasons
            yield f"has for sale of event {event.id} what its seasons do not say: {said}"

    def _by_seasons(self, event: int, label: str, count: Count, aside: int | None = None) -> int:
        overridden = self._events[event].overridden
        return sum(
            max(0, count(self._events[season], label) - overridden.get((label, season), 0))
            for season in self.seasons_of(event)
            if season != aside and season in self._events
        )


def _covered(event: EventFold, label: str, season: int) -> int:
    """Count the places of an object, by itself or with its table, that override a season."""
    table = event.venue.table_of.get(label) if event.venue is not None else None
    of_table = 0 if table is None else event.overridden.get((table, season), 0)
    return max(event.overridden.get((label, season), 0), of_table)


def _tables(event: EventFold) -> TableBooking:
    return event.selling.tables or TableBooking()


def _propagates(season: EventFold) -> bool:
    return season.season is not None and season.season.for_sale_propagated
