"""The facts: what has happened, as the outboxes tell it.

Rules of this file:

1. A fact is never refused and never changed. Type names carry their version.
2. A fact about an object carries the full state afterwards of all that it can have touched: of an
   area that is its counts and the places of the acting token. What the inventory says about it
   (category, row, coordinates) is added by whoever shows it.
3. Readers ignore fields they do not know, so fields may be added with a default. A reader that
   meets an unknown *type* stops.
"""

from collections.abc import Collection

import msgspec

from schemas.commands import Asked, Change, JsonObject, Origin, SeatsCommand
from schemas.rejections import Rejected
from schemas.seasons import SeasonPlace
from schemas.selling import Selling
from schemas.votes import Verdict

FREE = "free"
BOOKED = "booked"
HELD = "reservedByToken"
RESALE = "resale"
NO_TICKET_TYPE = "NO_TICKET_TYPE"


class ChannelCounts(msgspec.Struct, frozen=True, omit_defaults=True):
    """The counts of an area's places that came from one channel, and go back there."""

    taken: dict[str, int] = {}
    """Places by status; none at 0."""
    held: int = 0
    own: dict[str, int] = {}
    """What the change's `hold_token` holds now, by ticket type; none at 0."""


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
    channels: dict[str, ChannelCounts] = {}
    """How many of all these places came from channels, by id of the channel; none without any."""

    def without_own(self) -> "AreaCounts":
        """Give the counts as they are the same for everybody."""
        if not self.own and not self.channels:
            return self
        shared = {
            channel: ChannelCounts(taken=counts.taken, held=counts.held)
            for channel, counts in self.channels.items()
            if counts.taken or counts.held
        }
        return AreaCounts(taken=self.taken, held=self.held, channels=shared)


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
    resale_listing_id: str | None = None
    origin: Origin
    area: AreaCounts | None = None
    """Only for areas."""


class ExtraDataChanged(msgspec.Struct, tag="ExtraDataChanged.v1", kw_only=True, frozen=True):
    """An object's extra data was replaced; its status is what it was."""

    event: int
    label: str
    extra_data: JsonObject | None


class BestAvailableChosen(
    msgspec.Struct, tag="BestAvailableChosen.v1", kw_only=True, frozen=True, omit_defaults=True
):
    """The objects of the status changes beside this were chosen by their owner."""

    event: int
    next_to_each_other: bool | None = None
    """Whether they are neighbours in one row; absent for tables, booths and places of an area."""


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
    selling: Selling | None = None
    """None: as the chart says."""
    season: SeasonPlace | None = None
    """None: it has nothing to do with seasons."""
    created_at: int


class ForSaleEdits(msgspec.Struct, kw_only=True, frozen=True):
    """How often it was edited on a day what of an event is for sale."""

    day: int
    """Whole days since the epoch, UTC."""
    made: int
    left: int
    """How many more edits of this day may take something out of sale."""


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
    chart_key: str | None = None
    """The chart that the event is on from now on; then `inventory` is there as well."""
    name: str | None = None
    date: str | None = None
    is_in_the_past: bool | None = None
    selling: Selling | None = None
    """How the event is sold from now on, as a whole."""
    season: SeasonPlace | None = None
    """What it is in its season from now on, as a whole."""
    for_sale_edits: ForSaleEdits | None = None
    """Present if this was such an edit."""
    inventory: str | None = None
    """The content hash of what it is sold from now on; what vanishes with the former and is not
    free stays as it is until it is released."""
    updated_at: int


class EventDeleted(msgspec.Struct, tag="EventDeleted.v1", kw_only=True, frozen=True):
    """An event is gone; its holds ended with it, silently."""

    event: int
    partition: int
    workspace: str
    key: str


class SeasonStatusOverridden(
    msgspec.Struct, tag="SeasonStatusOverridden.v1", kw_only=True, frozen=True
):
    """Of some objects an event goes by its own status from now on, and not by that of a season."""

    event: int
    season: int
    """Id of a season that the event is in."""
    places: dict[str, int]
    """By label: how many places of the object count no longer if the season has them, in all; 1 of
    what is sold as one, and 0 where the season counts again as before."""


class GroupPart(msgspec.Struct, kw_only=True, frozen=True):
    """What a group asks of one partition of the events topics."""

    partition: int
    changes: list[Change]
    """In the order of the command; the coordinator has found the events by their keys."""


class GroupBegun(
    msgspec.Struct, tag="GroupBegun.v1", kw_only=True, frozen=True, omit_defaults=True
):
    """A coordinator asks the owners of several partitions to reserve their parts of a group."""

    group: int
    """Unique in the installation."""
    asked: Asked
    parts: list[GroupPart]
    origin: Origin
    vote_by: int
    """When this partition's time reaches this without all votes, the group is cancelled."""


class VoteCounted(
    msgspec.Struct, tag="VoteCounted.v1", kw_only=True, frozen=True, omit_defaults=True
):
    """A coordinator has taken in what a partition says about its part of a group."""

    group: int
    partition: int
    verdict: Verdict
    refusal: Rejected | None = None


class GroupConfirmed(msgspec.Struct, tag="GroupConfirmed.v1", kw_only=True, frozen=True):
    """All parts of a group were reserved: it is done, and every owner applies its part."""

    group: int
    partitions: list[int]
    """Where the parts are."""


class GroupCancelled(msgspec.Struct, tag="GroupCancelled.v1", kw_only=True, frozen=True):
    """A group is not done: every owner gives back what it reserved for it."""

    group: int
    partitions: list[int]
    """Where the parts are."""


class Pocket(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where places of an area can be."""

    status: str
    """`free`, a status that they are taken by, or `reservedByToken`."""
    token: str | None = None
    """Of held places, as is the ticket type."""
    ticket_type: str | None = None
    channel: str | None = None
    """The id of the channel that the places belong to, whoever has them; None: to none."""


class Moves(msgspec.Struct, frozen=True):
    """Places on their way from some pockets to another."""

    sources: list[tuple[Pocket, int]]
    """In the order in which they are drawn on, with the places that each gives; never empty."""
    target: Pocket
    """Where they come to; each place stays with its channel."""

    @property
    def arrivals(self) -> list[tuple[Pocket, int]]:
        """Where the places come to, with their channels."""
        return [
            (msgspec.structs.replace(self.target, channel=pocket.channel), places)
            for pocket, places in self.sources
        ]

    @property
    def quantity(self) -> int:
        """How many places move."""
        return sum(places for _, places in self.sources)

    @property
    def previous_status(self) -> str:
        """The status that the first of the places had."""
        return self.sources[0][0].status


class PlannedChange(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A status change that waits for the decision about its group."""

    change: StatusChanged
    """Without a number and, of an area, without counts: it gets them when it is applied."""
    moves: Moves | None = None
    """Of an area: which places go where."""
    keeps_extra_data: bool = False
    """The object's extra data is what it was when this was planned: of an area, others wait."""


class GroupReserved(msgspec.Struct, tag="GroupReserved.v1", kw_only=True, frozen=True):
    """A seats owner has reserved its part of a group, until the coordinator's decision."""

    group: int
    changes: list[PlannedChange]


class GroupRefused(msgspec.Struct, tag="GroupRefused.v1", kw_only=True, frozen=True):
    """A seats owner cannot do its part of a group."""

    group: int
    refusal: Rejected


class GroupQueued(msgspec.Struct, tag="GroupQueued.v1", kw_only=True, frozen=True):
    """A part of a group waits, as a parked command does, for what is in doubt."""

    group: int
    workspace: str
    changes: list[Change]
    origin: Origin


class GroupEnded(msgspec.Struct, tag="GroupEnded.v1", kw_only=True, frozen=True):
    """A seats owner has applied the decision about a group: nothing of it is in doubt here."""

    group: int
    is_confirmed: bool


class CommandParked(msgspec.Struct, tag="CommandParked.v1", kw_only=True, frozen=True):
    """A command waits for what is in doubt; its answer comes in a later record."""

    asked: Asked
    command: SeatsCommand
    until: int
    """When the partition's time reaches this, the command is refused as BUSY_IN_DOUBT."""


SeatsFact = (
    StatusChanged
    | BestAvailableChosen
    | ExtraDataChanged
    | HoldDeadlineSet
    | HoldExpired
    | EventCreated
    | EventUpdated
    | EventDeleted
    | SeasonStatusOverridden
    | GroupReserved
    | GroupRefused
    | GroupQueued
    | GroupEnded
    | CommandParked
)
GroupsFact = (
    EventCreated
    | EventUpdated
    | EventDeleted
    | HoldDeadlineSet
    | GroupBegun
    | VoteCounted
    | GroupConfirmed
    | GroupCancelled
)


def partitions_concerned(fact: GroupsFact, partitions: int) -> Collection[int]:
    """Name the partitions, of so many, whose owners apply a coordinator's fact."""
    match fact:
        case HoldDeadlineSet():
            return range(partitions)
        case GroupBegun():
            return [part.partition for part in fact.parts]
        case GroupConfirmed() | GroupCancelled():
            return fact.partitions
        case VoteCounted():
            return ()
        case EventCreated() | EventUpdated() | EventDeleted():
            return (fact.partition,)
