"""Best available by its definitions alone: every window, every circle, one after the other.

It shares the distance, the wish and the choice with the engine, and nothing else.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from engine.charts.geometry import distance
from engine.charts.inventory import BookableObject, SeatMap
from engine.seats.best_available import Choice
from schemas.commands import Wish
from schemas.inventory import Point, SeatFlag

Seats = list[BookableObject]


class Offered(NamedTuple):
    """An offer in labels."""

    free: frozenset[str]
    takable: frozenset[str]
    places: Callable[[str], int]


class Oracle:
    """One wish on one chart."""

    def __init__(self, seat_map: SeatMap, offered: Offered, wish: Wish) -> None:
        self.seat_map, self.offered, self.wish = seat_map, offered, wish
        self.objects = list(seat_map)
        self.rows: list[Seats] = []
        for found in self.objects:
            if found.parent is not None:
                if found.seat_index == 0:
                    self.rows.append([])
                self.rows[-1].append(found)
        self.beside: dict[int, list[BookableObject]] = {}
        for row in self.rows:
            for place, seat in enumerate(row):
                self.beside[seat.ordinal] = row[max(0, place - 1) : place] + row[place + 1 :][:1]
        self.takable = [
            found for found in self.objects if found.label in offered.takable and self.fits(found)
        ]

    def focal(self, found: BookableObject) -> Point | None:
        own = self.seat_map.zone_focal_point(found)
        chart = self.seat_map.focal_point(found)
        return (own or chart) if self.wish.zone is not None else (chart or own)

    def distance(self, found: BookableObject) -> int:
        focal, position = self.focal(found), found.position
        assert focal is not None
        assert position is not None
        return round(distance(position.x, position.y, focal) * (1 << 32))

    def fits(self, found: BookableObject) -> bool:
        wish, section = self.wish, found.section
        if self.focal(found) is None or found.position is None:
            return False
        if wish.zone is not None and (section is None or section.zone != wish.zone):
            return False
        if wish.sections is not None and (section is None or section.label not in wish.sections):
            return False
        if wish.categories is None:
            return True
        names = {
            name
            for category in self.seat_map.inventory.categories
            if category.key == found.category_key
            for name in (category.key, category.label.casefold())
        }
        names.add(found.category_key or "")
        return any(name in names or name.casefold() in names for name in wish.categories)

    def choose(self) -> Choice | None:
        neighbours = self.window(orphans=False) if self.wish.prevent_orphans else None
        neighbours = neighbours or self.window(orphans=True)
        if neighbours:
            return self.choice(neighbours, next_to_each_other=True)
        seats = [found for found in self.takable if found.parent is not None]
        apart = self.in_one_section(seats) or self.apart(seats)
        if apart:
            return self.choice(apart, next_to_each_other=False)
        if self.wish.accessible_seats:
            return None
        wholes = self.sorted(found for found in self.takable if found.kind in ("table", "booth"))
        if len(wholes) >= self.wish.number:
            return self.choice(wholes[: self.wish.number], next_to_each_other=None)
        for area in self.sorted(found for found in self.takable if found.kind == "area"):
            if self.offered.places(area.label) >= self.wish.number:
                return Choice([area.label] * self.wish.number, None)
        return None

    def choice(self, found: Seats, *, next_to_each_other: bool | None) -> Choice:
        labels = [each.label for each in sorted(found, key=lambda each: each.ordinal)]
        return Choice(labels, next_to_each_other)

    def sorted(self, found: Iterable[BookableObject]) -> Seats:
        return sorted(found, key=lambda each: (self.distance(each), each.ordinal))

    def total(self, found: Seats) -> int:
        return sum(self.distance(each) for each in found)

    def window(self, *, orphans: bool) -> Seats | None:
        takable = {found.ordinal for found in self.takable}
        number = self.wish.number
        found = []
        for row in self.rows:
            for start in range(len(row) - number + 1):
                window = row[start : start + number]
                if (
                    all(seat.ordinal in takable for seat in window)
                    and sum(map(is_accessible, window)) == self.wish.accessible_seats
                    and (orphans or not self.leaves_an_orphan(row, window))
                ):
                    found.append((self.total(window), window[0].ordinal, window))
        return min(found)[2] if found else None

    def leaves_an_orphan(self, row: Seats, window: Seats) -> bool:
        free = [seat.label in self.offered.free for seat in row]
        left = [is_free and seat not in window for is_free, seat in zip(free, row, strict=True)]
        lone_before, lone_after = lone_places(free), lone_places(left)
        return not lone_after <= lone_before

    def in_one_section(self, seats: Seats) -> Seats | None:
        pools: dict[tuple[object, object], Seats] = {}
        for seat in seats:
            pools.setdefault((seat.block.floor, seat.section and seat.section.label), []).append(
                seat
            )
        found = [each for pool in pools.values() if (each := self.apart(pool))]
        return min(
            found,
            key=lambda each: (
                len(each) - len(self.in_company(each)),
                self.total(each),
                min(seat.ordinal for seat in each),
            ),
            default=None,
        )

    def in_company(self, seats: Seats) -> Seats:
        ordinals = {seat.ordinal for seat in seats}
        return [
            seat
            for seat in seats
            if any(other.ordinal in ordinals for other in self.beside[seat.ordinal])
        ]

    def apart(self, seats: Seats) -> Seats | None:
        wanted, number = self.wish.accessible_seats, self.wish.number
        accessible = self.sorted(filter(is_accessible, seats)) if wanted else []
        ordinary = self.sorted(seat for seat in seats if not is_accessible(seat))
        if wanted > number or len(accessible) < wanted or len(ordinary) < number - wanted:
            return None
        accompanied = self.in_company([*accessible, *ordinary])
        accessible.sort(key=lambda seat: seat not in accompanied)
        chosen = accessible[:wanted]
        while chosen and len(chosen) < number:
            beside = [
                seat
                for seat in ordinary
                if seat not in chosen and seat in self.in_company([*chosen, seat])
            ]
            if not beside:
                break
            chosen.append(beside[0])
        others = [seat for seat in ordinary if seat not in chosen]
        left = number - len(chosen)
        together = max(size for size in range(left + 1) if self.can_seat(others, size))
        chosen += self.circle(others, together)
        rest = [seat for seat in others if seat not in chosen]
        return chosen + rest[: left - together]

    def can_seat(self, seats: Seats, size: int) -> bool:
        """Say whether exactly so many can sit on these seats with nobody alone."""
        ordinals = {seat.ordinal for seat in seats}
        reachable = {0}
        for row in self.rows:
            for block in blocks(seat.ordinal in ordinals for seat in row):
                amounts = {0, *range(2, block + 1)}
                reachable = {
                    sum_
                    for known in reachable
                    for amount in amounts
                    if (sum_ := known + amount) <= size
                }
        return size in reachable

    def circle(self, nearest_first: Seats, size: int) -> Seats:
        within = next(
            nearest_first[:count]
            for count in range(len(nearest_first) + 1)
            if self.can_seat(nearest_first[:count], size)
        )
        for seat in reversed(list(within)):
            fewer = [each for each in within if each is not seat]
            if self.can_seat(fewer, size):
                within = fewer
        return within


def is_accessible(seat: BookableObject) -> bool:
    return bool(seat.flags & SeatFlag.ACCESSIBLE)


def lone_places(free: list[bool]) -> set[int]:
    padded = [False, *free, False]
    return {
        place
        for place, is_free in enumerate(free)
        if is_free and not padded[place] and not padded[place + 2]
    }


def blocks(members: Iterable[bool]) -> list[int]:
    """Give the lengths of the unbroken stretches."""
    lengths = [0]
    for member in members:
        if member:
            lengths[-1] += 1
        else:
            lengths.append(0)
    return lengths
