"""The fast search and the definitions read aloud choose the same, ties included."""

import random
from typing import Any, TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.charts.inventory import SeatMap
from engine.seats.best_available import Preference
from schemas.commands import Wish
from schemas.inventory import (
    Area,
    Booth,
    Category,
    Floor,
    Inventory,
    Point,
    Row,
    SeatFlag,
    Seats,
    Section,
    Table,
    Zone,
)
from tests.charts.venues import seat_map
from tests.engine.best_available.offers import (
    chosen,
    engine_choice,
    oracle_choice,
)

CATEGORIES = [Category(key="1", label="Stalls"), Category(key="2", label="Circle")]
CATEGORY = st.sampled_from(["1", "2", None])
# Whole numbers in a small field make many ties.
COORDINATE = st.integers(min_value=-6, max_value=6).map(float)
POINT = st.builds(Point, COORDINATE, COORDINATE)


T = TypeVar("T")


def seldom(values: st.SearchStrategy[T]) -> st.SearchStrategy[T | None]:
    """Give one of the values in one case of six, and nothing otherwise."""
    return st.sampled_from([False] * 5 + [True]).flatmap(
        lambda is_set: values if is_set else st.none()
    )


@st.composite
def seats_columns(draw: st.DrawFn) -> Seats:
    count = draw(st.integers(min_value=1, max_value=9))
    left, top = draw(COORDINATE), draw(COORDINATE)
    places = st.integers(min_value=0, max_value=count - 1)
    accessible = draw(st.sets(places, max_size=count))
    others = draw(st.sets(places, max_size=2))
    return Seats(
        labels=[str(number) for number in range(1, count + 1)],
        x=[left + number for number in range(count)],
        y=[top] * count,
        category=draw(CATEGORY),
        categories={place: draw(CATEGORY) for place in sorted(others)},
        flags=dict.fromkeys(sorted(accessible), SeatFlag.ACCESSIBLE | SeatFlag.PLUS_SIZE)
        if draw(st.booleans())
        else {},
    )


@st.composite
def inventories(draw: st.DrawFn) -> Inventory:
    zones = [Zone(key=key, label=key, focal_point=draw(st.none() | POINT)) for key in "xy"]
    sections = [
        Section(label=label, zone=draw(st.sampled_from(["x", "y", None]))) for label in "PQ"
    ]
    floors = [Floor(name="1"), Floor(name="2", focal_point=draw(POINT))]
    with_floors = draw(st.booleans())
    blocks: list[Any] = []
    kinds = st.sampled_from(["row", "row", "row", "row", "table", "booth", "area"])
    for number, kind in enumerate(draw(st.lists(kinds, min_size=3, max_size=7))):
        common: dict[str, Any] = {
            "label": f"{kind}{number}",
            "section": draw(st.sampled_from([None, 0, 1])),
            "floor": draw(st.sampled_from([None, 0, 1])) if with_floors else None,
        }
        if kind == "row":
            blocks.append(Row(**common, seats=draw(seats_columns())))
            continue
        common |= {"position": draw(st.none() | POINT), "category": draw(CATEGORY)}
        if kind == "table":
            columns = draw(seats_columns())
            blocks.append(Table(**common, seats=columns, seat_count=len(columns.labels)))
        elif kind == "booth":
            blocks.append(Booth(**common))
        else:
            blocks.append(Area(**common, capacity=draw(st.integers(min_value=0, max_value=9))))
    return Inventory(
        categories=CATEGORIES,
        zones=zones,
        floors=floors if with_floors else [],
        sections=sections,
        focal_point=draw(POINT),
        blocks=blocks,
    )


@st.composite
def wishes(draw: st.DrawFn) -> Wish:
    names = st.sampled_from(["1", "2", "stalls", "CIRCLE", "nowhere"])
    number = draw(st.sampled_from([1, 2, 3, 4, 5, 6, 7, 9]))
    return Wish(
        number=number,
        categories=draw(seldom(st.lists(names, min_size=1, max_size=2).map(tuple))),
        zone=draw(seldom(st.sampled_from("xy"))),
        sections=draw(seldom(st.lists(st.sampled_from("PQ"), min_size=1, max_size=2).map(tuple))),
        accessible_seats=draw(st.sampled_from([0, 0, 0, 1, 2, number])),
        prevent_orphans=draw(st.booleans()),
    )


@settings(max_examples=300, deadline=None)
@given(inventories(), wishes(), st.data())
def test_on_any_chart_the_choice_is_the_oracles(
    inventory: Inventory, wish: Wish, data: st.DataObject
) -> None:
    seats = SeatMap(inventory)
    share = data.draw(st.sampled_from([0.0, 0.3, 0.6, 0.9]))
    dice = random.Random(data.draw(st.integers()))
    taken = [label for label in seats.labels if dice.random() < share]
    only = [label for label in seats.labels if dice.random() < 0.8] if share < 0.6 else None
    expected = oracle_choice(seats, wish, taken=taken, only=only)

    assert engine_choice(seats, Preference(seats), wish, taken=taken, only=only) == expected


SAMPLE_WISHES = st.builds(
    Wish,
    number=st.integers(min_value=1, max_value=12),
    categories=st.sampled_from([None, None, ("9",), ("cat2",)]),
    accessible_seats=st.sampled_from([0, 0, 1]),
    prevent_orphans=st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(SAMPLE_WISHES, st.sets(st.sampled_from(seat_map("sampleChart").labels)))
def test_on_the_sample_chart_the_choice_is_the_oracles(wish: Wish, taken: set[str]) -> None:
    expected = oracle_choice(seat_map("sampleChart"), wish, taken=taken)
    assert chosen("sampleChart", wish, taken=taken) == expected


STADIUM_WISHES = st.builds(
    Wish,
    number=st.sampled_from([1, 2, 3, 4, 8]),
    categories=st.sampled_from([None, None, ("1",), ("Mid track stand",)]),
    zone=st.sampled_from([None, None, "midtrack", "finishline"]),
    sections=st.sampled_from([None, None, ("MT1", "Goal Stand 3")]),
    prevent_orphans=st.booleans(),
)


@settings(max_examples=8, deadline=None)
@given(STADIUM_WISHES, st.sampled_from([0.5, 0.9, 0.97, 0.99, 0.999]), st.integers())
def test_in_the_stadium_the_choice_is_the_oracles(wish: Wish, share: float, seed: int) -> None:
    seats = seat_map("sampleChartWithZones")
    dice = random.Random(seed)
    taken = [label for label in seats.labels if dice.random() < share]
    expected = oracle_choice(seats, wish, taken=taken)
    assert chosen("sampleChartWithZones", wish, taken=taken) == expected
