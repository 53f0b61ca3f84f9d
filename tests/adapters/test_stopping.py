"""Consumers stop to the end, also when their broker has just gone away."""

import asyncio

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError

from adapters.kafka.stopping import stop_consumer
from schemas.topics import EVENTS_OUTBOX, Topics
from tests.eventually import eventually


async def test_a_consumer_whose_fetch_has_just_failed_stops_and_cancels_nobody(
    kafka_bootstrap: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_bootstrap, retry_backoff_ms=60_000)
    await consumer.start()
    failed = asyncio.Event()

    async def fails(*_: object, **__: object) -> None:
        failed.set()
        raise KafkaConnectionError("the broker is gone")

    partition = TopicPartition(topics[EVENTS_OUTBOX].physical_name, 0)
    consumer.assign([partition])
    consumer.seek(partition, 0)
    monkeypatch.setattr(consumer._client, "send", fails)
    await asyncio.wait_for(failed.wait(), timeout=10)

    fetcher = consumer._fetcher
    assert fetcher is not None

    def waits_to_try_again() -> None:
        assert fetcher._pending_tasks

    await eventually(waits_to_try_again)
    await asyncio.wait_for(stop_consumer(consumer), timeout=5)

    assert not any(connection.connected() for connection in consumer._client._conns.values())
    assert all(task.done() for task in fetcher._pending_tasks)


async def test_a_consumer_stops_twice_without_complaint(kafka_bootstrap: str) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_bootstrap)
    await consumer.start()

    await stop_consumer(consumer)
    await stop_consumer(consumer)
