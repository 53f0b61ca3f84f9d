"""The worker: owns partitions of seats and of coordinators."""

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Collection, Sequence
from pathlib import Path
from weakref import WeakValueDictionary

from adapters.clock import MonotonicClock
from adapters.kafka.inventories import Inventories
from adapters.kafka.log import KafkaLog
from adapters.kafka.membership import KafkaMembership
from adapters.ports import LogUnreachableError, NewRecord, TopicPartition
from engine.charts.inventory import SeatMap
from schemas.inventory import decode, decompress
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS, INVENTORIES, Topics, load_topics
from seatlog.lifetime import run_process
from seatlog.settings import Settings
from workers.coordinator import coordinator_role
from workers.owner import AtCrashPoint, Owner, nothing_happens
from workers.seats import seats_role
from workers.turns import Turns
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
    turns = Turns()

    def owner_of(commands: TopicPartition) -> Owner:
        if commands.topic == topics[GROUPS_COMMANDS].physical_name:
            role = coordinator_role(commands.partition, topics)
        else:
            role = seats_role(commands.partition, topics, seat_maps.by_hash, seat_maps.load)
        at_crash_point = crash_hook(settings, role.name, commands.partition)
        return Owner(
            *(role, kafka, membership, clock, settings.member),
            turns=turns,
            at_crash_point=at_crash_point,
        )

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
    """The seat maps of this process, by inventory hash: each is decoded once.

    The events keep them, of whatever partition, and until these are made who has loaded them: with
    the last that has one, it goes.
    """

    def __init__(self, inventories: Inventories) -> None:
        self._inventories = inventories
        self.by_hash: WeakValueDictionary[str, SeatMap] = WeakValueDictionary()

    async def load(self, hashes: Collection[str]) -> dict[str, SeatMap]:
        """Wait until these seat maps are at hand; they stay so for as long as somebody has them."""
        return {content_hash: await self._seat_map(content_hash) for content_hash in hashes}

    async def _seat_map(self, content_hash: str) -> SeatMap:
        seat_map = self.by_hash.get(content_hash)
        if seat_map is None:
            compressed = await self._inventories.get(content_hash)
            # The owner of another partition may have waited for the same one.
            seat_map = self.by_hash.get(content_hash)
        if seat_map is None:
            seat_map = SeatMap(decode(decompress(compressed)))
            self.by_hash[content_hash] = seat_map
        return seat_map


def crash_hook(settings: Settings, role: str, partition: int) -> AtCrashPoint:
    """Give what an owner calls at its crash points: where a file asks for it, a kill -9 of us.

    The file is named `role:point`, or `role-partition:point` for one partition alone, or either
    with ` of TEXT` behind it for records with that text in them. Whoever takes it away dies, so
    each kills once.
    """
    if not settings.crash_folder:
        return nothing_happens
    folder = Path(settings.crash_folder)

    def at_crash_point(point: str, records: Sequence[NewRecord] = ()) -> None:
        for asked in folder.iterdir():
            here, _, text = asked.name.partition(" of ")
            is_meant = not text or any(text.encode() in record.value for record in records)
            if is_meant and here in (f"{role}:{point}", f"{role}-{partition}:{point}"):
                with contextlib.suppress(FileNotFoundError):  # another worker was first
                    asked.unlink()
                    os.kill(os.getpid(), signal.SIGKILL)

    return at_crash_point


if __name__ == "__main__":
    run_process("worker", work)
