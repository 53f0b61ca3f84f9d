"""The sets of an event are what its map says of each object."""

import pytest

from engine.seats.event_map import EventMap
from engine.seats.offers import Offers
from schemas.selling import AS_THE_CHART_SAYS, EventCategory, Selling, TableBooking
from tests.charts.venues import seat_map

CHART = seat_map("sampleChartWithTables")
BY_TABLE = TableBooking(mode="custom", by_label={"T1": "by_table"})
VIP = EventCategory(key="vip", label="Very Important", color="#aa0")
MOVED = {"T1-1": "vip", "T2": "vip", "T1-2": "no such category", "nowhere": "vip"}


@pytest.mark.parametrize(
    "selling",
    [
        AS_THE_CHART_SAYS,
        Selling(tables=TableBooking(mode="all_by_seat")),
        Selling(tables=TableBooking(mode="all_by_table")),
        Selling(tables=BY_TABLE),
    ],
)
def test_of_a_table_either_the_whole_is_sold_or_the_seats(selling: Selling) -> None:
    event_map = EventMap(CHART, selling)
    offers = Offers(event_map)
    sold = [label for label in CHART.labels if event_map.find(label) is not None]
    assert 0 < len(sold) < len(CHART)
    assert offers.sold == offers.set_of(sold)


@pytest.mark.parametrize("name", ["vip", "VERY important", "1", "Cat1", "nothing"])
def test_categories_are_those_that_the_event_gives_its_objects(name: str) -> None:
    event_map = EventMap(CHART, Selling(categories=[VIP], object_categories=MOVED))
    offers = Offers(event_map)
    keys = [c.key for c in event_map.categories if name.casefold() in (c.key, c.label.casefold())]
    labels = [found.label for found in CHART if event_map.category_key(found) in keys]
    assert offers.in_categories([name]) == offers.set_of(labels)


def test_what_is_taken_is_noted_once_and_let_go_again() -> None:
    offers = Offers(EventMap(CHART), ["T1-1"])
    for label, is_taken in (("T1-1", True), ("T1-2", True), ("T1-2", True), ("nowhere", True)):
        offers.note(label, is_taken=is_taken)
    assert offers.taken == offers.set_of(["T1-1", "T1-2"])
    for label in ("T1-1", "T1-1", "T1-3"):
        offers.note(label, is_taken=False)
    assert offers.taken == offers.set_of(["T1-2"])
