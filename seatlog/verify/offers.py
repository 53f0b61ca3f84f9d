"""Whether what was taken was offered: for sale, and in a channel that was open to the caller.

Rules of this file:

1. What was free, or offered for resale, is taken only if it is for sale, and of an area that became
   too small not at all; of any area, who names resale as an allowed status takes it all the same.
   Channels count for every change, releases included, but not of what is offered for resale.
2. Free places of an area are taken up to what is for sale of it: of a channel up to what it has,
   and of none up to what channels leave.
3. What groups reserve is looked at then. What an event does not sell any more is given back by
   whoever can name it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from schemas.commands import Change
from schemas.facts import FREE, HELD, RESALE, AreaCounts, ChannelCounts, Moves
from schemas.selling import Channel, ForSale, Selling
from seatlog.verify.places import Venue

NO_CHANNEL = "NO_CHANNEL"
"""Stands among a caller's channel keys for what is in no channel."""


class Offered:
    """What one event offers, for as long as it is sold in the same way."""

    def __init__(self, venue: Venue, selling: Selling) -> None:
        self._venue = venue
        self._selling = selling
        self.channels = selling.channels
        self._channel_of = channel_of(selling.channels)
        own = [] if selling.for_sale is None else [selling.for_sale]
        self._sales = [_Sale(one, self._names(one)) for one in own + selling.for_sale_of_seasons]

    def channel(self, label: str) -> str | None:
        """Give the key of the channel that an object is in; None: in none."""
        return self._channel_of.get(label)

    def places_for_sale(self, label: str) -> int:
        """Count the places of an object that are for sale; 1 of a seat that is."""
        names = {label, self._venue.section_of.get(label), self._venue.table_of.get(label)}
        category = self._category(label)
        capacity = self._venue.places.get(label)
        return min(
            (sale.places(label, names, category, capacity) for sale in self._sales),
            default=1 if capacity is None else capacity,
        )

    def places(self, label: str) -> int:
        """Count the places of an area, for sale or not."""
        return self._venue.places.get(label) or 0

    def places_of(self, channel: Channel, label: str) -> int:
        """Count the places of an area that a channel has: all of one that is in it as a whole."""
        if self.channel(label) == channel.key:
            return self.places(label)
        return channel.area_places.get(label, 0)

    def _category(self, label: str) -> str | None:
        own = self._selling.object_categories.get(label)
        is_known = own in self._venue.categories or any(
            own == category.key for category in self._selling.categories
        )
        return own if is_known else self._venue.category_of.get(label)

    def _names(self, config: ForSale) -> frozenset[str]:
        """Give the keys of the categories that are named by key or, in any case, by label."""
        labels = self._venue.categories | {
            each.key: each.label for each in self._selling.categories
        }
        named = {name.casefold() for name in config.categories}
        by_label = (key for key, label in labels.items() if label.casefold() in named)
        return frozenset((*config.categories, *by_label))


class _Sale:
    """What one configuration says is for sale, or is not."""

    def __init__(self, config: ForSale, categories: frozenset[str]) -> None:
        self._config = config
        self._objects = frozenset(config.objects)
        self._categories = categories

    def places(
        self, label: str, names: set[str | None], category: str | None, capacity: int | None
    ) -> int:
        is_listed = not names.isdisjoint(self._objects) or category in self._categories
        whole = 1 if capacity is None else capacity
        counted = 0 if capacity is None else self._config.area_places.get(label, 0)
        listed = whole if is_listed else min(whole, counted)
        return listed if self._config.for_sale else whole - listed


def channel_of(channels: Sequence[Channel]) -> Mapping[str, str]:
    """Give the key of each object's channel, by label."""
    return {label: channel.key for channel in channels for label in channel.objects}


def admits(change: Change, channel: str | None) -> bool:
    """Say whether a change may touch what is in this channel; None: what is in none."""
    if change.ignore_channels or change.channel_keys is None:
        return change.ignore_channels or channel is None
    return (NO_CHANNEL if channel is None else channel) in change.channel_keys


def seat_faults(offered: Offered, change: Change, label: str, status: str) -> Iterator[str]:
    """Say why a change may not touch a seat, table or booth that has this status."""
    is_taken = change.status != FREE and status in (FREE, RESALE)
    if is_taken and not offered.places_for_sale(label):
        yield f"{label} is {change.status}, and is not for sale"
    if status != RESALE and not admits(change, offered.channel(label)):
        yield f"{label} is {change.status}, and its channel {offered.channel(label)} is not open"


def area_faults(
    offered: Offered,
    change: Change,
    label: str,
    before: AreaCounts,
    after: AreaCounts,
    *,
    drawn: int,
) -> Iterator[str]:
    """Say which places of an area a change may not take or move; groups have `drawn` free ones."""
    used, for_sale = _in_use(after), offered.places_for_sale(label)
    left = used - _in_use(before)
    if left > 0 and used + drawn > for_sale:
        yield f"{used + drawn} places of {label} are taken or held, and {for_sale} are for sale"
    if after.taken.get(RESALE, 0) < before.taken.get(RESALE, 0):
        yield from _resold_faults(offered, change, label, _in_use(before) + drawn)
    kept = 0
    for channel in offered.channels:
        has, uses = offered.places_of(channel, label), _of_channel(after, channel.id)
        gained = uses - _of_channel(before, channel.id)
        left -= gained
        kept += max(0, has - uses)
        if gained > 0 and uses > has:
            yield f"{uses} places of {label} are of channel {channel.key}, and it has {has}"
    if left > 0 and used + kept > for_sale:
        yield f"{left} places of {label} are of no channel, and they are kept for channels"
    was, became = _by_channel(offered, before), _by_channel(offered, after)
    for key, places in became.items():
        if _has_moved(was[key], places) and not admits(change, key):
            yield f"places of {label} are {change.status}, and their channel {key} is not open"


def planned_faults(
    offered: Offered, change: Change, label: str, moves: Moves, before: AreaCounts, *, drawn: int
) -> Iterator[str]:
    """Say which places of an area a group may not have; others have `drawn` so many free ones."""
    free = sum(places for pocket, places in moves.sources if pocket.status == FREE)
    used, for_sale = _in_use(before) + drawn + free, offered.places_for_sale(label)
    if free and used > for_sale:
        yield f"{used} places of {label} are taken, held or in doubt, and {for_sale} are for sale"
    keys = {channel.id: channel.key for channel in offered.channels}
    for pocket, places in moves.sources:
        channel = keys.get(pocket.channel or "")  # one that is gone is none
        if pocket.status == RESALE:
            yield from _resold_faults(offered, change, label, _in_use(before) + drawn)
        elif not admits(change, channel):
            yield f"draws on {places} places of channel {channel}, which is not open"


def differing_faults(channels: Iterable[tuple[str, str | None]]) -> Iterator[str]:
    """Say which objects of one offer, each with its channel on an event, are not in the same."""
    first: dict[str, str | None] = {}
    for label, channel in channels:
        if first.setdefault(label, channel) != channel:
            yield f"{label} is in channel {channel} of one event, and {first[label]} of another"


def _resold_faults(offered: Offered, change: Change, label: str, used: int) -> Iterator[str]:
    """Say why a change may not take places that are offered for resale: it may if it names them."""
    if change.status == FREE or RESALE in (change.allowed_previous_statuses or ()):
        return
    if not offered.places_for_sale(label):
        yield f"places of {label} are {change.status} that were for resale, and none is for sale"
    if used > (has := offered.places(label)):
        yield f"resold places of {label} are {change.status}, and {used} of {has} are used"


def _by_channel(offered: Offered, area: AreaCounts) -> dict[str | None, Counter[str]]:
    """Count taken and held places by status, for each channel's key; one that is gone is none."""
    of_none = Counter(area.taken)
    of_none[HELD] += area.held
    counts: dict[str | None, Counter[str]] = {None: of_none}
    for channel in offered.channels:
        of = area.channels.get(channel.id, ChannelCounts())
        counts[channel.key] = Counter(of.taken)
        counts[channel.key][HELD] += of.held
        of_none.subtract(counts[channel.key])
    return counts


def _has_moved(before: Counter[str], after: Counter[str]) -> bool:
    """Say whether other places of a channel have moved than those that were offered for resale."""
    return after.total() > before.total() or any(
        after[status] < places for status, places in before.items() if status != RESALE
    )


def _in_use(area: AreaCounts) -> int:
    return sum(area.taken.values()) + area.held


def _of_channel(area: AreaCounts, channel: str) -> int:
    of = area.channels.get(channel)
    return 0 if of is None else sum(of.taken.values()) + of.held
