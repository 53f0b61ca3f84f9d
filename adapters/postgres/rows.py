"""The rows of the read model, as readers get them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schemas.commands import JsonObject
from schemas.facts import AreaCounts
from schemas.seasons import SeasonPlace
from schemas.selling import AS_THE_CHART_SAYS, Selling

AreaHolds = dict[str, dict[str, int]]
"""Places by hold token and ticket type."""


class EventRow(NamedTuple):
    """An event that exists. Times are ms since the epoch."""

    id: int
    partition: int
    workspace: str
    key: str
    chart_key: str
    inventory: str
    name: str | None
    date: str | None
    is_in_the_past: bool
    created_at: int
    updated_at: int | None
    selling: Selling = AS_THE_CHART_SAYS
    season: SeasonPlace | None = None


class ObjectRow(NamedTuple):
    """An object that was touched; one without a row is free."""

    label: str
    status: str
    hold_token: str | None
    """The token that holds the object; None when it is not held, and for areas."""
    order_id: str | None
    ticket_type: str | None
    extra_data: JsonObject | None
    resale_listing_id: str | None
    area: AreaCounts | None
    """The counts of an area; None for other objects, and for an area that nobody was ever in."""
    area_holds: AreaHolds | None = None
    """What each token holds of an area; None if no token holds any."""


class TouchedRow(NamedTuple):
    """An object that was touched, for a report: JSON is the text that was written."""

    label: str
    status: str
    hold_token: str | None = None
    order_id: str | None = None
    ticket_type: str | None = None
    extra_data: str | None = None
    resale_listing_id: str | None = None
    area: AreaCounts | None = None
    area_holds: str | None = None
    """What each token holds of an area; None if no token holds any."""
    overridden: Mapping[str, int] | None = None
    """Places for which the event does not go by a season, by the season's key."""


class TouchedColumns(NamedTuple):
    """Many rows of objects that are no areas, column by column."""

    labels: Sequence[str]
    statuses: Sequence[str]
    hold_tokens: Sequence[str | None]
    order_ids: Sequence[str | None]
    ticket_types: Sequence[str | None]
    extra_data: Sequence[str | None]
    resale_listing_ids: Sequence[str | None]


class TouchedObjects(NamedTuple):
    """Objects of an event that were touched."""

    columns: Sequence[TouchedColumns]
    rows: Sequence[TouchedRow]


class StatusChangeRow(NamedTuple):
    """A status change of an event."""

    event_id: int
    id: int
    seq: int
    at: int
    """Partition time, ms since the epoch."""
    quantity: int
    label: str
    status: str
    origin_type: str
    origin_ip: str | None
    hold_token: str | None
    order_id: str | None
    extra_data: JsonObject | None


class ResultRow(NamedTuple):
    """Where the answer to a command stands."""

    outbox_partition: int
    outbox_offset: int


class KeyedRow(NamedTuple):
    """Where the first answer to an idempotency key stands."""

    fingerprint: str
    outbox_topic: str
    outbox_partition: int
    outbox_offset: int
