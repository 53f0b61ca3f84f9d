"""What the npm client makes of answers, described; and what is left out of it."""

import datetime as dt
from typing import Any

JSON = dict[str, Any]

ABSENT = "(absent)"
BOOKED, HELD, FREE = "booked", "reservedByToken", "free"
KEY = "a/1 ü?%2F"
"""An event key that does not survive a wrong number of decodings."""

NO_FLAGS = dict.fromkeys(
    (
        "hasRestrictedView",
        "isAccessible",
        "isCompanionSeat",
        "hasLiftUpArmrests",
        "isHearingImpaired",
        "isSemiAmbulatorySeat",
        "hasSignLanguageInterpretation",
        "isPlusSize",
    ),
    False,
)
NO_ERRORS: JSON = {"errors": [], "warnings": []}


def told(seen: JSON) -> JSON:
    """Leave out what was absent."""
    return {name: value for name, value in seen.items() if value != ABSENT}


def seat(label: str, status: str, distance: float, category: int = 1, **fields: Any) -> JSON:  # noqa: ANN401
    """Describe a seat of the sample chart as the client has it, without what was absent."""
    row, number = label.split("-")
    return {
        "label": label,
        "labels": {
            "own": {"label": number, "type": "seat"},
            "parent": {"label": row, "type": "row"},
            "section": ABSENT,
        },
        "ids": {"own": number, "parent": row, "section": None},
        "categoryKey": str(8 + category),
        "categoryLabel": f"Cat{category}",
        "objectType": "seat",
        "status": status,
        "availabilityReason": "available" if status == FREE else status,
        "isAvailable": status == FREE,
        "forSale": True,
        "distanceToFocalPoint": distance,
        "seasonStatusOverriddenQuantity": 0,
        **NO_FLAGS,
        **fields,
    }


def area(status: str = FREE, *, held: int = 0, **fields: Any) -> JSON:  # noqa: ANN401
    """Describe an area of the sample chart likewise."""
    return {
        "label": "GA1",
        "labels": {
            "own": {"label": "GA1", "type": "generalAdmission"},
            "parent": None,
            "section": ABSENT,
        },
        "ids": {"own": "GA1", "parent": None, "section": None},
        "categoryKey": "9",
        "categoryLabel": "Cat1",
        "objectType": "generalAdmission",
        "status": status,
        "availabilityReason": "available",
        "isAvailable": True,
        "forSale": True,
        "distanceToFocalPoint": 201.96795460542745,
        "seasonStatusOverriddenQuantity": 0,
        "capacity": 100,
        "areaType": "generalAdmission",
        "numBooked": 0,
        "numHeld": held,
        "numFree": 100 - held,
        "numNotForSale": 0,
        "holds": {},
        "bookAsAWhole": False,
        "variableOccupancy": True,
        "minOccupancy": 1,
        "maxOccupancy": 100,
        **fields,
    }


def refusal(status: int, code: str, message: str, request_id: str, **fields: object) -> JSON:
    """Describe what the client throws: the body of the answer."""
    return {
        "status": status,
        "messages": [message],
        "errors": [{"code": code, "message": message}],
        "warnings": [],
        "requestId": request_id,
        **fields,
    }


def is_recent(moment: str) -> bool:
    age = dt.datetime.now(dt.UTC) - dt.datetime.fromisoformat(moment)
    return abs(age) < dt.timedelta(minutes=1)
