"""A worker process: owns the partitions that the consumer group suggests.

Rules of this file:

1. The consumer group only suggests, and revocations are ignored: at each assignment, what is kept
   goes on without a pause, what is lost is dropped, what is new is taken.
2. A partition whose log does not add up stops alone, loudly; the others go on.
3. An owner that is dropped is told until it has ended: a library that keeps a cancellation to
   itself would leave a second owner of the partition behind, and nobody who follows the group.
4. Any other end of an owner ends the process: its supervisor starts a clean one.
"""

import asyncio
import logging
from collections.abc import Callable

from adapters.ports import Membership, TopicPartition
from workers.owner import Owner, StoppedError

log = logging.getLogger(__name__)

cancel_again_s = 2.0


class Worker:
    """Runs an owner for each partition that this process should own."""

    def __init__(self, membership: Membership, owner_of: Callable[[TopicPartition], Owner]) -> None:
        self._membership = membership
        self._owner_of = owner_of
        self._owners: dict[TopicPartition, asyncio.Task[None]] = {}
        self._stopped: set[TopicPartition] = set()

    @property
    def owned(self) -> frozenset[TopicPartition]:
        """Name the partitions of the commands topics that owners run for."""
        return frozenset(self._owners)

    async def run(self) -> None:
        """Follow the assignments until cancelled, or until an owner gives up."""
        change = asyncio.ensure_future(self._membership.changed())
        try:
            while True:
                await asyncio.wait(
                    {change, *self._owners.values()}, return_when=asyncio.FIRST_COMPLETED
                )
                self._look_after_owners()
                if change.done():
                    await self._follow(change.result())
                    change = asyncio.ensure_future(self._membership.changed())
        finally:
            change.cancel()
            await self._drop(self.owned)

    def _look_after_owners(self) -> None:
        for partition, owner in list(self._owners.items()):
            if not owner.done():
                continue
            del self._owners[partition]
            # Nobody cancels an owner but `_drop`, which waits for it: this one ended by itself.
            error = None if owner.cancelled() else owner.exception()
            if not isinstance(error, StoppedError):
                raise error or RuntimeError(f"the owner of {partition} ended")
            self._stopped.add(partition)
            log.critical("partition stopped", extra={"why": str(error)})

    async def _follow(self, assigned: frozenset[TopicPartition]) -> None:
        await self._drop(self.owned - assigned)
        self._stopped &= assigned
        for partition in sorted(assigned - self.owned - self._stopped):
            log.info("taking", extra={"partition": str(partition)})
            self._owners[partition] = asyncio.create_task(
                self._owner_of(partition).run(), name=f"owner of {partition}"
            )

    async def _drop(self, lost: frozenset[TopicPartition]) -> None:
        owners = {self._owners.pop(partition) for partition in lost}
        running = owners
        while running:
            for owner in running:
                owner.cancel()
            _, running = await asyncio.wait(running, timeout=cancel_again_s)
            if running:
                names = [owner.get_name() for owner in running]
                log.warning("told again to end", extra={"owners": names})
        await asyncio.gather(*owners, return_exceptions=True)
