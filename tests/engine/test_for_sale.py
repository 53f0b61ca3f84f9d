"""What is for sale: what is not cannot be taken, and can be given back."""

import pytest

from engine.charts.inventory import SeatMap
from engine.seats.event_map import EventMap
from schemas.facts import BOOKED, HELD, RESALE
from schemas.inventory import Area, Inventory, Row, Seats, Section, Table
from schemas.rejections import Rejection
from schemas.selling import EventCategory, ForSale, Selling
from tests.engine.factories import (
    ALICE,
    CAPACITY,
    CUSTOM,
    book,
    change,
    command,
    event_created,
    event_sold,
    hold,
    places,
    release,
    seats,
)
from tests.engine.scenario import SeatsScenario

NOT_FOR_SALE = Rejection.OBJECT_NOT_FOR_SALE


def closed(*objects: str, **area_places: int) -> Selling:
    config = ForSale(for_sale=False, objects=list(objects), area_places=area_places)
    return Selling(for_sale=config)


def opened(*objects: str, **area_places: int) -> Selling:
    config = ForSale(for_sale=True, objects=list(objects), area_places=area_places)
    return Selling(for_sale=config)


def theatre(selling: Selling) -> SeatsScenario:
    return SeatsScenario(event_created(selling=selling))


@pytest.mark.parametrize("status", [BOOKED, HELD, CUSTOM])
@pytest.mark.parametrize("selling", [closed("A-1", "Booth"), opened("A-2")])
def test_what_is_not_for_sale_is_not_taken(selling: Selling, status: str) -> None:
    by = ALICE if status == HELD else None
    scenario = theatre(selling)
    scenario.when(command(change(status, "A-1", "A-2", "Booth", by=by)))
    scenario.then_rejected(NOT_FOR_SALE, ("A-1", NOT_FOR_SALE), ("Booth", NOT_FOR_SALE))
    scenario.then_untouched("A-2").given(command(change(status, "A-2", by=by)))


def test_what_was_taken_before_is_given_back() -> None:
    scenario = SeatsScenario().given(book("A-1"), hold("A-2", "A-3", by=ALICE), book("A-4"))
    scenario.given([event_sold(opened())])
    scenario.given(release("A-1"), release("A-2", by=ALICE))
    scenario.when(book("A-1")).then_rejected(NOT_FOR_SALE)
    scenario.at(ALICE.expires_at).then_seats("A  . . . x .")


def test_a_hold_that_came_before_is_booked() -> None:
    scenario = SeatsScenario().given(hold("A-1", places("GA", 3), by=ALICE), book("B-1"))
    scenario.given([event_sold(closed("A-1", "GA", "B-1"))])
    scenario.given(book("A-1", places("GA", 3), by=ALICE)).then_area(taken={BOOKED: 3})
    scenario.given(command(change(CUSTOM, "B-1")))


def test_resale_is_not_above_what_is_for_sale() -> None:
    scenario = SeatsScenario().given(command(change(RESALE, "A-1")))
    scenario.given([event_sold(closed("A-1"))]).when(book("A-1")).then_rejected(NOT_FOR_SALE)


def test_resale_in_an_area_is_not_above_what_is_for_sale() -> None:
    scenario = SeatsScenario().given(command(change(RESALE, places("GA", 3))))
    scenario.given([event_sold(closed("GA"))]).when(book("GA")).then_rejected(NOT_FOR_SALE)
    scenario.given([event_sold(closed(GA=CAPACITY - 1))]).given(book(places("GA", 3)))
    scenario.then_area(taken={BOOKED: 3})


def test_a_free_seat_that_is_not_for_sale_is_released_like_any_other() -> None:
    theatre(closed("A-1")).given(release("A-1"))


@pytest.mark.parametrize(
    ("selling", "most"),
    [
        (closed(GA=4), CAPACITY - 4),
        (closed(GA=CAPACITY + 5), 0),
        (closed("GA"), 0),
        (closed("A-1"), CAPACITY),
        (opened(GA=4), 4),
        (opened(GA=CAPACITY + 5), CAPACITY),
        (opened("GA"), CAPACITY),
        (opened("A-1"), 0),
    ],
)
def test_places_that_are_not_for_sale_are_not_taken(selling: Selling, most: int) -> None:
    scenario = theatre(selling).when(book(places("GA", most + 1)))
    scenario.then_rejected(NOT_FOR_SALE if not most else Rejection.NOT_ENOUGH_PLACES)
    if most:
        scenario.given(book(places("GA", most))).then_area(taken={BOOKED: most})


def test_closing_more_places_than_are_free_leaves_none() -> None:
    scenario = SeatsScenario().given(book(places("GA", 7)), [event_sold(closed(GA=5))])
    scenario.when(book("GA")).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    scenario.given(release(places("GA", 3))).given(book("GA")).then_area(taken={BOOKED: 5})
    scenario.when(book("GA")).then_rejected(Rejection.NOT_ENOUGH_PLACES)


VENUE = Inventory(
    sections=[Section(label="Stalls")],
    blocks=[
        Row(label="A", section=0, seats=seats("1", "2")),
        Area(label="Pit", section=0, capacity=5, category="2"),
        Row(label="B", seats=Seats(labels=["1"], x=[0], y=[0], category="2")),
        Table(label="T1", seats=seats("1"), seat_count=1),
        Table(label="T2", seats=seats("1"), seat_count=1),
    ],
)
ALL = ["Stalls-A-1", "Stalls-A-2", "Stalls-Pit", "B-1", "T1-1", "T2-1"]


@pytest.mark.parametrize(
    ("config", "listed"),
    [
        (ForSale(for_sale=True, objects=["Stalls"]), ["Stalls-A-1", "Stalls-A-2", "Stalls-Pit"]),
        (ForSale(for_sale=True, objects=["T1"]), ["T1-1"]),
        (ForSale(for_sale=True, objects=["B"]), []),
        (ForSale(for_sale=True, categories=["2"]), ["Stalls-Pit", "B-1"]),
        (
            ForSale(for_sale=True, objects=["Stalls-A-1", "no"], categories=["2", "no"]),
            ["Stalls-A-1", "Stalls-Pit", "B-1"],
        ),
        (ForSale(for_sale=True, area_places={"Stalls-Pit": 1, "B-1": 1}), ["Stalls-Pit"]),
        (ForSale(for_sale=True), []),
    ],
)
def test_an_object_is_listed_by_label_section_table_or_category(
    config: ForSale, listed: list[str]
) -> None:
    event_map = EventMap(SeatMap(VENUE), Selling(for_sale=config))
    found = [place for place in event_map.chart if place.label in ALL]
    assert [place.label for place in found if event_map.is_for_sale(place)] == listed
    if not config.area_places:
        others = EventMap(
            event_map.chart,
            Selling(
                for_sale=ForSale(
                    for_sale=False, objects=config.objects, categories=config.categories
                )
            ),
        )
        assert [p.label for p in found if not others.is_for_sale(p)] == listed


@pytest.mark.parametrize("name", ["vip", "Very Important", "very important"])
def test_the_events_own_category_of_an_object_counts(name: str) -> None:
    selling = Selling(
        categories=[EventCategory(key="vip", label="Very Important")],
        object_categories={"B-1": "vip"},
        for_sale=ForSale(for_sale=True, categories=[name]),
    )
    event_map = EventMap(SeatMap(VENUE), selling)
    assert [place.label for place in event_map.chart if event_map.is_for_sale(place)] == ["B-1"]
