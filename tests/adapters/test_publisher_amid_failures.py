"""The publisher on brokers that fail: what it tells of a record is true, and the others go on."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka.errors import GroupLoadInProgressError, NoError
from aiokafka.protocol.api import Response
from aiokafka.protocol.produce import ProduceRequest_v7
from aiokafka.protocol.transaction import InitProducerIdRequest_v0
from aiokafka.record.default_records import DefaultRecordBatch

from adapters.kafka.publisher import Publisher
from adapters.ports import AppendUnknownError, LogUnreachableError, NewRecord, TopicPartition
from tests.adapters.brokers import Brokers

A, B = TopicPartition("outbox", 0), TopicPartition("outbox", 1)
X = NewRecord(b"x")
NOBODY = -1


class Log(Brokers):
    """Brokers that put a batch where its sequence says, and grant producers as long as they may."""

    def __init__(self) -> None:
        super().__init__({A: 1, B: 1})
        self.may_grant = True
        self.refused = 0
        self.answer(InitProducerIdRequest_v0, self._grant)
        self.answer(ProduceRequest_v7, self._append)

    def _grant(self, _: object) -> Response:
        self.refused += not self.may_grant
        code = NoError.errno if self.may_grant else GroupLoadInProgressError.errno
        return InitProducerIdRequest_v0.RESPONSE_TYPE(0, code, 4_000, 0)

    def _append(self, request: Any) -> Response:  # noqa: ANN401 - aiokafka's
        appended = [
            (topic, [(number, 0, _sequence(batch), 1_000, 0) for number, batch in batches])
            for topic, batches in request.topics
        ]
        return ProduceRequest_v7.RESPONSE_TYPE(appended, 0)


def _sequence(batch: bytes) -> int:
    return DefaultRecordBatch(bytes(batch)).base_sequence


@pytest.fixture
async def log(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Log]:
    monkeypatch.setattr("adapters.kafka.connecting.request_deadline_s", 0.3)
    async with Log() as log:
        yield log


@pytest.fixture
async def publisher(log: Log) -> AsyncIterator[Publisher]:
    publisher = Publisher(log.bootstrap, ack_deadline=1.5)
    assert (await publisher.send(A, X)).offset == 0
    yield publisher
    await publisher.close()


async def test_a_partition_without_a_producer_does_not_keep_back_the_others(
    log: Log, publisher: Publisher
) -> None:
    log.may_grant = False
    refused = publisher.enqueue(B, X)

    assert (await publisher.send(A, X)).offset == 1
    assert not refused.done()
    with pytest.raises(LogUnreachableError, match="outbox/1"):
        await refused
    assert (await publisher.send(A, X)).offset == 2, "its own producer is still the same"

    log.may_grant = True
    assert (await publisher.send(B, X)).offset == 0


async def test_who_waits_for_a_producer_hears_of_the_end(log: Log, publisher: Publisher) -> None:
    log.may_grant = False
    waiting = publisher.enqueue(B, X)
    await asyncio.sleep(0.1)

    await publisher.close()

    with pytest.raises(LogUnreachableError, match="closed"):
        await asyncio.wait_for(waiting, timeout=1)
    asked = log.refused
    await asyncio.sleep(0.2)
    assert log.refused == asked > 0, "nobody asks any more"


async def test_a_batch_that_never_left_is_told_as_such(log: Log, publisher: Publisher) -> None:
    await log.end(1)
    await asyncio.sleep(0.1)  # until the publisher's connection has heard of it
    with pytest.raises(LogUnreachableError):
        await publisher.send(A, X)


async def test_a_batch_that_left_once_may_stand_in_the_log(log: Log, publisher: Publisher) -> None:
    log.silent.add(1)
    in_doubt = publisher.enqueue(A, X)
    await asyncio.sleep(0.1)
    await log.end(1)
    with pytest.raises(AppendUnknownError):
        await in_doubt


async def test_a_batch_is_told_of_at_its_deadline_though_nobody_leads(
    log: Log, publisher: Publisher
) -> None:
    log.silent.add(1)
    in_doubt = publisher.enqueue(A, X)
    await asyncio.sleep(0.1)
    log.leaders[A] = NOBODY
    behind = publisher.enqueue(A, X)

    with pytest.raises(AppendUnknownError, match="LeaderNotAvailable"):
        await in_doubt
    assert not behind.done(), "a leader may come for it"
    with pytest.raises(LogUnreachableError):
        await behind
