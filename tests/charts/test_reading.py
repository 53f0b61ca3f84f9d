"""What cannot be read is refused with the place of the fault."""

import json
from typing import Any

import pytest

from engine.charts import reading
from engine.charts.reading import DrawingError, drawing_from, read_drawing
from tests.charts.venues import Json, chart, document, row, seats


def refusal(drawing: object) -> str:
    with pytest.raises(DrawingError) as refused:
        drawing_from(drawing)
    return str(refused.value)


def with_seat(**fields: Any) -> Json:  # noqa: ANN401
    rows = [row("A", "1"), row("B", "1", "2", "3")]
    rows[1]["seats"][2] |= fields
    return chart(rows=rows)


@pytest.mark.parametrize(
    ("fields", "refused"),
    [
        ({"x": "3"}, "x: expected a number"),
        ({"x": True}, "x: expected a number"),
        ({"x": None}, "x: expected a number"),
        ({"y": float("nan")}, "y: expected a finite number"),
        ({"y": float("inf")}, "y: expected a finite number"),
        ({"x": 1e30}, "x: input should be less than or equal to 1000000000"),
        ({"label": 3}, "label: expected a text"),
        ({"label": "a\x00b"}, "label: has a control character"),
        ({"label": "\ud800"}, "label: has a lone surrogate"),
        ({"label": "x" * 501}, "label: string should have at most 500 characters"),
        ({"label": "x" * 99}, "label: the full label is longer than 100 characters"),
        ({"accessible": "yes"}, "accessible: expected true or false"),
        ({"accessible": 1}, "accessible: expected true or false"),
        (
            {"categoryKey": True},
            (
                "categoryKey: expected a whole number from 0 to 2^53 - 1, "
                "or a text of 1 to 100 characters"
            ),
        ),
    ],
)
def test_a_faulty_seat_is_refused_with_its_place(fields: Json, refused: str) -> None:
    assert refusal(with_seat(**fields)) == f"subChart.rows[1].seats[2].{refused}"


def test_a_missing_coordinate_is_named() -> None:
    drawing = with_seat()
    del drawing["subChart"]["rows"][0]["seats"][0]["y"]
    assert refusal(drawing) == "subChart.rows[0].seats[0].y: is missing"


def test_a_fault_inside_a_section_is_named_with_the_section() -> None:
    section = {"label": "S", "subChart": {"rows": [row("A", "1"), 5]}}
    assert refusal(chart(sections=[section])) == (
        "subChart.sections[0].subChart.rows[1]: expected an object"
    )


def test_further_faults_are_counted() -> None:
    drawing = chart(rows=[{"label": "A", "seats": seats("1", "2", "3", x="left")}])
    assert refusal(drawing) == (
        "subChart.rows[0].seats[0].x: expected a number (and 2 more such faults)"
    )


@pytest.mark.parametrize(
    ("sub_chart", "refused"),
    [
        ({"rows": {}}, "subChart.rows: expected a list"),
        ({"focalPoint": {"x": 1}}, "subChart.focalPoint.y: is missing"),
        (
            {"generalAdmissionAreas": [{"label": "GA"}]},
            "subChart.generalAdmissionAreas[0].capacity: is missing",
        ),
        (
            {"generalAdmissionAreas": [{"label": "GA", "capacity": -1}]},
            (
                "subChart.generalAdmissionAreas[0].capacity: "
                "input should be greater than or equal to 0"
            ),
        ),
        (
            {"generalAdmissionAreas": [{"label": "GA", "capacity": 10.5}]},
            "subChart.generalAdmissionAreas[0].capacity: expected a whole number",
        ),
        (
            {
                "generalAdmissionAreas": [
                    {"label": "GA", "capacity": 10, "variableOccupancy": True, "maxOccupancy": 11}
                ]
            },
            "subChart.generalAdmissionAreas[0].maxOccupancy: 11 is more than its 10 places",
        ),
        (
            {
                "tables": [
                    {
                        "label": "T",
                        "seats": seats("1", "2"),
                        "variableOccupancy": True,
                        "minOccupancy": 3,
                    }
                ]
            },
            "subChart.tables[0].minOccupancy: 3 is more than the most that it may hold, 2",
        ),
        (
            {"sections": [{"label": "S", "subChart": {"sections": [{"label": "T"}]}}]},
            (
                "subChart.sections[0].subChart.sections: "
                "sections inside sections are not part of the format"
            ),
        ),
    ],
)
def test_a_faulty_chart_is_refused_with_the_place(sub_chart: Json, refused: str) -> None:
    assert refusal(chart(**sub_chart)) == refused


def test_two_categories_with_one_key_are_refused_whatever_its_type() -> None:
    entries = [{"key": 9, "label": "One"}, {"key": "9", "label": "Other"}]
    assert refusal({"categories": {"list": entries}, "subChart": {}}) == (
        "categories.list[1].key: '9' is the key of categories.list[0] already"
    )


def test_two_zones_with_one_key_are_refused() -> None:
    zones = {"list": [{"key": "z", "label": "One"}, {"key": "z", "label": "Other"}]}
    assert refusal({"zones": zones, "subChart": {}}) == (
        "zones.list[1].key: 'z' is the key of zones.list[0] already"
    )


@pytest.mark.parametrize("drawing", [{}, {"subChart": None}, {"subChartFloors": []}])
def test_a_drawing_without_a_chart_is_refused(drawing: Json) -> None:
    assert refusal(drawing) == "subChart: is missing, and there is no subChartFloors either"


@pytest.mark.parametrize("drawing", [None, [], "chart", 5])
def test_what_is_no_object_is_refused(drawing: object) -> None:
    assert refusal(drawing) == "the drawing: expected an object"


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"subChart": {}} trailing',
        b'{"subChart": NaN}',
        b'{"subChart": {}, "unused": NaN}',
        b'{"subChart": {}, "unused": -Infinity}',
        b'{"subChart": {"unused": "\xff"}}',
        b'{"subChart": {"unused": "\\ud800"}}',
        b"[" * 100_000,
        b'{"subChart": ' + b"[" * 100_000,
    ],
)
def test_what_is_not_json_is_refused(text: bytes) -> None:
    with pytest.raises(DrawingError, match=r"^the drawing is not JSON: "):
        read_drawing(text)


def test_a_cut_off_drawing_is_refused() -> None:
    whole = document("sampleChart")
    for end in range(0, len(whole.rstrip()), 397):
        with pytest.raises(DrawingError):
            read_drawing(whole[:end])


def test_too_many_objects_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "OBJECTS_PER_DRAWING_MAX", 5)
    table = {"label": "T", "seats": seats("1", "2")}
    drawing_from(chart(rows=[row("A", "1", "2")], tables=[table]))
    assert refusal(chart(rows=[row("A", "1", "2", "3")], tables=[table])) == (
        "subChart.tables[0]: more than 5 objects in the drawing"
    )


def test_fields_that_are_not_used_do_not_matter() -> None:
    drawing = chart(rows=[row("A", "1", curve="very", uuid=[1])], shapes="none", texts=None)
    assert drawing_from(drawing).sub_chart is not None


def test_lists_may_be_null() -> None:
    drawing_from({"subChart": {"rows": None, "sections": [{"label": "S", "subChart": None}]}})


def test_bytes_and_decoded_json_read_the_same() -> None:
    for name in ("sampleChart", "sampleChartWithErrors", "sampleChartWithFloors"):
        assert read_drawing(document(name)) == drawing_from(json.loads(document(name)))
