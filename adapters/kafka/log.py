"""The `Log` port on Apache Kafka.

Rules of this file:

1. Positions are the caller's: nothing is committed, and there is no reset policy. A position
   outside the log is an error, never "earliest".
2. One reader, one consumer with `assign()`: on a shared consumer one partition with unread
   records stops the fetching of the others.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord

from adapters.kafka.ownership import KafkaAppender, take_ownership
from adapters.kafka.publisher import Publisher
from adapters.kafka.stopping import stop_consumer
from adapters.ports import LogUnreachableError, NewRecord, PositionLostError, Span, TopicPartition

fetch_wait_ms = 200
"""How long the broker waits for news; also how stale a caught-up owner's clock may be."""
record_bytes_max = 10 * 1024 * 1024
"""Above the largest record of any topic (inventories, 8 MiB)."""
answer_deadline_s = 5.0


class KafkaLog:
    """Apache Kafka as an owner sees it; one instance per process."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self.publisher = Publisher(bootstrap)
        self._offsets = OffsetQueries(bootstrap)

    async def take(self, partition: TopicPartition) -> KafkaAppender:
        """Become the partition's newest appender."""
        return await take_ownership(self._bootstrap, partition)

    async def span(self, partition: TopicPartition) -> Span:
        """Say which offsets the partition holds."""
        return await self._offsets.span(partition)

    async def read_from(self, positions: Mapping[TopicPartition, int]) -> "KafkaReader":
        """Read partitions from the given offsets on."""
        return await open_reader(self._bootstrap, positions)

    async def publish(self, partition: TopicPartition, records: Sequence[NewRecord]) -> None:
        """Append without ownership, at least once."""
        await asyncio.gather(*(self.publisher.send(partition, record) for record in records))

    async def close(self) -> None:
        """Close every connection."""
        await self.publisher.close()
        await self._offsets.close()


async def open_reader(bootstrap: str, positions: Mapping[TopicPartition, int]) -> "KafkaReader":
    """Start a consumer that reads the given partitions from the given offsets on."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="none",
        fetch_max_wait_ms=fetch_wait_ms,
        max_partition_fetch_bytes=record_bytes_max,
        metadata_max_age_ms=30_000,
        retry_backoff_ms=50,
    )
    try:
        async with asyncio.timeout(answer_deadline_s):
            await consumer.start()
        await _check_positions(consumer, positions)
    except (TimeoutError, KafkaError, OSError) as error:
        await stop_consumer(consumer)
        raise LogUnreachableError(f"could not read {list(positions)}: {error!r}") from error
    except BaseException:
        await stop_consumer(consumer)
        raise
    consumer.assign([KafkaPartition(*partition) for partition in positions])
    for partition, offset in positions.items():
        consumer.seek(KafkaPartition(*partition), offset)
    return KafkaReader(consumer, list(positions))


async def _check_positions(
    consumer: AIOKafkaConsumer, positions: Mapping[TopicPartition, int]
) -> None:
    partitions = [KafkaPartition(*partition) for partition in positions]
    async with asyncio.timeout(answer_deadline_s):
        begin = await consumer.beginning_offsets(partitions)
        end = await consumer.end_offsets(partitions)
    for partition, offset in positions.items():
        tp = KafkaPartition(*partition)
        if not begin[tp] <= offset <= end[tp]:
            raise PositionLostError(
                f"{partition}: position {offset} is outside the log ({begin[tp]} to {end[tp]}); "
                "records were lost or the topic was made anew"
            )


class KafkaReader:
    """Reads partitions forward, each in its own order."""

    def __init__(self, consumer: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> None:
        self._consumer = consumer
        self._polls = [_Polls(KafkaPartition(*partition)) for partition in partitions]

    async def fetch(
        self, records_max: int, timeout_ms: int
    ) -> Sequence[ConsumerRecord[bytes, bytes]]:
        """Give the next records, none after `timeout_ms`."""
        try:
            fetched = await self._consumer.getmany(timeout_ms=timeout_ms, max_records=records_max)
        except OffsetOutOfRangeError as error:
            raise PositionLostError(str(error)) from error
        except KafkaError as error:
            raise LogUnreachableError(repr(error)) from error
        for polls in self._polls:
            polls.note(self._consumer)
        if len(fetched) == 1:
            return next(iter(fetched.values()))
        return [record for records in fetched.values() for record in records]

    def caught_up_at(self) -> int | None:
        """Give the latest instant (monotonic ms) before which everything was read."""
        instants = [polls.caught_up_at(self._consumer) for polls in self._polls]
        known = [instant for instant in instants if instant is not None]
        return min(known) if len(known) == len(instants) else None

    async def close(self) -> None:
        """Stop the consumer."""
        await stop_consumer(self._consumer)


class _Polls:
    """When a partition's answers came, as seen from outside.

    The request that brought an answer was sent after the answer before it. So once the last
    answer is read to its end, everything from before the one before it was read. aiokafka stamps
    answers with the time of day, which may jump: only that the stamp has changed is used, and
    the instant is that of the last look at which it had not.
    """

    def __init__(self, partition: KafkaPartition) -> None:
        self._partition = partition
        self._stamp: int | None = None
        self._looked_at = 0
        self._last: int | None = None
        self._before: int | None = None

    def note(self, consumer: AIOKafkaConsumer) -> None:
        stamp = consumer.last_poll_timestamp(self._partition)
        if stamp is not None and stamp != self._stamp:
            # This answer came after the last look: at the earliest right then.
            self._before, self._last = self._last, self._looked_at
            self._stamp = stamp
        self._looked_at = time.monotonic_ns() // 1_000_000

    def caught_up_at(self, consumer: AIOKafkaConsumer) -> int | None:
        state = consumer._subscription.subscription.assignment.state_value(self._partition)  # noqa: SLF001
        if not self._before or not state.has_valid_position:
            return None
        if state.highwater is None or state.position < state.highwater:
            return None
        return self._before


class OffsetQueries:
    """Asks for first and end offsets on a consumer that fetches nothing.

    On one that fetches, the question would queue behind the long poll.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()

    async def span(self, partition: TopicPartition) -> Span:
        """Say which offsets the partition holds."""
        ends = await self.ends([partition])
        consumer = await self._started()
        tp = KafkaPartition(*partition)
        try:
            async with asyncio.timeout(answer_deadline_s):
                begin = await consumer.beginning_offsets([tp])
        except (TimeoutError, KafkaError) as error:
            raise LogUnreachableError(f"no offsets of {partition}: {error!r}") from error
        return Span(begin[tp], ends[partition])

    async def ends(self, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """Give the end offset of each partition."""
        consumer = await self._started()
        asked = {KafkaPartition(*partition): partition for partition in partitions}
        try:
            async with asyncio.timeout(answer_deadline_s):
                ends = await consumer.end_offsets(list(asked))
        except (TimeoutError, KafkaError) as error:
            raise LogUnreachableError(f"no end offsets: {error!r}") from error
        return {asked[tp]: offset for tp, offset in ends.items()}

    async def _started(self) -> AIOKafkaConsumer:
        async with self._starting:
            if self._consumer is None:
                consumer = AIOKafkaConsumer(
                    bootstrap_servers=self._bootstrap, enable_auto_commit=False
                )
                try:
                    async with asyncio.timeout(answer_deadline_s):
                        await consumer.start()
                except (TimeoutError, KafkaError, OSError) as error:
                    await stop_consumer(consumer)
                    raise LogUnreachableError(repr(error)) from error
                except BaseException:
                    await stop_consumer(consumer)
                    raise
                self._consumer = consumer
            return self._consumer

    async def close(self) -> None:
        """Stop the consumer."""
        if self._consumer is not None:
            await self._consumer.stop()
            self._consumer = None
