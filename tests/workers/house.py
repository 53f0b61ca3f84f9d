"""A house with one event in memory: owners on a MemoryLog under a clock that tests move."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from adapters.memory_log import MemoryLog
from adapters.ports import LogRecord, NewRecord, TopicPartition
from engine.charts.compile import compile_drawing
from engine.charts.inventory import SeatMap
from engine.charts.reading import read_drawing
from schemas import commands
from schemas.commands import (
    Change,
    ChangeObjectStatus,
    CreateEvents,
    Hold,
    Idempotency,
    NewEvent,
    ObjectChange,
    Origin,
)
from schemas.facts import BOOKED, EventCreated, StatusChanged
from schemas.inventory import encode, inventory_hash
from schemas.outbox import OwnershipTaken, decode_groups_record, decode_seats_record, is_void
from schemas.topics import Topics, load_topics
from tests.eventually import eventually
from workers.coordinator import coordinator_role
from workers.owner import Owner
from workers.role import Role
from workers.seats import seats_role

NOON = 1_800_000_000_000
VENUES = Path(__file__).parents[2] / "seatlog" / "demo" / "venues"
SAMPLE = compile_drawing(read_drawing((VENUES / "sampleChart.json").read_bytes()))
SAMPLE_HASH = inventory_hash(encode(SAMPLE))
SEAT_MAPS = {SAMPLE_HASH: SeatMap(SAMPLE)}
WORKSPACE = "workspace-1"
COMMANDS = TopicPartition("events.commands", 0)
OUTBOX = TopicPartition("events.outbox", 0)
COORDINATOR_COMMANDS = TopicPartition("groups.commands", 0)
COORDINATOR_OUTBOX = TopicPartition("groups.outbox", 0)
DEAD_LETTERS = TopicPartition("dead.letters", 0)


def one_partition() -> Topics:
    return load_topics().with_partitions(events=1, groups=1)


async def load_seat_maps(hashes: Collection[str]) -> dict[str, SeatMap]:
    return {content_hash: SEAT_MAPS[content_hash] for content_hash in hashes}


def seats() -> Role[Any, Any, Any]:
    return seats_role(0, one_partition(), SEAT_MAPS, load_seat_maps)


def coordinator() -> Role[Any, Any, Any]:
    return coordinator_role(0, one_partition())


class TestClock:
    """Time of the broker and of all processes; it moves only when told to."""

    __test__ = False

    def __init__(self) -> None:
        self.now = NOON

    def monotonic_ms(self) -> int:
        return self.now

    async def sleep_ms(self, duration_ms: int) -> None:
        del duration_ms
        await asyncio.sleep(0)


class AlwaysMember:
    """A consumer group that never doubts."""

    def __init__(self) -> None:
        self.confirmations = 0

    async def changed(self) -> frozenset[TopicPartition]:
        raise NotImplementedError

    async def confirmed(self) -> None:
        self.confirmations += 1

    async def close(self) -> None:
        return


class House:
    """One coordinator and one seats owner, and the log between them."""

    def __init__(self, log: MemoryLog | None = None) -> None:
        self.clock = TestClock()
        self.log = log or MemoryLog(self.clock.monotonic_ms)
        self.membership = AlwaysMember()
        self.running: list[asyncio.Task[None]] = []

    def owner(self, role: Role[Any, Any, Any]) -> Owner:
        return Owner(role, self.log, self.membership, self.clock, "m")

    def start(self, role: Role[Any, Any, Any]) -> None:
        self.running.append(asyncio.create_task(self.owner(role).run()))

    async def open(self, role: Role[Any, Any, Any] | None = None) -> int:
        """Start both owners, create an event and give its id; `role` is that of the seats."""
        self.start(coordinator())
        self.start(role or seats())
        new = NewEvent(key="drop", chart_key="chart", inventory=SAMPLE_HASH)
        self.send(COORDINATOR_COMMANDS, CreateEvents(workspace=WORKSPACE, events=[new]))
        facts = await self.facts_when(lambda facts: len(facts) == 1)
        created = facts[0]
        assert isinstance(created, EventCreated)
        return created.event

    async def close(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    def send(self, partition: TopicPartition, *asked: object) -> None:
        self.log.store(partition, [NewRecord(commands.encode(command)) for command in asked])

    def outbox(self) -> list[Any]:
        """Decode the records that are not void."""
        return valid_records(self.log.records(OUTBOX), decode_seats_record)

    def coordinator_outbox(self) -> list[Any]:
        return valid_records(self.log.records(COORDINATOR_OUTBOX), decode_groups_record)

    def facts(self) -> list[Any]:
        return [fact for record in self.outbox() for fact in record.data.facts]

    def status_changes(self) -> list[tuple[int, str, str]]:
        return [(f.seq, f.label, f.status) for f in self.facts() if isinstance(f, StatusChanged)]

    def answers(self) -> list[Any]:
        return [r.data.answer for r in self.outbox() if r.data.answer is not None]

    async def facts_when(self, enough: Callable[[list[Any]], bool]) -> list[Any]:
        return await until(self.facts, enough)

    async def answers_when(self, count: int) -> list[Any]:
        return await until(self.answers, lambda answers: len(answers) >= count)


def valid_records(records: Iterable[LogRecord], decode: Callable[[bytes], Any]) -> list[Any]:
    """Decode the records that are neither void nor about ownership."""
    term, valid = -1, []
    for record in records:
        decoded = decode(record.value or b"")
        if isinstance(decoded, OwnershipTaken):
            term = record.offset
        elif not is_void(decoded.data, term, record.offset):
            valid.append(decoded)
    return valid


async def until(look: Callable[[], list[Any]], enough: Callable[[list[Any]], bool]) -> list[Any]:
    def holds() -> None:
        assert enough(look()), look()

    await eventually(holds, within=5)
    return look()


def book(
    event: int,
    *labels: str,
    status: str = BOOKED,
    hold: Hold | None = None,
    idempotency: Idempotency | None = None,
) -> ChangeObjectStatus:
    return ChangeObjectStatus(
        workspace=WORKSPACE,
        changes=[
            Change(
                event=event,
                status=status,
                objects=[ObjectChange(label=label) for label in labels],
                hold=hold,
            )
        ],
        origin=Origin(ip="127.0.0.1"),
        idempotency=idempotency,
    )
