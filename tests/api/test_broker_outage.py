"""An ingress whose broker stops answering, or is gone, and comes back: on a broker of its own."""

import asyncio
import time
from collections.abc import Iterator

import pytest

from adapters.kafka.admin import apply_topics
from adapters.kafka.log import KafkaLog
from adapters.ports import AppendUnknownError, LogUnreachableError, TopicPartition
from api.core import Ingress
from api.errors import AnswerLateError, refusal_of
from schemas.facts import EventCreated
from schemas.outbox import Accepted, decode_seats_record
from schemas.rejections import Rejected, Rejection
from schemas.topics import EVENTS_OUTBOX, Topics, load_topics
from seatlog.local.kafka import LocalKafka
from tests.api.ingress import create_event, ingress, until_ready
from tests.api.outages import own_broker, stopped
from tests.api.owners import owners
from tests.eventually import eventually
from tests.workers.house import WORKSPACE, book

pytestmark = pytest.mark.timeout(180)

UNAVAILABLE = (AnswerLateError, LogUnreachableError, AppendUnknownError)


@pytest.fixture
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalKafka]:
    with own_broker(tmp_path_factory.mktemp("kafka")) as kafka:
        yield kafka


@pytest.fixture
async def topics(broker: LocalKafka) -> Topics:
    topics = load_topics().with_partitions(events=1, groups=1)
    await apply_topics(broker.bootstrap, topics)
    return topics


async def try_to_book(
    core: Ingress, event: EventCreated, label: str, *, again: bool = False
) -> bool:
    """Book a seat; False if the ingress says that it cannot tell, within the deadline.

    Nobody else wants it: only who tries again may hear that it is taken.
    """
    started = time.monotonic()
    try:
        answered = await core.submitter.change(0, event.event, book(event.event, label))
    except UNAVAILABLE as error:
        assert time.monotonic() - started < 9.5, "the client has given up by then"
        refusal = refusal_of(error)
        assert refusal is not None
        assert refusal.status == 503
        assert "Retry-After" in refusal.headers
        return False
    if again and isinstance(answered.answer, Rejected):
        assert answered.answer.code == Rejection.OBJECT_NOT_FREE.code
    else:
        assert answered.answer == Accepted()
    return True


async def changed_labels(broker: LocalKafka) -> set[str | None]:
    log = KafkaLog(broker.bootstrap)
    outbox = TopicPartition(EVENTS_OUTBOX, 0)
    end = (await log.span(outbox)).end
    reader = await log.read_from({outbox: 0})
    labels: set[str | None] = set()
    offset = 0
    while offset < end:
        for record in await reader.fetch(1_000, 500):
            offset = record.offset + 1
            decoded = decode_seats_record(record.value or b"")
            for fact in getattr(decoded.data, "facts", ()):
                labels |= {getattr(fact, "label", None)}
    await reader.close()
    await log.close()
    return labels


async def test_a_broker_that_stops_answering_means_503_in_time_and_then_goes_on(
    broker: LocalKafka, topics: Topics
) -> None:
    async with ingress(broker.bootstrap, topics) as core, owners(broker.bootstrap, topics):
        event = await create_event(core, "drop")
        assert await try_to_book(core, event, "A-1")

        async with stopped(broker):
            outcomes = await asyncio.gather(
                *(try_to_book(core, event, label) for label in ("A-2", "A-3", "A-4"))
            )
            assert outcomes == [False] * 3
            with pytest.raises(LogUnreachableError):
                await core.directory.find(WORKSPACE, "unknown")
            assert "the broker" in await core.missing()
            assert core.directory.find_now(WORKSPACE, "drop") is not None

        async def serves_again() -> None:
            assert await try_to_book(core, event, "B-1", again=True)

        await eventually(serves_again, within=30)
        await until_ready(core)
        assert not core.submitter.waiters


async def test_a_killed_broker_means_503_in_time_and_no_answer_the_log_does_not_hold(
    broker: LocalKafka, topics: Topics
) -> None:
    async with ingress(broker.bootstrap, topics) as core, owners(broker.bootstrap, topics):
        event = await create_event(core, "drop")
        labels = [f"{row}-{seat}" for row in "ABCD" for seat in range(1, 9)]
        accepted = set()

        async def book_all() -> None:
            for label in labels[:-1]:
                if await try_to_book(core, event, label):
                    accepted.add(label)

        booking = asyncio.create_task(book_all())

        def some_booked() -> None:
            assert len(accepted) >= 5

        await eventually(some_booked)
        await asyncio.to_thread(broker.kill)
        await asyncio.sleep(1)
        booking.cancel()
        [end] = await asyncio.gather(booking, return_exceptions=True)
        assert end is None or isinstance(end, asyncio.CancelledError), end
        assert not await try_to_book(core, event, labels[-2])

        await asyncio.to_thread(broker.start)
        await asyncio.to_thread(broker.wait_ready)

        async def serves_again() -> None:
            assert await try_to_book(core, event, labels[-1], again=True)

        await eventually(serves_again, within=60)
        assert accepted | {labels[-1]} <= await changed_labels(broker)
        await until_ready(core)
