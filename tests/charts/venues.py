"""Drawings for the tests: the real ones by name, and small ones made up on the spot."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from engine.charts.compile import compile_drawing
from engine.charts.inventory import SeatMap
from engine.charts.reading import drawing_from, read_drawing
from schemas.inventory import Inventory

REPOSITORY = Path(__file__).parents[2]
FOLDERS = (REPOSITORY / "seatlog/demo/venues", REPOSITORY / "tests/charts/drawings")

Json = dict[str, Any]


def document(name: str) -> bytes:
    """Give the bytes of a real drawing."""
    [path] = [folder / f"{name}.json" for folder in FOLDERS if (folder / f"{name}.json").exists()]
    return path.read_bytes()


@cache
def inventory(name: str) -> Inventory:
    """Compile a real drawing."""
    return compile_drawing(read_drawing(document(name)))


@cache
def seat_map(name: str) -> SeatMap:
    """Index a real drawing."""
    return SeatMap(inventory(name))


def chart(**sub_chart: Any) -> Json:  # noqa: ANN401
    """Give a drawing with one category, 1, and this content."""
    return {
        "categories": {"list": [{"key": 1, "label": "Stalls", "color": "#fff"}]},
        "subChart": {"focalPoint": {"x": 0, "y": 0}, **sub_chart},
    }


def seats(*labels: str, **fields: Any) -> list[Json]:  # noqa: ANN401
    """Give seats with these labels, ten units apart, in category 1."""
    return [
        {"x": 10 * index, "y": 0, "label": label, "categoryKey": 1, **fields}
        for index, label in enumerate(labels)
    ]


def row(label: str, *seat_labels: str, **fields: Any) -> Json:  # noqa: ANN401
    """Give a row of such seats."""
    return {"label": label, "seats": seats(*seat_labels), **fields}


def compiled(drawing: Json) -> Inventory:
    """Compile a made-up drawing, by way of its JSON text."""
    return compile_drawing(read_drawing(json.dumps(drawing).encode()))


def mapped(drawing: Json) -> SeatMap:
    """Index a made-up drawing."""
    return SeatMap(compile_drawing(drawing_from(drawing)))
