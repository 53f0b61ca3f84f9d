"""What chaos asks of Kafka itself: who leads, whether all copies are there, extra members."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterable
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from adapters.kafka.membership import new_assignor
from adapters.ports import TopicPartition
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS, OUTBOX_OF, Topics
from tests.chaos.watch import Span, now_ms

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


class Held(NamedTuple):
    """A member of a storm had a partition, which nobody could serve then."""

    outbox: str
    span: Span


class Storm(NamedTuple):
    """What came of a storm."""

    joined: int
    held: list[Held]


async def storm(bootstrap: str, topics: Topics, lasts_s: float, seed: float) -> Storm:
    """Let members that serve nothing join the owners' group and leave it.

    They have no static ids, so each join and each departure is a rebalance.
    """
    dice = random.Random(seed)
    outboxes = {
        topics[name].physical_name: topics[OUTBOX_OF[name]].physical_name
        for name in (EVENTS_COMMANDS, GROUPS_COMMANDS)
    }
    group = f"{topics[EVENTS_COMMANDS].prefix}seatlog.owners"
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + lasts_s
    joined, notes = 0, _Notes(outboxes)
    while loop.time() < ends_at:
        joined += await _join_and_leave(bootstrap, group, notes, dice.uniform(*stays_s))
        await asyncio.sleep(dice.uniform(*pauses_s))
    return Storm(joined, notes.held)


class _Notes(ConsumerRebalanceListener):
    """Notes which partitions the members of a storm have, one member after the other."""

    def __init__(self, outboxes: dict[str, str]) -> None:
        self.outboxes = outboxes
        """By the topic of their commands."""
        self.held: list[Held] = []
        self._since: dict[str, int] = {}

    def on_partitions_assigned(self, assigned: Iterable[KafkaPartition]) -> None:
        now = now_ms()
        self._since = {f"{self.outboxes[one.topic]}/{one.partition}": now for one in assigned}

    def on_partitions_revoked(self, revoked: Iterable[KafkaPartition]) -> None:
        del revoked
        self.end()

    def end(self) -> None:
        now = now_ms()
        self.held += [Held(outbox, Span(at, now)) for outbox, at in self._since.items()]
        self._since = {}


async def _join_and_leave(bootstrap: str, group: str, notes: _Notes, stays_s: float) -> bool:
    member = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="latest",
        session_timeout_ms=6_000,
        heartbeat_interval_ms=500,
        partition_assignment_strategy=(new_assignor(),),
    )
    member.subscribe(topics=list(notes.outboxes), listener=notes)
    try:
        async with asyncio.timeout(join_deadline_s):
            await member.start()  # comes back with an assignment, or when the time is over
        await asyncio.sleep(stays_s)
    except _UNREACHABLE:
        return False
    finally:
        notes.end()  # before it has left: what the leaving takes is no excuse
        with contextlib.suppress(*_UNREACHABLE):
            await member.stop()
    return True
