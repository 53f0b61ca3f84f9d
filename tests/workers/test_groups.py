"""Groups over partitions with owners of their own: real loops, real machines, a log in memory."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from msgspec import structs

from adapters.memory_log import MemoryLog
from adapters.ports import NewRecord, TopicPartition
from engine.groups.machine import partition_of
from engine.groups.voting import vote_within_ms
from engine.seats.parking import parked_for_ms
from schemas import commands
from schemas.commands import (
    Change,
    ChangeObjectStatus,
    CommandPosition,
    CreateEvents,
    DeleteEvent,
    Hold,
    Idempotency,
    NewEvent,
    ObjectChange,
    Origin,
)
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    CommandParked,
    EventCreated,
    GroupCancelled,
    GroupConfirmed,
    HoldExpired,
    StatusChanged,
)
from schemas.outbox import Accepted, decode_groups_record, decode_seats_record
from schemas.rejections import Rejected, Rejection
from schemas.topics import Topics, load_topics
from tests.workers.house import (
    COORDINATOR_COMMANDS,
    COORDINATOR_OUTBOX,
    NOON,
    SAMPLE_HASH,
    SEAT_MAPS,
    WORKSPACE,
    AlwaysMember,
    TestClock,
    load_seat_maps,
    until,
    valid_records,
)
from workers.coordinator import coordinator_role
from workers.owner import Owner
from workers.seats import seats_role

VOTES = TopicPartition("groups.votes", 0)
DAYS = ("friday", "saturday", "sunday")


class Festival:
    """Three events in three partitions, their owners and one coordinator."""

    def __init__(self) -> None:
        self.topics: Topics = load_topics().with_partitions(events=3, groups=1)
        self.clock = TestClock()
        self.log = MemoryLog(self.clock.monotonic_ms)
        self.events: dict[str, EventCreated] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def open(self) -> None:
        self.start("coordinator")
        for partition in range(3):
            self.start(str(partition))
        keys = [_key_in(partition, day) for partition, day in enumerate(DAYS)]
        new = [NewEvent(key=key, chart_key="c", inventory=SAMPLE_HASH) for key in keys]
        self.ask_coordinator(CreateEvents(workspace=WORKSPACE, events=new))
        created = await until(self._created, lambda found: len(found) == 3)
        self.events = {DAYS[fact.partition]: fact for fact in created}

    def _created(self) -> list[Any]:
        facts = [fact for day in range(3) for fact in self.facts_at(day)]
        return [fact for fact in facts if isinstance(fact, EventCreated)]

    def start(self, name: str) -> None:
        """Run the coordinator, or the owner of a partition."""
        role = (
            coordinator_role(0, self.topics)
            if name == "coordinator"
            else seats_role(int(name), self.topics, SEAT_MAPS, load_seat_maps)
        )
        owner = Owner(role, self.log, AlwaysMember(), self.clock, "m")
        self._running[name] = asyncio.create_task(owner.run())

    async def stop(self, name: str) -> None:
        """Kill it: what it has only in memory is gone."""
        task = self._running.pop(name)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def close(self) -> None:
        for name in list(self._running):
            await self.stop(name)

    def ask_coordinator(self, command: commands.GroupsCommand) -> None:
        self.log.store(COORDINATOR_COMMANDS, [NewRecord(commands.encode(command))])

    def ask(self, day: str, command: ChangeObjectStatus) -> None:
        partition = TopicPartition("events.commands", self.events[day].partition)
        self.log.store(partition, [NewRecord(commands.encode(command))])

    def change(
        self,
        label: str,
        *days: str,
        status: str = BOOKED,
        quantity: int = 1,
        hold: Hold | None = None,
        idempotency: Idempotency | None = None,
    ) -> ChangeObjectStatus:
        """Ask for one object on some days."""
        changes = [
            Change(
                event=self.events[day].event,
                status=status,
                objects=[ObjectChange(label=label, quantity=quantity)],
                hold=hold,
            )
            for day in days
        ]
        return ChangeObjectStatus(
            workspace=WORKSPACE, changes=changes, origin=Origin(), idempotency=idempotency
        )

    def records_at(self, partition: int) -> list[Any]:
        outbox = TopicPartition("events.outbox", partition)
        return valid_records(self.log.records(outbox), decode_seats_record)

    def facts_at(self, partition: int) -> list[Any]:
        return [fact for record in self.records_at(partition) for fact in record.data.facts]

    def statuses(self, label: str) -> list[list[str]]:
        """Give the statuses that an object took on each day."""
        return [
            [
                fact.status
                for fact in self.facts_at(day)
                if isinstance(fact, StatusChanged) and fact.label == label
            ]
            for day in range(3)
        ]

    def answers(self) -> list[Any]:
        """Give the coordinator's answers to groups, in order."""
        records = valid_records(self.log.records(COORDINATOR_OUTBOX), decode_groups_record)
        return [r.data.answer for r in records[1:] if r.data.answer is not None]

    def answers_at(self, day: str) -> list[Any]:
        records = self.records_at(self.events[day].partition)
        return [r.data.answer for r in records if r.data.answer is not None]

    async def decided(self, count: int = 1) -> list[Any]:
        return await until(self.answers, lambda found: len(found) >= count)

    async def kinds(self, day: str, kind: str) -> None:
        """Wait until an owner has written a fact of this kind."""
        partition = self.events[day].partition
        await until(
            lambda: [type(fact).__name__ for fact in self.facts_at(partition)],
            lambda names: kind in names,
        )


def _key_in(partition: int, day: str) -> str:
    keys = (f"{day}-{number}" for number in range(100))
    return next(key for key in keys if partition_of(WORKSPACE, key, 3) == partition)


@pytest.fixture
async def festival() -> AsyncIterator[Festival]:
    festival = Festival()
    await festival.open()
    yield festival
    await festival.close()


async def test_a_group_is_booked_on_all_days(festival: Festival) -> None:
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    assert await festival.decided() == [Accepted()]
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[BOOKED]] * 3)


async def test_a_refusal_names_what_is_in_the_way_on_each_day(festival: Festival) -> None:
    festival.ask("friday", festival.change("A-1", "friday"))
    festival.ask("sunday", festival.change("A-1", "sunday"))
    await until(lambda: festival.answers_at("friday"), lambda a: len(a) == 1)
    await until(lambda: festival.answers_at("sunday"), lambda a: len(a) == 1)
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    [refusal] = await festival.decided()
    assert refusal.code == Rejection.OBJECT_NOT_FREE.code
    in_the_way = [(obstacle.event, obstacle.label) for obstacle in refusal.obstacles]
    assert in_the_way == [(festival.events[day].event, "A-1") for day in ("friday", "sunday")]
    festival.ask("saturday", festival.change("A-1", "saturday"))
    assert await until(lambda: festival.answers_at("saturday"), bool) == [Accepted()]


async def test_who_meets_a_group_in_doubt_waits_and_is_served_when_it_fails(
    festival: Festival,
) -> None:
    await festival.stop("2")  # Sunday's owner is down: the group stays in doubt
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    assert festival.answers_at("friday") == []
    festival.clock.now += vote_within_ms + 2_000
    [refusal] = await festival.decided()
    assert refusal.code == Rejection.BUSY_IN_DOUBT.code
    assert await until(lambda: festival.answers_at("friday"), bool) == [Accepted()]
    assert festival.statuses("A-1") == [[BOOKED], [], []]
    festival.start("2")
    await festival.kinds("sunday", "GroupEnded")
    assert festival.statuses("A-1") == [[BOOKED], [], []]


async def test_who_waits_is_refused_when_the_group_is_done(festival: Festival) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    festival.start("2")
    assert await festival.decided() == [Accepted()]
    [refusal] = await until(lambda: festival.answers_at("friday"), bool)
    assert refusal.code == Rejection.OBJECT_NOT_FREE.code


async def test_a_parked_command_is_not_kept_waiting_for_ever(festival: Festival) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    await festival.stop("coordinator")  # nobody decides
    festival.clock.now += parked_for_ms + 2_000
    [answer] = await until(lambda: festival.answers_at("friday"), bool)
    assert answer == Rejected(code=Rejection.BUSY_IN_DOUBT.code)
    record = next(r for r in festival.records_at(0) if r.data.answer is not None)
    assert record.data.command == CommandPosition(0, 0)


async def test_every_owner_and_the_coordinator_may_die_in_doubt(festival: Festival) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    await festival.kinds("saturday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    for name in ("coordinator", "0", "1"):
        await festival.stop(name)
        festival.start(name)
    festival.start("2")
    assert await festival.decided() == [Accepted()]
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[BOOKED]] * 3)
    await until(lambda: festival.answers_at("friday"), bool)


async def test_an_owner_that_has_answered_parked_commands_can_be_followed(
    festival: Festival,
) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    festival.start("2")
    await until(lambda: festival.answers_at("friday"), bool)
    await festival.stop("0")
    festival.start("0")  # its replay must come to the digests that were told
    festival.ask("friday", festival.change("A-2", "friday"))
    answers = await until(lambda: festival.answers_at("friday"), lambda some: len(some) == 2)
    assert answers[1] == Accepted()


async def test_two_groups_over_the_same_seats_have_one_winner(festival: Festival) -> None:
    festival.ask_coordinator(festival.change("A-1", "friday", "sunday"))
    festival.ask_coordinator(festival.change("A-1", "sunday", "friday", "saturday"))
    first, second = await festival.decided(2)
    assert first == Accepted()
    assert second.code == Rejection.OBJECT_NOT_FREE.code
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[BOOKED], [], [BOOKED]])


async def test_a_hold_that_ends_in_doubt_is_booked_by_the_confirmed_group(
    festival: Festival,
) -> None:
    hold = Hold("t", NOON + 60_000)
    for day in DAYS:
        festival.ask(day, festival.change("A-1", day, status=HELD, hold=hold))
        festival.ask(day, festival.change("A-2", day, status=HELD, hold=hold))
    await until(lambda: festival.statuses("A-2"), lambda s: s == [[HELD]] * 3)
    await festival.stop("2")
    festival.clock.now = hold.expires_at - 500
    festival.ask_coordinator(festival.change("A-1", *DAYS, hold=hold))
    await festival.kinds("friday", "GroupReserved")
    festival.clock.now = hold.expires_at + 1_500
    await until(lambda: festival.statuses("A-2")[:2], lambda s: s == [[HELD, FREE]] * 2)
    assert festival.statuses("A-1")[0] == [HELD]
    await festival.stop("coordinator")
    festival.clock.now = hold.expires_at - 400
    festival.start("2")
    await festival.kinds("sunday", "GroupReserved")
    festival.start("coordinator")
    assert await festival.decided() == [Accepted()]
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[HELD, BOOKED]] * 3)


async def test_a_hold_that_ends_in_doubt_is_free_when_the_group_fails(festival: Festival) -> None:
    hold = Hold("t", NOON + 60_000)
    for day in DAYS:
        festival.ask(day, festival.change("A-1", day, status=HELD, hold=hold))
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[HELD]] * 3)
    await festival.stop("2")
    festival.clock.now = hold.expires_at - 500
    festival.ask_coordinator(festival.change("A-1", *DAYS, hold=hold))
    await festival.kinds("friday", "GroupReserved")
    festival.clock.now = hold.expires_at + vote_within_ms + 2_000
    [refusal] = await festival.decided()
    assert refusal.code == Rejection.BUSY_IN_DOUBT.code
    await until(lambda: festival.statuses("A-1")[:2], lambda s: s == [[HELD, FREE]] * 2)
    facts = festival.facts_at(0)
    assert HoldExpired(token="t") in facts


async def test_an_area_serves_others_while_a_group_is_in_doubt(festival: Festival) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("GA1", *DAYS, quantity=90))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("GA1", "friday", quantity=10))
    assert await until(lambda: festival.answers_at("friday"), bool) == [Accepted()]
    festival.ask("friday", festival.change("GA1", "friday", quantity=1))
    await festival.kinds("friday", "CommandParked")
    festival.ask("friday", festival.change("GA1", "friday", quantity=95))
    festival.start("2")
    assert await festival.decided() == [Accepted()]
    answers = await until(lambda: festival.answers_at("friday"), lambda a: len(a) == 3)
    codes = [getattr(answer, "code", "") for answer in answers]
    assert codes == ["", "NOT_ENOUGH_PLACES", "NOT_ENOUGH_PLACES"]
    counts = [f.area.taken for f in festival.facts_at(0) if isinstance(f, StatusChanged) and f.area]
    assert counts == [{BOOKED: 10}, {BOOKED: 100}]


async def test_a_deleted_event_leaves_its_group(festival: Festival) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    key = festival.events["friday"].key
    festival.ask_coordinator(DeleteEvent(workspace=WORKSPACE, key=key))
    await festival.kinds("friday", "EventDeleted")
    festival.start("2")
    answers = await festival.decided(2)
    assert answers == [Accepted(), Accepted()]
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[], [BOOKED], [BOOKED]])
    await festival.kinds("friday", "GroupEnded")


async def test_a_repeated_group_gets_the_first_answer_when_there_is_one(
    festival: Festival,
) -> None:
    await festival.stop("2")
    keyed = festival.change("A-1", *DAYS, idempotency=Idempotency("id", "f"))
    festival.ask_coordinator(keyed)
    festival.ask_coordinator(keyed)
    [early] = await festival.decided(1)
    assert early.code == Rejection.IDEMPOTENCY_KEY_IN_USE.code
    festival.start("2")
    await festival.decided(2)
    festival.ask_coordinator(keyed)
    [_, done, again] = await festival.decided(3)
    assert done == Accepted()
    assert again.repeat
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[BOOKED]] * 3)


async def test_doubled_late_and_unreadable_votes_change_nothing(festival: Festival) -> None:
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.decided()
    votes = [NewRecord(record.value or b"") for record in festival.log.records(VOTES)]
    assert len(votes) >= 3
    festival.log.store(VOTES, [*votes, NewRecord(b"garbage"), *reversed(votes)])
    festival.ask_coordinator(festival.change("A-2", *DAYS))
    assert await festival.decided(2) == [Accepted(), Accepted()]
    records = valid_records(festival.log.records(COORDINATOR_OUTBOX), decode_groups_record)
    decisions = [
        fact
        for record in records
        for fact in record.data.facts
        if isinstance(fact, (GroupConfirmed, GroupCancelled))
    ]
    assert [type(decision) for decision in decisions] == [GroupConfirmed, GroupConfirmed]
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[BOOKED]] * 3)


async def test_whose_hold_a_group_has_in_doubt_waits_and_takes_no_free_place_instead(
    festival: Festival,
) -> None:
    """Else the next client is refused for a place that is free when the group has failed."""
    hold = Hold("t", NOON + 600_000)
    festival.ask("friday", festival.change("GA1", "friday", status=HELD, quantity=2, hold=hold))
    festival.ask("friday", festival.change("GA1", "friday", quantity=97))
    await until(lambda: festival.answers_at("friday"), lambda a: len(a) == 2)
    await festival.stop("2")
    one_held = festival.change("GA1", "friday", hold=hold).changes
    elsewhere = festival.change("A-1", "sunday").changes
    group = festival.change("GA1", "friday")
    festival.ask_coordinator(structs.replace(group, changes=[*one_held, *elsewhere]))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("GA1", "friday", quantity=2, hold=hold))
    festival.ask("friday", festival.change("GA1", "friday"))
    await until(
        lambda: [f for f in festival.facts_at(0) if isinstance(f, CommandParked)],
        lambda parked: len(parked) == 2,
    )
    festival.clock.now += vote_within_ms + 2_000
    answers = await until(lambda: festival.answers_at("friday"), lambda a: len(a) == 4)
    assert answers == [Accepted()] * 4
