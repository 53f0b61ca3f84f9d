from typing import Any

import pytest

from api.seatsio.reports.dimensions import CHART_DIMENSIONS, EVENT_DIMENSIONS
from api.seatsio.reports.stock import Stock, Tables, chart_stock, event_stock
from api.seatsio.reports.summaries import UNTOUCHED, Touched, summary, tally
from engine.charts.inventory import SeatMap
from engine.seats.event_map import EventMap
from schemas.facts import AreaCounts, ChannelCounts
from schemas.selling import Channel, EventCategory, ForSale, Selling
from tests.charts.venues import chart, mapped, row, seat_map

JSON = dict[str, Any]
SUMMARIES = [one.name for one in EVENT_DIMENSIONS if one.name != "bySelectability"]


def of_event(
    seats: SeatMap, name: str, touched: Touched = UNTOUCHED, *, deep: bool = False
) -> JSON:
    stock = event_stock(EventMap(seats))
    return summary(stock.event_map, tally(stock, touched), name, EVENT_DIMENSIONS, deep=deep)


def of_chart(stock: Stock, name: str) -> JSON:
    return summary(stock.event_map, tally(stock), name, CHART_DIMENSIONS)


def counts(told: JSON) -> dict[str, int]:
    return {bucket: item["count"] for bucket, item in told.items()}


def test_a_summary_is_told_whole() -> None:
    touched = Touched({"booked": ["A-1", "A-2"]}, {"GA1": AreaCounts(held=3)})
    assert of_event(seat_map("sampleChart"), "byStatus", touched) == {
        "booked": {
            "count": 2,
            "bySection": {"NO_SECTION": 2},
            "byCategoryKey": {"9": 2},
            "byCategoryLabel": {"Cat1": 2},
            "byZone": {"NO_ZONE": 2},
            "byObjectType": {"seat": 2},
            "byAvailability": {"not_available": 2},
            "byAvailabilityReason": {"booked": 2},
            "bySelectability": {"not_selectable": 2},
            "byChannel": {"NO_CHANNEL": 2},
        },
        "reservedByToken": {
            "count": 3,
            "bySection": {"NO_SECTION": 3},
            "byCategoryKey": {"9": 3},
            "byCategoryLabel": {"Cat1": 3},
            "byZone": {"NO_ZONE": 3},
            "byObjectType": {"generalAdmission": 3},
            "byAvailability": {"not_available": 3},
            "byAvailabilityReason": {"reservedByToken": 3},
            "bySelectability": {"not_selectable": 3},
            "byChannel": {"NO_CHANNEL": 3},
        },
        "free": {
            "count": 227,
            "bySection": {"NO_SECTION": 227},
            "byCategoryKey": {"9": 111, "10": 116},
            "byCategoryLabel": {"Cat1": 111, "Cat2": 116},
            "byZone": {"NO_ZONE": 227},
            "byObjectType": {"seat": 30, "generalAdmission": 197},
            "byAvailability": {"available": 227},
            "byAvailabilityReason": {"available": 227},
            "bySelectability": {"selectable": 227},
            "byChannel": {"NO_CHANNEL": 227},
        },
    }


@pytest.mark.parametrize(
    ("venue", "name", "expected"),
    [
        ("sampleChart", "byStatus", {"free": 232}),
        ("sampleChart", "bySection", {"NO_SECTION": 232}),
        ("sampleChart", "byChannel", {"NO_CHANNEL": 232}),
        ("sampleChart", "byAvailability", {"available": 232}),
        ("sampleChart", "byZone", {"NO_ZONE": 232}),
        (
            "sampleChart",
            "byCategoryKey",
            {"9": 116, "10": 116, "string11": 0, "NO_CATEGORY": 0},
        ),
        ("sampleChart", "byCategoryLabel", {"Cat1": 116, "Cat2": 116, "Cat3": 0, "NO_CATEGORY": 0}),
        (
            "sampleChart",
            "byObjectType",
            {"seat": 32, "table": 0, "booth": 0, "generalAdmission": 200},
        ),
        (
            "sampleChart",
            "byAvailabilityReason",
            {
                "available": 232,
                "booked": 0,
                "reservedByToken": 0,
                "disabled_by_social_distancing": 0,
                "not_for_sale": 0,
            },
        ),
        (
            "sampleChartWithZones",
            "byZone",
            {"finishline": 2865, "midtrack": 6032, "NO_ZONE": 0},
        ),
        ("sampleChartWithSections", "bySection", {"Section A": 36, "Section B": 35}),
        # A table that is sold as a whole counts its seats.
        (
            "sampleChartWithTables",
            "byObjectType",
            {"seat": 6, "table": 6, "booth": 0, "generalAdmission": 0},
        ),
    ],
)
def test_a_new_event_has_its_places_in_these_buckets(
    venue: str, name: str, expected: dict[str, int]
) -> None:
    assert counts(of_event(seat_map(venue), name)) == expected


def test_a_bucket_that_always_shows_has_no_counts_of_nothing() -> None:
    names = {one.name for one in EVENT_DIMENSIONS}
    empty = of_event(seat_map("sampleChart"), "byCategoryKey")["NO_CATEGORY"]
    assert empty == {"count": 0} | {
        name: {} for name in names - {"byCategoryKey", "byCategoryLabel"}
    }
    deep = of_event(seat_map("sampleChart"), "byObjectType", deep=True)["table"]
    assert deep == {"count": 0} | {name: {} for name in names - {"byObjectType"}}


@pytest.mark.parametrize("name", SUMMARIES)
def test_an_empty_chart_has_only_what_always_shows(name: str) -> None:
    told = of_event(mapped(chart()), name)
    always = {
        "byCategoryKey": {"1", "NO_CATEGORY"},
        "byCategoryLabel": {"Stalls", "NO_CATEGORY"},
        "byObjectType": {"seat", "table", "booth", "generalAdmission"},
        "byAvailabilityReason": {
            "available",
            "booked",
            "reservedByToken",
            "disabled_by_social_distancing",
            "not_for_sale",
        },
    }
    assert set(told) == always.get(name, set())
    assert sum(counts(told).values()) == 0


def test_a_custom_status_is_a_reason_of_its_own() -> None:
    touched = Touched({"lolzor": ["A-1"]}, {"GA1": AreaCounts(taken={"booked": 2, "lolzor": 5})})
    told = counts(of_event(seat_map("sampleChart"), "byAvailabilityReason", touched))
    assert told == {
        "available": 224,
        "booked": 2,
        "lolzor": 6,
        "reservedByToken": 0,
        "disabled_by_social_distancing": 0,
        "not_for_sale": 0,
    }


def test_categories_with_one_label_are_counted_together() -> None:
    drawing = chart(rows=[row("A", "1", "2")])
    drawing["categories"]["list"].append({"key": 2, "label": "Stalls", "color": "#000"})
    drawing["subChart"]["rows"][0]["seats"][1]["categoryKey"] = 2
    seats = mapped(drawing)
    assert counts(of_event(seats, "byCategoryLabel")) == {"Stalls": 2, "NO_CATEGORY": 0}
    assert counts(of_event(seats, "byCategoryKey")) == {"1": 1, "2": 1, "NO_CATEGORY": 0}


def test_categories_of_an_event_come_after_those_of_its_chart() -> None:
    selling = Selling(
        categories=[EventCategory(key="own", label="Own"), EventCategory(key="none", label="None")],
        object_categories={"A-1": "own", "A-2": "10", "GA1": "own"},
    )
    stock = event_stock(EventMap(seat_map("sampleChart"), selling))
    told = summary(stock.event_map, tally(stock), "byCategoryKey", EVENT_DIMENSIONS)
    assert counts(told) == {
        "9": 14,
        "10": 117,
        "string11": 0,
        "own": 101,
        "none": 0,
        "NO_CATEGORY": 0,
    }


def test_what_is_touched_and_not_sold_counts_nothing() -> None:
    # T2 is sold as a whole, T1 by the seat; A-1 is on no chart like this.
    touched = Touched({"booked": ["T1", "T2-1", "A-1"]}, {"GA1": AreaCounts(held=2)})
    told = of_event(seat_map("sampleChartWithTables"), "byStatus", touched)
    assert counts(told) == {"free": 12}


def test_a_deep_summary_goes_one_level_further() -> None:
    touched = Touched({"booked": ["A-1", "C-1"]}, {})
    told = of_event(seat_map("sampleChart"), "byStatus", touched, deep=True)
    assert told["booked"]["count"] == 2
    assert told["booked"]["byCategoryLabel"] == {
        bucket: {
            "count": 1,
            "bySection": {"NO_SECTION": 1},
            "byZone": {"NO_ZONE": 1},
            "byObjectType": {"seat": 1},
            "byAvailability": {"not_available": 1},
            "byAvailabilityReason": {"booked": 1},
            "bySelectability": {"not_selectable": 1},
            "byChannel": {"NO_CHANNEL": 1},
        }
        for bucket in ("Cat1", "Cat2")
    }
    assert told["free"]["byObjectType"]["seat"]["byCategoryKey"] == {"9": 15, "10": 15}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        (Tables.BOTH, {"seat": 12, "table": 2}),
        (Tables.AS_DRAWN, {"seat": 6, "table": 1}),
        (Tables.WHOLE, {"seat": 0, "table": 2}),
        (Tables.BY_SEAT, {"seat": 12, "table": 0}),
    ],
)
def test_a_chart_counts_the_tables_that_were_asked_for(
    tables: Tables, expected: dict[str, int]
) -> None:
    told = of_chart(chart_stock(seat_map("sampleChartWithTables"), tables), "byObjectType")
    assert counts(told) == {**expected, "booth": 0, "generalAdmission": 0}


def test_a_summary_of_a_chart_is_told_whole() -> None:
    stock = chart_stock(seat_map("sampleChart"), Tables.BOTH)
    assert of_chart(stock, "byObjectType") == {
        "seat": {
            "count": 32,
            "bySection": {"NO_SECTION": 32},
            "byCategoryKey": {"9": 16, "10": 16},
            "byCategoryLabel": {"Cat1": 16, "Cat2": 16},
            "byZone": {"NO_ZONE": 32},
        },
        "table": _nothing("bySection", "byCategoryKey", "byCategoryLabel", "byZone"),
        "booth": _nothing("bySection", "byCategoryKey", "byCategoryLabel", "byZone"),
        "generalAdmission": {
            "count": 200,
            "bySection": {"NO_SECTION": 200},
            "byCategoryKey": {"9": 100, "10": 100},
            "byCategoryLabel": {"Cat1": 100, "Cat2": 100},
            "byZone": {"NO_ZONE": 200},
        },
    }
    assert of_chart(stock, "byCategoryLabel")["Cat3"] == _nothing(
        "bySection", "byZone", "byObjectType"
    )


def test_places_of_an_area_count_by_their_own_channel_and_by_what_is_for_sale() -> None:
    channel = Channel(id="one", key="k", name="", color="", area_places={"GA1": 10})
    for_sale = ForSale(for_sale=False, area_places={"GA1": 92})
    event_map = EventMap(seat_map("sampleChart"), Selling(channels=[channel], for_sale=for_sale))
    area = AreaCounts(
        taken={"booked": 3}, held=2, channels={"one": ChannelCounts(taken={"booked": 1}, held=2)}
    )
    counted = tally(event_stock(event_map), Touched({}, {"GA1": area}))
    told = summary(event_map, counted, "byChannel", EVENT_DIMENSIONS)
    assert {key: item["byAvailabilityReason"] for key, item in told.items()} == {
        "NO_CHANNEL": {"available": 132, "booked": 2, "not_for_sale": 88},
        "k": {"available": 3, "booked": 1, "reservedByToken": 2, "not_for_sale": 4},
    }
    assert told["k"]["byStatus"] == {"free": 7, "booked": 1, "reservedByToken": 2}
    assert told["k"]["bySelectability"] == {"selectable": 3, "not_selectable": 7}


def _nothing(*names: str) -> JSON:
    return {"count": 0, **{name: {} for name in names}}
