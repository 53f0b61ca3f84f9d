"""The topics, read with aiokafka's own consumer.

Rules of this file:

1. The product asks for records and offsets in ways of its own (adapters/kafka/reader.py and
   offsets.py). Who judges it does not: a fault there must not look like the truth here.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

import aiokafka
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from adapters.ports import LogRecord, LogUnreachableError, PositionLostError, Span, TopicPartition

fetch_bytes_max = 16 * 1024 * 1024
"""Of one partition at once; the largest record has half of it (topics.yaml)."""
_UNREACHABLE = (KafkaError, OSError, TimeoutError)


class RecordReader(Protocol):
    """Reads partitions forward, each in its own order."""

    async def fetch(self, records_max: int, timeout_ms: int) -> Sequence[LogRecord]:
        """Give the next records; none after `timeout_ms`. Raises PositionLostError."""
        ...

    async def close(self) -> None: ...


class ReadableLog(Protocol):
    """A log that is only read."""

    async def span(self, partition: TopicPartition) -> Span:
        """Say which offsets the partition holds."""
        ...

    async def read_from(self, positions: Mapping[TopicPartition, int]) -> RecordReader:
        """Read partitions from the given offsets on."""
        ...


class PlainLog:
    """Apache Kafka as any consumer sees it; `open_plain_log` gives one.

    Everything raises LogUnreachableError.
    """

    def __init__(self, bootstrap: str, asking: aiokafka.AIOKafkaConsumer) -> None:
        self._bootstrap = bootstrap
        self._asking = asking

    async def span(self, partition: TopicPartition) -> Span:
        """Say which offsets the partition holds."""
        asked = aiokafka.TopicPartition(*partition)
        try:
            begins = await self._asking.beginning_offsets([asked])
            ends = await self._asking.end_offsets([asked])
        except _UNREACHABLE as error:
            raise LogUnreachableError(f"{partition}: {error!r}") from error
        return Span(begins[asked], ends[asked])

    async def read_from(self, positions: Mapping[TopicPartition, int]) -> "PlainReader":
        """Read partitions from the given offsets on."""
        consumer = await _started(self._bootstrap)
        offsets = {aiokafka.TopicPartition(*one): offset for one, offset in positions.items()}
        consumer.assign(list(offsets))
        for partition, offset in offsets.items():
            consumer.seek(partition, offset)
        return PlainReader(consumer)


class PlainReader:
    """Reads partitions of a PlainLog."""

    def __init__(self, consumer: aiokafka.AIOKafkaConsumer) -> None:
        self._consumer = consumer

    async def fetch(self, records_max: int, timeout_ms: int) -> list[LogRecord]:
        """Give the next records; none after `timeout_ms`. Raises PositionLostError."""
        try:
            found = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=records_max)
        except OffsetOutOfRangeError as error:
            raise PositionLostError(f"records were lost while they were read: {error}") from error
        except KafkaError as error:
            raise LogUnreachableError(repr(error)) from error
        return [record for records in found.values() for record in records]

    async def close(self) -> None:
        """Close its connections."""
        await self._consumer.stop()


@asynccontextmanager
async def open_plain_log(bootstrap: str) -> AsyncIterator[PlainLog]:
    """Connect, and close again."""
    asking = await _started(bootstrap)
    try:
        yield PlainLog(bootstrap, asking)
    finally:
        await asking.stop()


async def _started(bootstrap: str) -> aiokafka.AIOKafkaConsumer:
    consumer = aiokafka.AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=fetch_bytes_max,
    )
    try:
        await consumer.start()
    except _UNREACHABLE as error:
        await consumer.stop()
        raise LogUnreachableError(f"{bootstrap}: {error!r}") from error
    return consumer
