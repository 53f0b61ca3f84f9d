"""What each step of the search prefers: results known of the vendor's charts, and small rows."""

from typing import Any

import pytest

from engine.charts.geometry import distance
from engine.charts.inventory import SeatMap
from engine.seats.best_available import Choice, Offer, Preference, choose
from schemas.commands import Wish
from schemas.inventory import Point
from tests.charts.venues import Json, chart, mapped, row, seat_map, seats
from tests.engine.best_available.offers import (
    chosen,
    engine_choice,
    in_categories,
    preference,
)

STADIUM = "sampleChartWithZones"


def labels(choice: Choice | None) -> list[str]:
    assert choice is not None
    return choice.labels


def wish(number: int, **fields: Any) -> Wish:  # noqa: ANN401
    return Wish(number=number, **fields)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (wish(1), ["A-5"]),
        (wish(2), ["A-4", "A-5"]),
        (wish(3), ["A-4", "A-5", "A-6"]),
        (wish(3, categories=("10",)), ["C-4", "C-5", "C-6"]),
        (wish(3, categories=("Cat2",)), ["C-4", "C-5", "C-6"]),
        (wish(3, categories=("cAT2",)), ["C-4", "C-5", "C-6"]),
        (wish(3, accessible_seats=1), ["A-6", "A-7", "A-8"]),
        (wish(1, accessible_seats=1), ["A-7"]),
        # Row A without its accessible seat has no eight, and row B is as good as new.
        (wish(8), [f"B-{number}" for number in range(1, 9)]),
    ],
)
def test_the_best_of_the_sample_chart(asked: Wish, expected: list[str]) -> None:
    assert chosen("sampleChart", asked) == Choice(expected, next_to_each_other=True)


def test_with_the_best_two_gone_no_seat_is_left_alone_unless_that_is_allowed() -> None:
    taken = ["A-4", "A-5"]
    assert labels(chosen("sampleChart", wish(2), taken=taken)) == ["B-4", "B-5"]
    allowed = wish(2, prevent_orphans=False)
    assert labels(chosen("sampleChart", allowed, taken=taken)) == ["A-2", "A-3"]


def test_only_what_the_caller_may_take_is_chosen() -> None:
    assert labels(chosen("sampleChart", wish(1), only=["A-6"])) == ["A-6"]
    assert chosen("sampleChart", wish(2), only=["A-6"]) is None


@pytest.mark.parametrize(
    ("zone", "number", "expected"),
    [
        ("midtrack", 1, ["MT3-A-139"]),
        ("midtrack", 2, ["MT3-A-138", "MT3-A-139"]),
        ("finishline", 1, ["Goal Stand 4-A-1"]),
        ("finishline", 2, ["Goal Stand 4-A-1", "Goal Stand 4-A-2"]),
    ],
)
def test_the_best_of_a_zone_are_near_its_own_focal_point(
    zone: str, number: int, expected: list[str]
) -> None:
    assert labels(chosen(STADIUM, wish(number, zone=zone))) == expected


@pytest.mark.parametrize(
    ("section", "expected"),
    [("Section A", "Section A-A-1"), ("Section B", "Section B-A-1")],
)
def test_the_best_of_a_section(section: str, expected: str) -> None:
    assert labels(chosen("sampleChartWithSections", wish(1, sections=(section,)))) == [expected]


@pytest.mark.parametrize(
    "asked",
    [
        wish(3000),
        wish(1, categories=("no such category",)),
        wish(1, sections=("no such section",)),
        wish(1, zone="no such zone"),
        wish(2, accessible_seats=2),
        wish(1, categories=()),
        wish(0),
        wish(1, accessible_seats=2),
        wish(1, accessible_seats=-1),
        wish(10**9),
        wish(10**9, accessible_seats=1),
    ],
)
def test_what_is_not_there_is_not_found(asked: Wish) -> None:
    assert chosen("sampleChart", asked) is None


def test_a_chart_without_focal_point_has_no_best_seats() -> None:
    assert chosen("sampleChartWithFloors", wish(1)) is None


def test_the_distance_that_decides_is_the_one_that_clients_know() -> None:
    nearness = preference("sampleChart").nearness(None)
    found = seat_map("sampleChart").find("A-1")
    assert found is not None
    assert seat_map("sampleChart").distance_to_focal_point(found) == 98.67842540608864
    bit = preference("sampleChart").layout.bit(found)
    assert nearness.distance(bit) == round(98.67842540608864 * 2**32)
    assert distance(151.94, 99.56, Point(225, 33.23)) == 98.67842540608864


# Below: one or two rows, the focal point at seat 1, seats ten apart.


def best(picture: str, number: int, **fields: Any) -> list[str]:  # noqa: ANN401
    """Choose from rows such as `A  . . x`: free, free, taken; `w` is a free accessible seat."""
    found = choose_in(drawn(picture), picture, wish(number, **fields))
    return [] if found is None else found.labels


def drawn(picture: str) -> SeatMap:
    rows = []
    for depth, line in enumerate(picture.strip().splitlines()):
        label, *symbols = line.split()
        made = seats(*(str(number) for number in range(1, len(symbols) + 1)))
        for seat, symbol in zip(made, symbols, strict=True):
            seat |= {"y": 10 * depth, "accessible": symbol == "w"}
        rows.append({"label": label, "seats": made})
    return mapped(chart(rows=rows))


def choose_in(seat_map_: SeatMap, picture: str, asked: Wish) -> Choice | None:
    symbols = [symbol for line in picture.strip().splitlines() for symbol in line.split()[1:]]
    taken = [
        label for label, symbol in zip(seat_map_.labels, symbols, strict=True) if symbol == "x"
    ]
    return engine_choice(seat_map_, Preference(seat_map_), asked, taken=taken)


@pytest.mark.parametrize(
    ("picture", "number", "expected"),
    [
        # A seat that would be left alone at an end of the row, or between two parties.
        ("A  . . .", 2, ["A-1", "A-2"]),  # it cannot be helped
        ("A  . . . x\nB  . . .  . .", 2, ["B-1", "B-2"]),
        ("A  x . . . . x", 2, ["A-2", "A-3"]),
        ("A  x . . . . . x", 2, ["A-2", "A-3"]),
        ("A  x . . . . x\nB  x x x x x x", 1, ["A-2"]),
        ("A  . . x\nB  . . .", 1, ["B-1"]),
        # A seat that is alone already does not count, and is a good seat for one.
        ("A  . x . . . .", 2, ["A-3", "A-4"]),
        ("A  . x . . .", 1, ["A-1"]),
        # An accessible seat is not for everybody, and still somebody's: it is no orphan's end.
        ("A  . . . w x", 2, ["A-1", "A-2"]),
        ("A  . . w x", 2, ["A-1", "A-2"]),
    ],
)
def test_no_seat_is_left_alone_where_it_can_be_helped(
    picture: str, number: int, expected: list[str]
) -> None:
    assert best(picture, number) == expected


def test_seats_of_others_count_as_free_neighbours_but_those_not_for_sale_do_not() -> None:
    seat_map_ = drawn("A  . . .\nB  . . .")
    prepared = Preference(seat_map_)
    first_two = prepared.layout.set_of(["A-1", "A-2", "B-1", "B-2"])
    everything = Offer(prepared.all, first_two, lambda _: 0, in_categories(seat_map_))
    assert labels(choose(prepared, everything, wish(1))) == ["A-1"]
    for_sale = prepared.all & ~prepared.layout.set_of(["A-3"])
    some = Offer(for_sale, first_two, lambda _: 0, in_categories(seat_map_))
    assert labels(choose(prepared, some, wish(1))) == ["B-1"]


@pytest.mark.parametrize(
    ("picture", "number", "expected"),
    [
        # Pairs, rather than one person ahead of the others.
        ("A  . x . .\nB  . . x .", 4, ["A-3", "A-4", "B-1", "B-2"]),
        # Three and two: the farthest seat that can be spared is given up.
        ("A  . . x .\nB  . . . x", 4, ["A-1", "A-2", "B-1", "B-2"]),
        # An odd party needs three in a row somewhere.
        ("A  . . x . .\nB  . . x . . .", 5, ["A-1", "A-2", "B-4", "B-5", "B-6"]),
        # It cannot be helped: as few alone as possible, in the nearest seats.
        ("A  . x . x . .", 3, ["A-1", "A-5", "A-6"]),
        ("A  . x . x .", 2, ["A-1", "A-3"]),
        ("A  . . x . . x . .", 3, ["A-1", "A-2", "A-4"]),
    ],
)
def test_a_party_without_a_row_sits_in_company_near_the_focal_point(
    picture: str, number: int, expected: list[str]
) -> None:
    found = choose_in(drawn(picture), picture, wish(number))
    assert found == Choice(expected, next_to_each_other=False)


def test_of_two_windows_equally_near_the_first_in_drawing_order() -> None:
    far, near = row("A", "1"), row("B", "1", "2")
    far["seats"][0]["x"] = 10
    seat_map_ = mapped(chart(rows=[far, near]))
    found = engine_choice(seat_map_, Preference(seat_map_), wish(1), taken=["B-1"])
    assert labels(found) == ["A-1"]


def sections(apart: float = 100, **rows: list[Json]) -> SeatMap:
    """Give sections beside each other, the first nearest."""
    return mapped(
        chart(
            sections=[
                {
                    "label": label,
                    "categoryKey": 1,
                    "topLeft": {"x": apart * number, "y": 0},
                    "subChart": {"rows": content},
                }
                for number, (label, content) in enumerate(rows.items())
            ]
        )
    )


def test_a_party_apart_stays_in_one_section_if_one_is_large_enough() -> None:
    near, far = [row("A", "1", "2")], [row("A", "1", "2"), row("B", "1")]
    seat_map_ = sections(P=near, Q=far)
    found = engine_choice(seat_map_, Preference(seat_map_), wish(3))
    assert found == Choice(["Q-A-1", "Q-A-2", "Q-B-1"], next_to_each_other=False)
    found = engine_choice(seat_map_, Preference(seat_map_), wish(4))
    assert found == Choice(["P-A-1", "P-A-2", "Q-A-1", "Q-A-2"], next_to_each_other=False)


def test_of_two_sections_the_one_where_nobody_sits_alone() -> None:
    near, far = [row("A", "1", "2"), row("B", "1"), row("C", "1")], [row("A", "1", "2")] * 2
    far[1] = row("B", "1", "2")
    seat_map_ = sections(P=near, Q=far)
    found = engine_choice(seat_map_, Preference(seat_map_), wish(4))
    assert labels(found) == ["Q-A-1", "Q-A-2", "Q-B-1", "Q-B-2"]


def at(label: str, *places: float) -> Json:
    """Give a row whose seats stand at these distances from the focal point."""
    made = row(label, *(str(number) for number in range(1, len(places) + 1)))
    for seat, place in zip(made["seats"], places, strict=True):
        seat["x"] = place
    return made


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # The nearest seat of all is in the first section, the nearest party in the second.
        ([at("A", 1, 90), at("B", 90, 90)], [at("A", 2, 2), at("B", 2, 2)], "Q"),
        # As near in both, and the first in drawing order has the farther nearest seat.
        ([at("A", 10, 10), at("B", 10, 10)], [at("A", 10, 10), at("B", 10, 10), at("C", 1)], "P"),
    ],
)
def test_of_two_sections_the_nearest_party_and_then_the_first_drawn(
    first: list[Json], second: list[Json], expected: str
) -> None:
    seat_map_ = sections(apart=0, P=first, Q=second)
    found = engine_choice(seat_map_, Preference(seat_map_), wish(4), taken=["Q-C-1"])
    assert labels(found) == [f"{expected}-{seat}" for seat in ("A-1", "A-2", "B-1", "B-2")]


@pytest.mark.parametrize(
    ("picture", "number", "accessible", "expected"),
    [
        ("A  . . w . w", 3, 2, ["A-3", "A-4", "A-5"]),
        ("A  . . w .", 2, 1, ["A-3", "A-4"]),  # and nobody is left alone
        # No three in a row: the companions sit beside the accessible seat.
        ("A  . . x w .\nB  . . x x x", 3, 1, ["A-1", "A-4", "A-5"]),
        ("A  w x . w", 2, 1, ["A-3", "A-4"]),
        # Where nobody can sit beside it, the nearest.
        ("A  w x . . .", 3, 1, ["A-1", "A-3", "A-4"]),
        ("A  w x . . .", 2, 1, ["A-1", "A-3"]),
        ("A  w x . . .", 3, 2, []),
        ("A  w w w", 2, 1, []),
    ],
)
def test_exactly_as_many_accessible_seats_as_asked_for_with_company_beside_them(
    picture: str, number: int, accessible: int, expected: list[str]
) -> None:
    assert best(picture, number, accessible_seats=accessible) == expected


def test_without_asking_nobody_gets_an_accessible_seat() -> None:
    assert best("A  w w", 1) == []


def fair(**fields: Any) -> SeatMap:  # noqa: ANN401
    table = {"center": {"x": 50, "y": 0}, "radius": 10, "categoryKey": 1}
    return mapped(
        chart(
            rows=[row("A", "1", "2")],
            tables=[{**table, "label": "T1", "seats": seats("1", "2", "3")}],
            booths=[
                {"label": f"B{number}", "center": {"x": 10 * number, "y": 9}, "categoryKey": 1}
                for number in (3, 2, 1)
            ],
            generalAdmissionAreas=[
                {"label": label, "capacity": 40, "center": {"x": x, "y": 0}, "categoryKey": 1}
                for label, x in (("far", 90), ("near", 80))
            ],
            **fields,
        )
    )


def test_after_the_seats_come_tables_and_booths_and_then_one_area() -> None:
    seat_map_ = fair()
    prepared = Preference(seat_map_)

    def ask(number: int, taken: list[str]) -> Choice | None:
        return engine_choice(seat_map_, prepared, wish(number), taken=taken)

    by_seat, as_wholes = ["T1"], ["T1-1", "T1-2", "T1-3"]
    # Seats at a table are a row of their own.
    at_the_table = Choice(["T1-1", "T1-2", "T1-3"], next_to_each_other=True)
    assert ask(3, by_seat) == at_the_table
    assert ask(3, as_wholes) == Choice(["B3", "B2", "B1"], next_to_each_other=None)
    assert ask(4, as_wholes) == Choice(["T1", "B3", "B2", "B1"], next_to_each_other=None)
    assert ask(6, as_wholes) == Choice(["near"] * 6, next_to_each_other=None)
    assert ask(41, as_wholes) is None


def test_an_area_counts_only_with_the_places_that_are_left() -> None:
    seat_map_ = fair()
    prepared = Preference(seat_map_)
    areas = prepared.layout.set_of(["near", "far"])
    left = {"near": 1, "far": 2}
    offer = Offer(prepared.all, areas, left.__getitem__, in_categories(seat_map_))
    assert labels(choose(prepared, offer, wish(1))) == ["near"]
    assert labels(choose(prepared, offer, wish(2))) == ["far", "far"]
    assert choose(prepared, offer, wish(3)) is None
    assert choose(prepared, offer, wish(1, accessible_seats=1)) is None
