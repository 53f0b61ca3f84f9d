"""The operations that only tell: reports and the event log."""

from api.seatsio.openapi.operation import PAGE, Operation, Operations, get

_EVENT = "/reports/events/{key}"
_CHART = "/reports/charts/{key}"
_PROPAGATED = "seasonBookingsPropagated"
_OF_CHART = ("bookWholeTables", "version")

REPORTS: Operations = {
    ("GET", _EVENT): get("Report every object of an event", "ObjectList", _PROPAGATED),
    ("GET", f"{_EVENT}.csv"): Operation("Report an event as CSV", answers={200: "Csv"}),
    ("GET", f"{_EVENT}/{{type}}"): get("Report an event", "ObjectsByBucket", _PROPAGATED),
    ("GET", f"{_EVENT}/{{type}}/{{filter}}"): get(
        "Report one bucket of an event", "ObjectsByBucket", _PROPAGATED
    ),
    ("GET", f"{_EVENT}/{{type}}/summary"): get("Summarize an event", "Summary", _PROPAGATED),
    ("GET", f"{_EVENT}/{{type}}/summary/deep"): get(
        "Summarize an event deeply", "DeepSummary", _PROPAGATED
    ),
    ("GET", f"{_CHART}/{{type}}"): get("Report a chart", "ChartObjectsByBucket", *_OF_CHART),
    ("GET", f"{_CHART}/{{type}}/summary"): get("Summarize a chart", "Summary", *_OF_CHART),
}

_MONTH = "/reports/usage/month/{month}"

USAGE: Operations = {
    ("GET", "/reports/usage"): get("Report the usage of all months", "Usage", "usage version"),
    ("GET", _MONTH): get("Report the usage of a month", "UsageOfMonth"),
    ("GET", f"{_MONTH}/event/{{id}}"): get("Report the usage of an event", "UsageOfEvent"),
}

LOG: Operations = {
    ("GET", "/event-log"): get("List the event log", "EventLog", *PAGE),
}
