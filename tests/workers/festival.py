"""A festival in memory: events in three partitions, whose owners have one coordinator."""

import asyncio
from typing import Any

from adapters.memory_log import MemoryLog
from adapters.ports import NewRecord, TopicPartition
from engine.groups.machine import partition_of
from schemas import commands
from schemas.commands import (
    Change,
    ChangeObjectStatus,
    CreateEvents,
    Hold,
    Idempotency,
    NewEvent,
    ObjectChange,
    Origin,
)
from schemas.facts import BOOKED, EventCreated, StatusChanged
from schemas.outbox import decode_groups_record, decode_seats_record
from schemas.topics import Topics, load_topics
from tests.workers.house import (
    COORDINATOR_COMMANDS,
    COORDINATOR_OUTBOX,
    SAMPLE_HASH,
    SEAT_MAPS,
    WORKSPACE,
    AlwaysMember,
    TestClock,
    load_seat_maps,
    until,
    valid_records,
)
from workers.coordinator import coordinator_role
from workers.owner import Owner
from workers.seats import seats_role

VOTES = TopicPartition("groups.votes", 0)
DAYS = ("friday", "saturday", "sunday")


class Festival:
    """Three events in three partitions, their owners and one coordinator."""

    def __init__(self) -> None:
        self.topics: Topics = load_topics().with_partitions(events=3, groups=1)
        self.clock = TestClock()
        self.log = MemoryLog(self.clock.monotonic_ms)
        self.events: dict[str, EventCreated] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def open(self) -> None:
        self.start("coordinator")
        for partition in range(3):
            self.start(str(partition))
        keys = [_key_in(partition, day) for partition, day in enumerate(DAYS)]
        new = [NewEvent(key=key, chart_key="c", inventory=SAMPLE_HASH) for key in keys]
        self.ask_coordinator(CreateEvents(workspace=WORKSPACE, events=new))
        created = await until(self._created, lambda found: len(found) == 3)
        self.events = {DAYS[fact.partition]: fact for fact in created}

    def _created(self) -> list[Any]:
        facts = [fact for day in range(3) for fact in self.facts_at(day)]
        return [fact for fact in facts if isinstance(fact, EventCreated)]

    def start(self, name: str) -> None:
        """Run the coordinator, or the owner of a partition."""
        role = (
            coordinator_role(0, self.topics)
            if name == "coordinator"
            else seats_role(int(name), self.topics, SEAT_MAPS, load_seat_maps)
        )
        owner = Owner(role, self.log, AlwaysMember(), self.clock, "m")
        self._running[name] = asyncio.create_task(owner.run())

    async def stop(self, name: str) -> None:
        """Kill it: what it has only in memory is gone."""
        task = self._running.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        for name in list(self._running):
            await self.stop(name)

    def ask_coordinator(self, command: commands.GroupsCommand) -> None:
        self.log.store(COORDINATOR_COMMANDS, [NewRecord(commands.encode(command))])

    def ask(self, day: str, command: ChangeObjectStatus) -> None:
        partition = TopicPartition("events.commands", self.events[day].partition)
        self.log.store(partition, [NewRecord(commands.encode(command))])

    def change(
        self,
        label: str,
        *days: str,
        status: str = BOOKED,
        quantity: int = 1,
        hold: Hold | None = None,
        idempotency: Idempotency | None = None,
    ) -> ChangeObjectStatus:
        """Ask for one object on some days."""
        changes = [
            Change(
                event=self.events[day].event,
                status=status,
                objects=[ObjectChange(label=label, quantity=quantity)],
                hold=hold,
            )
            for day in days
        ]
        return ChangeObjectStatus(
            workspace=WORKSPACE, changes=changes, origin=Origin(), idempotency=idempotency
        )

    def records_at(self, partition: int) -> list[Any]:
        outbox = TopicPartition("events.outbox", partition)
        return valid_records(self.log.records(outbox), decode_seats_record)

    def facts_at(self, partition: int) -> list[Any]:
        return [fact for record in self.records_at(partition) for fact in record.data.facts]

    def statuses(self, label: str) -> list[list[str]]:
        """Give the statuses that an object took on each day."""
        return [
            [
                fact.status
                for fact in self.facts_at(day)
                if isinstance(fact, StatusChanged) and fact.label == label
            ]
            for day in range(3)
        ]

    def answers(self) -> list[Any]:
        """Give the coordinator's answers to groups, in order."""
        records = valid_records(self.log.records(COORDINATOR_OUTBOX), decode_groups_record)
        return [r.data.answer for r in records[1:] if r.data.answer is not None]

    def answers_at(self, day: str) -> list[Any]:
        records = self.records_at(self.events[day].partition)
        return [r.data.answer for r in records if r.data.answer is not None]

    async def decided(self, count: int = 1) -> list[Any]:
        return await until(self.answers, lambda found: len(found) >= count)

    async def kinds(self, day: str, kind: str) -> None:
        """Wait until an owner has written a fact of this kind."""
        partition = self.events[day].partition
        await until(
            lambda: [type(fact).__name__ for fact in self.facts_at(partition)],
            lambda names: kind in names,
        )


def _key_in(partition: int, day: str) -> str:
    keys = (f"{day}-{number}" for number in range(100))
    return next(key for key in keys if partition_of(WORKSPACE, key, 3) == partition)
