"""Events that do not go by their season for some objects, and do again."""

from collections.abc import Callable

import pytest

from schemas.commands import ChangeObjectStatus, ObjectChange
from schemas.facts import (
    BOOKED,
    CommandParked,
    GroupQueued,
    SeasonStatusOverridden,
)
from schemas.rejections import Rejection
from schemas.selling import TableBooking
from tests.engine.factories import (
    CAPACITY,
    MATINEE,
    book,
    change,
    command,
    event_deleted,
    places,
    release,
    sold_anew,
)
from tests.engine.scenario import SeatsScenario
from tests.engine.season_year import (
    AUTUMN,
    KEYS,
    MARCH,
    MAY,
    OCTOBER,
    SPRING,
    TAKEN,
    YEAR,
    in_year,
    override,
    told,
    use_again,
    uses,
    year,
)
from tests.engine.test_reservations import begun, cancelled


def test_what_is_overridden_goes_by_the_events_own_status(owner: SeatsScenario) -> None:
    owner.given(book("A-1", "A-2", event=YEAR), override(MARCH, "A-1"))
    assert owner.last.facts == [SeasonStatusOverridden(event=MARCH, season=YEAR, places={"A-1": 1})]
    owner.given(book("A-1", event=MARCH))
    owner.when(book("A-2", event=MARCH)).then_rejected(TAKEN)
    owner.when(book("A-1", event=MAY)).then_rejected(TAKEN)


def test_one_season_is_overridden_and_not_another(owner: SeatsScenario) -> None:
    owner.given(book("A-1", event=SPRING), override(MAY, "A-1"))
    owner.when(book("A-1", event=MAY)).then_rejected(TAKEN)
    owner.given(override(MAY, "A-1", season=SPRING), book("A-1", event=MAY))


def test_what_an_event_has_taken_itself_counts_on_the_season_all_the_same(
    owner: SeatsScenario,
) -> None:
    owner.given(override(OCTOBER, "A-1"), book("A-1", event=OCTOBER))
    owner.when(book("A-1", event=YEAR)).then_rejected(TAKEN)
    owner.given(release("A-1", event=OCTOBER), book("A-1", event=YEAR))
    owner.given(book("A-1", event=OCTOBER))


def test_an_override_is_given_back_unless_that_sells_something_twice(owner: SeatsScenario) -> None:
    owner.given(book("A-1", event=YEAR), override(MARCH, "A-1", "A-2"), book("A-1", event=MARCH))
    owner.when(use_again(MARCH, "A-1", "A-2")).then_rejected(Rejection.OVERRIDE_IN_USE)
    owner.given(use_again(MARCH, "A-2"), release("A-1", event=MARCH), use_again(MARCH, "A-1"))
    assert owner.last.facts == [SeasonStatusOverridden(event=MARCH, season=YEAR, places={"A-1": 0})]
    assert owner.event(MARCH).overridden == {}
    owner.when(book("A-1", event=MARCH)).then_rejected(TAKEN)


def test_an_override_that_two_seasons_need_is_kept(owner: SeatsScenario) -> None:
    owner.given(override(MAY, "A-1", season=SPRING), book("A-1", event=SPRING))
    owner.given(book("A-1", event=AUTUMN))  # May alone is in both
    owner.when(use_again(MAY, "A-1", season=SPRING)).then_rejected(Rejection.OVERRIDE_IN_USE)
    owner.given(release("A-1", event=AUTUMN), use_again(MAY, "A-1", season=SPRING))


def test_areas_are_overridden_place_by_place(owner: SeatsScenario) -> None:
    owner.given(book(places("GA", CAPACITY), event=YEAR))
    owner.given(override(MARCH, "GA", "GA"), override(MARCH, places("GA", 2)))
    assert owner.event(MARCH).overridden == {("GA", YEAR): 4}
    owner.when(book(places("GA", 5), event=MARCH)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    owner.given(book(places("GA", 3), event=MARCH), use_again(MARCH, "GA"))
    owner.when(use_again(MARCH, "GA")).then_rejected(Rejection.OVERRIDE_IN_USE)
    owner.given(override(MARCH, places("GA", 100)))
    assert owner.event(MARCH).overridden == {("GA", YEAR): CAPACITY}
    owner.given(release(places("GA", 3), event=MARCH), use_again(MARCH, places("GA", 100)))
    assert owner.event(MARCH).overridden == {}


def test_a_request_may_override_and_book_in_its_order(owner: SeatsScenario) -> None:
    owner.given(book("A-1", event=YEAR))
    booking = change(BOOKED, "A-1", event=MARCH)
    overriding = uses(MARCH, "A-1", is_overridden=True)
    owner.when(command(booking, overriding)).then_rejected(TAKEN)
    owner.given(command(overriding, booking))
    assert [type(fact).__name__ for fact in owner.last.facts] == [
        "SeasonStatusOverridden",
        "StatusChanged",
    ]
    ending = uses(MARCH, "A-1", is_overridden=False)
    owner.when(command(ending, change("free", "A-1", event=MARCH))).then_rejected(
        Rejection.OVERRIDE_IN_USE
    )
    owner.given(command(change("free", "A-1", event=MARCH), ending))


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (override(MATINEE, "A-1"), Rejection.EVENT_NOT_IN_SEASON),
        (override(YEAR, "A-1"), Rejection.EVENT_NOT_IN_SEASON),
        (override(SPRING, "A-1"), Rejection.EVENT_NOT_IN_SEASON),
        (override(OCTOBER, "A-1", season=SPRING), Rejection.EVENT_NOT_IN_SEASON),
        (override(1, "A-1"), Rejection.EVENT_NOT_FOUND),
        (override(MARCH, "Z-1"), Rejection.OBJECT_NOT_FOUND),
        (override(MARCH, places("A-1", 2)), Rejection.QUANTITY_ON_A_SEAT),
    ],
)
def test_what_cannot_be_overridden_is_refused(
    owner: SeatsScenario, asked: ChangeObjectStatus, why: Rejection
) -> None:
    owner.when(asked).then_rejected(why)


def test_who_overrides_waits_for_what_is_in_doubt(owner: SeatsScenario) -> None:
    """Given back at once, an override that a group needs would sell the seat twice."""
    owner.given(
        book("A-1", event=YEAR),
        override(MARCH, "A-1"),
        begun(change(BOOKED, "A-1", event=MARCH)),
    )
    owner.when(use_again(MARCH, "A-1"))
    assert isinstance(owner.last.facts[0], CommandParked)
    owner.when(begun(change(BOOKED, "A-1", event=MARCH), group=8))
    assert isinstance(owner.last.facts[0], GroupQueued)
    owner.given(cancelled()).after(0)
    assert owner.event(MARCH).overridden == {}
    assert not owner.state.parking


@pytest.mark.parametrize(("asked", "left"), [(use_again, 2), (override, 4)])
def test_what_is_overridden_of_an_area_in_doubt_waits(
    owner: SeatsScenario, asked: Callable[[int, ObjectChange], ChangeObjectStatus], left: int
) -> None:
    owner.given(
        book(places("GA", CAPACITY), event=YEAR),
        override(MARCH, places("GA", 3)),
        begun(change(BOOKED, places("GA", 3), event=MARCH)),
    )
    owner.when(asked(MARCH, places("GA", 1)))
    assert isinstance(owner.last.facts[0], CommandParked)
    owner.given(cancelled()).after(0)
    assert owner.event(MARCH).overridden == {("GA", YEAR): left}


def test_a_deleted_event_leaves_no_override(owner: SeatsScenario) -> None:
    digest = owner.state.digest()
    owner.given(override(OCTOBER, "A-1", "GA"), [event_deleted(OCTOBER, "october")])
    assert owner.state.digest() == digest


def test_different_seats_of_a_table_are_no_reason_to_override_a_season_for_the_table() -> None:
    owner = SeatsScenario(*year())
    owner.given([sold_anew(TableBooking(mode="all_by_seat"), event) for event in KEYS])
    owner.given([told(MAY, season=in_year())])
    owner.given(book("T2-1", event=AUTUMN), book("T2-2", event=YEAR))
    owner.given([told(MAY, season=in_year(AUTUMN))])
    assert not owner.event(MAY).overridden
    owner.given(release("T2-2", event=YEAR))
    owner.given([sold_anew(TableBooking(mode="all_by_table"), event) for event in KEYS])
    owner.when(book("T2", event=MAY)).then_rejected(Rejection.TAKEN_IN_SEASON)
