"""Best available on the 8,897-seat stadium: CPU time of one choice, from empty to five seats left.

Seats are sold at random, or the nearest first as a drop sells them. The peer in the same run is
the brute force that the tests compare with: every window of every row.
"""

import random
import statistics
import time
from collections.abc import Callable, Sequence
from itertools import product
from typing import NamedTuple

from benchmarks.workload import STADIUM_MAP
from engine.seats.best_available import Choice, Offer, Preference, choose
from engine.seats.event_map import EventMap
from engine.seats.offers import Offers
from schemas.commands import Wish
from tests.engine.best_available.oracle import Offered, Oracle

NUMBERS = (1, 2, 4, 8)
FILLS: tuple[float | str, ...] = (0.0, 0.5, 0.9, 0.99, "five left")
ROUNDS = 25
"""Fills of each kind, with different seats sold at random."""
AIM_AVERAGE_MS, AIM_WORST_MS = 1.0, 5.0


def _wishes(number: int) -> list[Wish]:
    return [
        Wish(number=number),
        Wish(number=number, prevent_orphans=False),
        Wish(number=number, categories=("Mid Track Stand",)),
        Wish(number=number, zone="midtrack"),
        Wish(number=number, sections=("Goal Stand 4", "MT1")),
    ]


class _House(NamedTuple):
    """A fill of the stadium, for the engine and for the brute force."""

    offer: Offer
    offered: Offered


def run() -> None:
    """Measure and print."""
    started = time.process_time()
    preference = Preference(STADIUM_MAP)
    print(f"made once for the chart: {(time.process_time() - started) * 1e3:.0f} ms")
    dice = random.Random(1)
    nearest_first = [preference.layout.label(bit) for bit in preference.nearness(None).order]
    everything: list[float] = []
    print("sold             seats  average ms  worst ms   brute force ms   ratio   found")
    for nearest, fill, number in product((False, True), FILLS, NUMBERS):
        order = list(nearest_first)
        times, peers, found = [], [], 0
        for turn in range(ROUNDS):
            if not nearest:
                dice.shuffle(order)
            house = _house(preference, order, fill)
            for wish in _wishes(number):
                choice, took = _timed(lambda: choose(preference, house.offer, wish))  # noqa: B023
                times.append(took)
                found += choice is not None
                if turn == 0:
                    oracle = Oracle(STADIUM_MAP, house.offered, wish)
                    expected, took = _timed(oracle.choose)
                    peers.append(took)
                    assert choice == expected, (wish, choice, expected)
        everything += times
        average, peer = statistics.mean(times), statistics.mean(peers)
        share = fill if isinstance(fill, str) else f"{fill:.0%}"
        how = f"{'nearest' if nearest else 'random'} {share}"
        print(
            f"{how:17} {number:4} {average:10.3f} {max(times):10.3f} {peer:14.1f} "
            f"{peer / average:9.0f} {found / len(times):8.0%}"
        )
    print(f"all: {statistics.mean(everything):.3f} ms on average, {max(everything):.3f} at worst")
    print(f"aim: {AIM_AVERAGE_MS} and {AIM_WORST_MS}; {len(everything)} choices")


def _house(preference: Preference, order: Sequence[str], fill: float | str) -> _House:
    left = 5 if isinstance(fill, str) else round(len(order) * (1 - fill))
    free_labels = order[len(order) - left :]
    free = preference.layout.set_of(free_labels)
    labels = frozenset(free_labels)
    return _House(
        Offer(free, free, _no_places, Offers(EventMap(STADIUM_MAP)).in_categories),
        Offered(labels, labels, _no_places),
    )


def _no_places(label: str) -> int:
    del label
    return 0


def _timed(choose_once: Callable[[], Choice | None]) -> tuple[Choice | None, float]:
    started = time.process_time()
    choice = choose_once()
    return choice, (time.process_time() - started) * 1e3


if __name__ == "__main__":
    run()
