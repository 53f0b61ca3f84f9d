"""The group protocol with one of its rules broken.

Rules of this file:

1. A mistake is walked in the smallest world in which it does harm.
2. A rule that can be broken without a finding is kept for another reason, and listed all the same.
"""

from typing import Final

from tests.models.groups_scenarios import (
    A_BOOKED,
    A_HELD,
    AREA,
    AREA_HELD,
    AROUND_A_COMMAND,
    BOOK_A,
    BOOK_A_AGAIN,
    BOOK_B,
    BOTH_FREE,
    DELETE_B,
    FREE_A,
    FREE_A_BOOK_B,
    FROM_AREA_HOLD,
    FROM_HOLD,
    G1,
    G1_AGAIN,
    G2,
    GA,
    HOLD_ENDS,
    QUEUE,
    TIMERS,
    TWO_EACH,
    TWO_EACH_A_BOOKED,
    TWO_PLACES,
    A,
    B,
    Scenario,
    book,
)
from tests.models.groups_world import Command, Faults, Finding, Rules

COVERED: Final = (
    Scenario(
        "a booking overtakes parked ones",
        TWO_EACH,
        AROUND_A_COMMAND,
        rules=Rules(commands_wait_their_turn=False),
        states_min=11_000,
    ),
    Scenario(
        "a stale vote counts",
        BOTH_FREE,
        (G1, G2, BOOK_A),
        Faults(doubles=1),
        Rules(ignores_stale_votes=False),
        states_min=6_000,
    ),
    Scenario(
        "the first refusal cancels",
        BOTH_FREE,
        (G1, G2, BOOK_A),
        rules=Rules(hears_everyone=False),
        states_min=1_800,
    ),
)
"""Each breaks a rule that serves something else: nothing is found either (docs/guarantees.md)."""

MISTAKES: Final = (
    Scenario(
        "no parking",
        BOTH_FREE,
        (G1, BOOK_A),
        rules=Rules(parks=False),
        expected=Finding.NOT_JUSTIFIED,
    ),
    Scenario(
        "releases in doubt forgotten",
        A_BOOKED,
        (FREE_A_BOOK_B, BOOK_A),
        rules=Rules(counts_releases=False),
        expected=Finding.NOT_JUSTIFIED,
    ),
    Scenario(
        "reserved places still there",
        AREA,
        (Command("G1", TWO_PLACES), Command("two", book(GA, quantity=2))),
        rules=Rules(reserved_places_are_gone=False),
        expected=Finding.OVER_CAPACITY,
    ),
    Scenario(
        "a hold in doubt used in its area",
        AREA_HELD,
        FROM_AREA_HOLD,
        rules=Rules(tokens_in_doubt_wait=False),
        expected=Finding.NO_SERIAL_ORDER,
    ),
    Scenario(
        "a participant gives up by itself",
        BOTH_FREE,
        (G1,),
        TIMERS,
        Rules(keeps_reservations=False),
        Finding.NOT_RESERVED,
    ),
    Scenario(
        "two coordinators for one workspace",
        BOTH_FREE,
        (G1, Command("G2", book(A, B), coordinator=1)),
        expected=Finding.STUCK,
    ),
    Scenario(
        "a group overtakes a queued group",
        TWO_EACH_A_BOOKED,
        QUEUE,
        rules=Rules(queue_keeps_groups_in_order=False),
        expected=Finding.STUCK,
    ),
    Scenario(
        "parking in memory alone",
        BOTH_FREE,
        (G1, BOOK_A),
        Faults(crashes=1),
        Rules(parking_is_in_the_log=False),
        Finding.STUCK,
    ),
    Scenario(
        "a vote lost and not sent again",
        BOTH_FREE,
        (G1,),
        Faults(losses=1),
        Rules(resends_votes=False),
        Finding.STUCK,
    ),
    Scenario(
        "a crash and no vote sent again",
        BOTH_FREE,
        (G1,),
        Faults(crashes=1),
        Rules(resends_votes=False),
        Finding.STUCK,
    ),
    Scenario(
        "a vote before the ack",
        BOTH_FREE,
        (G1, BOOK_A),
        Faults(crashes=1),
        Rules(votes_after_ack=False),
        Finding.NOT_RESERVED,
    ),
    Scenario(
        "votes counted by their number",
        BOTH_FREE,
        (G1, BOOK_B),
        Faults(doubles=1),
        Rules(knows_voters=False, ignores_stale_votes=False),
        Finding.NOT_RESERVED,
    ),
    Scenario(
        "queued counted as reserved",
        BOTH_FREE,
        (G1, G2),
        rules=Rules(tells_queued_from_reserved=False),
        expected=Finding.NOT_RESERVED,
    ),
    Scenario(
        "confirmed before all have voted",
        BOTH_FREE,
        (G1, BOOK_B),
        rules=Rules(waits_for_all=False),
        expected=Finding.NOT_RESERVED,
    ),
    Scenario(
        "a late vote decides again",
        BOTH_FREE,
        (G1,),
        TIMERS,
        Rules(forgets_decided=False),
        Finding.CONFIRMED_AND_CANCELLED,
    ),
    Scenario(
        "a repeated booking decided anew",
        BOTH_FREE,
        (BOOK_A, BOOK_A_AGAIN, FREE_A),
        rules=Rules(answers_repeats=False),
        expected=Finding.DECIDED_TWICE,
    ),
    Scenario(
        "the coordinator forgets its answers",
        BOTH_FREE,
        (G1, G1_AGAIN),
        rules=Rules(remembers_answers=False),
        expected=Finding.DECIDED_TWICE,
    ),
    Scenario(
        "a repeat in doubt begun anew",
        BOTH_FREE,
        (G1, G1_AGAIN),
        rules=Rules(puts_repeats_off=False),
        expected=Finding.DECIDED_TWICE,
    ),
    Scenario(
        "expiry frees a reservation",
        A_HELD,
        (FROM_HOLD,),
        HOLD_ENDS,
        Rules(expiry_spares_reservations=False),
        Finding.OVER_CAPACITY,
    ),
    Scenario(
        "a cancellation gives an expired hold back",
        A_HELD,
        (FROM_HOLD, BOOK_B),
        HOLD_ENDS,
        Rules(cancel_frees_expired=False),
        Finding.HELD_TOO_LONG,
    ),
    Scenario(
        "a confirmation heeds the expiry",
        A_HELD,
        (FROM_HOLD,),
        HOLD_ENDS,
        Rules(confirm_ignores_expiry=False),
        Finding.NO_SERIAL_ORDER,
    ),
    Scenario(
        "an event deleted in doubt, answers in their order",
        A_BOOKED,
        (G1, DELETE_B, FREE_A, BOOK_B),
        expected=Finding.NO_SERIAL_ORDER,
    ),
)
"""Each breaks a rule of the protocol and must be found out; the last is a stated relaxation."""
