"""Real owners on the real broker, for tests of an ingress."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from adapters.clock import MonotonicClock
from adapters.kafka.log import KafkaLog
from schemas.topics import EVENTS_OUTBOX, GROUPS_OUTBOX, Topics
from tests.workers.house import SEAT_MAPS, AlwaysMember, load_seat_maps
from workers.coordinator import coordinator_role
from workers.owner import Owner
from workers.seats import seats_role


@contextlib.asynccontextmanager
async def owners(
    bootstrap: str, topics: Topics, *, coordinators: bool = True, seats: bool = True
) -> AsyncIterator[None]:
    """Run the owners of all partitions."""
    log = KafkaLog(bootstrap)
    roles = []
    if seats:
        roles += [
            seats_role(partition, topics, SEAT_MAPS, load_seat_maps)
            for partition in range(topics[EVENTS_OUTBOX].partitions)
        ]
    if coordinators:
        roles += [
            coordinator_role(partition, topics)
            for partition in range(topics[GROUPS_OUTBOX].partitions)
        ]
    tasks = [
        asyncio.create_task(Owner(role, log, AlwaysMember(), MonotonicClock(), "test").run())
        for role in roles
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        await log.close()
        faults = [end for end in ends if not isinstance(end, asyncio.CancelledError)]
        assert not faults, faults
