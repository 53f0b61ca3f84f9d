"""Step 3 of the owner loop: fold the own outbox up to the own ownership record.

Rules of this file:

1. Read up to the own record and not less: a late append of the old owner that landed before it
   is part of the truth.
2. A void record (schemas.outbox, rule 2) is skipped.
3. Whatever does not add up (a gap, time running backwards, another digest) stops the partition.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from adapters.ports import Log, LogRecord, TopicPartition
from schemas.outbox import Data, OwnershipTaken, is_void
from workers.role import Role

fetch_records_max = 5_000
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

    def positions_of(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Give the next offset to read of each input; 0 for one that was never read."""
        return {partition: self.positions.get(str(partition), 0) for partition in partitions}


async def replay(role: Role[Any, Any, Any], log: Log, own: Own) -> tuple[Any, Inputs]:
    """Fold the outbox from its start to the own ownership record.

    Raises ReplayError, and NotOursError if the record at the own term is another's, or if an
    earlier owner had the same producer id and epoch: a broker that lost its memory of producers
    hands a pair out twice, and then the ack of one owner's append may be that of the other's.
    """
    span = await log.span(role.outbox)
    if span.begin != 0:
        raise ReplayError(f"{role.outbox} begins at {span.begin}: older records are gone")
    fold = _Fold(role)
    reader = await log.read_from({role.outbox: 0})
    try:
        while fold.next_offset <= own.term:
            for record in await reader.fetch(fetch_records_max, fetch_wait_ms):
                if record.offset > own.term:
                    break
                await fold.take_in(record)
    finally:
        await reader.close()
    if fold.claim != own.claim:
        raise NotOursError(f"{role.outbox} offset {own.term} is not our own ownership record")
    if fold.producers.count(own.producer) > 1:
        raise NotOursError(f"{role.outbox}: producer {own.producer} has owned it before")
    return fold.state, fold.inputs


class _Fold:
    def __init__(self, role: Role[Any, Any, Any]) -> None:
        self._role = role
        self._term = -1
        self.state = role.machine.initial()
        self.inputs = Inputs()
        self.claim = ""
        self.producers: list[tuple[int, int]] = []
        self.next_offset = 0
        self._at = 0
        self._deferred: set[int] = set()
        """Offsets of the commands whose answers are still to come."""

    async def take_in(self, record: LogRecord) -> None:
        if record.offset != self.next_offset:
            raise ReplayError(f"{self._role.outbox}: {self.next_offset} is missing")
        self.next_offset += 1
        try:
            decoded = self._role.decode_record(record.value or b"")
        except msgspec.DecodeError as error:
            raise ReplayError(f"{self._role.outbox} offset {record.offset}: {error}") from error
        if isinstance(decoded, OwnershipTaken):
            taken = decoded.data
            self._term, self.claim = record.offset, taken.claim
            self.producers.append((taken.producer_id, taken.producer_epoch))
        elif not is_void(decoded.data, self._term, record.offset):
            await self._role.load_inventories(self._role.machine.needs(decoded.data.facts))
            self._apply(decoded.data, record.offset)

    def _apply(self, data: Data[Any], offset: int) -> None:
        machine = self._role.machine
        where = f"{self._role.outbox} offset {offset}"
        if data.at < self._at:
            raise ReplayError(f"{where}: time runs backwards")
        self._check_positions(data, where)
        self._check_command(data, where)
        try:
            for fact in data.facts:
                machine.evolve(self.state, fact)
            machine.conclude(self.state, data)
        except Exception as error:
            raise ReplayError(f"{where}: {error!r}") from error
        if machine.digest(self.state) != data.digest:
            raise ReplayError(f"{where}: digest {machine.digest(self.state)}, not {data.digest}")
        self._at = data.at
        self.inputs.positions.update(data.positions)
        self.inputs.terms.update(data.input_terms)

    def _check_positions(self, data: Data[Any], where: str) -> None:
        """Check that inputs are read forward."""
        read = self.inputs.positions
        for name, position in data.positions.items():
            if position < read.get(name, 0):
                raise ReplayError(f"{where}: {name} goes back from {read[name]} to {position}")

    def _check_command(self, data: Data[Any], where: str) -> None:
        """Check that a record is about the very next command, or answers one that was deferred."""
        if data.command is None:
            return
        offset = data.command.offset
        if data.answer is not None and offset in self._deferred:
            self._deferred.remove(offset)
        elif offset != self.inputs.positions.get(str(self._role.commands), 0):
            raise ReplayError(f"{where}: is about command {offset}, not the next one")
        elif data.answer is None:
            self._deferred.add(offset)
