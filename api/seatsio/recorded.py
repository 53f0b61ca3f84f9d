"""Answers as the log holds them: looked up by the command, or by its idempotency key.

Rules of this file:

1. What a coordinator accepted counts when the owners have applied it, and as they have.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple

from adapters.ports import LogRecord, TopicPartition
from adapters.postgres.errors import ForeignPositionsError
from api.applied import AppliedDecisions, Decided
from api.call import Call
from api.seatsio.idempotency import key_reused
from api.seatsio.parts import Parts
from api.seatsio.waiting import Place, told_late
from api.submit import Answered
from schemas.commands import (
    CommandPosition,
    GroupsCommand,
    Idempotency,
    SeatsCommand,
    decode_groups_command,
    decode_seats_command,
)
from schemas.outbox import (
    HEADER_FORM,
    HEADER_WORKSPACE,
    Accepted,
    Answer,
    decode_groups_record,
    decode_seats_record,
)
from schemas.topics import EVENTS_COMMANDS, EVENTS_OUTBOX, GROUPS_COMMANDS, OUTBOX_OF

_applied_looked_at_every_s = 0.1

Facts = list[Any]


class Recorded(NamedTuple):
    """An answer as a record of an outbox holds it."""

    answer: Answer
    facts: Facts
    at: int
    topic: str
    """Of the command."""
    command: CommandPosition
    outbox: TopicPartition
    offset: int

    @property
    def place(self) -> Place:
        """Where the command stands."""
        return self.topic, self.command


class RecordedAnswers:
    """The way from commands to their answers in the log; nothing is kept."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        core = parts.core
        self._applied = AppliedDecisions(parts.command_log, core.ends, core.topics)

    async def first(self, call: Call, asked: Idempotency) -> Recorded | None:
        """Give the answer that this idempotency key got before.

        Raises AnswerLateError if the log does not give it.
        """
        workspace = call.workspace.key
        row = await self._parts.reads.keyed_result(workspace, asked.command_id)
        if row is None:
            return None
        if row.fingerprint != asked.fingerprint:
            raise key_reused()
        place = TopicPartition(row.outbox_topic, row.outbox_partition)
        commands, _ = self._pair(place)
        with told_late((commands, None)):
            return await self._recorded(place, row.outbox_offset, workspace)

    async def first_of(self, call: Call, outbox: str, repeat: Answered) -> Recorded:
        """Give the answer that an owner has just repeated; `outbox` is the topic it stands in.

        Raises LogUnreachableError.
        """
        topic = self._parts.core.topics[outbox].physical_name
        place = TopicPartition(topic, repeat.command.partition)
        offset = repeat.answer.first_offset
        assert offset is not None, "only a repeat of an answer has a first one"
        first = await self._recorded(place, offset, call.workspace.key)
        assert first is not None, f"{place} at {offset} is the answer of another workspace"
        return first

    async def facts_when_applied(self, first: Recorded, deadline: float) -> Facts:
        """Give a first answer's facts as the owners applied them, as soon as all have.

        Raises LogUnreachableError, and TimeoutError if they have not by the deadline.
        """
        while (facts := await self._facts_if_applied(first)) is None:
            if monotonic() > deadline:
                raise TimeoutError
            await asyncio.sleep(_applied_looked_at_every_s)
        return facts

    async def of(self, topic: str, position: CommandPosition, workspace: str) -> Recorded | None:
        """Give the answer of a command once it is done: None while it is not, or not ours."""
        parts = self._parts
        physical = parts.core.topics[topic].physical_name
        async with parts.reads.snapshot(await parts.core.ends.positions()) as snapshot:
            row = await snapshot.result(physical, position.partition, position.offset)
        if row is None:
            return None
        outbox = parts.core.topics[OUTBOX_OF[topic]].physical_name
        place = TopicPartition(outbox, row.outbox_partition)
        recorded = await self._recorded(place, row.outbox_offset, workspace)
        return None if recorded is None else await self._as_applied(recorded, workspace)

    async def command(self, topic: str, position: CommandPosition) -> SeatsCommand | GroupsCommand:
        """Read an answered command. Raises PositionLostError if the topic keeps it no more."""
        return _command(topic, await self._command_record(topic, position))

    async def command_and_form(
        self, topic: str, position: CommandPosition
    ) -> tuple[SeatsCommand | GroupsCommand, str | None]:
        """Read an answered command, and the name of its answer's form. Raises the same."""
        record = await self._command_record(topic, position)
        form = dict(record.headers).get(HEADER_FORM)
        return _command(topic, record), None if form is None else form.decode()

    async def _command_record(self, topic: str, position: CommandPosition) -> LogRecord:
        name = self._parts.core.topics[topic].physical_name
        place = TopicPartition(name, position.partition)
        return await self._parts.command_log.record(place, position.offset)

    async def _facts_if_applied(self, recorded: Recorded) -> Facts | None:
        """Give the facts of an answer as they were applied; None if an owner has still to."""
        if recorded.topic != GROUPS_COMMANDS or not isinstance(recorded.answer, Accepted):
            return recorded.facts
        decided = Decided(recorded.outbox, recorded.offset, recorded.facts)
        return await self._applied.facts(decided)

    async def _as_applied(self, recorded: Recorded, workspace: str) -> Recorded | None:
        """Give an answer, or the first if it repeats one, with its facts as they were applied.

        None if an owner has still to apply them.
        """
        first, offset = recorded, recorded.answer.first_offset
        if offset is not None:
            first = await self._recorded(recorded.outbox, offset, workspace) or recorded
        facts = await self._facts_if_applied(first)
        if facts is None:
            return None
        return recorded._replace(answer=first.answer, facts=facts)

    async def _recorded(
        self, place: TopicPartition, offset: int, workspace: str
    ) -> Recorded | None:
        """Read an answer of this workspace from an outbox."""
        commands, outbox = self._pair(place)
        record = await self._parts.command_log.record(place, offset)
        if dict(record.headers).get(HEADER_WORKSPACE) != workspace.encode():
            return None
        decode: Callable[[bytes], Any] = (
            decode_seats_record if outbox == EVENTS_OUTBOX else decode_groups_record
        )
        data = decode(record.value or b"").data
        return Recorded(data.answer, data.facts, data.at, commands, data.command, place, offset)

    def _pair(self, place: TopicPartition) -> tuple[str, str]:
        """Name the topic of commands that are answered here, and the outbox that this is of."""
        topics = self._parts.core.topics
        for commands, outbox in OUTBOX_OF.items():
            if topics[outbox].physical_name == place.topic:
                return commands, outbox
        raise ForeignPositionsError(f"this installation has no topic {place.topic}")


def _command(topic: str, record: LogRecord) -> SeatsCommand | GroupsCommand:
    decode: Callable[[bytes], SeatsCommand | GroupsCommand] = (
        decode_seats_command if topic == EVENTS_COMMANDS else decode_groups_command
    )
    return decode(record.value or b"")
