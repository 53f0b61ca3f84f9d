"""Tables sold as wholes or by their seats, and events that change their minds about it."""

import pytest

from engine.charts.inventory import SeatMap
from engine.seats.event_map import EventMap
from schemas.facts import BOOKED, FREE, HELD, RESALE, CommandParked
from schemas.inventory import Inventory, Section, Table
from schemas.rejections import Rejection
from schemas.selling import Selling, TableBooking
from tests.engine.factories import (
    ALICE,
    BOB,
    CAPACITY,
    THEATRE,
    best,
    book,
    change,
    command,
    hold,
    places,
    release,
    seats,
    sold_anew,
    update_extra_data,
)
from tests.engine.scenario import SeatsScenario
from tests.engine.test_reservations import begun, cancelled, confirmed, kinds

BY_TABLE = [sold_anew(TableBooking(mode="all_by_table"))]
BY_SEAT = [sold_anew(TableBooking(mode="all_by_seat"))]


def custom(**by_label: str) -> TableBooking:
    return TableBooking(mode="custom", by_label=by_label)  # type: ignore[arg-type] # their words


@pytest.mark.parametrize(
    ("booking", "sold"),
    [
        (None, ["T1-1", "T2"]),
        (TableBooking(), ["T1-1", "T2"]),
        (TableBooking(mode="all_by_seat"), ["T1-1", "T2-1"]),
        (TableBooking(mode="all_by_table"), ["T1", "T2"]),
        (custom(), ["T1-1", "T2"]),
        (custom(T1="by_table"), ["T1", "T2"]),
        (custom(T1="by_table", T2="by_seat", gone="by_table"), ["T1", "T2-1"]),
    ],
)
def test_an_event_sells_a_table_or_its_seats(booking: TableBooking | None, sold: list[str]) -> None:
    event_map = EventMap(SeatMap(THEATRE), Selling(tables=booking))
    candidates = ["T1", "T1-1", "T2", "T2-1"]
    assert [label for label in candidates if event_map.find(label) is not None] == sold
    assert event_map.find("A-1") is not None


def test_a_table_of_a_section_is_named_with_it() -> None:
    table = Table(label="T1", seats=seats("1", "2"), seat_count=2, section=0)
    chart = SeatMap(Inventory(sections=[Section(label="Hall")], blocks=[table]))
    booking = TableBooking(mode="custom", by_label={"Hall-T1": "by_table"})
    event_map = EventMap(chart, Selling(tables=booking))
    assert event_map.find("Hall-T1") is not None
    assert event_map.find("Hall-T1-1") is None


def test_a_table_is_booked_as_one() -> None:
    scenario = SeatsScenario().given(hold("T2", by=ALICE), book("T2", by=ALICE, order_id="o"))
    assert scenario.object("T2").status == BOOKED
    scenario.when(book("T2")).then_rejected(Rejection.OBJECT_NOT_FREE)
    scenario.when(book(places("T2", 2))).then_rejected(Rejection.QUANTITY_ON_A_SEAT)
    scenario.when(book("T2-1", "T1")).then_rejected(
        Rejection.OBJECT_NOT_FOUND,
        ("T2-1", Rejection.OBJECT_NOT_FOUND),
        ("T1", Rejection.OBJECT_NOT_FOUND),
    )
    scenario.given(command(change(RESALE, "T2")), hold("T2", by=BOB))
    scenario.at(BOB.expires_at).then_untouched("T2")


def test_a_table_is_taken_while_one_of_its_seats_is() -> None:
    scenario = SeatsScenario().given(book("T1-2"), BY_TABLE)
    scenario.when(book("T1", "T2")).then_rejected(
        Rejection.TABLE_TAKEN, ("T1", Rejection.TABLE_TAKEN)
    )
    scenario.when(hold("T1", by=ALICE)).then_rejected(Rejection.TABLE_TAKEN)
    scenario.given(release("T1-2"), book("T1"))
    scenario.when(release("T1-2")).then_rejected(Rejection.OBJECT_NOT_FOUND)


def test_a_seat_is_taken_while_its_table_is() -> None:
    scenario = SeatsScenario().given(book("T2"), BY_SEAT)
    scenario.when(book("T2-1")).then_rejected(
        Rejection.TABLE_TAKEN, ("T2-1", Rejection.TABLE_TAKEN)
    )
    scenario.given(book("T1-1"), release("T2"), book("T2-1"), book("T2-2"))


def test_what_an_event_no_longer_sells_can_be_released_and_nothing_else() -> None:
    scenario = SeatsScenario().given(book("T1-1"), hold("T1-2", by=ALICE), BY_TABLE)
    scenario.when(command(change("arrived", "T1-1"))).then_rejected(Rejection.OBJECT_NOT_FOUND)
    scenario.when(book("T1-2", by=ALICE)).then_rejected(Rejection.OBJECT_NOT_FOUND)
    scenario.when(update_extra_data(T1_1={"a": 1})).then_rejected(Rejection.OBJECT_NOT_FOUND)
    scenario.when(release("T1-2", by=BOB)).then_rejected(Rejection.HELD_BY_ANOTHER_TOKEN)
    scenario.when(release(places("T1-1", 2))).then_rejected(Rejection.QUANTITY_ON_A_SEAT)
    scenario.given(release("T1-1", order_id="refund"))
    assert scenario.object("T1-1").order_id == "refund"
    scenario.when(book("T1")).then_rejected(Rejection.TABLE_TAKEN)
    scenario.at(ALICE.expires_at).given(book("T1"))


def test_a_batch_exchanges_seats_for_their_table() -> None:
    scenario = SeatsScenario().given(book("T1-1"), BY_TABLE)
    scenario.when(command(change(BOOKED, "T1"), change(FREE, "T1-1")))
    scenario.then_rejected(Rejection.TABLE_TAKEN)
    scenario.given(command(change(FREE, "T1-1"), change(BOOKED, "T1")))
    assert scenario.object("T1").status == BOOKED


def test_a_table_waits_for_the_group_that_has_one_of_its_seats() -> None:
    for decision, becomes in ((cancelled(), BOOKED), (confirmed(), FREE)):
        scenario = SeatsScenario().when(begun(change(BOOKED, "T1-1"))).given(BY_TABLE)
        scenario.when(book("T1"))
        assert kinds(scenario) == ["CommandParked"]
        scenario.when(decision).after(1)
        assert scenario.object("T1").status == becomes


def test_a_seat_waits_for_the_group_that_has_its_table() -> None:
    for decision, becomes in ((cancelled(), BOOKED), (confirmed(), FREE)):
        scenario = SeatsScenario().when(begun(change(BOOKED, "T2"))).given(BY_SEAT)
        scenario.when(book("T2-1"))
        assert kinds(scenario) == ["CommandParked"]
        scenario.when(decision).after(1)
        assert scenario.object("T2-1").status == becomes


def test_a_table_is_not_refused_for_seats_that_two_groups_may_free_or_leave() -> None:
    """One seat may come free, another may stay free: both may be so at once."""
    scenario = SeatsScenario().given(book("T1-1"))
    scenario.when(begun(change(FREE, "T1-1"), group=1))
    scenario.when(begun(change(BOOKED, "T1-2"), group=2)).given(BY_TABLE)
    scenario.when(book("T1"))
    assert kinds(scenario) == ["CommandParked"]
    scenario.when(confirmed(1)).when(cancelled(2)).after(1)
    assert scenario.object("T1").status == BOOKED


def test_a_table_is_refused_for_a_seat_that_is_surely_taken() -> None:
    scenario = SeatsScenario().given(book("T1-1")).when(begun(change(BOOKED, "T1-2")))
    scenario.given(BY_TABLE).when(book("T1")).then_rejected(Rejection.TABLE_TAKEN)


def test_best_available_gives_nobody_what_is_taken_otherwise() -> None:
    rows = [f"{row}-{number}" for row in "AB" for number in range(1, 6)]
    scenario = SeatsScenario().given(book(*rows, "Booth", places("GA", CAPACITY)))
    scenario.given(book("T1-1", "T2"), BY_TABLE).when(best(1))
    scenario.then_rejected(Rejection.BEST_AVAILABLE_OBJECTS_NOT_FOUND)
    scenario.given(release("T1-1")).when(begun(change(BOOKED, "T1"))).given(BY_SEAT)
    scenario.when(best(1))
    assert kinds(scenario) == ["CommandParked"]
    scenario.when(cancelled()).after(1)
    assert HELD not in {scenario.object(f"T1-{seat}").status for seat in "12"}
    assert BOOKED in {scenario.object(f"T1-{seat}").status for seat in "12"}


def test_who_waits_for_one_seat_of_a_table_is_in_nobodys_way_at_another() -> None:
    scenario = SeatsScenario().when(begun(change(BOOKED, "T1-1")))
    scenario.when(book("T1-1"))
    assert isinstance(scenario.last.facts[0], CommandParked)
    scenario.when(book("T1-2")).then_accepted()


def test_seats_and_their_table_wait_in_the_order_in_which_they_were_asked_for() -> None:
    """Seat, table, seat, each asked for while the event sold it: each behind the one before."""
    scenario = SeatsScenario().when(begun(change(BOOKED, "T1-1"))).when(book("T1-1"))
    scenario.given(BY_TABLE).when(book("T1"))
    assert kinds(scenario) == ["CommandParked"]
    scenario.given(BY_SEAT).when(hold("T1-2", by=ALICE))
    assert kinds(scenario) == ["CommandParked"]
    scenario.when(cancelled()).after(1)
    assert not len(scenario.state.parking)
    states = {label: scenario.object(label).status for label in ("T1", "T1-1", "T1-2")}
    assert states == {"T1": FREE, "T1-1": BOOKED, "T1-2": HELD}


def test_who_waits_for_what_is_no_longer_sold_hears_so_at_once() -> None:
    scenario = SeatsScenario().when(begun(change(BOOKED, "T1-1"))).when(book("T1-1", "A-1"))
    scenario.when(book("T1-2", "A-1"))
    assert len(scenario.state.parking) == 2
    scenario.given(BY_TABLE).after(1)
    assert not len(scenario.state.parking)
    scenario.then_untouched("A-1", "T1-1", "T1-2")
