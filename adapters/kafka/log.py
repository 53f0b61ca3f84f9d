"""The `Log` port on Apache Kafka."""

import asyncio
from collections.abc import Mapping, Sequence

from adapters.kafka.offsets import OffsetQueries
from adapters.kafka.ownership import KafkaAppender, take_ownership
from adapters.kafka.publisher import Publisher
from adapters.kafka.reader import KafkaReader, open_reader
from adapters.ports import NewRecord, PositionLostError, Span, TopicPartition


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
