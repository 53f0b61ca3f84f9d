"""What an event has to offer to who leaves the choice to us: sets of its objects.

Rules of this file:

1. An event pays for these sets from its first wish on; until then it has none.
2. They are derived: from how the event is sold, and from which of its objects are taken. A replay
   that never sees a wish has none of them and knows the same.
3. A set is a whole number, as in best_available/. An area is never taken: its places are counted.
"""

from collections.abc import Collection, Iterable

from engine.seats.best_available import Preference
from engine.seats.best_available.layout import Layout
from engine.seats.best_available.sets import bits_of, set_of
from engine.seats.channels import NO_CHANNEL
from engine.seats.event_map import EventMap
from engine.seats.tables import same_places
from schemas.commands import Change
from schemas.inventory import Table
from schemas.selling import ForSale


class Offers:
    """The sets of one event, for as long as it is sold in the same way."""

    __slots__ = ("_in_channels", "_map", "for_sale", "preference", "sold", "taken")

    def __init__(self, event_map: EventMap, taken: Iterable[str] = ()) -> None:
        self._map = event_map
        self.preference = event_map.chart.once(Preference)
        """What is near; shared by all events of the chart."""
        self.sold = _sold(event_map, self.preference.layout)
        """What the event sells at all, taken or not."""
        self.for_sale = self._for_sale()
        """Of this, what is for sale, and all areas: their places are counted."""
        self._in_channels = {
            channel.key: self.set_of(channel.objects) for channel in event_map.selling.channels
        }
        self.taken = self.preference.layout.set_of(taken)
        """Seats, tables and booths that are not free."""

    def note(self, label: str, *, is_taken: bool) -> None:
        """Note what became of a seat, table or booth."""
        found = self._map.chart.find(label)
        bit = 0 if found is None else 1 << self.preference.layout.bit(found)
        if bool(self.taken & bit) != is_taken:
            self.taken ^= bit

    @property
    def taken_in_any_way(self) -> int:
        """What is taken, be it as something that the event does not sell any more: a table, say."""
        left = self.taken & ~self.sold
        labels = [self.preference.layout.label(bit) for bit in bits_of(left)] if left else []
        chart = self._map.chart
        return self.taken | self.set_of(same for one in labels for same in same_places(chart, one))

    def set_of(self, labels: Iterable[str]) -> int:
        """Give the set of the objects with these labels."""
        return self.preference.layout.set_of(labels)

    def in_categories(self, names: Iterable[str]) -> int:
        """Give what has one of these categories, each named by key or, in any case, by label."""
        return self._of_categories(self._map.category_keys(names))

    def open_to(self, change: Change) -> int:
        """Give what is in the channels that a change may touch, and all areas."""
        if change.ignore_channels or (change.channel_keys is None and not self._in_channels):
            return self.sold
        keys = [NO_CHANNEL] if change.channel_keys is None else change.channel_keys
        members = self.preference.layout.all_areas
        for key in keys:
            members |= self._in_channels.get(key, 0) if key != NO_CHANNEL else self._in_none()
        return members

    def _in_none(self) -> int:
        members = self.sold
        for in_channel in self._in_channels.values():
            members &= ~in_channel
        return members

    def _of_categories(self, keys: Collection[str]) -> int:
        of_event = self._map.own_categories
        members = self.preference.layout.in_categories(keys) & ~self.set_of(of_event)
        return members | self.set_of(label for label, key in of_event.items() if key in keys)

    def _for_sale(self) -> int:
        members = self.sold
        for config in self._map.for_sale:
            members &= self._in_sale(config)
        return members

    def _in_sale(self, config: ForSale) -> int:
        layout = self.preference.layout
        listed = (
            self.set_of(config.objects)
            | layout.in_sections(config.objects)
            | self._seats_of_tables(config.objects)
            | self.in_categories(config.categories)
        )
        return self.sold & (listed if config.for_sale else ~listed) | layout.all_areas

    def _seats_of_tables(self, labels: Iterable[str]) -> int:
        found = (self._map.chart.find(label) for label in labels)
        tables = {id(one.block) for one in found if one is not None and one.kind == "table"}
        lines = (
            line for line in self.preference.layout.lines if tables and id(line.block) in tables
        )
        return set_of(bit for line in lines for bit in range(line.first, line.first + line.seats))


def _sold(event_map: EventMap, layout: Layout) -> int:
    """Give what is sold: of a table either the whole or the seats."""
    seats = {
        id(line.block): set_of(range(line.first, line.first + line.seats)) for line in layout.lines
    }
    sold = layout.all
    for bit, block in layout.wholes:
        whole = event_map.chart.find(layout.label(bit))
        if isinstance(block, Table) and whole is not None:
            sold &= ~(seats.get(id(block), 0) if event_map.sells(whole) else 1 << bit)
    return sold
