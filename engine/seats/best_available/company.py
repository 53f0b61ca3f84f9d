"""Seating a party that finds no row for itself, so that as few as possible sit alone.

Rules of this file:

1. Somebody sits in company if a seat next to theirs is the party's, too.
2. The smallest circle around the focal point in which the party can sit in company decides how
   far out it has to go. In it the farthest seats are given up, one by one, for as long as the
   others can still seat the party in company.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet

from engine.seats.best_available.sets import neighbours

PAIR = 2


def seatable(seats: int, wanted: int) -> int:
    """Say how many of `wanted` people can sit in company on these seats."""
    most = min(wanted, (seats & neighbours(seats)).bit_count())
    # Pairs seat an even number only; an odd one needs three seats in a line.
    if most % 2 and (most == 1 or not seats & seats << 1 & seats >> 1):
        most -= 1
    return most


def alone(bits: AbstractSet[int]) -> int:
    """Count the people who sit alone on these seats."""
    return sum(bit - 1 not in bits and bit + 1 not in bits for bit in bits)


def nearest_in_company(nearest_first: Iterable[int], wanted: int) -> set[int]:
    """Give the bits of `wanted` of the seats, so that nobody sits alone.

    There have to be seats for that (`seatable`), and `wanted` is not 1.
    """
    circle = _Circle(wanted)
    if wanted:
        for bit in nearest_first:
            circle.widen(bit)
            if circle.is_enough():
                break
    return circle.given_up_to_size()


class _Circle:
    """Seats, joined to blocks of neighbours; only blocks of two or more seat people in company."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._nearest_first: list[int] = []
        self._members: set[int] = set()
        self._company = 0
        """Seats in blocks of two or more."""
        self._large = 0
        """Blocks of three or more: without one, only an even number can be seated."""

    def is_enough(self) -> bool:
        """Say whether the party can sit in company here."""
        return self._company >= self._wanted and (self._wanted % 2 == 0 or self._large > 0)

    def widen(self, bit: int) -> None:
        """Take in the next seat."""
        self._nearest_first.append(bit)
        self._add(bit)

    def given_up_to_size(self) -> set[int]:
        """Give up the farthest seats; give those that stay and are in company."""
        for bit in reversed(self._nearest_first):
            if self._company == self._wanted:
                break
            self._remove(bit)
            if not self.is_enough():
                self._add(bit)
        return {bit for bit in self._members if not self._members.isdisjoint((bit - 1, bit + 1))}

    def _add(self, bit: int) -> None:
        before, after = self._reach(bit, -1), self._reach(bit, 1)
        self._members.add(bit)
        self._count(before, -1)
        self._count(after, -1)
        self._count(before + 1 + after, 1)

    def _remove(self, bit: int) -> None:
        before, after = self._reach(bit, -1), self._reach(bit, 1)
        self._members.remove(bit)
        self._count(before + 1 + after, -1)
        self._count(before, 1)
        self._count(after, 1)

    def _reach(self, bit: int, step: int) -> int:
        """Count the members that follow without a gap in one direction."""
        length = 0
        while bit + step * (length + 1) in self._members:
            length += 1
        return length

    def _count(self, block: int, sign: int) -> None:
        self._company += sign * block if block >= PAIR else 0
        self._large += sign if block > PAIR else 0
