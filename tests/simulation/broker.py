"""The pretended cluster: a MemoryLog behind a leader with Kafka's memory of producers, and faults.

Rules of this file:

1. The leader appends as Kafka's does: first the producer's epoch, then its sequence number, then
   the log (compare tests/models/ownership_model).
2. A record is read, and its append acknowledged, when all replicas have it.
3. Whatever goes wrong is one of the faults of dice.py, and a real cluster can do it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, NamedTuple

from adapters.memory_log import MemoryLog, MemoryRecord
from adapters.ports import Appended, NewRecord, TopicPartition
from tests.simulation.dice import Dice, Fault
from tests.simulation.loop import VirtualLoop
from tests.simulation.trace import Trace

NOON: Final = 1_800_000_000_000
latency_ms_max: Final = 6
replication_ms_max: Final = 900
"""Shorter than the guard of the owner loop (`replication_guard_ms`)."""
late_ms_max: Final = 6_000


class Refusal(Enum):
    """Why the leader does not append."""

    FENCED = "a newer epoch is known"
    OUT_OF_ORDER = "the sequence number is not the next"


class Request(NamedTuple):
    """An append on its way to the leader."""

    partition: TopicPartition
    producer: tuple[int, int]
    """Producer id and epoch."""
    sequence: int
    records: Sequence[NewRecord]


Answer = Appended | Refusal | None
"""None: it was stored in part, and nobody says so."""
Ack = asyncio.Future[Appended | Refusal]


@dataclass(slots=True)
class _Producer:
    """What the leader remembers of a producer id."""

    epoch: int
    sequence: int
    """Of the first batch of this epoch that it remembers."""
    acks: list[Appended | None]


class Broker:
    """All partitions, and the ways to lose what is sent to them."""

    def __init__(self, loop: VirtualLoop, dice: Dice, trace: Trace) -> None:
        self._loop = loop
        self._dice = dice
        self._trace = trace
        self._log = MemoryLog(self.now_ms)
        self._clock_ahead_ms = NOON
        self._pairs: dict[TopicPartition, int] = {}
        self._producers: dict[TopicPartition, _Producer] = {}
        self._ends: defaultdict[TopicPartition, int] = defaultdict(int)
        self._replicated_at: defaultdict[TopicPartition, int] = defaultdict(int)
        self._waiting: defaultdict[TopicPartition, dict[object, Callable[[], None]]] = defaultdict(
            dict
        )
        self._held_back: dict[TopicPartition, list[NewRecord]] = {}
        self._away_until = 0
        self.jumps: list[int] = []
        """The instants at which its clock jumped, by the clock before."""

    def now_ms(self) -> int:
        """Give the broker's time of day."""
        return self._loop.now_ms() + self._clock_ahead_ms

    def jump(self, by_ms: int) -> None:
        """Move its clock."""
        self.jumps.append(self.now_ms())
        self._clock_ahead_ms += by_ms

    def go_away(self, for_ms: int) -> None:
        """Answer nobody for a while."""
        self._away_until = max(self._away_until, self._loop.now_ms() + for_ms)

    def come_back(self) -> None:
        """Answer again."""
        self._away_until = 0

    def away_ms(self) -> int:
        """Say for how long it will not answer."""
        return max(0, self._away_until - self._loop.now_ms())

    def end(self, partition: TopicPartition) -> int:
        """Give the offset up to which a partition can be read."""
        return self._ends[partition]

    def records(self, partition: TopicPartition) -> list[MemoryRecord]:
        """Give all records of a partition, those too that cannot be read yet."""
        return self._log.records(partition)

    def give_pair(self, partition: TopicPartition) -> tuple[int, int]:
        """Give out a producer id and epoch for the partition's transactional id."""
        epoch = self._pairs.get(partition, -1)
        if epoch < 0 or not self._dice.fires(Fault.PAIR_AGAIN):
            epoch += 1
        self._pairs[partition] = epoch
        return 0, epoch

    def send(self, request: Request, ack: Ack) -> None:
        """Bring an append to the leader, once, twice, late or never."""
        if self._dice.fires(Fault.APPEND_LOST):
            return
        delay_ms = self._dice.between(0, latency_ms_max)
        if self._dice.fires(Fault.APPEND_LATE):
            delay_ms = self.late_ms()
        self.later(delay_ms, self._arrive, request, ack)
        if self._dice.fires(Fault.APPEND_DOUBLED):
            self.later(delay_ms + self.late_ms(), self._arrive, request, ack)

    def publish(self, partition: TopicPartition, records: Sequence[NewRecord]) -> None:
        """Append without ownership, now."""
        overtaken = self._held_back.pop(partition, [])
        self._store(partition, [*records, *overtaken])

    def hold_back(self, partition: TopicPartition, record: NewRecord) -> None:
        """Append without ownership, after what is published next."""
        self._held_back.setdefault(partition, []).append(record)

    def later(self, delay_ms: int, what: Callable[..., None], *args: object) -> None:
        """Do something after a while."""
        self._loop.call_later(delay_ms / 1000, what, *args)

    def late_ms(self) -> int:
        """Say how late something is."""
        # Often just late enough to meet the next owner, sometimes long after it.
        return self._dice.between(10, 400 if self._dice.chance(0.7) else late_ms_max)

    def wake_at_news(
        self, partitions: Sequence[TopicPartition], who: object, wake: Callable[[], None]
    ) -> None:
        """Call `wake` once there is more to read; it replaces the last call of the same one."""
        for partition in partitions:
            self._waiting[partition][who] = wake

    def _arrive(self, request: Request, ack: Ack) -> None:
        if self.away_ms():
            self.later(self.away_ms() + self._dice.between(0, 50), self._arrive, request, ack)
            return
        self._forget(request)
        answer = self._append(request)
        if isinstance(answer, Refusal):
            self._trace.tell(f"{request.partition}: {request.producer} refused, {answer.value}")
        if answer is None or self._dice.fires(Fault.ACK_LOST):
            return
        waits_ms = self._replicated_at[request.partition] - self._loop.now_ms()
        self.later(max(0, waits_ms) + self._dice.between(0, latency_ms_max), _hear, ack, answer)

    def _forget(self, request: Request) -> None:
        """Forget a producer where it makes a difference: before a zombie's or a second request."""
        known = self._producers.get(request.partition)
        if known is None:
            return
        older = request.producer[1] < known.epoch
        again = request.producer[1] == known.epoch and (
            request.sequence < known.sequence + len(known.acks)
        )
        if (older or again) and self._dice.fires(Fault.PRODUCER_FORGOTTEN):
            del self._producers[request.partition]

    def _append(self, request: Request) -> Answer:
        epoch, sequence = request.producer[1], request.sequence
        known = self._producers.get(request.partition)
        if known is not None and epoch < known.epoch:
            return Refusal.FENCED
        if known is None or epoch > known.epoch:
            # A producer that is not known may begin at any number, a new epoch only at 0.
            if known is not None and sequence:
                return Refusal.OUT_OF_ORDER
            known = _Producer(epoch, sequence, [])
        place = sequence - known.sequence
        if 0 <= place < len(known.acks):
            return known.acks[place]
        if place != len(known.acks):
            return Refusal.OUT_OF_ORDER
        self._producers[request.partition] = known
        whole = request.records
        torn = len(whole) > 1 and self._dice.fires(Fault.APPEND_TORN)
        stored = whole[: self._dice.between(1, len(whole) - 1)] if torn else whole
        appended = self._store(request.partition, stored)
        # Nobody says that a torn one is stored, not to its second copy either.
        known.acks.append(None if torn else appended)
        return known.acks[-1]

    def _store(self, partition: TopicPartition, records: Sequence[NewRecord]) -> Appended:
        appended = self._log.store(partition, records)
        for place, record in enumerate(records):
            self._trace.tell(f"{partition} at {appended.offset + place}", record.value)
        now_ms = self._loop.now_ms()
        lag_ms = 0
        if self._dice.fires(Fault.REPLICATION_LATE):
            lag_ms = self._dice.between(50, replication_ms_max)
        replicated_at = max(self._replicated_at[partition], now_ms + lag_ms)
        self._replicated_at[partition] = replicated_at
        end = appended.offset + len(records)
        if replicated_at > now_ms:
            self.later(replicated_at - now_ms, self._show, partition, end)
        else:
            self._show(partition, end)
        return appended

    def _show(self, partition: TopicPartition, end: int) -> None:
        if end > self._ends[partition]:
            self._ends[partition] = end
            waiting = self._waiting[partition]
            wakes = list(waiting.values())
            waiting.clear()
            for wake in wakes:
                self.later(self._dice.between(0, 2), wake)


def _hear(ack: Ack, answer: Appended | Refusal) -> None:
    if not ack.done():
        ack.set_result(answer)
