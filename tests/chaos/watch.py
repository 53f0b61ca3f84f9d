"""What the outboxes say while the faults come: owners, first results, and what is in doubt.

Rules of this file:

1. Times are the broker's (the append time of a record), on this machine the same clock as ours.
2. It measures and does not judge: `seatlog verify` reads the same log afterwards.
"""

import asyncio
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from adapters.kafka.log import KafkaLog
from adapters.ports import LogRecord, LogUnreachableError, TopicPartition
from schemas.facts import (
    CommandParked,
    GroupBegun,
    GroupCancelled,
    GroupConfirmed,
    GroupEnded,
    GroupQueued,
    GroupRefused,
    GroupReserved,
)
from schemas.outbox import (
    CommandAnswered,
    OwnershipTaken,
    decode_groups_record,
    decode_seats_record,
    is_void,
)
from schemas.topics import EVENTS_COMMANDS, EVENTS_OUTBOX, GROUPS_COMMANDS, GROUPS_OUTBOX, Topics

records_at_once_max = 2_000
fetch_wait_ms = 100
reopen_pause_s = 0.3
busy_ms = 5_000
"""A partition that answered nothing for so long before a kill has no traffic to measure by."""


class Ownership(NamedTuple):
    """Somebody took a partition."""

    at: int
    term: int
    member: str


class Doubt(NamedTuple):
    """Something that waited for a decision, or waits yet."""

    took_ms: int
    begun_at: int
    where: str
    what: str


class Span(NamedTuple):
    """From one instant to another, ms since the epoch."""

    at: int
    until: int


class Wait(NamedTuple):
    """From the end of an owner to the first result after it."""

    where: str
    killed_at: int
    """Ms since the epoch."""
    until: int | None
    """None: none has come."""
    took_ms: int = 0
    """Of that, what counts."""


def now_ms() -> int:
    """Give the time of day, ms since the epoch."""
    return time.time_ns() // 1_000_000


def counted_ms(at: int, until: int, spans: Iterable[Span]) -> int:
    """Give the time between two instants that is in none of the spans."""
    left, since = until - at, at
    for span in sorted(spans):
        begun, ended = max(span.at, since), min(span.until, until)
        if begun < ended:
            left, since = left - (ended - begun), ended
    return left


class Partition:
    """What one outbox partition has said so far."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.owners: list[Ownership] = []
        self.answered_at: list[int] = []
        self._answered_first: dict[int, int] = {}
        """Append time of the first answer of each term."""
        self._served_first: dict[int, tuple[int, Span]] = {}
        """The same of the first that was answered as soon as it was read, and the time from the
        beginning of the term until it came."""
        self._newest_command = -1
        """Offset of the newest that was read, whether it was answered then or not."""
        self.positions: dict[str, int] = {}
        """Of the inputs, as the newest record has them."""
        self.ended: list[Doubt] = []
        self._open: dict[str, int] = {}
        self.void = 0
        self.groups_confirmed = 0
        self.groups_cancelled = 0

    def take_in(self, record: LogRecord, told: Any) -> bool:  # noqa: ANN401 - either kind of record
        """Take in the next record; say whether it has facts that count."""
        if isinstance(told, OwnershipTaken):
            self.owners.append(Ownership(record.timestamp, record.offset, told.data.member))
            return False
        if not self.owners or is_void(told.data, self.owners[-1].term, record.offset):
            self.void += 1
            return False
        self.positions = told.data.positions
        if isinstance(told, CommandAnswered):
            self._note_answer(told.data, record.timestamp)
        if told.data.command is not None:
            self._newest_command = max(self._newest_command, told.data.command.offset)
        for fact in told.data.facts:
            self._note(fact, told.data, record.timestamp)
        return True

    def owner_at(self, at: int) -> Ownership | None:
        """Say whose the partition was."""
        place = bisect_right(self.owners, at, key=lambda owner: owner.at)
        return self.owners[place - 1] if place else None

    def was_busy_before(self, at: int) -> bool:
        """Say whether something was answered in the last seconds before."""
        place = bisect_left(self.answered_at, at)
        return place > 0 and self.answered_at[place - 1] >= at - busy_ms

    def wait_after(self, killed: str, at: int, missed: Sequence[Span] = ()) -> Wait | None:
        """Give the wait after a kill; None if the partition was not the victim's, or idle.

        The time in which a broker was missed does not count, nor that in which the partition was
        given to somebody who serves nothing. Where all that had come waits for groups, their
        decision is taken to be missing elsewhere, not here. So if the first that was answered as
        soon as it was read came later, the time until it came does not count either.
        """
        owner = self.owner_at(at)
        if owner is None or owner.member != killed or not self.was_busy_before(at):
            return None
        found = [
            Wait(self.name, at, first, counted_ms(at, first, missed))
            for term, first in self._answered_first.items()
            if term > owner.term
        ]
        found += [
            Wait(self.name, at, first, counted_ms(at, first, [*missed, none_came]))
            for term, (first, none_came) in self._served_first.items()
            if term > owner.term
        ]
        return min(found, key=lambda wait: wait.took_ms, default=Wait(self.name, at, None))

    def doubts(self, now: int) -> list[Doubt]:
        """Give everything that was in doubt, with what still is."""
        still = [
            Doubt(now - at, at, self.name, f"{what}, still") for what, at in self._open.items()
        ]
        return [*self.ended, *still]

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is in doubt here."""
        return not self._open

    def _note_answer(self, data: Any, at: int) -> None:  # noqa: ANN401 - of either kind
        self.answered_at.append(at)
        self._answered_first.setdefault(data.term, at)
        if data.command.offset > self._newest_command:
            none_came = Span(self.owners[-1].at, data.at)  # ends before it begins if it waited
            self._served_first.setdefault(data.term, (at, none_came))
        self._end(f"command {data.command}", at)

    def _note(self, fact: Any, data: Any, at: int) -> None:  # noqa: ANN401 - any fact
        match fact:
            case (
                GroupBegun(group=group)
                | GroupReserved(group=group)
                | GroupRefused(group=group)
                | GroupQueued(group=group)
            ):
                self._open.setdefault(f"group {group}", at)
            case GroupEnded(group=group):
                self._end(f"group {group}", at)
            case GroupConfirmed(group=group):
                self.groups_confirmed += 1
                self._end(f"group {group}", at)
            case GroupCancelled(group=group):
                self.groups_cancelled += 1
                self._end(f"group {group}", at)
            case CommandParked():
                self._open.setdefault(f"command {data.command}", at)

    def _end(self, what: str, at: int) -> None:
        begun = self._open.pop(what, None)
        if begun is not None:
            self.ended.append(Doubt(at - begun, begun, self.name, what))


Hear = Callable[[TopicPartition, Any], None]
"""Takes each fact that counts, with the outbox that it stands in."""


def hear_nothing(outbox: TopicPartition, fact: object) -> None:
    """Need no fact."""
    del outbox, fact


class Watch:
    """Follows all outboxes of an installation."""

    def __init__(self, bootstrap: str, topics: Topics, hear: Hear = hear_nothing) -> None:
        self._log = KafkaLog(bootstrap)
        self._hear = hear
        self._commands = {
            _partition(topics, outbox, number): _partition(topics, commands, number)
            for commands, outbox in (
                (EVENTS_COMMANDS, EVENTS_OUTBOX),
                (GROUPS_COMMANDS, GROUPS_OUTBOX),
            )
            for number in range(topics[outbox].partitions)
        }
        self._of_groups = topics[GROUPS_OUTBOX].physical_name
        self.read_up_to = dict.fromkeys(self._commands, 0)
        """The next offset of each outbox."""
        self.partitions: dict[TopicPartition, Partition] = {
            outbox: Partition(str(outbox)) for outbox in self._commands
        }

    async def run(self) -> None:
        """Read until cancelled, over outages of the broker, too."""
        while True:
            try:
                await self._read()
            except LogUnreachableError:
                await asyncio.sleep(reopen_pause_s)

    async def close(self) -> None:
        """Close every connection."""
        await self._log.close()

    async def has_come_to_rest(self) -> bool:
        """Say whether each command has its result and nothing is in doubt."""
        try:
            return all([await self._rests(outbox) for outbox in self._commands])
        except LogUnreachableError:
            return False

    async def _rests(self, outbox: TopicPartition) -> bool:
        commands = self._commands[outbox]
        asked = (await self._log.span(commands)).end
        partition = self.partitions[outbox]
        answered = partition.positions.get(str(commands), 0)
        return partition.is_quiet and asked <= answered

    async def _read(self) -> None:
        reader = await self._log.read_from(self.read_up_to)
        try:
            while True:
                for record in await reader.fetch(records_at_once_max, fetch_wait_ms):
                    self._take_in(record)
        finally:
            await reader.close()

    def _take_in(self, record: LogRecord) -> None:
        value = record.value or b""
        of_groups = record.topic == self._of_groups
        told = decode_groups_record(value) if of_groups else decode_seats_record(value)
        outbox = TopicPartition(record.topic, record.partition)
        if self.partitions[outbox].take_in(record, told):
            for fact in told.data.facts:
                self._hear(outbox, fact)
        self.read_up_to[outbox] = record.offset + 1


def _partition(topics: Topics, name: str, number: int) -> TopicPartition:
    return TopicPartition(topics[name].physical_name, number)
