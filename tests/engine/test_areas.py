"""Areas: places are counted, not named (rules of engine/seats/areas.py)."""

import pytest

from engine.seats.areas import statuses_per_area_max
from schemas.commands import ChangeObjectStatus, Hold, ObjectChange
from schemas.facts import BOOKED, FREE, HELD, NO_TICKET_TYPE, RESALE, AreaCounts
from schemas.rejections import Obstacle, Rejection
from tests.engine.factories import (
    ALICE,
    BARN,
    BOB,
    CAPACITY,
    CAROL,
    CUSTOM,
    MATINEE,
    book,
    change,
    command,
    event_created,
    hold,
    places,
    release,
)
from tests.engine.scenario import SeatsScenario

ANY = NO_TICKET_TYPE


def test_an_untouched_area_has_all_its_places() -> None:
    SeatsScenario().given(book(places("GA", CAPACITY))).then_area(taken={BOOKED: CAPACITY})


def test_a_quantity_is_one_place_unless_it_says_more() -> None:
    scenario = SeatsScenario().given(book("GA")).then_area(taken={BOOKED: 1})
    assert scenario.changes[0].quantity == 1


def test_a_label_n_times_is_n_places_and_n_status_changes() -> None:
    scenario = SeatsScenario().given(book("GA", "GA", "GA")).then_area(taken={BOOKED: 3})
    assert [changed.seq for changed in scenario.changes] == [1, 2, 3]
    counts = [changed.area.taken[BOOKED] for changed in scenario.changes if changed.area]
    assert counts == [1, 2, 3]


@pytest.mark.parametrize("status", [BOOKED, HELD, CUSTOM, RESALE])
def test_one_place_more_than_there_are_is_refused(status: str) -> None:
    by = ALICE if status == HELD else None
    asked = command(change(status, places("GA", CAPACITY + 1), by=by))
    scenario = SeatsScenario().when(asked).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    scenario.then_untouched("GA")
    assert scenario.refusal.obstacles == [
        Obstacle(
            event=MATINEE,
            label="GA",
            code="NOT_ENOUGH_PLACES",
            status=FREE,
            requested_status=status,
        )
    ]


@pytest.mark.parametrize("status", [BOOKED, HELD, CUSTOM, RESALE])
def test_places_of_every_status_and_hold_count_towards_the_capacity(status: str) -> None:
    by = CAROL if status == HELD else None
    scenario = SeatsScenario().given(
        book(places("GA", 3)),
        command(change(CUSTOM, places("GA", 2))),
        hold(places("GA", 2), by=ALICE),
        hold(places("GA", 2, "child"), by=BOB),
    )
    scenario.when(command(change(status, places("GA", 2), by=by)))
    scenario.then_rejected(Rejection.NOT_ENOUGH_PLACES)
    scenario.given(command(change(status, places("GA", 1), by=by)))


@pytest.mark.parametrize("quantity", [0, -1, -5])
@pytest.mark.parametrize("by", [None, ALICE])
@pytest.mark.parametrize("status", [BOOKED, HELD, FREE, CUSTOM])
def test_a_quantity_below_one_moves_nothing(status: str, by: Hold | None, quantity: int) -> None:
    scenario = SeatsScenario().given(book(places("GA", 5)), hold(places("GA", 5), by=ALICE))
    by = ALICE if status == HELD else by
    scenario.when(command(change(status, places("GA", quantity), by=by)))
    scenario.then_area(taken={BOOKED: 5}, held={"alice": {ANY: 5}})
    assert scenario.refusal.obstacles


@pytest.mark.parametrize("quantity", [0, 2, -1])
def test_a_seat_has_no_quantity(quantity: int) -> None:
    SeatsScenario().when(book(places("A-1", quantity))).then_rejected(
        Rejection.QUANTITY_ON_A_SEAT, ("A-1", Rejection.QUANTITY_ON_A_SEAT)
    )


def test_holds_are_counted_by_token_and_ticket_type() -> None:
    SeatsScenario().given(
        hold(places("GA", 2), by=ALICE),
        hold(places("GA", 1, "child"), places("GA", 1, "adult"), by=ALICE),
        hold(places("GA", 3, "child"), by=BOB),
        hold(places("GA", 1, "child"), by=ALICE),
    ).then_area(held={"alice": {ANY: 2, "adult": 1, "child": 2}, "bob": {"child": 3}})


def test_a_booking_with_a_token_uses_up_its_hold_before_free_places() -> None:
    scenario = SeatsScenario().given(
        hold(places("GA", 4), by=ALICE), book(places("GA", 3), by=ALICE)
    )
    scenario.then_area(taken={BOOKED: 3}, held={"alice": {ANY: 1}})
    assert scenario.changes[0].previous_status == HELD
    scenario.given(book(places("GA", 3), by=ALICE)).then_area(taken={BOOKED: 6})
    assert scenario.changes[0].previous_status == HELD


def test_a_booking_with_a_token_can_use_all_that_is_held_by_it_and_free() -> None:
    scenario = SeatsScenario().given(hold(places("GA", 4), by=ALICE), hold(places("GA", 2), by=BOB))
    scenario.when(book(places("GA", 9), by=ALICE)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    scenario.given(book(places("GA", 8), by=ALICE))
    scenario.then_area(taken={BOOKED: 8}, held={"bob": {ANY: 2}})


def test_a_booking_takes_held_places_of_its_ticket_type_first() -> None:
    SeatsScenario().given(
        hold(places("GA", 2, "adult"), places("GA", 2, "child"), by=ALICE),
        book(places("GA", 2, "child"), by=ALICE),
    ).then_area(taken={BOOKED: 2}, held={"alice": {"adult": 2}})


def test_a_booking_takes_places_of_other_ticket_types_when_its_own_are_used_up() -> None:
    SeatsScenario().given(
        hold(places("GA", 2, "adult"), places("GA", 1, "child"), by=ALICE),
        book(places("GA", 2, "child"), by=ALICE),
    ).then_area(taken={BOOKED: 2}, held={"alice": {"adult": 1}})


@pytest.mark.parametrize("by", [None, BOB])
def test_nobody_books_places_that_another_token_holds(by: Hold | None) -> None:
    scenario = SeatsScenario().given(hold(places("GA", 8), by=ALICE))
    scenario.when(book(places("GA", 3), by=by)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    scenario.given(book(places("GA", 2), by=by))
    scenario.then_area(taken={BOOKED: 2}, held={"alice": {ANY: 8}})


def test_holding_again_takes_more_free_places() -> None:
    SeatsScenario().given(
        hold(places("GA", 4), by=ALICE), hold(places("GA", 4), by=ALICE)
    ).then_area(held={"alice": {ANY: 8}}).when(hold(places("GA", 4), by=ALICE)).then_rejected(
        Rejection.NOT_ENOUGH_PLACES
    )


def test_taken_places_are_no_source_unless_their_status_is_named() -> None:
    scenario = SeatsScenario().given(command(change(CUSTOM, places("GA", 8))))
    scenario.when(book(places("GA", 4))).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    scenario.given(book(places("GA", 4), allowed=[FREE, CUSTOM]))
    scenario.then_area(taken={BOOKED: 4, CUSTOM: 6})
    assert scenario.changes[0].previous_status == FREE


def test_only_named_statuses_are_sources_if_free_is_not_named() -> None:
    scenario = SeatsScenario().given(command(change(CUSTOM, places("GA", 4))))
    scenario.given(book(places("GA", 3), allowed=[CUSTOM]))
    scenario.then_area(taken={BOOKED: 3, CUSTOM: 1})
    assert scenario.changes[0].previous_status == CUSTOM
    scenario.when(book(places("GA", 2), allowed=[CUSTOM])).then_rejected(
        Rejection.NOT_ENOUGH_PLACES
    )


@pytest.mark.parametrize("status", [BOOKED, HELD])
def test_places_for_resale_are_sold_after_the_free_ones(status: str) -> None:
    def sell(quantity: int) -> ChangeObjectStatus:
        return command(change(status, places("GA", quantity), by=ALICE if status == HELD else None))

    scenario = SeatsScenario().given(book(places("GA", CAPACITY - 2)))
    scenario.given(command(change(RESALE, places("GA", 4), allowed=[BOOKED]))).given(sell(1))
    assert scenario.area().taken[RESALE] == 4
    scenario.given(sell(3))
    assert scenario.changes[0].previous_status == FREE
    assert scenario.area().taken[RESALE] == 2
    scenario.when(sell(3)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    scenario.given(sell(2))
    assert RESALE not in scenario.area().taken


def test_who_minds_is_sold_nothing_that_was_sold_before() -> None:
    scenario = SeatsScenario().given(command(change(RESALE, places("GA", CAPACITY))))
    scenario.when(book("GA", rejected=[RESALE])).then_rejected(Rejection.STATUS_REJECTED)
    scenario.when(book("GA", allowed=[FREE])).then_rejected(Rejection.STATUS_NOT_ALLOWED)
    scenario.when(command(change(CUSTOM, "GA"))).then_rejected(Rejection.NOT_ENOUGH_PLACES)


def test_naming_booked_moves_no_place_from_booked_to_booked() -> None:
    scenario = SeatsScenario().given(book(places("GA", CAPACITY)))
    scenario.when(book("GA", allowed=[BOOKED]))
    scenario.then_rejected(Rejection.STATUS_NOT_ALLOWED)
    scenario.when(book("GA", allowed=[BOOKED, FREE]))
    scenario.then_rejected(Rejection.NOT_ENOUGH_PLACES)


def test_when_no_source_is_allowed_the_callers_list_is_the_reason() -> None:
    scenario = SeatsScenario()
    scenario.when(book("GA", allowed=[CUSTOM])).then_rejected(
        Rejection.STATUS_NOT_ALLOWED, ("GA", Rejection.STATUS_NOT_ALLOWED)
    )
    scenario.when(book("GA", rejected=[FREE])).then_rejected(
        Rejection.STATUS_REJECTED, ("GA", Rejection.STATUS_REJECTED)
    )


def test_rejecting_free_leaves_the_own_hold_as_a_source() -> None:
    scenario = SeatsScenario().given(hold(places("GA", 2), by=ALICE))
    scenario.when(book(places("GA", 3), by=ALICE, rejected=[FREE])).then_rejected(
        Rejection.NOT_ENOUGH_PLACES
    )
    scenario.given(book(places("GA", 2), by=ALICE, rejected=[FREE]))
    scenario.then_area(taken={BOOKED: 2})


def test_rejecting_held_leaves_free_places_as_a_source() -> None:
    SeatsScenario().given(
        hold(places("GA", 2), by=ALICE), book(places("GA", 2), by=ALICE, rejected=[HELD])
    ).then_area(taken={BOOKED: 2}, held={"alice": {ANY: 2}})


def test_a_release_without_a_token_frees_taken_places_the_booked_ones_first() -> None:
    scenario = SeatsScenario().given(
        book(places("GA", 3)),
        command(change("aisle", places("GA", 2))),
        hold(places("GA", 2), by=ALICE),
    )
    scenario.given(release(places("GA", 2)))
    scenario.then_area(taken={BOOKED: 1, "aisle": 2}, held={"alice": {ANY: 2}})
    assert scenario.changes[0].previous_status == BOOKED
    scenario.given(release(places("GA", 2)))
    scenario.then_area(taken={"aisle": 1}, held={"alice": {ANY: 2}})
    scenario.when(release(places("GA", 2))).then_rejected(Rejection.NOT_ENOUGH_TAKEN_PLACES)


def test_a_release_frees_only_places_of_the_statuses_that_it_allows() -> None:
    scenario = SeatsScenario().given(
        book(places("GA", 3)), command(change(CUSTOM, places("GA", 2)))
    )
    scenario.given(release(places("GA", 2), allowed=[CUSTOM])).then_area(taken={BOOKED: 3})
    scenario.when(release("GA", allowed=[CUSTOM])).then_rejected(Rejection.STATUS_NOT_ALLOWED)


def test_a_release_with_a_token_gives_back_that_tokens_places_only() -> None:
    scenario = SeatsScenario().given(
        book(places("GA", 3)), hold(places("GA", 2), by=ALICE), hold(places("GA", 2), by=BOB)
    )
    scenario.when(release(places("GA", 3), by=ALICE)).then_rejected(
        Rejection.NOT_ENOUGH_TAKEN_PLACES
    )
    scenario.given(release(places("GA", 2), by=ALICE))
    scenario.then_area(taken={BOOKED: 3}, held={"bob": {ANY: 2}})
    assert scenario.changes[0].previous_status == HELD


def test_a_release_of_an_area_where_nothing_is_taken_is_refused() -> None:
    SeatsScenario().when(release("GA")).then_rejected(
        Rejection.NOT_ENOUGH_TAKEN_PLACES, ("GA", Rejection.NOT_ENOUGH_TAKEN_PLACES)
    )


def test_an_area_that_is_all_free_again_is_untouched() -> None:
    SeatsScenario().given(
        book(places("GA", 5)),
        hold(places("GA", 2), by=ALICE),
        release(places("GA", 5)),
        release(places("GA", 2), by=ALICE),
    ).then_untouched("GA")


def test_the_status_of_an_area_is_that_of_its_last_change() -> None:
    scenario = SeatsScenario().given(book(places("GA", 5)))
    assert scenario.object("GA").status == BOOKED
    scenario.given(hold(places("GA", 3), by=ALICE))
    assert scenario.object("GA").status == HELD
    scenario.given(command(change(CUSTOM, "GA")))
    assert scenario.object("GA").status == CUSTOM
    scenario.given(release("GA"))
    assert scenario.object("GA").status == FREE


def test_a_custom_status_takes_all_the_places() -> None:
    scenario = SeatsScenario().given(command(change(CUSTOM, places("GA", CAPACITY))))
    assert scenario.object("GA").status == CUSTOM
    scenario.when(book("GA")).then_rejected(Rejection.NOT_ENOUGH_PLACES)


def test_an_areas_fact_carries_its_counts_and_what_its_own_token_holds() -> None:
    scenario = SeatsScenario().given(
        book(places("GA", 2)),
        hold(places("GA", 1), by=ALICE),
        hold(places("GA", 2, "adult"), by=BOB),
        hold(places("GA", 3, "child"), by=ALICE),
    )
    [changed] = scenario.changes
    assert changed.area == AreaCounts(taken={BOOKED: 2}, held=6, own={ANY: 1, "child": 3})
    assert (changed.quantity, changed.ticket_type) == (3, "child")
    [changed] = scenario.given(book(places("GA", 1))).changes
    assert changed.area == AreaCounts(taken={BOOKED: 3}, held=6)


def test_a_command_sees_its_own_earlier_changes_of_every_token() -> None:
    scenario = SeatsScenario().given(hold(places("GA", 1), by=BOB))
    scenario.given(
        command(
            change(HELD, places("GA", 4), by=ALICE),
            change(HELD, places("GA", 3, "child"), by=BOB),
            change(BOOKED, places("GA", 3), by=ALICE),
            change(FREE, places("GA", 1), by=BOB),
            change(BOOKED, places("GA", 4), by=BOB),
        )
    ).then_area(taken={BOOKED: 7}, held={"alice": {ANY: 1}})
    areas = [changed.area for changed in scenario.changes if changed.area]
    assert [(area.held, area.own) for area in areas] == [
        (5, {ANY: 4}),
        (8, {ANY: 1, "child": 3}),
        (5, {ANY: 1}),
        (4, {"child": 3}),
        (1, {}),
    ]
    scenario.when(
        command(change(FREE, places("GA", 1), by=ALICE), change(FREE, places("GA", 1), by=ALICE))
    ).then_rejected(Rejection.NOT_ENOUGH_TAKEN_PLACES)


def test_places_have_so_many_statuses_at_once_and_no_more() -> None:
    scenario = SeatsScenario(event_created(venue=BARN))
    several = [f"status {number:03}" for number in range(statuses_per_area_max)]
    scenario.given(command(*(change(status, "Floor") for status in several)))
    scenario.when(book("Floor")).then_rejected(Rejection.TOO_MANY_STATUSES_IN_AREA)
    scenario.given(command(change(several[0], "Floor")), hold("Floor", by=ALICE))
    scenario.given(release("Floor", allowed=several[1:2]), book("Floor"))


def test_an_ended_hold_gives_back_all_its_places_as_one_status_change() -> None:
    scenario = SeatsScenario().given(
        book(places("GA", 2)),
        hold(places("GA", 3, "child"), places("GA", 1), by=ALICE),
        hold(places("GA", 2), by=CAROL),
    )
    scenario.at(ALICE.expires_at).then_area(taken={BOOKED: 2}, held={"carol": {ANY: 2}})
    [[freed, _]] = scenario.expired
    assert (freed.quantity, freed.status, freed.previous_status) == (4, FREE, HELD)
    assert scenario.object("GA").status == FREE


def test_an_area_with_nothing_but_an_ended_hold_is_untouched() -> None:
    scenario = SeatsScenario().given(hold(places("GA", 3), by=ALICE))
    scenario.at(ALICE.expires_at).then_untouched("GA")


def test_an_ended_hold_takes_order_and_extra_data_off_an_area_as_every_change_does() -> None:
    scenario = SeatsScenario().given(
        book(places("GA", 2)),
        hold(ObjectChange(label="GA", extra_data={"gate": 2}), by=ALICE, order_id="order1"),
    )
    scenario.at(ALICE.expires_at).then_area(taken={BOOKED: 2})
    area = scenario.object("GA")
    assert (area.status, area.order_id, area.extra_data) == (FREE, None, None)
