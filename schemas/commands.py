"""The commands: what an ingress asks of a seats owner or of a coordinator.

Rules of this file:

1. A type name carries its version (`ChangeObjectStatus.v1`). A changed meaning is a new version
   beside the old one; a golden message of every version is kept in tests/golden and must decode.
2. A field that a reader does not know is an error here: an ignored wish is a broken promise.
3. Instants are ms since the epoch, UTC. The ingress has checked shapes and limits; the owner
   checks again what guards seats.
"""

from typing import Any, Literal

import msgspec

from schemas.selling import EventCategory, Selling, TableBooking
from schemas.selling_edits import ChannelsEdit, EventForSaleEdit

JsonObject = dict[str, Any]


class Command(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What all commands have in common."""

    workspace: str
    """The public key of the workspace that the caller's API key belongs to."""
    idempotency: "Idempotency | None" = None
    """Present if the client sent an idempotency key."""


class Idempotency(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The client's idempotency key in the form the owners keep."""

    command_id: str
    """UUIDv5 (hex) of workspace and idempotency key."""
    fingerprint: str
    """First 16 hex digits of the SHA-256 over method, route and body."""


class CommandPosition(msgspec.Struct, frozen=True):
    """Where a command stands in its topic: its id for clients."""

    partition: int
    offset: int


class Asked(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """Where a command stands and who waits for it: kept with what is answered later."""

    command: CommandPosition
    workspace: str
    ingress: str | None = None
    """Random id of the ingress that waits."""
    request: str | None = None
    """For which of its requests."""
    idempotency: Idempotency | None = None


class Origin(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Where a status change came from."""

    type: Literal["API_CALL", "HOLD_EXPIRED"] = "API_CALL"
    ip: str | None = None
    """Address of the caller; absent when time was the cause."""


class Hold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A hold token with the deadline that its signature (or its last extension) gives."""

    token: str
    expires_at: int


class ObjectChange(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One object of a change."""

    label: str
    quantity: int = 1
    """Number of places; more than 1 only for areas."""
    ticket_type: str | None = None
    extra_data: JsonObject | None = None


class SeasonUse(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """Whether an event goes by a season's status, asked for some objects of it."""

    season: int
    """Id of a season that the event is in."""
    is_overridden: bool
    """True: for so many places more the event goes by its own status. False: for so many less."""


class Change(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One status for a set of objects of one event."""

    event: int
    event_key: str | None = None
    """The key that the ingress found the event by; if it is another by now, there is no such event.
    None: not compared."""
    status: str
    """The status afterwards; `free` releases."""
    objects: list[ObjectChange]
    hold: Hold | None = None
    order_id: str | None = None
    keep_extra_data: bool = False
    allowed_previous_statuses: list[str] | None = None
    rejected_previous_statuses: list[str] | None = None
    resale_listing_id: str | None = None
    """Of the offer on a resale platform; kept until the next change."""
    channel_keys: list[str] | None = None
    """Channels whose objects may be touched; `NO_CHANNEL` for what is in none. None: that only."""
    ignore_channels: bool = False
    """Objects of all channels, and of none, may be touched."""
    season_use: SeasonUse | None = None
    """Present: no status changes, but by whose status the objects go. Of the other fields only the
    event, its key and the objects count, and all events of the command live in one partition."""


class ChangeObjectStatus(
    Command, tag="ChangeObjectStatus.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Apply changes in their order, all or none.

    In `events.commands` every event lives in the command's partition; in `groups.commands` they
    live in several, and the coordinator resolves the group.
    """

    changes: list[Change]
    origin: Origin
    same_channels: bool = False
    """The changes are one offer over several events: an object has to be in the same channel on
    all of them, or in none."""


class UpdateExtraData(
    Command, tag="UpdateExtraData.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Replace the extra data of objects; `null` for an object takes its extra data away."""

    event: int
    event_key: str | None = None
    """The key that the ingress found the event by; if it is another by now, there is no such event.
    None: not compared."""
    extra_data: dict[str, JsonObject | None]


class Wish(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What a party asks for that does not choose its objects itself."""

    number: int
    """Objects, or places of one area; 1 or more."""
    categories: tuple[str, ...] | None = None
    """Keys, or labels in any case."""
    zone: str | None = None
    """Key of the zone; its focal point then counts."""
    sections: tuple[str, ...] | None = None
    accessible_seats: int = 0
    """How many of the seats are accessible ones: exactly so many. Without it none is."""
    prevent_orphans: bool = True


class ChangeBestAvailable(
    Command, tag="ChangeBestAvailable.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Change the status of the best objects that are free; their owner decides which these are."""

    event: int
    event_key: str | None = None
    """The key that the ingress found the event by; if it is another by now, there is no such event.
    None: not compared."""
    status: str
    wish: Wish
    hold: Hold | None = None
    order_id: str | None = None
    keep_extra_data: bool = False
    channel_keys: list[str] | None = None
    """As in a change."""
    ignore_channels: bool = False
    ticket_types: list[str | None] = []
    """Of the objects in the order of the answer; those past its end have none."""
    extra_data: list[JsonObject | None] = []
    """The same."""
    origin: Origin


SeatsCommand = ChangeObjectStatus | ChangeBestAvailable | UpdateExtraData


class NewEvent(
    msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One event to create. Its id and partition are the coordinator's to choose."""

    key: str
    chart_key: str
    inventory: str
    """Content hash of the compiled inventory; it stands in `inventories` before this is sent."""
    name: str | None = None
    date: str | None = None
    """Day of the event, `YYYY-MM-DD`."""
    selling: Selling | None = None
    """None: as the chart says."""


class CreateEvents(
    Command, tag="CreateEvents.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Create events, all or none."""

    events: list[NewEvent]


class UpdateEvent(
    Command, tag="UpdateEvent.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Rename an event or change what is said about it; absent fields stay as they are.

    Tables, categories and objects' categories are replaced as a whole.
    """

    key: str
    new_key: str | None = None
    name: str | None = None
    date: str | None = None
    is_in_the_past: bool | None = None
    tables: TableBooking | None = None
    categories: list[EventCategory] | None = None
    object_categories: dict[str, str] | None = None
    chart_key: str | None = None
    """The chart that the event moves to; then `inventory` is there as well."""
    inventory: str | None = None
    """Its content hash; it stands in `inventories` before this is sent."""
    for_sale_propagated: bool | None = None
    """Only of a season."""


class CreateSeason(
    Command, tag="CreateSeason.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Create a season with events of its own, all or none."""

    season: NewEvent
    event_keys: list[str] = []
    """Its events are on its chart, with its tables and categories."""
    for_sale_propagated: bool = True


class CreateSeasonEvents(
    Command, tag="CreateSeasonEvents.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Create more events in a top-level season, all or none."""

    season: str
    """Its key."""
    event_keys: list[str]


class CreatePartialSeason(
    Command, tag="CreatePartialSeason.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Create a partial season over some events of a season."""

    top: str
    """Key of the top-level season."""
    key: str
    name: str | None = None
    event_keys: list[str] = []


class ChangePartialSeason(
    Command, tag="ChangePartialSeason.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Put events of a season into a partial season of it, or take some out.

    What is in it already, or is not, stays so.
    """

    top: str
    """Key of the top-level season."""
    partial: str
    """Key of the partial season."""
    added: list[str] = []
    removed: list[str] = []


class EditChannels(
    Command, tag="EditChannels.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Edit the channels of an event."""

    key: str
    edit: ChannelsEdit


class EditForSale(
    Command, tag="EditForSale.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Edit what is for sale of events, all or none."""

    events: list[EventForSaleEdit]


class ReplaceInventory(
    Command, tag="ReplaceInventory.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Sell the events of a chart from another inventory: the chart was published anew.

    The coordinator replaces that of so many at once, and names them in its facts: sent again and
    again until it names none, it has replaced all.
    """

    chart_key: str
    inventory: str
    """Content hash; it stands in `inventories` before this is sent."""


class DeleteEvent(
    Command, tag="DeleteEvent.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Delete an event; its key is free at once for an event with a new id.

    With a top-level season go its partial seasons and its events. Of a partial season the events
    stay.
    """

    key: str


class SetHoldDeadline(
    Command, tag="SetHoldDeadline.v1", kw_only=True, frozen=True, forbid_unknown_fields=True
):
    """Extend a hold token, or end it now (`duration_ms` 0)."""

    hold: Hold
    """The token with the deadline that was known when this was asked."""
    made_at: int
    """From its signature; its longest validity counts from here, however often it is extended."""
    duration_ms: int
    """The validity from now on; the clock is the coordinator's partition time."""


SeasonCommand = CreateSeason | CreateSeasonEvents | CreatePartialSeason | ChangePartialSeason
GroupsCommand = (
    CreateEvents
    | UpdateEvent
    | EditChannels
    | EditForSale
    | ReplaceInventory
    | DeleteEvent
    | SeasonCommand
    | SetHoldDeadline
    | ChangeObjectStatus
)

encode = msgspec.json.Encoder().encode
decode_seats_command = msgspec.json.Decoder(SeatsCommand).decode
decode_groups_command = msgspec.json.Decoder(GroupsCommand).decode
