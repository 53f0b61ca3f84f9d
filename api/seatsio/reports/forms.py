"""The forms that reports are written in: JSON, and comma-separated values.

Rules of this file:

1. An object is written in parts, each on its own: what is its own, what it has in common with its
   group, its state, what it was given with its status. So what many share, or what never changes,
   is written once.
2. A column for each field that an info can have; what an object does not have is empty. A value
   that is no text or number is written as JSON.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

JSON = dict[str, Any]
OWN_COLUMNS = (
    "label",
    "labels.own.label",
    "labels.own.type",
    "labels.parent.label",
    "labels.parent.type",
    "labels.section",
    "labels.entrance.label",
    "ids.own",
    "ids.parent",
    "ids.section",
    "distanceToFocalPoint",
    "leftNeighbour",
    "rightNeighbour",
)
COMMON_COLUMNS = (
    "objectType",
    "categoryKey",
    "categoryLabel",
    "section",
    "entrance",
    "zone",
    "floor.name",
    "floor.displayName",
    "channel",
    "displayedObjectType",
    "parentDisplayedObjectType",
    "isAccessible",
    "hasRestrictedView",
    "isCompanionSeat",
    "hasLiftUpArmrests",
    "isHearingImpaired",
    "isSemiAmbulatorySeat",
    "hasSignLanguageInterpretation",
    "isPlusSize",
    "capacity",
    "areaType",
    "numSeats",
    "tableType",
    "bookAsAWhole",
    "variableOccupancy",
    "minOccupancy",
    "maxOccupancy",
)
STATE_COLUMNS = (
    "status",
    "forSale",
    "isAvailable",
    "availabilityReason",
    "numBooked",
    "numFree",
    "numHeld",
    "numNotForSale",
    "holds",
    "seasonStatusOverriddenQuantity",
    "seasonStatusOverriddenQuantities",
)
CARRIED_COLUMNS = ("holdToken", "orderId", "ticketType", "extraData", "resaleListingId")
_encode = msgspec.json.Encoder().encode


class Carried(msgspec.Struct, frozen=True, omit_defaults=True, rename="camel", gc=False):
    """What an object was given with its status, as the fields of its info."""

    hold_token: str | None = None
    order_id: str | None = None
    ticket_type: str | None = None
    extra_data: msgspec.Raw | None = None
    resale_listing_id: str | None = None


class Form(NamedTuple):
    """How the parts of an object are written, and put together with commas between them."""

    content_type: str
    charset: str | None
    own: Callable[[JSON], bytes]
    common: Callable[[JSON], bytes]
    state: Callable[[JSON], bytes]
    carried: Callable[["Carried"], bytes]
    opening: bytes
    closing: bytes


def _fields(about: JSON | Carried) -> bytes:
    return _encode(about)[1:-1]


def cells(columns: Sequence[str]) -> Callable[[JSON], bytes]:
    """Give what writes these columns of an info."""
    places: Any = {}
    for number, column in enumerate(columns):
        *above, name = column.split(".")
        inner = places
        for step in above:
            inner = inner.setdefault(step, {})
        inner[name] = number

    def write(about: JSON) -> bytes:
        line = [""] * len(columns)
        _fill(line, places, about)
        return ",".join(line).encode()

    return write


def _fill(line: list[str], places: JSON, about: JSON) -> None:
    """Write what is there, by field: most columns of most objects are empty."""
    for name, value in about.items():
        place = places.get(name)
        if isinstance(place, int):
            line[place] = _cell(value)
        elif place is not None:
            _fill(line, place, value)


def _cell(value: object) -> str:
    if value is True or value is False:
        return "true" if value else "false"
    return _quoted(value if isinstance(value, str) else _encode(value).decode())


def _quoted(text: str | None) -> str:
    if not text:
        return ""
    if '"' in text:
        return '"' + text.replace('"', '""') + '"'
    return f'"{text}"' if "," in text or "\n" in text or "\r" in text else text


def _carried_cells(carried: Carried) -> bytes:
    extra_data = carried.extra_data
    return ",".join(
        (
            _quoted(carried.hold_token),
            _quoted(carried.order_id),
            _quoted(carried.ticket_type),
            "" if extra_data is None else _quoted(str(extra_data, "utf-8")),
            _quoted(carried.resale_listing_id),
        )
    ).encode()


AS_JSON = Form("application/json", None, _fields, _fields, _fields, _fields, b"{", b"}")
AS_CSV = Form(
    "text/csv",
    "utf-8",
    cells(OWN_COLUMNS),
    cells(COMMON_COLUMNS),
    cells(STATE_COLUMNS),
    _carried_cells,
    b"",
    b"\r\n",
)
CSV_HEADER = (
    ",".join((*OWN_COLUMNS, *COMMON_COLUMNS, *STATE_COLUMNS, *CARRIED_COLUMNS)).encode() + b"\r\n"
)
