"""The topic of compiled charts, on a real broker and, where only we matter, in memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from adapters.kafka import inventories as unit
from adapters.kafka.inventories import Inventories
from adapters.kafka.log import KafkaLog
from adapters.kafka.publisher import Publisher
from adapters.memory_log import MemoryLog
from adapters.ports import NewRecord, TopicPartition
from schemas.inventory import compress, encode
from schemas.topics import INVENTORIES, Topics
from seatlog.processes.worker import SeatMaps
from tests.adapters.conftest import monotonic_ms
from tests.eventually import eventually
from tests.workers.house import SAMPLE, SAMPLE_HASH

COMPRESSED = compress(encode(SAMPLE))
IN_MEMORY = TopicPartition("inventories", 0)
NAMES = [letter * 64 for letter in "abcde"]


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


async def test_one_that_is_not_kept_is_read_from_the_topic_again(
    kafka_bootstrap: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit, "kept_bytes_max", 100)
    async with following(kafka_bootstrap, topics) as inventories:
        for name in NAMES:
            await inventories.publish(name, name.encode())
        for name in NAMES:
            assert await asyncio.wait_for(inventories.get(name), timeout=10) == name.encode()
            assert inventories.kept_bytes <= 100


@contextlib.asynccontextmanager
async def in_memory(log: MemoryLog) -> AsyncIterator[Inventories]:
    """Follow a log in memory until everything that stands there is read, and then no more."""
    inventories = Inventories(log, Publisher("nowhere"), IN_MEMORY)
    running = asyncio.create_task(inventories.run())
    await eventually(lambda: _expect(inventories.ready))
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    yield inventories


def _expect(holds: Callable[[], bool]) -> None:
    assert holds()


def stored(log: MemoryLog, *names: str) -> None:
    log.store(IN_MEMORY, [NewRecord(name.encode(), key=name.encode()) for name in names])


async def test_what_was_used_last_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit, "kept_bytes_max", 3 * 64)
    log = MemoryLog(monotonic_ms)
    stored(log, *NAMES)
    async with in_memory(log) as inventories:
        assert inventories.kept_bytes == 3 * 64
        await inventories.get(NAMES[2])
        await inventories.get(NAMES[0])
        log.records(IN_MEMORY).clear()
        for name in (NAMES[0], NAMES[2], NAMES[4]):
            assert await asyncio.wait_for(inventories.get(name), timeout=1) == name.encode()
        assert inventories.kept_bytes == 3 * 64


async def test_a_copy_that_compaction_took_is_found_further_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unit, "kept_bytes_max", 1)
    log = MemoryLog(monotonic_ms)
    stored(log, *NAMES)
    async with in_memory(log) as inventories:
        stored(log, NAMES[0])
        log.records(IN_MEMORY)[0] = log.records(IN_MEMORY)[1]
        found = await asyncio.wait_for(inventories.get(NAMES[0]), timeout=1)
        assert found == NAMES[0].encode()


async def test_owners_that_wait_for_the_same_chart_share_its_seat_map() -> None:
    log = MemoryLog(monotonic_ms)
    inventories = Inventories(log, Publisher("nowhere"), IN_MEMORY)
    seat_maps = SeatMaps(inventories)
    waiting = [asyncio.create_task(seat_maps.load([SAMPLE_HASH])) for _ in range(3)]
    await asyncio.sleep(0)
    running = asyncio.create_task(inventories.run())
    log.store(IN_MEMORY, [NewRecord(COMPRESSED, key=SAMPLE_HASH.encode())])
    loaded = [found[SAMPLE_HASH] for found in await asyncio.gather(*waiting)]
    running.cancel()
    assert all(each is loaded[0] for each in loaded)
