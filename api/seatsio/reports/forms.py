"""The forms that reports are written in: JSON, and comma-separated values.

Rules of this file:

1. An object is written in three parts, each on its own: what is its own, what it has in common with
   its group, its state. So a part that many share, or that never changes, is written once.
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
    "numSeats",
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
    "holdToken",
    "orderId",
    "ticketType",
    "extraData",
    "numBooked",
    "numFree",
    "numHeld",
    "numNotForSale",
    "holds",
    "seasonStatusOverriddenQuantity",
    "seasonStatusOverriddenQuantities",
)
_QUOTED_FOR = frozenset('",\r\n')
_encode = msgspec.json.Encoder().encode


class Form(NamedTuple):
    """How the parts of an object are written, and put together with commas between them."""

    content_type: str
    charset: str | None
    own: Callable[[JSON], bytes]
    common: Callable[[JSON], bytes]
    state: Callable[[JSON], bytes]
    opening: bytes
    closing: bytes


def _fields(about: JSON) -> bytes:
    return _encode(about)[1:-1]


def cells(columns: Sequence[str]) -> Callable[[JSON], bytes]:
    """Give what writes these columns of an info."""
    paths = [column.split(".") for column in columns]

    def write(about: JSON) -> bytes:
        return ",".join([_cell(about, path) for path in paths]).encode()

    return write


def _cell(about: JSON, path: Sequence[str]) -> str:
    value: Any = about
    for step in path:
        value = value.get(step)
        if value is None:
            return ""
    text = value if isinstance(value, str) else _encode(value).decode()
    if _QUOTED_FOR.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


AS_JSON = Form("application/json", None, _fields, _fields, _fields, b"{", b"}")
AS_CSV = Form(
    "text/csv",
    "utf-8",
    cells(OWN_COLUMNS),
    cells(COMMON_COLUMNS),
    cells(STATE_COLUMNS),
    b"",
    b"\r\n",
)
CSV_HEADER = ",".join((*OWN_COLUMNS, *COMMON_COLUMNS, *STATE_COLUMNS)).encode() + b"\r\n"
