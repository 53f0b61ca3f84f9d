"""The clients: seeded commands on few objects, and what each client was told.

Rules of this file:

1. Clients go through the production tail of the outboxes and the production directory of event
   keys; only a record that counts is an answer.
2. Each request to change a status is kept in the form of `seatlog verify --client-log`.
"""

import asyncio
from collections.abc import Iterator
from itertools import count
from typing import Any, Final

from adapters.ports import LogRecord, NewRecord, TopicPartition
from api.directory import EventDirectory, coordinator_of
from api.outbox_tail import Headers, OutboxTail
from engine.groups.directory import Entry
from schemas import commands
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
from schemas.facts import BOOKED, FREE, HELD
from schemas.outbox import (
    HEADER_INGRESS,
    HEADER_REQUEST,
    HEADER_TYPE,
    Accepted,
    CommandAnswered,
    decode_groups_record,
    decode_seats_record,
    type_name,
)
from schemas.topics import (
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    GROUPS_COMMANDS,
    GROUPS_OUTBOX,
    Topics,
)
from seatlog.verify.client_log import Outcome, Request
from tests.simulation.dice import Dice, Fault
from tests.simulation.log_port import SimulatedLog
from tests.simulation.process import Process
from tests.simulation.world import World

WORKSPACES: Final = ("theatre", "stadium")
EVENT_KEYS: Final = ("ada", "bob", "eve", "joe")
SEATS: Final = ("A-1", "A-2", "A-3", "B-1", "Booth")
AREA: Final = "GA"
CUSTOM: Final = "painted"
patience_s: Final = 1.5
think_ms_max: Final = 400
hold_ms: Final = (300, 6_000)
attempts_max: Final = 3
INGRESS: Final = b"ingress"
_ANSWERED: Final = type_name(CommandAnswered)


class _Waiter:
    """Waits for one answer."""

    def __init__(self) -> None:
        self.told: asyncio.Future[LogRecord] = asyncio.get_running_loop().create_future()

    def take_in(self, record: LogRecord, headers: Headers) -> None:
        """Take the answer; a decision that was applied is not one."""
        if headers[HEADER_TYPE] == _ANSWERED and not self.told.done():
            self.told.set_result(record)


class Ingress:
    """The one process that sends all commands and reads all answers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._broker = world.broker
        self._dice = world.dice
        self._topics = topics = world.topics
        self.process = Process("ingress", world.loop, 0)
        log = SimulatedLog(world.broker, world.dice, self.process)
        self._waiters: dict[bytes, _Waiter] = {}
        outboxes = [*partitions_of(topics, EVENTS_OUTBOX), *partitions_of(topics, GROUPS_OUTBOX)]
        self._tail = OutboxTail(log, outboxes, INGRESS, self._waiters)
        groups = partitions_of(topics, GROUPS_OUTBOX)
        self.directory = EventDirectory(log, groups, self._no_ends)
        self._numbers = count(1)
        self.requests: list[Request] = []

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._tail.run())
            parts.create_task(self.directory.run())

    def now_ms(self) -> int:
        """Give the instant that all clients agree on."""
        return self._world.loop.now_ms()

    def broker_ms(self) -> int:
        """Give the time of day."""
        return self._broker.now_ms()

    async def decide(self, command: Any) -> str | None:  # noqa: ANN401 - any command to a coordinator
        """Ask a coordinator; give the outcome if it comes in time."""
        number = coordinator_of(command.workspace, self._topics[GROUPS_COMMANDS].partitions)
        partition = TopicPartition(self._topics[GROUPS_COMMANDS].physical_name, number)
        return await self._ask(partition, commands.encode(command), ())

    async def change(
        self, number: int, command: ChangeObjectStatus | UpdateExtraData, keys: list[str]
    ) -> str | None:
        """Ask a seats owner; `keys` are the event keys of the changes."""
        partition = TopicPartition(self._topics[EVENTS_COMMANDS].physical_name, number)
        changes = command.changes if isinstance(command, ChangeObjectStatus) else []
        asked = list(zip(keys, changes, strict=True))
        return await self._ask(partition, commands.encode(command), asked)

    async def send_nonsense(self, number: int) -> None:
        """Send what cannot be read."""
        partition = TopicPartition(self._topics[EVENTS_COMMANDS].physical_name, number)
        await self._ask(partition, b'{"type":"nonsense"}', ())

    async def _ask(
        self,
        partition: TopicPartition,
        value: bytes,
        asked: Any,  # noqa: ANN401
    ) -> str | None:
        number = b"%d" % next(self._numbers)
        waiter = self._waiters[number] = _Waiter()
        at_ms = self.now_ms()
        self._send(
            partition, NewRecord(value, [(HEADER_INGRESS, INGRESS), (HEADER_REQUEST, number)])
        )
        outcome: Outcome = "unknown"
        command = None
        try:
            async with asyncio.timeout(patience_s):
                record = await waiter.told
            outcome, command = self._read(partition, record)
        except TimeoutError:
            pass
        finally:
            del self._waiters[number]
        self._world.trace.tell(f"{partition}: request {number.decode()} is {outcome}, {command}")
        self.requests.extend(self._kept(asked, at_ms, outcome, command))
        return None if outcome == "unknown" else outcome

    def _send(self, partition: TopicPartition, record: NewRecord) -> None:
        if self._dice.fires(Fault.COMMAND_LOST):
            return
        delay_ms = self._dice.between(0, 3) + self._broker.away_ms()
        if self._dice.fires(Fault.COMMAND_LATE):
            delay_ms += self._dice.between(100, 4_000)
        self._broker.later(delay_ms, self._broker.publish, partition, [record])

    def _read(self, partition: TopicPartition, record: LogRecord) -> tuple[Outcome, str]:
        is_seats = partition.topic == self._topics[EVENTS_COMMANDS].physical_name
        decode: Any = decode_seats_record if is_seats else decode_groups_record
        data = decode(record.value or b"").data
        position = data.command
        outcome: Outcome = "ok" if isinstance(data.answer, Accepted) else "refused"
        return outcome, f"e-{position.partition}-{position.offset}"

    def _kept(
        self,
        asked: Any,  # noqa: ANN401
        at_ms: int,
        outcome: Outcome,
        command: str | None,
    ) -> Iterator[Request]:
        for key, change in asked:
            yield Request(
                at_ms=at_ms,
                done_ms=self.now_ms(),
                event=key,
                status=change.status,
                labels=[item.label for item in change.objects],
                hold_token=change.hold.token if change.hold else None,
                outcome=outcome,
                command=command,
            )

    async def _no_ends(self) -> dict[TopicPartition, int]:
        raise NotImplementedError


class Client:
    """One client with its own hold tokens."""

    def __init__(self, name: str, ingress: Ingress, dice: Dice, inventory: str) -> None:
        self._name = name
        self._ingress = ingress
        self._dice = dice
        self._inventory = inventory
        self._holds: list[Hold] = []
        self._made_at: dict[str, int] = {}
        self._held: list[tuple[Entry, str, Hold]] = []
        self._keys: list[str] = []
        self._numbers = count(1)
        self._workspace = WORKSPACES[0] if dice.chance(0.85) else WORKSPACES[1]

    async def run(self, steps: int) -> None:
        """Do so many things, one after the other."""
        for _ in range(steps):
            await asyncio.sleep(self._dice.between(0, think_ms_max) / 1000)
            await self._act()

    async def _act(self) -> None:
        events = self._events()
        if not events or self._dice.chance(0.04):
            await self._create()
        elif self._dice.chance(0.12):
            await self._direct(self._dice.random.choice(events))
        elif self._dice.chance(0.02):
            await self._ingress.send_nonsense(events[0].partition)
        elif self._dice.chance(0.06):
            await self._describe(self._dice.random.choice(events))
        else:
            await self._change(self._dice.random.choice(events), events)

    def _events(self) -> list[Entry]:
        found = (self._ingress.directory.find_now(self._workspace, key) for key in EVENT_KEYS)
        return [entry for entry in found if entry is not None]

    async def _create(self) -> None:
        number = 2 if self._dice.chance(0.3) else 1
        new = [
            NewEvent(key=key, chart_key="chart", inventory=self._inventory)
            for key in self._dice.random.choices(EVENT_KEYS, k=number)
        ]
        await self._decide(
            CreateEvents(workspace=self._workspace, events=new, idempotency=self._key())
        )

    async def _direct(self, entry: Entry) -> None:
        if self._holds and self._dice.chance(0.6):
            hold = self._dice.random.choice(self._holds)
            duration_ms = self._dice.random.choice((0, 500, 3_000, 8_000))
            await self._decide(
                SetHoldDeadline(
                    workspace=self._workspace,
                    hold=hold,
                    made_at=self._made_at[hold.token],
                    duration_ms=duration_ms,
                )
            )
        elif self._dice.chance(0.6):
            new_key = self._dice.random.choice(EVENT_KEYS)
            await self._decide(
                UpdateEvent(workspace=self._workspace, key=entry.key, new_key=new_key)
            )
        else:
            await self._decide(DeleteEvent(workspace=self._workspace, key=entry.key))

    async def _describe(self, entry: Entry) -> None:
        label = self._label()
        extra_data = {label: None if self._dice.chance(0.3) else {"name": self._name}}
        command = UpdateExtraData(
            workspace=entry.workspace,
            event=entry.event,
            event_key=entry.key,
            extra_data=extra_data,
            idempotency=self._key(),
        )
        await self._ingress.change(entry.partition, command, [])

    async def _change(self, entry: Entry, events: list[Entry]) -> None:
        chosen = [self._one_change(entry)]
        if self._dice.chance(0.2):
            neighbours = [other for other in events if other.partition == entry.partition]
            chosen.append(self._one_change(self._dice.random.choice(neighbours)))
        workspace = entry.workspace if self._dice.chance(0.97) else "stranger"
        command = ChangeObjectStatus(
            workspace=workspace,
            changes=[change for _, change in chosen],
            origin=Origin(ip="192.0.2.1"),
            idempotency=self._key(),
        )
        keys = [of.key for of, _ in chosen]
        outcome = await self._repeat(entry.partition, command, keys)
        if outcome == "ok":
            for of, change in chosen:
                if change.status == HELD and change.hold is not None:
                    self._held += [(of, item.label, change.hold) for item in change.objects]

    async def _repeat(
        self, partition: int, command: ChangeObjectStatus, keys: list[str]
    ) -> str | None:
        """Ask; with a key, ask again if no answer comes, and now and then for no reason."""
        outcome = await self._ingress.change(partition, command, keys)
        if command.idempotency is None:
            return outcome
        for _ in range(attempts_max):
            if outcome is not None and not self._dice.fires(Fault.COMMAND_REPEATED):
                break
            outcome = await self._ingress.change(partition, command, keys)
        return outcome

    def _one_change(self, entry: Entry) -> tuple[Entry, Change]:
        if self._held and self._dice.chance(0.4):
            of, label, held_by = self._held.pop(self._dice.between(0, len(self._held) - 1))
            if of.partition == entry.partition:
                return of, self._finish(of, label, held_by)
        labels = [self._label() for _ in range(self._dice.random.choice((1, 1, 2, 3)))]
        if self._dice.chance(0.95):
            labels = list(dict.fromkeys(labels))
        objects = [self._object(label) for label in labels]
        status = self._dice.random.choice((BOOKED, BOOKED, HELD, HELD, HELD, FREE, CUSTOM))
        hold: Hold | None = None
        if status == HELD or self._dice.chance(0.2):
            hold = self._hold()
        allowed = [FREE, CUSTOM, BOOKED] if self._dice.chance(0.1) else None
        return entry, Change(
            event=entry.event,
            event_key=entry.key,
            status=status,
            objects=objects,
            hold=hold,
            keep_extra_data=self._dice.chance(0.2),
            allowed_previous_statuses=allowed,
        )

    def _finish(self, entry: Entry, label: str, hold: Hold) -> Change:
        """Book or release what is held."""
        return Change(
            event=entry.event,
            event_key=entry.key,
            status=BOOKED if self._dice.chance(0.7) else FREE,
            objects=[ObjectChange(label=label)],
            hold=hold,
        )

    def _label(self) -> str:
        if self._dice.chance(0.25):
            return AREA
        return "nowhere" if self._dice.chance(0.03) else self._dice.random.choice(SEATS)

    def _object(self, label: str) -> ObjectChange:
        quantity = self._dice.between(1, 5) if label == AREA else 1
        ticket_type = "child" if self._dice.chance(0.1) else None
        return ObjectChange(label=label, quantity=quantity, ticket_type=ticket_type)

    def _hold(self) -> Hold:
        if self._holds and self._dice.chance(0.6):
            return self._dice.random.choice(self._holds[-3:])
        token = f"{self._name}-{next(self._numbers)}"
        self._made_at[token] = now = self._ingress.broker_ms()
        hold = Hold(token, now + self._dice.between(*hold_ms))
        self._holds.append(hold)
        return hold

    def _key(self) -> Idempotency | None:
        if self._dice.chance(0.6):
            return None
        if self._keys and self._dice.chance(0.08):
            # By mistake: what comes under this key now is another command.
            return Idempotency(self._dice.random.choice(self._keys), "e" * 16)
        self._keys.append(f"{self._name}-{next(self._numbers)}")
        return Idempotency(self._keys[-1], "f" * 16)

    async def _decide(self, command: Any) -> None:  # noqa: ANN401 - any command to a coordinator
        outcome = await self._ingress.decide(command)
        if command.idempotency is not None and (
            outcome is None or self._dice.fires(Fault.COMMAND_REPEATED)
        ):
            await self._ingress.decide(command)


def partitions_of(topics: Topics, name: str) -> list[TopicPartition]:
    """Name the partitions of a topic."""
    topic = topics[name]
    return [TopicPartition(topic.physical_name, number) for number in range(topic.partitions)]
