"""The parts of an ingress, put together: everything but HTTP and the vendors' words."""

import asyncio
import contextlib
from typing import Self

from adapters.kafka.inventories import Inventories
from adapters.kafka.log import KafkaLog
from adapters.kafka.offsets import OffsetQueries
from adapters.kafka.publisher import Publisher
from adapters.ports import LogUnreachableError
from api import limits
from api.auth import Accounts, KeyRing
from api.directory import EventDirectory
from api.hold_tokens import HoldTokens
from api.inventories import SeatMaps
from api.outbox_tail import OutboxTail
from api.positions import OutboxEnds, partitions_of
from api.submit import Submitter
from schemas.topics import EVENTS_OUTBOX, GROUPS_OUTBOX, INVENTORIES, Topics


class FollowerEndedError(Exception):
    """A part that must run as long as the process has ended: the process must end, too."""


class Ingress:
    """One ingress process: it takes commands and knows their answers. It owns no seat state."""

    def __init__(
        self, bootstrap: str, topics: Topics, accounts: Accounts, signing_key: bytes
    ) -> None:
        self.topics = topics
        self._log = KafkaLog(bootstrap)
        self._publisher = Publisher(
            bootstrap, limits.append_deadline_s, lambda: len(self.submitter.waiters)
        )
        self._queries = OffsetQueries(bootstrap)
        events, groups = partitions_of(topics, EVENTS_OUTBOX), partitions_of(topics, GROUPS_OUTBOX)
        self.keys = KeyRing(accounts)
        self.hold_tokens = HoldTokens(signing_key)
        self.ends = OutboxEnds(self._queries, [*events, *groups])
        self.directory = EventDirectory(self._log, groups, self.ends.ends)
        self._inventories = Inventories(
            self._log, self._publisher, partitions_of(topics, INVENTORIES)[0]
        )
        self.seat_maps = SeatMaps(self._inventories, self.directory.inventories)
        self.submitter = Submitter(self._publisher, topics)
        self._tail = OutboxTail(
            self._log, [*events, *groups], self.submitter.ingress, self.submitter.waiters
        )
        self._running: asyncio.Task[None] | None = None
        self.draining = False

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def start(self) -> None:
        """Start the followers; `ready` says when they are where they must be."""
        self._running = asyncio.create_task(self._run())

    async def ended(self) -> None:
        """Wait for the end of the followers; raises FollowerEndedError with the cause."""
        assert self._running is not None, "start it first"
        await asyncio.shield(self._running)

    async def missing(self) -> list[str]:
        """Name what this ingress still waits for; nothing, when it is ready to serve."""
        parts = {
            "it is stopping": not self.draining,
            "the API keys": self.keys.ready(),
            "the directory of events": self.directory.ready(),
            "the inventories": self._inventories.ready(),
            "the tail of the outboxes": self._tail.ready(),
            "the followers": self._running is not None and not self._running.done(),
        }
        missing = [name for name, there in parts.items() if not there]
        try:
            await self.ends.ends()
        except LogUnreachableError:
            missing.append("the broker")
        return missing

    async def drain(self) -> None:
        """Take no more commands, and wait a while for the open answers."""
        self.draining = True
        await self.submitter.drain(limits.drain_s)

    async def stop(self) -> None:
        """Stop the followers and close every connection."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await self._running
        await self.ends.close()
        await self._publisher.close()
        await self._queries.close()
        await self._log.close()

    async def _run(self) -> None:
        """Run all followers until cancelled; the end of any one is the end of all."""
        parts = [
            asyncio.create_task(run(), name=run.__qualname__)
            for run in (
                self._tail.run,
                self.directory.run,
                self._inventories.run,
                self.keys.run,
                self.submitter.watch_deadlines,
                self._open_when_the_tail_reads,
            )
        ]
        try:
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
        # A task group would take a part that was cancelled by mistake for one that is done.
        for part in done:
            raise FollowerEndedError(f"{part.get_name()} ended") from _why(part)

    async def _open_when_the_tail_reads(self) -> None:
        await self._tail.begun.wait()
        self.submitter.open()
        await asyncio.Future()


def _why(ended: "asyncio.Task[None]") -> BaseException | None:
    return None if ended.cancelled() else ended.exception()
