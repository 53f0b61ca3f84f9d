"""A worker follows the group whatever its owners do."""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from adapters.ports import TopicPartition
from tests.eventually import eventually
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
