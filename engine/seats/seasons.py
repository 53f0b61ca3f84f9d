"""Seasons on the seats owner's side: what a season says about an event's objects, and the reverse.

Rules of this file:

1. An event, and each season that it is in: of an object, they have no more taken together than it
   has places. What the event overrides of a season does not count there.
2. So an object is free on an event if its seasons leave it free, and on a season if each of its
   events does, this season aside. An event that overrides the season counts all the same with
   what it has taken itself, and an event in the past does not count.
3. Nothing is copied: who asks looks at the objects of all that are concerned. They live in one
   partition.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol

import msgspec

from engine.charts.inventory import BookableObject
from engine.seats.doubt import ObjectKey
from schemas.seasons import SeasonPlace


class SeasonsSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The seasons as a snapshot keeps them."""

    seasons_of: dict[int, Sequence[int]]
    events_of: dict[int, list[int]]


class Seasons:
    """Which events of a partition are in which seasons; events outside of all are not here."""

    __slots__ = ("_events_of", "_seasons_of")

    def __init__(self) -> None:
        self._seasons_of: dict[int, Sequence[int]] = {}
        self._events_of: dict[int, dict[int, None]] = {}
        # A dict as an ordered set: the order must be the same in every process.

    def snapshot(self) -> SeasonsSnapshot:
        """Say all that is known."""
        events_of = {season: list(events) for season, events in self._events_of.items()}
        return SeasonsSnapshot(self._seasons_of, events_of)

    def restore(self, kept: SeasonsSnapshot) -> None:
        """Learn all that was known."""
        self._seasons_of.update(kept.seasons_of)
        for season, events in kept.events_of.items():
            self._events_of[season] = dict.fromkeys(events)

    def put(self, event: int, place: SeasonPlace) -> None:
        """Note what an event is in its season from now on."""
        if place.kind != "event":
            self._events_of.setdefault(event, {})
            return
        for season in self.seasons_of(event):
            self._events_of[season].pop(event, None)
        self._seasons_of[event] = place.seasons
        for season in place.seasons:
            self._events_of.setdefault(season, {})[event] = None

    def drop(self, event: int) -> None:
        """Forget an event, or a season whose events have left it or go as well."""
        for season in self._seasons_of.pop(event, ()):
            self._events_of.get(season, {}).pop(event, None)
        self._events_of.pop(event, None)

    def __contains__(self, event: int) -> bool:
        """Say whether an event has anything to do with seasons."""
        return event in self._seasons_of or event in self._events_of

    def seasons_of(self, event: int) -> Sequence[int]:
        """Name the seasons that an event is in: the top-level one first; none of a season."""
        return self._seasons_of.get(event, ())

    def events_of(self, season: int) -> Collection[int]:
        """Name the events of a season; none of an event."""
        return self._events_of.get(season, _NONE)

    def related(self, event: int) -> Iterable[int]:
        """Name the others that can take what this event, or season, has as well."""
        events = self._events_of.get(event)
        if events is None:
            return self.seasons_of(event)
        others = dict.fromkeys(events)
        for one in events:
            others.update(dict.fromkeys(self.seasons_of(one)))
        others.pop(event, None)
        return others

    def related_keys(self, key: ObjectKey) -> list[ObjectKey]:
        """Name an object and, in its event's seasons, all that can take the same object."""
        event, label = key
        return [key, *((other, label) for other in self.related(event))]


_NONE: dict[int, None] = {}


class Sight(Protocol):
    """Objects as a decision sees them, the changes that it has made before included."""

    def is_in_the_past(self, event: int) -> bool:
        """Say whether an event is over."""
        ...

    def used(self, event: int, place: BookableObject) -> int:
        """Count the places of an object that an event itself has taken."""
        ...

    def overridden(self, event: int, label: str, season: int) -> int:
        """Count the places for which an event overrides a season."""
        ...


def used_elsewhere(seasons: Seasons, sight: Sight, event: int, place: BookableObject) -> int:
    """Count the places of an object that an event, or a season, cannot have: others have them."""
    of = seasons.seasons_of(event)
    if of:
        return used_by_seasons(sight, event, of, place)
    return max(
        (
            sight.used(one, place)
            + used_by_seasons(
                sight, one, [other for other in seasons.seasons_of(one) if other != event], place
            )
            for one in seasons.events_of(event)
            if not sight.is_in_the_past(one)
        ),
        default=0,
    )


def used_by_seasons(sight: Sight, event: int, seasons: Sequence[int], place: BookableObject) -> int:
    """Count the places that these seasons have in an event, what it overrides left out."""
    return sum(
        max(0, sight.used(season, place) - sight.overridden(event, place.label, season))
        for season in seasons
    )
