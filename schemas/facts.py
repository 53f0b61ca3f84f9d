"""The facts: what has happened, as the outboxes tell it.

Rules of this file:

1. A fact is never refused and never changed. Type names carry their version.
2. A fact about an object carries the full state afterwards of all that it can have touched: of an
   area that is its counts and the places of the acting token. What the inventory says about it
   (category, row, coordinates) is added by whoever shows it.
3. Readers ignore fields they do not know, so fields may be added with a default. A reader that
   meets an unknown *type* stops.
"""

import msgspec

from schemas.commands import JsonObject, Origin

FREE = "free"
BOOKED = "booked"
HELD = "reservedByToken"
RESALE = "resale"
NO_TICKET_TYPE = "NO_TICKET_TYPE"


class AreaCounts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The counts of an area after a change: all that the change can have touched, and no more.

    A fact's size and cost do not depend on how many tokens hold places: what the others hold is as
    the last fact made with each of them left it.
    """

    taken: dict[str, int] = {}
    """Places by status: `booked` and custom statuses; none at 0."""
    held: int = 0
    """Places that all hold tokens hold together."""
    own: dict[str, int] = {}
    """What the change's `hold_token` holds now, by ticket type (`NO_TICKET_TYPE` for none); none at
    0. Empty as well if the change was made without a token."""


class StatusChanged(
    msgspec.Struct, tag="StatusChanged.v1", kw_only=True, frozen=True, omit_defaults=True
):
    """An object of an event has a new status."""

    event: int
    seq: int
    """Number of this status change in its event: 1, 2, 3, ... without a gap."""
    label: str
    status: str
    previous_status: str
    quantity: int = 1
    hold_token: str | None = None
    """The token that the change was made with; the object is held by it if the status says so."""
    hold_expires_at: int | None = None
    order_id: str | None = None
    ticket_type: str | None = None
    extra_data: JsonObject | None = None
    origin: Origin
    area: AreaCounts | None = None
    """Only for areas."""


class ExtraDataChanged(msgspec.Struct, tag="ExtraDataChanged.v1", kw_only=True, frozen=True):
    """An object's extra data was replaced; its status is what it was."""

    event: int
    label: str
    extra_data: JsonObject | None


class HoldDeadlineSet(msgspec.Struct, tag="HoldDeadlineSet.v1", kw_only=True, frozen=True):
    """A hold token ends at another time than it was made for."""

    workspace: str
    token: str
    expires_at: int
    previous_expires_at: int
    """An owner whose time was at or past this when it read the change had ended the token already;
    it then applies, and reports, that deadline instead."""
    remembered_until: int
    """The latest deadline the token ever had: until then its signature alone would admit it."""


class HoldExpired(msgspec.Struct, tag="HoldExpired.v1", kw_only=True, frozen=True):
    """A hold token's deadline passed; the objects it held were freed by the facts before this."""

    token: str


class EventCreated(
    msgspec.Struct, tag="EventCreated.v1", kw_only=True, frozen=True, omit_defaults=True
):
    """An event exists: in the coordinator's outbox as a decision, in its partition as applied."""

    event: int
    partition: int
    """The partition of the events topics that holds this event, for good."""
    workspace: str
    key: str
    chart_key: str
    inventory: str
    name: str | None = None
    date: str | None = None
    created_at: int


class EventUpdated(
    msgspec.Struct, tag="EventUpdated.v1", kw_only=True, frozen=True, omit_defaults=True
):
    """An event was renamed or described anew; absent fields stayed as they were."""

    event: int
    partition: int
    workspace: str
    key: str
    """The event key from now on."""
    previous_key: str
    name: str | None = None
    date: str | None = None
    is_in_the_past: bool | None = None
    updated_at: int


class EventDeleted(msgspec.Struct, tag="EventDeleted.v1", kw_only=True, frozen=True):
    """An event is gone; its holds ended with it, silently."""

    event: int
    partition: int
    workspace: str
    key: str


SeatsFact = (
    StatusChanged
    | ExtraDataChanged
    | HoldDeadlineSet
    | HoldExpired
    | EventCreated
    | EventUpdated
    | EventDeleted
)
GroupsFact = EventCreated | EventUpdated | EventDeleted | HoldDeadlineSet
