"""What the document says of one operation, besides what its route says itself."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from api.seatsio.openapi.shapes import BOOLEAN, INTEGER, STRING, Schema, array
from api.seatsio.wire import Body

_NOTHING: Mapping[int, str | None] = {204: None}


class Operation(NamedTuple):
    """One operation."""

    summary: str
    body: type[Body] | None = None
    query: tuple[str, ...] = ()
    """Names in PARAMETERS."""
    answers: Mapping[int, str | None] = _NOTHING
    """Shapes by status; None: no body. A `Picture` and a `Csv` are not JSON."""
    takes_several: bool = False
    """The body may be a list of such."""
    takes_key: bool = True
    """Of a command: a repeat of it gets the first answer."""

    @property
    def id(self) -> str:
        """A name for generated clients: the summary in camel case."""
        words = "".join(c if c.isalnum() else " " for c in self.summary).split()
        return "".join([words[0].lower(), *(word.capitalize() for word in words[1:])])


Operations = dict[tuple[str, str], Operation]
"""By method and path, as the route has them."""


def get(summary: str, shape: str, *query: str) -> Operation:
    """Describe an operation that reads."""
    return Operation(summary, query=query, answers={200: shape})


def post(summary: str, body: type[Body] | None = None, shape: str | None = None) -> Operation:
    """Describe an operation that changes something; without a shape it answers nothing."""
    return Operation(summary, body, answers=_NOTHING if shape is None else {200: shape})


def _parameter(name: str, schema: Schema, about: str = "") -> dict[str, Any]:
    described: dict[str, Any] = {"name": name, "in": "query", "schema": schema}
    return {**described, "description": about} if about else described


PAGE = ("limit", "start_after_id", "end_before_id")
PARAMETERS: dict[str, dict[str, Any]] = {
    "limit": _parameter("limit", {**INTEGER, "minimum": 1, "maximum": 1000}, "items of a page"),
    "start_after_id": _parameter("start_after_id", INTEGER, "the page after this item"),
    "end_before_id": _parameter("end_before_id", INTEGER, "the page before this item"),
    "expand objects": _parameter("expand", {"enum": ["objects"]}, "show the objects"),
    "expand chart": _parameter(
        "expand", array({"enum": ["events", "validation", "venueType", "zones"]})
    ),
    "validation": _parameter("validation", BOOLEAN, "the same as expand=validation"),
    "expand event": _parameter("expand", array({"enum": ["events"]})),
    "eventsLimit": _parameter("eventsLimit", {**INTEGER, "minimum": 1, "maximum": 100}),
    "name": _parameter("name", STRING, "in place of the drawing's own"),
    "filter": _parameter("filter", STRING, "a part of the label or name"),
    "filterType": _parameter("filterType", {"enum": ["CONTAINS"]}),
    "sort": _parameter("sort", STRING, "objectLabel, status or date, with :asc or :desc"),
    "tag": _parameter("tag", STRING),
    "label": {**_parameter("label", array(STRING), "up to 100 labels"), "required": True},
    "bookWholeTables": _parameter("bookWholeTables", {"enum": ["chart", "true", "false"]}),
    "version": _parameter("version", {"enum": ["published", "draft"]}),
    "usage version": _parameter("version", {"enum": ["2"]}),
    "seasonBookingsPropagated": _parameter("seasonBookingsPropagated", BOOLEAN),
}
