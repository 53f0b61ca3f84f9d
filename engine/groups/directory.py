"""The directory of event keys: (workspace, event key) to event id and partition.

Rules of this file:

1. It is a fold of a coordinator's facts, the same in the coordinator and in every ingress.
2. An event's id and partition never change; only its key may.
"""

from collections.abc import Iterable, Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec

from engine.digests import DIGEST_MODULUS, digest_of
from engine.seats.channels import NO_CHANNELS, Channels
from schemas.facts import (
    EventCreated,
    EventDeleted,
    EventUpdated,
    ForSaleEdits,
    GroupsFact,
    HoldDeadlineSet,
)
from schemas.seasons import SeasonPlace
from schemas.selling import AS_THE_CHART_SAYS, Selling


class Entry(NamedTuple):
    """Where an event lives."""

    event: int
    partition: int
    workspace: str
    key: str
    chart_key: str
    inventory: str
    selling: Selling = AS_THE_CHART_SAYS
    season: SeasonPlace | None = None
    for_sale_edits: ForSaleEdits | None = None
    """Of the last day on which there was one."""


class HoldRevision(NamedTuple):
    """The last changed deadline of a hold token."""

    expires_at: int
    remembered_until: int


class DirectorySnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The directory as a snapshot keeps it."""

    entries: list[Entry]
    """In the order of their last updates."""
    holds: dict[str, HoldRevision]


class Directory:
    """The events of all workspaces of one coordinator, and the changed hold deadlines."""

    __slots__ = (
        "_by_id",
        "_by_key",
        "_channels",
        "_digest_sum",
        "_forgettable",
        "_holds",
        "_in_season",
    )

    def __init__(self) -> None:
        self._by_key: dict[tuple[str, str], Entry] = {}
        self._by_id: dict[int, Entry] = {}
        self._in_season: dict[int, dict[int, None]] = {}
        """Ids of the partial seasons and events of each top-level season."""
        self._channels: dict[int, Channels] = {}
        """By event, of those that were asked for."""
        self._holds: dict[str, HoldRevision] = {}
        self._forgettable: list[tuple[int, str]] = []
        """A heap of the changed deadlines by the time until which they must be remembered."""
        self._digest_sum = 0

    def snapshot(self) -> DirectorySnapshot:
        """Say all that is known."""
        return DirectorySnapshot(list(self._by_id.values()), self._holds)

    def restore(self, kept: DirectorySnapshot) -> None:
        """Learn all that was known."""
        for entry in kept.entries:
            self._put(entry)
        for token, revision in kept.holds.items():
            self._put_hold(token, revision)

    def find(self, workspace: str, key: str) -> Entry | None:
        """Look an event up by its key."""
        return self._by_key.get((workspace, key))

    def by_id(self, event: int) -> Entry | None:
        """Look an event up by its id."""
        return self._by_id.get(event)

    def not_free(self, workspace: str, keys: Sequence[str]) -> list[str]:
        """Name the keys, of those that are wanted, that are in use or, if none is, wanted twice."""
        used = [key for key in keys if self.find(workspace, key)]
        return used or [key for place, key in enumerate(keys) if key in keys[:place]]

    def in_season(self, top: int) -> list[Entry]:
        """List the partial seasons and events of a top-level season as they were created."""
        return [self._by_id[event] for event in sorted(self._in_season.get(top, ()))]

    def channels(self, event: int) -> Channels:
        """Give the channels of an event that is there."""
        found = self._channels.get(event)
        if found is None:
            channels = self._by_id[event].selling.channels
            found = self._channels[event] = Channels(channels) if channels else NO_CHANNELS
        return found

    def of_chart(self, workspace: str, chart_key: str) -> Iterator[Entry]:
        """Go through the events of a chart, in the order of their last updates."""
        for entry in self._by_id.values():
            if entry.chart_key == chart_key and entry.workspace == workspace:
                yield entry

    def inventories(self) -> Iterable[str]:
        """Name the inventory of each event."""
        return (entry.inventory for entry in self._by_id.values())

    def hold(self, token: str) -> HoldRevision | None:
        """Give the changed deadline of a hold token; None if it was never changed."""
        return self._holds.get(token)

    def forget_holds_until(self, now: int) -> None:
        """Drop changed deadlines that no signature can contradict any more."""
        while self._forgettable and self._forgettable[0][0] <= now:
            _, token = heappop(self._forgettable)
            revision = self._holds.get(token)
            if revision is not None and revision.remembered_until <= now:
                del self._holds[token]

    def evolve(self, fact: GroupsFact) -> None:
        """Apply one fact of a coordinator."""
        match fact:
            case EventCreated():
                self._put(entry_of(fact))
            case EventUpdated():
                entry = self._take(fact.event)
                self._put(
                    entry._replace(
                        key=fact.key,
                        chart_key=fact.chart_key or entry.chart_key,
                        selling=fact.selling or entry.selling,
                        season=fact.season or entry.season,
                        for_sale_edits=fact.for_sale_edits or entry.for_sale_edits,
                        inventory=fact.inventory or entry.inventory,
                    )
                )
            case EventDeleted():
                self._take(fact.event)
            case HoldDeadlineSet():
                revision = HoldRevision(fact.expires_at, fact.remembered_until)
                self._put_hold(fact.token, revision)

    @property
    def digest_sum(self) -> int:
        """Give the sum of the entries' digests."""
        return self._digest_sum % DIGEST_MODULUS

    def _put_hold(self, token: str, revision: HoldRevision) -> None:
        self._holds[token] = revision
        heappush(self._forgettable, (revision.remembered_until, token))

    def _put(self, entry: Entry) -> None:
        self._by_key[entry.workspace, entry.key] = entry
        self._by_id[entry.event] = entry
        if entry.season is not None and entry.season.top != entry.event:
            self._in_season.setdefault(entry.season.top, {})[entry.event] = None
        self._digest_sum += _digest(entry)

    def _take(self, event: int) -> Entry:
        entry = self._by_id.pop(event)
        self._channels.pop(event, None)
        del self._by_key[entry.workspace, entry.key]
        if entry.season is not None and entry.season.top != event:
            others = self._in_season[entry.season.top]
            del others[event]
            if not others:
                del self._in_season[entry.season.top]
        self._digest_sum -= _digest(entry)
        return entry


def entry_of(fact: EventCreated) -> Entry:
    """Give the entry of an event that was created."""
    return Entry(
        fact.event,
        fact.partition,
        fact.workspace,
        fact.key,
        fact.chart_key,
        fact.inventory,
        fact.selling or AS_THE_CHART_SAYS,
        fact.season,
    )


def updated(
    entry: Entry,
    now: int,
    *,
    inventory: str | None = None,
    selling: Selling | None = None,
    season: SeasonPlace | None = None,
    for_sale_edits: ForSaleEdits | None = None,
) -> EventUpdated:
    """Give the fact that something is otherwise with an event; what is None stays as it is."""
    return EventUpdated(
        event=entry.event,
        partition=entry.partition,
        workspace=entry.workspace,
        key=entry.key,
        previous_key=entry.key,
        inventory=inventory,
        selling=selling,
        season=season,
        for_sale_edits=for_sale_edits,
        updated_at=now,
    )


def deleted(entry: Entry) -> EventDeleted:
    """Give the fact that there is no such event any more."""
    return EventDeleted(
        event=entry.event, partition=entry.partition, workspace=entry.workspace, key=entry.key
    )


_encode = msgspec.json.Encoder(order="deterministic").encode


def _digest(entry: Entry) -> int:
    *where, selling, season, edits = entry
    said = _encode(selling) if selling != AS_THE_CHART_SAYS else b""
    said += b"".join(_encode(one) for one in (season, edits) if one is not None)
    return digest_of("\x00".join(map(str, where)).encode() + said)
