"""Best available: whether what was chosen is what was wished for, and whether a refusal is true.

Rules of this file:

1. It does not choose: which free seats are the best, only the engine says. That the number is
   right, that all of it was free, and that who found nothing could find nothing, anybody can check.
2. A refusal is checked for wishes that take any ordinary seat, or any of a category, of an event
   that is sold as its chart says, but for tables. Of a large chart, no categories, and nothing of
   an event in a season: that would cost all its seats.
"""

from collections.abc import Callable, Iterator
from itertools import islice, zip_longest
from typing import Any

import msgspec

from schemas.commands import ChangeBestAvailable, Wish
from schemas.facts import FREE, BestAvailableChosen, PlannedChange, StatusChanged
from schemas.rejections import Rejected, Rejection
from schemas.selling import AS_THE_CHART_SAYS
from seatlog.verify.holds import Held
from seatlog.verify.objects import Fold
from seatlog.verify.states import EventFold

named_objects_max = 100
"""A wish for more of them is not met; places of an area are one object."""
seats_gone_through_max = 1_000


def objects_chosen(facts: list[Any]) -> list[Held]:
    """Name the objects that facts have changed."""
    return [(fact.event, fact.label) for fact in facts if isinstance(fact, StatusChanged)]


def wish_done_faults(command: ChangeBestAvailable, facts: list[Any], fold: Fold) -> Iterator[str]:
    """Say how the facts of an accepted wish differ from it."""
    changes = [fact for fact in facts if isinstance(fact, StatusChanged)]
    told = [fact for fact in facts if not isinstance(fact, StatusChanged)]
    if [(type(fact), fact.event) for fact in told] != [(BestAvailableChosen, command.event)]:
        yield f"was asked for the best of event {command.event} and told {told}"
    found = sum(fact.quantity for fact in changes)
    if found != command.wish.number:
        yield f"was asked for {command.wish.number} and chose {found}"
    objects = {held: fold.is_area(*held) for held in objects_chosen(facts)}
    is_one_area = len(objects) == 1 and all(objects.values())
    if not is_one_area and (any(objects.values()) or len(objects) < len(changes)):
        yield f"chose {[fact.label for fact in changes]}: not as many objects, nor one area"
    for fact in changes:
        yield from _change_faults(command, fact, is_area=is_one_area)
    yield from _place_faults(command, changes)


def _change_faults(
    command: ChangeBestAvailable, fact: StatusChanged, *, is_area: bool
) -> Iterator[str]:
    token = command.hold.token if command.hold else None
    wanted = (command.event, command.status, token, command.order_id)
    done = (fact.event, fact.status, fact.hold_token, fact.order_id)
    if done != wanted:
        yield f"was asked for {wanted} and did {done} to {fact.label}"
    if not is_area and fact.previous_status != FREE:
        yield f"chose {fact.label}, which was {fact.previous_status}"


def _place_faults(command: ChangeBestAvailable, changes: list[StatusChanged]) -> Iterator[str]:
    """Compare what goes to the first, second, ... object."""
    given = [(f.ticket_type, f.extra_data) for f in changes for _ in range(f.quantity)]
    asked = zip_longest(command.ticket_types, command.extra_data)
    for place, (done, wanted) in enumerate(zip_longest(given, islice(asked, len(given)))):
        ticket_type, extra_data = wanted or (None, None)
        kept = extra_data is None and command.keep_extra_data
        if done[0] != ticket_type or (done[1] != extra_data and not kept):
            yield f"gave {done} to object {place}, and was asked for {wanted}"


def not_found_faults(
    command: ChangeBestAvailable,
    refusal: Rejected,
    fold: Fold,
    is_taken_elsewhere: Callable[[Held], bool],
) -> Iterator[str]:
    """Say whether there were seats for who was told that there are none.

    `is_taken_elsewhere` says whether others in the event's seasons surely have a seat.
    """
    event, wish = fold.events.get(command.event), command.wish
    if refusal.code != Rejection.BEST_AVAILABLE_OBJECTS_NOT_FOUND.code or event is None:
        return
    is_narrow = (wish.zone, wish.sections, wish.accessible_seats) != (None, None, 0)
    is_narrow |= command.channel_keys is not None and not command.ignore_channels
    if is_narrow or wish.number > named_objects_max or not _is_sold_as_drawn(event):
        return
    is_shared = event.season is not None
    goes_through = is_shared or wish.categories is not None
    if goes_through and len(event.seats) > seats_gone_through_max:
        return
    in_doubt = {
        label
        for label, planned in fold.reservations.of_event(event.id)
        if _fits(event, wish, label) and _may_come_free(event, label, planned)
    }
    free = len(in_doubt) + (0 if is_shared else _free_seats(event, wish))
    if is_shared:
        labels = (one for one in event.seats if _fits(event, wish, one) and event.is_free(one))
        free = sum(not is_taken_elsewhere((event.id, label)) for label in (*labels, *in_doubt))
    if free >= wish.number:
        yield f"finds nothing for {wish.number}, and {free} seats are free or may come free"


def _is_sold_as_drawn(event: EventFold) -> bool:
    """Say whether an event adds nothing to its chart that best available looks at in its rows."""
    selling = event.selling
    return msgspec.structs.replace(selling, tables=None) == AS_THE_CHART_SAYS


def _free_seats(event: EventFold, wish: Wish) -> int:
    if wish.categories is None:
        return event.free_seats
    return sum(_fits(event, wish, label) and event.is_free(label) for label in event.seats)


def _fits(event: EventFold, wish: Wish, label: str) -> bool:
    names = event.seats.get(label)
    if names is None or wish.categories is None:
        return names is not None
    return any(name in names or name.casefold() in names for name in wish.categories)


def _may_come_free(event: EventFold, label: str, planned: list[PlannedChange]) -> bool:
    """Say whether a confirmed group would leave a seat free that is not."""
    return not event.is_free(label) and planned[-1].change.status == FREE
