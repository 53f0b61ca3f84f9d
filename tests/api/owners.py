"""Real owners on the real broker, for tests of an ingress."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection
from dataclasses import replace

from adapters.clock import MonotonicClock
from adapters.kafka.log import KafkaLog
from adapters.ports import TopicPartition
from engine.charts.inventory import SeatMap
from schemas.topics import (
    DEAD_LETTERS,
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    GROUPS_COMMANDS,
    GROUPS_OUTBOX,
    Topics,
)
from workers.coordinator import coordinator_role
from workers.owner import Owner
from workers.role import Role
from workers.seats import seats_role


class _OnlyMember:
    """The membership of a consumer group of one: nobody else is ever suggested."""

    async def changed(self) -> frozenset[TopicPartition]:
        return await asyncio.Future()

    async def confirmed(self) -> None:
        return

    async def close(self) -> None:
        return


@contextlib.asynccontextmanager
async def owners(
    bootstrap: str,
    topics: Topics,
    seat_maps: dict[str, SeatMap],
    *,
    coordinators: bool = True,
    seats: Collection[int] | None = None,
) -> AsyncIterator[None]:
    """Run the owners of all partitions, or of those seats partitions that are named."""
    log = KafkaLog(bootstrap)

    async def at_hand(hashes: Collection[str]) -> None:
        assert all(one in seat_maps for one in hashes)

    roles = [
        _under_prefix(seats_role(p, topics[GROUPS_OUTBOX].partitions, seat_maps, at_hand), topics)
        for p in (range(topics[EVENTS_OUTBOX].partitions) if seats is None else seats)
    ]
    if coordinators:
        roles += [
            _under_prefix(coordinator_role(p, topics[EVENTS_OUTBOX].partitions), topics)
            for p in range(topics[GROUPS_OUTBOX].partitions)
        ]
    tasks = [
        asyncio.create_task(Owner(role, log, _OnlyMember(), MonotonicClock(), "test").run())
        for role in roles
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        await log.close()
        faults = [o for o in outcomes if o and not isinstance(o, asyncio.CancelledError)]
        assert not faults, faults


def _under_prefix(role: "Role[object, object, object]", topics: Topics) -> Role[object, object, object]:
    names = (EVENTS_COMMANDS, EVENTS_OUTBOX, GROUPS_COMMANDS, GROUPS_OUTBOX, DEAD_LETTERS)
    physical = {name: topics[name].physical_name for name in names}

    def named(partition: TopicPartition) -> TopicPartition:
        return TopicPartition(physical[partition.topic], partition.partition)

    return replace(
        role,
        commands=named(role.commands),
        outbox=named(role.outbox),
        decisions=tuple(named(one) for one in role.decisions),
        dead_letters=named(role.dead_letters),
    )
