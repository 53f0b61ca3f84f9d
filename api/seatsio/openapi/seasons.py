"""The operations on seasons."""

from api.seatsio.change_models import SeasonUseAsked
from api.seatsio.openapi.operation import Operations, post
from api.seatsio.seasons import EventsAdded, EventsWanted, PartialSeasonAsked, SeasonAsked

_PARTIALS = "/seasons/{top}/partial-seasons"

SEASONS: Operations = {
    ("POST", "/seasons"): post("Create a season", SeasonAsked, "Event"),
    ("POST", "/seasons/{key}/actions/create-events"): post(
        "Create events in a season", EventsWanted, "EventsCreated"
    ),
    ("POST", "/events/{key}/actions/override-season-status"): post(
        "Override the status of a season", SeasonUseAsked
    ),
    ("POST", "/events/{key}/actions/use-season-status"): post(
        "Use the status of a season again", SeasonUseAsked
    ),
    ("POST", _PARTIALS): post("Create a partial season", PartialSeasonAsked, "Event"),
    ("POST", f"{_PARTIALS}/{{key}}/actions/add-events"): post(
        "Add events to a partial season", EventsAdded, "Event"
    ),
    ("DELETE", f"{_PARTIALS}/{{key}}/events/{{event}}"): post(
        "Remove an event from a partial season", shape="Event"
    ),
}
