"""The projector: keeps the read model up with the outboxes."""

from adapters.clock import MonotonicClock
from adapters.kafka.log import KafkaLog
from adapters.postgres.projection import Projection
from schemas.topics import load_topics
from seatlog.lifetime import run_process
from seatlog.settings import Settings
from workers.projector import Projector


async def project(settings: Settings) -> None:
    """Be the projector: keep the read model up with the outboxes."""
    topics = load_topics().with_prefix(settings.topic_prefix)
    kafka = KafkaLog(settings.kafka_bootstrap)
    projection = await Projection.connect(settings.database_url, topics)
    clock = MonotonicClock()
    delay_ms = settings.projector_delay_ms
    try:
        await Projector(kafka, projection, topics, clock, delay_ms=delay_ms).run()
    finally:
        await projection.close()
        await kafka.close()


if __name__ == "__main__":
    run_process("projector", project)
