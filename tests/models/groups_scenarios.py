"""The worlds in which the group model is walked, and those in which nothing may be found.

Rules of this file:

1. Without timers nothing is slow, so a state in which nobody can go on is a deadlock, and is found.
   With timers, every deadline may pass at any moment.
2. All commands may come in any order, or while others are in doubt. What is alike comes in the
   order in which it stands here.
"""

from dataclasses import dataclass
from typing import Final

from tests.models.groups_model import Model
from tests.models.groups_seats import World
from tests.models.groups_world import (
    NO_TOKEN,
    Change,
    Command,
    Faults,
    Finding,
    Pockets,
    Rules,
    Target,
    Verb,
)


def seats(*starts: Pockets) -> tuple[Target, ...]:
    """Return seats A, B, C, one in each partition."""
    return tuple(Target("ABC"[at], at, start) for at, start in enumerate(starts))


def book(*targets: int, quantity: int = 1, token: int = NO_TOKEN) -> tuple[Change, ...]:
    return tuple(Change(Verb.BOOK, target, quantity, token) for target in targets)


def hold(*targets: int) -> tuple[Change, ...]:
    return tuple(Change(Verb.HOLD, target, token=0) for target in targets)


def release(*targets: int) -> tuple[Change, ...]:
    return tuple(Change(Verb.RELEASE, target) for target in targets)


A, B, C = 0, 1, 2
FREE: Final = (1, 0, 0)
BOOKED: Final = (0, 1, 0)
HELD: Final = (0, 0, 1)

BOTH_FREE: Final = seats(FREE, FREE)
A_BOOKED: Final = seats(BOOKED, FREE)
A_HELD: Final = seats(HELD, FREE)
BOTH_HELD: Final = seats(HELD, HELD)

G1: Final = Command("G1", book(A, B))
G1_AGAIN: Final = Command("G1 again", book(A, B), repeats=0)
G2: Final = Command("G2", book(A, B))
FROM_HOLD: Final = Command("G1", book(A, B, token=0))
FREE_A_BOOK_B: Final = Command("G1", (*release(A), *book(B)))
BOOK_A: Final = Command("a", book(A))
BOOK_A_AGAIN: Final = Command("a again", book(A), repeats=0)
BOOK_B: Final = Command("b", book(B))
FREE_A: Final = Command("free a", release(A))
DELETE_B: Final = Command("delete B", (Change(Verb.DELETE, B),))

RING: Final = (
    Command("G1", book(A, B)),
    Command("G2", book(B, C)),
    Command("G3", book(A, C)),
)

# Two seats in each partition: A and A2, B and B2.
A2, THE_B, B2 = 1, 2, 3
TWO_EACH: Final = tuple(Target(name, at) for name, at in (("A", 0), ("A2", 0), ("B", 1), ("B2", 1)))
TWO_EACH_A_BOOKED: Final = (Target("A", 0, (0, 1)), *TWO_EACH[1:])
QUEUE: Final = (
    Command("G1", (*release(A), *book(B2))),
    Command("G2", book(A, A2, THE_B)),
    Command("G3", book(A2, THE_B)),
)
TWO_WORKSPACES: Final = (
    Command("G1", book(A, THE_B)),
    Command("G2", book(A2, B2), coordinator=1),
    BOOK_A,
    Command("b2", book(B2)),
)
AROUND_A_COMMAND: Final = (
    Command("G1", book(A, THE_B)),
    Command("G2", book(A2, THE_B)),
    Command("both", book(A, A2)),
    Command("a2", book(A2)),
)

# An area of three places, GA, and next to it B, as above.
GA: Final = 0
AREA: Final = (Target("GA", 0, (3, 0, 0)), Target("B", 1, FREE), Target("C", 1, FREE))
AREA_TAKEN: Final = (Target("GA", 0, (1, 2, 0)), *AREA[1:])
AREA_HELD: Final = (Target("GA", 0, (1, 0, 2)), *AREA[1:])
TWO_PLACES: Final = (*book(GA, quantity=2), *book(B))
BOOK_PLACE: Final = Command("ga", book(GA))
FROM_AREA_HOLD: Final = (
    Command("G1", (*book(GA, token=0), *book(B))),
    Command("ga of the hold", book(GA, quantity=2, token=0)),
    BOOK_PLACE,
    BOOK_B,
)

NO_FAULTS: Final = Faults()
ONE_OF_EACH: Final = Faults(losses=1, doubles=1, crashes=1)
TIMERS: Final = Faults(timers=True)
HOLD_ENDS: Final = Faults(expiring=((0, 0),))
HOLDS_END: Final = Faults(expiring=((0, 0), (0, 1)))
PROTOCOL: Final = Rules()


@dataclass(frozen=True, slots=True)
class Scenario:
    """A world, and what the explorer must say about it."""

    name: str
    targets: tuple[Target, ...]
    commands: tuple[Command, ...]
    faults: Faults = NO_FAULTS
    rules: Rules = PROTOCOL
    expected: Finding | None = None
    states_min: int = 0
    at_rest_min: int = 10
    real_time: bool = True
    full: Faults | None = None

    def model(self, *, full: bool) -> Model:
        faults = self.full if full and self.full is not None else self.faults
        return Model(World(self.targets, self.commands, self.rules, faults, self.real_time))


SAFE: Final = (
    Scenario("two groups want the same seats", BOTH_FREE, (G1, G2), ONE_OF_EACH, states_min=5_700),
    Scenario(
        "and two single bookings",
        BOTH_FREE,
        (G1, G2, BOOK_A, BOOK_B),
        full=TIMERS,
        states_min=10_000,
    ),
    Scenario("and deadlines that pass", BOTH_FREE, (G1, G2, BOOK_A), TIMERS, states_min=23_000),
    Scenario("repeats and a release", BOTH_FREE, (G1, G1_AGAIN, FREE_A, BOOK_A), states_min=800),
    Scenario(
        "repeats, a release, deadlines that pass",
        BOTH_FREE,
        (G1, G1_AGAIN, FREE_A),
        TIMERS,
        states_min=5_200,
    ),
    Scenario(
        "repeats of a parked booking",
        BOTH_FREE,
        (BOOK_A, BOOK_A_AGAIN, FREE_A, G1),
        TIMERS,
        states_min=4_700,
    ),
    Scenario(
        "repeats, votes lost and doubled",
        BOTH_FREE,
        (G1, G1_AGAIN, G2),
        Faults(losses=2, doubles=1),
        states_min=11_000,
    ),
    Scenario(
        "a vote lost and a crash",
        BOTH_FREE,
        (G1, G2, BOOK_A),
        Faults(losses=1, crashes=1),
        states_min=8_600,
    ),
    Scenario(
        "votes doubled and out of order",
        BOTH_FREE,
        (G1, G2, BOOK_B),
        Faults(doubles=2),
        states_min=13_000,
    ),
    Scenario(
        "a hold ends in doubt", A_HELD, (FROM_HOLD, BOOK_A, BOOK_B), HOLD_ENDS, states_min=700
    ),
    Scenario(
        "a hold ends in doubt, deadlines that pass",
        A_HELD,
        (FROM_HOLD, BOOK_A, BOOK_B),
        Faults(expiring=((0, 0),), timers=True),
        states_min=3_500,
    ),
    Scenario(
        "a group from a hold",
        BOTH_HELD,
        (FROM_HOLD, G2, Command("a of the hold", book(A, token=0))),
        HOLDS_END,
        states_min=13_000,
    ),
    Scenario(
        "a group that holds",
        BOTH_FREE,
        (Command("G1", hold(A, B)), BOOK_A, BOOK_B),
        HOLDS_END,
        states_min=1_000,
    ),
    Scenario(
        "an area too small for two",
        AREA,
        (Command("G1", TWO_PLACES), Command("G2", TWO_PLACES), BOOK_PLACE, BOOK_B),
        states_min=8_700,
    ),
    Scenario(
        "an area that two groups share",
        AREA,
        (Command("G1", TWO_PLACES), Command("G2", book(GA, C)), BOOK_PLACE, BOOK_B),
        states_min=9_500,
    ),
    Scenario(
        "an area with a release in doubt",
        AREA_TAKEN,
        (
            Command("G1", (*release(GA), *book(B))),
            Command("G2", book(GA, C)),
            Command("two", book(GA, quantity=2)),
            BOOK_B,
        ),
        states_min=11_000,
    ),
    Scenario("an area with a hold in doubt", AREA_HELD, FROM_AREA_HOLD, states_min=1_300),
    Scenario(
        "an area with a hold that ends in doubt",
        AREA_HELD,
        (FROM_AREA_HOLD[0], Command("two", book(GA, quantity=2)), BOOK_PLACE, BOOK_B),
        HOLD_ENDS,
        states_min=3_400,
    ),
    Scenario("three groups in a ring", seats(FREE, FREE, FREE), RING, states_min=19_000),
    Scenario("groups behind one another", TWO_EACH_A_BOOKED, QUEUE, states_min=12_000),
    Scenario("groups behind a parked booking", TWO_EACH, AROUND_A_COMMAND, states_min=11_000),
    Scenario(
        "a release against bookings",
        A_BOOKED,
        (FREE_A_BOOK_B, BOOK_A, BOOK_B, FREE_A),
        TIMERS,
        states_min=14_000,
    ),
    Scenario("two workspaces, two coordinators", TWO_EACH, TWO_WORKSPACES, states_min=13_000),
    Scenario(
        "an event deleted in doubt, answers in whatever order",
        A_BOOKED,
        (G1, DELETE_B, FREE_A, BOOK_B),
        real_time=False,
        states_min=2_500,
    ),
    Scenario(
        "an event deleted in doubt, the deletion waiting",
        A_BOOKED,
        (G1, DELETE_B, FREE_A, BOOK_B),
        rules=Rules(deletion_waits=True),
        states_min=2_400,
    ),
)
"""Each must be walked to the end without a finding."""
