"""What commands and groups take, against what its events had offered them (offers.py).

Rules of this file:

1. An object that a request touches twice is left out: what it did first is not in the fold.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from schemas.commands import Change, ChangeBestAvailable, ChangeObjectStatus
from schemas.facts import FREE, AreaCounts, PlannedChange, Pocket, StatusChanged
from seatlog.verify.objects import Fold
from seatlog.verify.offers import (
    Offered,
    area_faults,
    differing_faults,
    planned_faults,
    seat_faults,
)
from seatlog.verify.states import UNTOUCHED

Made = TypeVar("Made")


def done_faults(
    command: ChangeObjectStatus | ChangeBestAvailable, facts: Iterable[Any], fold: Fold
) -> Iterator[str]:
    """Say what a command took that was not offered; the fold is from before it."""
    done = [fact for fact in facts if isinstance(fact, StatusChanged)]
    for change, fact in _each_once(_changes_of(command), done, lambda fact: fact):
        offered = _offered(fold, fact)
        if offered is None:
            continue
        if fact.area is None:
            yield from seat_faults(offered, change, fact.label, fact.previous_status)
        else:
            counts, drawn = _counts(fold, fact), _drawn(fold, fact)
            yield from area_faults(offered, change, fact.label, counts, fact.area, drawn=drawn)
    if isinstance(command, ChangeObjectStatus) and command.same_channels:
        yield from offer_faults(command, fold)


def reserved_faults(
    changes: Iterable[Change], planned: Iterable[PlannedChange], fold: Fold
) -> Iterator[str]:
    """Say what a group has reserved that was not offered."""
    for change, plan in _each_once(_by_object(changes), planned, lambda plan: plan.change):
        offered = _offered(fold, plan.change)
        if offered is None:
            continue
        fact = plan.change
        if plan.moves is None:
            yield from seat_faults(offered, change, fact.label, fact.previous_status)
        else:
            counts, drawn = _counts(fold, fact), _drawn(fold, fact)
            yield from planned_faults(offered, change, fact.label, plan.moves, counts, drawn=drawn)


def offer_faults(command: ChangeObjectStatus, fold: Fold) -> Iterator[str]:
    """Say which objects of one offer are not in the same channel on all of its events."""
    sold = {change.event: fold.events.get(change.event) for change in command.changes}
    offered = {event: found.offered for event, found in sold.items() if found is not None}
    yield from differing_faults(
        (item.label, of.channel(item.label))
        for change in command.changes
        for item in change.objects
        if not change.ignore_channels and (of := offered.get(change.event)) is not None
    )


def meant(wish: ChangeBestAvailable) -> Change:
    """Give a wish as a change of objects that are not chosen yet."""
    return Change(
        event=wish.event,
        status=wish.status,
        objects=[],
        hold=wish.hold,
        channel_keys=wish.channel_keys,
        ignore_channels=wish.ignore_channels,
    )


def _offered(fold: Fold, fact: StatusChanged) -> Offered | None:
    """Give what an event offers; None where it only takes back what it does not sell any more."""
    event = fold.events.get(fact.event)
    if event is None or not event.sells(fact.label):
        return None
    before = event.objects.get(fact.label, UNTOUCHED)
    is_left = not before.is_free and (before.area is None) == fold.is_area(event.id, fact.label)
    return None if is_left else event.offered


def _counts(fold: Fold, fact: StatusChanged) -> AreaCounts:
    return fold.events[fact.event].objects.get(fact.label, UNTOUCHED).area or AreaCounts()


def _drawn(fold: Fold, fact: StatusChanged) -> int:
    """Count the free places of an area that groups have reserved."""
    return fold.reservations.drawn((fact.event, fact.label), Pocket(FREE))


def _changes_of(command: ChangeObjectStatus | ChangeBestAvailable) -> Iterator[Change]:
    if isinstance(command, ChangeObjectStatus):
        yield from _by_object(one for one in command.changes if one.season_use is None)
        return
    while True:
        yield meant(command)


def _by_object(changes: Iterable[Change]) -> Iterator[Change]:
    return (change for change in changes for _ in change.objects)


def _each_once(
    changes: Iterable[Change], made: Iterable[Made], fact_of: Callable[[Made], StatusChanged]
) -> Iterator[tuple[Change, Made]]:
    """Pair what was asked for with what was made of it, where that names an object once."""
    listed = list(made)
    times = Counter((fact_of(one).event, fact_of(one).label) for one in listed)
    for change, one in zip(changes, listed, strict=False):
        if times[fact_of(one).event, fact_of(one).label] == 1:
            yield change, one
