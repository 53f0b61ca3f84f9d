"""Groups on the seats owner's side: what becomes of work that meets what is in doubt.

Rules of this file:

1. What fits under every outcome of the groups in doubt is done. What fits under none is refused.
   Everything else waits, in order: nobody is told "sold out" because of a group that later fails.
2. A part is reserved, refused or queued by these same rules; its reservation ends with the
   coordinator's decision.
3. Of the decision about a group only its own words count: a hold that has ended since is no
   reason to leave out a part of what was confirmed.
"""

from collections.abc import Iterable, Iterator, Sequence

import msgspec

from engine.seats.areas import apply_moves, area_seen
from engine.seats.changes import Attempt, Request, rejected
from engine.seats.doubt import ObjectKey
from engine.seats.state import (
    NO_PLACES,
    UNTOUCHED_AREA,
    ObjectState,
    Places,
    SeatsState,
    places_told,
)
from engine.seats.tables import same_places, seats_of
from engine.seats.views import SETTLED, Least, Most
from schemas.commands import Change
from schemas.facts import (
    FREE,
    HELD,
    GroupBegun,
    GroupCancelled,
    GroupConfirmed,
    GroupEnded,
    GroupQueued,
    GroupRefused,
    GroupReserved,
    PlannedChange,
    SeatsFact,
)
from schemas.rejections import Rejected, Rejection
from schemas.votes import RESERVED


class Waits:
    """The judgement on what fits under some outcome only."""


WAITS = Waits()


def objects_of(changes: Iterable[Change]) -> list[ObjectKey]:
    """Name the objects that changes are about."""
    return [(change.event, item.label) for change in changes for item in change.objects]


def with_same_places(state: SeatsState, key: ObjectKey) -> Iterator[ObjectKey]:
    """Name an object and all that are the same places: a table's seats, a seat's table."""
    yield key
    event = state.events.get(key[0])
    if event is not None:
        yield from ((event.id, label) for label in same_places(event.map.chart, key[1]))


def with_seats(state: SeatsState, keys: Iterable[ObjectKey]) -> Iterator[ObjectKey]:
    """Name objects, tables with their seats: what items wait for, and what ends their waiting.

    A seat is named without its table: what waits for one seat is not in the way of another.
    """
    for key in keys:
        yield key
        event = state.events.get(key[0])
        if event is not None:
            yield from ((event.id, label) for label in seats_of(event.map.chart, key[1]))


def meets_doubt(state: SeatsState, keys: Iterable[ObjectKey], number: int | None = None) -> bool:
    """Say whether one of these objects is in doubt, or an item parked earlier touches it."""
    if not state.doubt and not state.parking:
        return False
    return any(
        in_doubt(state, same) or state.parking.is_behind(same, number)
        for key in keys
        for same in with_same_places(state, key)
    )


def in_doubt(state: SeatsState, key: ObjectKey) -> list[ObjectKey]:
    """Name what is in doubt of an object: itself, or the same one of who can take it in its stead.

    A season and its events have an object together: a group that takes it on the one makes it
    uncertain on the others.
    """
    return [shared for shared in state.seasons.related_keys(key) if state.doubt.reserved(shared)]


def judge(
    state: SeatsState, request: Request, now: int, number: int | None = None
) -> list[PlannedChange] | Rejected | Waits:
    """Say what becomes of a request: planned changes, a refusal, or that it waits.

    `number` is that of the parked item whose request it is; None: it has just come.
    """
    keys = objects_of(request.changes)
    if not meets_doubt(state, keys, number):
        return Attempt(state, SETTLED, request, now).outcome()
    touched = {key: tuple(with_same_places(state, key)) for key in keys}
    behind = {
        key
        for key, same in touched.items()
        if any(state.parking.is_behind(each, number) for each in same)
    }
    doubtful = {one for same in touched.values() for each in same for one in in_doubt(state, each)}
    before = Attempt(state, Most(state, now, after=False), request, now)
    after = Attempt(state, Most(state, now, after=True), request, now)
    refusal = _certain_refusal(before, after, behind)
    if refusal is not None:
        return refusal
    is_counted = all(_counts_places(state, key) for key in doubtful)
    if behind or before.refusal is not None or not is_counted:
        return WAITS
    if any(_meets_plans(state, change) for change in request.changes):
        return WAITS
    planned = Attempt(state, Least(state, now), request, now).outcome()
    if isinstance(planned, Rejected) or any(map(_draws_on_taken, planned)):
        return WAITS
    return planned


def _certain_refusal(before: Attempt, after: Attempt, behind: set[ObjectKey]) -> Rejected | None:
    """Refuse what stands in the way under every outcome; not what waits behind an earlier item.

    Statuses that groups may bring to an area are no reason: a cancelled one brings none.
    """
    if before.refusal is not None and not before.obstacles:
        return before.refusal
    in_both = {(obstacle.event, obstacle.label) for obstacle in after.obstacles} - behind
    certain = [
        obstacle
        for obstacle in before.obstacles
        if (obstacle.event, obstacle.label) in in_both
        and obstacle.code != Rejection.TOO_MANY_STATUSES_IN_AREA.code
    ]
    return rejected(certain) if certain else None


def _counts_places(state: SeatsState, key: ObjectKey) -> bool:
    """Say whether an object in doubt is an area: it was one for the group, and it still is."""
    event, label = key
    place = state.events[event].map.find(label)
    if place is None or place.kind != "area":
        return False
    plans = state.doubt.reserved(key).values()
    return all(planned.moves is not None for changes in plans for planned in changes)


def _meets_plans(state: SeatsState, change: Change) -> bool:
    """Say whether what a change makes of an area depends on a group that is in doubt there.

    The group bears the same hold token: how many of the token's places the change finds, and so
    where else it draws, depends on the group. Or one of the two keeps the extra data of the other.
    """
    if change.season_use is not None:
        return True  # what an event overrides is never planned, so it is never in doubt
    token = change.hold.token if change.hold else None
    return any(
        (token is not None and planned.change.hold_token == token)
        or planned.keeps_extra_data
        or (change.keep_extra_data and item.extra_data is None)
        for item in change.objects
        for plans in state.doubt.reserved((change.event, item.label)).values()
        for planned in plans
    )


def _draws_on_taken(planned: PlannedChange) -> bool:
    """Say whether a change needs places that were taken: another outcome might offer free ones."""
    moves = planned.moves
    return moves is not None and any(
        pocket.status not in (FREE, HELD) for pocket, _ in moves.sources
    )


def apply_planned(state: SeatsState, planned: Sequence[PlannedChange]) -> list[SeatsFact]:
    """Make facts of planned changes: they get their numbers, and areas their counts, now."""
    facts: list[SeatsFact] = []
    last_seq: dict[int, int] = {}
    areas: dict[ObjectKey, ObjectState] = {}
    own: dict[tuple[int, str, str], Places] = {}
    for plan in planned:
        change = plan.change
        event = state.events[change.event]
        seq = last_seq.get(event.id, event.last_seq) + 1
        last_seq[event.id] = seq
        fact = msgspec.structs.replace(change, seq=seq)
        if plan.moves is not None:
            key = (event.id, change.label)
            token = change.hold_token or ""
            current = areas.get(key) or event.objects.get(change.label, UNTOUCHED_AREA)
            held = own.get((*key, token), event.area_holds.get((change.label, token), NO_PLACES))
            counts = apply_moves(area_seen(current, held), plan.moves)
            fact = msgspec.structs.replace(fact, area=counts)
            areas[key] = current.with_area(counts, extra_data=change.extra_data)
            own[*key, token] = places_told(counts)
        facts.append(fact)
    return facts


def decide_begun(state: SeatsState, begun: GroupBegun, partition: int, now: int) -> list[SeatsFact]:
    """Reserve, refuse or queue this partition's part of a group."""
    [changes] = [part.changes for part in begun.parts if part.partition == partition]
    request = Request(begun.asked.workspace, changes, begun.origin, is_part=True)
    judged = judge(state, request, now)
    if isinstance(judged, Waits):
        if state.parking.is_full:
            busy = Rejected(code=Rejection.BUSY_IN_DOUBT.code)
            return [GroupRefused(group=begun.group, refusal=busy)]
        return [
            GroupQueued(
                group=begun.group,
                workspace=request.workspace,
                changes=changes,
                origin=begun.origin,
            )
        ]
    return [_spoken(begun.group, judged)]


def decide_queued(
    state: SeatsState, queued: GroupQueued, number: int, now: int
) -> SeatsFact | Waits:
    """Reserve or refuse a part that has waited, if it need not wait any longer."""
    request = Request(queued.workspace, queued.changes, queued.origin, is_part=True)
    judged = judge(state, request, now, number)
    return judged if isinstance(judged, Waits) else _spoken(queued.group, judged)


def decide_ended(state: SeatsState, decided: GroupConfirmed | GroupCancelled) -> list[SeatsFact]:
    """Apply a coordinator's decision about a group."""
    part = state.doubt.part(decided.group)
    assert part is not None, f"group {decided.group} is decided and was not begun here"
    is_confirmed = isinstance(decided, GroupConfirmed)
    assert not is_confirmed or part.verdict == RESERVED, f"group {decided.group}: {part.verdict}"
    changes = apply_planned(state, part.changes) if is_confirmed else []
    return [*changes, GroupEnded(group=decided.group, is_confirmed=is_confirmed)]


def _spoken(group: int, judged: list[PlannedChange] | Rejected) -> SeatsFact:
    if isinstance(judged, Rejected):
        return GroupRefused(group=group, refusal=judged)
    return GroupReserved(group=group, changes=judged)
