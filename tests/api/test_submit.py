"""The way of a command and its answer, with real owners on a real broker."""

import asyncio

import pytest

from adapters.kafka.log import KafkaLog
from adapters.kafka.publisher import Publisher
from adapters.ports import LogUnreachableError, NewRecord, TopicPartition
from api.command_ids import command_id, read_command_id
from api.errors import AnswerLateError, IngressBusyError, NotReadyError
from api.submit import Answered, Submitter
from schemas.commands import (
    CommandPosition,
    CreateEvents,
    DeleteEvent,
    Hold,
    NewEvent,
    SetHoldDeadline,
)
from schemas.facts import HELD, EventCreated, EventDeleted, HoldDeadlineSet, StatusChanged
from schemas.outbox import Accepted
from schemas.rejections import Rejected
from schemas.topics import EVENTS_COMMANDS, EVENTS_OUTBOX, GROUPS_COMMANDS, Topics
from tests.api.ingress import create_event, ingress
from tests.api.owners import owners
from tests.conftest import MakeTopics
from tests.eventually import eventually
from tests.workers.house import SAMPLE_HASH, WORKSPACE, book


async def test_a_booking_is_answered_with_what_the_outbox_holds(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        event = await create_event(core, "drop")
        command = book(event.event, "A-1", "A-2")

        answered = await core.submitter.change(event.partition, event.event, command)

        assert answered.answer == Accepted()
        assert [fact.label for fact in answered.facts] == ["A-1", "A-2"]
        assert isinstance(answered.facts[0], StatusChanged)
        outbox = TopicPartition(topics[EVENTS_OUTBOX].physical_name, event.partition)
        log = KafkaLog(kafka_bootstrap)
        reader = await log.read_from({outbox: answered.outbox_offset})
        record = (await reader.fetch(1, 5_000))[0]
        assert dict(record.headers)["ingress"] == core.submitter.ingress
        await reader.close()
        await log.close()


async def test_a_refusal_is_an_answer_and_changes_nothing(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        event = await create_event(core, "drop")
        await core.submitter.change(event.partition, event.event, book(event.event, "A-1"))

        again = await core.submitter.change(event.partition, event.event, book(event.event, "A-1"))

        assert isinstance(again.answer, Rejected)
        assert again.answer.code == "OBJECT_NOT_FREE"
        assert again.facts == []


async def test_of_many_who_want_one_seat_at_once_one_gets_it(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        event = await create_event(core, "drop")
        wants = [
            core.submitter.change(event.partition, event.event, book(event.event, "A-1"))
            for _ in range(200)
        ]

        answers = [answered.answer for answered in await asyncio.gather(*wants)]

        assert answers.count(Accepted()) == 1
        assert not core.submitter.waiters


async def test_two_ingresses_each_get_their_own_answers(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with (
        owners(kafka_bootstrap, topics),
        ingress(kafka_bootstrap, topics) as one,
        ingress(kafka_bootstrap, topics) as other,
    ):
        event = await create_event(one, "drop")
        labels = [f"{row}-{seat}" for row in "ABCD" for seat in range(1, 9)]

        # Both number their requests from 1, so only the ingress' id tells them apart.
        wants = [
            core.submitter.change(event.partition, event.event, book(event.event, label))
            for label in labels
            for core in (one, other)
        ]
        answered = await asyncio.gather(*wants)

        for place, label in enumerate(labels):
            pair = answered[2 * place : 2 * place + 2]
            accepted = [a for a in pair if a.answer == Accepted()]
            assert [fact.label for a in accepted for fact in a.facts] == [label]


async def test_creating_events_is_answered_when_each_partition_has_its_own(
    kafka_bootstrap: str, make_topics: MakeTopics
) -> None:
    topics = await make_topics(events=3, groups=2)
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        new = [NewEvent(key=f"e{n}", chart_key="chart", inventory=SAMPLE_HASH) for n in range(12)]

        created = await core.submitter.decide(CreateEvents(workspace=WORKSPACE, events=new))

        assert {fact.partition for fact in created.facts} == {0, 1, 2}
        bookings = [
            core.submitter.change(fact.partition, fact.event, book(fact.event, "A-1"))
            for fact in created.facts
        ]
        assert all(a.answer == Accepted() for a in await asyncio.gather(*bookings))


async def test_an_event_is_not_created_for_the_client_before_its_owner_has_it(
    kafka_bootstrap: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ingress(kafka_bootstrap, topics) as core:
        monkeypatch.setattr(core.submitter, "_answer_deadline_s", 1.0)
        async with owners(kafka_bootstrap, topics, seats=False):
            with pytest.raises(AnswerLateError) as late:
                await create_event(core, "drop")

        assert late.value.command == CommandPosition(0, 0)
        assert late.value.command_id == "g-0-0"


async def test_deleting_what_is_not_there_is_refused_by_the_coordinator_alone(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with (
        owners(kafka_bootstrap, topics, seats=False),
        ingress(kafka_bootstrap, topics) as core,
    ):
        answered = await core.submitter.decide(DeleteEvent(workspace=WORKSPACE, key="nothing"))

        assert isinstance(answered.answer, Rejected)
        assert answered.answer.code == "EVENT_NOT_FOUND"


async def test_a_deleted_event_is_gone_for_its_owner_when_that_is_answered(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        event = await create_event(core, "drop")

        deleted = await core.submitter.decide(DeleteEvent(workspace=WORKSPACE, key="drop"))
        booked = await core.submitter.change(event.partition, event.event, book(event.event, "A-1"))

        assert [type(fact) for fact in deleted.facts] == [EventDeleted]
        assert isinstance(booked.answer, Rejected)
        assert booked.answer.code == "EVENT_NOT_FOUND"


async def test_a_changed_hold_deadline_is_answered_with_what_every_owner_applied(
    kafka_bootstrap: str, make_topics: MakeTopics
) -> None:
    topics = await make_topics(events=3, groups=1)
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        event = await create_event(core, "drop")
        hold = core.hold_tokens.mint(WORKSPACE, 900_000, event.created_at).hold
        held = book(event.event, "A-1", status=HELD, hold=hold)
        await core.submitter.change(event.partition, event.event, held)

        longer = SetHoldDeadline(
            workspace=WORKSPACE, hold=hold, made_at=event.created_at, duration_ms=1_800_000
        )
        extended = await core.submitter.decide(longer)

        assert [type(fact) for fact in extended.facts] == [HoldDeadlineSet] * 3
        assert len({fact.expires_at for fact in extended.facts}) == 1
        revision = await core.directory.hold(hold.token, WORKSPACE)
        assert revision is not None
        assert revision.expires_at == extended.facts[0].expires_at > hold.expires_at


async def test_ending_a_hold_that_has_ended_is_refused(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        event = await create_event(core, "drop")
        ended = Hold("a-token", event.created_at)

        answered = await core.submitter.decide(
            SetHoldDeadline(
                workspace=WORKSPACE, hold=ended, made_at=event.created_at, duration_ms=0
            )
        )

        assert isinstance(answered.answer, Rejected)
        assert answered.answer.code == "HOLD_TOKEN_EXPIRED"


async def test_a_command_sent_without_waiting_stands_where_its_position_says(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        new = NewEvent(key="drop", chart_key="chart", inventory=SAMPLE_HASH)
        command = CreateEvents(workspace=WORKSPACE, events=[new])

        position = await core.submitter.send_decide(command)

        assert position == CommandPosition(0, 0)
        await core.submitter.decide(DeleteEvent(workspace=WORKSPACE, key="nothing"))
        entry = await core.directory.find(WORKSPACE, "drop")
        assert entry is not None
        sent = await core.submitter.send_change(
            entry.partition, entry.event, book(entry.event, "A-1")
        )
        assert sent == CommandPosition(entry.partition, 0)


async def test_without_an_owner_the_answer_is_late_and_names_the_command(
    kafka_bootstrap: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with ingress(kafka_bootstrap, topics) as core:
        monkeypatch.setattr(core.submitter, "_answer_deadline_s", 0.5)

        with pytest.raises(AnswerLateError) as late:
            await core.submitter.change(1, 256, book(256, "A-1"))

        assert late.value.command_id == "e-1-0"
        assert not core.submitter.waiters


async def test_past_the_bound_commands_are_refused_and_finishing_ones_last(
    kafka_bootstrap: str, topics: Topics
) -> None:
    publisher = Publisher(kafka_bootstrap)
    submitter = Submitter(publisher, topics, in_flight_max=10)
    submitter.open()
    await submitter.send_change(0, 1, book(1, "A-1"))

    def start(*, finishes: bool = False) -> asyncio.Task[object]:
        return asyncio.create_task(submitter.change(0, 1, book(1, "A-1"), finishes=finishes))

    waiting = [start() for _ in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(IngressBusyError) as busy:
        await start()
    assert busy.value.retry_after_s >= 1
    submitter.check_room()

    waiting += [start(finishes=True) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(IngressBusyError):
        await start(finishes=True)
    with pytest.raises(IngressBusyError):
        submitter.check_room()

    for one in waiting:
        one.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    submitter.check_room()
    await publisher.close()


async def test_half_of_the_open_commands_go_out_at_once(
    kafka_bootstrap: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.kafka.publisher.gather_half_s", 1.0)
    commands = TopicPartition(topics[EVENTS_COMMANDS].physical_name, 0)
    log = KafkaLog(kafka_bootstrap)
    async with ingress(kafka_bootstrap, topics) as core:

        def start() -> "asyncio.Task[Answered]":
            return asyncio.create_task(core.submitter.change(0, 1, book(1, "A-1")))

        found = [0]

        async def more_has_come() -> None:
            end = (await log.span(commands)).end
            assert end > found[-1]
            found.append(end)

        waiting = [start()]
        await eventually(more_has_come)
        waiting += [start() for _ in range(39)]
        await eventually(more_has_come)
        assert found == [0, 1, 21], "the other 19 wait for one more: 40 are open"
        for one in waiting:
            one.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
    await log.close()


async def test_nothing_is_appended_before_the_tail_reads(
    kafka_bootstrap: str, topics: Topics
) -> None:
    publisher = Publisher(kafka_bootstrap)
    submitter = Submitter(publisher, topics)

    with pytest.raises(NotReadyError):
        await submitter.change(0, 1, book(1, "A-1"))

    log = KafkaLog(kafka_bootstrap)
    commands = TopicPartition(topics[EVENTS_COMMANDS].physical_name, 0)
    assert (await log.span(commands)).end == 0
    await log.close()
    await publisher.close()


async def test_a_stopping_ingress_waits_for_open_answers_and_takes_no_more(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with ingress(kafka_bootstrap, topics) as core:
        waiting = asyncio.create_task(core.submitter.change(0, 256, book(256, "A-1")))
        await asyncio.sleep(0)

        draining = asyncio.create_task(core.submitter.drain(within_s=5))
        await asyncio.sleep(0)
        with pytest.raises(NotReadyError):
            await core.submitter.change(0, 256, book(256, "A-1"))
        async with owners(kafka_bootstrap, topics):
            answered = await waiting
            await draining

        assert isinstance(answered.answer, Rejected)


async def test_what_is_not_answered_while_stopping_is_told_where_it_stands(
    kafka_bootstrap: str, topics: Topics
) -> None:
    async with ingress(kafka_bootstrap, topics) as core:
        waiting = asyncio.create_task(core.submitter.change(0, 256, book(256, "A-1")))
        await asyncio.sleep(0)

        await core.submitter.drain(within_s=0.5)

        with pytest.raises(AnswerLateError) as late:
            await waiting
        assert late.value.command_id == "e-0-0"


async def test_a_broker_that_cannot_be_reached_means_nothing_was_appended(topics: Topics) -> None:
    publisher = Publisher("127.0.0.1:9", ack_deadline=2)
    submitter = Submitter(publisher, topics)
    submitter.open()

    with pytest.raises(LogUnreachableError):
        await submitter.change(0, 1, book(1, "A-1"))

    assert not submitter.waiters
    await publisher.close()


async def test_a_command_nobody_can_read_is_answered_too(
    kafka_bootstrap: str, topics: Topics
) -> None:
    """The owner refuses it with its own headers passed on; the tail must not stumble."""
    async with owners(kafka_bootstrap, topics), ingress(kafka_bootstrap, topics) as core:
        commands = TopicPartition(topics[EVENTS_COMMANDS].physical_name, 0)
        headers = [("ingress", core.submitter.ingress), ("request", b"4711")]
        publisher = Publisher(kafka_bootstrap)
        await publisher.send(commands, NewRecord(b"\x00 not json", headers))
        await publisher.close()

        event = await create_event(core, "drop")
        assert isinstance(event, EventCreated)


@pytest.mark.parametrize("topic", [EVENTS_COMMANDS, GROUPS_COMMANDS])
def test_a_command_id_says_where_the_command_stands(topic: str) -> None:
    position = CommandPosition(3, 120)

    assert read_command_id(command_id(topic, position)) == (topic, position)


@pytest.mark.parametrize(
    "text",
    ["", "e-1", "x-1-2", "e--1-2", "e-1-2 ", "e-01-2", "e-1-٣", "e-1-" + "9" * 30, "e-1-2\n"],
)
def test_what_is_not_a_command_id_is_none(text: str) -> None:
    assert read_command_id(text) is None
