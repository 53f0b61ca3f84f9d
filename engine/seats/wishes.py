"""Best available as a command: a wish in, status changes of the chosen objects out.

Rules of this file:

1. What is chosen is then changed by the rules of every change: nothing is booked this way that a
   command with the same objects could not book.
2. Objects in doubt, and those that somebody waits for who came earlier, are not offered. Who could
   only be served with some of these waits: nobody is told "sold out" because of a group that later
   fails.
3. Nobody waits behind a wish: it takes from what is free, and names nothing.
"""

from collections.abc import Collection, Iterable
from itertools import groupby, zip_longest

from engine.machine import Decision
from engine.seats.areas import places_open_to
from engine.seats.best_available import Choice, Offer, choose, may_choose
from engine.seats.changes import Attempt, Request
from engine.seats.reservations import WAITS, Waits, apply_planned, judge
from engine.seats.seasons import used_elsewhere
from engine.seats.state import EventState, SeatsState
from engine.seats.tables import same_places
from engine.seats.views import SETTLED, Least, Most, View, ViewSight
from schemas.commands import Change, ChangeBestAvailable, ObjectChange
from schemas.facts import FREE, AreaCounts, BestAvailableChosen, SeatsFact
from schemas.outbox import Accepted
from schemas.rejections import Rejected, Rejection


def judge_wish(
    state: SeatsState, command: ChangeBestAvailable, now: int, number: int | None = None
) -> Decision[SeatsFact] | Waits:
    """Say what becomes of a wish; `number` is that of the parked item whose wish it is."""
    refusal = Attempt(state, SETTLED, _request(command, []), now).refusal
    if refusal is not None:
        return Decision(refusal, [])
    if state.parking.is_behind_wish(command, number):
        return WAITS
    event = state.events[command.event]
    waited_for = _with_same_places(event, state.parking.waited_for(event.id, number))
    in_doubt = _with_same_places(event, _in_doubt(state, event))
    # Of an area in doubt some places are certain; Least knows how many.
    withheld = {*waited_for, *(label for label in in_doubt if not _is_area(event, label))}
    view = Least(state, now) if in_doubt else SETTLED
    [change] = _request(command, []).changes
    offer = offered(state, event, view, change, withheld=withheld)
    choice = choose(event.offers.preference, offer, command.wish)
    if choice is not None:
        return _judge_choice(state, command, choice, now, number)
    if (in_doubt or waited_for) and _may_come_true(state, command, {*withheld, *in_doubt}, now):
        return WAITS
    return Decision(Rejected(code=Rejection.BEST_AVAILABLE_OBJECTS_NOT_FOUND.code), [])


def offered(
    state: SeatsState,
    event: EventState,
    view: View,
    change: Change,
    *,
    withheld: Iterable[str] = (),
    also: Iterable[str] = (),
) -> Offer:
    """Give what an event offers a change: what it sells and is free, some withheld, others added.

    `change` says which channels it may touch.
    """
    offers = event.offers
    gone = offers.taken_in_any_way | offers.set_of(withheld)
    free = offers.for_sale & (~(gone | taken_elsewhere(state, event)) | offers.set_of(also))
    sight = ViewSight(state, view)

    def places(label: str) -> int:
        found = event.map.find(label)
        assert found is not None, f"{label} is offered and not on the chart"
        current = view.object(event, label)
        counts = (current.area if current else None) or AreaCounts()
        room = view.room(event, found)
        elsewhere = used_elsewhere(state.seasons, sight, event.id, found)
        left = room._replace(capacity=room.capacity - elsewhere)
        return places_open_to(counts, left, change)

    return Offer(free, free & offers.open_to(change), places, offers.in_categories)


def _judge_choice(
    state: SeatsState, command: ChangeBestAvailable, choice: Choice, now: int, number: int | None
) -> Decision[SeatsFact] | Waits:
    judged = judge(state, _request(command, _changes(command, choice.labels)), now, number)
    if isinstance(judged, Waits):
        return WAITS
    if isinstance(judged, Rejected):
        return Decision(judged, [])
    chosen = BestAvailableChosen(event=command.event, next_to_each_other=choice.next_to_each_other)
    return Decision(Accepted(), [*apply_planned(state, judged), chosen])


def _may_come_true(
    state: SeatsState, command: ChangeBestAvailable, doubtful: Collection[str], now: int
) -> bool:
    """Say whether a wish could be met under some outcome of what is in doubt or waited for."""
    event = state.events[command.event]
    before, after = Most(state, now, after=False), Most(state, now, after=True)
    may_be_free = [
        label
        for label in doubtful
        if any(_is_free(state, view, event, label) for view in (before, after))
    ]
    [change] = _request(command, []).changes
    offer = offered(state, event, before, change, also=may_be_free)
    return may_choose(event.offers.preference, offer, command.wish)


def _is_free(state: SeatsState, view: View, event: EventState, label: str) -> bool:
    """Say whether a seat is free; of an area some places always might be."""
    seen, place = view.object(event, label), event.map.find(label)
    if (seen is not None and seen.area is not None) or place is None:
        return True
    is_free = seen is None or seen.status == FREE
    return is_free and not used_elsewhere(state.seasons, ViewSight(state, view), event.id, place)


def _in_doubt(state: SeatsState, event: EventState) -> dict[str, None]:
    """Name the objects of an event that are in doubt, there or on who shares them."""
    sharing = (event.id, *state.seasons.related(event.id))
    return {label: None for one in sharing for label in state.doubt.reserved_of_event(one)}


def taken_elsewhere(state: SeatsState, event: EventState) -> int:
    """Give the seats, tables and booths that others in an event's seasons have, as a set."""
    if event.id not in state.seasons:
        return 0
    if state.seasons.seasons_of(event.id):
        return _taken_by_seasons(state, event)
    taken = 0
    for one in (state.events[number] for number in state.seasons.events_of(event.id)):
        if not one.is_in_the_past:
            taken |= one.offers.taken_in_any_way | _taken_by_seasons(state, one, aside=event.id)
    return taken


def _taken_by_seasons(state: SeatsState, event: EventState, aside: int | None = None) -> int:
    taken = 0
    for season in state.seasons.seasons_of(event.id):
        if season != aside:
            own = event.offers.set_of(label for label, of in event.overridden if of == season)
            taken |= state.events[season].offers.taken_in_any_way & ~own
    return taken


def _with_same_places(event: EventState, labels: Iterable[str]) -> list[str]:
    """Add to objects what is the same places: a table's seats, a seat's table."""
    return [each for label in labels for each in (label, *same_places(event.map.chart, label))]


def _is_area(event: EventState, label: str) -> bool:
    found = event.map.chart.find(label)
    return found is not None and found.kind == "area"


def _changes(command: ChangeBestAvailable, labels: list[str]) -> list[ObjectChange]:
    """Say what each chosen object becomes; like places of an area are changed at once."""
    asked = zip_longest(
        labels, command.ticket_types[: len(labels)], command.extra_data[: len(labels)]
    )
    return [
        ObjectChange(
            label=label, quantity=len(list(alike)), ticket_type=ticket_type, extra_data=extra_data
        )
        for (label, ticket_type, extra_data), alike in groupby(asked)
    ]


def _request(command: ChangeBestAvailable, objects: list[ObjectChange]) -> Request:
    change = Change(
        event=command.event,
        event_key=command.event_key,
        status=command.status,
        objects=objects,
        hold=command.hold,
        order_id=command.order_id,
        keep_extra_data=command.keep_extra_data,
        channel_keys=command.channel_keys,
        ignore_channels=command.ignore_channels,
    )
    return Request(command.workspace, [change], command.origin)
