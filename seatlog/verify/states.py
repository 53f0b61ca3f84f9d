"""What is known of events and objects: the states that the fold keeps, and the read model has."""

from dataclasses import dataclass, field
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from adapters.postgres.storable import storable
from schemas.commands import JsonObject
from schemas.facts import FREE, AreaCounts, EventCreated, PlannedChange, StatusChanged
from schemas.seasons import SeasonPlace
from schemas.selling import AS_THE_CHART_SAYS, Selling
from seatlog.verify.offers import Offered
from seatlog.verify.places import Seats, Venue


class ObjectState(NamedTuple):
    """What is known about an object."""

    status: str = FREE
    hold_token: str | None = None
    """Of a seat that is held."""
    order_id: str | None = None
    ticket_type: str | None = None
    extra_data: JsonObject | None = None
    resale_listing_id: str | None = None
    area: AreaCounts | None = None
    """Without `own`: the places of each token are in EventFold.area_holds."""

    @property
    def is_free(self) -> bool:
        """Whether nobody has it; of an area, any place of it."""
        if self.area is None:
            return self.status == FREE
        return not self.area.taken and not self.area.held


UNTOUCHED = ObjectState()


class Use(NamedTuple):
    """How an object was ever used."""

    first_at: int | None = None
    """When it was first anything but free."""
    places: int = 0
    """In use at once, at the most."""


UNUSED = Use()


class Moment(NamedTuple):
    """Where and when a fact stands, and whether time alone was its cause."""

    where: str
    at: int
    change_id: int
    """The id that a status change has here."""
    by_time: bool
    planned: PlannedChange | None = None
    """Of a change that a group had reserved."""


@dataclass(slots=True)
class Changes:
    """The status changes of an event, summed up to be compared with another list of them.

    Older ones than the read model keeps are left out.
    """

    number: int = 0
    content: int = 0
    """Sum of the digests of all: each is of the whole row, so what two have swapped shows."""

    def add(self, row: "ChangeRow") -> None:
        """Count a status change."""
        told = msgspec.json.encode(row)
        if b"\\u0000" in told:  # Postgres cannot store it
            told = msgspec.json.encode(msgspec.json.decode(storable(told)))
        self.number += 1
        self.content += int.from_bytes(blake2b(told, digest_size=8).digest())


class ChangeRow(NamedTuple):
    """All that the read model has of a status change, but its event."""

    id: int
    seq: int
    at: int
    quantity: int
    label: str
    status: str
    origin_type: str
    origin_ip: str | None
    hold_token: str | None
    order_id: str | None
    extra_data: JsonObject | None


def change_row(fact: StatusChanged, moment: Moment) -> ChangeRow:
    """Give the row that a status change must have."""
    return ChangeRow(
        *(moment.change_id, fact.seq, moment.at, fact.quantity, fact.label, fact.status),
        *(fact.origin.type, fact.origin.ip, fact.hold_token, fact.order_id, fact.extra_data),
    )


@dataclass(slots=True)
class EventFold:
    """One event: what was said when it was created, and its objects that were ever changed."""

    created: EventCreated
    key: str
    name: str | None
    date: str | None
    inventory: str = ""
    """The hash of what it is sold from; see `sell_from`."""
    was_replaced: bool = False
    """It was sold from another inventory before, and may have what is not in this one."""
    shrunk: set[str] = field(default_factory=set)
    """Areas that had more places in a former inventory, and may have more taken than there are."""
    venue: Venue | None = None
    seats: Seats = field(default_factory=dict)
    """What best available gives to anybody."""
    free_seats: int = 0
    """How many of these are free."""
    selling: Selling = AS_THE_CHART_SAYS
    """What the event adds to its chart."""
    known_offer: Offered | None = None
    """None until somebody asks."""
    season: SeasonPlace | None = None
    chart_key: str = ""
    is_in_the_past: bool = False
    updated_at: int | None = None
    last_seq: int = 0
    changes: Changes = field(default_factory=Changes)
    objects: dict[str, ObjectState] = field(default_factory=dict)
    uses: dict[str, Use] = field(default_factory=dict)
    """Of the objects that were ever used."""
    area_holds: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    """By label and token, the places that it holds of an area by ticket type."""
    overridden: dict[tuple[str, int], int] = field(default_factory=dict)
    """By label and season, the places for which it does not go by the season."""

    def __post_init__(self) -> None:
        """Begin with what was said at the creation."""
        self.selling = self.created.selling or AS_THE_CHART_SAYS
        self.chart_key = self.created.chart_key

    @property
    def offered(self) -> Offered | None:
        """What it offers to whom; None if its inventory is not there."""
        if self.known_offer is None and self.venue is not None:
            self.known_offer = Offered(self.venue, self.selling)
        return self.known_offer

    def sell(self, selling: Selling) -> None:
        """Sell it in another way."""
        self.selling, self.known_offer = selling, None

    def sell_from(self, inventory: str, venue: Venue | None, seats: Seats) -> None:
        """Sell it from an inventory, the first one or another."""
        self.was_replaced = bool(self.inventory)
        if self.venue is not None:
            now = {} if venue is None else venue.places
            self.shrunk |= {
                label
                for label, places in self.venue.places.items()
                if places is not None and places > (now.get(label) or 0)
            }
        self.inventory, self.venue, self.seats = inventory, venue, seats
        self.known_offer = None
        self.free_seats = sum(map(self.is_free, seats))

    def room(self, label: str, before: AreaCounts, *, is_planned: bool) -> int | None:
        """Bound the places of an area after a change; None where nothing is known.

        One that became too small has no room until it has; what a group had reserved is done.
        """
        capacity = self.capacity(label)
        if capacity is None or not self.was_replaced:
            return capacity
        return None if is_planned else max(capacity, sum(before.taken.values()) + before.held)

    def put(self, label: str, state: ObjectState) -> None:
        """Replace the state of an object."""
        if label in self.seats:
            self.free_seats += (state.status == FREE) - self.is_free(label)
        self.objects[label] = state

    def use(self, label: str, places: int, at: int) -> None:
        """Note how many places of an object are in use now."""
        before = self.uses.get(label, UNUSED)
        if places > before.places:
            self.uses[label] = Use(at if before.first_at is None else before.first_at, places)

    def is_free(self, label: str) -> bool:
        """Say whether a seat is free."""
        return self.objects.get(label, UNTOUCHED).status == FREE

    @property
    def id(self) -> int:
        """The event's id."""
        return self.created.event

    def sells(self, label: str) -> bool:
        """Say whether it sells an object; all, if its inventory is not there."""
        return self.venue is None or self.venue.sells(label, self.selling.tables)

    def capacity(self, label: str) -> int | None:
        """Give the places of an area; None for everything else."""
        return None if self.venue is None else self.venue.places.get(label)

    def same_places(self, label: str) -> list[str]:
        """Name the seats of a table, or the table of a seat."""
        return [] if self.venue is None else self.venue.same_places(label)

    @property
    def workspace(self) -> str:
        """The key of its workspace."""
        return self.created.workspace
