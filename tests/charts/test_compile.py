"""What a drawing means: labels, categories, places, and what becomes of faulty objects."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.charts.compile import compile_drawing
from engine.charts.inventory import SeatMap
from engine.charts.reading import drawing_from, read_drawing
from schemas.inventory import Point, SeatFlag, Table, decode, encode, inventory_hash
from tests.charts.venues import FOLDERS, Json, chart, compiled, mapped, row, seats

RESTRICTED = SeatFlag.RESTRICTED_VIEW


def in_section(**sub_chart: Any) -> Json:  # noqa: ANN401
    section = {"label": "S", "entrance": "North", "topLeft": {"x": 0.1, "y": 50}}
    return chart(sections=[{**section, "subChart": sub_chart}])


def test_everything_in_a_section_has_the_section_in_its_label() -> None:
    found = mapped(
        in_section(
            rows=[row("A", "1")],
            tables=[{"label": "T", "seats": seats("1")}],
            booths=[{"label": "B"}],
            generalAdmissionAreas=[{"label": "G", "capacity": 5}],
        )
    )
    assert found.labels == ["S-A-1", "S-T", "S-T-1", "S-B", "S-G"]
    assert [each.kind for each in found] == ["seat", "table", "seat", "booth", "area"]
    assert {each.section.label for each in found if each.section} == {"S"}


def test_a_row_may_name_a_section_that_is_not_drawn() -> None:
    found = mapped(chart(rows=[row("A", "1", sectionLabel="Stalls")]))
    seat = found.at(0)
    assert found.labels == ["Stalls-A-1"]
    assert seat.section is not None
    assert seat.section.label == "Stalls"


def test_places_in_a_section_are_absolute_and_free_of_rounding_noise() -> None:
    drawing = in_section(
        rows=[{"label": "A", "seats": [{"x": 0.2, "y": 1, "label": "1"}]}],
        booths=[{"label": "B", "center": {"x": 10, "y": 20}}],
        generalAdmissionAreas=[
            {"label": "G", "capacity": 5, "points": [{"x": 0, "y": 0}, {"x": 20, "y": 10}]},
            {"label": "H", "capacity": 5},
        ],
    )
    assert [each.position for each in mapped(drawing)] == [
        Point(0.3, 51),
        Point(10.1, 70),
        Point(10.1, 55),
        None,
    ]


def test_a_seat_keeps_its_own_category_and_inherits_otherwise() -> None:
    drawing = chart(
        rows=[
            {"label": "A", "categoryKey": 2, "seats": [*seats("1"), *seats("2", categoryKey=None)]}
        ]
    )
    drawing["categories"]["list"].append({"key": 2, "label": "Box"})
    assert [seat.category_key for seat in mapped(drawing)] == ["1", "2"]


def test_an_unknown_category_is_none() -> None:
    found = mapped(chart(rows=[{"label": "A", "seats": seats("1", categoryKey="gone")}]))
    assert found.at(0).category_key is None


def test_a_table_costs_what_its_first_seat_costs_unless_it_says_so() -> None:
    drawing = chart(
        tables=[
            {"label": "T1", "seats": seats("1")},
            {"label": "T2", "seats": seats("1"), "categoryKey": 2},
        ]
    )
    drawing["categories"]["list"].append({"key": 2, "label": "Box"})
    found = mapped(drawing)
    assert [each.category_key for each in found] == ["1", "1", "2", "1"]


def test_the_nearest_entrance_holds() -> None:
    drawing = in_section(
        rows=[{"label": "A", "seats": [*seats("1"), *seats("2", entrance="Stage door")]}],
        tables=[{"label": "T", "entrance": "South", "seats": seats("1")}],
        booths=[{"label": "B"}],
    )
    assert [each.entrance for each in mapped(drawing)] == [
        "North",
        "Stage door",
        "South",
        "South",
        "North",
    ]


@pytest.mark.parametrize(
    ("field", "flag"),
    [
        ("accessible", SeatFlag.ACCESSIBLE),
        ("restrictedView", SeatFlag.RESTRICTED_VIEW),
        ("companionSeat", SeatFlag.COMPANION_SEAT),
        ("liftUpArmrests", SeatFlag.LIFT_UP_ARMRESTS),
        ("hasLiftUpArmrests", SeatFlag.LIFT_UP_ARMRESTS),
        ("hearingImpaired", SeatFlag.HEARING_IMPAIRED),
        ("semiAmbulatorySeat", SeatFlag.SEMI_AMBULATORY_SEAT),
        ("signLanguageInterpretation", SeatFlag.SIGN_LANGUAGE_INTERPRETATION),
        ("plusSize", SeatFlag.PLUS_SIZE),
    ],
)
def test_a_seat_carries_the_flags_of_the_drawing(field: str, flag: SeatFlag) -> None:
    flagged = seats("2", **{field: True})
    cleared = seats("3", **{field: False})
    found = mapped(chart(rows=[{"label": "A", "seats": [*seats("1"), *flagged, *cleared]}]))
    assert [seat.flags for seat in found] == [SeatFlag(0), flag, SeatFlag(0)]


def test_several_flags_add_up() -> None:
    both = seats("1", accessible=True, restrictedView=True)
    found = mapped(chart(rows=[{"label": "A", "seats": both}]))
    assert found.at(0).flags == SeatFlag.ACCESSIBLE | RESTRICTED


def test_displayed_labels_and_types_are_kept_where_they_differ() -> None:
    drawing = chart(
        rows=[
            {
                "label": "A",
                "displayLabel": "Row A",
                "displayObjectType": "bench",
                "seats": [*seats("1"), *seats("2", displayLabel="Two")],
            },
            row("B", "1", displayObjectType="row"),
        ]
    )
    one, two, plain = mapped(drawing)
    assert [seat.displayed_label for seat in (one, two, plain)] == ["1", "Two", "1"]
    assert one.parent is not None
    assert (one.parent.displayed_label, one.parent.displayed_type) == ("Row A", "bench")
    assert plain.parent is not None
    assert (plain.parent.displayed_label, plain.parent.displayed_type) == (None, None)


def test_a_table_without_named_seats_still_counts_them() -> None:
    table = {"label": "T", "bookAsAWhole": True, "seats": seats("?", "?", "?")}
    found = mapped(chart(tables=[table]))
    assert found.labels == ["T"]
    assert found.places == 3
    assert found.at(0).table == Table(
        label="T",
        seats=compiled(chart(tables=[table])).blocks[0].seats,  # type: ignore[union-attr]
        seat_count=3,
        category="1",
        book_as_a_whole=True,
    )


def test_an_occupancy_that_varies_has_its_limits() -> None:
    table = {"label": "T", "seats": seats("1", "2", "3"), "variableOccupancy": True}
    limits = {"minOccupancy": 2, "maxOccupancy": 2}
    found = mapped(chart(tables=[table, {**table, **limits, "label": "U"}]))
    assert [
        (each.table.min_occupancy, each.table.max_occupancy)
        for each in found
        if each.kind == "table" and each.table
    ] == [(1, 3), (2, 2)]


def test_what_cannot_be_named_is_left_out_and_the_rest_is_there() -> None:
    drawing = chart(
        rows=[row("A", "1", "?", "1", "2"), row("?", "1"), row("A", "2", "3")],
        tables=[{"label": "?", "seats": seats("1")}, {"label": "A-1", "seats": seats("9")}],
        sections=[{"label": None, "subChart": {"rows": [row("Z", "1")]}}],
    )
    assert mapped(drawing).labels == ["A-1", "A-2", "A-3"]


def test_a_row_without_seats_leaves_no_trace() -> None:
    assert compiled(chart(rows=[row("A")])).blocks == []


def test_an_empty_drawing_gives_an_empty_inventory() -> None:
    found = SeatMap(compiled({"subChart": {}}))
    assert (len(found), found.places, found.find("A-1")) == (0, 0, None)


def test_floors_come_one_after_the_other() -> None:
    floors = [{"rows": [row("A", "1")]}, {"floorName": "U", "rows": [row("B", "1")]}]
    found = mapped({**chart(), "subChartFloors": floors})
    assert [(seat.label, seat.floor and seat.floor.name) for seat in found] == [
        ("A-1", "1"),
        ("B-1", "U"),
    ]


def test_a_section_of_a_zone_that_is_gone_is_in_no_zone() -> None:
    drawing = chart(sections=[{"label": "S", "zone": "x", "subChart": {"rows": [row("A", "1")]}}])
    section = mapped(drawing).at(0).section
    assert section is not None
    assert section.zone is None


def test_every_real_drawing_compiles_to_the_same_bytes_each_time() -> None:
    paths = [path for folder in FOLDERS for path in sorted(folder.glob("*.json"))]
    assert len(paths) == 6
    for path in paths:
        first, second = (
            encode(compile_drawing(read_drawing(path.read_bytes()))),
            encode(compile_drawing(drawing_from(json.loads(path.read_bytes())))),
        )
        assert inventory_hash(first) == inventory_hash(second)


own_labels = st.sampled_from(["1", "2", "3", "A", "B", "?", "", "é", "e\u0301"]) | st.none()
category_keys = st.sampled_from([1, "1", 2, "gone", None])
numbers = st.floats(-1e6, 1e6) | st.integers(-1000, 1000)
drawn_seats = st.lists(
    st.fixed_dictionaries(
        {"x": numbers, "y": numbers},
        optional={
            "label": own_labels,
            "categoryKey": category_keys,
            "accessible": st.booleans() | st.none(),
            "entrance": st.sampled_from(["North", None]),
            "displayLabel": st.sampled_from(["Seat", None]),
        },
    ),
    max_size=5,
)
drawn_rows = st.fixed_dictionaries(
    {"label": own_labels, "seats": drawn_seats}, optional={"categoryKey": category_keys}
)
drawn_tables = st.fixed_dictionaries(
    {"label": own_labels, "seats": drawn_seats},
    optional={"bookAsAWhole": st.booleans(), "variableOccupancy": st.booleans()},
)
drawn_areas = st.fixed_dictionaries(
    {"label": own_labels, "capacity": st.integers(0, 1000)},
    optional={"variableOccupancy": st.booleans(), "categoryKey": category_keys},
)
contents = st.fixed_dictionaries(
    {},
    optional={
        "rows": st.lists(drawn_rows, max_size=3),
        "tables": st.lists(drawn_tables, max_size=2),
        "booths": st.lists(st.fixed_dictionaries({"label": own_labels}), max_size=2),
        "generalAdmissionAreas": st.lists(drawn_areas, max_size=2),
    },
)
drawn_sections = st.fixed_dictionaries(
    {"label": own_labels, "subChart": contents}, optional={"zone": st.sampled_from(["z", "?"])}
)
drawings = st.builds(
    lambda content, sections: chart(**content, sections=sections),
    contents,
    st.lists(drawn_sections, max_size=2),
)


@settings(max_examples=150, deadline=None)
@given(drawings)
def test_any_drawing_compiles_and_comes_back_from_its_bytes(drawing: Json) -> None:
    inventory = compiled(drawing)
    encoded = encode(inventory)
    assert decode(encoded) == inventory
    assert encode(decode(encoded)) == encoded

    found = SeatMap(inventory)
    assert len(set(found.labels)) == len(found.labels) == len(found)
    for ordinal, each in enumerate(found):
        assert each.ordinal == ordinal
        again = found.find(each.label)
        assert again is not None
        assert (again.label, again.kind, again.block) == (each.label, each.kind, each.block)
        assert each.label.endswith(each.own_label)


@settings(max_examples=150, deadline=None)
@given(drawings)
def test_a_drawing_without_errors_loses_no_seat(drawing: Json) -> None:
    inventory = compiled(drawing)
    drawn = json.dumps(drawing).count('"x"') - 1  # one of them is the focal point's
    if not inventory.errors:
        assert SeatMap(inventory).places == drawn + capacities(drawing) + booths(drawing)


def capacities(drawing: Json) -> int:
    return sum(area["capacity"] for part in parts(drawing) for area in areas(part))


def booths(drawing: Json) -> int:
    return sum(len(part.get("booths", [])) for part in parts(drawing))


def areas(part: Json) -> list[Json]:
    found: list[Json] = part.get("generalAdmissionAreas", [])
    return found


def parts(drawing: Json) -> list[Json]:
    whole = drawing["subChart"]
    return [whole, *(section["subChart"] for section in whole["sections"])]
