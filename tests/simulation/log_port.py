"""The `Log` port of a simulated process: what it sends and reads goes through faults.

Rules of this file:

1. It keeps what adapters/kafka/log.py keeps: an ack has a deadline, a failed appender is spent, a
   reader knows since when it has read everything.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from adapters.memory_log import MemoryRecord
from adapters.ports import (
    Appended,
    AppendUnknownError,
    FencedError,
    LogUnreachableError,
    NewRecord,
    PositionLostError,
    Span,
    TopicPartition,
)
from schemas.topics import EVENTS_SNAPSHOTS, GROUPS_SNAPSHOTS, GROUPS_VOTES
from tests.simulation.broker import Ack, Broker, Refusal, Request
from tests.simulation.dice import Dice, Fault
from tests.simulation.process import Process
from tests.simulation.world import World
from workers.owner import idle_wait_ms

ack_deadline_ms: Final = 2_000
slow_ms_max: Final = 2_500
told_of_none_after_ms: Final = 100
"""So long the broker waits for news before it tells an owner, who would wait longer, of none."""
short_fetch_max: Final = 2


class SimulatedLog:
    """The log as one process sees it."""

    def __init__(self, world: World, process: Process) -> None:
        self._broker = world.broker
        self._dice = world.dice
        self._process = process
        self._votes = world.topics[GROUPS_VOTES].physical_name
        self._snapshots = {
            world.topics[name].physical_name for name in (EVENTS_SNAPSHOTS, GROUPS_SNAPSHOTS)
        }

    async def take(self, partition: TopicPartition) -> "SimulatedAppender":
        """Become the partition's newest appender."""
        await self._round_trip()
        producer = self._broker.give_pair(partition)
        await self._process.sleep_ms(self._dice.between(0, 20))
        return SimulatedAppender(self._broker, self._process, partition, producer)

    async def span(self, partition: TopicPartition) -> Span:
        """Say which offsets the partition holds."""
        await self._round_trip()
        return Span(0, self._broker.end(partition))

    async def read_from(self, positions: Mapping[TopicPartition, int]) -> "SimulatedReader":
        """Read partitions from the given offsets on."""
        await self._round_trip()
        for partition, offset in positions.items():
            end = self._broker.end(partition)
            if not 0 <= offset <= end:
                raise PositionLostError(f"{partition}: position {offset} is outside 0 to {end}")
        return SimulatedReader(self._broker, self._dice, self._process, positions)

    async def publish(self, partition: TopicPartition, records: Sequence[NewRecord]) -> None:
        """Append without ownership."""
        await self._round_trip()
        if partition.topic in self._snapshots:
            self._send_snapshots(partition, records)
            return
        if partition.topic != self._votes:
            self._broker.publish(partition, records)
            return
        for vote in records:
            self._send_vote(partition, vote)

    def _send_snapshots(self, to: TopicPartition, records: Sequence[NewRecord]) -> None:
        if self._dice.fires(Fault.SNAPSHOT_LOST):
            return
        if self._dice.fires(Fault.SNAPSHOT_LATE):
            self._broker.later(self._dice.between(50, 4_000), self._broker.publish, to, records)
        else:
            self._broker.publish(to, records)

    def _send_vote(self, ballot: TopicPartition, vote: NewRecord) -> None:
        """Bring a vote to its ballot, once, twice, late, after the next one or never."""
        if self._dice.fires(Fault.VOTE_LOST):
            return
        if self._dice.fires(Fault.VOTE_OVERTAKEN):
            self._broker.hold_back(ballot, vote)
            return
        if self._dice.fires(Fault.VOTE_DOUBLED):
            self._broker.later(self._broker.late_ms(), self._broker.publish, ballot, [vote])
        if self._dice.fires(Fault.VOTE_LATE):
            self._broker.later(self._broker.late_ms(), self._broker.publish, ballot, [vote])
        else:
            self._broker.publish(ballot, [vote])

    async def _round_trip(self) -> None:
        await self._process.sleep_ms(self._dice.between(0, 3))
        if self._broker.away_ms():
            await self._process.sleep_ms(100)
            raise LogUnreachableError("the log is away")


class SimulatedAppender:
    """The right to append to one partition, until somebody takes it anew."""

    def __init__(
        self,
        broker: Broker,
        process: Process,
        partition: TopicPartition,
        producer: tuple[int, int],
    ) -> None:
        self._broker = broker
        self._process = process
        self._partition = partition
        self._sequence = 0
        self._spent = False
        self.producer_id, self.producer_epoch = producer

    async def append(self, records: Sequence[NewRecord]) -> Appended:
        """Append one batch and wait for its ack, until the deadline."""
        self._process.check()
        if self._spent:
            raise AppendUnknownError(f"{self._partition}: this appender is spent")
        self._spent = True
        answer = await self._send(records)
        await self._process.awake()
        if answer is Refusal.FENCED:
            raise FencedError(f"{self._partition} has a newer owner")
        if not isinstance(answer, Appended):
            raise AppendUnknownError(f"{self._partition}: {answer or 'no ack in time'}")
        self._spent = False
        self._sequence += 1
        return answer

    async def _send(self, records: Sequence[NewRecord]) -> Appended | Refusal | None:
        ack: Ack = asyncio.get_running_loop().create_future()
        producer = (self.producer_id, self.producer_epoch)
        self._broker.send(Request(self._partition, producer, self._sequence, records), ack)
        try:
            async with asyncio.timeout(ack_deadline_ms / 1000):
                return await ack
        except TimeoutError:
            return None

    async def drop(self) -> None:
        """Let go."""
        self._spent = True


class SimulatedReader:
    """Reads partitions forward, each in its own order."""

    def __init__(
        self,
        broker: Broker,
        dice: Dice,
        process: Process,
        positions: Mapping[TopicPartition, int],
    ) -> None:
        self._broker = broker
        self._dice = dice
        self._process = process
        self._positions = dict(positions)
        self._order = list(positions)
        self._slow_until: dict[TopicPartition, int] = {}
        self._read_before: dict[TopicPartition, int] = {}

    async def fetch(self, records_max: int, timeout_ms: int) -> Sequence[MemoryRecord]:
        """Give the next records; none after `timeout_ms`, or when the broker says so."""
        self._process.check()
        if timeout_ms == idle_wait_ms:
            timeout_ms = told_of_none_after_ms
        if self._broker.away_ms():
            return await self._fetch_nothing(timeout_ms)
        if self._dice.fires(Fault.PARTITION_SLOW):
            until = self._process.monotonic_ms() + self._dice.between(50, slow_ms_max)
            self._slow_until[self._dice.random.choice(self._order)] = until
        asked_at = self._process.monotonic_ms()
        fetched = self._take(records_max)
        if fetched:
            await asyncio.sleep(0)
        else:
            await self._news(timeout_ms)
            fetched = self._take(records_max)
        self._note(asked_at)
        await self._process.awake()
        return fetched

    def caught_up_at(self) -> int | None:
        """Give the latest instant before which everything was read; None: behind."""
        if len(self._read_before) < len(self._order):
            return None
        return min(self._read_before.values())

    async def close(self) -> None:
        """Nothing to close."""

    async def _fetch_nothing(self, timeout_ms: int) -> Sequence[MemoryRecord]:
        await self._process.sleep_ms(timeout_ms)
        if self._dice.chance(0.2):
            raise LogUnreachableError("the log is away")
        return ()

    def _take(self, records_max: int) -> list[MemoryRecord]:
        fetched: list[MemoryRecord] = []
        for partition in self._with_news():
            position = self._positions[partition]
            room = records_max - len(fetched)
            if self._dice.fires(Fault.FETCH_SHORT):
                room = min(room, self._dice.between(1, short_fetch_max))
            end = min(self._broker.end(partition), position + room)
            fetched.extend(self._broker.records(partition)[position:end])
            self._positions[partition] = end
        return fetched

    def _with_news(self) -> list[TopicPartition]:
        """Name the partitions that have more, in any order."""
        ends, positions = self._broker.end, self._positions
        news = [p for p in positions if ends(p) > positions[p] and not self._is_slow(p)]
        if len(news) > 1:
            self._dice.random.shuffle(news)
        return news

    def _note(self, asked_at: int) -> None:
        for partition, position in self._positions.items():
            if self._is_slow(partition):
                continue  # it says nothing: what it said last is still true
            if position == self._broker.end(partition):
                self._read_before[partition] = asked_at
            else:
                self._read_before.pop(partition, None)

    def _is_slow(self, partition: TopicPartition) -> bool:
        until = self._slow_until.get(partition)
        return until is not None and until > self._process.monotonic_ms()

    async def _news(self, timeout_ms: int) -> None:
        loop = asyncio.get_running_loop()
        come: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            if not come.done():
                come.set_result(None)

        timer = loop.call_later(timeout_ms / 1000, wake)
        self._broker.wake_at_news(self._order, self, wake)
        try:
            await come
        finally:
            timer.cancel()
