"""The operations on events and their objects."""

from api.seatsio.change_models import (
    Batch,
    EventChangeAsked,
    EventStatusAsked,
    GroupChangeAsked,
    GroupStatusAsked,
)
from api.seatsio.channels import ChannelAsked, ChannelUpdateAsked, InChannel, ReplaceAsked
from api.seatsio.events import EventUpdateAsked, NewEventAsked, NewEventsAsked
from api.seatsio.for_sale import EditAsked, EditsAsked, ListAsked
from api.seatsio.objects import ExtraDataAsked, ExtraDatasAsked
from api.seatsio.openapi.operation import PAGE, Operation, Operations, get, post
from api.seatsio.wire import Body

EVENTS: Operations = {
    ("POST", "/events"): post("Create an event", NewEventAsked, "Event"),
    ("POST", "/events/actions/create-multiple"): post(
        "Create several events", NewEventsAsked, "EventsCreated"
    ),
    ("GET", "/events"): get("List events", "Events", *PAGE),
    ("GET", "/events/{key}"): get("Retrieve an event", "Event"),
    ("POST", "/events/{key}"): post("Update an event", EventUpdateAsked),
    ("DELETE", "/events/{key}"): post("Delete an event"),
    ("POST", "/events/{key}/actions/move-to-new-chart-copy"): post(
        "Move an event to a copy of its chart", Body, "Event"
    )._replace(takes_key=False),
}

CHANNELS: Operations = {
    ("POST", "/events/{key}/channels"): post("Add channels", ChannelAsked)._replace(
        takes_several=True
    ),
    ("POST", "/events/{key}/channels/replace"): post("Replace all channels", ReplaceAsked),
    ("POST", "/events/{key}/channels/{channel}"): post("Update a channel", ChannelUpdateAsked),
    ("DELETE", "/events/{key}/channels/{channel}"): post("Remove a channel"),
    ("POST", "/events/{key}/channels/{channel}/objects"): post(
        "Add objects to a channel", InChannel
    ),
    ("DELETE", "/events/{key}/channels/{channel}/objects"): post(
        "Remove objects from a channel", InChannel
    ),
}

FOR_SALE: Operations = {
    ("POST", "/events/actions/edit-for-sale-config"): post(
        "Edit what is for sale of several events", EditsAsked, "ForSaleEdits"
    ),
    ("POST", "/events/{key}/actions/edit-for-sale-config"): post(
        "Edit what is for sale", EditAsked, "ForSaleEdit"
    ),
    ("POST", "/events/{key}/actions/mark-as-for-sale"): post("Mark as for sale", ListAsked),
    ("POST", "/events/{key}/actions/mark-as-not-for-sale"): post("Mark as not for sale", ListAsked),
    ("POST", "/events/{key}/actions/mark-everything-as-for-sale"): post(
        "Mark everything as for sale"
    ),
    ("POST", "/events/{key}/actions/mark-everything-as-not-for-sale"): post(
        "Mark everything as not for sale"
    ),
}

OBJECTS: Operations = {
    ("GET", "/events/{key}/objects"): get("Retrieve objects", "ObjectInfos", "label"),
    ("GET", "/events/{key}/objects/{label}"): get("Retrieve an object", "ObjectInfo"),
    ("POST", "/events/{key}/objects/{label}/actions/update-extra-data"): post(
        "Update the extra data of an object", ExtraDataAsked
    ),
    ("POST", "/events/{key}/actions/update-extra-data"): post(
        "Update the extra data of objects", ExtraDatasAsked
    ),
}


def _change(summary: str, body: type[Body], shape: str = "ObjectsChanged") -> Operation:
    return Operation(summary, body, ("expand objects",), {200: shape, 204: None})


_CALLED = {
    "book": "Book",
    "hold": "Hold",
    "release": "Release",
    "put-up-for-resale": "Put up for resale",
}

STATUSES: Operations = {
    ("POST", "/events/groups/actions/change-object-status"): _change(
        "Change the status of objects", GroupStatusAsked
    ),
    **{
        ("POST", f"/events/groups/actions/{verb}"): _change(
            f"{_CALLED[verb]} objects of several events", GroupChangeAsked
        )
        for verb in _CALLED
    },
    ("POST", "/events/actions/change-object-status"): _change(
        "Make a batch of changes", Batch, "BatchChanged"
    ),
    ("POST", "/events/{key}/actions/change-object-status"): _change(
        "Change the status of objects of an event", EventStatusAsked, "EventObjectsChanged"
    ),
    **{
        ("POST", f"/events/{{key}}/actions/{verb}"): _change(
            f"{_CALLED[verb]} objects of an event", EventChangeAsked, "EventObjectsChanged"
        )
        for verb in _CALLED
    },
    ("GET", "/events/{key}/status-changes"): get(
        "List the status changes of an event",
        "StatusChanges",
        *PAGE,
        "filter",
        "filterType",
        "sort",
    ),
    ("GET", "/events/{key}/objects/{label}/status-changes"): get(
        "List the status changes of an object", "StatusChanges", *PAGE
    ),
    ("GET", "/commands/{id}"): get("Say what became of a command", "Command"),
}
