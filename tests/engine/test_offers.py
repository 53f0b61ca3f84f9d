"""The sets of an event are what its map says of each object."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.seats.event_map import EventMap
from engine.seats.offering import refuse_offer
from engine.seats.offers import Offers
from schemas.commands import Change
from schemas.facts import BOOKED, FREE
from schemas.selling import (
    AS_THE_CHART_SAYS,
    Channel,
    EventCategory,
    ForSale,
    Selling,
    TableBooking,
)
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


CONFIGS = st.builds(
    ForSale,
    for_sale=st.booleans(),
    objects=st.lists(
        st.sampled_from(["T1", "T1-1", "T2", "T2-3", "Section A", "Section B-A-1", "nowhere"]),
        max_size=3,
    ),
    categories=st.lists(
        st.sampled_from(["1", "2", "vip", "Very important", "nothing"]), max_size=2
    ),
)
CHANNELS = st.lists(
    st.lists(st.sampled_from(["T1", "T1-1", "T2-1", "T2-2", "Section A-A-1"]), max_size=3),
    max_size=2,
)
KEYS = st.none() | st.lists(st.sampled_from(["c0", "c1", "NO_CHANNEL", "unknown"]), max_size=3)


@given(
    chart=st.sampled_from(["sampleChartWithTables", "sampleChartWithSections"]),
    config=st.none() | CONFIGS,
    objects=CHANNELS,
    keys=KEYS,
    ignore=st.booleans(),
)
def test_what_is_offered_is_what_a_change_may_take(
    chart: str,
    config: ForSale | None,
    objects: list[list[str]],
    keys: list[str] | None,
    ignore: bool,  # noqa: FBT001 - hypothesis names it
) -> None:
    """Both are worked out from the same words, the one as sets and the other for each object."""
    seats = seat_map(chart)
    channels = [
        Channel(id=f"id{n}", key=f"c{n}", name="c", color="#fff", objects=[*dict.fromkeys(labels)])
        for n, labels in enumerate(objects)
        if not set(labels) & {label for others in objects[:n] for label in others}
    ]
    selling = Selling(categories=[VIP], object_categories=MOVED, channels=channels, for_sale=config)
    event_map = EventMap(seats, selling)
    offers = Offers(event_map)
    change = Change(event=1, status=BOOKED, objects=[], channel_keys=keys, ignore_channels=ignore)
    takable = [
        found.label
        for found in seats
        if event_map.sells(found) and refuse_offer(event_map, found, FREE, change) is None
    ]
    assert offers.for_sale & offers.open_to(change) == offers.set_of(takable)
