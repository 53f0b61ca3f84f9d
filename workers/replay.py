"""Step 3 of the owner loop: fold the own outbox up to the own ownership record.

Rules of this file:

1. Read up to the own record and not less: a late append of the old owner that landed before it
   is part of the truth.
2. A record whose term is not that of the newest ownership record before it is void: skip it.
3. Whatever does not add up (a gap, time running backwards, another digest) stops the partition.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from adapters.ports import Log, LogRecord, TopicPartition
from schemas.outbox import Data, OwnershipTaken
from workers.role import Role

fetch_records_max = 5_000
fetch_wait_ms = 1_000


class ReplayError(Exception):
    """The outbox does not fold to a state."""


@dataclass(slots=True)
class Inputs:
    """How far the inputs were read, as the last record says."""

    positions: dict[str, int] = field(default_factory=dict)
    terms: dict[str, int] = field(default_factory=dict)

    def positions_of(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        """Give the next offset to read of each input; 0 for one that was never read."""
        return {partition: self.positions.get(str(partition), 0) for partition in partitions}


async def replay(
    role: Role[Any, Any, Any], log: Log, own_term: int, claim: str
) -> tuple[Any, Inputs]:
    """Fold the outbox from its start to the record at `own_term`, which must carry `claim`."""
    span = await log.span(role.outbox)
    if span.begin != 0:
        raise ReplayError(f"{role.outbox} begins at {span.begin}: older records are gone")
    fold = _Fold(role)
    reader = await log.read_from({role.outbox: 0})
    try:
        while fold.next_offset <= own_term:
            for record in await reader.fetch(fetch_records_max, fetch_wait_ms):
                if record.offset > own_term:
                    break
                await fold.take_in(record)
    finally:
        await reader.close()
    if fold.claim != claim:
        raise ReplayError(f"{role.outbox} offset {own_term} is not our own ownership record")
    return fold.state, fold.inputs


class _Fold:
    def __init__(self, role: Role[Any, Any, Any]) -> None:
        self._role = role
        self._term = -1
        self.state = role.machine.initial()
        self.inputs = Inputs()
        self.claim = ""
        self.next_offset = 0
        self._at = 0

    async def take_in(self, record: LogRecord) -> None:
        if record.offset != self.next_offset:
            raise ReplayError(f"{self._role.outbox}: {self.next_offset} is missing")
        self.next_offset += 1
        try:
            decoded = self._role.decode_record(record.value or b"")
        except msgspec.DecodeError as error:
            raise ReplayError(f"{self._role.outbox} offset {record.offset}: {error}") from error
        if isinstance(decoded, OwnershipTaken):
            self._term, self.claim = record.offset, decoded.data.claim
        elif decoded.data.term == self._term:
            await self._role.load_inventories(self._role.machine.needs(decoded.data.facts))
            self._apply(decoded.data, record.offset)

    def _apply(self, data: Data[Any], offset: int) -> None:
        machine = self._role.machine
        where = f"{self._role.outbox} offset {offset}"
        if data.at < self._at:
            raise ReplayError(f"{where}: time runs backwards")
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
