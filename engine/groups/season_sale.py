"""What seasons say about their sale, passed on to their events.

Rules of this file:

1. An event's `Selling` says what its seasons say, word for word: whoever sells the event needs no
   other, and the last fact about it alone says how it is sold.
2. It is worked out anew after every decision that may have changed it, for the events concerned.
"""

from collections.abc import Iterable, Sequence

import msgspec

from engine.groups.directory import Directory, Entry, entry_of, updated
from schemas.facts import EventCreated, EventUpdated, GroupsFact
from schemas.selling import AS_THE_CHART_SAYS, ForSale


def pass_sale_on(directory: Directory, facts: Sequence[GroupsFact], now: int) -> list[GroupsFact]:
    """Add to a decision what its seasons' sale makes of their events; they may be its own."""
    told = {
        fact.event: place
        for place, fact in enumerate(facts)
        if isinstance(fact, EventCreated | EventUpdated)
    }
    after = {event: _after(directory, facts[place]) for event, place in told.items()}
    passed_on = list(facts)
    for event in _concerned(directory, after.values()):
        said = _said_by_seasons(directory, after, event)
        if said == event.selling.for_sale_of_seasons:
            continue
        selling = msgspec.structs.replace(event.selling, for_sale_of_seasons=said)
        place = told.get(event.event)
        if place is None:
            passed_on.append(updated(event, now, selling=selling))
        else:
            own = None if selling == AS_THE_CHART_SAYS else selling
            fact = passed_on[place]
            is_new = isinstance(fact, EventCreated)
            passed_on[place] = msgspec.structs.replace(fact, selling=own if is_new else selling)
    return passed_on


def _after(directory: Directory, fact: GroupsFact) -> Entry:
    """Give an event as a fact leaves it."""
    if isinstance(fact, EventCreated):
        return entry_of(fact)
    assert isinstance(fact, EventUpdated)
    before = directory.by_id(fact.event)
    assert before is not None, f"event {fact.event} is updated and not there"
    return before._replace(
        key=fact.key,
        selling=fact.selling or before.selling,
        season=fact.season or before.season,
    )


def _concerned(directory: Directory, changed: Iterable[Entry]) -> list[Entry]:
    """List the events in seasons that were changed, or whose season was."""
    events: dict[int, Entry] = {}
    changed = list(changed)
    for entry in changed:
        if entry.season is not None and entry.season.kind != "event":
            events.update((one.event, one) for one in directory.in_season(entry.season.top))
    events.update((entry.event, entry) for entry in changed)
    return [
        entry
        for entry in events.values()
        if entry.season is not None and entry.season.kind == "event"
    ]


def _said_by_seasons(directory: Directory, after: dict[int, Entry], event: Entry) -> list[ForSale]:
    seasons = event.season.seasons if event.season is not None else []
    found = (after.get(season) or directory.by_id(season) for season in seasons)
    return [
        entry.selling.for_sale
        for entry in found
        if entry is not None
        and entry.selling.for_sale is not None
        and entry.season is not None
        and entry.season.for_sale_propagated
    ]
