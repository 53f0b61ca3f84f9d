"""Appending as the one owner of a partition: fenced by the broker's producer epoch.

Rules of this file:

1. `start()` with a transactional id runs InitProducerId, which raises the epoch of that id. The
   appends themselves are plain idempotent ones: no transaction is ever begun. aiokafka 0.14 keeps
   the transactional id in one private attribute; set to None after the start, its sender wants no
   transaction. This file is the only place that touches it, and the version is pinned.
2. After any failure the appender is spent: a failed batch burns its sequence number.
3. aiokafka never expires a batch of an idempotent producer, and `stop()` flushes. So every ack
   has a deadline here, and a dropped client is cut off without flushing.
"""

import asyncio
import contextlib
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidProducerEpoch,
    KafkaError,
    OutOfOrderSequenceNumber,
    ProducerFenced,
)

from adapters.ports import (
    Appended,
    AppendUnknownError,
    FencedError,
    LogUnreachableError,
    NewRecord,
    TopicPartition,
)

ack_deadline_s = 10.0
"""Longer than a broker's failover (3-4 s as tuned), shorter than a client's patience twice over."""
take_deadline_s = 10.0
batch_bytes_max = 2 * 1024 * 1024
"""Must hold the largest record (workers/ledger); the outboxes of topics.yaml take twice as much."""


async def take_ownership(bootstrap: str, partition: TopicPartition) -> "KafkaAppender":
    """Raise the producer epoch of the partition's transactional id; see rule 1."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        transactional_id=f"seatlog.owner.{partition}",
        acks="all",
        max_batch_size=batch_bytes_max,
        max_request_size=batch_bytes_max,
        request_timeout_ms=int(ack_deadline_s * 1000),
        linger_ms=0,
    )
    try:
        async with asyncio.timeout(take_deadline_s):
            await producer.start()
    except (TimeoutError, KafkaError, OSError) as error:
        await cut_off(producer)
        raise LogUnreachableError(f"could not take {partition}: {error!r}") from error
    except BaseException:
        await cut_off(producer)
        raise
    transactions = producer._txn_manager  # noqa: SLF001 - rule 1
    transactions.transactional_id = None
    # The sender reports its end to whoever waits for a transaction; somebody must be there.
    transactions._transaction_waiter = asyncio.get_running_loop().create_future()  # noqa: SLF001
    transactions._transaction_waiter.add_done_callback(lambda ended: ended.exception())  # noqa: SLF001
    return KafkaAppender(producer, partition)


async def cut_off(producer: AIOKafkaProducer) -> None:
    """Close a producer's connections without flushing what it still holds (rule 3)."""
    producer._closed = True  # noqa: SLF001 - or its finalizer warns that stop() was not called
    sending = producer._sender.sender_task  # noqa: SLF001
    if sending is not None:
        sending.cancel()
    await producer.client.close()
    if sending is not None:
        with contextlib.suppress(asyncio.CancelledError, KafkaError, TimeoutError):
            await asyncio.wait_for(asyncio.shield(sending), timeout=1.0)


class KafkaAppender:
    """The right to append to one partition, until somebody takes it anew."""

    def __init__(self, producer: AIOKafkaProducer, partition: TopicPartition) -> None:
        self._producer = producer
        self._partition = partition

    @property
    def producer_id(self) -> int:
        """Id that the broker knows this owner's transactional id by."""
        return int(self._producer._txn_manager.producer_id)  # noqa: SLF001 - rule 1

    @property
    def producer_epoch(self) -> int:
        """Number of times the transactional id was taken; the broker refuses lower ones."""
        return int(self._producer._txn_manager.producer_epoch)  # noqa: SLF001 - rule 1

    async def append(self, records: Sequence[NewRecord]) -> Appended:
        """Append one batch and wait for all in-sync replicas."""
        batch = build_batch(self._producer, records)
        try:
            async with asyncio.timeout(ack_deadline_s):
                sent = await self._producer.send_batch(
                    batch, self._partition.topic, partition=self._partition.partition
                )
                acknowledged = await sent
        except (ProducerFenced, InvalidProducerEpoch) as error:
            raise FencedError(f"{self._partition} has a newer owner") from error
        except (TimeoutError, KafkaError, OutOfOrderSequenceNumber, OSError) as error:
            raise AppendUnknownError(f"{self._partition}: {error!r}") from error
        return Appended(acknowledged.offset, acknowledged.timestamp)

    async def drop(self) -> None:
        """Let go of the client without flushing."""
        await cut_off(self._producer)


def build_batch(producer: AIOKafkaProducer, records: Sequence[NewRecord]) -> object:
    """Put records into one batch; ValueError if they do not fit (sizes are checked before)."""
    batch = producer.create_batch()
    for record in records:
        added = batch.append(
            key=record.key, value=record.value, timestamp=None, headers=list(record.headers)
        )
        if added is None:
            raise ValueError(f"{len(records)} records exceed a batch of {batch_bytes_max} bytes")
    batch.close()
    return batch
