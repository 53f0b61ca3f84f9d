"""The composition roots: what each process is made of.

Rules of this file:

1. Here the parts are put together; nothing here decides anything.
"""

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
from adapters.postgres.accounts import CHANNEL as ACCOUNTS_CHANNEL
from adapters.postgres.accounts import Accounts
from adapters.postgres.charts import Charts
from adapters.postgres.pool import connect
from adapters.postgres.projection import Projection
from adapters.postgres.reads import Reads
from api.app import build_app, serve
from api.command_log import CommandLog
from api.core import Ingress
from api.seatsio.parts import Parts
from api.seatsio.routes import Seatsio
from engine.charts.inventory import SeatMap
from schemas.inventory import decode, decompress
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS, INVENTORIES, Topics, load_topics
from seatlog.settings import Settings
from workers.coordinator import coordinator_role
from workers.owner import Owner, nothing_happens
from workers.projector import Projector
from workers.seats import seats_role
from workers.worker import Worker

log = logging.getLogger(__name__)

join_retry_ms = 500


async def serve_http(settings: Settings) -> None:
    """Be an ingress: HTTP in, commands to Kafka, answers from the outbox."""
    topics = load_topics().with_prefix(settings.topic_prefix)
    pool = await connect(settings.database_url.get_secret_value())
    accounts, reads = Accounts(pool), Reads(pool)
    kafka = KafkaLog(settings.kafka_bootstrap)
    core = Ingress(settings.kafka_bootstrap, topics, accounts, settings.signing_key_bytes())
    reads.notifications.subscribe(ACCOUNTS_CHANNEL, lambda _: core.keys.refresh_soon())
    parts = Parts(
        core=core,
        reads=reads,
        charts=Charts(pool),
        accounts=accounts,
        command_log=CommandLog(kafka, topics),
        system_secret=(
            settings.system_secret.get_secret_value() if settings.test_companies else None
        ),
    )
    app = build_app(core, [Seatsio(parts)])
    reads.start()
    try:
        await serve(app, core, settings.host, settings.port, asyncio.Event())
    finally:
        await reads.close()
        await kafka.close()
        pool.terminate()


async def work(settings: Settings) -> None:
    """Be a worker process: own partitions of seats and of coordinators."""
    topics = load_topics().with_prefix(settings.topic_prefix)
    clock = MonotonicClock()
    kafka = KafkaLog(settings.kafka_bootstrap)
    inventories = Inventories(kafka, kafka.publisher, inventories_of(topics))
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


def inventories_of(topics: Topics) -> TopicPartition:
    """Name the one partition of the compiled charts."""
    return TopicPartition(topics[INVENTORIES].physical_name, 0)


async def project(settings: Settings) -> None:
    """Be the projector: keep the read model up with the outboxes."""
    topics = load_topics().with_prefix(settings.topic_prefix)
    kafka = KafkaLog(settings.kafka_bootstrap)
    dsn = settings.database_url.get_secret_value()
    projection = await Projection.connect(dsn, topics)
    clock = MonotonicClock()
    delay_ms = settings.projector_delay_ms
    try:
        await Projector(kafka, projection, topics, clock, delay_ms=delay_ms).run()
    finally:
        await projection.close()
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
