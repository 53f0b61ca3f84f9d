"""What a status change says about an object replaces what was said before."""

import pytest

from schemas.commands import ObjectChange
from schemas.facts import BOOKED, FREE, HELD, ExtraDataChanged
from schemas.rejections import Rejection
from tests.engine.factories import (
    ALICE,
    ANOTHER_WORKSPACE,
    CALLER,
    CUSTOM,
    MATINEE,
    book,
    change,
    command,
    hold,
    places,
    release,
    update_extra_data,
)
from tests.engine.scenario import SeatsScenario

NAMED = ObjectChange(label="A-1", ticket_type="adult", extra_data={"name": "Ada"})


def test_a_change_replaces_order_ticket_type_and_extra_data() -> None:
    scenario = SeatsScenario().given(
        hold(NAMED, by=ALICE, order_id="order1"),
        book(
            ObjectChange(label="A-1", ticket_type="child", extra_data={"age": 7}),
            by=ALICE,
            order_id="order2",
        ),
    )
    seat = scenario.object("A-1")
    assert (seat.order_id, seat.ticket_type, seat.extra_data) == ("order2", "child", {"age": 7})


def test_what_a_change_does_not_say_is_gone() -> None:
    scenario = SeatsScenario().given(
        hold(NAMED, by=ALICE, order_id="order1"), book("A-1", by=ALICE)
    )
    seat = scenario.object("A-1")
    assert (seat.order_id, seat.ticket_type, seat.extra_data) == (None, None, None)


@pytest.mark.parametrize("status", [BOOKED, HELD, FREE, CUSTOM])
def test_extra_data_stays_if_the_change_keeps_it(status: str) -> None:
    scenario = SeatsScenario().given(
        hold(NAMED, by=ALICE, order_id="order1"),
        command(change(status, "A-1", by=ALICE, keep_extra_data=True)),
    )
    seat = scenario.object("A-1")
    assert (seat.order_id, seat.ticket_type, seat.extra_data) == (None, None, {"name": "Ada"})


def test_new_extra_data_wins_over_keeping_the_old() -> None:
    scenario = SeatsScenario().given(
        hold(NAMED, by=ALICE),
        book(ObjectChange(label="A-1", extra_data={"age": 7}), by=ALICE, keep_extra_data=True),
    )
    assert scenario.object("A-1").extra_data == {"age": 7}


def test_an_order_id_passed_with_a_release_is_stored() -> None:
    scenario = SeatsScenario().given(
        book(NAMED, order_id="order1"), release("A-1", order_id="order2")
    )
    seat = scenario.object("A-1")
    assert (seat.status, seat.order_id, seat.extra_data) == (FREE, "order2", None)


def test_an_order_id_is_gone_after_a_release_without_one() -> None:
    scenario = SeatsScenario().given(book("A-1", order_id="order1"), release("A-1"))
    scenario.then_untouched("A-1")


def test_a_ticket_type_passed_with_a_release_is_stored() -> None:
    scenario = SeatsScenario().given(book("A-1"), release(NAMED))
    assert scenario.object("A-1").ticket_type == "adult"


def test_a_seat_that_is_free_but_has_an_order_can_be_booked() -> None:
    SeatsScenario().given(book("A-1"), release("A-1", order_id="order1"), book("A-1")).then_seats(
        "A  x . . . ."
    )


def test_a_fact_carries_the_full_state_of_the_object_and_where_it_came_from() -> None:
    [changed] = SeatsScenario().given(hold(NAMED, by=ALICE, order_id="order1")).changes
    assert changed.event == MATINEE
    assert changed.label == "A-1"
    assert (changed.status, changed.previous_status, changed.quantity) == (HELD, FREE, 1)
    assert (changed.hold_token, changed.hold_expires_at) == (ALICE.token, ALICE.expires_at)
    assert (changed.order_id, changed.ticket_type) == ("order1", "adult")
    assert changed.extra_data == {"name": "Ada"}
    assert changed.origin == CALLER
    assert changed.area is None


def test_expiry_takes_everything_off_a_seat() -> None:
    scenario = SeatsScenario().given(hold(NAMED, by=ALICE, order_id="order1"))
    scenario.at(ALICE.expires_at).then_untouched("A-1")


def test_extra_data_is_replaced_without_a_status_change() -> None:
    scenario = SeatsScenario().given(
        hold(NAMED, by=ALICE, order_id="order1"),
        update_extra_data(A_1={"age": 7}, A_2={"vip": True}),
    )
    assert scenario.last.facts == [
        ExtraDataChanged(event=MATINEE, label="A-1", extra_data={"age": 7}),
        ExtraDataChanged(event=MATINEE, label="A-2", extra_data={"vip": True}),
    ]
    seat = scenario.object("A-1")
    assert (seat.status, seat.hold_token, seat.order_id) == (HELD, ALICE.token, "order1")
    assert (seat.ticket_type, seat.extra_data) == ("adult", {"age": 7})
    assert scenario.object("A-2").status == FREE
    assert scenario.event().last_seq == 1


@pytest.mark.parametrize("nothing", [None, {}])
def test_extra_data_is_taken_away(nothing: dict[str, object] | None) -> None:
    scenario = SeatsScenario().given(
        update_extra_data(A_1={"age": 7}), update_extra_data(A_1=nothing)
    )
    scenario.then_untouched("A-1")


def test_extra_data_of_a_held_seat_goes_when_the_hold_ends() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE), update_extra_data(A_1={"age": 7}))
    scenario.at(ALICE.expires_at).then_untouched("A-1")


def test_an_areas_extra_data_leaves_its_counts_alone() -> None:
    scenario = SeatsScenario().given(book(places("GA", 4)), update_extra_data(GA={"gate": 2}))
    scenario.then_area(taken={BOOKED: 4})
    assert scenario.object("GA").extra_data == {"gate": 2}


def test_an_untouched_area_can_have_extra_data_and_then_be_booked() -> None:
    scenario = SeatsScenario().given(
        update_extra_data(GA={"gate": 2}), book(places("GA", 4), keep_extra_data=True)
    )
    scenario.then_area(taken={BOOKED: 4})
    assert scenario.object("GA").extra_data == {"gate": 2}


def test_extra_data_of_unknown_objects_is_refused_with_all_their_names() -> None:
    scenario = SeatsScenario().when(
        update_extra_data(A_1={"age": 7}, Z_1={"age": 7}, Z_2={"age": 7})
    )
    scenario.then_rejected(
        Rejection.OBJECT_NOT_FOUND,
        ("Z-1", Rejection.OBJECT_NOT_FOUND),
        ("Z-2", Rejection.OBJECT_NOT_FOUND),
    )
    scenario.then_untouched("A-1")


def test_extra_data_of_an_event_that_is_not_there_is_refused() -> None:
    scenario = SeatsScenario().when(update_extra_data(event=999, A_1={"age": 7}))
    scenario.then_rejected(Rejection.EVENT_NOT_FOUND)
    assert scenario.refusal.detail == "999"


def test_extra_data_of_another_workspaces_event_is_refused_as_not_found() -> None:
    scenario = SeatsScenario().when(update_extra_data(workspace=ANOTHER_WORKSPACE, A_1={"age": 7}))
    scenario.then_rejected(Rejection.EVENT_NOT_FOUND)
