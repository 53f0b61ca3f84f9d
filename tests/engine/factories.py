"""A small theatre, its public and the messages about it, with names instead of numbers.

All instants count from NOON. The theatre has two rows of five seats, a booth, an area of ten
places, a table sold by its seats (T1) and one sold as a whole (T2). Everybody wants to be near the
left end of row A.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from engine.charts.inventory import SeatMap
from schemas.commands import (
    Change,
    ChangeBestAvailable,
    ChangeObjectStatus,
    CreateEvents,
    DeleteEvent,
    EditChannels,
    EditForSale,
    Hold,
    Idempotency,
    JsonObject,
    NewEvent,
    ObjectChange,
    Origin,
    SetHoldDeadline,
    UpdateEvent,
    UpdateExtraData,
    Wish,
)
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    EventCreated,
    EventDeleted,
    EventUpdated,
    HoldDeadlineSet,
)
from schemas.inventory import (
    Area,
    Booth,
    Category,
    Inventory,
    Point,
    Row,
    Seats,
    Table,
    encode,
    inventory_hash,
)
from schemas.selling import Channel, Selling, TableBooking
from schemas.selling_edits import ChannelsEdit, EventForSaleEdit, ForSaleEdit

NOON: Final = 1_767_268_800_000
"""2026-01-01 12:00 UTC."""
SECOND: Final = 1_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

WORKSPACE: Final = "theatre"
ANOTHER_WORKSPACE: Final = "stadium"
MATINEE: Final = 256
EVENING: Final = 512
PARTITION: Final = 3

ALICE: Final = Hold("alice", NOON + 15 * MINUTE)
BOB: Final = Hold("bob", NOON + 15 * MINUTE)
CAROL: Final = Hold("carol", NOON + 30 * MINUTE)

CUSTOM: Final = "lolzor"
"""A status that only the caller knows the meaning of."""
CALLER: Final = Origin(ip="192.0.2.1")
CAPACITY: Final = 10
"""Of the area GA."""

Item = str | ObjectChange


def seats(*labels: str, depth: float = 0.0) -> Seats:
    """Give seats side by side."""
    return Seats(
        labels=list(labels),
        x=[10.0 * place for place in range(len(labels))],
        y=[depth] * len(labels),
        category="1",
    )


def row_of(label: str, length: int, depth: float = 0.0) -> Row:
    """Give a row whose seats are numbered from 1."""
    numbers = (str(number) for number in range(1, length + 1))
    return Row(label=label, seats=seats(*numbers, depth=depth))


THEATRE: Final = Inventory(
    blocks=[
        row_of("A", 5),
        row_of("B", 5, depth=100.0),
        Booth(label="Booth", position=Point(0.0, 500.0)),
        Area(label="GA", capacity=CAPACITY, position=Point(0.0, 600.0)),
        Table(label="T1", seats=seats("1", "2", depth=1000.0), seat_count=2),
        Table(
            label="T2",
            seats=seats("1", "2", depth=1100.0),
            seat_count=2,
            book_as_a_whole=True,
        ),
    ],
    categories=[Category(key="1", label="Stalls")],
    focal_point=Point(0.0, 0.0),
)
BARN: Final = Inventory(
    blocks=[row_of("A", 1300), Area(label="Floor", capacity=20_000)],
    focal_point=Point(0.0, 0.0),
)
FIELD: Final = Inventory(
    blocks=[
        Area(label="Front", capacity=CAPACITY, position=Point(0.0, 10.0)),
        Area(label="Back", capacity=1000, position=Point(0.0, 20.0)),
    ],
    focal_point=Point(0.0, 0.0),
)
"""Two areas."""

ATTIC: Final = Inventory(blocks=[row_of("A", 2), Area(label="GA", capacity=2)])
"""Smaller than the theatre, and named alike."""
FAIR: Final = Inventory(blocks=[Booth(label="GA"), Area(label="Booth", capacity=5)])
"""What is an area in the theatre is a booth here, and the other way round."""


def hash_of(inventory: Inventory) -> str:
    """Give the hash by which an inventory is known."""
    return inventory_hash(encode(inventory))


INVENTORIES: Final = {
    hash_of(venue): SeatMap(venue) for venue in (THEATRE, BARN, FIELD, ATTIC, FAIR)
}


def event_created(
    event: int = MATINEE,
    key: str = "matinee",
    *,
    workspace: str = WORKSPACE,
    venue: Inventory = THEATRE,
    partition: int = PARTITION,
    selling: Selling | None = None,
) -> EventCreated:
    """Give the coordinator's word that an event exists."""
    return EventCreated(
        event=event,
        partition=partition,
        workspace=workspace,
        key=key,
        chart_key="chart",
        inventory=hash_of(venue),
        selling=selling,
        created_at=NOON,
    )


def event_renamed(event: int, key: str, previous_key: str) -> EventUpdated:
    """Give the coordinator's word that an event has another key."""
    return EventUpdated(
        event=event,
        partition=PARTITION,
        workspace=WORKSPACE,
        key=key,
        previous_key=previous_key,
        updated_at=NOON,
    )


def event_sold(selling: Selling, event: int = MATINEE, key: str = "matinee") -> EventUpdated:
    """Give the coordinator's word that an event is sold in another way."""
    return EventUpdated(
        event=event,
        partition=PARTITION,
        workspace=WORKSPACE,
        key=key,
        previous_key=key,
        selling=selling,
        updated_at=NOON,
    )


def sold_anew(tables: TableBooking | None = None, event: int = MATINEE) -> EventUpdated:
    """Give the coordinator's word that an event sells its tables like this from now on."""
    return event_sold(Selling(tables=tables), event)


def sold_from(venue: Inventory, event: int = MATINEE, key: str = "matinee") -> EventUpdated:
    """Give the coordinator's word that an event has another inventory."""
    renamed = event_renamed(event, key, key)
    return msgspec.structs.replace(renamed, inventory=hash_of(venue))


def event_deleted(event: int = MATINEE, key: str = "matinee") -> EventDeleted:
    """Give the coordinator's word that an event is gone."""
    return EventDeleted(event=event, partition=PARTITION, workspace=WORKSPACE, key=key)


def deadline_set(hold: Hold, expires_at: int, *, previous: int | None = None) -> HoldDeadlineSet:
    """Give the coordinator's word that a hold ends at another time."""
    known = hold.expires_at if previous is None else previous
    return HoldDeadlineSet(
        workspace=WORKSPACE,
        token=hold.token,
        expires_at=expires_at,
        previous_expires_at=known,
        remembered_until=max(hold.expires_at, known, expires_at) + MINUTE,
    )


def places(label: str, quantity: int, ticket_type: str | None = None) -> ObjectChange:
    """Name places of an area."""
    return ObjectChange(label=label, quantity=quantity, ticket_type=ticket_type)


def change(
    status: str,
    *items: Item,
    event: int = MATINEE,
    by: Hold | None = None,
    allowed: list[str] | None = None,
    rejected: list[str] | None = None,
    order_id: str | None = None,
    keep_extra_data: bool = False,
    channels: list[str] | None = None,
    ignore_channels: bool = False,
) -> Change:
    """Ask for a status for these objects."""
    return Change(
        event=event,
        status=status,
        objects=[ObjectChange(label=item) if isinstance(item, str) else item for item in items],
        hold=by,
        order_id=order_id,
        keep_extra_data=keep_extra_data,
        allowed_previous_statuses=allowed,
        rejected_previous_statuses=rejected,
        channel_keys=channels,
        ignore_channels=ignore_channels,
    )


def command(
    *changes: Change,
    workspace: str = WORKSPACE,
    idempotency: Idempotency | None = None,
    same_channels: bool = False,
) -> ChangeObjectStatus:
    """Ask for these changes as a whole."""
    return ChangeObjectStatus(
        workspace=workspace,
        idempotency=idempotency,
        changes=list(changes),
        origin=CALLER,
        same_channels=same_channels,
    )


def book(*items: Item, **fields: Any) -> ChangeObjectStatus:  # noqa: ANN401
    """Ask to book objects."""
    return command(change(BOOKED, *items, **fields))


def hold(*items: Item, by: Hold, **fields: Any) -> ChangeObjectStatus:  # noqa: ANN401
    """Ask to hold objects."""
    return command(change(HELD, *items, by=by, **fields))


def release(*items: Item, **fields: Any) -> ChangeObjectStatus:  # noqa: ANN401
    """Ask to free objects."""
    return command(change(FREE, *items, **fields))


def best(
    number: int,
    status: str = BOOKED,
    *,
    workspace: str = WORKSPACE,
    event: int = MATINEE,
    by: Hold | None = None,
    idempotency: Idempotency | None = None,
    ticket_types: Sequence[str | None] = (),
    extra_data: Sequence[JsonObject | None] = (),
    channels: list[str] | None = None,
    ignore_channels: bool = False,
    **wish: Any,  # noqa: ANN401
) -> ChangeBestAvailable:
    """Ask for the best that there is."""
    return ChangeBestAvailable(
        workspace=workspace,
        idempotency=idempotency,
        event=event,
        status=status,
        wish=Wish(number=number, **wish),
        hold=by,
        ticket_types=list(ticket_types),
        extra_data=list(extra_data),
        channel_keys=channels,
        ignore_channels=ignore_channels,
        origin=CALLER,
    )


def update_extra_data(
    event: int = MATINEE,
    workspace: str = WORKSPACE,
    idempotency: Idempotency | None = None,
    **extra_data: dict[str, Any] | None,
) -> UpdateExtraData:
    """Ask for new extra data; object labels are written with `_` for `-`."""
    return UpdateExtraData(
        workspace=workspace,
        idempotency=idempotency,
        event=event,
        extra_data={label.replace("_", "-"): data for label, data in extra_data.items()},
    )


def keyed(name: str, fingerprint: str = "0123456789abcdef") -> Idempotency:
    """Give an idempotency key as owners see it."""
    return Idempotency(command_id=f"command-{name}", fingerprint=fingerprint)


def create(
    *keys: str, workspace: str = WORKSPACE, idempotency: Idempotency | None = None
) -> CreateEvents:
    """Ask for events with these keys."""
    return CreateEvents(
        workspace=workspace,
        idempotency=idempotency,
        events=[NewEvent(key=key, chart_key="chart", inventory=hash_of(THEATRE)) for key in keys],
    )


def update(key: str, *, workspace: str = WORKSPACE, **fields: Any) -> UpdateEvent:  # noqa: ANN401
    """Ask to rename an event, or to say something new about it."""
    return UpdateEvent(workspace=workspace, key=key, **fields)


def edit_channels(key: str, edit: ChannelsEdit, **fields: Any) -> EditChannels:  # noqa: ANN401
    """Ask to edit an event's channels."""
    return EditChannels(workspace=WORKSPACE, key=key, edit=edit, **fields)


def edit_for_sale(**edits: ForSaleEdit) -> EditForSale:
    """Ask to edit what is for sale of events, by key."""
    return EditForSale(
        workspace=WORKSPACE,
        events=[EventForSaleEdit(key=key, edit=edit) for key, edit in edits.items()],
    )


def channel(key: str, *objects: str, **area_places: int) -> Channel:
    """Give a channel with these objects and places."""
    return Channel(
        id=f"id-{key}",
        key=key,
        name=key.title(),
        color="#ED303D",
        objects=list(objects),
        area_places=area_places,
    )


def delete(key: str, *, workspace: str = WORKSPACE) -> DeleteEvent:
    """Ask to delete an event."""
    return DeleteEvent(workspace=workspace, key=key)


def set_deadline(token: Hold, duration_ms: int) -> SetHoldDeadline:
    """Ask for a hold, made at noon, that ends this long from now."""
    return SetHoldDeadline(workspace=WORKSPACE, hold=token, made_at=NOON, duration_ms=duration_ms)
