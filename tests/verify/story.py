"""A true history, told by real owners on a log in memory, and ways to falsify it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from adapters.memory_log import MemoryRecord
from adapters.ports import NewRecord, Span, TopicPartition
from schemas import outbox
from schemas.commands import (
    Change,
    ChangeObjectStatus,
    CreateEvents,
    DeleteEvent,
    Hold,
    Idempotency,
    NewEvent,
    ObjectChange,
    Origin,
    SetHoldDeadline,
    UpdateEvent,
    UpdateExtraData,
)
from schemas.facts import BOOKED, FREE, HELD, HoldExpired, StatusChanged
from schemas.inventory import compress, encode
from schemas.outbox import CommandAnswered, DecisionApplied, OwnershipTaken, decode_groups_record
from schemas.outbox import decode_seats_record as decode
from schemas.topics import INVENTORIES, Topics
from seatlog.verify.history import History
from seatlog.verify.report import Check, Report
from tests.workers.house import (
    COMMANDS,
    COORDINATOR_COMMANDS,
    COORDINATOR_OUTBOX,
    OUTBOX,
    SAMPLE,
    SAMPLE_HASH,
    WORKSPACE,
    House,
    book,
    one_partition,
    seats,
)
from workers.owner import replication_guard_ms

INVENTORY = TopicPartition(INVENTORIES, 0)
VOTES = TopicPartition("groups.votes", 0)
SNAPSHOTS = TopicPartition("events.snapshots", 0)
COORDINATOR_SNAPSHOTS = TopicPartition("groups.snapshots", 0)
PARTITIONS = (
    *(INVENTORY, SNAPSHOTS, COORDINATOR_SNAPSHOTS),
    *(COORDINATOR_COMMANDS, COORDINATOR_OUTBOX, VOTES, COMMANDS, OUTBOX),
)
HOLD_MS = 60_000

Edit = Callable[[Any], Any]


@dataclass
class Story:
    """All records of a log, by partition; the ways to change them leave no other trace."""

    records: dict[TopicPartition, list[MemoryRecord]]
    ends: dict[TopicPartition, int] = field(default_factory=dict)
    """Where a partition says that it ends, if not after its last record."""
    topics: Topics = field(default_factory=one_partition)

    def check(self, **how: Any) -> Report:  # noqa: ANN401
        """Verify it; the records are in the order of their partitions."""
        spans = {
            partition: Span(0, self.ends.get(partition, len(records)))
            for partition, records in self.records.items()
        }
        history = History(self.topics, spans, **how)
        for partition, records in self.records.items():
            for record in records if partition != VOTES else ():
                history.take_in(record)
        return history.finish()

    def again(self) -> "Story":
        """Give a copy."""
        records = {partition: list(records) for partition, records in self.records.items()}
        return Story(records, topics=self.topics)

    def found(self, **how: Any) -> set[Check]:  # noqa: ANN401
        """Name the checks that find something."""
        return {fault.check for fault in self.check(**how).faults}

    def answers(self) -> list[int]:
        """Give the offsets of all answers in the seats owner's outbox."""
        return [o for o, told in self.told() if isinstance(told, CommandAnswered)]

    def told(self, partition: TopicPartition = OUTBOX) -> Iterator[tuple[int, Any]]:
        """Decode the records of an outbox."""
        read: Any = decode if partition.topic == OUTBOX.topic else decode_groups_record
        for record in self.records[partition]:
            yield record.offset, read(record.value or b"")

    def find(self, label: str, status: str) -> int:
        """Give the offset of the first record that says an object has a status."""
        return next(
            offset
            for offset, told in self.told()
            if not isinstance(told, OwnershipTaken)
            for fact in told.data.facts
            if isinstance(fact, StatusChanged) and (fact.label, fact.status) == (label, status)
        )

    def data(self, offset: int, partition: TopicPartition = OUTBOX) -> Any:  # noqa: ANN401
        """Give what an outbox record tells."""
        return dict(self.told(partition))[offset].data

    def with_fact(self, partition: TopicPartition, kind: type[Any], **fields: object) -> list[int]:
        """Give the offsets of the records that have such a fact."""
        return [
            offset
            for offset, told in self.told(partition)
            if not isinstance(told, OwnershipTaken)
            for fact in told.data.facts
            if isinstance(fact, kind)
            and all(getattr(fact, name) == value for name, value in fields.items())
        ]

    def applied(self) -> list[int]:
        """Give the offsets of all applied decisions in the seats owner's outbox."""
        return [o for o, told in self.told() if isinstance(told, DecisionApplied)]

    def expiry(self) -> int:
        """Give the offset of the first record of an expiry."""
        return next(
            offset
            for offset, told in self.told()
            if not isinstance(told, OwnershipTaken)
            and any(isinstance(fact, HoldExpired) for fact in told.data.facts)
        )

    def edit(self, offset: int, edit: Edit, partition: TopicPartition = OUTBOX) -> None:
        """Replace what the data of an outbox record says."""
        record = self.records[partition][offset]
        told = dict(self.told(partition))[offset]
        data = edit(told.data)
        self._put(partition, record, msgspec.structs.replace(told, data=data))

    def edit_fact(
        self, offset: int, partition: TopicPartition = OUTBOX, /, **changes: object
    ) -> None:
        """Replace fields of the first fact of an outbox record."""

        def edit(data: Any) -> Any:  # noqa: ANN401
            first = msgspec.structs.replace(data.facts[0], **changes)
            return msgspec.structs.replace(data, facts=[first, *data.facts[1:]])

        self.edit(offset, edit, partition)

    def put_header(self, offset: int, name: str, value: bytes) -> None:
        """Replace a header of a record of the seats owner's."""
        record = self.records[OUTBOX][offset]
        headers = [(key, value if key == name else told) for key, told in record.headers]
        self.records[OUTBOX][offset] = replace(record, headers=headers)

    def retell(self, offset: int, partition: TopicPartition, kind: type[Any], edit: Edit) -> None:
        """Replace an outbox record by one of another kind."""
        record = self.records[partition][offset]
        told = dict(self.told(partition))[offset]
        headers = dict(record.headers) | {"type": outbox.type_name(kind)}
        base = (told.specversion, told.id, told.source, told.datacontenttype)
        names = ("specversion", "id", "source", "datacontenttype")
        made = kind(**dict(zip(names, base, strict=True)), data=edit(told.data))
        self._put(partition, replace(record, headers=tuple(headers.items())), made)

    def drop(self, offset: int, partition: TopicPartition = OUTBOX) -> None:
        """Take an outbox record away; those after it move up, as if it had never been."""
        del self.records[partition][offset]
        self._restamp(partition, offset)

    def copy(self, offset: int, to: int, partition: TopicPartition = OUTBOX) -> None:
        """Put a copy of an outbox record somewhere, with all the marks of that place."""
        self.records[partition].insert(to, self.records[partition][offset])
        self._restamp(partition, to)

    def move(self, offset: int, to: int, partition: TopicPartition) -> None:
        """Put an outbox record before an earlier one, as if it had been written then."""
        before, where = self.data(to - 1, partition), self.records[partition]
        where.insert(to, where.pop(offset))
        self._restamp(partition, to)
        told = {"positions": before.positions, "input_terms": before.input_terms, "at": before.at}
        self.edit(to, lambda data: msgspec.structs.replace(data, **told), partition)

    def append_last(self, data: Edit, *, made_for: int | None = None) -> int:
        """Append a record made from the last one; give its offset."""
        records = self.records[OUTBOX]
        offset = len(records)
        records.append(replace(records[-1], offset=offset))
        told = dict(self.told())[offset]
        changed = msgspec.structs.replace(
            data(told.data), offset=offset if made_for is None else made_for
        )
        self._put(OUTBOX, records[offset], msgspec.structs.replace(told, data=changed))
        return offset

    def _restamp(self, partition: TopicPartition, first: int) -> None:
        """Move records to their offsets; terms, and what repeats name, follow those they mean."""
        records = self.records[partition]
        moved: dict[int | None, int] = {}
        for offset, record in enumerate(records):
            moved.setdefault(record.offset, offset)
            records[offset] = replace(record, offset=offset)
        term = -1
        for offset, told in list(self.told(partition)):
            if isinstance(told, OwnershipTaken):
                term = offset
            elif offset >= first:
                data = msgspec.structs.replace(told.data, term=term, offset=offset)
                if data.answer is not None and data.answer.first_offset in moved:
                    named = moved[data.answer.first_offset]
                    answer = msgspec.structs.replace(data.answer, first_offset=named)
                    data = msgspec.structs.replace(data, answer=answer)
                self._put(partition, records[offset], msgspec.structs.replace(told, data=data))

    def _put(self, partition: TopicPartition, record: MemoryRecord, told: Any) -> None:  # noqa: ANN401
        data = told.data
        told = msgspec.structs.replace(told, id=f"{data.term}-{data.offset}")
        told_of = (getattr(fact, "event", None) for fact in data.facts)
        events = dict.fromkeys(event for event in told_of if event is not None)
        headers = [one for one in record.headers if one[0] not in ("term", "offset", "event")]
        headers += [("term", b"%d" % data.term), ("offset", b"%d" % data.offset)]
        headers += [("event", b"%d" % event) for event in events]
        self.records[partition][record.offset] = replace(
            record, value=outbox.encode(told), headers=headers
        )


def only(story: Story, check: Check) -> str:
    """Expect faults of one check alone, and give the first of them."""
    report = story.check()
    assert {fault.check for fault in report.faults} == {check}, report.faults
    return str(report.faults[0])


def among(story: Story, check: Check) -> str:
    """Expect faults of this check among others, and give the first of them."""
    report = story.check()
    found = [str(fault) for fault in report.faults if fault.check is check]
    assert found, report.faults
    return found[0]


def change(event: int, *objects: ObjectChange, status: str = BOOKED, **more: Any) -> Any:  # noqa: ANN401
    """Ask for a status of objects with all their details."""
    one = Change(event=event, status=status, objects=list(objects), **more)
    return ChangeObjectStatus(workspace=WORKSPACE, changes=[one], origin=Origin(ip="127.0.0.1"))


class Teller:
    """Tells the story: a drop with everything that can happen."""

    def __init__(self) -> None:
        self.house = House()
        self.event = 0
        self._answers = 0
        self._decisions = 0

    async def tell(self) -> Story:
        """Tell it all."""
        await self.open()
        await self._sell()
        await self._fill_areas()
        await self._hold()
        await self._change_hands()
        await self._direct()
        return await self.end()

    async def open(self) -> None:
        """Begin with one event."""
        inventory = NewRecord(compress(encode(SAMPLE)), key=SAMPLE_HASH.encode())
        self.house.log.store(INVENTORY, [inventory])
        self.event = await self.house.open()
        self._decisions = 1

    async def end(self) -> Story:
        """Stop the owners and give what there is."""
        await self.house.close()
        records = {part: list(self.house.log.records(part)) for part in PARTITIONS}
        return Story(records)

    async def ask(self, *commands: object) -> None:
        self.house.send(COMMANDS, *commands)
        self._answers += len(commands)
        await self.house.answers_when(self._answers)

    async def decide(self, *commands: object) -> None:
        self.house.send(COORDINATOR_COMMANDS, *commands)
        self._decisions += len(commands)
        await self.house.facts_when(
            lambda facts: sum(hasattr(f, "workspace") for f in facts) >= self._decisions
        )

    async def move(self, hold: Hold, duration_ms: int) -> None:
        now = self.house.clock.now
        asked = SetHoldDeadline(
            workspace=WORKSPACE, hold=hold, made_at=now, duration_ms=duration_ms
        )
        await self.decide(asked)

    async def expired(self, holds: int) -> None:
        await self.house.facts_when(
            lambda facts: sum(isinstance(fact, HoldExpired) for fact in facts) == holds
        )

    def token(self, name: str) -> Hold:
        return Hold(name, self.house.clock.now + HOLD_MS)

    async def _sell(self) -> None:
        keyed = Idempotency("c" * 32, "f" * 16)
        event = self.event
        await self.ask(
            book(event, "A-1", "A-2"),
            book(event, "A-1"),
            book(event, "nowhere"),
            book(event + 1, "A-1"),
            book(event, "B-1", idempotency=keyed),
            book(event, "B-1", idempotency=keyed),
            change(event, ObjectChange(label="A-3", ticket_type="child"), order_id="o1"),
            book(event, "A-3", status=FREE),
            book(event, "A-4", status="painted"),
            UpdateExtraData(workspace=WORKSPACE, event=event, extra_data={"A-2": {"name": "Ann"}}),
            UpdateExtraData(workspace=WORKSPACE, event=event, extra_data={"GA2": {"name": "Bo"}}),
        )
        self.house.log.store(COMMANDS, [NewRecord(b"not JSON")])
        await self.ask()
        self._answers += 1

    async def _fill_areas(self) -> None:
        event, token = self.event, self.token("area")
        area = ObjectChange(label="GA1", quantity=5)
        child = ObjectChange(label="GA1", quantity=3, ticket_type="child")
        await self.ask(
            change(event, area),
            change(event, area, status=HELD, hold=token),
            change(event, child, status=HELD, hold=token),
            change(event, ObjectChange(label="GA1", quantity=6), hold=token),
            change(event, ObjectChange(label="GA1", quantity=1), status=FREE, hold=token),
            change(event, ObjectChange(label="GA1", quantity=2), status=FREE),
            change(
                event,
                ObjectChange(label="GA1", quantity=2),
                status="painted",
                allowed_previous_statuses=[BOOKED],
            ),
            change(event, ObjectChange(label="GA1", quantity=100_000)),
        )

    async def _hold(self) -> None:
        event, one, two = self.event, self.token("one"), self.token("two")
        await self.ask(
            book(event, "B-2", "B-3", status=HELD, hold=one),
            book(event, "B-2", hold=one),
            book(event, "B-4", status=HELD, hold=two),
            book(event, "B-4", hold=one),
        )
        await self.move(two, 2 * HOLD_MS)
        self.house.clock.now += HOLD_MS + replication_guard_ms
        await self.expired(2)
        await self.ask(book(event, "B-3"), book(event, "B-5", status=HELD, hold=one))
        self.house.clock.now += HOLD_MS + replication_guard_ms
        await self.expired(3)

    async def _change_hands(self) -> None:
        self.house.running[1].cancel()
        self.house.start(seats())
        late = change(
            *(self.event, ObjectChange(label="GA1", quantity=2)),
            status=HELD,
            hold=Hold("late", self.house.clock.now + 10 * HOLD_MS),
        )
        await self.ask(book(self.event, "A-5"), late)

    async def _direct(self) -> None:
        new = [
            NewEvent(key=key, chart_key="chart", inventory=SAMPLE_HASH, name="N", date="2030-01-01")
            for key in ("second", "third")
        ]
        await self.decide(CreateEvents(workspace=WORKSPACE, events=new))
        await self.house.facts_when(lambda facts: sum(_creates(fact) for fact in facts) == 3)
        self._decisions = sum(hasattr(f, "workspace") for f in self.house.facts())
        second = self.event + 256
        token = self.token("gone")
        await self.ask(book(second, "A-1"), book(second, "A-2", status=HELD, hold=token))
        await self.decide(
            UpdateEvent(workspace=WORKSPACE, key="third", new_key="fourth", is_in_the_past=True),
            DeleteEvent(workspace=WORKSPACE, key="second"),
        )
        await self.ask(book(second, "A-3"), book(self.event, "C-1"))


def _creates(fact: object) -> bool:
    return type(fact).__name__ == "EventCreated"
