"""First and end offsets, asked of brokers some of which do not answer."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka.errors import (
    LeaderNotAvailableError,
    NoError,
    NotLeaderForPartitionError,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.api import Response
from aiokafka.protocol.offset import OffsetRequest_v3

from adapters.kafka.offsets import OffsetQueries
from adapters.ports import LogUnreachableError, Span, TopicPartition
from tests.adapters.brokers import Brokers

A, B, ELSEWHERE = (TopicPartition(*one) for one in (("outbox", 0), ("outbox", 1), ("groups", 0)))
FIRST, END = -2, -1


class Log(Brokers):
    """Partitions that hold the offsets from 3 to 10."""

    def __init__(self) -> None:
        super().__init__({A: 1, B: 2, ELSEWHERE: 2})
        self.asked: list[TopicPartition] = []
        self.refusals: list[int] = []
        """Codes for the next answers about A."""
        self.answer(OffsetRequest_v3, self._tell)

    def _tell(self, request: Any) -> Response:  # noqa: ANN401 - aiokafka's
        return OffsetRequest_v3.RESPONSE_TYPE(
            0,
            [
                (topic, [self._of(TopicPartition(topic, number), which) for number, which in asked])
                for topic, asked in request.topics
            ],
        )

    def _of(self, partition: TopicPartition, which: int) -> tuple[int, int, int, int]:
        self.asked.append(partition)
        code = self.refusals.pop(0) if self.refusals and partition == A else NoError.errno
        return partition.partition, code, -1, {FIRST: 3, END: 10}[which]


@pytest.fixture
async def log(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Log]:
    monkeypatch.setattr("adapters.kafka.connecting.request_deadline_s", 0.3)
    async with Log() as log:
        yield log


@pytest.fixture
async def queries(log: Log) -> AsyncIterator[OffsetQueries]:
    queries = OffsetQueries(log.bootstrap)
    yield queries
    await queries.close()


async def test_every_partition_is_asked_for_at_its_leader(queries: OffsetQueries) -> None:
    assert await queries.spans([A, B]) == {A: Span(3, 10), B: Span(3, 10)}
    assert await queries.ends([A, ELSEWHERE]) == {A: 10, ELSEWHERE: 10}


async def test_a_leader_that_falls_silent_is_given_up_and_the_next_one_asked(
    log: Log, queries: OffsetQueries
) -> None:
    """Its host is lost: no connection of it ever ends by itself."""
    await queries.ends([A, B])
    log.silent.add(1)
    asked = asyncio.create_task(queries.ends([A, B]))
    await asyncio.sleep(0.1)
    log.leaders[A] = 2

    assert await asked == {A: 10, B: 10}
    assert log.asked.count(B) == 2, "it was told at once"


@pytest.mark.parametrize("refusal", [NotLeaderForPartitionError, LeaderNotAvailableError])
async def test_what_a_later_moment_may_mend_is_asked_again(
    log: Log, queries: OffsetQueries, refusal: type[Any]
) -> None:
    log.refusals = [refusal.errno] * 3
    assert await queries.ends([A, B]) == {A: 10, B: 10}
    assert sorted(log.asked) == [A, A, A, A, B]


async def test_what_no_retry_mends_is_told_at_once(log: Log, queries: OffsetQueries) -> None:
    log.refusals = [TopicAuthorizationFailedError.errno]
    with pytest.raises(LogUnreachableError, match="TopicAuthorizationFailed"):
        await queries.ends([A])
    assert log.asked == [A]


async def test_a_question_ends_at_its_deadline(
    log: Log, queries: OffsetQueries, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queries.ends([A, B])
    monkeypatch.setattr("adapters.kafka.offsets.answer_deadline_s", 0.5)
    log.silent.add(1)
    with pytest.raises(LogUnreachableError, match="outbox/0: "):
        await asyncio.wait_for(queries.ends([A, B]), timeout=5)
