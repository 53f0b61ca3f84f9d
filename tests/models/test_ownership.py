"""Ownership of a partition, explored exhaustively; tests/models/explorer.py says how."""

import pytest

from tests.models.explorer import explore, passes
from tests.models.ownership import COVERED, MISTAKES, PROTOCOL, SAFE, SMALL, Scenario
from tests.models.ownership_model import Model
from tests.models.ownership_world import UNFENCED, Decided, Finding, Log, Protocol, Taken

OF_TWO_OWNERS: Log = (
    Taken(owner=0),
    Taken(owner=1),
    Decided(term=0, offset=2, command=0, granted=True, read=0b001),
    Decided(term=1, offset=3, command=1, granted=True, read=0b010),
)
"""An owner that was replaced writes for the very offset where its record then stands."""

STORED_TWICE: Log = (
    Taken(owner=0),
    Decided(term=0, offset=1, command=0, granted=True, read=0b001),
    Decided(term=0, offset=1, command=0, granted=True, read=0b001),
)

REFUSED_THOUGH_FREE: Log = (
    Taken(owner=0),
    Decided(term=0, offset=1, command=0, granted=False, read=0b001),
)


def _called(scenario: Scenario) -> str:
    return scenario.name


@pytest.mark.parametrize("scenario", SAFE + COVERED, ids=_called)
def test_no_interleaving_breaks_the_protocol(scenario: Scenario) -> None:
    report = explore(scenario)

    assert report.finding is None, f"{scenario.name}:\n{report.story()}"
    assert report.states >= scenario.states_min > 0, "the explorer walked too little to say so"
    assert report.at_rest >= scenario.at_rest_min, (
        "hardly any walk has come to an end with all work done"
    )
    assert passes(scenario, report)


@pytest.mark.parametrize("scenario", MISTAKES, ids=_called)
def test_the_explorer_finds_a_seeded_mistake(scenario: Scenario) -> None:
    report = explore(scenario)

    assert report.finding is scenario.expected, report.story()


@pytest.mark.parametrize(
    ("log", "protocol", "judged"),
    [
        (OF_TWO_OWNERS, PROTOCOL, None),
        (OF_TWO_OWNERS, Protocol(terms=False), Finding.SEAT_TWICE),
        (STORED_TWICE, PROTOCOL, None),
        (STORED_TWICE, Protocol(offsets=False), Finding.DECIDED_TWICE),
        (REFUSED_THOUGH_FREE, PROTOCOL, Finding.DOES_NOT_FOLLOW),
    ],
)
def test_a_log_is_judged_by_the_records_that_are_not_void(
    log: Log, protocol: Protocol, judged: Finding | None
) -> None:
    assert Model(UNFENCED, protocol, SMALL).judge(log) is judged


def test_a_trace_is_told_step_by_step_and_ends_with_what_was_found() -> None:
    mistake = next(scenario for scenario in MISTAKES if scenario.name == "a reply before the ack")

    assert explore(mistake).story().splitlines() == [
        "   1. A takes the partition",
        "   2. A's Taken(A) is at 0",
        "   3. A reads up to its term 0 and serves",
        "   4. A appends c0 granted in term 0 for 1 and replies",
        "found: a reply the log does not hold",
    ]
