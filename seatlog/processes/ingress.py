"""The ingress: HTTP in, commands to Kafka, answers from the outbox."""

import asyncio

from adapters.kafka.log import KafkaLog
from adapters.postgres.accounts import CHANNEL as ACCOUNTS_CHANNEL
from adapters.postgres.accounts import Accounts
from adapters.postgres.charts import Charts
from adapters.postgres.event_log import EventLog
from adapters.postgres.pool import connect
from adapters.postgres.reads import Reads
from adapters.postgres.ticket_buyers import TicketBuyers
from adapters.sealing import Seal
from api.app import Entrance, serve
from api.command_log import CommandLog
from api.core import Ingress
from api.lanes import LaneLimits
from api.seatsio.parts import Parts
from api.seatsio.routes import Seatsio
from schemas.topics import load_topics
from seatlog.lifetime import run_process
from seatlog.settings import Settings


async def serve_http(settings: Settings) -> None:
    """Be an ingress: HTTP in, commands to Kafka, answers from the outbox."""
    topics = load_topics().with_prefix(settings.topic_prefix)
    pool = await connect(settings.database_url)
    signing_key = settings.signing_key_bytes()
    accounts, reads = Accounts(pool, Seal(signing_key)), Reads(pool)
    kafka = KafkaLog(settings.kafka_bootstrap)
    core = Ingress(settings.kafka_bootstrap, topics, accounts, signing_key)
    reads.notifications.subscribe(ACCOUNTS_CHANNEL, lambda _: core.keys.refresh_soon())
    parts = Parts(
        core=core,
        reads=reads,
        charts=Charts(pool),
        event_log=EventLog(pool),
        accounts=accounts,
        ticket_buyers=TicketBuyers(pool),
        command_log=CommandLog(kafka, topics),
        system_secret=settings.system_secret if settings.test_companies else None,
    )
    lane_limits = LaneLimits(settings.priority_requests_max, settings.regular_requests_max)
    entrance = Entrance(core, [Seatsio(parts)], lane_limits)
    reads.start()
    try:
        await serve(core, entrance.handle, settings.host, settings.port, asyncio.Event())
    finally:
        await reads.close()
        await kafka.close()
        pool.terminate()


if __name__ == "__main__":
    run_process("api", serve_http)
