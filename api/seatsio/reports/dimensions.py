"""By what reports tell objects and places apart.

Rules of this file:

1. A detailed report puts objects into buckets by what their infos say. A summary counts places, by
   cells: places that nothing in a summary tells apart.
2. A bucket in which nothing is shows only where the vendor always shows it (`always_shown`, and
   the object types of detailed reports).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from api.seatsio.object_info import OBJECT_TYPES
from api.seatsio.reports.stock import NO_CATEGORY, NO_ZONE, Kind
from engine.seats.event_map import EventMap
from schemas.facts import BOOKED, FREE, HELD

JSON = dict[str, Any]

NO_ORDER_ID = "NO_ORDER_ID"
AVAILABLE, NOT_AVAILABLE, NOT_FOR_SALE = "available", "not_available", "not_for_sale"
OBJECT_TYPES_SHOWN = tuple(OBJECT_TYPES.values())
_REASONS = (AVAILABLE, BOOKED, HELD, "disabled_by_social_distancing", NOT_FOR_SALE)


class Line(NamedTuple):
    """An object in a detailed report."""

    kind: Kind
    state: Mapping[str, Any]
    """What its info says of its state; nothing, in a report of a chart."""
    order_id: str | None


class Cell(NamedTuple):
    """What places have in common that no summary tells apart."""

    kind: Kind
    status: str

    @property
    def is_available(self) -> bool:
        return self.status == FREE and self.kind.is_for_sale

    @property
    def reason(self) -> str:
        """Why it is available or not: a status that is not free counts before "not for sale"."""
        if self.status != FREE:
            return self.status
        return AVAILABLE if self.kind.is_for_sale else NOT_FOR_SALE


class Dimension(NamedTuple):
    """One way to tell the places of a summary apart."""

    name: str
    bucket: Callable[[Cell], str]
    one_with: frozenset[str] = frozenset()
    """Dimensions that its items do not show either, as each would have one bucket."""


CHART_BUCKETS: Mapping[str, Callable[[Line], str]] = {
    "byObjectType": lambda line: line.kind.object_type,
    "byCategoryKey": lambda line: line.kind.category_key,
    "byCategoryLabel": lambda line: line.kind.category_label,
    "bySection": lambda line: line.kind.section,
    "byZone": lambda line: line.kind.zone,
}
EVENT_BUCKETS: Mapping[str, Callable[[Line], str]] = {
    **CHART_BUCKETS,
    "byStatus": lambda line: line.state["status"],
    "byOrderId": lambda line: line.order_id or NO_ORDER_ID,
    "byAvailability": lambda line: _availability(is_available=line.state["isAvailable"]),
    "byAvailabilityReason": lambda line: line.state["availabilityReason"],
    "byChannel": lambda line: line.kind.channel,
}
"""The bucket of an object in each type of report, but for the one by label."""
BY_LABEL = "byLabel"
CHART_TYPES = (BY_LABEL, *CHART_BUCKETS)
EVENT_TYPES = (BY_LABEL, *EVENT_BUCKETS)

_CATEGORIES = frozenset(("byCategoryKey", "byCategoryLabel"))
CHART_DIMENSIONS = (
    Dimension("bySection", lambda cell: cell.kind.section),
    Dimension("byCategoryKey", lambda cell: cell.kind.category_key, _CATEGORIES),
    Dimension("byCategoryLabel", lambda cell: cell.kind.category_label, _CATEGORIES),
    Dimension("byZone", lambda cell: cell.kind.zone),
    Dimension("byObjectType", lambda cell: cell.kind.object_type),
)
SELECTABILITY = Dimension(
    "bySelectability", lambda cell: "selectable" if cell.is_available else "not_selectable"
)
EVENT_DIMENSIONS = (
    Dimension("byStatus", lambda cell: cell.status),
    *CHART_DIMENSIONS,
    Dimension("byAvailability", lambda cell: _availability(is_available=cell.is_available)),
    Dimension("byAvailabilityReason", lambda cell: cell.reason),
    SELECTABILITY,
    Dimension("byChannel", lambda cell: cell.kind.channel),
)
"""What the items of summaries are told apart by. All but selectability have a summary of their
own."""


def always_shown(event_map: EventMap, name: str) -> Sequence[str]:
    """Name the buckets of a summary that show even if nothing is in them (rule 2)."""
    match name:
        case "byCategoryKey":
            return [*(one.key for one in event_map.categories), NO_CATEGORY]
        case "byCategoryLabel":
            return [*(one.label for one in event_map.categories), NO_CATEGORY]
        case "byZone":
            zones = event_map.chart.inventory.zones
            return [*(zone.key for zone in zones), NO_ZONE] if zones else ()
        case "byObjectType":
            return OBJECT_TYPES_SHOWN
        case "byAvailabilityReason":
            return _REASONS
        case _:
            return ()


def _availability(*, is_available: bool) -> str:
    return AVAILABLE if is_available else NOT_AVAILABLE
