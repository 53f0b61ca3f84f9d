"""What is for sale of an event, made quick to ask.

Rules of this file:

1. An object is listed by its own label, by that of its section or its table, or by its category.
   Places of an area are listed by number as well.
2. What is not for sale cannot be taken. What is taken or held stays so, and can be given back.
"""

from collections.abc import Callable, Collection

from engine.charts.inventory import BookableObject
from engine.charts.labels import join
from schemas.selling import ForSale

CategoryOf = Callable[[BookableObject], str | None]


class Offer:
    """What one event offers for sale."""

    __slots__ = ("_categories", "_category_of", "_config", "_labels")

    def __init__(
        self, config: ForSale, category_keys: Collection[str], category_of: CategoryOf
    ) -> None:
        self._config = config
        self._category_of = category_of
        self._labels = frozenset(config.objects)
        self._categories = frozenset(category_keys)

    def has(self, found: BookableObject) -> bool:
        """Say whether an object (of an area: any of its places) is for sale."""
        return self.places_not_for_sale(found) < found.capacity

    def places_not_for_sale(self, found: BookableObject) -> int:
        """Count the places of an object that are not for sale."""
        listed = found.capacity
        if not self._is_listed(found):
            listed = min(listed, self._config.area_places.get(found.label, 0))
            if found.area is None:
                listed = 0
        return found.capacity - listed if self._config.for_sale else listed

    def _is_listed(self, found: BookableObject) -> bool:
        return (
            found.label in self._labels
            or (found.section is not None and found.section.label in self._labels)
            or (found.kind == "seat" and found.table is not None and self._lists_table(found))
            or (bool(self._categories) and self._category_of(found) in self._categories)
        )

    def _lists_table(self, seat: BookableObject) -> bool:
        return seat.label.removesuffix(join("", seat.own_label)) in self._labels
