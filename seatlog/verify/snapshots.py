"""The newest snapshot of each outbox, compared with the fold at the record that it stands for.

Rules of this file:

1. It is compared in the moment in which the fold has taken in that record. Until then it stays
   packed.
2. What else it keeps is its owner's own business, and so is its form: one that cannot be read is
   no fault, because an owner leaves it aside as well.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import msgspec

from adapters.ports import LogRecord, TopicPartition
from schemas import snapshots
from schemas.commands import JsonObject
from schemas.facts import AreaCounts
from schemas.selling import Selling
from schemas.snapshots import SnapshotError
from seatlog.verify.directory import Directory, Known
from seatlog.verify.journal import Entry
from seatlog.verify.objects import Fold
from seatlog.verify.report import Check, Report
from seatlog.verify.states import UNTOUCHED, EventFold, ObjectState

Key = TypeVar("Key")


class NewestSnapshot:
    """The newest snapshot of one outbox partition."""

    def __init__(
        self,
        outbox: TopicPartition,
        differences: Callable[[bytes], Iterator[str]],
        report: Report,
    ) -> None:
        """Make one; `differences` says how a state is not what the fold has at that moment.

        It raises msgspec.DecodeError or UnicodeDecodeError if it cannot read the state.
        """
        self._outbox = outbox
        self._differences = differences
        self._report = report
        self._stands_for: int | None = None
        """The offset of the record that is still to come."""
        self._packed = b""
        self._unreadable = ""

    def take_in(self, record: LogRecord) -> None:
        """Take in the next snapshot; those before it do not matter any more."""
        self._stands_for, self._packed, self._unreadable = None, record.value or b"", ""
        try:
            self._stands_for = snapshots.decode(self._packed).offset
        except SnapshotError as error:
            self._unreadable = str(error)

    def compare(self, entry: Entry) -> None:
        """Compare it with the fold if it stands for this record, the last that was taken in."""
        if entry.data.offset != self._stands_for:
            return
        self._stands_for = None
        snapshot, data = snapshots.decode(self._packed), entry.data
        if (snapshot.term, snapshot.digest) != (data.term, data.digest):
            kept = f"is of term {snapshot.term} with digest {snapshot.digest}"
            odd = f"the snapshot {kept}, and the record of {data.term} with {data.digest}"
            self._report.fault(Check.SNAPSHOTS, entry.where, odd)
            return
        try:
            for odd in self._differences(bytes(snapshot.state)):
                self._report.fault(Check.SNAPSHOTS, entry.where, odd)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._unreadable = str(error)
        else:
            self._report.counts.snapshots += 1

    def finish(self) -> None:
        """Note a snapshot of a record that never came, or one that could not be read.

        Its end was measured before that of its outbox: what comes after that is lost, not late.
        """
        if self._stands_for is not None:
            odd = f"the snapshot stands for offset {self._stands_for}, where no record counts"
            self._report.fault(Check.SNAPSHOTS, str(self._outbox), odd)
        if self._unreadable:
            why = f"that of {self._outbox} cannot be read: {self._unreadable}"
            self._report.skipped[Check.SNAPSHOTS] = why


class _Object(msgspec.Struct):
    status: str
    hold_token: str | None
    order_id: str | None
    ticket_type: str | None
    extra_data: JsonObject | None
    resale_listing_id: str | None
    area: AreaCounts | None


class _Places(msgspec.Struct):
    by_type: dict[str, int] = {}


class _Event(msgspec.Struct):
    id: int
    workspace: str
    key: str
    inventory: str
    selling: Selling
    is_in_the_past: bool
    last_seq: int
    objects: dict[str, _Object]
    area_holds: list[tuple[str, str, _Places]]
    overridden: list[tuple[str, int, int]]


class _Holds(msgspec.Struct):
    deadlines: dict[str, int]


class _Seasons(msgspec.Struct):
    seasons_of: dict[int, list[int]]


class _Seats(msgspec.Struct, tag="SeatsSnapshot.v1"):
    events: list[_Event]
    holds: _Holds
    seasons: _Seasons


class _Entry(msgspec.Struct, array_like=True):
    event: int
    partition: int
    workspace: str
    key: str


class _Directory(msgspec.Struct):
    entries: list[_Entry]


class _Groups(msgspec.Struct, tag="GroupsSnapshot.v1"):
    directory: _Directory


_decode_seats = msgspec.json.Decoder(_Seats).decode
_decode_groups = msgspec.json.Decoder(_Groups).decode


def seats_differences(state: bytes, fold: Fold) -> Iterator[str]:
    """Say what a seats owner has kept otherwise than the fold has it."""
    kept = _decode_seats(state)
    events = {event.id: event for event in kept.events}
    seasons_of = kept.seasons.seasons_of
    yield from _differences(
        "event",
        {id_: _about(event, seasons_of.get(id_, ())) for id_, event in events.items()},
        {id_: _about(event, fold.seasons.seasons_of(id_)) for id_, event in fold.events.items()},
    )
    for id_, expected in fold.events.items():
        if id_ in events:
            yield from _differences_within(events[id_], expected)
    yield from _differences("end of hold token", kept.holds.deadlines, fold.holds.deadlines)


def directory_differences(state: bytes, directory: Directory, coordinator: str) -> Iterator[str]:
    """Say which events a coordinator has kept otherwise than told."""
    entries = _decode_groups(state).directory.entries
    found = {entry.event: Known(entry.workspace, entry.key, entry.partition) for entry in entries}
    yield from _differences("event", found, directory.events_of(coordinator))


class About(NamedTuple):
    """What is said of an event as a whole."""

    workspace: str
    key: str
    inventory: str
    selling: Selling
    is_in_the_past: bool
    last_seq: int
    seasons: list[int]


def _about(event: _Event | EventFold, seasons: Sequence[int]) -> About:
    named = (event.workspace, event.key, event.inventory, event.selling)
    return About(*named, event.is_in_the_past, event.last_seq, [*seasons])


def _differences_within(event: _Event, expected: EventFold) -> Iterator[str]:
    name = f"event {event.id}:"
    states = (
        (label, ObjectState(*msgspec.structs.astuple(one))) for label, one in event.objects.items()
    )
    objects = _touched(expected.objects.items())
    yield from _differences(f"{name} object", _touched(states), objects)
    held = {(label, token): places.by_type for label, token, places in event.area_holds}
    yield from _differences(f"{name} places held", held, expected.area_holds)
    overridden = {(label, season): places for label, season, places in event.overridden}
    yield from _differences(f"{name} places overridden", overridden, expected.overridden)


def _touched(states: Iterable[tuple[str, ObjectState]]) -> dict[str, ObjectState]:
    """Leave out what is as if nobody had ever touched it: that is not kept."""
    bare = (
        (label, state._replace(area=None) if state.area == AreaCounts() else state)
        for label, state in states
    )
    return {label: state for label, state in bare if state != UNTOUCHED}


def _differences(what: str, found: Mapping[Key, Any], expected: Mapping[Key, Any]) -> Iterator[str]:
    for key in {**expected, **found}:
        if found.get(key) != expected.get(key):
            told = f"and the outbox says {expected.get(key)}"
            yield f"{what} {key} is {found.get(key)} in the snapshot, {told}"
