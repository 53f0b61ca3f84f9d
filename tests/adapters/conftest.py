"""Each adapter of the `Log` port in turn, with a partition of its own."""

import time
from collections.abc import AsyncIterator

import pytest

from adapters.kafka.log import KafkaLog
from adapters.memory_log import MemoryLog
from adapters.ports import Log, TopicPartition
from schemas.topics import EVENTS_OUTBOX, Topics, load_topics
from tests.conftest import MakeTopics


def monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


@pytest.fixture(params=["memory", "kafka"])
async def log(request: pytest.FixtureRequest) -> AsyncIterator[Log]:
    if request.param == "memory":
        yield MemoryLog(monotonic_ms)
        return
    kafka = KafkaLog(request.getfixturevalue("kafka_bootstrap"))
    yield kafka
    await kafka.close()


@pytest.fixture
async def one_partition(log: Log, request: pytest.FixtureRequest) -> Topics:
    """Give topics of one partition; in memory none needs to be created."""
    if isinstance(log, MemoryLog):
        return load_topics().with_partitions(events=1, groups=1)
    make_topics: MakeTopics = request.getfixturevalue("make_topics")
    return await make_topics(events=1, groups=1)


@pytest.fixture
def outbox(one_partition: Topics) -> TopicPartition:
    return TopicPartition(one_partition[EVENTS_OUTBOX].physical_name, 0)
