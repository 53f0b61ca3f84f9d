"""What becomes of an event's objects when the event joins a season, or comes back from the past.

Rules of this file:

1. What is sold stays sold: an object that the event and a season have both, or two of its seasons,
   counts for the event, then for the earlier season. The event overrides the others.
2. The coordinator cannot know of objects, so joining is never refused for them. What is in doubt
   counts as taken: no group must have to fail for it.
3. Where that is too much to be told beside the update, it is told before it, in several parts: an
   event overrides seasons that it is not in yet. Who has told some of it tells only the rest.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from engine.charts.inventory import BookableObject
from engine.seats.state import EventState, SeatsState
from engine.seats.tables import same_places
from engine.seats.views import Least, ViewSight
from schemas.facts import EventUpdated, GroupsFact, SeasonStatusOverridden

overrides_bytes_max = 256 * 1024
"""Of what is told beside updates: how their events are sold may take most of a record."""
objects_per_fact_max = 500
"""Of an override that is told before its update: some 100 KiB with the longest of labels."""

_encode = msgspec.json.Encoder().encode


def settle_ahead(
    state: SeatsState, facts: Iterable[GroupsFact], now: int
) -> list[list[SeasonStatusOverridden]]:
    """Give, record by record, what is too much to be told beside these updates; mostly nothing."""
    overrides = [
        part
        for fact in facts
        if isinstance(fact, EventUpdated)
        for whole in settle(state, fact, now)
        for part in _parts(whole)
    ]
    sizes = [len(_encode(override)) for override in overrides]
    if sum(sizes) <= overrides_bytes_max:
        return []
    records: list[list[SeasonStatusOverridden]] = []
    left = 0
    for override, size in zip(overrides, sizes, strict=True):
        left -= size
        if not records or left < 0:
            records.append([])
            left = overrides_bytes_max - size
        records[-1].append(override)
    return records


def _parts(override: SeasonStatusOverridden) -> Iterator[SeasonStatusOverridden]:
    places = iter(override.places.items())
    while part := dict(islice(places, objects_per_fact_max)):
        yield msgspec.structs.replace(override, places=part)


def settle(state: SeatsState, fact: EventUpdated, now: int) -> Iterator[SeasonStatusOverridden]:
    """Say what an event overrides because of an update; the state is the one before it."""
    event = state.events.get(fact.event)
    if event is None:
        return  # created by the same decision
    before = state.seasons.seasons_of(event.id)
    seasons = before if fact.season is None else fact.season.seasons
    was_past = event.is_in_the_past
    is_past = was_past if fact.is_in_the_past is None else fact.is_in_the_past
    if is_past:
        return
    there = [season for season in seasons if season in state.events]  # a new one has nothing yet
    joined = there if was_past else [season for season in there if season not in before]
    overridden: dict[int, dict[str, int]] = {}
    for label in _labels(state, joined):
        place = event.map.chart.find(label)
        if place is not None:
            for season, places in _overrides(state, event, place, there, now):
                overridden.setdefault(season, {})[label] = places
    for season, by_label in overridden.items():
        yield SeasonStatusOverridden(event=event.id, season=season, places=by_label)


def _labels(state: SeatsState, seasons: Collection[int]) -> Sequence[str]:
    """Name the objects that seasons may have."""
    labels: set[str] = set()
    for season in seasons:
        event = state.events[season]
        touched = (*event.objects, *state.doubt.reserved_of_event(season))
        labels.update(touched)
        labels.update(same for label in touched for same in same_places(event.map.chart, label))
    return sorted(labels)


def _overrides(
    state: SeatsState,
    event: EventState,
    place: BookableObject,
    seasons: Sequence[int],
    now: int,
) -> Iterator[tuple[int, int]]:
    """Say which seasons an event overrides, and for how many places of an object in all."""
    view = Least(state, now)
    if place.kind == "table" and not any(
        view.used(state.events[one], place) for one in (event.id, *seasons)
    ):
        return  # only seats of it are sold, maybe different ones: they speak for themselves
    sight = ViewSight(state, view)
    left = place.capacity - sight.used(event.id, place)
    for season in seasons:
        before = event.overridden.get((place.label, season), 0)
        wanted = max(0, sight.used(season, place) - before)
        if wanted > left:
            yield season, before + wanted - max(0, left)
        left -= min(wanted, max(0, left))
