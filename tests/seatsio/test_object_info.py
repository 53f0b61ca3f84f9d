from typing import Any

import pytest

from api.seatsio.object_info import (
    UNTOUCHED,
    Seen,
    after,
    displayed_label,
    info,
    infos,
)
from engine.charts.inventory import SeatMap
from engine.seats.event_map import EventMap
from schemas.commands import Origin
from schemas.facts import AreaCounts, StatusChanged
from schemas.inventory import Area, Booth, Inventory, Row, Seats, Table
from schemas.selling import Selling, TableBooking
from tests.charts.venues import seat_map

NO_FLAGS = {
    "isAccessible": False,
    "hasRestrictedView": False,
    "isCompanionSeat": False,
    "hasLiftUpArmrests": False,
    "isHearingImpaired": False,
    "isSemiAmbulatorySeat": False,
    "hasSignLanguageInterpretation": False,
    "isPlusSize": False,
}
NO_SEASON = {"seasonStatusOverriddenQuantity": 0, "seasonStatusOverriddenQuantities": {}}


def described(venue: str, label: str, seen: Seen = UNTOUCHED) -> dict[str, Any]:
    event_map = EventMap(seat_map(venue))
    found = event_map.find(label)
    assert found is not None
    return info(event_map, found, seen)


def changed(label: str, status: str, **fields: Any) -> StatusChanged:  # noqa: ANN401
    return StatusChanged(
        event=1,
        seq=1,
        label=label,
        status=status,
        previous_status="free",
        origin=Origin(),
        **fields,
    )


def test_a_seat_is_described_whole() -> None:
    assert described("sampleChart", "A-1") == {
        "label": "A-1",
        "labels": {"own": {"label": "1", "type": "seat"}, "parent": {"label": "A", "type": "row"}},
        "ids": {"own": "1", "parent": "A"},
        "categoryKey": "9",
        "categoryLabel": "Cat1",
        "objectType": "seat",
        "status": "free",
        "forSale": True,
        "isAvailable": True,
        "availabilityReason": "available",
        "rightNeighbour": "A-2",
        "distanceToFocalPoint": 98.67842540608864,
        **NO_FLAGS,
        **NO_SEASON,
    }


def test_an_area_is_described_whole() -> None:
    area = AreaCounts(taken={"booked": 5, "lolzor": 1}, held=5)
    holds = {"t1": {"NO_TICKET_TYPE": 2}, "t2": {"adult": 3}}
    about = described("sampleChart", "GA1", Seen("reservedByToken", area=area, area_holds=holds))
    del about["distanceToFocalPoint"]
    assert about == {
        "label": "GA1",
        "labels": {"own": {"label": "GA1", "type": "generalAdmission"}},
        "ids": {"own": "GA1"},
        "categoryKey": "9",
        "categoryLabel": "Cat1",
        "objectType": "generalAdmission",
        "status": "reservedByToken",
        "forSale": True,
        "isAvailable": True,
        "availabilityReason": "available",
        "capacity": 100,
        "areaType": "generalAdmission",
        "numBooked": 6,
        "numFree": 89,
        "numHeld": 5,
        "numNotForSale": 0,
        "holds": {"t1": {"NO_TICKET_TYPE": 2}, "t2": {"adult": 3}},
        "bookAsAWhole": False,
        "variableOccupancy": True,
        "minOccupancy": 1,
        "maxOccupancy": 100,
        **NO_SEASON,
    }


@pytest.mark.parametrize(
    ("venue", "label", "expected"),
    [
        ("sampleChart", "A-7", {"isAccessible": True, "leftNeighbour": "A-6"}),
        (
            "sampleChartWithSections",
            "Section A-A-1",
            {
                "section": "Section A",
                "entrance": "Entrance 1",
                "ids": {"own": "1", "parent": "A", "section": "Section A"},
                "labels": {
                    "own": {"label": "1", "type": "seat"},
                    "parent": {"label": "A", "type": "row"},
                    "section": "Section A",
                    "entrance": {"label": "Entrance 1"},
                },
            },
        ),
        ("sampleChartWithZones", "MT3-A-139", {"zone": "midtrack", "section": "MT3"}),
        ("sampleChartWithFloors", "S1-A-1", {"floor": {"name": "1", "displayName": "Floor 1"}}),
        (
            "sampleChartWithTables",
            "T1-1",
            {
                "objectType": "seat",
                "ids": {"own": "1", "parent": "T1"},
                "labels": {
                    "own": {"label": "1", "type": "seat"},
                    "parent": {"label": "T1", "type": "table"},
                },
            },
        ),
        (
            "sampleChartWithTables",
            "T2",
            {"objectType": "table", "numSeats": 6, "bookAsAWhole": True, "ids": {"own": "T2"}},
        ),
    ],
)
def test_what_the_chart_says_is_shown(venue: str, label: str, expected: dict[str, Any]) -> None:
    about = described(venue, label)
    assert {name: about[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("as_a_whole", "variable", "area_type", "table_type"),
    [
        (False, False, "generalAdmission", "bookBySeat"),
        (False, True, "generalAdmission", "bookBySeat"),
        (True, False, "fixedOccupancy", "bookByTable"),
        (True, True, "variableOccupancy", "variableOccupancy"),
    ],
)
def test_areas_and_tables_say_how_the_chart_sells_them(
    as_a_whole: bool,  # noqa: FBT001
    variable: bool,  # noqa: FBT001
    area_type: str,
    table_type: str,
) -> None:
    seats = Seats(labels=["1"], x=[0], y=[0])
    blocks: list[Row | Table | Booth | Area] = [
        Area(label="GA", capacity=5, book_as_a_whole=as_a_whole, variable_occupancy=variable),
        Table(
            label="T",
            seats=seats,
            seat_count=1,
            book_as_a_whole=as_a_whole,
            variable_occupancy=variable,
        ),
    ]
    by_table = Selling(tables=TableBooking(mode="all_by_table"))
    event_map = EventMap(SeatMap(Inventory(blocks=blocks)), by_table)
    area, table = event_map.find("GA"), event_map.find("T")
    assert area is not None
    assert table is not None
    assert info(event_map, area, UNTOUCHED)["areaType"] == area_type
    assert info(event_map, table, UNTOUCHED)["tableType"] == table_type


def test_seats_have_no_fields_of_areas_and_nothing_is_null() -> None:
    about = described("sampleChart", "A-1", Seen("booked", None, "o", "t", {"a": 1}))
    assert not {"capacity", "numBooked", "holds", "bookAsAWhole", "holdToken"} & about.keys()
    assert None not in about.values()
    assert (about["orderId"], about["ticketType"], about["extraData"]) == ("o", "t", {"a": 1})


@pytest.mark.parametrize("label", ["T1", "T2-1", "A-1", "nowhere"])
def test_what_does_not_count_is_not_there(label: str) -> None:
    assert EventMap(seat_map("sampleChartWithTables")).find(label) is None


def test_a_table_sold_as_a_whole_says_what_the_chart_says_of_it() -> None:
    """Sold as a whole by its event alone, T1 is no table that the chart books as a whole."""
    by_table = Selling(tables=TableBooking(mode="all_by_table"))
    event_map = EventMap(seat_map("sampleChartWithTables"), by_table)
    for label, is_whole_on_chart in (("T1", False), ("T2", True)):
        found = event_map.find(label)
        assert found is not None
        about = info(event_map, found, Seen())
        assert (about["objectType"], about["numSeats"]) == ("table", 6)
        assert about["bookAsAWhole"] is is_whole_on_chart
        assert about["tableType"] == ("bookByTable" if is_whole_on_chart else "bookBySeat")
        assert about["labels"]["own"] == {"label": label, "type": "table"}
        assert not {"isAccessible", "capacity", "numBooked"} & about.keys()


@pytest.mark.parametrize(
    ("status", "available", "reason"),
    [
        ("free", True, "available"),
        ("booked", False, "booked"),
        ("reservedByToken", False, "reservedByToken"),
        ("lolzor", False, "lolzor"),
    ],
)
def test_a_seat_is_available_while_it_is_free(status: str, available: object, reason: str) -> None:
    about = described("sampleChart", "A-1", Seen(status))
    assert (about["isAvailable"], about["availabilityReason"]) == (available, reason)


def test_an_area_is_available_while_a_place_is_free() -> None:
    full = described("sampleChart", "GA1", Seen("booked", area=AreaCounts(taken={"booked": 100})))
    assert (full["numFree"], full["isAvailable"]) == (0, False)
    assert full["availabilityReason"] == "booked"


def test_a_fact_shows_its_token_only_while_it_holds() -> None:
    assert after(changed("A-1", "reservedByToken", hold_token="h")).hold_token == "h"
    assert after(changed("A-1", "booked", hold_token="h")).hold_token is None
    area = AreaCounts(held=3, own={"NO_TICKET_TYPE": 1})
    assert after(changed("GA1", "reservedByToken", hold_token="h", area=area)).hold_token is None


def test_a_fact_about_an_area_shows_all_counts_and_what_its_own_token_holds() -> None:
    def shown(**fields: Any) -> dict[str, Any]:  # noqa: ANN401
        seats = seat_map("sampleChart")
        about = infos(EventMap(seats), [changed("GA1", "booked", **fields)])["GA1"]
        return {name: about[name] for name in ("numBooked", "numHeld", "numFree", "holds")}

    counts = {"numBooked": 2, "numHeld": 7, "numFree": 91}
    area = AreaCounts(taken={"booked": 2}, held=7, own={"adult": 3})
    assert shown(hold_token="h", area=area) == {**counts, "holds": {"h": {"adult": 3}}}
    area = AreaCounts(taken={"booked": 2}, held=7)
    assert shown(hold_token="h", area=area) == {**counts, "holds": {}}
    assert shown(area=area) == {**counts, "holds": {}}


def test_of_several_changes_the_last_one_shows() -> None:
    facts = [changed("A-1", "booked"), changed("A-2", "booked"), changed("A-1", "free")]
    shown = infos(EventMap(seat_map("sampleChart")), facts)
    assert {label: about["status"] for label, about in shown.items()} == {
        "A-1": "free",
        "A-2": "booked",
    }


def test_a_displayed_label_is_given_where_it_differs() -> None:
    seats = seat_map("sampleChart")
    found = seats.find("A-1")
    assert found is not None
    assert displayed_label(found) is None
