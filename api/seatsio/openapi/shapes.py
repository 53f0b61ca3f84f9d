"""What the answers look like, as JSON schemas by name.

Rules of this file:

1. An object lists all its fields: an answer with another one is a fault, and the tests look.
2. A field that is not always there is optional, never null, but where the vendor's is.
"""

from typing import Any

Schema = dict[str, Any]

STRING: Schema = {"type": "string"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer"}
BOOLEAN: Schema = {"type": "boolean"}
ANYTHING: Schema = {}
ANY_OBJECT: Schema = {"type": "object"}
INSTANT: Schema = {"type": "string", "format": "date-time"}
INT_OR_STRING: Schema = {"type": ["integer", "string"]}
COUNTS: Schema = {"type": "object", "additionalProperties": INTEGER}


def ref(name: str) -> Schema:
    """Point to a shape by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def array(items: Schema) -> Schema:
    """Give the schema of a list."""
    return {"type": "array", "items": items}


def by_name(values: Schema) -> Schema:
    """Give the schema of an object whose keys are data: labels, statuses, buckets."""
    return {"type": "object", "additionalProperties": values}


def fixed(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """Give the schema of an object with these fields and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": sorted(required),
        "additionalProperties": False,
    }


def page(items: Schema) -> Schema:
    """Give the schema of a page of a listing."""
    cursors = {"next_page_starts_after": STRING, "previous_page_ends_before": STRING}
    return fixed({"items": array(items)}, cursors)


_LABEL = fixed({"label": STRING})
_TYPED_LABEL = fixed({"label": STRING, "type": STRING})

_SEAT_FLAGS = (
    *("isAccessible", "hasRestrictedView", "isCompanionSeat", "hasLiftUpArmrests"),
    *("isHearingImpaired", "isSemiAmbulatorySeat", "hasSignLanguageInterpretation", "isPlusSize"),
)

_CATEGORY = fixed({"key": INT_OR_STRING, "label": STRING, "accessible": BOOLEAN}, {"color": STRING})

_EVENT = fixed(
    {
        "id": INTEGER,
        "key": STRING,
        "chartKey": STRING,
        "tableBookingConfig": fixed({"mode": STRING}, {"tables": by_name(STRING)}),
        "supportsBestAvailable": BOOLEAN,
        "createdOn": INSTANT,
        "channels": array(ref("Channel")),
        "categories": array(ref("Category")),
        "isInThePast": BOOLEAN,
        "isSeason": BOOLEAN,
        "isTopLevelSeason": BOOLEAN,
        "isPartialSeason": BOOLEAN,
        "isEventInSeason": BOOLEAN,
    },
    {
        "name": STRING,
        "date": STRING,
        "updatedOn": INSTANT,
        "objectCategories": by_name(INT_OR_STRING),
        "forSaleConfig": ref("ForSaleConfig"),
        "forSalePropagated": BOOLEAN,
        "topLevelSeasonKey": STRING,
        "partialSeasonKeysForEvent": array(STRING),
        "partialSeasonKeys": array(STRING),
        "events": array(ref("Event")),
        "season": fixed({}, {"forSaleConfig": {"anyOf": [ref("ForSaleConfig"), {"type": "null"}]}}),
    },
)

_OBJECT_INFO = fixed(
    {
        "label": STRING,
        "labels": fixed(
            {"own": _TYPED_LABEL},
            {"parent": _TYPED_LABEL, "section": STRING, "entrance": _LABEL},
        ),
        "ids": fixed({"own": STRING}, {"parent": STRING, "section": STRING}),
        "objectType": {"enum": ["seat", "table", "booth", "generalAdmission"]},
        "status": STRING,
        "forSale": BOOLEAN,
        "isAvailable": BOOLEAN,
        "availabilityReason": STRING,
        "seasonStatusOverriddenQuantity": INTEGER,
        "seasonStatusOverriddenQuantities": COUNTS,
    },
    {
        "categoryKey": STRING,
        "categoryLabel": STRING,
        "holdToken": STRING,
        "orderId": STRING,
        "ticketType": STRING,
        "extraData": ANY_OBJECT,
        "section": STRING,
        "entrance": STRING,
        "zone": STRING,
        "floor": fixed({"name": STRING}, {"displayName": STRING}),
        "channel": STRING,
        "resaleListingId": STRING,
        "distanceToFocalPoint": NUMBER,
        "leftNeighbour": STRING,
        "rightNeighbour": STRING,
        "displayedObjectType": STRING,
        "parentDisplayedObjectType": STRING,
        "areaType": {"enum": ["generalAdmission", "fixedOccupancy", "variableOccupancy"]},
        "tableType": {"enum": ["bookByTable", "bookBySeat", "variableOccupancy"]},
        "capacity": INTEGER,
        "numBooked": INTEGER,
        "numFree": INTEGER,
        "numHeld": INTEGER,
        "numNotForSale": INTEGER,
        "numSeats": INTEGER,
        "holds": by_name(COUNTS),
        "bookAsAWhole": BOOLEAN,
        "variableOccupancy": BOOLEAN,
        "minOccupancy": INTEGER,
        "maxOccupancy": INTEGER,
        **dict.fromkeys(_SEAT_FLAGS, BOOLEAN),
    },
)

_CHART_OBJECT = {
    **_OBJECT_INFO,
    "required": ["label", "labels", "ids", "objectType"],
}

_DIMENSIONS = (
    *("byStatus", "byCategoryKey", "byCategoryLabel", "bySection", "byZone", "byChannel"),
    *("byAvailability", "byAvailabilityReason", "bySelectability", "byObjectType"),
)


def _counted(inner: Schema) -> Schema:
    return fixed({"count": INTEGER}, dict.fromkeys(_DIMENSIONS, inner))


_USAGE_OF_CHART = fixed(
    {
        "usageByEvent": array(
            fixed({"event": fixed({"id": INTEGER, "key": STRING}), "numUsedObjects": INTEGER})
        )
    },
    {"chart": fixed({"key": STRING, "name": STRING})},
)

_STATUS_CHANGE = fixed(
    {
        "id": INTEGER,
        "eventId": INTEGER,
        "status": STRING,
        "quantity": INTEGER,
        "objectLabel": STRING,
        "date": INSTANT,
        "origin": fixed({"type": STRING}, {"ip": STRING}),
        "isPresentOnChart": BOOLEAN,
    },
    {
        "displayedLabel": STRING,
        "orderId": STRING,
        "extraData": ANY_OBJECT,
        "holdToken": STRING,
        "notPresentOnChartReason": {
            "enum": [
                "RENAMED_OR_DELETED",
                "SWITCHED_TO_BOOK_WHOLE_TABLE",
                "SWITCHED_TO_BOOK_BY_SEAT",
            ]
        },
    },
)

_CHART = fixed(
    {
        "id": INTEGER,
        "key": STRING,
        "name": STRING,
        "status": {"enum": ["NOT_USED", "PUBLISHED", "PUBLISHED_WITH_DRAFT"]},
        "tags": array(STRING),
        "archived": BOOLEAN,
        "publishedVersionThumbnailUrl": STRING,
    },
    {
        "draftVersionThumbnailUrl": STRING,
        "events": array(ref("Event")),
        "validation": ref("Validation"),
        "venueType": STRING,
        "zones": array(fixed({"key": STRING, "label": STRING})),
    },
)

_WORKSPACE = fixed(
    {
        "id": INTEGER,
        "key": STRING,
        "name": STRING,
        "secretKey": {"type": ["string", "null"]},
        "isTest": BOOLEAN,
        "isActive": BOOLEAN,
        "isDefault": BOOLEAN,
    },
    {"secretKeys": array(STRING), "settings": ANY_OBJECT},
)

_ERROR = fixed(
    {
        "status": INTEGER,
        "messages": array(STRING),
        "errors": array(fixed({"code": STRING, "message": STRING})),
        "warnings": array(ANYTHING),
        "requestId": STRING,
    },
    {"obstacles": array(by_name(STRING)), "obstaclesLeftOut": INTEGER},
)

_RESULTS = (
    *("Event", "EventsCreated", "ForSaleEdit", "ForSaleEdits", "HoldToken"),
    *("ObjectsChanged", "BestAvailable", "BatchChanged", "Nothing", "Error"),
)
"""Of commands."""

SHAPES: dict[str, Schema] = {
    "Error": _ERROR,
    "Category": _CATEGORY,
    "Channel": fixed(
        {
            "id": STRING,
            "key": STRING,
            "name": STRING,
            "color": STRING,
            "objects": array(STRING),
            "areaPlaces": COUNTS,
        },
        {"index": INTEGER},
    ),
    "Chart": _CHART,
    "Charts": page(ref("Chart")),
    "Categories": fixed({"categories": array(ref("Category"))}),
    "Command": fixed(
        {"id": STRING, "status": {"enum": ["pending", "done"]}},
        {
            "at": INSTANT,
            "answer": {"enum": ["accepted", "rejected"]},
            "result": {
                "description": "What the operation answers to who waits, a refusal as well; "
                "an empty object where that is a 204",
                "anyOf": [ref(name) for name in _RESULTS],
            },
        },
    ),
    "Drawing": ANY_OBJECT,
    "Event": _EVENT,
    "Events": page(ref("Event")),
    "EventsCreated": fixed({"events": array(ref("Event"))}),
    "ForSaleConfig": fixed(
        {
            "forSale": BOOLEAN,
            "objects": array(STRING),
            "areaPlaces": COUNTS,
            "categories": array(STRING),
        }
    ),
    "ForSaleEdit": fixed(
        {
            "forSaleConfig": ref("ForSaleConfig"),
            "rateLimitInfo": fixed(
                {"rateLimitRemainingCalls": INTEGER, "rateLimitResetDate": INSTANT}
            ),
        }
    ),
    "ForSaleEdits": by_name(ref("ForSaleEdit")),
    "EventLog": page(
        fixed(
            {
                "id": INTEGER,
                "type": STRING,
                "timestamp": INSTANT,
                "data": fixed({"key": STRING, "workspaceKey": STRING}),
            }
        )
    ),
    "HoldToken": fixed(
        {
            "holdToken": STRING,
            "expiresAt": INSTANT,
            "expiresInSeconds": INTEGER,
            "workspaceKey": STRING,
        }
    ),
    "Nothing": fixed({}),
    "ObjectInfo": _OBJECT_INFO,
    "ObjectInfos": by_name(ref("ObjectInfo")),
    "ObjectsChanged": fixed({"objects": ref("ObjectInfos")}),
    "BestAvailable": fixed(
        {"objects": array(STRING), "objectDetails": ref("ObjectInfos")},
        {"nextToEachOther": BOOLEAN},
    ),
    "EventObjectsChanged": {"anyOf": [ref("ObjectsChanged"), ref("BestAvailable")]},
    "BatchChanged": fixed({"results": array(ref("ObjectsChanged"))}),
    "ObjectList": array(ref("ObjectInfo")),
    "ObjectsByBucket": by_name(array(ref("ObjectInfo"))),
    "ChartObjectsByBucket": by_name(array(_CHART_OBJECT)),
    "SecretKey": fixed({"secretKey": STRING}),
    "StatusChange": _STATUS_CHANGE,
    "StatusChanges": page(ref("StatusChange")),
    "Summary": by_name(_counted(COUNTS)),
    "DeepSummary": by_name(_counted(by_name(_counted(COUNTS)))),
    "Tags": fixed({"tags": array(STRING)}),
    "TicketBuyers": page(STRING),
    "TicketBuyersAdded": fixed({"added": array(STRING), "alreadyPresent": array(STRING)}),
    "TicketBuyersRemoved": fixed({"removed": array(STRING), "notPresent": array(STRING)}),
    "Usage": fixed(
        {
            "usageCutoffDate": INSTANT,
            "usage": array(
                fixed(
                    {
                        "month": fixed({"year": INTEGER, "month": INTEGER}),
                        "numUsedObjects": INTEGER,
                    }
                )
            ),
        }
    ),
    "UsageOfMonth": array(fixed({"workspace": INTEGER, "usageByChart": array(_USAGE_OF_CHART)})),
    "UsageOfEvent": array(
        fixed({"object": STRING, "numUsedObjects": INTEGER, "usageByReason": COUNTS})
    ),
    "Validation": fixed({"errors": array(STRING), "warnings": array(STRING)}),
    "Workspace": _WORKSPACE,
    "Workspaces": page(ref("Workspace")),
}
