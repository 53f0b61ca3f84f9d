"""Records looked up by where they stand, on a real broker."""

from collections.abc import AsyncIterator

import pytest

from adapters.kafka.log import KafkaLog
from adapters.ports import NewRecord, PositionLostError
from api.command_log import CommandLog
from api.errors import refusal_of
from schemas.topics import EVENTS_OUTBOX, Topics


@pytest.fixture
async def log(kafka_bootstrap: str) -> AsyncIterator[KafkaLog]:
    log = KafkaLog(kafka_bootstrap)
    yield log
    await log.close()


async def test_a_record_that_the_topic_keeps_no_more_is_gone_for_good(
    log: KafkaLog, topics: Topics
) -> None:
    commands = CommandLog(log, topics)
    partition = commands.partition(EVENTS_OUTBOX, 0)
    assert partition is not None
    appended = await log.publisher.send(partition, NewRecord(b"x"))
    assert (await commands.record(partition, appended.offset)).value == b"x"

    with pytest.raises(PositionLostError) as lost:
        await commands.record(partition, appended.offset + 5)

    refusal = refusal_of(lost.value)
    assert refusal is not None
    assert refusal.status == 410
    assert not await commands.holds(partition, appended.offset + 5)
    assert commands.partition(EVENTS_OUTBOX, 2) is None
