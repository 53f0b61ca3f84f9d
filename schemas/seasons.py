"""Seasons: events that are sold together, and what each of them is in its season.

Rules of this file:

1. A season is an event of its own, with seats of its own that are sold once for all its events. A
   partial season is sold for some of the events of its top-level season.
2. Everything here is about structure. Who has what is never copied: an object of an event is taken
   if the event has it taken, or a season whose status it uses.
"""

from typing import Literal

import msgspec


class SeasonPlace(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What an event is in a season."""

    kind: Literal["top", "partial", "event"]
    """A top-level season, a partial one, or an event of the season."""
    top: int
    """Id of the top-level season; its own of such a one."""
    partials: list[int] = []
    """Of an event: ids of the partial seasons that it is in, in the order in which it joined."""
    for_sale_propagated: bool = True
    """Of a season: what it says about its sale counts in its events as well."""

    @property
    def seasons(self) -> list[int]:
        """Name the seasons that an event is sold in besides by itself; a season has none."""
        return [self.top, *self.partials] if self.kind == "event" else []
