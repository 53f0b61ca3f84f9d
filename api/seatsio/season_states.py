"""Objects of events in seasons, as they are seen from one of the events.

Rules of this file:

1. An object that an event has itself is as the event has it. One that it has not is as the first of
   its seasons has it, the top-level one before the others, unless the event overrides that season.
2. Of an area all places count that the event and its seasons have, less what the event overrides.
3. A season's own objects are its own. What its events have is told as what is left: not available.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import msgspec

from adapters.postgres.reads import Snapshot
from adapters.postgres.rows import AreaHolds, EventRow, ObjectRow
from api.seatsio.object_info import ALONE, Seen, Sharing
from api.seatsio.parts import Parts
from engine.charts.inventory import BookableObject
from engine.seats.seasons import Seasons, used_elsewhere
from schemas.facts import BOOKED, FREE, AreaCounts

Overridden = Mapping[tuple[int, str, int], int]
"""Places by event, label and season."""


class Layer(NamedTuple):
    """What a season has of an object of its event."""

    seen: Seen
    overridden: int
    """Places for which the event does not go by the season."""


async def read_sharing(
    parts: Parts, snapshot: Snapshot, event: EventRow, labels: Collection[str]
) -> Sharing:
    """Read what others have of some objects of an event."""
    if event.season is None:
        return ALONE
    if event.season.kind == "event":
        layers = {one: await snapshot.objects(one, labels) for one in event.season.seasons}
        return _OfEvent(event.id, layers, await snapshot.overridden([event.id]), parts)
    seasons = Seasons()
    for entry in parts.core.directory.in_season(event.workspace, event.season.top):
        if entry.season is not None:
            seasons.put(entry.event, entry.season)
    others = list(seasons.related(event.id))
    return _OfSeason(
        event.id,
        seasons,
        await snapshot.used(others, labels),
        await snapshot.overridden(others),
        {row.id for row in await snapshot.events(others) if row.is_in_the_past},
    )


class _OfEvent:
    """Of an event in a season."""

    def __init__(
        self,
        event: int,
        layers: Mapping[int, Mapping[str, ObjectRow]],
        overridden: Overridden,
        parts: Parts,
    ) -> None:
        self._event = event
        self._layers = layers
        self._overridden = overridden
        self._parts = parts

    def seen(self, place: BookableObject, own: Seen) -> Seen:
        layers, by_key = [], {}
        for season, rows in self._layers.items():
            row = rows.get(place.label)
            overridden = self._overridden.get((self._event, place.label, season), 0)
            if overridden:
                by_key[self._parts.event_key(season)] = overridden
            if row is not None:
                layers.append(Layer(Seen(*row[1:]), overridden))
        shown = with_seasons(own, layers, is_area=place.kind == "area")
        return shown._replace(overridden=by_key) if by_key else shown


class _OfSeason:
    """Of a season: what its events, and others that share them, have."""

    def __init__(
        self,
        season: int,
        seasons: Seasons,
        used: Mapping[tuple[int, str], int],
        overridden: Overridden,
        past: Collection[int],
    ) -> None:
        self._season = season
        self._seasons = seasons
        self._used = used
        self._overridden = overridden
        self._past = past

    def seen(self, place: BookableObject, own: Seen) -> Seen:
        used = used_elsewhere(self._seasons, self, self._season, place)
        return own._replace(elsewhere=max(used, own.elsewhere))

    def used(self, event: int, place: BookableObject) -> int:
        """Count the places of an object that an event itself has taken."""
        return self._used.get((event, place.label), 0)

    def overridden(self, event: int, label: str, season: int) -> int:
        """Count the places for which an event overrides a season."""
        return self._overridden.get((event, label, season), 0)

    def is_in_the_past(self, event: int) -> bool:
        """Say whether an event is over."""
        return event in self._past


def with_seasons(own: Seen, layers: Sequence[Layer], *, is_area: bool) -> Seen:
    """Give an object as it is seen from an event that has it so itself."""
    if is_area:
        return _area_with_seasons(own, layers)
    if own.status != FREE:
        return own
    taken = (layer.seen for layer in layers if layer.seen.status != FREE and not layer.overridden)
    return next(taken, own)


def _area_with_seasons(own: Seen, layers: Sequence[Layer]) -> Seen:
    area, holds = own.area or AreaCounts(), dict(read_holds(own.area_holds))
    shown = own if area.taken or area.held else None
    for seen, overridden in layers:
        counts = net(seen.area or AreaCounts(), overridden)
        if counts.taken or counts.held:
            shown = shown or seen
            area = add(area, counts)
            if not overridden:
                holds.update(read_holds(seen.area_holds))
    return (shown or own)._replace(area=area, area_holds=holds or None)


def add(one: AreaCounts, other: AreaCounts) -> AreaCounts:
    """Count the places of two together."""
    taken = Counter(one.taken) + Counter(other.taken)
    return AreaCounts(taken=dict(taken), held=one.held + other.held)


def net(area: AreaCounts, overridden: int) -> AreaCounts:
    """Leave out so many places: taken ones, the booked first, then held ones."""
    taken, left = dict(area.taken), overridden
    for status in sorted(taken, key=lambda status: (status != BOOKED, status)):
        gone = min(left, taken[status])
        taken[status] -= gone
        left -= gone
    taken = {status: places for status, places in taken.items() if places}
    return AreaCounts(taken=taken, held=max(0, area.held - left))


def read_holds(holds: AreaHolds | msgspec.Raw | None) -> AreaHolds:
    """Give what tokens hold, if it is still the text that was written."""
    if holds is None:
        return {}
    return msgspec.json.decode(holds, type=AreaHolds) if isinstance(holds, msgspec.Raw) else holds
