"""A record fits an append, whatever was asked before: nothing that was accepted stops an owner."""

import pytest

from engine.seats.areas import area_bytes_max
from engine.seats.machine import expiries_bytes_max, facts_bytes_max
from schemas.commands import ObjectChange
from schemas.facts import BOOKED, HELD, HoldExpired, StatusChanged
from schemas.rejections import Rejection
from tests.engine.factories import ALICE, BOB, book, change, command, hold, places
from tests.engine.scenario import SeatsScenario
from workers.ledger import record_bytes_max


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.seats.areas.area_bytes_max", 300)
    monkeypatch.setattr("engine.seats.machine.facts_bytes_max", 2_000)
    monkeypatch.setattr("engine.seats.machine.expiries_bytes_max", 400)


@pytest.mark.usefixtures("small")
def test_an_area_takes_holds_only_as_long_as_a_fact_can_tell_them() -> None:
    scenario = SeatsScenario().given(hold(places("GA", 1, "a" * 150), by=ALICE))
    scenario.when(hold(places("GA", 1, "b" * 150), by=BOB))
    scenario.then_rejected(
        Rejection.TOO_MANY_HOLDS_IN_AREA, ("GA", Rejection.TOO_MANY_HOLDS_IN_AREA)
    )
    scenario.when(book(places("GA", 1), by=ALICE)).then_accepted()
    scenario.when(hold(places("GA", 1, "b" * 150), by=BOB)).then_accepted()


@pytest.mark.usefixtures("small")
def test_a_change_that_would_tell_too_much_extra_data_again_is_refused_at_once() -> None:
    large = {"text": "x" * 700}
    scenario = SeatsScenario()
    for label in ("A-1", "A-2", "A-3"):
        scenario.given(command(change(HELD, ObjectChange(label=label, extra_data=large), by=ALICE)))
    keeping = command(change(BOOKED, "A-1", "A-2", "A-3", by=ALICE, keep_extra_data=True))
    scenario.when(keeping).then_rejected(Rejection.COMMAND_TOO_LARGE)
    scenario.when(book("A-1", "A-2", "A-3", by=ALICE)).then_accepted()


@pytest.mark.usefixtures("small")
def test_an_expiry_is_cut_by_size_and_goes_on_until_everything_is_free() -> None:
    scenario = SeatsScenario().given(hold(*(f"A-{seat}" for seat in range(1, 6)), by=ALICE))
    told = scenario.at(ALICE.expires_at).expired
    assert len(told) > 1
    assert all(facts for facts in told)
    freed = [fact.label for facts in told for fact in facts if isinstance(fact, StatusChanged)]
    assert freed == ["A-1", "A-2", "A-3", "A-4", "A-5"]
    assert told[-1][-1] == HoldExpired(token=ALICE.token)
    scenario.then_seats("A  . . . . .")


def test_the_bounds_leave_room_for_one_more_fact() -> None:
    extra_data_max = 768 * 1024
    assert expiries_bytes_max + area_bytes_max + extra_data_max < record_bytes_max
    assert facts_bytes_max + 100 * 1024 < record_bytes_max
