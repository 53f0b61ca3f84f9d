"""Which seats a fan wants: pure, the draws come in as numbers from 0 up to 1.

Rules of this file:

1. Popularity follows Zipf's law: the seat of rank r is wanted 1/r as often as the first.
2. A party wants to sit together; where it cannot, it takes the best of what is free.
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable
from itertools import accumulate

from seatlog.demo.seating import Seating

party_max = 4


class Zipf:
    """Zipf's law over the first n ranks, for any n up to the size given."""

    def __init__(self, size: int, exponent: float = 1.0) -> None:
        self._cumulated = list(accumulate((rank + 1) ** -exponent for rank in range(size)))

    def rank(self, n: int, draw: float) -> int:
        """Give a rank below n for a draw from 0 up to, not including, 1."""
        return min(bisect_right(self._cumulated, draw * self._cumulated[n - 1]), n - 1)


class FreeSeats:
    """The seats that somebody takes for free, kept in the order in which they are wanted."""

    def __init__(self, seating: Seating) -> None:
        self._ranking = seating.ranking
        self._rank_of = [0] * len(seating)
        for rank, ordinal in enumerate(seating.ranking):
            self._rank_of[ordinal] = rank
        self._ranks = list(range(len(seating)))
        self._free = bytearray(b"\x01") * len(seating)

    def __len__(self) -> int:
        """Count them."""
        return len(self._ranks)

    def __contains__(self, ordinal: int) -> bool:
        """Say whether this seat is one of them."""
        return bool(self._free[ordinal])

    def best(self, place: int) -> int:
        """Give the seat at this place among the free ones, 0 being the most wanted."""
        return self._ranking[self._ranks[place]]

    def take(self, ordinal: int) -> bool:
        """Note that the seat is taken; say whether it was free."""
        was_free = ordinal in self
        if was_free:
            self._free[ordinal] = 0
            del self._ranks[bisect_left(self._ranks, self._rank_of[ordinal])]
        return was_free

    def give_back(self, ordinal: int) -> None:
        """Note that the seat is free."""
        if not self._free[ordinal]:
            self._free[ordinal] = 1
            insort(self._ranks, self._rank_of[ordinal])


def choose(seating: Seating, free: FreeSeats, zipf: Zipf, party: int, draw: float) -> list[int]:
    """Choose seats for a party: one by Zipf's law, and those beside it; none if none is free."""
    if not len(free):
        return []
    place = zipf.rank(len(free), draw)
    start = free.best(place)
    chosen = _beside(seating, start, party, free.__contains__)
    # Not enough beside one another: the party splits over the next best ones.
    for offset in range(len(free)):
        if len(chosen) == party:
            break
        other = free.best((place + offset) % len(free))
        if other not in chosen:
            chosen.append(other)
    return chosen


def _beside(seating: Seating, start: int, party: int, is_free: Callable[[int], bool]) -> list[int]:
    """Give up to `party` free seats of one row without a gap, the start among them."""
    first = last = start
    row = seating.rows[start]

    def joins(ordinal: int) -> bool:
        return 0 <= ordinal < len(seating) and seating.rows[ordinal] == row and is_free(ordinal)

    while last - first + 1 < party and joins(last + 1):
        last += 1
    while last - first + 1 < party and joins(first - 1):
        first -= 1
    return list(range(first, last + 1))
