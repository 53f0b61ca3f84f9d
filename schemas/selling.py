"""How an event is sold: what it adds to its chart.

Rules of this file:

1. It is carried as a whole, by the command that creates an event and by every fact that changes
   it, so the last fact alone says how the event is sold.
2. It names objects, areas and categories by what its ingress was told. Who reads it leaves out
   what the chart does not have: charts change, and what an event says about them stays.
3. A field that a reader does not know is an error, in facts as well: an owner that left out a
   rule would sell what is not for sale. A new rule is rolled out to all workers first.
"""

from typing import Literal

import msgspec

from schemas.inventory import Category

TablesMode = Literal["inherit", "custom", "all_by_seat", "all_by_table"]
TableSoldAs = Literal["by_seat", "by_table"]


class TableBooking(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Which tables are sold as a whole; of the others the seats are sold."""

    mode: TablesMode = "inherit"
    """`inherit`: as the chart says. `custom`: `by_label`, and as the chart says for others."""
    by_label: dict[str, TableSoldAs] = {}
    """By label of the table; only read in the mode `custom`."""


class EventCategory(
    Category, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """A category that only one event has."""


class Channel(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Objects that are sold only to who names the channel's key."""

    id: str
    """Never changes, and names the channel in the log."""
    key: str
    """Channels of several events with the same key are the same to a group."""
    name: str
    color: str
    index: int | None = None
    """Its place among the channels where they are shown."""
    objects: list[str] = []
    """Labels; an object is in one channel at most."""
    area_places: dict[str, int] = {}
    """Places of areas, by label; none at 0."""


class ForSale(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What of the event is for sale, or, with `for_sale` false, what of it is not."""

    for_sale: bool
    objects: list[str] = []
    """Labels of objects, or of sections with all that is in them."""
    area_places: dict[str, int] = {}
    categories: list[str] = []
    """Keys, or labels in any case."""


class Selling(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """All that an event says about how it is sold."""

    tables: TableBooking | None = None
    """None: as the chart says."""
    categories: list[EventCategory] = []
    """Categories that only this event has."""
    object_categories: dict[str, str] = {}
    """Category keys by label, where they differ from the chart's."""
    channels: list[Channel] = []
    for_sale: ForSale | None = None
    """None: all is for sale."""
    for_sale_of_seasons: list[ForSale] = []
    """What the seasons that it is in say about their sale, where that counts in their events: only
    what all of it has for sale is for sale."""


AS_THE_CHART_SAYS = Selling()
