"""The directory of event keys in this process: the coordinators' outboxes, folded in memory.

Rules of this file:

1. It is read from offset 0 and followed; void records are skipped (schemas.outbox, rule 2).
2. "There is no such event" is said only after everything up to the current end was read: the
   event may have been created through another ingress a moment ago.
3. What is found may be behind in the same way: an event renamed or deleted through another ingress.
   A read asks for the ends anyway and waits for them; a command carries the key that its event was
   found by, and the event's owner compares.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from zlib import crc32

from adapters.following import follow, when_reachable
from adapters.ports import Log, LogRecord, LogUnreachableError, PositionLostError, TopicPartition
from api import limits
from engine.groups.directory import Directory, Entry, HoldRevision
from schemas.outbox import OwnershipTaken, decode_groups_record, is_void


@lru_cache(maxsize=1_000)
def coordinator_of(workspace: str, coordinators: int) -> int:
    """Choose the partition of the groups topics that decides for a workspace."""
    return crc32(workspace.encode()) % coordinators


class EventDirectory:
    """Where each event lives, and the changed deadlines of hold tokens."""

    def __init__(
        self,
        source: Log,
        partitions: Sequence[TopicPartition],
        ends: Callable[[], Awaitable[Mapping[TopicPartition, int]]],
    ) -> None:
        self._source = source
        self._folds = {partition: _Fold() for partition in partitions}
        self._in_order = [self._folds[partition] for partition in partitions]
        self._partitions = tuple(partitions)
        self._ends = ends
        self._targets: dict[TopicPartition, int] | None = None

    async def run(self) -> None:
        """Fold and follow until cancelled; raises if the outboxes do not fold."""
        self._targets = await when_reachable(self._current_ends)
        await follow(
            self._source,
            lambda: {partition: fold.next_offset for partition, fold in self._folds.items()},
            self._take_in,
        )

    def ready(self) -> bool:
        """Say whether everything was read that stood there at the start."""
        return self._targets is not None and all(
            self._folds[partition].next_offset >= end for partition, end in self._targets.items()
        )

    def find_now(self, workspace: str, key: str) -> Entry | None:
        """Look an event up in what was read so far."""
        return self._in_order[self._coordinator(workspace)].directory.find(workspace, key)

    def find_all_now(self, workspace: str, keys: Sequence[str]) -> list[Entry]:
        """Look events up in what was read so far; none unless all of them are in it."""
        directory = self._in_order[self._coordinator(workspace)].directory
        found = [entry for key in keys if (entry := directory.find(workspace, key))]
        return found if len(found) == len(keys) else []

    async def find(self, workspace: str, key: str) -> Entry | None:
        """Look an event up; None only if it is not in the directory's current end either.

        Raises LogUnreachableError if an unknown key cannot be looked up to the end.
        """
        fold = self._in_order[self._coordinator(workspace)]
        entry = fold.directory.find(workspace, key)
        if entry is None:
            await self.catch_up(workspace)
            entry = fold.directory.find(workspace, key)
        return entry

    def by_id(self, event: int) -> Entry | None:
        """Look an event up by its id in what was read so far."""
        for fold in self._in_order:
            entry = fold.directory.by_id(event)
            if entry is not None:
                return entry
        return None

    def in_season(self, workspace: str, top: int) -> list[Entry]:
        """List the partial seasons and events of a season, in what was read so far."""
        return self._in_order[self._coordinator(workspace)].directory.in_season(top)

    def inventories(self) -> set[str]:
        """Name the inventories of all events, in what was read so far."""
        return {name for fold in self._in_order for name in fold.directory.inventories()}

    async def hold(self, token: str, workspace: str) -> HoldRevision | None:
        """Give the changed deadline of a hold token, None if it was never changed.

        Raises LogUnreachableError if this cannot be looked up to the directory's current end.
        """
        await self.catch_up(workspace)
        return self._in_order[self._coordinator(workspace)].directory.hold(token)

    async def catch_up(self, workspace: str) -> None:
        """Wait until everything was read that stands in the workspace's outbox by now."""
        await self.reach(workspace, await self._ends())

    async def reach(self, workspace: str, ends: Mapping[TopicPartition, int]) -> None:
        """Wait until everything of the workspace's outbox before these ends was read.

        Raises LogUnreachableError if that takes too long.
        """
        coordinator = self._coordinator(workspace)
        end = ends[self._partitions[coordinator]]
        try:
            async with asyncio.timeout(limits.directory_wait_s):
                await self._in_order[coordinator].reach(end)
        except TimeoutError:
            raise LogUnreachableError("the directory of events does not come forward") from None

    def _coordinator(self, workspace: str) -> int:
        return coordinator_of(workspace, len(self._partitions))

    async def _current_ends(self) -> dict[TopicPartition, int]:
        spans = {one: await self._source.span(one) for one in self._partitions}
        if any(span.begin for span in spans.values()):
            raise PositionLostError("the coordinators' outboxes do not begin at 0")
        return {partition: span.end for partition, span in spans.items()}

    def _take_in(self, records: Sequence[LogRecord]) -> None:
        for record in records:
            self._folds[TopicPartition(record.topic, record.partition)].take_in(record)
        for fold in self._in_order:
            fold.tell_progress()


class _Fold:
    """One coordinator's directory."""

    def __init__(self) -> None:
        self.directory = Directory()
        self.next_offset = 0
        self._term = -1
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def take_in(self, record: LogRecord) -> None:
        decoded = decode_groups_record(record.value or b"")
        if isinstance(decoded, OwnershipTaken):
            self._term = record.offset
        elif not is_void(decoded.data, self._term, record.offset):
            for fact in decoded.data.facts:
                self.directory.evolve(fact)
            self.directory.forget_holds_until(decoded.data.at)
        self.next_offset = record.offset + 1

    async def reach(self, end: int) -> None:
        if self.next_offset < end:
            reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append((end, reached))
            await reached

    def tell_progress(self) -> None:
        if self._waiting:
            for end, reached in self._waiting:
                if end <= self.next_offset and not reached.done():
                    reached.set_result(None)
            self._waiting = [one for one in self._waiting if not one[1].done()]
