"""The search itself: one step after the other, and the first that finds something decides.

Rules of this file:

1. Nothing here asks for a label before the choice is made: it is sets of bits until then.
2. What is chosen is always takable, always the number wished for, and each object once.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from engine.seats.best_available.company import alone, nearest_in_company, seatable
from engine.seats.best_available.preference import Preference
from engine.seats.best_available.sets import (
    flags_of,
    leaving_no_orphan,
    neighbours,
    set_of,
    windows,
    with_exactly,
)
from schemas.commands import Wish

chosen_objects_max = 100
"""As many as a command may name. Places of an area are one object."""


class Offer(NamedTuple):
    """What there is to choose from, as sets of the preference's bits."""

    free: int
    """Free and for sale, to whomever: this is what can be left behind as an orphan."""
    takable: int
    """The objects that this party may take: of the free ones, those that its channels allow."""
    places: Callable[[str], int]
    """How many places of a takable area are free, by its label."""
    in_categories: Callable[[Iterable[str]], int]
    """The objects of some categories, each named by key or, in any case, by label."""


class Choice(NamedTuple):
    """What the party gets."""

    labels: list[str]
    """In drawing order, so seats of a row in the row's; that of an area once for each place."""
    next_to_each_other: bool | None
    """Unknown for tables, booths and places of an area."""


def choose(preference: Preference, offer: Offer, wish: Wish) -> Choice | None:
    """Choose the best of what is there; None if no step of the search finds enough.

    That goes for a wish that cannot be meant, too: for nothing, or for fewer seats than
    accessible seats.
    """
    if not _can_be_meant(wish):
        return None
    search = _Search(preference, offer, wish)
    found = search.in_one_row()
    if found:
        return Choice([preference.layout.label(bit) for bit in found], next_to_each_other=True)
    found = search.in_one_section() or search.across_sections()
    if found:
        return Choice([preference.layout.label(bit) for bit in found], next_to_each_other=False)
    found = search.wholes() or search.places()
    labels = [preference.layout.label(bit) for bit in found]
    return Choice(labels, next_to_each_other=None) if labels else None


def may_choose(preference: Preference, offer: Offer, wish: Wish) -> bool:
    """Say whether there is a choice, without making it."""
    if not _can_be_meant(wish):
        return False
    search = _Search(preference, offer, wish)
    return search.has_seats() or bool(search.wholes() or search.places())


def _can_be_meant(wish: Wish) -> bool:
    return wish.number >= 1 and 0 <= wish.accessible_seats <= wish.number


class _Search:
    """One wish and what it may be given. Each step gives bits, ascending, or none."""

    def __init__(self, preference: Preference, offer: Offer, wish: Wish) -> None:
        self._layout = preference.layout
        self._nearness = preference.nearness(wish.zone)
        self._offer = offer
        self._wish = wish
        self._takable = self._narrowed(offer.takable)
        seats = self._takable & self._nearness.known_seats
        self._accessible = seats & self._layout.accessible if wish.accessible_seats else 0
        self._ordinary = seats & ~self._layout.accessible

    def _narrowed(self, takable: int) -> int:
        wish, layout = self._wish, self._layout
        if wish.number > chosen_objects_max:
            takable &= layout.all_areas
        if wish.categories is not None:
            takable &= self._offer.in_categories(wish.categories)
        if wish.zone is not None:
            takable &= layout.in_zone(wish.zone)
        if wish.sections is not None:
            takable &= layout.in_sections(wish.sections)
        return takable

    def in_one_row(self) -> Sequence[int]:
        """Find neighbours in a row, better without an orphan than with one."""
        width, found = self._wish.number, None
        starts = windows(self._ordinary | self._accessible, width)
        if starts and self._wish.accessible_seats:
            starts = with_exactly(starts, width, self._accessible, self._wish.accessible_seats)
        if self._wish.prevent_orphans:
            without = leaving_no_orphan(starts, width, self._offer.free)
            found = self._nearness.nearest_window(without, width)
        if found is None:
            found = self._nearness.nearest_window(starts, width)
        return () if found is None else range(found, found + width)

    def in_one_section(self) -> Sequence[int]:
        """Find seats in one section: with as few people alone as can be, then the nearest."""
        best: tuple[int, int, list[int]] | None = None
        for pool, order in self._nearness.pools.items():
            bound = self._nearness.distance(order[0]) * self._wish.number
            if best is not None and best[:2] < (0, bound):
                break  # nobody is alone there, and the pools that follow are farther away
            found = self._apart(self._layout.pools[pool], order)
            if found:
                total = sum(map(self._nearness.distance, found))
                rated = alone(found), total, sorted(found)
                best = rated if best is None else min(best, rated)
        return () if best is None else best[2]

    def has_seats(self) -> bool:
        """Say whether there are enough seats, wherever: the steps for seats take any."""
        wish = self._wish
        ordinary = self._ordinary & self._nearness.known_seats
        return (
            self._accessible.bit_count() >= wish.accessible_seats
            and ordinary.bit_count() >= wish.number - wish.accessible_seats
        )

    def across_sections(self) -> Sequence[int]:
        """Find seats anywhere."""
        return sorted(self._apart(self._nearness.known_seats, self._nearness.order))

    def _apart(self, within: int, order: list[int]) -> set[int]:
        """Find seats within a set, whatever their rows; `order` has it, the nearest first."""
        ordinary, accessible = self._ordinary & within, self._accessible & within
        number, wanted = self._wish.number, self._wish.accessible_seats
        if accessible.bit_count() < wanted or ordinary.bit_count() < number - wanted:
            return set()
        chosen: set[int] = set()
        if wanted:
            chosen = self._around_accessible_seats(accessible, ordinary, order)
            ordinary &= ~set_of(chosen)
        left = number - len(chosen)
        together = seatable(ordinary, left)
        chosen |= nearest_in_company(self._nearest(self._are_ordinary, order, chosen), together)
        rest = self._nearest(self._are_ordinary, order, chosen)
        return chosen.union(islice(rest, left - together))

    def _around_accessible_seats(
        self, accessible: int, ordinary: int, order: list[int]
    ) -> set[int]:
        """Take accessible seats, and beside them seats for others of the party.

        Accessible seats with a takable seat beside them come first.
        """
        accompanied = accessible & neighbours(accessible | ordinary)
        chosen: set[int] = set()
        for seats in (accompanied, accessible):
            nearest = self._nearest(self._flags(seats), order, chosen)
            chosen = chosen.union(islice(nearest, self._wish.accessible_seats - len(chosen)))
        while len(chosen) < self._wish.number:
            beside = [bit for bit in chosen for bit in (bit - 1, bit + 1) if bit not in chosen]
            free = [bit for bit in beside if ordinary >> bit & 1]
            if not free:
                break
            chosen.add(min(free, key=lambda bit: (self._nearness.distance(bit), bit)))
        return chosen

    @cached_property
    def _are_ordinary(self) -> bytes:
        return self._flags(self._ordinary)

    def _flags(self, members: int) -> bytes:
        return flags_of(members, self._layout.size)

    def _nearest(self, flags: bytes, order: list[int], but: set[int]) -> Iterator[int]:
        """Go through the flagged bits in this order, some left out."""
        return (bit for bit in filter(flags.__getitem__, order) if bit not in but)

    def wholes(self) -> Sequence[int]:
        """Find tables as wholes and booths, the nearest ones."""
        number = self._wish.number
        takable = [bit for bit in self._nearness.wholes if self._takable >> bit & 1]
        enough = len(takable) >= number and not self._wish.accessible_seats
        return sorted(takable[:number]) if enough else ()

    def places(self) -> Sequence[int]:
        """Find places in one area, the nearest that has enough of them."""
        number = self._wish.number
        for bit in self._nearness.areas:
            may_be_asked = self._takable >> bit & 1 and not self._wish.accessible_seats
            if may_be_asked and self._offer.places(self._layout.label(bit)) >= number:
                return [bit] * number
        return ()
