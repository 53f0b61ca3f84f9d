"""Which objects are nearer: made once for each seat map, never changed, shared by its events.

Rules of this file:

1. Nearness is the sum of the distances to the focal point. Distances are whole numbers here
   (2^-32 of the drawing's unit), so that sums are exact and do not depend on their order.
2. Of several equally near the first in drawing order is the nearest.
3. What has no focal point, or no place on the chart, is not known here and never chosen.
"""

from operator import sub
from typing import NamedTuple

from engine.charts.geometry import distance
from engine.charts.inventory import AnyBlock, SeatMap
from engine.seats.best_available.layout import Layout, Pool, Single
from engine.seats.best_available.sets import bits_of, set_of
from schemas.inventory import Point, Row, Zone

PARTS_OF_A_UNIT = 1 << 32
NO_WINDOW = -1
BITS_OF_BYTE = [bits_of(byte) for byte in range(256)]


class WindowBytes(NamedTuple):
    """How near the windows that begin in a byte of a set can be at best, for one width."""

    nearest_first: list[int]
    """Numbers of the bytes that windows can begin in."""
    bounds: dict[int, int]
    """Of each of these bytes: the sum of its nearest window."""


class Nearness:
    """How near everything is to the focal point."""

    def __init__(self, seat_map: SeatMap, layout: Layout, zone: Zone | None) -> None:
        """Measure from the zone's focal point, or without a zone from each object's own."""
        self._focal = _FocalPoints(seat_map, zone)
        self._layout = layout
        self._lines = [line for line in layout.lines if self._focal.of(line.block) is not None]
        self._sums = [0] * (layout.size + 1)
        """In each line: the sum of the distances of the seats before a bit."""
        self._window_bytes: dict[int, WindowBytes] = {}
        """By width of the window; made when a width is first asked for."""
        seats = self._measure_lines()
        self.known_seats = set_of(seats)
        """Seats that have a distance."""
        self.order = sorted(seats, key=self.distance)
        """The bits of these seats, nearest first."""
        self.pools = self._order_of_pools()
        """The same for each pool; the pool with the nearest seat first."""
        self.wholes = self._nearest(layout.wholes)
        """Bits of tables as wholes and booths, nearest first."""
        self.areas = self._nearest(layout.areas)

    def distance(self, bit: int) -> int:
        """Give the distance of a seat."""
        return self._sums[bit + 1] - self._sums[bit]

    def nearest_window(self, starts: int, width: int) -> int | None:
        """Give the nearest of these windows."""
        if not starts:
            return None
        sums, found = self._sums, (0, NO_WINDOW)
        as_bytes = starts.to_bytes(self._layout.size // 8, "little")
        nearest_first, bounds = self._bytes_for(width)
        for byte in filter(as_bytes.__getitem__, nearest_first):
            if found[1] != NO_WINDOW and bounds[byte] > found[0]:
                break
            for place in BITS_OF_BYTE[as_bytes[byte]]:
                start = byte * 8 + place
                window = sums[start + width] - sums[start], start
                found = window if found[1] == NO_WINDOW else min(found, window)
        assert found[1] != NO_WINDOW, "a window is in no line"
        return found[1]

    def _bytes_for(self, width: int) -> WindowBytes:
        known = self._window_bytes.get(width)
        if known is None:
            bounds: dict[int, int] = {}
            for line in self._lines:
                last = line.first + line.seats
                ends = self._sums[line.first + width : last + 1]
                totals = list(map(sub, ends, self._sums[line.first : last]))
                for offset in range(0, len(totals), 8):
                    bounds[(line.first + offset) // 8] = min(totals[offset : offset + 8])
            known = WindowBytes(sorted(bounds, key=bounds.__getitem__), bounds)
            self._window_bytes[width] = known
        return known

    def _measure_lines(self) -> list[int]:
        seats: list[int] = []
        for line in self._lines:
            focal = self._focal.of(line.block)
            assert focal is not None, line
            so_far = 0
            places = zip(line.block.seats.x, line.block.seats.y, strict=True)
            for bit, (x, y) in enumerate(places, line.first):
                seats.append(bit)
                so_far += _parts(x, y, focal)
                self._sums[bit + 1] = so_far
        return seats

    def _order_of_pools(self) -> dict[Pool, list[int]]:
        pool_of = {
            bit: line.pool
            for line in self._lines
            for bit in range(line.first, line.first + line.seats)
        }
        pools: dict[Pool, list[int]] = {}
        for bit in self.order:
            pools.setdefault(pool_of[bit], []).append(bit)
        return pools

    def _nearest(self, singles: list[Single]) -> list[int]:
        found = []
        for bit, block in singles:
            focal = self._focal.of(block)
            position = None if isinstance(block, Row) else block.position
            if focal is not None and position is not None:
                found.append((_parts(position.x, position.y, focal), bit))
        return [bit for _, bit in sorted(found)]


class _FocalPoints:
    """Which point an object should be near to."""

    def __init__(self, seat_map: SeatMap, zone: Zone | None) -> None:
        self._inventory = seat_map.inventory
        self._asked = zone
        self._zones = {each.key: each.focal_point for each in self._inventory.zones}

    def of(self, block: AnyBlock) -> Point | None:
        """Give the floor's point, else the chart's, else that of its zone; the asked zone's first.

        With a zone asked for, what is not in it has none.
        """
        inventory = self._inventory
        zone = None if block.section is None else inventory.sections[block.section].zone
        if self._asked is not None and (zone != self._asked.key or self._asked.focal_point):
            return self._asked.focal_point if zone == self._asked.key else None
        floor = None if block.floor is None else inventory.floors[block.floor].focal_point
        own = None if zone is None else self._zones[zone]
        return floor or inventory.focal_point or own


class Preference:
    """All that best available needs to know of a chart."""

    def __init__(self, seat_map: SeatMap) -> None:
        self.layout = Layout(seat_map)
        self._anywhere = Nearness(seat_map, self.layout, None)
        self._zones = {
            zone.key: Nearness(seat_map, self.layout, zone) for zone in seat_map.inventory.zones
        }

    @property
    def all(self) -> int:
        """The set of all objects."""
        return self.layout.all

    def nearness(self, zone: str | None) -> Nearness:
        """Say what is near for a wish with this zone, or with none.

        In a zone that the chart does not have, nothing is near or far.
        """
        return self._anywhere if zone is None else self._zones.get(zone, self._anywhere)


def _parts(x: float, y: float, focal: Point) -> int:
    return round(distance(x, y, focal) * PARTS_OF_A_UNIT)
