"""The reader against brokers that do what real ones seldom do on demand."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, cast

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    KafkaConnectionError,
    NotLeaderForPartitionError,
    OffsetOutOfRangeError,
    TopicAuthorizationFailedError,
)
from aiokafka.protocol.api import Response
from aiokafka.protocol.fetch import FetchRequest_v11
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from adapters.kafka.fetching import Fetched, FetchRequest, FetchResponse
from adapters.kafka.reader import KafkaReader, fetch_wait_ms, open_reader, unanswered_wait_ms
from adapters.ports import LogUnreachableError, PositionLostError, TopicPartition
from tests.adapters.brokers import Brokers

A, B = TopicPartition("outbox", 0), TopicPartition("outbox", 1)
Asked = Mapping[TopicPartition, int]
Answer = Callable[[Asked], Awaitable[list[Fetched]]]


class Cluster:
    """What the reader needs of aiokafka's client, with an answer for each request."""

    def __init__(self, leaders: Mapping[TopicPartition, int], **answers: Answer) -> None:
        self.leaders = dict(leaders)
        self.answers = answers
        self.asked: list[tuple[str, Asked]] = []
        self.waits_ms: dict[str, int] = {}
        """How long the last request to each broker lets it wait for news."""
        self.looked_for_leaders = 0
        self.cluster = self
        self.closed = False

    def leader_for_partition(self, partition: TopicPartition) -> int | None:
        return self.leaders.get(partition)

    def force_metadata_update(self) -> None:
        self.looked_for_leaders += 1

    async def send(self, broker: int, request: FetchRequest) -> FetchResponse:
        wanted: Any = FetchRequest_v11.decode(request.encode())
        asked = {
            TopicPartition(topic, partition): offset
            for topic, partitions in wanted.topics
            for partition, _, offset, _, _ in partitions
        }
        self.asked.append((f"broker_{broker}", asked))
        self.waits_ms[f"broker_{broker}"] = wanted.max_wait_time
        return FetchResponse(0, await self.answers[f"broker_{broker}"](asked))

    async def close(self) -> None:
        self.closed = True

    def reader(self, *partitions: TopicPartition) -> KafkaReader:
        return KafkaReader(cast("AIOKafkaClient", self), dict.fromkeys(partitions, 0))


def batch(first: int, *values: bytes) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1_000_000)
    for place, value in enumerate(values):
        builder.append(place, 1_000, None, value, [])
    stored = bytearray(builder.build())
    stored[:8] = first.to_bytes(8, "big")  # as the broker does; the checksum begins later
    return bytes(stored)


def fetched(partition: TopicPartition, end: int, batches: bytes = b"", error: int = 0) -> Fetched:
    return Fetched(*partition, error, end, batches)


async def nothing(asked: Asked) -> list[Fetched]:
    await asyncio.sleep(0.01)
    return [fetched(partition, offset) for partition, offset in asked.items()]


def of(stored: Mapping[TopicPartition, Sequence[bytes]]) -> Answer:
    """Answer as a broker that holds these values, one to a batch."""

    async def answer(asked: Asked) -> list[Fetched]:
        news = [
            fetched(
                one,
                len(stored[one]),
                b"".join(batch(n, stored[one][n]) for n in range(at, len(stored[one]))),
            )
            for one, at in asked.items()
        ]
        return news if any(one.batches for one in news) else await nothing(asked)

    return answer


async def read(reader: KafkaReader, count: int, at_once: int = 100) -> list[bytes | None]:
    values: list[bytes | None] = []
    async with asyncio.timeout(5):
        while len(values) < count:
            values += [record.value for record in await reader.fetch(at_once, 200)]
    return values


async def test_all_is_read_in_order_however_few_are_asked_for_at_once() -> None:
    values = [b"%d" % number for number in range(7)]
    cluster = Cluster({A: 1}, broker_1=of({A: values}))
    reader = cluster.reader(A)
    assert await read(reader, 7, at_once=2) == values
    assert await reader.fetch(2, 30) == []
    await reader.close()
    assert cluster.closed


async def test_a_batch_that_begins_before_the_position_gives_what_is_from_there_on() -> None:
    async def whole(asked: Asked) -> list[Fetched]:
        if asked[A] == 4:
            return await nothing(asked)
        return [fetched(A, 4, batch(0, b"0", b"1", b"2", b"3"))]

    cluster = Cluster({A: 1}, broker_1=whole)
    reader = KafkaReader(cast("AIOKafkaClient", cluster), {A: 2})
    assert await read(reader, 2) == [b"2", b"3"]
    await reader.close()


async def test_the_next_request_is_under_way_while_the_caller_works() -> None:
    cluster = Cluster({A: 1}, broker_1=of({A: [b"0"]}))
    reader = cluster.reader(A)
    await read(reader, 1)
    await asyncio.sleep(0)
    assert cluster.asked == [("broker_1", {A: 0}), ("broker_1", {A: 1})]
    await reader.close()


async def test_a_broker_that_is_silent_does_not_keep_back_the_others() -> None:
    async def silent(_: Asked) -> list[Fetched]:
        await asyncio.Future()
        raise AssertionError

    async def one_at_a_time(asked: Asked) -> list[Fetched]:
        at = asked[B]
        return [fetched(B, 2, batch(at, b"%d" % at))] if at < 2 else await nothing(asked)

    reader = Cluster({A: 1, B: 2}, broker_1=silent, broker_2=one_at_a_time).reader(A, B)
    assert await read(reader, 2) == [b"0", b"1"]
    assert await reader.fetch(10, 30) == []
    assert reader.caught_up_at() is None  # nobody knows about A
    await reader.close()


async def test_a_broker_that_is_away_is_asked_until_it_answers_and_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = 0

    async def answer(asked: Asked) -> list[Fetched]:
        nonlocal failures
        if failures < 3:
            failures += 1
            raise KafkaConnectionError("away")
        return await of({A: [b"0"]})(asked)

    reader = Cluster({A: 1}, broker_1=answer).reader(A)
    assert await read(reader, 1) == [b"0"]
    assert failures == 3
    assert [record.getMessage() for record in caplog.records] == ["a fetch is not answered"]
    await reader.close()


async def test_a_new_leader_is_found_and_nothing_is_read_twice() -> None:
    async def first(asked: Asked) -> list[Fetched]:
        if asked[A] == 0:
            return [fetched(A, 2, batch(0, b"0"))]
        cluster.leaders[A] = 2
        return [fetched(A, -1, error=NotLeaderForPartitionError.errno)]

    cluster = Cluster({A: 1}, broker_1=first, broker_2=of({A: [b"0", b"1"]}))
    reader = cluster.reader(A)
    assert await read(reader, 2) == [b"0", b"1"]
    assert cluster.looked_for_leaders
    await reader.close()


async def test_a_leader_that_falls_silent_is_given_up_and_the_next_one_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its host is lost: no connection of it ever ends by itself."""
    monkeypatch.setattr("adapters.kafka.connecting.request_deadline_s", 0.3)
    stored: list[bytes] = [batch(0, b"0")]

    def answer(request: Any) -> Response:  # noqa: ANN401 - aiokafka's
        [(topic, [(number, _, offset, _, _)])] = request.topics
        news = b"".join(stored[offset:])
        partition = (number, 0, len(stored), len(stored), 0, None, -1, news)
        return FetchRequest_v11.RESPONSE_TYPE(0, 0, 0, [(topic, [partition])])

    async with Brokers({A: 1}) as brokers:
        brokers.answer(FetchRequest_v11, answer)
        reader = await open_reader(brokers.bootstrap, {A: 0})
        assert await read(reader, 1) == [b"0"]

        brokers.silent.add(1)
        brokers.leaders[A] = 2
        stored.append(batch(1, b"1"))
        assert await read(reader, 1) == [b"1"]
        await reader.close()


async def away(_: Asked) -> list[Fetched]:
    raise KafkaConnectionError("away")


async def leads_no_more(asked: Asked) -> list[Fetched]:
    return [fetched(one, -1, error=NotLeaderForPartitionError.errno) for one in asked]


@pytest.mark.parametrize(
    ("leaders", "broker_1"),
    [({A: 1, B: 2}, away), ({A: 1, B: 2}, leads_no_more), ({B: 2}, nothing)],
    ids=["away", "leads no more", "no leader"],
)
async def test_nobody_waits_long_who_may_be_the_next_leader_of_a_partition_without_answers(
    leaders: Mapping[TopicPartition, int], broker_1: Answer
) -> None:
    cluster = Cluster(leaders, broker_1=broker_1, broker_2=nothing)
    reader = cluster.reader(A, B)
    assert await reader.fetch(1, 30) == []
    assert cluster.waits_ms["broker_2"] == fetch_wait_ms  # both were asked at the same time
    for _ in range(10):
        await reader.fetch(1, 30)
    assert cluster.waits_ms["broker_2"] == unanswered_wait_ms

    cluster.leaders[A] = 2
    for _ in range(10):
        await reader.fetch(1, 30)
    assert cluster.asked[-1] == ("broker_2", {A: 0, B: 0})
    assert cluster.waits_ms["broker_2"] == fetch_wait_ms
    await reader.close()


async def test_a_partition_without_a_leader_is_waited_for() -> None:
    cluster = Cluster({}, broker_1=of({A: [b"0"]}))
    reader = cluster.reader(A)
    assert await reader.fetch(1, 30) == []
    cluster.leaders[A] = 1
    assert await read(reader, 1) == [b"0"]
    assert cluster.looked_for_leaders
    await reader.close()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (OffsetOutOfRangeError.errno, PositionLostError),
        (TopicAuthorizationFailedError.errno, LogUnreachableError),
    ],
)
async def test_what_no_retry_mends_is_raised_after_what_was_read(
    code: int, error: type[Exception]
) -> None:
    async def answer(asked: Asked) -> list[Fetched]:
        del asked
        return [fetched(A, -1, error=code), fetched(B, 1, batch(0, b"0"))]

    reader = Cluster({A: 1, B: 1}, broker_1=answer).reader(A, B)
    assert await read(reader, 1) == [b"0"]
    for _ in range(2):
        with pytest.raises(error):
            await reader.fetch(1, 200)
    await reader.close()


async def test_what_was_damaged_on_its_way_is_not_handed_out() -> None:
    damaged = bytearray(batch(0, b"0"))
    damaged[-2] ^= 1

    async def answer(asked: Asked) -> list[Fetched]:
        del asked
        return [fetched(A, 1, bytes(damaged))]

    reader = Cluster({A: 1}, broker_1=answer).reader(A)
    with pytest.raises(LogUnreachableError, match="CRC"):
        await reader.fetch(1, 200)
    await reader.close()


async def test_it_is_caught_up_as_of_the_request_whose_answer_left_nothing_unread() -> None:
    async def slowly(asked: Asked) -> list[Fetched]:
        await asyncio.sleep(0.05)
        return await of({A: [b"0", b"1"], B: []})(asked)

    reader = Cluster({A: 1, B: 1}, broker_1=slowly).reader(A, B)
    before = time.monotonic_ns() // 1_000_000
    assert await reader.fetch(1, 1_000)
    assert reader.caught_up_at() is None  # one is unread
    assert await reader.fetch(1, 1_000)
    at = reader.caught_up_at()
    assert at is not None
    assert before <= at <= before + 20 < time.monotonic_ns() // 1_000_000 - 20
    await reader.close()


async def test_who_had_something_stands_last_in_the_next_request() -> None:
    cluster = Cluster({A: 1, B: 1}, broker_1=of({A: [b"0"], B: []}))
    reader = cluster.reader(A, B)
    await read(reader, 1)
    await asyncio.sleep(0)
    assert [list(asked) for _, asked in cluster.asked] == [[A, B], [B, A]]
    await reader.close()
