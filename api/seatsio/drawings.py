"""Drawings: read, compiled and changed for the routes of charts, off the event loop."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, NamedTuple

import msgspec
from pydantic import Field

from adapters.postgres.charts import Version
from api.seatsio.errors import bad_request
from api.seatsio.event_json import category_json
from api.seatsio.parts import JSON
from api.seatsio.wire import Body, Label, Text, Whole
from engine.charts.compile import compile_drawing
from engine.charts.drawing import CATEGORY_KEY_MAX, Drawing
from engine.charts.reading import DrawingError, read_drawing
from schemas.inventory import Inventory, compress, encode, inventory_hash

UNTITLED = "Untitled chart"
SIMPLE = "SIMPLE"
VENUE_TYPES = (SIMPLE, "WITH_SECTIONS_AND_FLOORS", "WITH_ZONES")
_FORMER_VENUE_TYPES = {
    "BOOTHS": SIMPLE,
    "MIXED": SIMPLE,
    "ROWS_WITHOUT_SECTIONS": SIMPLE,
    "ROWS_WITH_SECTIONS": "WITH_SECTIONS_AND_FLOORS",
    "ZONES": "WITH_ZONES",
}
"""What older drawings and clients call a venue."""
categories_per_request_max = 1_000

Edit = Callable[[bytes], bytes]


class CategoryFields(Body):
    """What may be said of a category."""

    color: Text | None = None
    accessible: bool | None = None


CategoryKey = Annotated[Whole, Field(ge=0, le=CATEGORY_KEY_MAX)] | Label


class CategoryAsked(CategoryFields):
    """A category of a chart or an event to be."""

    key: CategoryKey
    label: Text


CategoriesAsked = Annotated[list[CategoryAsked], Field(max_length=categories_per_request_max)]


class Compiled(NamedTuple):
    """A drawing, ready to be stored."""

    drawing: bytes
    version: Version
    compressed: bytes
    """The inventory that it compiles to."""


async def compiled(drawing: bytes, edit: Edit | None = None) -> Compiled:
    """Change a drawing, check it and compile it.

    Raises VendorError if it cannot be read, and what `edit` raises.
    """
    try:
        # A stadium takes a moment: others shall be served meanwhile.
        return await asyncio.to_thread(_compiled, drawing, edit)
    except DrawingError as error:
        raise bad_request(f"The drawing cannot be read: {error}") from error


def _compiled(drawing: bytes, edit: Edit | None) -> Compiled:
    edited = drawing if edit is None else edit(drawing)
    read = read_drawing(edited)
    inventory = compile_drawing(read)
    encoded = encode(inventory)
    version = Version(
        name=read.name or UNTITLED,
        drawing_hash=sha256(edited).hexdigest(),
        inventory=inventory_hash(encoded),
        outline=_outline(read, inventory),
        validation={"errors": inventory.errors, "warnings": inventory.warnings},
    )
    return Compiled(edited, version, compress(encoded))


def _outline(drawing: Drawing, inventory: Inventory) -> JSON:
    """Say what kind of venue it is, and name its zones and categories."""
    return {
        "venueType": _venue_type(drawing.venue_type),
        "zones": [{"key": zone.key, "label": zone.label} for zone in inventory.zones],
        "categories": [category_json(category) for category in inventory.categories],
    }


def _venue_type(drawn: str | None) -> str:
    return drawn if drawn in VENUE_TYPES else _FORMER_VENUE_TYPES.get(drawn or "", SIMPLE)


def empty_drawing(name: str | None, venue_type: str | None, categories: list[JSON]) -> bytes:
    """Draw a chart without anything in it. Raises VendorError."""
    if venue_type is not None and venue_type not in (*VENUE_TYPES, *_FORMER_VENUE_TYPES):
        raise bad_request(f"#/venueType: expected one of {', '.join(VENUE_TYPES)}")
    keys = [category["key"] for category in categories]
    return msgspec.json.encode(
        {
            "name": name or UNTITLED,
            "venueType": _venue_type(venue_type),
            "categories": {
                "list": categories,
                "maxCategoryKey": max((key for key in keys if isinstance(key, int)), default=0),
            },
            "subChart": {"rows": [], "tables": [], "booths": [], "generalAdmissionAreas": []},
        }
    )


def drawn_categories(asked: list[CategoryAsked]) -> list[JSON]:
    """Write categories as drawings have them. Raises VendorError if a key stands twice."""
    if len({str(category.key) for category in asked}) < len(asked):
        raise bad_request("#/categories: a key stands twice")
    return [drawn_category(category) for category in asked]


def drawn_category(asked: CategoryAsked) -> JSON:
    """Write a category as drawings have it."""
    return {"accessible": False, **asked.model_dump(by_alias=True, exclude_none=True)}
