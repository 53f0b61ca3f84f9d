import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seatlog.demo.choice import FreeSeats, Zipf, choose, party_max
from seatlog.demo.seating import Seating, seating_of
from tests.charts.venues import seat_map

# Two rows, A-1..A-4 and B-1..B-4; A-2 is the most wanted, B-4 the least.
HALL = Seating(
    labels=["A-1", "A-2", "A-3", "A-4", "B-1", "B-2", "B-3", "B-4"],
    rows=[0, 0, 0, 0, 1, 1, 1, 1],
    ranking=[1, 2, 0, 3, 5, 4, 6, 7],
)
MOST_WANTED = 0.0
LEAST_WANTED = 0.999999


def labels(ordinals: list[int]) -> list[str]:
    return [HALL.labels[ordinal] for ordinal in ordinals]


def hall_without(*taken: str) -> FreeSeats:
    free = FreeSeats(HALL)
    for label in taken:
        free.take(HALL.labels.index(label))
    return free


def test_the_seat_of_rank_r_is_wanted_1_over_r_as_often_as_the_first() -> None:
    zipf, pick = Zipf(1_000), random.Random(1)
    wanted = Counter(zipf.rank(1_000, pick.random()) for _ in range(100_000))
    for rank in (1, 2, 4, 9):
        assert wanted[rank] * (rank + 1) == pytest.approx(wanted[0], rel=0.1)


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_a_rank_is_always_below_the_number_of_seats(n: int, draw: float) -> None:
    assert 0 <= Zipf(50).rank(n, draw) < n


@pytest.mark.parametrize(
    ("taken", "party", "draw", "expected"),
    [
        ([], 1, MOST_WANTED, ["A-2"]),
        ([], 1, LEAST_WANTED, ["B-4"]),
        ([], 3, MOST_WANTED, ["A-2", "A-3", "A-4"]),
        ([], 4, MOST_WANTED, ["A-1", "A-2", "A-3", "A-4"]),
        (["A-3"], 2, MOST_WANTED, ["A-1", "A-2"]),
        (["A-1", "A-3"], 2, MOST_WANTED, ["A-2", "A-4"]),
        (["A-1", "A-2", "A-3", "A-4"], 2, MOST_WANTED, ["B-2", "B-3"]),
        (["A-1", "A-2", "A-3", "A-4", "B-1", "B-2", "B-3"], 4, MOST_WANTED, ["B-4"]),
        (list(HALL.labels), 2, MOST_WANTED, []),
    ],
)
def test_a_party_sits_together_where_it_can_and_splits_where_it_must(
    taken: list[str], party: int, draw: float, expected: list[str]
) -> None:
    assert labels(choose(HALL, hall_without(*taken), Zipf(8), party, draw)) == expected


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 7))),
    st.integers(1, party_max),
    st.floats(0, 1, exclude_max=True),
)
def test_what_is_chosen_is_free_each_seat_once_and_as_many_as_there_are(
    history: list[tuple[bool, int]], party: int, draw: float
) -> None:
    free, expected = FreeSeats(HALL), set(range(8))
    for takes, ordinal in history:
        if takes:
            free.take(ordinal)
            expected.discard(ordinal)
        else:
            free.give_back(ordinal)
            expected.add(ordinal)
    assert len(free) == len(expected)
    chosen = choose(HALL, free, Zipf(8), party, draw)
    assert set(chosen) <= expected
    assert len(chosen) == len(set(chosen)) == min(party, len(expected))


def test_the_stadium_has_8897_seats_and_the_nearest_to_a_focal_point_is_the_most_wanted() -> None:
    stadium = seat_map("sampleChartWithZones")
    seating = seating_of(stadium)
    assert len(seating) == 8_897
    assert sorted(seating.ranking) == list(range(8_897))
    nearest = [
        distance_to_zone(seating.labels[seating.ranking[rank]]) for rank in (0, 100, 5_000, 8_896)
    ]
    assert nearest == sorted(nearest)
    assert nearest[0] < nearest[-1]


def distance_to_zone(label: str) -> float:
    stadium = seat_map("sampleChartWithZones")
    found = stadium.find(label)
    assert found is not None
    focal = stadium.zone_focal_point(found)
    assert focal is not None
    assert found.position is not None
    return math.hypot(found.position.x - focal.x, found.position.y - focal.y)


def test_seats_of_different_rows_are_not_beside_one_another() -> None:
    seating = seating_of(seat_map("sampleChart"))
    rows = {
        label.split("-")[0]: row for label, row in zip(seating.labels, seating.rows, strict=True)
    }
    assert sorted(rows) == ["A", "B", "C", "D"]
    assert len(set(rows.values())) == 4
