"""First and end offsets of partitions, asked of whoever leads them.

Rules of this file:

1. A question has connections of its own: on those of a reader it would queue behind the long poll.
2. It is asked until its deadline, of those partitions that have no answer yet.
"""

import asyncio
import logging
from collections.abc import Collection, Coroutine, Mapping

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.offset import OffsetRequest, OffsetResetStrategy

from adapters.kafka.connecting import NO_LEADER, close, connect, leader_of, learn_leaders
from adapters.ports import LogUnreachableError, Span, TopicPartition

log = logging.getLogger(__name__)

answer_deadline_s = 5.0
"""Longer than a silent connection is waited for, so that the next leader can still be asked."""
_CONSUMER = -1
_UNCOMMITTED_AS_WELL = 0

Offsets = dict[TopicPartition, int]


class OffsetQueries:
    """Asks for first and end offsets; its connections are opened when they are needed first."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._client: AIOKafkaClient | None = None
        self._starting = asyncio.Lock()

    async def spans(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Span]:
        """Say which offsets each partition holds."""
        ends, begins = await asyncio.gather(
            self.ends(partitions), self._ask(partitions, OffsetResetStrategy.EARLIEST)
        )
        return {one: Span(begins[one], end) for one, end in ends.items()}

    async def ends(self, partitions: Collection[TopicPartition]) -> Offsets:
        """Give the end offset of each partition."""
        return await self._ask(partitions, OffsetResetStrategy.LATEST)

    async def close(self) -> None:
        """Close every connection."""
        client, self._client = self._client, None
        if client is not None:
            await close(client)

    async def _ask(self, partitions: Collection[TopicPartition], which: int) -> Offsets:
        found: Offsets = {}
        missing = list(partitions)
        try:
            async with asyncio.timeout(answer_deadline_s):
                client = await self._started(partitions)
                while True:
                    for answer in await asyncio.gather(*_requests(client, missing, which)):
                        found |= answer
                    missing = [one for one in partitions if one not in found]
                    if not missing:
                        return found
                    await learn_leaders(client)
        except (TimeoutError, KafkaError) as error:
            names = ", ".join(map(str, missing))
            raise LogUnreachableError(f"no offsets of {names}: {error!r}") from error

    async def _started(self, partitions: Collection[TopicPartition]) -> AIOKafkaClient:
        async with self._starting:
            if self._client is None:
                self._client = await connect(self._bootstrap, {one.topic for one in partitions})
            client = self._client
        leaderless = [one for one in partitions if leader_of(client, one) == NO_LEADER]
        await asyncio.gather(*(client.add_topic(one.topic) for one in leaderless))
        return client


def _requests(
    client: AIOKafkaClient, partitions: Collection[TopicPartition], which: int
) -> list[Coroutine[None, None, Offsets]]:
    """Ask every leader for the offsets of its partitions."""
    by_leader: dict[int, dict[str, list[tuple[int, int]]]] = {}
    for one in partitions:
        leader = leader_of(client, one)
        if leader != NO_LEADER:
            topics = by_leader.setdefault(leader, {})
            topics.setdefault(one.topic, []).append((one.partition, which))
    return [_request(client, leader, topics) for leader, topics in by_leader.items()]


async def _request(
    client: AIOKafkaClient, leader: int, topics: Mapping[str, list[tuple[int, int]]]
) -> Offsets:
    """Give what a broker says; nothing of those partitions where a later moment may help."""
    request = OffsetRequest(_CONSUMER, _UNCOMMITTED_AS_WELL, list(topics.items()))
    try:
        response = await client.send(leader, request)
    except KafkaError as error:
        if not error.retriable:
            raise
        log.info("offsets were not told", extra={"broker": leader, "why": repr(error)})
        return {}
    found: Offsets = {}
    for topic, answers in response.topics:
        for number, code, _, offset in answers:
            if not code:
                found[TopicPartition(topic, number)] = offset
            elif not (refused := for_code(code)).retriable:
                raise refused(f"{topic}/{number}")
    return found
