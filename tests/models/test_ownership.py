"""Ownership of a partition, explored exhaustively; tests/models/ownership.py says how."""

import pytest

from tests.models.ownership import LIMITS, MISTAKES, SAFE, SMALL, Scenario, explore
from tests.models.ownership_model import Model
from tests.models.ownership_world import UNFENCED, Decided, Finding, Protocol, Taken


def _called(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.parametrize("scenario", SAFE, ids=_called)
def test_no_interleaving_breaks_the_protocol(scenario: Scenario) -> None:
    report = explore(scenario)

    assert report.finding is None, f"{scenario.name}:\n{report.story()}"
    assert report.states >= scenario.states_min, "the explorer has walked too little to say so"
    assert report.at_rest >= 100, "hardly any walk has come to an end with all work done"


@pytest.mark.parametrize("scenario", MISTAKES, ids=_called)
def test_the_explorer_finds_a_seeded_mistake(scenario: Scenario) -> None:
    report = explore(scenario)

    assert report.finding is scenario.expected, report.story()


@pytest.mark.parametrize("scenario", LIMITS, ids=_called)
def test_two_rare_faults_at_once_are_the_known_limit(scenario: Scenario) -> None:
    report = explore(scenario)

    assert report.finding is scenario.expected, report.story()


@pytest.mark.parametrize(("skip_void", "judged"), [(False, Finding.SEAT_TWICE), (True, None)])
def test_a_seat_granted_by_two_owners_counts_once_if_void_records_are_skipped(
    *, skip_void: bool, judged: Finding | None
) -> None:
    log = (
        Taken(owner=0),
        Taken(owner=1),
        Decided(term=0, command=0, granted=True, read=0b001),
        Decided(term=1, command=1, granted=True, read=0b010),
    )

    assert Model(UNFENCED, Protocol(skip_void=skip_void), SMALL).judge(log) is judged


def test_a_trace_is_told_step_by_step_and_ends_with_what_was_found() -> None:
    mistake = next(scenario for scenario in MISTAKES if scenario.name == "a reply before the ack")

    assert explore(mistake).story().splitlines() == [
        "   1. A takes the partition",
        "   2. A's Taken(A) is at 0",
        "   3. A reads up to its term 0 and serves",
        "   4. A appends c0 granted in term 0 and replies",
        "found: a reply the log does not hold",
    ]
