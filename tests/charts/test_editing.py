"""Changes of a drawing: what they are about changes, all else stays as it is written."""

import json
from typing import Any

import pytest

from engine.charts.editing import (
    CategoryKeyTakenError,
    CategoryUnknownError,
    renamed,
    with_categories,
    with_category,
    with_changed_category,
    without_category,
)
from engine.charts.reading import DrawingError, read_drawing
from tests.charts.venues import document

REST = b'"subChart":{"rows":[], "odd" : 1e2,"n":123456789012345678901234567890,"z":-0.0}'
DRAWING = (
    b'{"name":"old","categories":{"list":[{"key":9,"label":"Nine","x":1e2},{"key":"s","label":"S"}]'
    b',"maxCategoryKey":12,"more":[ ]},' + REST + b',"last":"\\u00e9"}'
)


def categories(drawing: bytes) -> Any:  # noqa: ANN401 - JSON
    return json.loads(drawing)["categories"]


def test_a_new_name_leaves_every_other_byte() -> None:
    assert renamed(DRAWING, "new") == DRAWING.replace(b'"old"', b'"new"')


def test_a_category_is_added_and_all_else_stays() -> None:
    added = with_category(DRAWING, {"key": 13, "label": "T", "accessible": True})
    entry = b'{"key":13,"label":"T","accessible":true}'
    assert added == DRAWING.replace(b'"S"}]', b'"S"},' + entry + b"]").replace(
        b'Key":12', b'Key":13'
    )


def test_the_highest_number_that_was_given_out_stays_known() -> None:
    for changed in (without_category(DRAWING, "9"), with_categories(DRAWING, [])):
        assert categories(changed)["maxCategoryKey"] == 12
    assert categories(with_category(DRAWING, {"key": 2, "label": "T"}))["maxCategoryKey"] == 12


@pytest.mark.parametrize(("key", "kept"), [("9", ["s"]), ("s", [9])])
def test_a_category_is_found_by_its_key_whether_number_or_text(
    key: str, kept: list[str | int]
) -> None:
    left = without_category(DRAWING, key)
    assert [entry["key"] for entry in categories(left)["list"]] == kept
    assert REST in left


def test_a_changed_category_keeps_its_other_fields() -> None:
    changed = with_changed_category(DRAWING, "9", {"label": "New", "color": "#fff"})
    assert changed == DRAWING.replace(
        b'"label":"Nine","x":1e2', b'"label":"New","x":1e2,"color":"#fff"'
    )


def test_all_categories_are_replaced() -> None:
    changed = with_categories(DRAWING, [{"key": 1, "label": "One"}])
    assert categories(changed)["list"] == [{"key": 1, "label": "One"}]
    assert categories(changed)["more"] == []
    assert REST in changed


def test_an_unknown_category_is_refused() -> None:
    with pytest.raises(CategoryUnknownError):
        without_category(DRAWING, "10")
    with pytest.raises(CategoryUnknownError):
        with_changed_category(DRAWING, "10", {"label": "x"})


@pytest.mark.parametrize("key", [9, "9", "s"])
def test_a_taken_key_is_refused(key: str | int) -> None:
    with pytest.raises(CategoryKeyTakenError):
        with_category(DRAWING, {"key": key, "label": "x"})


@pytest.mark.parametrize(
    "without", [b"{}", b'{"categories":null}', b'{"categories":{"list":null}}']
)
def test_a_drawing_without_categories_gets_its_first(without: bytes) -> None:
    drawing = without.replace(b"{", b'{"subChart":{},', 1).replace(b",}", b"}")
    added = with_category(drawing, {"key": 4, "label": "Four"})
    assert categories(added) == {"list": [{"key": 4, "label": "Four"}], "maxCategoryKey": 4}


@pytest.mark.parametrize("venue", ["sampleChart", "sampleChartWithFloors", "sampleChartWithZones"])
def test_a_real_drawing_means_the_same_after_a_change(venue: str) -> None:
    before = document(venue)
    changed = with_changed_category(renamed(before, "New"), _first_key(before), {"label": "L"})
    expected = json.loads(before)
    expected["name"] = "New"
    expected["categories"]["list"][0]["label"] = "L"
    now = json.loads(changed)
    now["categories"]["maxCategoryKey"] = expected["categories"]["maxCategoryKey"]
    assert now == expected
    read_drawing(changed)


def _first_key(drawing: bytes) -> str:
    return str(categories(drawing)["list"][0]["key"])


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"[]", b"7", b'{"categories":7}', b'{"categories":{"list":[7]}}']
)
def test_what_is_no_drawing_is_refused(broken: bytes) -> None:
    with pytest.raises(DrawingError):
        with_category(broken, {"key": 4, "label": "Four"})
