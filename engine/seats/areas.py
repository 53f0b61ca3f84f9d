"""General admission: places of an area are counted, not named.

Rules of this file:

1. taken + held <= capacity, always; in an area that became smaller nothing is taken until it is,
   nor sold again.
2. A change is moves between pockets: free, taken by a status, held by a token under a ticket type.
   It is first planned on the counts it may draw on, then applied to those that are.
3. Places go to a status from the caller's own hold first, then from the free ones; from places
   that were taken before only if the caller names their status as an allowed previous one, or if
   they are offered for resale, to be booked or held, and anything of the area is for sale.
4. A release with a hold token gives back that token's places; one without gives back taken
   places, the booked ones first.
5. Nothing here depends on how many tokens hold places: no other token's pockets are looked at.
6. A place that comes from a channel belongs to it until it is free again: only who may touch the
   channel moves it. Offered for resale, everybody may. A channel that there is no more is none.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from engine.seats.channels import Room
from engine.seats.state import ObjectState, Places
from engine.seats.statuses import TAKES_A_FREE_SEAT, extra_data_after, refuse_previous
from schemas.commands import Change, ObjectChange
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    NO_TICKET_TYPE,
    RESALE,
    AreaCounts,
    ChannelCounts,
    Moves,
    Pocket,
)
from schemas.rejections import Rejection

statuses_per_area_max = 100
statuses_bytes_max = 4 * 1024
"""Of places that are taken: every fact tells them all, and callers invent them."""
channels_bytes_max = 8 * 1024
"""Of what a fact tells about the channels of an area's places: so many for each is 80 bytes."""

_encode = msgspec.json.Encoder().encode
_NONE_OF_CHANNEL = ChannelCounts()


class Moved(msgspec.Struct, frozen=True):
    """An object after a change, and the status it (an area: its first places) had before."""

    state: ObjectState
    previous_status: str
    seen: AreaCounts | None = None
    """Of an area: its counts now, as the bearer of the acting token sees them."""
    moves: Moves | None = None
    """Of an area."""


def change_area(
    current: ObjectState, own: Places, room: Room, change: Change, item: ObjectChange
) -> Moved | Rejection:
    """Move `item.quantity` places to the change's status, or say why not; `own` is the token's."""
    area = area_seen(current, own)
    moves = plan_change(area, room, change, item)
    if isinstance(moves, Rejection):
        return moves
    after = apply_moves(area, moves)
    if after.channels and len(_encode(after.channels)) > channels_bytes_max:
        return Rejection.TOO_MANY_STATUSES_IN_AREA
    state = ObjectState(
        status=change.status,
        order_id=change.order_id,
        ticket_type=item.ticket_type,
        extra_data=extra_data_after(current, change, item),
        resale_listing_id=change.resale_listing_id,
        area=after.without_own(),
    )
    return Moved(state, moves.previous_status, after, moves)


def expire_area(
    current: ObjectState, own: Places, left: Mapping[Pocket, int]
) -> tuple[AreaCounts, int]:
    """Give back what is `left` of a token's `own`: the counts afterwards, and how many."""
    moves = Moves(list(left.items()), Pocket(FREE))
    return apply_moves(area_seen(current, own), moves), moves.quantity


def area_seen(current: ObjectState, own: Places) -> AreaCounts:
    """Give the counts of an area as the bearer of a token sees them."""
    area = current.area or AreaCounts()
    if not area.channels:
        return AreaCounts(taken=area.taken, held=area.held, own=own.by_type)
    channels = {
        id_: ChannelCounts(taken=of.taken, held=of.held, own=own.of_channels.get(id_, {}))
        for id_, of in area.channels.items()
    }
    return AreaCounts(taken=area.taken, held=area.held, own=own.by_type, channels=channels)


def own_pockets(own: Places, token: str) -> dict[Pocket, int]:
    """Give what a token holds of an area by pocket, in a fixed order."""
    pockets = {
        Pocket(HELD, token, kind, id_): places
        for id_, of_channel in sorted(own.of_channels.items())
        for kind, places in sorted(of_channel.items())
    }
    for kind, places in sorted(own.by_type.items()):
        unchannelled = places - sum(of.get(kind, 0) for of in own.of_channels.values())
        if unchannelled:
            pockets[Pocket(HELD, token, kind)] = unchannelled
    return pockets


def in_use(area: AreaCounts) -> int:
    """Count the places that are taken or held."""
    return sum(area.taken.values()) + area.held


def free_places(area: AreaCounts, room: Room, channel: str | None = None) -> int:
    """Count the places of a channel, or of none, that nobody has taken or holds."""
    free = room.capacity - in_use(area)
    if channel is not None:
        return min(free, room.of_channels.get(channel, 0) - _used(area, channel))
    kept = (places - _used(area, id_) for id_, places in room.of_channels.items())
    return free - sum(places for places in kept if places > 0)


def places_open_to(area: AreaCounts, room: Room, change: Change) -> int:
    """Count the free places that a change may draw on."""
    return sum(places for _, places in _free_pockets(area, room, change))


def plan_change(
    area: AreaCounts, room: Room, change: Change, item: ObjectChange
) -> Moves | Rejection:
    """Say which places a change moves if it may draw on these counts, or why it may not."""
    if item.quantity < 1:
        return Rejection.NOT_ENOUGH_PLACES  # a negative one would move places the other way
    wanted, refusal = item.quantity, None
    sources: list[tuple[Pocket, int]] = []
    for status in _source_statuses(area, room, change):
        refused = refuse_previous(status, change)
        refusal = refusal or refused
        if refused is None:
            for pocket, places in _pockets(status, area, room, change, item):
                given = min(wanted, places)
                if given > 0:
                    sources.append((pocket, given))
                    wanted -= given
    if wanted:
        if not sources and refusal is not None:
            return refusal
        releasing = change.status == FREE
        return Rejection.NOT_ENOUGH_TAKEN_PLACES if releasing else Rejection.NOT_ENOUGH_PLACES
    target = _target(change, item)
    if _is_one_status_too_many(area, target):
        return Rejection.TOO_MANY_STATUSES_IN_AREA
    return Moves(sources, target)


def apply_moves(area: AreaCounts, moves: Moves) -> AreaCounts:
    """Give the counts after moves that were made by the token whose places are in `area.own`."""
    drawn = [(pocket, -places) for pocket, places in moves.sources]
    return flowed(area, [*drawn, *moves.arrivals])


def flowed(area: AreaCounts, flows: Iterable[tuple[Pocket, int]]) -> AreaCounts:
    """Give the counts when pockets have so many places more; held ones are of the one token."""
    taken, own, held = dict(area.taken), dict(area.own), area.held
    channels = dict(area.channels)
    for pocket, places in flows:
        if pocket.status == HELD:
            held += places
            _add(own, pocket.ticket_type or NO_TICKET_TYPE, places)
        elif pocket.status != FREE:
            _add(taken, pocket.status, places)
        if pocket.channel is not None and pocket.status != FREE:
            of = channels.get(pocket.channel, _NONE_OF_CHANNEL)
            channels[pocket.channel] = _flowed_of_channel(of, pocket, places)
    left = {id_: of for id_, of in channels.items() if of != _NONE_OF_CHANNEL}
    return AreaCounts(taken=taken, held=held, own=own, channels=left)


def _flowed_of_channel(of: ChannelCounts, pocket: Pocket, places: int) -> ChannelCounts:
    taken, own, held = dict(of.taken), dict(of.own), of.held
    if pocket.status == HELD:
        held += places
        _add(own, pocket.ticket_type or NO_TICKET_TYPE, places)
    else:
        _add(taken, pocket.status, places)
    return ChannelCounts(taken=taken, held=held, own=own)


def _used(area: AreaCounts, channel: str) -> int:
    of = area.channels.get(channel)
    return 0 if of is None else sum(of.taken.values()) + of.held


def _source_statuses(area: AreaCounts, room: Room, change: Change) -> Iterator[str]:
    """Name, in order, the statuses that places may come from."""
    if change.hold and change.status != HELD:
        yield HELD
    taken = sorted(area.taken, key=lambda status: (status != BOOKED, status))
    if change.status == FREE:
        if change.hold is None:
            yield from taken
        return
    yield FREE
    open_to_it = list(change.allowed_previous_statuses or ())
    if change.status in TAKES_A_FREE_SEAT and _is_sold_again(area, room):
        open_to_it.append(RESALE)
    yield from (status for status in taken if status in open_to_it and status != change.status)


def _is_sold_again(area: AreaCounts, room: Room) -> bool:
    """Say whether what is offered for resale may go to somebody new: all that is taken is there."""
    return room.is_for_sale and in_use(area) <= room.capacity + room.not_for_sale


def _pockets(
    status: str, area: AreaCounts, room: Room, change: Change, item: ObjectChange
) -> Iterator[tuple[Pocket, int]]:
    """Give the pockets of a status that a change may draw on, with what is in them."""
    if status == FREE:
        yield from _free_pockets(area, room, change)
        return
    open_to = room.channels.open_to(change)
    if area.channels:
        is_offered = status == RESALE
        open_to = [None, *area.channels] if is_offered else _with_orphans(open_to, area, room)
    for channel in open_to:
        if status != HELD:
            places = _of(area, channel, lambda of: of.taken).get(status, 0)
            yield Pocket(status, channel=channel), places
        elif change.hold is not None:
            own = _of(area, channel, lambda of: of.own)
            asked = item.ticket_type or NO_TICKET_TYPE
            # The wanted ticket type comes first.
            for kind in sorted(own, key=lambda kind: (kind != asked, kind)):
                yield Pocket(HELD, change.hold.token, kind, channel), own[kind]


def _free_pockets(area: AreaCounts, room: Room, change: Change) -> Iterator[tuple[Pocket, int]]:
    """Give the free places that are open to a change; channels may have more than there are."""
    left = room.capacity - in_use(area)
    for channel in room.channels.open_to(change):
        places = max(0, min(left, free_places(area, room, channel)))
        left -= places
        yield Pocket(FREE, channel=channel), places


def _with_orphans(open_to: Sequence[str | None], area: AreaCounts, room: Room) -> list[str | None]:
    """Add channels that there are no more to what is open, if what is in none is."""
    orphans = [id_ for id_ in area.channels if not room.channels.has(id_)]
    return [*open_to, *orphans] if None in open_to else list(open_to)


def _of(
    area: AreaCounts,
    channel: str | None,
    counts: Callable[[AreaCounts | ChannelCounts], dict[str, int]],
) -> dict[str, int]:
    """Give some counts of a channel's places, or of those of none."""
    if channel is not None:
        return counts(area.channels.get(channel, _NONE_OF_CHANNEL))
    if not area.channels:
        return counts(area)
    return {
        name: places - sum(counts(of).get(name, 0) for of in area.channels.values())
        for name, places in counts(area).items()
    }


def _target(change: Change, item: ObjectChange) -> Pocket:
    if change.status == HELD and change.hold is not None:
        return Pocket(HELD, change.hold.token, item.ticket_type or NO_TICKET_TYPE)
    return Pocket(change.status)


def _is_one_status_too_many(area: AreaCounts, target: Pocket) -> bool:
    if target.status in area.taken or target.status in (FREE, HELD):
        return False
    told = sum(len(status.encode()) + _count_bytes for status in (*area.taken, target.status))
    return len(area.taken) >= statuses_per_area_max or told > statuses_bytes_max


_count_bytes = 14
"""Of a status' places in a fact: quotes, colon, comma and ten digits."""


def _add(counts: dict[str, int], name: str, places: int) -> None:
    counts[name] = counts.get(name, 0) + places
    if not counts[name]:
        del counts[name]
