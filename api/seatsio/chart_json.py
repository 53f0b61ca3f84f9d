"""What the vendor's clients see of a chart."""

from collections.abc import Collection
from typing import Literal, TypeAlias

from aiohttp import web

from adapters.postgres.charts import Chart, Version
from api.call import Call
from api.seatsio.errors import bad_request
from api.seatsio.paging import single, values
from api.seatsio.parts import JSON
from api.seatsio.wire import shown

Expand: TypeAlias = Literal["events", "validation", "venueType", "zones"]
THUMBNAIL_PATH = "/system/public/thumbnails/{drawing_hash}.png"
EXPANDS: tuple[Expand, ...] = ("events", "validation", "venueType", "zones")
OF_A_SINGLE_CHART: tuple[Expand, ...] = ("validation", "venueType", "zones")


def read_expand(request: web.BaseRequest) -> set[Expand]:
    """Read what the answer shall say besides. Raises VendorError."""
    wanted: set[Expand] = set()
    validated = single(request, "validation")  # what `expand` has replaced
    if validated not in (None, "true", "false"):
        raise bad_request(f"validation: expected true or false, found {shown(validated)!r}")
    if validated == "true":
        wanted.add("validation")
    for value in values(request, "expand"):
        if value not in EXPANDS:
            raise bad_request(f"expand: expected {', '.join(EXPANDS)}; found [{shown(value)}]")
        wanted.add(value)
    return wanted


def single_chart_json(call: Call, chart: Chart) -> JSON:
    """Describe a chart, and also what kind of venue it is and what is wrong with it."""
    return chart_json(call, chart, OF_A_SINGLE_CHART)


def chart_json(call: Call, chart: Chart, expand: Collection[Expand]) -> JSON:
    """Describe a chart; its events come from elsewhere."""
    told: JSON = {
        "id": chart.id,
        "key": chart.key,
        "name": chart.published.name,
        "status": chart.status,
        "tags": chart.tags,
        "archived": chart.archived,
        "publishedVersionThumbnailUrl": _thumbnail_url(call, chart.published),
    }
    if chart.draft is not None:
        told["draftVersionThumbnailUrl"] = _thumbnail_url(call, chart.draft)
    if "validation" in expand:
        told["validation"] = chart.published.validation
    if "venueType" in expand:
        told["venueType"] = chart.published.outline["venueType"]
    if "zones" in expand and chart.published.outline["zones"]:
        told["zones"] = chart.published.outline["zones"]
    return told


def categories_json(version: Version) -> JSON:
    """List the categories of a chart."""
    return {"categories": version.outline["categories"]}


def _thumbnail_url(call: Call, version: Version) -> str:
    """Give an address that a browser may show: it needs no API key."""
    return _origin(call) + THUMBNAIL_PATH.format(drawing_hash=version.drawing_hash)


def _origin(call: Call) -> str:
    """Give the address that the caller used; nothing if its Host header is none."""
    try:
        return str(call.request.url.origin())
    except ValueError:
        return ""
