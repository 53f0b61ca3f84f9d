"""Appending against brokers that do what real ones seldom do on demand."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    InvalidProducerEpoch,
    KafkaConnectionError,
    NotEnoughReplicasError,
    NotLeaderForPartitionError,
    OutOfOrderSequenceNumber,
    RequestTimedOutError,
)
from aiokafka.protocol.produce import ProduceRequest_v7
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatch

from adapters.kafka.ownership import KafkaAppender
from adapters.kafka.producer import Producer
from adapters.kafka.producing import Produced, ProduceRequest, ProduceResponse
from adapters.kafka.publisher import Publisher
from adapters.ports import (
    Appended,
    AppendUnknownError,
    FencedError,
    NewRecord,
    TopicPartition,
)

A = TopicPartition("outbox", 3)
PAIR = (4_000, 7)
Answer = Callable[["Cluster"], int]
"""Gives an error code, or raises."""


class Cluster:
    """What an appender needs of aiokafka's client, with an answer for each request."""

    def __init__(self, *answers: Answer, leaders: Mapping[TopicPartition, int]) -> None:
        self.leaders = dict(leaders)
        self.answers = list(answers)
        self.sent: list[tuple[int, bytes]] = []
        self.cluster = self

    def leader_for_partition(self, partition: TopicPartition) -> int | None:
        return self.leaders.get(partition)

    def force_metadata_update(self) -> None:
        self.leaders = dict.fromkeys(self.leaders, 2)

    async def send(self, broker: int, request: ProduceRequest) -> ProduceResponse:
        asked: Any = ProduceRequest_v7.decode(request.encode())
        assert (asked.transactional_id, asked.required_acks) == (None, -1)
        [(topic, [(partition, batch)])] = asked.topics
        self.sent.append((broker, batch))
        code = self.answers.pop(0)(self) if self.answers else 0
        return ProduceResponse([Produced(topic, partition, code, 40 + len(self.sent), 1_000)])

    def appender(self, producer: Producer) -> KafkaAppender:
        return KafkaAppender(cast("AIOKafkaClient", self), producer)


def producer() -> Producer:
    return Producer(A, *PAIR)


def refuses(error: type[Any]) -> Answer:
    return lambda _: error.errno


def breaks_off(_: Cluster) -> int:
    raise KafkaConnectionError


def records(*values: bytes) -> list[NewRecord]:
    return [NewRecord(value, [("type", b"test")]) for value in values]


@pytest.mark.parametrize(
    "answer",
    [
        breaks_off,
        *map(refuses, (NotLeaderForPartitionError, NotEnoughReplicasError, RequestTimedOutError)),
    ],
)
async def test_a_batch_is_sent_again_as_it_is_to_whoever_leads_then(answer: Answer) -> None:
    cluster = Cluster(answer, leaders={A: 1})
    appended = await cluster.appender(producer()).append(records(b"a"))
    assert appended == Appended(42, 1_000)
    (first, batch), (second, again) = cluster.sent
    assert (first, second) == (1, 2)
    assert batch == again


async def test_a_batch_waits_for_a_leader() -> None:
    cluster = Cluster(leaders={A: -1})
    assert (await cluster.appender(producer()).append(records(b"a"))).offset == 41
    assert [broker for broker, _ in cluster.sent] == [2]


async def test_a_newer_owner_is_told_from_other_refusals() -> None:
    with pytest.raises(FencedError):
        await (
            Cluster(refuses(InvalidProducerEpoch), leaders={A: 1})
            .appender(producer())
            .append(records(b"a"))
        )
    with pytest.raises(AppendUnknownError, match="OutOfOrderSequenceNumber"):
        await (
            Cluster(refuses(OutOfOrderSequenceNumber), leaders={A: 1})
            .appender(producer())
            .append(records(b"a"))
        )


async def test_an_append_ends_at_its_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.kafka.ownership.ack_deadline_s", 0.2)
    cluster = Cluster(*[breaks_off] * 1_000, leaders={A: 1})
    with pytest.raises(AppendUnknownError):
        await asyncio.wait_for(cluster.appender(producer()).append(records(b"a")), timeout=5)
    assert len(cluster.sent) > 1


async def test_batches_are_numbered_and_the_numbers_begin_again() -> None:
    cluster = Cluster(leaders={A: 1})
    numbered = producer()
    numbered._sequence = 2**31 - 3
    appender = cluster.appender(numbered)
    for values in ([b"a"], [b"b", b"c", b"d"], [b"e"]):
        await appender.append(records(*values))
    batches = [DefaultRecordBatch(bytes(batch)) for _, batch in cluster.sent]
    assert [batch.base_sequence for batch in batches] == [2**31 - 3, 2**31 - 2, 1]
    assert {(batch.producer_id, batch.producer_epoch) for batch in batches} == {PAIR}
    assert [[record.value for record in batch] for batch in batches] == [
        [b"a"],
        [b"b", b"c", b"d"],
        [b"e"],
    ]


async def test_a_batch_that_is_too_large_is_no_batch() -> None:
    cluster = Cluster(leaders={A: 1})
    with pytest.raises(ValueError, match="exceed"):
        await cluster.appender(producer()).append(records(b"x" * 3_000_000))
    assert cluster.sent == []


async def test_who_is_cancelled_while_it_lets_go_hears_of_it() -> None:
    """Or the owner would live on, beside the one that the group has named since."""

    class Slow(Cluster):
        async def close(self) -> None:
            with contextlib.suppress(asyncio.CancelledError):  # as aiokafka does
                await asyncio.sleep(0.2)

    dropping = asyncio.create_task(Slow(leaders={A: 1}).appender(producer()).drop())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    dropping.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dropping


class Brokers(Cluster):
    """Brokers for a publisher: the first one answers only when it is let."""

    def __init__(self, leaders: Mapping[TopicPartition, int]) -> None:
        super().__init__(leaders=leaders)
        self.first_may_answer = asyncio.Event()
        self.received: list[tuple[int, TopicPartition, int]] = []
        """Broker, partition and first sequence of each batch."""

        self.closed = False

    async def ready(self, broker: int) -> bool:
        del broker
        return True

    async def close(self) -> None:
        self.closed = True

    async def send(self, broker: int, request: Any) -> Any:  # noqa: ANN401 - of two kinds
        if isinstance(request, InitProducerIdRequest):
            return SimpleNamespace(error_code=0, producer_id=1, producer_epoch=0)
        asked: Any = ProduceRequest_v7.decode(request.encode())
        batches = [
            (TopicPartition(topic, number), DefaultRecordBatch(bytes(batch)))
            for topic, partitions in asked.topics
            for number, batch in partitions
        ]
        self.received += [(broker, partition, one.base_sequence) for partition, one in batches]
        if broker == 1:
            await self.first_may_answer.wait()
        return ProduceResponse(
            [Produced(*partition, 0, 10 + one.base_sequence, 1_000) for partition, one in batches]
        )


async def test_a_batch_that_two_brokers_answer_is_told_once() -> None:
    """Its partition moved while the first one was silent."""
    other = TopicPartition("outbox", 4)
    brokers = Brokers({A: 1, other: 2})
    publisher = Publisher("nowhere")
    publisher._client = cast("AIOKafkaClient", brokers)
    told: list[Appended | Exception] = []
    publisher.hand_over(A, NewRecord(b"a"), told.append)
    await asyncio.sleep(0.01)
    brokers.leaders[A] = 2
    assert (await publisher.send(other, NewRecord(b"b"))).offset == 10
    brokers.first_may_answer.set()
    assert (await publisher.send(A, NewRecord(b"c"))).offset == 11
    assert told == [Appended(10, 1_000)]
    assert brokers.received == [(1, A, 0), (2, A, 0), (2, other, 0), (2, A, 1)]
    await publisher.close()


async def test_who_failed_on_a_client_does_not_close_the_one_that_came_after_it() -> None:
    class Broken(Brokers):
        async def send(self, broker: int, request: Any) -> Any:  # noqa: ANN401 - of two kinds
            answer = await super().send(broker, request)
            assert isinstance(request, InitProducerIdRequest), "a mistake of ours"
            return answer

    broken, sound = Broken({A: 1}), Brokers({A: 2})
    publisher = Publisher("nowhere")
    publisher._client = cast("AIOKafkaClient", broken)
    failing = publisher.enqueue(A, NewRecord(b"a"))
    await asyncio.sleep(0.01)
    publisher._client = cast("AIOKafkaClient", sound)
    broken.first_may_answer.set()
    with pytest.raises(AppendUnknownError):
        await failing
    assert (await publisher.send(A, NewRecord(b"b"))).offset == 10
    assert not sound.closed
    await publisher.close()
    assert sound.closed
