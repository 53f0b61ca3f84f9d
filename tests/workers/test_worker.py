"""A worker follows the group whatever its owners do, until one of them gives up."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from adapters.ports import FencedError, TopicPartition
from schemas.commands import CreateEvents, NewEvent
from tests.eventually import eventually
from tests.workers.doubtful_logs import TakenAnewLog
from tests.workers.house import (
    COMMANDS,
    COORDINATOR_COMMANDS,
    SAMPLE_HASH,
    WORKSPACE,
    House,
    TestClock,
    book,
    coordinator,
    seats,
    until,
)
from workers.owner import Owner
from workers.worker import Worker

A, B = TopicPartition("events.commands", 0), TopicPartition("events.commands", 1)


class Group:
    """A consumer group of one, told by the test what to own."""

    def __init__(self) -> None:
        self.assignments: asyncio.Queue[frozenset[TopicPartition]] = asyncio.Queue()

    async def changed(self) -> frozenset[TopicPartition]:
        return await self.assignments.get()

    async def confirmed(self) -> None:
        return

    async def close(self) -> None:
        return

    def assign(self, *partitions: TopicPartition) -> None:
        self.assignments.put_nowait(frozenset(partitions))


class DeafOnce:
    """Runs until cancelled, but keeps the first cancellation to itself, as a library may."""

    def __init__(self) -> None:
        self.heard = 0

    async def run(self) -> None:
        while self.heard < 2:
            try:
                await asyncio.Future()
            except asyncio.CancelledError:
                self.heard += 1


@pytest.fixture
async def group() -> Group:
    return Group()


@pytest.fixture
async def owners() -> dict[TopicPartition, DeafOnce]:
    return {A: DeafOnce(), B: DeafOnce()}


@pytest.fixture
async def worker(
    group: Group, owners: dict[TopicPartition, DeafOnce], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Worker]:
    monkeypatch.setattr("workers.worker.cancel_again_s", 0.05)
    worker = Worker(group, lambda partition: cast("Owner", owners[partition]))
    running = asyncio.create_task(worker.run())
    yield worker
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_owner_that_does_not_hear_is_told_again_and_the_group_is_followed(
    worker: Worker, group: Group, owners: dict[TopicPartition, DeafOnce]
) -> None:
    async def owns(partition: TopicPartition) -> None:
        assert worker.owned == {partition}

    group.assign(A)
    await eventually(lambda: owns(A), within=5)
    group.assign(B)
    await eventually(lambda: owns(B), within=5)
    assert owners[A].heard == 2


class Employed:
    """A worker that runs the owners of a house, and what it has taken."""

    def __init__(self, house: House, group: Group) -> None:
        self.house = house
        self.taken: list[TopicPartition] = []
        self.worker = Worker(group, self._owner_of)

    def _owner_of(self, partition: TopicPartition) -> Owner:
        self.taken.append(partition)
        return self.house.owner(seats() if partition == COMMANDS else coordinator())

    async def owns(self, *partitions: TopicPartition) -> None:
        async def does() -> None:
            assert self.worker.owned == {*partitions}

        await eventually(does, within=5)

    async def answers_as_coordinator(self, key: str) -> None:
        told = len(self.house.coordinator_outbox())
        new = NewEvent(key=key, chart_key="chart", inventory=SAMPLE_HASH)
        self.house.send(COORDINATOR_COMMANDS, CreateEvents(workspace=WORKSPACE, events=[new]))
        await until(self.house.coordinator_outbox, lambda records: len(records) == told + 1)


async def test_a_partition_that_stops_stops_alone_and_is_left_alone_while_it_is_assigned(
    house: House, group: Group, caplog: pytest.LogCaptureFixture
) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    await house.close()
    house.log.records(COMMANDS).clear()
    employed = Employed(house, group)
    running = asyncio.create_task(employed.worker.run())
    group.assign(COMMANDS, COORDINATOR_COMMANDS)
    await until(lambda: [r for r in caplog.records if r.levelname == "CRITICAL"], bool)
    assert caplog.records[-1].getMessage() == "partition stopped"
    await employed.owns(COORDINATOR_COMMANDS)
    await employed.answers_as_coordinator("second")

    group.assign(COORDINATOR_COMMANDS, COMMANDS)
    group.assign(COORDINATOR_COMMANDS)
    await until(lambda: [not group.assignments.qsize()], all)
    await employed.answers_as_coordinator("third")
    assert employed.taken == [COMMANDS, COORDINATOR_COMMANDS]
    group.assign(COORDINATOR_COMMANDS, COMMANDS)
    await until(lambda: employed.taken, lambda taken: taken[2:] == [COMMANDS])
    await employed.answers_as_coordinator("fourth")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_owner_that_gives_up_ends_its_worker_and_all_of_its_owners(group: Group) -> None:
    log = TakenAnewLog(TestClock().monotonic_ms)
    log.doubts = 11
    employed = Employed(House(log), group)
    group.assign(COMMANDS, COORDINATOR_COMMANDS)
    with pytest.raises(FencedError):
        await asyncio.wait_for(employed.worker.run(), 5)
    assert employed.taken == [COMMANDS, COORDINATOR_COMMANDS]
    assert employed.worker.owned == frozenset()
    assert [task.get_name() for task in asyncio.all_tasks() if "owner of" in task.get_name()] == []
