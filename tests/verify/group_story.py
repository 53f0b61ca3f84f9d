"""A true history of groups over three partitions, told by real owners on a log in memory."""

from typing import Any

import msgspec

from adapters.ports import NewRecord, TopicPartition
from engine.groups.voting import vote_within_ms
from engine.seats.parking import parked_for_ms
from schemas import commands
from schemas.commands import DeleteEvent, Hold, Idempotency, UpdateExtraData
from schemas.facts import FREE, HELD, GroupBegun
from schemas.inventory import compress, encode
from schemas.outbox import decode_groups_record
from seatlog.verify.report import Check
from tests.verify.story import INVENTORY, VOTES, Story
from tests.workers.festival import DAYS, Festival
from tests.workers.house import (
    COORDINATOR_COMMANDS,
    COORDINATOR_OUTBOX,
    SAMPLE,
    SAMPLE_HASH,
    WORKSPACE,
    until,
    valid_records,
)

FRIDAY, SATURDAY, SUNDAY = (TopicPartition("events.outbox", day) for day in range(3))


async def tell_of_groups(teller: "GroupTeller | None" = None) -> Story:
    """Tell of everything that can happen to groups, and to who meets them."""
    teller = teller or GroupTeller()
    await teller.open()
    await teller.book_and_be_refused()
    await teller.wait_for_a_group_that_succeeds()
    await teller.wait_for_a_group_that_fails()
    await teller.share_an_area()
    await teller.end_holds_in_doubt()
    await teller.wait_too_long()
    await teller.delete_in_doubt()
    return await teller.end()


def group(story: Story, label: str, place: int = 0) -> int:
    """Name the first, second, ... group about an object."""
    told = [story.data(offset, COORDINATOR_OUTBOX).facts[0] for offset in begun(story)]
    about = [b.group for b in told if b.parts[0].changes[0].objects[0].label == label]
    return int(about[place])


def begun(story: Story) -> list[int]:
    """Give the offsets at which groups were begun."""
    return story.with_fact(COORDINATOR_OUTBOX, GroupBegun)


def said(story: Story, number: int, kind: type[Any], partition: TopicPartition = FRIDAY) -> int:
    """Give the offset of a fact about a group."""
    [offset] = story.with_fact(partition, kind, group=number)
    return offset


def replace_facts(story: Story, offset: int, partition: TopicPartition, *facts: Any) -> None:  # noqa: ANN401
    """Let an outbox record tell other facts."""
    story.edit(offset, lambda data: msgspec.structs.replace(data, facts=list(facts)), partition)


def all_of(story: Story, check: Check) -> str:
    """Give all that a check finds, one fault a line."""
    return "\n".join(str(fault) for fault in story.check().faults if fault.check is check)


class GroupTeller:
    """Tells the story of a festival; Sunday's owner is the one who keeps groups in doubt."""

    def __init__(self) -> None:
        self.festival = Festival()
        self._asked = {"friday": 0, "coordinator": 1}

    async def open(self) -> None:
        """Begin with three days."""
        inventory = NewRecord(compress(encode(SAMPLE)), key=SAMPLE_HASH.encode())
        self.festival.log.store(INVENTORY, [inventory])
        await self.festival.open()

    async def end(self) -> Story:
        """Stop the owners and give what there is."""
        await self.festival.close()
        partitions = [INVENTORY, COORDINATOR_COMMANDS, COORDINATOR_OUTBOX, VOTES]
        for day in range(3):
            partitions += [TopicPartition(f"events.{name}", day) for name in ("commands", "outbox")]
        log = self.festival.log
        records = {partition: list(log.records(partition)) for partition in partitions}
        return Story(records, topics=self.festival.topics)

    def group(self, label: str, *days: str, **more: object) -> None:
        """Ask for an object on several days."""
        self.festival.ask_coordinator(self.festival.change(label, *days, **more))  # type: ignore[arg-type]
        self._asked["coordinator"] += 1

    def friday(self, label: str, **more: object) -> None:
        """Ask for an object on Friday."""
        self.festival.ask("friday", self.festival.change(label, "friday", **more))  # type: ignore[arg-type]
        self._asked["friday"] += 1

    async def settled(self) -> None:
        """Wait until everything is answered, and every group has ended on all days."""
        await self.festival.decided(self._asked["coordinator"] - 1)
        wanted = self._asked["friday"]
        await until(lambda: self.festival.answers_at("friday"), lambda a: len(a) >= wanted)
        parts = sum(len(fact.parts) for fact in self._begun())
        days = range(len(DAYS))
        await until(
            lambda: [sum(self._count("GroupEnded", day) for day in days)],
            lambda ended: ended[0] >= parts,
        )

    def _begun(self) -> list[GroupBegun]:
        records = valid_records(self.festival.log.records(COORDINATOR_OUTBOX), decode_groups_record)
        facts = (fact for record in records for fact in record.data.facts)
        return [fact for fact in facts if isinstance(fact, GroupBegun)]

    async def more(self, kind: str, times: int = 1, day: int = 0) -> None:
        """Wait until an owner has written so many more facts of this kind."""
        wanted = self._count(kind, day) + times
        await until(lambda: [self._count(kind, day)], lambda found: found[0] >= wanted)

    def _count(self, kind: str, day: int) -> int:
        return [type(fact).__name__ for fact in self.festival.facts_at(day)].count(kind)

    async def book_and_be_refused(self) -> None:
        self.group("A-1", *DAYS)
        self.group("A-1", *DAYS)
        self.group("A-2", "friday", "sunday")
        self.group("nowhere", "friday", "sunday")
        self.group("A-2", "friday", "sunday", status=FREE)
        await self.settled()

    async def wait_for_a_group_that_succeeds(self) -> None:
        await self.festival.stop("2")
        keyed = Idempotency("c" * 32, "f" * 16)
        self.group("A-3", *DAYS, idempotency=keyed)
        await self.more("GroupReserved")
        self.group("A-3", *DAYS, idempotency=keyed)
        own = Idempotency("d" * 32, "f" * 16)
        self.friday("A-3", idempotency=own)
        self.friday("A-3", idempotency=own)
        named = UpdateExtraData(
            workspace=WORKSPACE,
            event=self.festival.events["friday"].event,
            extra_data={"A-3": {"name": "Ann"}},
        )
        self.festival.log.store(
            TopicPartition("events.commands", 0), [NewRecord(commands.encode(named))]
        )
        self._asked["friday"] += 1
        self.group("A-3", "friday", "saturday")
        await self.more("GroupQueued")
        self.friday("A-1")
        self.festival.start("2")
        await self.settled()
        self.friday("A-3", idempotency=own)
        self.group("A-3", *DAYS, idempotency=keyed)
        await self.settled()

    async def wait_for_a_group_that_fails(self) -> None:
        await self.festival.stop("2")
        self.group("A-4", *DAYS)
        await self.more("GroupReserved")
        self.friday("A-4")
        await self.more("CommandParked")
        await self.fail()
        await self.festival.stop("2")
        self.group("A-5", *DAYS)
        await self.more("GroupReserved")
        self.festival.clock.now += vote_within_ms - 1_000
        self.group("A-5", "friday", "saturday")  # its time to vote ends later
        await self.more("GroupQueued")
        self.festival.clock.now += 2_500
        await self.festival.decided(self._asked["coordinator"] - 1)
        self.festival.start("2")
        await self.settled()
        await self.festival.stop("2")
        self.group("A-1", "friday", "sunday", status=FREE)
        await self.more("GroupReserved")
        self.friday("A-1")
        await self.more("CommandParked")
        await self.fail()

    async def fail(self) -> None:
        """Let the groups in doubt fail for the absence of Sunday's owner."""
        self.festival.clock.now += vote_within_ms + 2_000
        await self.festival.decided(self._asked["coordinator"] - 1)
        self.festival.start("2")
        await self.settled()

    async def share_an_area(self) -> None:
        hold = Hold("area", self.festival.clock.now + 60_000)
        for quantity in (5, 3):
            self.friday("GA1", quantity=quantity, status=HELD, hold=hold)
        await self.settled()
        await self.festival.stop("2")
        self.group("GA1", *DAYS, quantity=80)
        self.group("GA1", "friday", "sunday", quantity=6, hold=hold)
        await self.more("GroupReserved", 2)
        self.friday("GA1", quantity=4)
        self.friday("GA1", quantity=90)
        self.friday("GA1", quantity=20)
        await self.more("CommandParked")
        self.festival.start("2")
        await self.settled()

    async def hold_in_doubt(self, label: str, other: str) -> Hold:
        """Hold seats and places, and have a group reserve some of them just before the end."""
        hold = Hold(label, self.festival.clock.now + 60_000)
        for held in (label, other):
            self.friday(held, status=HELD, hold=hold)
        self.friday("GA1", quantity=2, status=HELD, hold=hold)
        await self.settled()
        await self.festival.stop("2")
        self.festival.clock.now = hold.expires_at - 500
        self.group(label, "friday", "sunday", hold=hold)
        self.group("GA1", "friday", "sunday", quantity=1, hold=hold)
        await self.more("GroupReserved", 2)
        return hold

    async def end_holds_in_doubt(self) -> None:
        hold = await self.hold_in_doubt("B-1", "B-2")
        self.festival.clock.now = hold.expires_at + 1_500
        await until(lambda: self.festival.statuses("B-2")[:1], lambda s: FREE in s[0])
        await self.festival.stop("coordinator")
        self.festival.clock.now = hold.expires_at - 400
        self.festival.start("2")
        await self.more("GroupReserved", 2, day=2)
        self.festival.start("coordinator")
        await self.settled()
        await self.hold_in_doubt("B-3", "B-4")
        await self.fail()

    async def wait_too_long(self) -> None:
        await self.festival.stop("2")
        self.group("C-1", *DAYS)
        await self.more("GroupReserved")
        self.friday("C-1")
        await self.more("CommandParked")
        await self.festival.stop("coordinator")
        self.festival.clock.now += parked_for_ms + 2_000
        wanted = self._asked["friday"]
        await until(lambda: self.festival.answers_at("friday"), lambda a: len(a) >= wanted)
        self.festival.start("coordinator")
        await self.fail()

    async def delete_in_doubt(self) -> None:
        await self.festival.stop("2")
        self.group("C-2", *DAYS)
        await self.more("GroupReserved")
        self.friday("C-2")
        await self.more("CommandParked")
        key = self.festival.events["friday"].key
        self.festival.ask_coordinator(DeleteEvent(workspace=WORKSPACE, key=key))
        self._asked["coordinator"] += 1
        await self.more("EventDeleted")
        self.festival.start("2")
        await self.settled()
