"""The compiled charts in the compacted topic `inventories`: published once, followed by everyone.

Rules of this file:

1. An inventory's name is the hash of its content, so what stands there never changes and may be
   read again at any time.
2. They are kept compressed, as they came, the newest and those asked for lately; where each
   stands is kept of all. Who needs one unpacks it (schemas.inventory).
"""

import asyncio
from collections.abc import Sequence

from adapters.following import fetch_wait_ms, follow, reading, when_reachable
from adapters.kafka.publisher import Publisher
from adapters.ports import Log, LogRecord, NewRecord, TopicPartition

kept_bytes_max = 32 * 1024 * 1024
"""Three hundred stadiums of ten thousand seats; more than the largest single one (8 MiB)."""


class Inventories:
    """All compressed inventories by hash; one instance per process."""

    def __init__(self, source: Log, publisher: Publisher, partition: TopicPartition) -> None:
        self._source = source
        self._publisher = publisher
        self._partition = partition
        self._offsets: dict[str, int] = {}
        self._kept: dict[str, bytes] = {}
        """Those kept in memory, the one that was used last at the end."""
        self.kept_bytes = 0
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
        compressed = self._kept.get(inventory)
        if compressed is None and inventory in self._offsets:
            compressed = await when_reachable(lambda: self._read_again(inventory))
        if compressed is not None:
            self._keep(inventory, compressed)
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
        if inventory in self._offsets:
            return
        record = NewRecord(compressed, key=inventory.encode())
        appended = await self._publisher.send(self._partition, record)
        self._note(inventory, compressed, appended.offset)

    async def _read_again(self, inventory: str) -> bytes:
        # Compaction may have taken the copy that we know of: then a newer one stands further on.
        key = inventory.encode()
        async with reading(self._source, {self._partition: self._offsets[inventory]}) as reader:
            while True:
                for record in await reader.fetch(1, fetch_wait_ms):
                    if record.key == key and record.value is not None:
                        return record.value

    def _take_in(self, records: Sequence[LogRecord]) -> None:
        for record in records:
            self._next_offset = record.offset + 1
            if record.key is not None and record.value is not None:
                self._note(record.key.decode(), record.value, record.offset)

    def _note(self, inventory: str, compressed: bytes, offset: int) -> None:
        self._offsets[inventory] = max(offset, self._offsets.get(inventory, 0))
        self._keep(inventory, compressed)
        wanted = self._wanted.pop(inventory, None)
        if wanted is not None and not wanted.done():
            wanted.set_result(compressed)

    def _keep(self, inventory: str, compressed: bytes) -> None:
        self.kept_bytes += len(compressed) - len(self._kept.pop(inventory, b""))
        self._kept[inventory] = compressed
        while self.kept_bytes > kept_bytes_max and len(self._kept) > 1:
            oldest = next(iter(self._kept))
            self.kept_bytes -= len(self._kept.pop(oldest))
