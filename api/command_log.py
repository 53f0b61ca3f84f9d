"""Commands and answers looked up by where they stand in the log; seldom done, so nothing is kept.

Rules of this file:

1. Who asks knows that a record counts (is not void) before reading it here: from the read model, or
   from its owner, who repeats its answer.
"""

from adapters.following import record_at
from adapters.ports import Log, LogRecord, TopicPartition
from schemas.topics import Topics


class CommandLog:
    """The way from positions to records; one instance per process."""

    def __init__(self, source: Log, topics: Topics) -> None:
        self._source = source
        self._topics = topics

    def partition(self, topic: str, number: int) -> TopicPartition | None:
        """Give a partition of a topic (`schemas.topics` name); None if it has no such one."""
        declared = self._topics[topic]
        if number >= declared.partitions:
            return None
        return TopicPartition(declared.physical_name, number)

    async def holds(self, partition: TopicPartition, offset: int) -> bool:
        """Say whether something was ever appended at this offset. Raises LogUnreachableError."""
        return offset < (await self._source.span(partition)).end

    async def record(self, partition: TopicPartition, offset: int) -> LogRecord:
        """Read the record at an offset. Raises LogUnreachableError.

        Raises PositionLostError for one that the topic keeps no more.
        """
        return await record_at(self._source, partition, offset)
