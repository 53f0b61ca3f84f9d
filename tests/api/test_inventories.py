"""Seat maps in the ingress, over a real topic."""

import asyncio
from collections.abc import AsyncIterator
from threading import current_thread, main_thread

import pytest

from adapters.kafka.inventories import Inventories
from adapters.kafka.log import KafkaLog
from adapters.ports import LogUnreachableError, TopicPartition
from api import inventories as unit
from api.inventories import SeatMaps
from engine.charts.inventory import SeatMap
from schemas.inventory import InventoryError, compress, encode
from schemas.topics import INVENTORIES, Topics
from tests.workers.house import SAMPLE, SAMPLE_HASH


@pytest.fixture
async def seat_maps(kafka_bootstrap: str, topics: Topics) -> AsyncIterator[SeatMaps]:
    log = KafkaLog(kafka_bootstrap)
    partition = TopicPartition(topics[INVENTORIES].physical_name, 0)
    inventories = Inventories(log, log.publisher, partition)
    running = asyncio.create_task(inventories.run())
    yield SeatMaps(inventories)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await log.close()


async def test_a_seat_map_is_unpacked_once_and_not_on_the_event_loop(
    seat_maps: SeatMaps, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_loop: list[bool] = []
    unpack = unit._unpack

    def watched(inventory: str, compressed: bytes) -> SeatMap:
        on_the_loop.append(current_thread() is main_thread())
        return unpack(inventory, compressed)

    monkeypatch.setattr(unit, "_unpack", watched)
    await seat_maps.publish(SAMPLE_HASH, compress(encode(SAMPLE)))
    impatient, *waiting = [asyncio.create_task(seat_maps.get(SAMPLE_HASH)) for _ in range(20)]
    await asyncio.sleep(0)
    impatient.cancel()

    first, *others = await asyncio.gather(*waiting)

    assert all(other is first for other in others)
    assert seat_maps.get_now(SAMPLE_HASH) is first
    assert on_the_loop == [False]


async def test_after_a_failure_it_is_asked_for_anew(
    seat_maps: SeatMaps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.limits.inventory_wait_s", 0.1)
    with pytest.raises(LogUnreachableError):
        await seat_maps.get(SAMPLE_HASH)
    await seat_maps.publish("0" * 64, compress(encode(SAMPLE)))
    with pytest.raises(InventoryError):
        await seat_maps.get("0" * 64)

    await seat_maps.publish(SAMPLE_HASH, compress(encode(SAMPLE)))
    assert await seat_maps.get(SAMPLE_HASH)
