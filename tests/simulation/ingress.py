"""The ingress of the clients: the production submitter, tail and directory, and what was told.

Rules of this file:

1. An answer is what the production submitter says, and of a group it comes when every part is
   applied. How long somebody waits for it is his own affair.
2. Each request to change a status is kept in the form of `seatlog verify --client-log`, one for
   each event.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from typing import Any, Final, cast

from msgspec.structs import replace

from adapters.kafka.publisher import Publisher, Tell
from adapters.ports import NewRecord, TopicPartition
from api.command_ids import command_id
from api.directory import EventDirectory
from api.outbox_tail import OutboxTail
from api.positions import partitions_of
from api.submit import Answered, Submitter
from schemas.commands import (
    Change,
    ChangeBestAvailable,
    ChangeObjectStatus,
    GroupsCommand,
    ObjectChange,
    SeatsCommand,
)
from schemas.facts import StatusChanged
from schemas.outbox import Accepted, decode_seats_record
from schemas.topics import (
    EVENTS_COMMANDS,
    EVENTS_OUTBOX,
    GROUPS_COMMANDS,
    GROUPS_OUTBOX,
)
from seatlog.verify.client_log import Outcome, Request
from tests.simulation.dice import Fault
from tests.simulation.log_port import SimulatedLog
from tests.simulation.process import Process
from tests.simulation.world import World

late_ms: Final = (100, 4_000)


class Ingress:
    """The one process that sends all commands and reads all answers."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._topics = topics = world.topics
        self.process = Process("ingress", world.loop, 0)
        log = SimulatedLog(world, self.process)
        self._wire = _Wire(world)
        self._submitter = Submitter(cast("Publisher", self._wire), topics)
        self._submitter.open()
        groups = partitions_of(topics, GROUPS_OUTBOX)
        outboxes = [*partitions_of(topics, EVENTS_OUTBOX), *groups]
        submitter = self._submitter
        self._tail = OutboxTail(log, outboxes, submitter.ingress, submitter.waiters)
        self.directory = EventDirectory(log, groups, self._no_ends)
        self.requests: list[Request] = []

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as parts:
            parts.create_task(self._tail.run())
            parts.create_task(self.directory.run())

    def broker_ms(self) -> int:
        """Give the time of day."""
        return self._world.broker.now_ms()

    async def decide(
        self, command: GroupsCommand, patience_s: float, keys: Sequence[str] = ()
    ) -> str | None:
        """Ask a coordinator; give the outcome if it comes in time.

        `keys` are the event keys of a group's changes.
        """
        asking = self._submitter.decide(command)
        return await self._wait(GROUPS_COMMANDS, asking, patience_s, _changes(command, keys))

    async def change(
        self, partition: int, command: SeatsCommand, patience_s: float, keys: Sequence[str] = ()
    ) -> str | None:
        """Ask a seats owner."""
        asking = self._submitter.change(partition, 0, command)
        return await self._wait(EVENTS_COMMANDS, asking, patience_s, _changes(command, keys))

    def send_nonsense(self, number: int) -> None:
        """Send what cannot be read."""
        partition = TopicPartition(self._topics[EVENTS_COMMANDS].physical_name, number)
        self._wire.bring(partition, NewRecord(b'{"type":"nonsense"}'))

    async def _wait(
        self,
        topic: str,
        asking: Coroutine[Any, Any, Answered],
        patience_s: float,
        asked: list[tuple[str, Any]],
    ) -> str | None:
        at_ms = self._world.loop.now_ms()
        outcome: Outcome = "unknown"
        command, facts = None, list[Any]()
        try:
            async with asyncio.timeout(patience_s):
                answered = await asking
            outcome = "ok" if isinstance(answered.answer, Accepted) else "refused"
            command = command_id(topic, answered.command)
            facts = self._told(topic, answered)
        except TimeoutError:
            pass
        self._world.trace.tell(f"asked at {at_ms}: {outcome}, {command}")
        named = [(key, _with_choice(change, facts)) for key, change in asked]
        self.requests.extend(self._kept(named, at_ms, outcome, command))
        return None if outcome == "unknown" else outcome

    def _told(self, topic: str, answered: Answered) -> list[Any]:
        """Give the facts that an answer is about: of a repeat, those of the first."""
        first = answered.answer.first_offset
        if first is None or topic == GROUPS_COMMANDS:
            return answered.facts  # nobody asks what a group's facts are
        outbox = self._topics[EVENTS_OUTBOX].physical_name
        records = self._world.broker.records(TopicPartition(outbox, answered.command.partition))
        told: Any = decode_seats_record(records[first].value or b"")
        # What is no answer comes from a void record, which is a finding: the verifier's.
        return cast("list[Any]", getattr(told.data, "facts", []))

    def _kept(
        self, asked: list[tuple[str, Any]], at_ms: int, outcome: Outcome, command: str | None
    ) -> Iterator[Request]:
        for key, change in asked:
            yield Request(
                at_ms=at_ms,
                done_ms=self._world.loop.now_ms(),
                event=key,
                status=change.status,
                labels=[item.label for item in change.objects],
                hold_token=change.hold.token if change.hold else None,
                outcome=outcome,
                command=command,
            )

    async def _no_ends(self) -> dict[TopicPartition, int]:
        raise NotImplementedError


class _Wire:
    """The submitter's publisher: commands come late or never, and nobody says so."""

    def __init__(self, world: World) -> None:
        self._broker = world.broker
        self._dice = world.dice

    def bring(self, partition: TopicPartition, record: NewRecord) -> None:
        """Send a record."""
        if self._dice.fires(Fault.COMMAND_LOST):
            return
        delay_ms = self._dice.between(0, 3) + self._broker.away_ms()
        if self._dice.fires(Fault.COMMAND_LATE):
            delay_ms += self._dice.between(*late_ms)
        self._broker.later(delay_ms, self._broker.publish, partition, [record])

    def hand_over(self, partition: TopicPartition, record: NewRecord, tell: Tell) -> None:
        """Send a record; the ack never comes."""
        del tell
        self.bring(partition, record)


def _changes(command: Any, keys: Sequence[str]) -> list[tuple[str, Any]]:  # noqa: ANN401
    if isinstance(command, ChangeBestAvailable):
        wished = Change(event=command.event, status=command.status, objects=[], hold=command.hold)
        return [(keys[0], wished)]
    changes = command.changes if isinstance(command, ChangeObjectStatus) else []
    return list(zip(keys, changes, strict=True))


def _with_choice(change: Change, facts: list[Any]) -> Change:
    """Name the objects of a change that left the choice to the owner, if they are known."""
    if change.objects:
        return change
    labels = [fact.label for fact in facts if isinstance(fact, StatusChanged)]
    return replace(change, objects=[ObjectChange(label=label) for label in labels])
