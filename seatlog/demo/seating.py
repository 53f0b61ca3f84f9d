"""The seats of a venue as fans see them: in rows, and ranked by how much they are wanted."""

from collections.abc import Sequence

import msgspec

from engine.charts.geometry import distance
from engine.charts.inventory import BookableObject, SeatMap


class Seating(msgspec.Struct, frozen=True):
    """Seats by ordinal, in drawing order: the neighbours in a row stand beside one another."""

    labels: list[str]
    rows: list[int]
    """Number of the row of each seat."""
    ranking: list[int]
    """Ordinals, the most wanted seat first."""

    def __len__(self) -> int:
        """Count the seats."""
        return len(self.labels)


def seating_of(seat_map: SeatMap) -> Seating:
    """Take the seats out of a seat map; the nearer to its focal point, the more wanted."""
    seats = [found for found in seat_map if found.kind == "seat"]
    distances = [_distance(seat_map, found) for found in seats]
    return Seating(
        labels=[found.label for found in seats],
        rows=_rows(seats),
        ranking=sorted(range(len(seats)), key=distances.__getitem__),
    )


def _distance(seat_map: SeatMap, found: BookableObject) -> float:
    focal = seat_map.zone_focal_point(found) or seat_map.focal_point(found)
    if focal is None or found.position is None:
        return float(found.ordinal)
    return distance(found.position.x, found.position.y, focal)


def _rows(seats: Sequence[BookableObject]) -> list[int]:
    rows: list[int] = []
    number = 0
    for place, found in enumerate(seats):
        if place and found.row is not seats[place - 1].row:
            number += 1
        rows.append(number)
    return rows
