"""Charts, fills and wishes for the tests of best available, and asking both engine and oracle."""

from collections.abc import Callable, Collection, Iterable
from functools import cache, partial

from engine.charts.inventory import SeatMap
from engine.seats.best_available import Choice, Offer, Preference, choose, may_choose
from engine.seats.event_map import EventMap
from engine.seats.offers import Offers
from schemas.commands import Wish
from tests.charts.venues import seat_map
from tests.engine.best_available.oracle import Offered, Oracle


@cache
def preference(name: str) -> Preference:
    """Prepare a real chart."""
    return Preference(seat_map(name))


def capacity(seats: SeatMap, label: str) -> int:
    found = seats.find(label)
    assert found is not None
    return found.capacity


def in_categories(seats: SeatMap) -> Callable[[Iterable[str]], int]:
    """Give what finds the objects of categories in an event that adds none to its chart."""
    return Offers(EventMap(seats)).in_categories


def chosen(
    name: str, wish: Wish, *, taken: Collection[str] = (), only: Collection[str] | None = None
) -> Choice | None:
    """Choose on a real chart; `only` names what the party may take of it."""
    prepared = preference(name)
    return engine_choice(seat_map(name), prepared, wish, taken=taken, only=only)


def engine_choice(
    seats: SeatMap,
    prepared: Preference,
    wish: Wish,
    *,
    taken: Collection[str] = (),
    only: Collection[str] | None = None,
) -> Choice | None:
    free = prepared.all & ~prepared.layout.set_of(taken)
    takable = free if only is None else free & prepared.layout.set_of(only)
    places = partial(capacity, seats)
    offer = Offer(free, takable, places, in_categories(seats))
    choice = choose(prepared, offer, wish)
    assert may_choose(prepared, offer, wish) == (choice is not None)
    return choice


def oracle_choice(
    seats: SeatMap,
    wish: Wish,
    *,
    taken: Collection[str] = (),
    only: Collection[str] | None = None,
) -> Choice | None:
    free = frozenset(seats.labels) - frozenset(taken)
    takable = free if only is None else free & frozenset(only)
    offered = Offered(free, takable, lambda label: capacity(seats, label))
    return Oracle(seats, offered, wish).choose()
