"""What every adapter of the `Log` port keeps: one suite for Kafka and for the one in memory."""

import pytest

from adapters.ports import (
    FencedError,
    Log,
    LogRecord,
    NewRecord,
    PositionLostError,
    Reader,
    TopicPartition,
)
from tests.adapters.conftest import monotonic_ms
from tests.eventually import eventually


def new(*values: str) -> list[NewRecord]:
    return [NewRecord(value.encode(), [("type", b"test")], b"key") for value in values]


async def read(reader: Reader, count: int) -> list[LogRecord]:
    records: list[LogRecord] = []
    deadline = monotonic_ms() + 10_000
    while len(records) < count and monotonic_ms() < deadline:
        records.extend(await reader.fetch(100, 200))
    return records


async def test_what_is_appended_is_read_back_in_order_with_contiguous_offsets(
    log: Log, outbox: TopicPartition
) -> None:
    appender = await log.take(outbox)
    first = await appender.append(new("a", "b"))
    second = await appender.append(new("c"))
    reader = await log.read_from({outbox: 0})
    records = await read(reader, 3)
    await reader.close()
    await appender.drop()
    assert [record.value for record in records] == [b"a", b"b", b"c"]
    assert [record.offset for record in records] == [0, 1, 2]
    assert (first.offset, second.offset) == (0, 2)
    assert records[0].timestamp == first.timestamp
    assert list(records[0].headers) == [("type", b"test")]
    assert records[0].key == b"key"
    assert await log.span(outbox) == (0, 3)


async def test_an_ack_names_the_place_in_the_log_whoever_wrote_in_between(
    log: Log, outbox: TopicPartition
) -> None:
    """So an owner sees by its ack that it is not alone: the fence does not keep publishers out."""
    appender = await log.take(outbox)
    assert (await appender.append(new("a", "b"))).offset == 0
    await log.publish(outbox, new("another's"))
    assert (await appender.append(new("c"))).offset == 3
    await appender.drop()


async def test_an_older_appender_is_refused_once_a_newer_one_has_appended(
    log: Log, outbox: TopicPartition
) -> None:
    zombie = await log.take(outbox)
    await zombie.append(new("while it owned"))
    owner = await log.take(outbox)
    await owner.append(new("taken"))
    with pytest.raises(FencedError):
        await zombie.append(new("too late"))
    assert (await owner.append(new("goes on"))).offset == 2
    await zombie.drop()
    await owner.drop()
    assert await log.span(outbox) == (0, 3)


async def test_an_older_appender_may_append_until_the_newer_one_has(
    log: Log, outbox: TopicPartition
) -> None:
    """So the newer one must read up to its own record, not to an end it asked for earlier."""
    older = await log.take(outbox)
    await older.append(new("first"))
    newer = await log.take(outbox)
    assert (await older.append(new("late"))).offset == 1
    assert (await newer.append(new("taken"))).offset == 2
    await older.drop()
    await newer.drop()


async def test_each_taking_raises_the_epoch(log: Log, outbox: TopicPartition) -> None:
    first = await log.take(outbox)
    second = await log.take(outbox)
    assert (second.producer_id, second.producer_epoch) == (
        first.producer_id,
        first.producer_epoch + 1,
    )
    await first.drop()
    await second.drop()


async def test_a_restart_reads_on_from_where_it_was(log: Log, outbox: TopicPartition) -> None:
    appender = await log.take(outbox)
    await appender.append(new("a", "b", "c"))
    await appender.drop()
    reader = await log.read_from({outbox: 2})
    records = await read(reader, 1)
    await reader.close()
    assert [record.value for record in records] == [b"c"]


@pytest.mark.parametrize("position", [-1, 1])
async def test_a_position_outside_the_log_is_an_error_and_never_the_earliest(
    log: Log, outbox: TopicPartition, position: int
) -> None:
    with pytest.raises(PositionLostError, match=str(position)):
        await log.read_from({outbox: position})


async def test_a_reader_is_caught_up_only_when_everything_was_read(
    log: Log, outbox: TopicPartition
) -> None:
    reader = await log.read_from({outbox: 0})
    before = monotonic_ms()

    async def caught_up_after_start() -> None:
        await reader.fetch(1, 50)
        at = reader.caught_up_at()
        assert at is not None
        assert before < at <= monotonic_ms()

    await eventually(caught_up_after_start, within=5)
    appender = await log.take(outbox)
    await appender.append(new("a", "b"))
    await appender.drop()
    while not (await reader.fetch(1, 50)):
        pass
    assert reader.caught_up_at() is None
    await reader.close()
