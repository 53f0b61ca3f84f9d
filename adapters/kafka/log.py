"""The `Log` port on Apache Kafka."""

import asyncio
from collections.abc import Collection, Mapping, Sequence

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as KafkaPartition
from aiokafka.errors import KafkaError

from adapters.kafka.ownership import KafkaAppender, take_ownership
from adapters.kafka.publisher import Publisher
from adapters.kafka.reader import KafkaReader, open_reader
from adapters.kafka.stopping import stop_consumer
from adapters.ports import LogUnreachableError, NewRecord, PositionLostError, Span, TopicPartition

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
        return (await self._offsets.spans([partition]))[partition]

    async def read_from(self, positions: Mapping[TopicPartition, int]) -> KafkaReader:
        """Read partitions from the given offsets on."""
        opening = asyncio.ensure_future(open_reader(self._bootstrap, positions))
        try:
            _check_inside(await self._offsets.spans(positions), positions)
            return await opening
        except BaseException:
            await _give_up(opening)
            raise

    async def publish(self, partition: TopicPartition, records: Sequence[NewRecord]) -> None:
        """Append without ownership, at least once."""
        await asyncio.gather(*(self.publisher.send(partition, record) for record in records))

    async def close(self) -> None:
        """Close every connection."""
        await self.publisher.close()
        await self._offsets.close()


def _check_inside(
    spans: Mapping[TopicPartition, Span], positions: Mapping[TopicPartition, int]
) -> None:
    for partition, span in spans.items():
        if not span.begin <= positions[partition] <= span.end:
            raise PositionLostError(
                f"{partition}: position {positions[partition]} is outside the log "
                f"({span.begin} to {span.end}); records were lost or the topic was made anew"
            )


async def _give_up(opening: "asyncio.Future[KafkaReader]") -> None:
    opening.cancel()
    (opened,) = await asyncio.gather(opening, return_exceptions=True)
    if isinstance(opened, KafkaReader):
        await opened.close()


class OffsetQueries:
    """Asks for first and end offsets on a consumer that fetches nothing.

    On one that fetches, the question would queue behind the long poll.
    """

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        self._consumer: AIOKafkaConsumer | None = None
        self._starting = asyncio.Lock()

    async def spans(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, Span]:
        """Say which offsets each partition holds."""
        ends, begins = await asyncio.gather(self.ends(partitions), self._begins(partitions))
        return {one: Span(begins[one], end) for one, end in ends.items()}

    async def _begins(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
        consumer = await self._started()
        asked = {KafkaPartition(*partition): partition for partition in partitions}
        try:
            async with asyncio.timeout(answer_deadline_s):
                begins = await consumer.beginning_offsets(list(asked))
        except (TimeoutError, KafkaError) as error:
            raise LogUnreachableError(f"no first offsets: {error!r}") from error
        return {asked[tp]: offset for tp, offset in begins.items()}

    async def ends(self, partitions: Collection[TopicPartition]) -> dict[TopicPartition, int]:
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
