"""The worker: owns partitions of seats and of coordinators."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Collection
from pathlib import Path

from adapters.clock import MonotonicClock
from adapters.kafka.inventories import Inventories
from adapters.kafka.log import KafkaLog
from adapters.kafka.membership import KafkaMembership
from adapters.ports import LogUnreachableError, TopicPartition
from engine.charts.inventory import SeatMap
from schemas.inventory import decode, decompress
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS, INVENTORIES, Topics, load_topics
from seatlog.lifetime import run_process
from seatlog.settings import Settings
from workers.coordinator import coordinator_role
from workers.owner import Owner, nothing_happens
from workers.seats import seats_role
from workers.worker import Worker

log = logging.getLogger(__name__)

join_retry_ms = 500


async def work(settings: Settings) -> None:
    """Be a worker process: own partitions of seats and of coordinators."""
    topics = load_topics().with_prefix(settings.topic_prefix)
    clock = MonotonicClock()
    kafka = KafkaLog(settings.kafka_bootstrap)
    inventories = Inventories(
        kafka, kafka.publisher, TopicPartition(topics[INVENTORIES].physical_name, 0)
    )
    seat_maps = SeatMaps(inventories)
    membership = await _join(settings, topics, clock)

    def owner_of(commands: TopicPartition) -> Owner:
        if commands.topic == topics[GROUPS_COMMANDS].physical_name:
            role = coordinator_role(commands.partition, topics)
        else:
            role = seats_role(commands.partition, topics, seat_maps.by_hash, seat_maps.load)
        at_crash_point = crash_hook(settings, role.name)
        return Owner(role, kafka, membership, clock, settings.member, at_crash_point=at_crash_point)

    try:
        async with asyncio.TaskGroup() as parts:
            parts.create_task(inventories.run())
            parts.create_task(Worker(membership, owner_of).run())
    finally:
        await membership.close()
        await kafka.close()


async def _join(settings: Settings, topics: Topics, clock: MonotonicClock) -> KafkaMembership:
    names = [topics[name].physical_name for name in (EVENTS_COMMANDS, GROUPS_COMMANDS)]
    while True:
        membership = KafkaMembership(
            settings.kafka_bootstrap,
            group=f"{settings.topic_prefix}seatlog.owners",
            member=settings.member,
            topics=names,
        )
        try:
            await membership.join()
        except LogUnreachableError as error:
            log.warning("waiting for the broker", extra={"why": str(error)})
            await clock.sleep_ms(join_retry_ms)
        else:
            return membership


class SeatMaps:
    """The seat maps of this process, by inventory hash: each is decoded once."""

    def __init__(self, inventories: Inventories) -> None:
        self._inventories = inventories
        self.by_hash: dict[str, SeatMap] = {}

    async def load(self, hashes: Collection[str]) -> None:
        """Wait until these seat maps are at hand."""
        for content_hash in hashes:
            if content_hash not in self.by_hash:
                compressed = await self._inventories.get(content_hash)
                self.by_hash[content_hash] = SeatMap(decode(decompress(compressed)))


def crash_hook(settings: Settings, role: str) -> Callable[[str], None]:
    """Give what an owner calls at its crash points: at the one named, once, a kill -9 of us."""
    if not settings.crash_at:
        return nothing_happens
    mark = Path(settings.crash_mark)

    def at_crash_point(point: str) -> None:
        if settings.crash_at == f"{role}:{point}" and not mark.exists():
            mark.touch()
            os.kill(os.getpid(), signal.SIGKILL)

    return at_crash_point


if __name__ == "__main__":
    run_process("worker", work)
