"""Groups over several partitions, explored exhaustively; tests/models/explorer.py says how."""

import pytest

from tests.models.explorer import explore, passes
from tests.models.groups_mistakes import COVERED, MISTAKES
from tests.models.groups_scenarios import (
    A_BOOKED,
    BOOK_A,
    BOOKED,
    BOTH_FREE,
    FREE,
    FREE_A,
    G1,
    NO_FAULTS,
    PROTOCOL,
    SAFE,
    Scenario,
)
from tests.models.groups_seats import World
from tests.models.groups_serial import History, is_explained
from tests.models.groups_world import Result, Target

DONE, REJECTED, BUSY = Result.DONE, Result.REJECTED, Result.BUSY


def _called(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.parametrize("scenario", SAFE + COVERED, ids=_called)
def test_no_interleaving_breaks_the_group_protocol(scenario: Scenario) -> None:
    report = explore(scenario)

    assert report.finding is None, f"{scenario.name}:\n{report.story()}"
    assert report.states >= scenario.states_min > 0, "the explorer walked too little to say so"
    assert passes(scenario, report), "hardly any walk has come to an end with all work done"


@pytest.mark.parametrize("scenario", MISTAKES, ids=_called)
def test_the_explorer_finds_a_seeded_mistake_of_groups(scenario: Scenario) -> None:
    report = explore(scenario)

    assert report.finding is scenario.expected, report.story()


@pytest.mark.parametrize(
    ("targets", "results", "before", "places", "explained"),
    [
        # G1 books A and B, "a" books A, "free a" releases A.
        (BOTH_FREE, (DONE, REJECTED, REJECTED), (0, 0, 0), (BOOKED, BOOKED), True),
        (BOTH_FREE, (DONE, REJECTED, REJECTED), (0, 0, 0b001), (BOOKED, BOOKED), False),
        (BOTH_FREE, (DONE, REJECTED, DONE), (0, 0, 0), (FREE, BOOKED), True),
        (BOTH_FREE, (REJECTED, DONE, DONE), (0, 0, 0), (FREE, FREE), True),
        (BOTH_FREE, (REJECTED, DONE, DONE), (0b110, 0, 0), (FREE, FREE), False),
        (BOTH_FREE, (BUSY, DONE, DONE), (0b110, 0, 0), (FREE, FREE), True),
        (BOTH_FREE, (DONE, DONE, DONE), (0, 0, 0), (BOOKED, BOOKED), True),
        (BOTH_FREE, (DONE, DONE, DONE), (0, 0, 0), (FREE, FREE), False),
        (A_BOOKED, (DONE, REJECTED, DONE), (0, 0b101, 0), (BOOKED, BOOKED), True),
        (A_BOOKED, (DONE, REJECTED, DONE), (0, 0, 0b001), (FREE, BOOKED), False),
    ],
)
def test_results_are_explained_by_an_order_of_the_commands(
    targets: tuple[Target, ...],
    results: tuple[Result, ...],
    before: tuple[int, ...],
    places: tuple[tuple[int, ...], ...],
    explained: bool,  # noqa: FBT001
) -> None:
    world = World(targets, (G1, BOOK_A, FREE_A), PROTOCOL, NO_FAULTS, real_time=True)

    assert is_explained(world, History(results, before, places, (0, 0))) is explained


def test_a_trace_of_groups_is_told_step_by_step_and_ends_with_what_was_found() -> None:
    mistake = next(scenario for scenario in MISTAKES if scenario.name == "no parking")

    assert explore(mistake).story().splitlines() == [
        "   1. G1 comes and the coordinator begins it",
        "   2. p0 reads Begun(G1): RESERVED",
        "   3. a comes and is rejected",
        "found: a command rejected though it may yet fit",
    ]
