"""Appending as the one owner of a partition: fenced by the broker's producer epoch.

Rules of this file:

1. Asking for the pair of a transactional id raises the epoch of that id. The appends themselves
   are plain idempotent ones with that pair: no transaction is ever begun.
2. An append is sent again until its deadline, to whoever leads the partition by then. After any
   failure the appender is spent.
"""

import asyncio
from collections.abc import Sequence

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import InvalidProducerEpoch, KafkaError, LeaderNotAvailableError

from adapters.kafka.connecting import NO_LEADER, close, connect, leader_of, learn_leaders
from adapters.kafka.producer import (
    Batch,
    Producer,
    ack_deadline_s,
    send_batches,
    start_producer,
)
from adapters.ports import (
    Appended,
    AppendUnknownError,
    FencedError,
    LogUnreachableError,
    NewRecord,
    TopicPartition,
)

take_deadline_s = 10.0
batch_bytes_max = 2 * 1024 * 1024
"""Must hold the largest record (workers/ledger); the outboxes of topics.yaml take twice as much."""


async def take_ownership(bootstrap: str, partition: TopicPartition) -> "KafkaAppender":
    """Raise the producer epoch of the partition's transactional id; see rule 1."""
    client = await connect(bootstrap, [partition.topic])
    try:
        async with asyncio.timeout(take_deadline_s):
            producer = await start_producer(client, partition, f"seatlog.owner.{partition}")
    except (TimeoutError, KafkaError, OSError) as error:
        await close(client)
        raise LogUnreachableError(f"could not take {partition}: {error!r}") from error
    except BaseException:
        await close(client)
        raise
    return KafkaAppender(client, producer)


class KafkaAppender:
    """The right to append to one partition, until somebody takes it anew."""

    def __init__(self, client: AIOKafkaClient, producer: Producer) -> None:
        self._client = client
        self._producer = producer

    @property
    def producer_id(self) -> int:
        """Id that the broker knows this owner's transactional id by."""
        return self._producer.producer_id

    @property
    def producer_epoch(self) -> int:
        """Number of times the transactional id was taken; the broker refuses lower ones."""
        return self._producer.producer_epoch

    async def append(self, records: Sequence[NewRecord]) -> Appended:
        """Append one batch and wait for all in-sync replicas."""
        partition = self._producer.partition
        batch = self._producer.build(records, batch_bytes_max)
        try:
            async with asyncio.timeout(ack_deadline_s):
                appended = await self._until_acknowledged(batch)
        except InvalidProducerEpoch as error:
            raise FencedError(f"{partition} has a newer owner") from error
        except (TimeoutError, KafkaError, OSError) as error:
            raise AppendUnknownError(f"{partition}: {error!r}") from error
        self._producer.note_acknowledged(batch)
        return appended

    async def _until_acknowledged(self, batch: Batch) -> Appended:
        while True:
            outcome = await self._send(batch)
            if isinstance(outcome, Appended):
                return outcome
            if not outcome.retriable:
                raise outcome
            await learn_leaders(self._client)

    async def _send(self, batch: Batch) -> Appended | KafkaError:
        leader = leader_of(self._client, batch.partition)
        if leader == NO_LEADER:
            return LeaderNotAvailableError()
        try:
            return (await send_batches(self._client, leader, [batch]))[batch.partition]
        except KafkaError as error:
            return error

    async def drop(self) -> None:
        """Close the connections; an append under way may stand in the log or not."""
        await close(self._client)
