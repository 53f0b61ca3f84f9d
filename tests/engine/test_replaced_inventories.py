"""An event is sold from another inventory: its chart was published anew."""

import pytest

from schemas.facts import BOOKED, FREE, HELD, RESALE
from schemas.rejections import Rejected, Rejection
from tests.engine.factories import (
    ALICE,
    ATTIC,
    BARN,
    BOB,
    MATINEE,
    MINUTE,
    THEATRE,
    book,
    change,
    command,
    event_renamed,
    hash_of,
    hold,
    places,
    release,
    sold_from,
)
from tests.engine.scenario import SeatsScenario
from tests.engine.test_reservations import begun, cancelled, confirmed, kinds


def test_an_owner_needs_the_inventory_that_an_event_is_sold_from_from_now_on() -> None:
    facts = [sold_from(BARN), event_renamed(MATINEE, "gala", "matinee")]
    assert SeatsScenario().machine.needs(facts) == [hash_of(BARN)]


def test_what_comes_with_the_new_inventory_is_sold_and_what_went_with_the_former_is_not() -> None:
    scenario = SeatsScenario().given([sold_from(BARN)])
    scenario.given(book("A-9", places("Floor", 7)))
    scenario.then_area("Floor", taken={BOOKED: 7})
    scenario.when(book("B-1")).then_rejected(Rejection.OBJECT_NOT_FOUND)


def test_what_is_in_both_inventories_keeps_its_state() -> None:
    scenario = SeatsScenario().given(book("A-1"), [sold_from(BARN)])
    scenario.when(book("A-1")).then_rejected(Rejection.OBJECT_NOT_FREE)
    scenario.given(book("A-2"))
    assert scenario.changes[0].seq == 2


def test_what_vanished_and_was_not_free_can_be_released_and_no_more() -> None:
    scenario = SeatsScenario().given(book("B-1", places("GA", 3)), [sold_from(BARN)])
    scenario.when(book("B-1")).then_rejected(Rejection.OBJECT_NOT_FOUND)
    scenario.when(book(places("GA", 1))).then_rejected(Rejection.OBJECT_NOT_FOUND)
    assert scenario.object("B-1").status == BOOKED
    scenario.given(release("B-1"), release(places("GA", 2))).then_area("GA", taken={BOOKED: 1})
    scenario.given(release(places("GA", 1))).then_untouched("B-1", "GA")
    scenario.when(release("B-1")).then_rejected(Rejection.OBJECT_NOT_FOUND)


def test_a_hold_on_what_vanished_ends_at_its_deadline() -> None:
    scenario = SeatsScenario().given(hold("B-1", places("GA", 2), by=ALICE), [sold_from(BARN)])
    scenario.after(15 * MINUTE)
    scenario.then_untouched("B-1", "GA")


def test_an_area_that_became_too_small_sells_nothing_until_there_is_room() -> None:
    scenario = SeatsScenario().given(book(places("GA", 5)), [sold_from(ATTIC)])
    scenario.when(book(places("GA", 1))).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    scenario.given(release(places("GA", 4)), book(places("GA", 1)))
    scenario.then_area("GA", taken={BOOKED: 2})
    scenario.when(book(places("GA", 1))).then_rejected(Rejection.NOT_ENOUGH_PLACES)


@pytest.mark.parametrize("status", [BOOKED, HELD])
def test_an_area_that_became_too_small_sells_nothing_again_until_there_is_room(status: str) -> None:
    by = BOB if status == HELD else None
    buy = command(change(status, places("GA", 1), by=by))
    scenario = SeatsScenario().given(book(places("GA", 2)), command(change(RESALE, "GA")))
    scenario.given([sold_from(ATTIC)]).when(buy).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    scenario.given(release(places("GA", 1)), buy)
    assert scenario.changes[-1].previous_status == RESALE
    scenario.when(buy).then_rejected(Rejection.NOT_ENOUGH_PLACES)


def test_who_names_what_is_offered_for_resale_or_holds_it_has_it_though_it_is_too_small() -> None:
    scenario = SeatsScenario().given(book(places("GA", 2)), command(change(RESALE, "GA")))
    scenario.given(hold("GA", by=ALICE, allowed=[RESALE]), [sold_from(ATTIC)])
    scenario.given(book("GA", by=ALICE)).then_area("GA", taken={BOOKED: 3})
    scenario.given(command(change(RESALE, "GA", allowed=[BOOKED])), book("GA", allowed=[RESALE]))


def test_who_wants_what_a_group_may_make_room_for_waits() -> None:
    scenario = SeatsScenario().given(book(places("GA", 2)), command(change(RESALE, "GA")))
    scenario.given(begun(change(FREE, places("GA", 1))), [sold_from(ATTIC)])
    scenario.when(book("GA"))
    assert kinds(scenario) == ["CommandParked"]
    scenario.given(confirmed()).after(1).then_area("GA", taken={BOOKED: 2})


def test_what_vanished_and_comes_back_is_as_it_was() -> None:
    scenario = SeatsScenario().given(book("B-1"), [sold_from(BARN)], [sold_from(THEATRE)])
    scenario.when(book("B-1")).then_rejected(Rejection.OBJECT_NOT_FREE)
    scenario.given(book("B-2"))


def test_what_a_group_has_reserved_is_done_though_it_vanished_meanwhile() -> None:
    scenario = SeatsScenario().when(begun(change(BOOKED, "B-1", places("GA", 3))))
    scenario.given([sold_from(BARN)])
    scenario.when(confirmed())
    assert scenario.object("B-1").status == BOOKED
    scenario.then_area("GA", taken={BOOKED: 3})
    scenario.given(release("B-1", places("GA", 3))).then_untouched("B-1", "GA")


def test_who_waits_for_what_vanishes_is_told() -> None:
    scenario = SeatsScenario().when(begun(change(BOOKED, "B-1")))
    scenario.when(book("B-1"))
    assert kinds(scenario) == ["CommandParked"]
    scenario.given([sold_from(BARN)], cancelled())
    scenario.after(1)
    [answer] = scenario.answers
    assert isinstance(answer, Rejected)
    assert answer.code == Rejection.OBJECT_NOT_FOUND.code


def test_the_best_available_are_of_the_new_inventory() -> None:
    scenario = SeatsScenario().given(book("A-1"))
    before = scenario.event().offers.preference
    scenario.given([sold_from(BARN)])
    after = scenario.event().offers
    assert after.preference is not before
    assert after.taken == after.set_of(["A-1"])
