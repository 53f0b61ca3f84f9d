import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from engine.charts.reading import DrawingError, read_drawing
from engine.charts.thumbnail import margin_px, side_px_max, side_px_min, thumbnail
from tests.charts.venues import chart, document, row, seats

RED, BLUE, WHITE = (255, 0, 0), (0, 0, 255), (255, 255, 255)
CATEGORIES = {
    "list": [
        {"key": 1, "label": "R", "color": "#f00"},
        {"key": "b", "label": "B", "color": "blue"},
    ]
}
LOOK_FIELDS = (
    *("x", "y", "center", "points", "width", "height", "radius", "radius1", "radius2"),
    *("rotationAngle", "fillColor", "shapes", "categoryKey", "rows", "sections"),
)


def picture(drawing: Any) -> Image.Image:  # noqa: ANN401 - JSON
    document = drawing if isinstance(drawing, bytes) else json.dumps(drawing).encode()
    with Image.open(io.BytesIO(thumbnail(document))) as opened:
        return opened.convert("RGB")


def colored(**sub_chart: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {**chart(**sub_chart), "categories": CATEGORIES}


def colors(image: Image.Image) -> set[Any]:
    """Name the colours that fill something; where two meet there are others between."""
    counted = image.getcolors(image.width * image.height)
    assert counted is not None
    return {color for count, color in counted if count > 100}


@pytest.mark.parametrize(
    "venue",
    [
        "sampleChart",
        "sampleChartWithErrors",
        "sampleChartWithFloors",
        "sampleChartWithSections",
        "sampleChartWithTables",
        "sampleChartWithZones",
    ],
)
def test_real_drawings_give_a_picture(venue: str) -> None:
    image = picture(document(venue))
    assert max(image.size) == side_px_max
    assert len(colors(image)) > 1


def test_seats_stand_where_they_are_drawn_in_the_color_of_their_category() -> None:
    left = {"label": "A", "seats": seats("1")}
    right = {"label": "B", "categoryKey": "b", "seats": [{"x": 489, "y": 0, "label": "2"}]}
    image = picture(colored(rows=[left, right]))
    middle = image.height // 2
    # 500 units, with the seats' own halves, on as many pixels.
    edge = margin_px + 5
    assert image.getpixel((edge, middle)) == RED
    assert image.getpixel((image.width - edge, middle)) == BLUE
    assert image.getpixel((image.width // 2, middle)) == WHITE


def test_a_section_moves_what_is_in_it_and_gives_it_its_category() -> None:
    section = {
        "label": "S",
        "categoryKey": "b",
        "topLeft": {"x": 400, "y": 300},
        "subChart": {"rows": [{"label": "A", "seats": [{"x": 100, "y": 0, "label": "1"}]}]},
    }
    image = picture(colored(rows=[row("A", "1")], sections=[section]))
    assert image.getpixel((image.width - margin_px - 5, image.height - margin_px - 5)) == BLUE
    assert image.getpixel((margin_px + 5, margin_px + 5)) == RED


def test_areas_booths_tables_and_shapes_are_filled() -> None:
    square = {"center": {"x": 50, "y": 50}, "width": 100, "height": 100, "categoryKey": 1}
    polygon = {"points": [{"x": x, "y": y} for x, y in ((200, 0), (300, 0), (250, 100))]}
    image = picture(
        colored(
            booths=[{**square, "label": "B"}],
            generalAdmissionAreas=[{**polygon, "label": "G", "capacity": 1, "categoryKey": "b"}],
            tables=[{"label": "T", "center": {"x": 400, "y": 50}, "radius": 50}],
            shapes=[{"center": {"x": 150, "y": 250}, "radius1": 50, "fillColor": "#0f0"}],
        )
    )
    assert colors(image) >= {RED, BLUE, (0, 255, 0), (202, 202, 202), WHITE}


def test_what_is_turned_is_drawn_turned() -> None:
    bar = {"center": {"x": 0, "y": 0}, "width": 400, "height": 40, "categoryKey": 1, "label": "B"}
    lying, standing = (
        picture(colored(booths=[{**bar, "rotationAngle": angle}])) for angle in (0, 90)
    )
    assert lying.width > 2 * lying.height
    assert standing.size == lying.size[::-1]


def test_floors_that_are_drawn_at_one_place_are_shown_one_below_the_other() -> None:
    floors = [{"rows": [row("A", "1", categoryKey=key)]} for key in (1, "b")]
    for floor, key in zip(floors, (1, "b"), strict=True):
        floor["rows"][0]["seats"][0]["categoryKey"] = key
    image = picture({"categories": CATEGORIES, "subChartFloors": floors})
    assert image.height > image.width
    assert image.getpixel((image.width // 2, image.height // 4)) == RED
    assert image.getpixel((image.width // 2, image.height * 3 // 4)) == BLUE


@pytest.mark.parametrize(
    "sub_chart",
    [
        {},
        {"shapes": 7},
        {"shapes": [None, 1, {"center": {"x": "1", "y": 2}}, {"points": [{"x": 1}]}]},
        {"shapes": [{"center": {"x": 1e300, "y": 0}, "width": 1e308}]},
        {"sections": [{"label": "S", "points": [{"x": True, "y": 1e200}]}]},
        {"rows": [{"label": "A", "seats": seats("1", categoryKey=99)}]},
        {"tables": [{"label": "T", "center": {"x": 1, "y": 1}, "radius": "wide"}]},
        {"booths": [{"label": "B", "center": {"x": 1e9, "y": -1e9}, "rotationAngle": 1e300}]},
        {"generalAdmissionAreas": [{"label": "G", "capacity": 1, "points": [{"x": 1, "y": 1}]}]},
    ],
)
def test_what_cannot_be_drawn_is_left_out(sub_chart: dict[str, Any]) -> None:
    drawing = colored(**sub_chart)
    read_drawing(json.dumps(drawing).encode())
    image = picture(drawing)
    assert side_px_min <= min(image.size) <= max(image.size) <= side_px_max


def test_numbers_past_all_bounds_and_colors_that_are_none_do_no_harm() -> None:
    drawing = colored(tables=[{"label": "T", "center": {"x": 1, "y": 1}, "radius": 1}])
    text = json.dumps(drawing).replace('"radius": 1', '"radius": 1e999').replace("#f00", "hsl(no)")
    read_drawing(text.encode())
    assert max(picture(text.encode()).size) <= side_px_max


LOOKS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(LOOK_FIELDS),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None, max_examples=60)
@given(looks=LOOKS, number=st.floats(-1e9, 1e9))
def test_every_drawing_that_can_be_read_gives_a_picture(looks: Any, number: float) -> None:  # noqa: ANN401
    booth = {"label": "B", "center": {"x": number, "y": -number}, "width": looks, "radius": looks}
    section = {"label": "S", "points": looks, "subChart": {"shapes": looks}}
    drawing = json.dumps(
        colored(booths=[booth], sections=[section], shapes=[looks], rows=[row("A", "1")])
    ).encode()
    try:
        read_drawing(drawing)
    except DrawingError:
        return
    assert max(picture(drawing).size) <= side_px_max
