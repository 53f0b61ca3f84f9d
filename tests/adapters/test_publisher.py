"""The publisher on a real broker: whoever sends a record hears what became of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from adapters.kafka.publisher import Publisher, record_bytes_max
from adapters.ports import (
    AppendUnknownError,
    LogUnreachableError,
    NewRecord,
    RecordTooLargeError,
    TopicPartition,
)
from api.errors import refusal_of
from schemas.topics import GROUPS_COMMANDS, Topics


@pytest.fixture
async def publisher(kafka_bootstrap: str) -> AsyncIterator[Publisher]:
    publisher = Publisher(kafka_bootstrap)
    yield publisher
    await publisher.close()


@pytest.fixture
def partition(topics: Topics) -> TopicPartition:
    return TopicPartition(topics[GROUPS_COMMANDS].physical_name, 0)


@pytest.mark.parametrize("size", [record_bytes_max - 1_000, record_bytes_max + 1])
async def test_a_record_over_the_limit_is_told_and_the_others_go_on(
    publisher: Publisher, partition: TopicPartition, size: int
) -> None:
    before, large, after = (
        publisher.enqueue(partition, NewRecord(b"x" * length)) for length in (10, size, 10)
    )

    assert (await before).offset == 0
    with pytest.raises(RecordTooLargeError) as refused:
        await large
    assert (await after).offset == 1
    refusal = refusal_of(refused.value)
    assert refusal is not None
    assert refusal.status == 413


async def test_a_record_that_no_batch_can_be_built_of_does_not_end_the_sender(
    publisher: Publisher, partition: TopicPartition
) -> None:
    broken = NewRecord("no bytes")  # type: ignore[arg-type]

    with pytest.raises(AppendUnknownError):
        await asyncio.wait_for(publisher.send(partition, broken), timeout=5)

    assert (await publisher.send(partition, NewRecord(b"x"))).offset == 0


async def test_who_waits_for_a_start_hears_of_the_end(partition: TopicPartition) -> None:
    publisher = Publisher("127.0.0.1:9")
    waiting = asyncio.create_task(publisher.send(partition, NewRecord(b"x")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    await publisher.close()

    with pytest.raises(LogUnreachableError):
        await asyncio.wait_for(waiting, timeout=1)


async def test_after_a_batch_of_several_the_next_one_gathers_a_moment_longer(
    publisher: Publisher, partition: TopicPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.kafka.publisher.gather_s", 0.5)
    await asyncio.gather(*(publisher.enqueue(partition, NewRecord(b"x")) for _ in range(2)))

    early = publisher.enqueue(partition, NewRecord(b"x"))
    await asyncio.wait([early], timeout=0.1)
    assert not early.done()
    late = publisher.enqueue(partition, NewRecord(b"x"))

    assert (await early).offset == 2
    assert late.done(), "it went with the other"
    assert late.result().offset == 3


@pytest.mark.parametrize(("unanswered", "first"), [(40, 20), (9, 16)])
async def test_a_batch_takes_half_of_what_is_unanswered_but_not_a_few(
    kafka_bootstrap: str,
    partition: TopicPartition,
    monkeypatch: pytest.MonkeyPatch,
    unanswered: int,
    first: int,
) -> None:
    monkeypatch.setattr("adapters.kafka.publisher.gather_half_s", 0.5)
    publisher = Publisher(kafka_bootstrap, unanswered=lambda: unanswered)
    waiting = [publisher.enqueue(partition, NewRecord(b"x")) for _ in range(first + 3)]

    assert (await waiting[0]).offset == 0
    assert [one.done() for one in waiting] == [True] * first + [False] * 3
    assert [(await one).offset for one in waiting] == list(range(first + 3))
    await publisher.close()


async def test_a_half_is_waited_for_and_not_beyond(
    kafka_bootstrap: str, partition: TopicPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.kafka.publisher.gather_half_s", 60)
    publisher = Publisher(kafka_bootstrap, ack_deadline=2, unanswered=lambda: 6)
    # What was given up, or could not be built, waits no more and does not count.
    with pytest.raises(LogUnreachableError):
        await publisher.send(partition._replace(partition=77), NewRecord(b"x"))
    with pytest.raises(RecordTooLargeError):
        await publisher.send(partition, NewRecord(b"x" * (record_bytes_max + 1)))
    await asyncio.gather(*(publisher.enqueue(partition, NewRecord(b"x")) for _ in range(3)))

    early = [publisher.enqueue(partition, NewRecord(b"x")) for _ in range(2)]
    await asyncio.wait(early, timeout=1.0)
    assert not any(one.done() for one in early)
    late = publisher.enqueue(partition, NewRecord(b"x"))

    assert (await asyncio.wait_for(late, timeout=10)).offset == 5
    assert [one.result().offset for one in early] == [3, 4]
    await publisher.close()


async def test_who_waits_for_a_half_at_the_close_was_not_sent(
    kafka_bootstrap: str, partition: TopicPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.kafka.publisher.gather_half_s", 60)
    publisher = Publisher(kafka_bootstrap, unanswered=lambda: 6)
    await asyncio.gather(*(publisher.enqueue(partition, NewRecord(b"x")) for _ in range(3)))
    gathering = publisher.enqueue(partition, NewRecord(b"x"))
    await asyncio.sleep(0.1)

    await publisher.close()

    with pytest.raises(LogUnreachableError):
        await asyncio.wait_for(gathering, timeout=1)


async def test_a_half_is_not_waited_for_longer_than_a_moment(
    kafka_bootstrap: str, partition: TopicPartition
) -> None:
    publisher = Publisher(kafka_bootstrap, unanswered=lambda: 1_000)
    await asyncio.gather(*(publisher.enqueue(partition, NewRecord(b"x")) for _ in range(2)))

    alone = publisher.enqueue(partition, NewRecord(b"x"))

    assert (await asyncio.wait_for(alone, timeout=10)).offset == 2
    await publisher.close()


async def test_who_is_alone_does_not_wait_for_company(
    publisher: Publisher, partition: TopicPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.kafka.publisher.gather_s", 60)
    for offset in range(3):
        sent = publisher.send(partition, NewRecord(b"x"))
        assert (await asyncio.wait_for(sent, timeout=10)).offset == offset


async def test_what_gathers_at_the_close_was_not_sent(
    publisher: Publisher, partition: TopicPartition, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.kafka.publisher.gather_s", 60)
    await asyncio.gather(*(publisher.enqueue(partition, NewRecord(b"x")) for _ in range(2)))
    gathering = publisher.enqueue(partition, NewRecord(b"x"))
    await asyncio.sleep(0)

    await publisher.close()

    with pytest.raises(LogUnreachableError):
        await asyncio.wait_for(gathering, timeout=1)


async def test_a_partition_that_takes_nothing_does_not_keep_back_the_others(
    kafka_bootstrap: str, partition: TopicPartition
) -> None:
    publisher = Publisher(kafka_bootstrap, ack_deadline=2)
    not_there = TopicPartition(partition.topic, 77)
    refused = publisher.enqueue(not_there, NewRecord(b"x"))

    assert (await publisher.send(partition, NewRecord(b"x"))).offset == 0
    assert not refused.done()
    with pytest.raises(LogUnreachableError, match="77"):
        await asyncio.wait_for(refused, timeout=10)
    assert (await publisher.send(partition, NewRecord(b"x"))).offset == 1
    await publisher.close()
