"""The headers by which a consumer skips a record undecoded."""

from adapters.ports import LogRecord, TopicPartition
from schemas.commands import (
    Change,
    ChangeObjectStatus,
    CreateEvents,
    Hold,
    NewEvent,
    ObjectChange,
    Origin,
)
from schemas.facts import BOOKED, HELD, HoldExpired
from schemas.outbox import OwnershipTaken, decode_groups_record, decode_seats_record
from tests.workers.festival import DAYS, Festival
from tests.workers.house import (
    COMMANDS,
    COORDINATOR_COMMANDS,
    COORDINATOR_OUTBOX,
    NOON,
    OUTBOX,
    SAMPLE_HASH,
    WORKSPACE,
    House,
    book,
    until,
)

OF_THE_WORKSPACE = [WORKSPACE.encode()]


def values(record: LogRecord, name: str) -> list[bytes]:
    return [value for key, value in record.headers if key == name]


def named(*events: int) -> list[bytes]:
    return [b"%d" % event for event in events]


async def test_every_event_of_a_command_and_of_an_expiry_has_a_header(house: House) -> None:
    first = await house.open()
    new = NewEvent(key="second", chart_key="chart", inventory=SAMPLE_HASH)
    house.send(COORDINATOR_COMMANDS, CreateEvents(workspace=WORKSPACE, events=[new]))
    *_, second = (one.event for one in await house.facts_when(lambda facts: len(facts) == 2))
    hold = Hold(token="t", expires_at=NOON + 60_000)
    seats = [ObjectChange(label="A-1"), ObjectChange(label="A-2")]
    changes = [
        Change(event=event, status=HELD, objects=seats, hold=hold) for event in (second, first)
    ]
    both = ChangeObjectStatus(workspace=WORKSPACE, changes=changes, origin=Origin())
    house.send(COMMANDS, both)
    await house.answers_when(1)
    house.clock.now += 120_000
    await house.facts_when(lambda facts: isinstance(facts[-1], HoldExpired))
    held, expired = house.log.records(OUTBOX)[-2:]
    for record in (held, expired):
        assert sorted(values(record, "event")) == sorted(named(first, second))
        assert values(record, "workspace") == OF_THE_WORKSPACE
    assert held.key == values(held, "event")[0] == b"%d" % second
    assert values(expired, "type") == [b"seatlog.time.passed.v1"]


async def test_a_refusal_names_its_workspace_and_no_event(house: House) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"), book(event, "A-1"))
    await house.answers_when(2)
    refused = house.log.records(OUTBOX)[-1]
    assert values(refused, "workspace") == OF_THE_WORKSPACE
    assert values(refused, "event") == []
    assert refused.key is None


async def test_every_part_of_a_group_names_the_workspace(festival: Festival) -> None:
    festival.ask_coordinator(festival.change("A-1", *DAYS, status=BOOKED))
    await until(lambda: festival.statuses("A-1"), lambda found: found == [[BOOKED]] * 3)
    for record in festival.log.records(COORDINATOR_OUTBOX):
        decoded = decode_groups_record(record.value or b"")
        if not isinstance(decoded, OwnershipTaken) and decoded.data.command is not None:
            assert values(record, "workspace") == OF_THE_WORKSPACE, decoded
    for day in DAYS:
        outbox = TopicPartition("events.outbox", festival.events[day].partition)
        taken, *told = festival.log.records(outbox)
        assert isinstance(decode_seats_record(taken.value or b""), OwnershipTaken)
        with_facts = [one for one in told if decode_seats_record(one.value or b"").data.facts]
        assert len(with_facts) > 2
        for record in with_facts:
            assert values(record, "workspace") == OF_THE_WORKSPACE, record


async def test_every_record_says_that_it_is_a_cloud_event(house: House) -> None:
    event = await house.open()
    house.send(COMMANDS, book(event, "A-1"))
    await house.answers_when(1)
    for outbox in (OUTBOX, COORDINATOR_OUTBOX):
        records = house.log.records(outbox)
        assert len(records) > 1
        for record in records:
            assert values(record, "content-type") == [b"application/cloudevents+json"]
