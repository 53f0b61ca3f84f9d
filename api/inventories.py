"""Seat maps by the hash of their inventory, unpacked once in this process.

Rules of this file:

1. When another one is unpacked, those that no living event uses are dropped.
"""

import asyncio
from collections.abc import Callable
from functools import partial

from adapters.kafka.inventories import Inventories
from adapters.ports import AppendUnknownError, LogUnreachableError
from api import limits
from engine.charts.inventory import SeatMap
from engine.groups.directory import Entry
from engine.seats.event_map import EventMap
from schemas.inventory import InventoryError, decode, decompress, inventory_hash
from schemas.selling import AS_THE_CHART_SAYS

event_maps_max = 1_000
"""Kept at once; past it they are made anew."""


class SeatMaps:
    """The seat maps that this ingress has shown so far, and the way to the others."""

    def __init__(self, inventories: Inventories, in_use: Callable[[], set[str]]) -> None:
        """Make one; `in_use` names the inventories of the events that there are."""
        self._inventories = inventories
        self._in_use = in_use
        self._seat_maps: dict[str, SeatMap] = {}
        self._event_maps: dict[int, EventMap] = {}
        """Of events that say how they are sold: what they say is looked through once."""
        self._unpacking: dict[str, asyncio.Task[SeatMap]] = {}

    def get_now(self, inventory: str) -> SeatMap | None:
        """Give a seat map that is at hand."""
        return self._seat_maps.get(inventory)

    async def get(self, inventory: str) -> SeatMap:
        """Give the seat map of an inventory that an event was created with.

        Raises LogUnreachableError if the topic does not bring it in time, InventoryError if what
        it brings is not the inventory of that name.
        """
        seat_map = self._seat_maps.get(inventory)
        if seat_map is not None:
            return seat_map
        unpacking = self._unpacking.get(inventory)
        if unpacking is None:
            unpacking = asyncio.create_task(self._unpacked(inventory))
            self._unpacking[inventory] = unpacking
            unpacking.add_done_callback(partial(self._end_unpacking, inventory))
        # Whoever else waits for the same one must not be cancelled with us.
        return await asyncio.shield(unpacking)

    async def of_event(self, entry: Entry) -> EventMap:
        """Give the event map of an event as the directory has it. Raises as `get` does."""
        seat_map = await self.get(entry.inventory)
        if entry.selling is AS_THE_CHART_SAYS:
            return EventMap(seat_map)
        kept = self._event_maps.get(entry.event)
        if kept is None or kept.chart is not seat_map or kept.selling is not entry.selling:
            if len(self._event_maps) >= event_maps_max:
                self._event_maps.clear()
            kept = self._event_maps[entry.event] = EventMap(seat_map, entry.selling)
        return kept

    async def publish(self, inventory: str, compressed: bytes) -> None:
        """Put an inventory into the log, and return when it is safe there.

        Raises LogUnreachableError if that takes too long. It may stand there then: that changes
        nothing, and it may be published again.
        """
        try:
            # Before its own deadline begins, a record waits for those that are under way.
            async with asyncio.timeout(limits.append_deadline_s):
                await self._inventories.publish(inventory, compressed)
        except (TimeoutError, AppendUnknownError) as error:
            raise LogUnreachableError(f"inventory {inventory} is not taken") from error

    async def _unpacked(self, inventory: str) -> SeatMap:
        try:
            async with asyncio.timeout(limits.inventory_wait_s):
                compressed = await self._inventories.get(inventory)
        except TimeoutError:
            raise LogUnreachableError(f"inventory {inventory} does not come") from None
        # A stadium takes a moment: others shall be served meanwhile.
        seat_map = await asyncio.to_thread(unpack, inventory, compressed)
        for unused in self._seat_maps.keys() - self._in_use():
            del self._seat_maps[unused]
        self._event_maps.clear()
        self._seat_maps[inventory] = seat_map
        return seat_map

    def _end_unpacking(self, inventory: str, ended: asyncio.Task[SeatMap]) -> None:
        del self._unpacking[inventory]
        if not ended.cancelled():
            ended.exception()  # told to who waits, if anybody still does


def unpack(inventory: str, compressed: bytes) -> SeatMap:
    """Make the seat map of an inventory. Raises InventoryError if the bytes are another's."""
    encoded = decompress(compressed)
    if inventory_hash(encoded) != inventory:
        raise InventoryError(f"the inventory {inventory} holds something else")
    return SeatMap(decode(encoded))
