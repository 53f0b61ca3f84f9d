"""Distances are right to the last bit, since ties between seats hang on it."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.charts.geometry import distance, single
from engine.charts.inventory import BookableObject
from schemas.inventory import Point
from tests.charts.venues import chart, mapped, row, seat_map

coordinates = st.floats(min_value=-1e6, max_value=1e6)


def test_the_first_seat_of_the_sample_chart_is_as_far_as_the_clients_expect() -> None:
    seats = seat_map("sampleChart")
    found = seats.find("A-1")
    assert found is not None
    assert seats.distance_to_focal_point(found) == 98.67842540608864


def test_plain_double_precision_would_give_another_distance() -> None:
    assert math.hypot(151.94 - 225, 99.56 - 33.23) != distance(151.94, 99.56, Point(225, 33.23))


@given(coordinates, coordinates, coordinates, coordinates)
def test_a_distance_is_near_the_exact_one(x: float, y: float, to_x: float, to_y: float) -> None:
    exact = math.hypot(x - to_x, y - to_y)
    assert distance(x, y, Point(to_x, to_y)) == pytest.approx(exact, rel=1e-5, abs=0.5)


@given(coordinates, coordinates)
def test_a_place_is_no_distance_from_itself(x: float, y: float) -> None:
    assert distance(x, y, Point(x, y)) == 0


@given(coordinates)
def test_rounding_to_single_precision_twice_changes_nothing(value: float) -> None:
    assert single(single(value)) == single(value)


def test_the_best_seats_of_the_sample_chart_are_nearest() -> None:
    seats = seat_map("sampleChart")
    by_distance = {seat.label: seats.distance_to_focal_point(seat) for seat in seats}
    nearest = sorted(by_distance, key=lambda label: (by_distance[label] or 0, label))
    assert nearest[:2] == ["A-5", "A-4"]


@pytest.mark.parametrize(
    ("zone", "nearest"), [("midtrack", "MT3-A-139"), ("finishline", "Goal Stand 4-A-1")]
)
def test_the_best_seat_of_a_zone_is_nearest_to_the_focal_point_of_the_zone(
    zone: str, nearest: str
) -> None:
    seats = seat_map("sampleChartWithZones")

    def far(seat: BookableObject) -> float:
        focal = seats.zone_focal_point(seat)
        assert focal is not None
        assert seat.position is not None
        return distance(seat.position.x, seat.position.y, focal)

    in_zone = [seat for seat in seats if seat.section and seat.section.zone == zone]
    assert min(in_zone, key=far).label == nearest


def test_without_a_focal_point_of_the_chart_there_is_no_distance_to_tell() -> None:
    seats = seat_map("sampleChartWithZones")
    assert {seats.distance_to_focal_point(seat) for seat in seats} == {None}


def test_seats_next_to_each_other_are_neighbours() -> None:
    seats = seat_map("sampleChart")
    assert seats.neighbours("A-4") == ("A-3", "A-5")
    assert seats.neighbours("A-1") == (None, "A-2")
    assert seats.neighbours("A-8") == ("A-7", None)
    assert seats.neighbours("B-1") == (None, "B-2")


def test_every_pair_in_a_row_of_the_stadium_is_told_from_both_sides() -> None:
    seats = seat_map("sampleChartWithZones")
    for left, right in pairwise(seats.labels):
        same_row = left.rsplit("-", 1)[0] == right.rsplit("-", 1)[0]
        assert seats.neighbours(left)[1] == (right if same_row else None)
        assert seats.neighbours(right)[0] == (left if same_row else None)


def test_areas_tables_their_seats_and_strangers_have_no_neighbours() -> None:
    assert seat_map("sampleChart").neighbours("GA1") == (None, None)
    assert seat_map("sampleChartWithTables").neighbours("T1") == (None, None)
    assert seat_map("sampleChartWithTables").neighbours("T1-2") == (None, None)
    assert seat_map("sampleChart").neighbours("Z-99") == (None, None)


def test_the_only_seat_of_a_row_has_no_neighbours() -> None:
    seats = mapped(chart(rows=[row("A", "1"), row("B", "1")]))
    assert seats.neighbours("A-1") == (None, None)
