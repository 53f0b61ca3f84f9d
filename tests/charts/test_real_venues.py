"""The real drawings compile to exactly what is known of them."""

from collections import Counter

import pytest

from engine.charts.inventory import BookableObject
from schemas.inventory import Category, Floor, Point, SeatFlag
from tests.charts.venues import inventory, seat_map


def labels_of(*rows: str, seats: int) -> list[str]:
    return [f"{row}-{seat}" for row in rows for seat in range(1, seats + 1)]


SECTION_A = [f"Section A-{row}" for row in "ABCDEF"]
SECTION_B = [f"Section B-{row}" for row in "ABCDEFG"]


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("sampleChart", [*labels_of(*"ABCD", seats=8), "GA1", "GA2"]),
        (
            "sampleChartWithSections",
            [*labels_of(*SECTION_A, seats=6), *labels_of(*SECTION_B, seats=5)],
        ),
        (
            "sampleChartWithTables",
            ["T1", *labels_of("T1", seats=6), "T2", *labels_of("T2", seats=6)],
        ),
        ("sampleChartWithFloors", ["S1-A-1", "S1-A-2", "S2-B-1", "S2-B-2"]),
        (
            "sampleChartWithErrors",
            ["A-1", *labels_of("A", seats=8)[3:], *labels_of(*"BCD", seats=8), "GA1", "34"],
        ),
    ],
)
def test_a_real_drawing_gives_exactly_its_objects_in_drawing_order(
    name: str, labels: list[str]
) -> None:
    found = seat_map(name)
    assert found.labels == labels
    assert [each.label for each in found] == labels
    assert [each.ordinal for each in found] == list(range(len(labels)))


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("sampleChart", 232),
        ("sampleChartWithSections", 71),
        ("sampleChartWithTables", 12),
        ("sampleChartWithFloors", 4),
        ("sampleChartWithErrors", 230),
        ("sampleChartWithZones", 8_897),
    ],
)
def test_places_count_seats_and_capacities_but_no_table_twice(name: str, places: int) -> None:
    assert seat_map(name).places == places


def test_the_stadium_has_8897_seats_in_four_sections_and_two_zones() -> None:
    sections: Counter[str] = Counter()
    zones: Counter[str | None] = Counter()
    rows: dict[str, set[int]] = {}
    for seat in seat_map("sampleChartWithZones"):
        assert seat.kind == "seat"
        assert seat.section is not None
        sections[seat.section.label] += 1
        zones[seat.section.zone] += 1
        rows.setdefault(seat.section.label, set()).add(id(seat.row))

    assert sections == {"Goal Stand 4": 650, "Goal Stand 3": 2215, "MT1": 2418, "MT3": 3614}
    assert {label: len(found) for label, found in rows.items()} == {
        "Goal Stand 4": 25,
        "Goal Stand 3": 54,
        "MT1": 26,
        "MT3": 26,
    }
    assert zones == {"finishline": 2865, "midtrack": 6032}
    assert len(seat_map("sampleChartWithZones")) == 8_897


def test_seats_of_the_stadium_inherit_their_category_from_the_section() -> None:
    keys = Counter(seat.category_key for seat in seat_map("sampleChartWithZones"))
    assert keys == {"1": 2865, "2": 6032}


def test_category_keys_are_text_and_remember_that_they_were_numbers() -> None:
    assert inventory("sampleChart").categories == [
        Category(key="9", label="Cat1", color="#87A9CD", key_is_int=True),
        Category(key="10", label="Cat2", color="#5E42ED", key_is_int=True),
        Category(key="string11", label="Cat3", color="#5E42BB"),
    ]


def test_a_seat_of_the_sample_chart_knows_all_about_itself() -> None:
    seat = found_in("sampleChart", "A-7")
    assert (seat.kind, seat.capacity, seat.category_key) == ("seat", 1, "9")
    assert seat.parent is not None
    assert (seat.own_label, seat.parent.label, seat.section, seat.floor) == ("7", "A", None, None)
    assert seat.flags == SeatFlag.ACCESSIBLE
    assert seat.position == Point(271.94, 99.56)


def test_only_one_seat_of_the_sample_chart_is_accessible() -> None:
    assert [seat.label for seat in seat_map("sampleChart") if seat.flags] == ["A-7"]


def test_an_area_of_variable_occupancy_holds_from_one_to_its_capacity() -> None:
    variable, fixed = found_in("sampleChart", "GA1"), found_in("sampleChart", "GA2")
    assert (variable.kind, variable.capacity, variable.category_key) == ("area", 100, "9")
    assert variable.area is not None
    assert variable.area.variable_occupancy
    assert (variable.area.min_occupancy, variable.area.max_occupancy) == (1, 100)
    assert not variable.area.book_as_a_whole
    assert fixed.area is not None
    assert (fixed.area.min_occupancy, fixed.area.max_occupancy) == (None, None)


def test_a_seat_in_a_section_has_its_section_entrance_and_absolute_place() -> None:
    seat = found_in("sampleChartWithSections", "Section B-A-1")
    assert seat.section is not None
    assert (seat.section.label, seat.entrance, seat.category_key) == (
        "Section B",
        "Entrance 2",
        "4",
    )
    assert seat.position == Point(206.19, 45.25)


def test_tables_know_their_seats_and_whether_they_are_sold_whole() -> None:
    by_seat, whole = (
        found_in("sampleChartWithTables", "T1"),
        found_in("sampleChartWithTables", "T2"),
    )
    assert (by_seat.kind, by_seat.capacity, by_seat.category_key) == ("table", 1, "9")
    assert by_seat.table is not None
    assert whole.table is not None
    assert (by_seat.table.seat_count, by_seat.table.book_as_a_whole) == (6, False)
    assert (whole.table.seat_count, whole.table.book_as_a_whole) == (6, True)
    assert found_in("sampleChartWithTables", "T2-3").parent is whole.table


def test_seats_know_their_floor() -> None:
    floors = [seat.floor for seat in seat_map("sampleChartWithFloors")]
    first, second = (
        Floor(name="1", displayed_name="Floor 1"),
        Floor(name="2", displayed_name="Floor 2"),
    )
    assert floors == [first, first, second, second]


@pytest.mark.parametrize(
    ("name", "supported"),
    [
        ("sampleChart", True),
        ("sampleChartWithZones", True),
        ("sampleChartWithFloors", False),
        ("sampleChartWithErrors", False),
    ],
)
def test_best_available_needs_a_focal_point_of_the_chart_or_of_a_zone(
    name: str, *, supported: bool
) -> None:
    assert seat_map(name).supports_best_available is supported


def test_of_two_seats_with_one_label_the_first_is_kept() -> None:
    seats = seat_map("sampleChartWithErrors")
    assert found_in("sampleChartWithErrors", "A-1").position == Point(151.94, 9.0)
    assert "A-?" not in seats
    assert found_in("sampleChartWithErrors", "A-4").category_key is None


def found_in(name: str, label: str) -> BookableObject:
    found = seat_map(name).find(label)
    assert found is not None
    return found
