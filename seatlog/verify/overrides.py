"""What events override of their seasons, as they were asked or because they had to.

Rules of this file:

1. Who asks gets as many places overridden as it has asked for, of an object all at most.
2. Unasked, an event overrides when it joins a season or comes back from the past: in the record
   that says so or, if that is too much for it, before. It never takes such a word back.
3. Each of these places must be needed: with one less, the event and its seasons would have more
   than there is. What is in doubt counts as taken: no group must have to fail for it.
4. A table is overridden if one of them has it as a whole. Else its seats speak for themselves.
5. All this is so before the record: of what has been told in it, only overrides count.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from schemas.commands import ChangeObjectStatus
from schemas.facts import FREE, EventUpdated, PlannedChange, SeasonStatusOverridden
from seatlog.verify.objects import Fold
from seatlog.verify.states import UNTOUCHED, EventFold

_Key = tuple[int, str, int]
"""Event, label and season."""


def asked_faults(command: ChangeObjectStatus, facts: Iterable[Any], fold: Fold) -> Iterator[str]:
    """Say of which objects a command has overridden a season otherwise than it was asked."""
    wanted: dict[_Key, int] = {}
    for change in command.changes:
        use = change.season_use
        if use is None:
            continue
        for item in change.objects:
            key = (change.event, item.label, use.season)
            before = wanted.get(key, _overridden(fold, key))
            after = before + (item.quantity if use.is_overridden else -item.quantity)
            wanted[key] = max(0, min(after, _capacity(fold, key)))
    told = _told(facts) if wanted else {}
    for key, places in wanted.items():
        if (said := told.get(key)) != places:
            yield f"{_named(key)} for {said} places, and as it was asked they are {places}"


def unasked_faults(facts: Iterable[Any], decided: Iterable[Any], fold: Fold) -> Iterator[str]:
    """Say which overrides of a record were not needed; `decided` is the decision they belong to."""
    told = _told(facts)
    if not told:
        return
    updates = {fact.event: fact for fact in decided if isinstance(fact, EventUpdated)}
    for key, places in told.items():
        number, _, season = key
        event, before = fold.events.get(number), _overridden(fold, key)
        if event is None:
            continue
        seasons = _joined(event, updates.get(number))
        if season not in seasons:
            yield f"{_named(key)}, and the event does not join it or come back"
        elif places < before or not _is_needed(fold, key, seasons, told):
            yield f"{_named(key)} for {places} places, after {before}, and need not"


def _named(key: _Key) -> str:
    event, label, season = key
    return f"{label} of event {event} overrides season {season}"


def _told(facts: Iterable[Any]) -> dict[_Key, int]:
    """Give the places that a record overrides, as it says last."""
    return {
        (fact.event, label, fact.season): places
        for fact in facts
        if isinstance(fact, SeasonStatusOverridden)
        for label, places in fact.places.items()
    }


def _joined(event: EventFold, update: EventUpdated | None) -> Sequence[int]:
    """Name all seasons of an event that joins one or comes back; none if it does neither."""
    before = event.season.seasons if event.season is not None else []
    if update is None:
        return []
    seasons = update.season.seasons if update.season is not None else before
    stays = not event.is_in_the_past and set(seasons) <= set(before)
    is_past = event.is_in_the_past if update.is_in_the_past is None else update.is_in_the_past
    return [] if stays or is_past else seasons


def _is_needed(fold: Fold, key: _Key, seasons: Sequence[int], told: dict[_Key, int]) -> bool:
    """Say whether an event and its seasons would have too much with one place less overridden."""
    number, label, season = key
    event = fold.events[number]
    sharers = [found for one in seasons if (found := fold.events.get(one)) is not None]
    is_table = event.venue is not None and label in event.venue.seats_of
    if is_table and not any(_has(fold, one, label) for one in (event, *sharers)):
        return False
    together = _most(fold, event, label)
    for one in sharers:
        of_one = (number, label, one.id)
        overridden = told.get(of_one, _overridden(fold, of_one)) - (one.id == season)
        together += max(0, _most(fold, one, label) - overridden)
    return together > _capacity(fold, key)


def _most(fold: Fold, event: EventFold, label: str) -> int:
    """Count the places of an object that an event has taken or holds, or that groups may take."""
    in_doubt = [
        planned
        for held in fold.same_places((event.id, label))
        for of_group in fold.reservations.of(held).values()
        for planned in of_group
    ]
    if any(planned.moves is None for planned in in_doubt):
        return 1
    # What was sold as one may be an area by now, if the season was the first to get another chart.
    is_taken = not event.objects.get(label, UNTOUCHED).is_free
    return max(is_taken, fold.places(event, label, None)) + sum(map(_drawn, in_doubt))


def _drawn(planned: PlannedChange) -> int:
    """Count the free places of an area that a group takes."""
    sources = planned.moves.sources if planned.moves is not None else ()
    return sum(places for pocket, places in sources if pocket.status == FREE)


def _has(fold: Fold, event: EventFold, label: str) -> bool:
    """Say whether somebody has an object itself, or a group has reserved it."""
    is_free = event.objects.get(label, UNTOUCHED).is_free
    return not is_free or bool(fold.reservations.of((event.id, label)))


def _overridden(fold: Fold, key: _Key) -> int:
    event, label, season = key
    found = fold.events.get(event)
    return 0 if found is None else found.overridden.get((label, season), 0)


def _capacity(fold: Fold, key: _Key) -> int:
    event, label, _ = key
    found = fold.events.get(event)
    return (found.capacity(label) if found is not None else None) or 1
