"""Publishing without ownership: commands of an ingress, inventories, dead letters.

Rules of this file:

1. While one batch of a partition is under way the next one gathers, and a moment longer if the
   one before had several records: to all who handle it, a batch costs as much as fifteen records
   (docs/performance.md). Whoever is alone does not wait.
2. The producer is idempotent, so the client's own retries never double a record. When an ack
   stays out, the outcome is unknown: everybody who waits is told so, and a new producer starts.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import MessageSizeTooLargeError

from adapters.kafka.ownership import ack_deadline_s, build_batch, cut_off
from adapters.ports import (
    Appended,
    AppendUnknownError,
    LogUnreachableError,
    NewRecord,
    TopicPartition,
)

log = logging.getLogger(__name__)

batch_records_max = 1_000
gather_s = 0.001
"""Long enough for those whose answers came together to ask together again."""
gathered_bytes_max = 768 * 1024
"""Below what any topic takes in one append (1 MiB, events.commands): the limit is the batch's."""
record_bytes_max = 10 * 1024 * 1024
"""Above the largest record of any topic (inventories, 8 MiB)."""


class RecordTooLargeError(Exception):
    """The record is larger than its topic takes: nothing was appended, and a retry cannot help."""


Tell = Callable[[Appended | Exception], None]
"""Takes the ack of a record, or why there is none; it must not raise."""


class _Waiting(NamedTuple):
    record: NewRecord
    tell: Tell


class Publisher:
    """Publishes records in batches; one instance per process."""

    def __init__(self, bootstrap: str, ack_deadline: float = ack_deadline_s) -> None:
        self._bootstrap = bootstrap
        self._ack_deadline = ack_deadline
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._queues: dict[TopicPartition, deque[_Waiting]] = {}
        self._senders: dict[TopicPartition, asyncio.Task[None]] = {}
        self._crowded: set[TopicPartition] = set()
        """Whose last batch had several records."""

    async def send(self, partition: TopicPartition, record: NewRecord) -> Appended:
        """Append a record and wait for its ack.

        Raises LogUnreachableError if it surely was not sent, RecordTooLargeError if it never can
        be, AppendUnknownError if it may stand in the log all the same.
        """
        return await self.enqueue(partition, record)

    def enqueue(self, partition: TopicPartition, record: NewRecord) -> "asyncio.Future[Appended]":
        """Append a record; the future has its ack, or the errors of `send`."""
        appended: asyncio.Future[Appended] = asyncio.get_running_loop().create_future()
        self.hand_over(partition, record, partial(_resolve, appended))
        return appended

    def hand_over(self, partition: TopicPartition, record: NewRecord, tell: Tell) -> None:
        """Append a record; `tell` is called with its ack, or with one of the errors of `send`."""
        queue = self._queues.get(partition)
        if queue is None:
            queue = self._queues[partition] = deque()
        queue.append(_Waiting(record, tell))
        sender = self._senders.get(partition)
        if sender is None or sender.done():
            self._senders[partition] = asyncio.create_task(self._send_all(partition))

    async def close(self) -> None:
        """Stop sending; whoever still waits is told that the log is unreachable."""
        for sender in self._senders.values():
            sender.cancel()
        await asyncio.gather(*self._senders.values(), return_exceptions=True)
        for queue in self._queues.values():
            _fail(queue, LogUnreachableError("the publisher was closed"))
        await self._drop()

    async def _send_all(self, partition: TopicPartition) -> None:
        queue = self._queues[partition]
        while queue:
            if partition in self._crowded:
                await asyncio.sleep(gather_s)
            batch = self._next_batch(partition)
            try:
                producer = await self._started()
            except LogUnreachableError as error:
                _fail(batch, error)
                _fail(queue, error)
                return
            except asyncio.CancelledError:
                _fail(batch, LogUnreachableError("the publisher was closed"))
                raise
            try:
                first = await self._send_batch(producer, partition, batch)
            except asyncio.CancelledError:
                _fail(batch, AppendUnknownError(f"{partition}: closed before the ack"))
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, who waits must hear of it
                log.warning("a batch was not sent", extra={"why": repr(error)})
                _fail(batch, _told(partition, batch, error))
                # Also after a refusal: the failed batch has burnt its sequence number.
                await self._drop(producer)
                continue
            for offset, waiting in enumerate(batch, first.offset):
                waiting.tell(Appended(offset, first.timestamp))

    def _next_batch(self, partition: TopicPartition) -> deque[_Waiting]:
        batch = _gather(self._queues[partition])
        if len(batch) > 1:
            self._crowded.add(partition)
        else:
            self._crowded.discard(partition)
        return batch

    async def _send_batch(
        self, producer: AIOKafkaProducer, partition: TopicPartition, batch: deque[_Waiting]
    ) -> Appended:
        async with asyncio.timeout(self._ack_deadline):
            built = build_batch(producer, [waiting.record for waiting in batch])
            sent = await producer.send_batch(built, partition.topic, partition=partition.partition)
            acknowledged = await sent
        return Appended(acknowledged.offset, acknowledged.timestamp)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    bootstrap_servers=self._bootstrap,
                    enable_idempotence=True,
                    acks="all",
                    linger_ms=0,
                    max_batch_size=record_bytes_max,
                    max_request_size=record_bytes_max,
                    request_timeout_ms=int(self._ack_deadline * 1000),
                )
                try:
                    async with asyncio.timeout(self._ack_deadline):
                        await producer.start()
                except Exception as error:
                    await cut_off(producer)
                    raise LogUnreachableError(repr(error)) from error
                except BaseException:
                    await cut_off(producer)
                    raise
                self._producer = producer
            return self._producer

    async def _drop(self, failed: AIOKafkaProducer | None = None) -> None:
        producer = self._producer
        if producer is not None and failed in (None, producer):
            self._producer = None
            await cut_off(producer)


def _gather(queue: deque[_Waiting]) -> deque[_Waiting]:
    batch: deque[_Waiting] = deque()
    size = 0
    while queue and len(batch) < batch_records_max:
        size += queue[0].record.size
        if batch and size > gathered_bytes_max:
            break
        batch.append(queue.popleft())
    return batch


def _told(partition: TopicPartition, batch: deque[_Waiting], error: Exception) -> Exception:
    """Say what a failed batch means to those who wait for it."""
    # A record over the limit is always alone in its batch.
    if len(batch) == 1 and isinstance(error, ValueError | MessageSizeTooLargeError):
        return RecordTooLargeError(f"{partition} takes no record of {batch[0].record.size} bytes")
    return AppendUnknownError(f"{partition}: {error!r}")


def _fail(waiting: deque[_Waiting], error: Exception) -> None:
    for one in waiting:
        one.tell(error)
    waiting.clear()


def _resolve(appended: "asyncio.Future[Appended]", outcome: Appended | Exception) -> None:
    if appended.done():
        return  # nobody waits any more
    if isinstance(outcome, Exception):
        appended.set_exception(outcome)
    else:
        appended.set_result(outcome)
