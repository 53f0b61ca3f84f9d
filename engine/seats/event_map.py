"""The event map: a seat map as one event sells it.

Rules of this file:

1. It is made anew when the event's `Selling` changes, and never changes itself.
2. An event that adds nothing to its chart costs nothing: what is built is built from what its
   `Selling` names, never from all objects of the chart.
3. What `Selling` names and the chart does not have is left out.
"""

from collections.abc import Iterable, Mapping, Sequence

from engine.charts.inventory import BookableObject, SeatMap
from engine.seats.channels import NO_CHANNELS, Channels, Room
from engine.seats.for_sale import Offer
from engine.seats.tables import is_sold_as_a_whole, table_label
from schemas.inventory import Category
from schemas.selling import AS_THE_CHART_SAYS, ForSale, Selling


class EventMap:
    """The objects of an event."""

    __slots__ = ("_offers", "channels", "chart", "own_categories", "selling")

    def __init__(self, chart: SeatMap, selling: Selling = AS_THE_CHART_SAYS) -> None:
        self.chart = chart
        """The chart's objects, whichever of them the event sells."""
        self.selling = selling
        self.own_categories = _own_categories(chart, selling)
        """Of objects for which the event's word counts: by label."""
        self.channels = Channels(selling.channels) if selling.channels else NO_CHANNELS
        self._offers = [self._offer(one) for one in self.for_sale]
        """None of them: everything is for sale."""

    def find(self, label: str) -> BookableObject | None:
        """Give the object with this label if the event sells it; the same one each time."""
        found = self.chart.find(label)
        return found if found is not None and self.sells(found) else None

    def sells(self, found: BookableObject) -> bool:
        """Say whether an object counts: a table sold as a whole does, and then its seats do not."""
        if found.table is None:
            return True
        label = table_label(self.chart, found)
        as_a_whole = is_sold_as_a_whole(found.table, label, self.selling.tables)
        return as_a_whole == (found.kind == "table")

    @property
    def categories(self) -> Sequence[Category]:
        """The chart's categories, then the event's own."""
        return [*self.chart.inventory.categories, *self.selling.categories]

    def category_key(self, found: BookableObject) -> str | None:
        """Give the key of an object's category: the event's word counts before the chart's."""
        own = self.own_categories.get(found.label)
        return found.category_key if own is None else own

    def category_label(self, key: str | None) -> str | None:
        """Give the label of a category."""
        return next((one.label for one in self.categories if one.key == key), None)

    def category_keys(self, names: Iterable[str]) -> set[str]:
        """Give the keys of categories that are named by key or, in any case, by label."""
        keys = set(names)
        labels = {name.casefold() for name in keys}
        return keys | {each.key for each in self.categories if each.label.casefold() in labels}

    @property
    def for_sale(self) -> Sequence[ForSale]:
        """What the event and its seasons say about what is for sale; all of it counts."""
        own, seasons = self.selling.for_sale, self.selling.for_sale_of_seasons
        return seasons if own is None else [own, *seasons]

    def is_for_sale(self, found: BookableObject) -> bool:
        """Say whether an object (of an area: any of its places) is for sale."""
        return all(offer.has(found) for offer in self._offers)

    def places_not_for_sale(self, found: BookableObject) -> int:
        """Count the places of an object that are not for sale."""
        return max((offer.places_not_for_sale(found) for offer in self._offers), default=0)

    def room(self, area: BookableObject) -> Room:
        """Say how many places of an area can be taken."""
        closed = self.places_not_for_sale(area)
        places = self.channels.places_in(area)
        return Room(area.capacity - closed, places, self.channels, closed, self.is_for_sale(area))

    def _offer(self, config: ForSale) -> Offer:
        keys = self.category_keys(config.categories) if config.categories else ()
        return Offer(config, keys, self.category_key)


def _own_categories(chart: SeatMap, selling: Selling) -> Mapping[str, str]:
    """Give the categories that an event gives to objects, but for those that do not exist."""
    if not selling.object_categories:
        return {}
    keys = {category.key for category in (*chart.inventory.categories, *selling.categories)}
    return {label: key for label, key in selling.object_categories.items() if key in keys}
