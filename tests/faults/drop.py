"""A small drop for the fault tests: real workers under a supervisor, a raw client on Kafka.

The checks here are the few that every fault test repeats; `seatlog verify` has them all.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from adapters.kafka.log import KafkaLog
from adapters.ports import NewRecord, TopicPartition
from engine.groups.machine import partition_of
from schemas import commands
from schemas.commands import (
    Change,
    ChangeObjectStatus,
    CreateEvents,
    NewEvent,
    ObjectChange,
    Origin,
)
from schemas.facts import BOOKED, FREE, EventCreated, StatusChanged
from schemas.inventory import compress, encode
from schemas.outbox import (
    CommandAnswered,
    OwnershipTaken,
    SeatsRecord,
    decode_seats_record,
    is_void,
)
from schemas.topics import (
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    GROUPS_COMMANDS,
    INVENTORIES,
    Topics,
)
from seatlog.supervisor import ChildSpec, Supervisor
from tests.eventually import eventually
from tests.workers.house import SAMPLE, SAMPLE_HASH, SEAT_MAPS

WORKSPACE = "workspace-1"
EVENT_KEY = "drop"
LABELS = [place.label for place in SEAT_MAPS[SAMPLE_HASH] if place.kind == "seat"]
START_WITHIN_S = 30


class Drop:
    """One event on one partition, its workers, and everything its outbox has said so far."""

    def __init__(self, bootstrap: str, topics: Topics, folder: Path) -> None:
        self._bootstrap = bootstrap
        self._topics = topics
        self._log_file = (folder / "workers.log").open("ab")
        self.log = KafkaLog(bootstrap)
        self.supervisor = Supervisor(self._log_file.fileno())
        self.sent = 0
        self.event = 0
        self.created: list[str] = []
        """The keys of the events, in their order."""
        self.term = -1
        self.owner = ""
        self.owners: list[str] = []
        self.answered: list[int] = []
        self.answered_first: dict[int, float] = {}
        """When the first answer of each term was read, by the monotonic clock."""
        self.taken: set[str] = set()
        self.void = 0
        self.faults: list[str] = []
        self._last_seq = 0
        self._tail: asyncio.Task[None] | None = None

    def partition(self, topic: str) -> TopicPartition:
        chosen = partition_of(WORKSPACE, EVENT_KEY, self._topics[EVENTS_COMMANDS].partitions)
        is_of_events = topic in (EVENTS_COMMANDS, EVENTS_OUTBOX)
        return TopicPartition(self._topics[topic].physical_name, chosen if is_of_events else 0)

    async def open(self, *members: str, environment: Mapping[str, str] | None = None) -> None:
        """Start the workers, create the event and wait until its owner has it."""
        self._tail = asyncio.create_task(self._follow())
        for member in members:
            await self.start_worker(member, environment)
        await self._publish(INVENTORIES, compress(encode(SAMPLE)), key=SAMPLE_HASH.encode())
        await self.create(EVENT_KEY)

    async def create(self, key: str) -> None:
        """Create an event of this partition, and see it created."""
        new = NewEvent(key=key, chart_key="chart", inventory=SAMPLE_HASH)
        create = CreateEvents(workspace=WORKSPACE, events=[new])
        await self._publish(GROUPS_COMMANDS, commands.encode(create))
        await self.see(lambda: key in self.created, within=START_WITHIN_S)

    def another_key(self) -> str:
        """Give the key of a second event of the same partition."""
        count, chosen = self._topics[EVENTS_COMMANDS].partitions, self.partition(EVENTS_OUTBOX)
        keys = (f"{EVENT_KEY}-{number}" for number in itertools.count())
        return next(key for key in keys if partition_of(WORKSPACE, key, count) == chosen.partition)

    async def start_worker(self, member: str, environment: Mapping[str, str] | None = None) -> None:
        spec = ChildSpec(
            member,
            [sys.executable, "-P", "-m", "seatlog.processes.worker"],
            {
                "KAFKA_BOOTSTRAP": self._bootstrap,
                "DATABASE_URL": "postgresql://not-used-by-workers/",
                "SEATLOG_TOPIC_PREFIX": self._topics[EVENTS_COMMANDS].prefix,
                "SEATLOG_MEMBER": member,
                **(environment or {}),
            },
        )
        await self.supervisor.start(spec)

    async def send(self, count: int) -> None:
        """Ask for seats again and again: every third command gives the seat back."""
        records = [NewRecord(commands.encode(self._command(self.sent + n))) for n in range(count)]
        await self.log.publish(self.partition(EVENTS_COMMANDS), records)
        self.sent += count

    def _command(self, number: int) -> ChangeObjectStatus:
        label = LABELS[(number // 3) % len(LABELS)]
        status = FREE if number % 3 == 2 else BOOKED
        change = Change(event=self.event, status=status, objects=[ObjectChange(label=label)])
        return ChangeObjectStatus(workspace=WORKSPACE, changes=[change], origin=Origin())

    async def see(self, condition, *, within: float) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        def holds() -> None:
            assert self._tail is not None
            assert not self._tail.done(), self._tail
            assert condition(), (self.sent, len(self.answered), self.owners, self.faults)

        await eventually(holds, within=within)

    async def see_all_answered(self, *, within: float = 30) -> None:
        await self.see(lambda: len(self.answered) >= self.sent, within=within)

    def check(self) -> None:
        """Results complete, none twice, no seat twice, positions and numbers without gap."""
        assert self.faults == []
        assert self.answered == list(range(self.sent))
        assert len(self.created) == len(set(self.created)), self.created

    async def close(self) -> None:
        await self.supervisor.stop()
        if self._tail is not None:
            self._tail.cancel()
            await asyncio.gather(self._tail, return_exceptions=True)
        await self.log.close()
        self._log_file.close()

    async def _publish(self, topic: str, value: bytes, key: bytes | None = None) -> None:
        await self.log.publish(self.partition(topic), [NewRecord(value, key=key)])

    async def _follow(self) -> None:
        reader = await self.log.read_from({self.partition(EVENTS_OUTBOX): 0})
        try:
            while True:
                for record in await reader.fetch(1_000, 50):
                    self._take_in(record.offset, decode_seats_record(record.value or b""))
        finally:
            await reader.close()

    def _take_in(self, offset: int, record: SeatsRecord) -> None:
        if isinstance(record, OwnershipTaken):
            self.term, self.owner = offset, record.data.member
            self.owners.append(self.owner)
            return
        if is_void(record.data, self.term, offset):
            self.void += 1
            return
        if isinstance(record, CommandAnswered) and record.data.command is not None:
            self.answered.append(record.data.command.offset)
            self.answered_first.setdefault(self.term, time.monotonic())
        for fact in record.data.facts:
            if isinstance(fact, EventCreated):
                self.created.append(fact.key)
                self.event = self.event or fact.event
            elif isinstance(fact, StatusChanged):
                self._take_in_change(fact)

    def _take_in_change(self, fact: StatusChanged) -> None:
        if fact.seq != self._last_seq + 1:
            self.faults.append(f"{fact.label}: number {fact.seq} after {self._last_seq}")
        self._last_seq = fact.seq
        if fact.status == BOOKED and fact.label in self.taken:
            self.faults.append(f"{fact.label} was booked twice")
        if fact.status == BOOKED:
            self.taken.add(fact.label)
        else:
            self.taken.discard(fact.label)
