"""The compiled charts in the compacted topic `inventories`: published once, followed by everyone.

Rules of this file:

1. An inventory's name is the hash of its content, so what stands there never changes and may be
   kept for good.
2. They are kept compressed, as they came. Who needs one unpacks it (schemas.inventory).
"""

import asyncio
from collections.abc import Sequence

from adapters.following import follow, when_reachable
from adapters.kafka.publisher import Publisher
from adapters.ports import Log, LogRecord, NewRecord, TopicPartition


class Inventories:
    """All compressed inventories by hash; one instance per process."""

    def __init__(self, source: Log, publisher: Publisher, partition: TopicPartition) -> None:
        self._source = source
        self._publisher = publisher
        self._partition = partition
        self._compressed: dict[str, bytes] = {}
        self._wanted: dict[str, asyncio.Future[bytes]] = {}
        self._next_offset = 0
        self._end: int | None = None

    def ready(self) -> bool:
        """Say whether everything was read that stood there at the start."""
        return self._end is not None and self._next_offset >= self._end

    async def run(self) -> None:
        """Follow the topic until cancelled; raises PositionLostError if it was made anew."""
        span = await when_reachable(lambda: self._source.span(self._partition))
        self._next_offset, self._end = span
        await follow(self._source, lambda: {self._partition: self._next_offset}, self._take_in)

    async def get(self, inventory: str) -> bytes:
        """Give an inventory by its hash, compressed; wait until the topic has brought it."""
        compressed = self._compressed.get(inventory)
        if compressed is not None:
            return compressed
        wanted = self._wanted.get(inventory)
        if wanted is None:
            wanted = self._wanted[inventory] = asyncio.get_running_loop().create_future()
        # Whoever else waits for the same one must not be cancelled with us.
        return await asyncio.shield(wanted)

    async def publish(self, inventory: str, compressed: bytes) -> None:
        """Put an inventory into the topic, and return when it is safe there.

        Raises LogUnreachableError or AppendUnknownError; then it may be published again.
        """
        if inventory in self._compressed:
            return
        await self._publisher.send(self._partition, NewRecord(compressed, key=inventory.encode()))
        self._keep(inventory, compressed)

    def _take_in(self, records: Sequence[LogRecord]) -> None:
        for record in records:
            self._next_offset = record.offset + 1
            if record.key is not None and record.value is not None:
                self._keep(record.key.decode(), record.value)

    def _keep(self, inventory: str, compressed: bytes) -> None:
        self._compressed[inventory] = compressed
        wanted = self._wanted.pop(inventory, None)
        if wanted is not None and not wanted.done():
            wanted.set_result(compressed)
