"""All operations of the dialect by what they are about.

Rules of this folder:

1. One entry for each route, by method and path as the route has them; a test compares both ways.
2. What a body may be is its model's to say; what an answer looks like stands in shapes.py.
"""

from api.seatsio.openapi import managing, reports, seasons, selling
from api.seatsio.openapi.operation import Operations

BY_RESOURCE: dict[str, Operations] = {
    "Booking": selling.STATUSES,
    "Objects": selling.OBJECTS,
    "Events": selling.EVENTS,
    "Seasons": seasons.SEASONS,
    "Channels": selling.CHANNELS,
    "For sale": selling.FOR_SALE,
    "Hold tokens": managing.HOLD_TOKENS,
    "Charts": managing.CHARTS,
    "Reports": reports.REPORTS,
    "Usage": reports.USAGE,
    "Event log": reports.LOG,
    "Workspaces": managing.WORKSPACES,
    "Ticket buyers": managing.TICKET_BUYERS,
}
