"""What the seats owners made of a coordinator's decision, looked up in their outboxes.

Rules of this file:

1. Every record of an owner says how far it has read the coordinators' outboxes. An owner writes a
   record for each decision that concerns it, so its newest record tells whether it has applied one.
2. These positions only grow, so the record that applied a decision is found by halving.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, NamedTuple

from adapters.ports import LogRecord, TopicPartition
from api.command_log import CommandLog
from api.positions import OutboxEnds
from schemas.facts import (
    GroupConfirmed,
    GroupEnded,
    GroupsFact,
    HoldDeadlineSet,
    partitions_concerned,
)
from schemas.outbox import Data, OwnershipTaken, decode_seats_record
from schemas.topics import EVENTS_OUTBOX, Topics

_void_in_a_row_max = 64
"""So many records around a place are looked at where some are void."""


class Decided(NamedTuple):
    """An accepted decision, and where it stands in a coordinator's outbox."""

    outbox: TopicPartition
    offset: int
    facts: Sequence[GroupsFact]


class AppliedDecisions:
    """The owners' side of decisions; seldom asked, so nothing is kept."""

    def __init__(self, log: CommandLog, ends: OutboxEnds, topics: Topics) -> None:
        self._log = log
        self._ends = ends
        self._partitions = range(topics[EVENTS_OUTBOX].partitions)

    async def facts(self, decided: Decided) -> list[Any] | None:
        """Give the facts of a decision as they were applied; None while an owner has still to.

        Owners apply what was decided, but for hold deadlines (see `ended_somewhere`) and groups,
        of which each knows its own part only. Raises LogUnreachableError.
        """
        is_as_decided = not any(
            isinstance(fact, HoldDeadlineSet | GroupConfirmed) for fact in decided.facts
        )
        concerned = {
            number
            for fact in decided.facts
            for number in partitions_concerned(fact, len(self._partitions))
        }
        ends = await self._ends.ends()
        owners = [place for number in sorted(concerned) if (place := self._owner(number))]
        newest = [await self._newest(owner, ends[owner]) for owner in owners]
        name = str(decided.outbox)
        if any(data is None or not _knows(data, name, decided.offset) for data in newest):
            return None
        if is_as_decided:
            return list(decided.facts)
        found = await asyncio.gather(
            *(self._applied(owner, ends[owner], name, decided.offset) for owner in owners)
        )
        return [fact for facts in found for fact in facts]

    def _owner(self, number: int) -> TopicPartition | None:
        return self._log.partition(EVENTS_OUTBOX, number)

    async def _newest(self, owner: TopicPartition, end: int) -> Data[Any] | None:
        """Give what the newest record says that counts."""
        for offset in range(end - 1, max(-1, end - 1 - _void_in_a_row_max), -1):
            data = await self._data(owner, offset)
            if data is None or data.offset != offset:
                continue
            # A replaced owner's last words stand behind the ownership that made them void.
            if offset and await self._is_replaced(owner, data, offset):
                continue
            return data
        return None

    async def _is_replaced(self, owner: TopicPartition, data: Data[Any], offset: int) -> bool:
        before = decode_seats_record((await self._log.record(owner, offset - 1)).value or b"")
        term = offset - 1 if isinstance(before, OwnershipTaken) else before.data.term
        return term > data.term

    async def _applied(
        self, owner: TopicPartition, end: int, name: str, decision: int
    ) -> list[Any]:
        """Give the facts of the record with which an owner applied a decision."""
        low, high = 0, end - 1  # the first record that knows the decision is in low..high
        while low < high:
            middle = (low + high) // 2
            data = await self._data(owner, middle)
            place = middle
            while data is None and place < high:  # an ownership record says nothing: the next
                place += 1
                data = await self._data(owner, place)
            if data is not None and not _knows(data, name, decision):
                low = place + 1
            else:
                high = middle
        for offset in range(low, min(end, low + _void_in_a_row_max)):
            data = await self._data(owner, offset)
            is_it = data is not None and data.positions.get(name, 0) == decision + 1
            if data is not None and is_it and data.offset == offset and data.facts:
                return _applied_facts(data.facts)
        return []

    async def _data(self, owner: TopicPartition, offset: int) -> Data[Any] | None:
        record: LogRecord = await self._log.record(owner, offset)
        decoded = decode_seats_record(record.value or b"")
        return None if isinstance(decoded, OwnershipTaken) else decoded.data


def ended_somewhere(applied: Sequence[HoldDeadlineSet]) -> bool:
    """Say whether some owner had ended the token before it read the change.

    Such an owner applies, and reports, the deadline that the token had before.
    """
    return any(fact.expires_at == fact.previous_expires_at for fact in applied)


def _applied_facts(facts: list[Any]) -> list[Any]:
    if any(isinstance(fact, GroupEnded) for fact in facts):
        return facts
    return [fact for fact in facts if isinstance(fact, HoldDeadlineSet)]


def _knows(data: Data[Any], name: str, decision: int) -> bool:
    return data.positions.get(name, 0) > decision
