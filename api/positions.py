"""Where the outboxes end now, asked of the broker once for everybody who asks meanwhile.

Rules of this file:

1. An answer is good only for those who asked before its question was sent: who asks while one is
   under way waits for the next. So a reader never misses what it wrote before it asked.
"""

import asyncio
from collections.abc import Sequence

from adapters.kafka.offsets import OffsetQueries
from adapters.ports import LogUnreachableError, TopicPartition
from api import limits
from schemas.topics import Topics

Ends = dict[TopicPartition, int]


class OutboxEnds:
    """The end offsets of all outbox partitions; one instance per process."""

    def __init__(self, queries: OffsetQueries, partitions: Sequence[TopicPartition]) -> None:
        self._queries = queries
        self._partitions = tuple(partitions)
        self._under_way: asyncio.Task[Ends] | None = None
        self._next: asyncio.Task[Ends] | None = None

    async def ends(self) -> Ends:
        """Give the end offset of every partition, as it was after this call or later.

        Raises LogUnreachableError if the broker does not say in time.
        """
        if self._next is None:
            self._next = asyncio.create_task(self._ask_after(self._under_way))
            self._next.add_done_callback(_note_error)
        try:
            async with asyncio.timeout(limits.ends_wait_s):
                return await asyncio.shield(self._next)
        except TimeoutError:
            raise LogUnreachableError("the broker does not say where the outboxes end") from None

    async def positions(self) -> dict[str, int]:
        """Give the same by the names that records and the read model use: `topic/partition`."""
        return {str(partition): end for partition, end in (await self.ends()).items()}

    async def close(self) -> None:
        """Wait a moment for the questions that are under way, and give them up."""
        asked = [task for task in (self._under_way, self._next) if task is not None]
        if asked:
            await asyncio.wait(asked, timeout=limits.close_s)
        for task in asked:
            task.cancel()

    async def _ask_after(self, before: "asyncio.Task[Ends] | None") -> Ends:
        if before is not None:
            await asyncio.wait([before])
        self._under_way, self._next = self._next, None
        return await self._queries.ends(self._partitions)


def partitions_of(topics: Topics, name: str) -> list[TopicPartition]:
    """Name all partitions of a topic."""
    topic = topics[name]
    return [TopicPartition(topic.physical_name, number) for number in range(topic.partitions)]


def _note_error(asked: "asyncio.Task[Ends]") -> None:
    """Look at the outcome: everybody who waited may have gone."""
    if not asked.cancelled():
        asked.exception()
