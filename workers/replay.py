"""Step 3 of the owner loop: fold the own outbox up to the own ownership record.

It begins at the newest snapshot, or at the start of the outbox if there is none.

Rules of this file:

1. Read up to the own record and not less: a late append of the old owner that landed before it
   is part of the truth.
2. A void record (schemas.outbox, rule 2) is skipped.
3. Whatever does not add up (a gap, time running backwards, another digest) stops the partition.
4. Each record is compared with the state after it, so a fold that goes wrong names the offset.
5. The record that a snapshot stands for is read again, and must be the one it names.
"""

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from adapters.ports import Log, LogRecord, TopicPartition
from schemas.outbox import Data, OwnershipTaken, is_void
from schemas.snapshots import Snapshot
from workers.role import Record, Role
from workers.snapshots import Kept
from workers.turns import Turns

_LOST = (
    "acknowledged records were lost, or the topic was made anew (make that of the snapshots anew, "
    "too, if what is left is to count)"
)
records_at_once_max = 50
"""A turn of a replay (workers/turns): about a millisecond, so that those who serve go on."""
fetch_wait_ms = 1_000


class ReplayError(Exception):
    """The outbox does not fold to a state."""


class NotOursError(Exception):
    """The ownership is in doubt: it must be taken anew."""


class Own(NamedTuple):
    """The ownership record that this owner has appended."""

    term: int
    claim: str
    producer: tuple[int, int]
    """Producer id and epoch."""


@dataclass(slots=True)
class Inputs:
    """How far the inputs were read, as the last record says."""

    positions: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)
    deferred: set[int] = field(default_factory=set)
    """Offsets of the commands whose answers are still to come."""

    def positions_of(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Give the next offset to read of each input; 0 for one that was never read."""
        return {partition: self.positions.get(str(partition), 0) for partition in partitions}


class Replayed(NamedTuple):
    """What the outbox has brought."""

    state: Any
    """The machine's own."""
    inputs: Inputs
    producers: list[tuple[int, int]]
    """Producer id and epoch of everybody who has owned the partition."""


async def replay(
    role: Role[Any, Any, Any], log: Log, own: Own, turns: Turns, kept: Kept | None
) -> Replayed:
    """Fold the outbox from a snapshot, or (None) from its start, to the own ownership record.

    Raises ReplayError, PositionLostError if what it begins with is gone, and NotOursError if the
    record at the own term is another's, or if an earlier owner had the same producer id and epoch:
    a broker that lost its memory of producers hands a pair out twice, and then the ack of one
    owner's append may be that of the other's.
    """
    if kept is not None and kept.snapshot.offset >= own.term:
        await _check_end(role, log, kept.snapshot)
        # What it stands for was there before our own record was appended: this was not its ack.
        raise NotOursError(f"{role.outbox} offset {own.term} is older than our own record")
    fold = _Fold(role, kept)
    del kept  # or its bytes would stay for as long as the replay
    reader = await log.read_from({role.outbox: fold.next_offset})
    rank = role.rank(own.term)  # who is done soonest
    at_hand: Mapping[str, object] = {}  # kept here until the events that need them keep them
    try:
        while fold.next_offset <= own.term:
            fetched = await reader.fetch(records_at_once_max, fetch_wait_ms)
            records = deque(record for record in fetched if record.offset <= own.term)
            while records:
                async with turns.turn(rank):
                    needed = fold.take_in_all(records, at_hand)
                if needed:  # the others need not wait with us
                    at_hand = await role.load_inventories(needed)
    finally:
        await reader.close()
    if fold.claim != own.claim:
        raise NotOursError(f"{role.outbox} offset {own.term} is not our own ownership record")
    if fold.producers.count(own.producer) > 1:
        raise NotOursError(f"{role.outbox}: producer {own.producer} has owned it before")
    return Replayed(fold.state, fold.inputs, fold.producers)


async def _check_end(role: Role[Any, Any, Any], log: Log, snapshot: Snapshot) -> None:
    end = (await log.span(role.outbox)).end
    if end <= snapshot.offset:
        raise ReplayError(
            f"{role.outbox} ends at {end}, and the newest snapshot in {role.snapshots} stands for "
            f"{snapshot.offset}: {_LOST}"
        )


class _Fold:
    def __init__(self, role: Role[Any, Any, Any], kept: Kept | None = None) -> None:
        self._role = role
        self._decode = role.decode_record
        self._commands = str(role.commands)
        self._term = -1
        self.state = role.machine.initial()
        self.inputs = Inputs()
        self.claim = ""
        self.producers: list[tuple[int, int]] = []
        self.next_offset = 0
        self._at = 0
        self._begins_at: Snapshot | None = None
        """The snapshot whose record is to be read next."""
        if kept is not None:
            self._begins_at = snapshot = kept.snapshot
            self.state = kept.state
            self.inputs.deferred.update(snapshot.deferred)
            self.producers += snapshot.producers
            self.next_offset = snapshot.offset

    def take_in_all(self, records: deque[LogRecord], at_hand: Collection[str]) -> Collection[str]:
        """Fold records up to one that needs inventories, and name these; () if all are folded."""
        while records:
            needed = self.take_in(records[0], at_hand)
            if needed:
                return needed
            records.popleft()
        return ()

    def take_in(self, record: LogRecord, at_hand: Collection[str]) -> Collection[str]:
        """Fold a record, unless it needs inventories that are not at hand: name them."""
        if record.offset != self.next_offset:
            raise ReplayError(f"{self._role.outbox}: {self.next_offset} is missing")
        try:
            decoded = self._decode(record.value or b"")
        except msgspec.DecodeError as error:
            raise self._error(record.offset, str(error)) from error
        if self._begins_at is not None:
            self._begin(decoded, record.offset, self._begins_at)
        elif isinstance(decoded, OwnershipTaken):
            taken = decoded.data
            self._term, self.claim = record.offset, taken.claim
            self.producers.append((taken.producer_id, taken.producer_epoch))
        elif not is_void(decoded.data, self._term, record.offset):
            needed = self._role.machine.needs(decoded.data.facts)
            if needed and not set(needed) <= set(at_hand):
                return needed
            self._apply(decoded.data, record.offset)
        self.next_offset += 1
        return ()

    def _begin(self, decoded: Record, offset: int, snapshot: Snapshot) -> None:
        """Take from the record that a snapshot stands for what stands there already."""
        self._begins_at = None
        data: Data[Any] | None = None if isinstance(decoded, OwnershipTaken) else decoded.data
        if data is None or is_void(data, snapshot.term, offset) or data.digest != snapshot.digest:
            raise self._error(
                offset,
                f"is not what the newest snapshot in {self._role.snapshots} stands for: {_LOST}",
            )
        self._term, self._at = data.term, data.at
        self._take_positions(data, offset)

    def _apply(self, data: Data[Any], offset: int) -> None:
        machine = self._role.machine
        if data.at < self._at:
            raise self._error(offset, "time runs backwards")
        self._at = data.at
        if data.command is not None:
            self._check_command(data, offset)
        self._take_positions(data, offset)
        try:
            for fact in data.facts:
                machine.evolve(self.state, fact)
            machine.conclude(self.state, data)
        except Exception as error:
            raise self._error(offset, repr(error)) from error
        digest = machine.digest(self.state)
        if digest != data.digest:
            raise self._error(offset, f"digest {digest}, not {data.digest}")

    def _take_positions(self, data: Data[Any], offset: int) -> None:
        """Note how far the inputs were read; it is never backwards."""
        read = self.inputs.positions
        for name, position in data.positions.items():
            if position < read.get(name, 0):
                what = f"{name} goes back from {read[name]} to {position}"
                raise self._error(offset, what)
        read.update(data.positions)
        self.inputs.terms.update(data.input_terms)

    def _check_command(self, data: Data[Any], offset: int) -> None:
        """Check that a record is about the very next command, or answers one that was deferred."""
        assert data.command is not None
        asked = data.command.offset
        if data.answer is not None and asked in self.inputs.deferred:
            self.inputs.deferred.remove(asked)
        elif asked != self.inputs.positions.get(self._commands, 0):
            raise self._error(offset, f"is about command {asked}, not the next one")
        elif data.answer is None:
            self.inputs.deferred.add(asked)

    def _error(self, offset: int, what: str) -> ReplayError:
        return ReplayError(f"{self._role.outbox} offset {offset}: {what}")
