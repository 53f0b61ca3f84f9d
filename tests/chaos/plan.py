"""Which faults come when: pure, drawn from a seed.

Rules of this file:

1. Workers are killed all the time, every 5 to 15 s, also while another fault lasts.
2. The other faults come one after the other, each kind once before any comes again: two that
   last would hide what each of them does.
"""

import random
from enum import StrEnum
from typing import NamedTuple

kill_every_s = (5.0, 15.0)
first_kill_s = 3.0
first_other_s = 10.0
"""The first kill has time to show what a kill alone does."""
gap_s = (4.0, 12.0)
"""Between the end of one lasting fault and the next."""


class Kind(StrEnum):
    """What is done to the service."""

    KILL = "worker killed with -9"
    ZOMBIE = "worker stopped past its session"
    STORM = "rebalance storm"
    BROKER = "broker killed with -9 and restarted"
    POSTGRES = "Postgres stopped"


LASTS_S = {
    Kind.KILL: (0.0, 0.0),
    Kind.ZOMBIE: (7.0, 12.0),  # the session is 6 s
    Kind.STORM: (4.0, 8.0),
    Kind.BROKER: (1.0, 4.0),  # from the kill to the restart
    Kind.POSTGRES: (2.0, 5.0),
}
_BROKER_STARTS_S = 6.0
"""About what a broker needs to be there again, more than its fault lasts."""


class Fault(NamedTuple):
    """One fault to put in."""

    at_s: float
    """From the start of the load; it comes later if the one before it still lasts."""
    kind: Kind
    lasts_s: float
    pick: float
    """From 0 up to 1: picks whom it befalls among those that there are then."""


def draw(seed: int, duration_s: float) -> list[Fault]:
    """Give the faults of a run, in order."""
    return sorted([*_kills(seed, duration_s), *_others(seed, duration_s)])


def _kills(seed: int, duration_s: float) -> list[Fault]:
    dice = random.Random(f"kills {seed}")
    kills = []
    at_s = first_kill_s
    while at_s < duration_s:
        kills.append(Fault(at_s, Kind.KILL, 0.0, dice.random()))
        at_s += dice.uniform(*kill_every_s)
    return kills


def _others(seed: int, duration_s: float) -> list[Fault]:
    dice = random.Random(f"others {seed}")
    others: list[Fault] = []
    bag: list[Kind] = []
    at_s = first_other_s
    while True:
        if not bag:
            bag = [kind for kind in Kind if kind is not Kind.KILL]
            dice.shuffle(bag)
            if not others:  # a broker's end comes first: a short run has it, too
                bag.sort(key=Kind.BROKER.__eq__)
        kind = bag.pop()
        lasts_s = dice.uniform(*LASTS_S[kind])
        ends_s = at_s + lasts_s + (_BROKER_STARTS_S if kind is Kind.BROKER else 0.0)
        if ends_s > duration_s:
            return others
        others.append(Fault(at_s, kind, lasts_s, dice.random()))
        at_s = ends_s + dice.uniform(*gap_s)
