"""What chaos asks of Kafka itself: who leads, whether all copies are there, extra members."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from adapters.kafka.membership import new_assignor
from adapters.ports import TopicPartition
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS, Topics

stays_s = (0.2, 1.5)
pauses_s = (0.2, 1.0)
join_deadline_s = 15.0
"""A rebalance that runs already may have to end first."""
_LOOK_EVERY_S = 0.3
_UNREACHABLE = (KafkaError, OSError, TimeoutError)


async def leader_of(bootstrap: str, partition: TopicPartition) -> int:
    """Say which node leads a partition."""
    (topic,) = await _described(bootstrap, [partition.topic])
    return next(
        int(one["leader"]) for one in topic["partitions"] if one["partition"] == partition.partition
    )


async def wait_until_in_sync(bootstrap: str, topics: Topics, *, within_s: float) -> None:
    """Wait until every copy of every record is where it belongs. Raises TimeoutError."""
    names = [topic.physical_name for topic in topics.values()]
    async with asyncio.timeout(within_s):
        while not await _is_in_sync(bootstrap, names):  # noqa: ASYNC110 - the broker tells nobody
            await asyncio.sleep(_LOOK_EVERY_S)


async def _is_in_sync(bootstrap: str, names: Iterable[str]) -> bool:
    try:
        described = await _described(bootstrap, names)
    except _UNREACHABLE:
        return False
    partitions = [one for topic in described for one in topic["partitions"]]
    return all(one["leader"] >= 0 and set(one["isr"]) == set(one["replicas"]) for one in partitions)


async def _described(bootstrap: str, names: Iterable[str]) -> list[Any]:
    async with _admin(bootstrap) as admin:
        described: list[Any] = await admin.describe_topics(list(names))
        return described


@contextlib.asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def storm(bootstrap: str, topics: Topics, lasts_s: float, seed: float) -> int:
    """Let members that serve nothing join the owners' group and leave it; give how many did.

    They have no static ids, so each join and each departure is a rebalance.
    """
    dice = random.Random(seed)
    names = [topics[name].physical_name for name in (EVENTS_COMMANDS, GROUPS_COMMANDS)]
    group = f"{topics[EVENTS_COMMANDS].prefix}seatlog.owners"
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + lasts_s
    joined = 0
    while loop.time() < ends_at:
        joined += await _join_and_leave(bootstrap, group, names, dice.uniform(*stays_s))
        await asyncio.sleep(dice.uniform(*pauses_s))
    return joined


async def _join_and_leave(bootstrap: str, group: str, names: list[str], stays_s: float) -> bool:
    member = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="latest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=500,
        partition_assignment_strategy=(new_assignor(),),
    )
    member.subscribe(topics=names)
    try:
        async with asyncio.timeout(join_deadline_s):
            await member.start()  # comes back with an assignment, or when the time is over
        await asyncio.sleep(stays_s)
    except _UNREACHABLE:
        return False
    finally:
        with contextlib.suppress(*_UNREACHABLE):
            await member.stop()
    return True
