"""The directory of event keys in an ingress, on a real broker."""

import asyncio

import pytest
from msgspec import DecodeError

from adapters.kafka.log import KafkaLog
from adapters.kafka.offsets import OffsetQueries
from adapters.kafka.publisher import Publisher
from adapters.ports import LogUnreachableError, NewRecord, TopicPartition
from api.core import FollowerEndedError
from api.directory import EventDirectory, coordinator_of
from api.positions import OutboxEnds, partitions_of
from schemas.commands import DeleteEvent, UpdateEvent
from schemas.facts import EventCreated
from schemas.outbox import (
    CommandAnswered,
    Data,
    OwnershipData,
    OwnershipTaken,
    encode,
)
from schemas.topics import GROUPS_OUTBOX, Topics
from tests.api.ingress import create_event, ingress
from tests.api.owners import owners
from tests.conftest import MakeTopics
from tests.eventually import eventually
from tests.workers.house import NOON, WORKSPACE


async def test_an_event_created_elsewhere_a_moment_ago_is_found(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with (
        owners(kafka_bootstrap, topics),
        ingress(kafka_bootstrap, topics) as one,
        ingress(kafka_bootstrap, topics) as other,
    ):
        for number in range(20):
            created = await create_event(one, f"event-{number}")

            entry = await other.directory.find(WORKSPACE, f"event-{number}")

            assert entry is not None
            assert (entry.event, entry.partition) == (created.event, created.partition)
            assert other.directory.by_id(created.event) == entry


async def test_an_unknown_key_is_none_and_so_is_another_workspaces(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        await create_event(core, "drop")

        assert await core.directory.find(WORKSPACE, "drop ") is None
        assert await core.directory.find("workspace-2", "drop") is None
        assert core.directory.by_id(4711) is None


async def test_a_renamed_event_is_found_by_its_new_key_and_a_deleted_one_no_more(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        created = await create_event(core, "drop")
        await core.submitter.decide(UpdateEvent(workspace=WORKSPACE, key="drop", new_key="drop-2"))

        entry = await core.directory.find(WORKSPACE, "drop-2")
        assert entry is not None
        assert entry.event == created.event
        assert await core.directory.find(WORKSPACE, "drop") is None

        await core.submitter.decide(DeleteEvent(workspace=WORKSPACE, key="drop-2"))
        await core.directory.catch_up(WORKSPACE)
        assert core.directory.find_now(WORKSPACE, "drop-2") is None


async def test_what_stood_there_before_the_start_is_there_when_ready(
    kafka_bootstrap: str, make_topics: MakeTopics
) -> None:
    topics = await make_topics(events=1, groups=2)
    workspaces = ["workspace-1", "a-house", "another-house"]
    assert {coordinator_of(workspace, 2) for workspace in workspaces} == {0, 1}
    async with owners(kafka_bootstrap, topics):
        async with ingress(kafka_bootstrap, topics) as core:
            for workspace in workspaces:
                await create_event(core, "drop", workspace)

        async with ingress(kafka_bootstrap, topics) as later:
            for workspace in workspaces:
                assert later.directory.find_now(workspace, "drop") is not None


async def test_events_of_a_replaced_coordinator_do_not_exist(
    kafka_bootstrap: str, topics: Topics
) -> None:
    outbox = TopicPartition(topics[GROUPS_OUTBOX].physical_name, 0)
    publisher = Publisher(kafka_bootstrap)
    for record in (
        _taken(),
        _created(0, 1, "valid"),
        _created(0, 1, "second-copy"),
        _taken(),
        _created(0, 4, "void"),
    ):
        await publisher.send(outbox, record)

    async with ingress(kafka_bootstrap, topics) as core:
        assert await core.directory.find(WORKSPACE, "valid") is not None
        assert await core.directory.find(WORKSPACE, "second-copy") is None
        assert await core.directory.find(WORKSPACE, "void") is None
    await publisher.close()


async def test_an_outbox_that_cannot_be_read_ends_the_ingress(
    kafka_bootstrap: str, topics: Topics
) -> None:
    """Going on would mean to say "not found" of events that exist."""
    async with ingress(kafka_bootstrap, topics) as core:
        publisher = Publisher(kafka_bootstrap)
        outbox = TopicPartition(topics[GROUPS_OUTBOX].physical_name, 0)
        await publisher.send(outbox, NewRecord(b"garbage", [("type", b"?")]))
        await publisher.close()

        with pytest.raises(FollowerEndedError) as ended:
            await asyncio.wait_for(core.ended(), timeout=10)
        assert isinstance(ended.value.__cause__, DecodeError)
        assert "the followers" in await core.missing()


async def test_an_unknown_key_cannot_be_denied_while_the_directory_is_behind(
    kafka_bootstrap: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, queries = KafkaLog(kafka_bootstrap), OffsetQueries(kafka_bootstrap)
    outboxes = partitions_of(topics, GROUPS_OUTBOX)
    ends = OutboxEnds(queries, outboxes)
    directory = EventDirectory(log, outboxes, ends.ends)
    await log.publisher.send(outboxes[0], _taken())

    with monkeypatch.context() as impatient:
        impatient.setattr("api.limits.directory_wait_s", 0.2)
        with pytest.raises(LogUnreachableError):
            await directory.find(WORKSPACE, "drop")

    following = asyncio.create_task(directory.run())
    assert await directory.find(WORKSPACE, "drop") is None
    following.cancel()
    await ends.close()
    await queries.close()
    await log.close()


async def test_one_question_serves_all_who_ask_while_another_is_under_way(
    kafka_bootstrap: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    queries = OffsetQueries(kafka_bootstrap)
    outboxes = partitions_of(topics, GROUPS_OUTBOX)
    ends = OutboxEnds(queries, outboxes)
    assert await ends.ends() == {outboxes[0]: 0}
    asked = 0
    ask = queries.ends

    async def counted(partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        nonlocal asked
        asked += 1
        return await ask(partitions)

    monkeypatch.setattr(queries, "ends", counted)
    publisher = Publisher(kafka_bootstrap)
    first = asyncio.create_task(ends.ends())

    def first_is_asked() -> None:
        assert asked == 1

    await eventually(first_is_asked)
    await publisher.send(outboxes[0], _taken())
    rest = await asyncio.gather(*(ends.ends() for _ in range(50)))

    await first
    assert asked == 2
    assert all(answer == {outboxes[0]: 1} for answer in rest)
    assert await ends.positions() == {str(outboxes[0]): 1}
    await ends.close()
    await queries.close()
    await publisher.close()


def _taken() -> NewRecord:
    owner = OwnershipData(claim="c", producer_id=1, producer_epoch=0, member="m")
    record = OwnershipTaken(
        specversion="1.0", id="c", source="/", datacontenttype="application/json", data=owner
    )
    return NewRecord(encode(record), [("type", b"seatlog.ownership.taken.v1")])


def _created(term: int, offset: int, key: str) -> NewRecord:
    fact = EventCreated(
        event=256,
        partition=0,
        workspace=WORKSPACE,
        key=key,
        chart_key="chart",
        inventory="0" * 64,
        created_at=NOON,
    )
    data = Data(term=term, offset=offset, at=NOON, positions={}, digest="0" * 16, facts=[fact])
    record = CommandAnswered(
        specversion="1.0", id="1", source="/", datacontenttype="application/json", data=data
    )
    return NewRecord(
        encode(record), [("type", b"seatlog.command.answered.v1"), ("term", b"%d" % term)]
    )
