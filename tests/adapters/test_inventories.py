"""The topic of compiled charts, on a real broker."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from adapters.kafka.inventories import Inventories
from adapters.kafka.log import KafkaLog
from adapters.ports import TopicPartition
from schemas.inventory import compress, encode
from schemas.topics import INVENTORIES, Topics
from tests.workers.house import SAMPLE, SAMPLE_HASH

COMPRESSED = compress(encode(SAMPLE))


@contextlib.asynccontextmanager
async def following(bootstrap: str, topics: Topics) -> AsyncIterator[Inventories]:
    log = KafkaLog(bootstrap)
    partition = TopicPartition(topics[INVENTORIES].physical_name, 0)
    inventories = Inventories(log, log.publisher, partition)
    running = asyncio.create_task(inventories.run())
    try:
        yield inventories
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        await log.close()


async def test_what_one_process_publishes_every_other_gets(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with (
        following(kafka_bootstrap, topics) as one,
        following(kafka_bootstrap, topics) as other,
    ):
        waiting = asyncio.create_task(other.get(SAMPLE_HASH))
        await one.publish(SAMPLE_HASH, COMPRESSED)

        assert await one.get(SAMPLE_HASH) == COMPRESSED
        assert await asyncio.wait_for(waiting, timeout=10) == COMPRESSED

    async with following(kafka_bootstrap, topics) as later:
        assert await asyncio.wait_for(later.get(SAMPLE_HASH), timeout=10) == COMPRESSED


async def test_who_waits_in_vain_does_not_end_the_wait_of_others(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with following(kafka_bootstrap, topics) as inventories:
        patient = asyncio.create_task(inventories.get(SAMPLE_HASH))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(inventories.get(SAMPLE_HASH), timeout=0.05)

        await inventories.publish(SAMPLE_HASH, COMPRESSED)

        assert await asyncio.wait_for(patient, timeout=10) == COMPRESSED


async def test_an_inventory_that_stands_there_is_not_appended_again(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with following(kafka_bootstrap, topics) as inventories:
        for _ in range(3):
            await inventories.publish(SAMPLE_HASH, COMPRESSED)

        log = KafkaLog(kafka_bootstrap)
        partition = TopicPartition(topics[INVENTORIES].physical_name, 0)
        assert (await log.span(partition)).end == 1
        await log.close()


async def test_the_largest_inventory_goes_through(kafka_bootstrap: str, topics: Topics) -> None:
    large = bytes(range(256)) * (31 * 1024)  # 7.75 MiB; the topic's limit is 8
    async with (
        following(kafka_bootstrap, topics) as one,
        following(kafka_bootstrap, topics) as other,
    ):
        await one.publish("a" * 64, large)

        assert await asyncio.wait_for(other.get("a" * 64), timeout=20) == large
