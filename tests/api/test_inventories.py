"""Seat maps in the ingress, over a real topic."""

import asyncio
from collections.abc import AsyncIterator
from threading import current_thread, main_thread

import msgspec
import pytest

from adapters.kafka.inventories import Inventories
from adapters.kafka.log import KafkaLog
from adapters.ports import LogUnreachableError, TopicPartition
from api import inventories as unit
from api.inventories import SeatMaps
from engine.charts.inventory import SeatMap
from schemas.inventory import InventoryError, compress, encode, inventory_hash
from schemas.topics import INVENTORIES, Topics
from seatlog.processes.worker import SeatMaps as WorkerSeatMaps
from tests.workers.house import SAMPLE, SAMPLE_HASH

IN_USE = {SAMPLE_HASH}
OTHER, THIRD = (msgspec.structs.replace(SAMPLE, warnings=[code]) for code in ("other", "third"))


@pytest.fixture
async def seat_maps(kafka_bootstrap: str, topics: Topics) -> AsyncIterator[SeatMaps]:
    log = KafkaLog(kafka_bootstrap)
    partition = TopicPartition(topics[INVENTORIES].physical_name, 0)
    inventories = Inventories(log, log.publisher, partition)
    running = asyncio.create_task(inventories.run())
    yield SeatMaps(inventories, lambda: IN_USE)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await log.close()


async def test_a_seat_map_is_unpacked_once_and_not_on_the_event_loop(
    seat_maps: SeatMaps, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_the_loop: list[bool] = []
    unpack = unit.unpack

    def watched(inventory: str, compressed: bytes) -> SeatMap:
        on_the_loop.append(current_thread() is main_thread())
        return unpack(inventory, compressed)

    monkeypatch.setattr(unit, "unpack", watched)
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


async def test_a_seat_map_that_no_event_uses_is_dropped_for_the_next(seat_maps: SeatMaps) -> None:
    names = []
    for inventory in (SAMPLE, OTHER, THIRD):
        encoded = encode(inventory)
        names.append(inventory_hash(encoded))
        await seat_maps.publish(names[-1], compress(encoded))
        await seat_maps.get(names[-1])
    assert [seat_maps.get_now(name) is not None for name in names] == [True, False, True]
    assert await seat_maps.get(names[1])


async def test_the_seat_map_of_a_worker_goes_with_the_last_event_that_has_it(
    seat_maps: SeatMaps,
) -> None:
    of_worker = WorkerSeatMaps(seat_maps._inventories)
    names = []
    for inventory in (SAMPLE, OTHER):
        encoded = encode(inventory)
        names.append(inventory_hash(encoded))
        await seat_maps.publish(names[-1], compress(encoded))
    events = [*(await of_worker.load(names[:1])).values()] * 2
    loaded = await of_worker.load(names[1:])
    events.pop()
    assert set(of_worker.by_hash) == set(names)
    events.pop()
    assert set(of_worker.by_hash) == {*loaded} == {names[1]}
