"""The checks name everything that is wrong with a chart, and nothing that is right."""

import pytest

from engine.charts.reading import drawing_from, read_drawing
from engine.charts.validate import Concerned, Finding, Flaw, validate
from tests.charts.venues import Json, chart, document, inventory, row, seats


def errors(drawing: Json) -> dict[str, list[str]]:
    return labels(validate(drawing_from(drawing)).errors)


def warnings(drawing: Json) -> dict[str, list[str]]:
    return labels(validate(drawing_from(drawing)).warnings)


def labels(findings: list[Finding]) -> dict[str, list[str]]:
    return {finding.code.name: [each.label for each in finding.objects] for finding in findings}


def test_the_broken_drawing_has_three_errors_each_with_its_seats() -> None:
    found = validate(read_drawing(document("sampleChartWithErrors")))
    in_row_a = "subChart.rows[0].seats"
    assert found.errors == [
        Finding(
            Flaw.DUPLICATE_LABELS,
            [Concerned("A-1", f"{in_row_a}[0]"), Concerned("A-1", f"{in_row_a}[1]")],
        ),
        Finding(Flaw.OBJECTS_WITHOUT_CATEGORIES, [Concerned("A-4", f"{in_row_a}[3]")]),
        Finding(Flaw.UNLABELED_OBJECTS, [Concerned("A-?", f"{in_row_a}[2]")]),
    ]
    assert [finding.code for finding in found.warnings] == [
        Flaw.FOCAL_POINT,
        Flaw.OBJECT_TYPES_PER_CATEGORY,
    ]


@pytest.mark.parametrize(
    ("name", "warned"),
    [
        ("sampleChart", ["VALIDATE_OBJECT_TYPES_PER_CATEGORY"]),
        ("sampleChartWithSections", []),
        ("sampleChartWithTables", []),
        ("sampleChartWithFloors", ["VALIDATE_FOCAL_POINT"]),
        ("sampleChartWithZones", []),
    ],
)
def test_the_sound_drawings_have_no_errors(name: str, warned: list[str]) -> None:
    assert inventory(name).errors == []
    assert inventory(name).warnings == warned


def test_the_inventory_carries_the_codes_of_the_errors() -> None:
    assert inventory("sampleChartWithErrors").errors == [
        "VALIDATE_DUPLICATE_LABELS",
        "VALIDATE_OBJECTS_WITHOUT_CATEGORIES",
        "VALIDATE_UNLABELED_OBJECTS",
    ]


def test_a_sound_chart_passes() -> None:
    drawing = chart(rows=[row("A", "1", "2"), row("B", "1", "2")])
    assert errors(drawing) == {}
    assert warnings(drawing) == {}


def test_an_empty_chart_passes() -> None:
    assert errors({"subChart": {}}) == {}
    assert warnings({"subChart": {}}) == {}


def test_every_bearer_of_a_label_is_named_whatever_it_is() -> None:
    booth = {"label": "A-1", "categoryKey": 1}
    drawing = chart(rows=[row("A", "1", "2"), row("A", "2", "1")], booths=[booth])
    assert errors(drawing) == {"DUPLICATE_LABELS": ["A-2", "A-2", "A-1", "A-1", "A-1"]}


def test_labels_that_only_differ_in_unicode_form_are_the_same() -> None:
    drawing = chart(rows=[row("A", "\u00e9", "e\u0301")])
    assert errors(drawing) == {"DUPLICATE_LABELS": ["A-\u00e9", "A-\u00e9"]}


@pytest.mark.parametrize("label", ["?", "", " ", None])
def test_an_object_without_a_label_is_named_by_what_is_known(label: str | None) -> None:
    unlabeled = {**seats("2")[0], "label": label}
    rows = [row("A", "1"), {"label": label, "seats": seats("1")}]
    rows[0]["seats"].append(unlabeled)
    area = {"label": label, "capacity": 5, "categoryKey": 1}
    found = errors(chart(rows=rows, generalAdmissionAreas=[area]))
    assert found == {"UNLABELED_OBJECTS": ["A-?", "?-1", "?"]}


def test_objects_in_a_section_without_a_label_are_unlabeled() -> None:
    section = {"label": "?", "subChart": {"rows": [row("A", "1")]}}
    assert errors(chart(sections=[section])) == {"UNLABELED_OBJECTS": ["?-A-1"]}


def test_the_seats_of_a_table_that_is_sold_whole_need_no_labels() -> None:
    table = {"label": "T", "bookAsAWhole": True, "seats": seats("?", "?")}
    assert errors(chart(tables=[table])) == {}
    by_seat = {**table, "bookAsAWhole": False}
    assert errors(chart(tables=[by_seat])) == {"UNLABELED_OBJECTS": ["T-?", "T-?"]}


def test_a_category_that_the_chart_does_not_have_is_none() -> None:
    drawing = chart(rows=[{"label": "A", "seats": seats("1", categoryKey=7)}])
    assert errors(drawing) == {"OBJECTS_WITHOUT_CATEGORIES": ["A-1"]}


def test_a_category_may_come_from_row_table_or_section() -> None:
    uncategorized = seats("1", categoryKey=None)
    drawing = chart(
        rows=[{"label": "A", "categoryKey": 1, "seats": uncategorized}],
        tables=[{"label": "T", "categoryKey": "1", "seats": uncategorized}],
        sections=[
            {
                "label": "S",
                "categoryKey": 1,
                "subChart": {
                    "rows": [{"label": "A", "seats": uncategorized}],
                    "booths": [{"label": "B"}],
                    "generalAdmissionAreas": [{"label": "G", "capacity": 1}],
                },
            }
        ],
    )
    assert errors(drawing) == {}


def test_a_category_of_seats_and_areas_is_warned_of() -> None:
    area = {"label": "G", "capacity": 5, "categoryKey": 1}
    drawing = chart(rows=[row("A", "1")], generalAdmissionAreas=[area])
    assert warnings(drawing) == {"OBJECT_TYPES_PER_CATEGORY": ["Stalls"]}


def test_a_category_of_whole_tables_and_booths_is_warned_of() -> None:
    table = {"label": "T", "bookAsAWhole": True, "categoryKey": 1, "seats": []}
    drawing = chart(tables=[table], booths=[{"label": "B", "categoryKey": 1}])
    assert warnings(drawing) == {"OBJECT_TYPES_PER_CATEGORY": ["Stalls"]}


def test_a_zone_with_a_focal_point_serves_its_sections_only() -> None:
    lit, dark = {"label": "S", "zone": "z"}, {"label": "T"}
    rows = {"rows": [row("A", "1")]}
    zones = {"list": [{"key": "z", "label": "Z", "focalPoint": {"x": 1, "y": 1}}]}
    drawing = chart(focalPoint=None, sections=[{**lit, "subChart": rows}]) | {"zones": zones}
    assert warnings(drawing) == {}
    drawing["subChart"]["sections"].append({**dark, "subChart": rows})
    assert warnings(drawing) == {"FOCAL_POINT": ["focal point"]}


def test_a_floor_without_objects_is_warned_of() -> None:
    focal = {"x": 0, "y": 0}
    floors = [
        {"floorName": "1", "focalPoint": focal, "rows": [row("A", "1")]},
        {"floorName": "2", "floorDisplayName": "Gallery", "rows": [row("B")]},
    ]
    drawing = {**chart(), "subChart": None, "subChartFloors": floors}
    assert warnings(drawing) == {"EMPTY_FLOOR": ["Gallery"]}
