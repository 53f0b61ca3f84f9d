"""From a command to its answer: appended to the log, and answered from what the log then holds.

Rules of this file:

1. Only a record that was read in the outbox is an answer. The acknowledgement of the append says
   where the command stands, no more.
2. One future for each request, no task and no timer: one look at all deadlines, ten times a
   second, serves all.
3. "Nothing was appended" (LogUnreachableError, IngressBusyError, NotReadyError) is said only where
   that is certain.
"""

import asyncio
import secrets
from collections.abc import Iterable, Sequence
from itertools import count
from time import monotonic
from typing import Any

import msgspec

from adapters.kafka.publisher import Publisher
from adapters.ports import Appended, LogRecord, NewRecord, TopicPartition
from api import limits
from api.directory import coordinator_of
from api.errors import AnswerLateError, IngressBusyError, NotReadyError
from api.outbox_tail import Headers
from api.positions import partitions_of
from schemas import commands
from schemas.commands import CommandPosition, GroupsCommand, SeatsCommand
from schemas.facts import GroupConfirmed, HoldDeadlineSet, partitions_concerned
from schemas.outbox import (
    HEADER_INGRESS,
    HEADER_REQUEST,
    HEADER_TYPE,
    Accepted,
    Answer,
    DecisionApplied,
    decode_groups_record,
    decode_seats_record,
    type_name,
)
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS, Topics

_APPLIED = type_name(DecisionApplied)
NewHeaders = Sequence[tuple[str, bytes]]


class Answered(msgspec.Struct, frozen=True, gc=False):
    """The answer to a command, as the log holds it."""

    answer: Answer
    facts: list[Any]
    """The facts beside it. For what the seats owners apply in their own way (a changed hold
    deadline, a group): what they made of it, partition by partition."""
    at: int
    """The partition's time at the answer, ms since the epoch."""
    command: CommandPosition
    """Where the command stands in its topic."""
    outbox_offset: int
    """Where the answer stands, in the same partition of the outbox."""


class Submitter:
    """Appends commands and waits for their answers; one instance per process."""

    def __init__(
        self,
        publisher: Publisher,
        topics: Topics,
        *,
        in_flight_max: int = limits.in_flight_max,
        answer_deadline_s: float = limits.answer_deadline_s,
    ) -> None:
        self._publisher = publisher
        self._events = partitions_of(topics, EVENTS_COMMANDS)
        self._groups = partitions_of(topics, GROUPS_COMMANDS)
        self._in_flight_max = in_flight_max
        self._in_flight_starting_max = (
            in_flight_max * limits.in_flight_starting_max // limits.in_flight_max
        )
        self._answer_deadline_s = answer_deadline_s
        self._numbers = count(1)
        self.ingress = secrets.token_hex(8).encode()
        """This process' random id: commands and their answers carry it."""
        self._ingress_header = (HEADER_INGRESS, self.ingress)
        self.waiters: dict[bytes, _Waiter] = {}
        """Who waits, by request number, the oldest first; the tail looks here."""
        self._open = False
        self._why_closed = "this ingress is starting"

    def open(self) -> None:
        """Take commands from now on: the tail reads."""
        self._open = True

    def check_room(self) -> None:
        """Refuse what could not be answered, before any work is done for it.

        Raises IngressBusyError or NotReadyError.
        """
        if not self._open:
            raise NotReadyError(self._why_closed)
        if len(self.waiters) >= self._in_flight_max:
            raise IngressBusyError

    async def change(
        self,
        partition: int,
        event: int,
        command: SeatsCommand,
        *,
        finishes: bool = False,
        headers: NewHeaders = (),
    ) -> Answered:
        """Send a command to the seats owner of a partition and wait for its answer.

        `event` is the record's key: the event, or the first of several. Commands that finish
        something (release, book what is held) find room where others do not any more. The command
        carries `headers` for who looks it up. Raises IngressBusyError, NotReadyError,
        LogUnreachableError, AppendUnknownError, AnswerLateError.
        """
        self._check_room_for(finishes)
        waiter = _Waiter(EVENTS_COMMANDS, monotonic() + self._answer_deadline_s)
        record = commands.encode(command)
        return await self._ask(self._events[partition], b"%d" % event, record, waiter, headers)

    async def decide(
        self, command: GroupsCommand, *, finishes: bool = False, headers: NewHeaders = ()
    ) -> Answered:
        """Send a command to the workspace's coordinator and wait until it is done everywhere.

        An accepted one is answered when the owner of every partition concerned has applied it.
        If one applied another hold deadline than was asked, the token is gone. A repeated command
        is answered when the coordinator repeats its answer. `finishes`, `headers` and what it
        raises are those of `change`.
        """
        self._check_room_for(finishes)
        waiter = _DecisionWaiter(monotonic() + self._answer_deadline_s, len(self._events))
        record = commands.encode(command)
        partition, key = self._groups_of(command.workspace), command.workspace.encode()
        return await self._ask(partition, key, record, waiter, headers)

    async def send_change(
        self, partition: int, event: int, command: SeatsCommand, headers: NewHeaders = ()
    ) -> CommandPosition:
        """Append a command for a seats owner, and return when it is safe in the log."""
        record = NewRecord(commands.encode(command), headers, b"%d" % event)
        return await self._send(EVENTS_COMMANDS, self._events[partition], record)

    async def send_decide(
        self, command: GroupsCommand, headers: NewHeaders = ()
    ) -> CommandPosition:
        """Append a command for a coordinator, and return when it is safe in the log."""
        record = NewRecord(commands.encode(command), headers, command.workspace.encode())
        return await self._send(GROUPS_COMMANDS, self._groups_of(command.workspace), record)

    async def watch_deadlines(self) -> None:
        """Tell those who waited too long, until cancelled."""
        while True:
            await asyncio.sleep(limits.deadlines_looked_at_every_s)
            now = monotonic()
            late = []
            for waiter in self.waiters.values():
                if waiter.deadline > now:
                    break  # the oldest stand first, and all wait equally long
                late.append(waiter)
            _tell_late(late)

    async def drain(self, within_s: float) -> None:
        """Take no more commands; wait for the open answers, then tell the rest they are late."""
        self._open = False
        self._why_closed = "this ingress is stopping"
        deadline = monotonic() + within_s
        while self.waiters and monotonic() < deadline:  # noqa: ASYNC110 - once a life
            await asyncio.sleep(limits.deadlines_looked_at_every_s)
        _tell_late(self.waiters.values())

    def _check_room_for(self, finishes: bool) -> None:  # noqa: FBT001 - the caller names it
        self.check_room()
        if not finishes and len(self.waiters) >= self._in_flight_starting_max:
            raise IngressBusyError

    def _groups_of(self, workspace: str) -> TopicPartition:
        return self._groups[coordinator_of(workspace, len(self._groups))]

    async def _ask(
        self,
        partition: TopicPartition,
        key: bytes,
        command: bytes,
        waiter: "_Waiter",
        besides: NewHeaders,
    ) -> Answered:
        number = b"%d" % next(self._numbers)
        headers = (self._ingress_header, (HEADER_REQUEST, number), *besides)
        self.waiters[number] = waiter
        try:
            waiter.partition = partition.partition
            self._publisher.hand_over(
                partition, NewRecord(command, headers, key), waiter.note_append
            )
            return await waiter.answered
        finally:
            del self.waiters[number]

    async def _send(
        self, topic: str, partition: TopicPartition, record: NewRecord
    ) -> CommandPosition:
        self._check_room_for(finishes=False)
        number = b"%d" % next(self._numbers)
        self.waiters[number] = _AppendWaiter(topic, monotonic() + self._answer_deadline_s)
        try:
            async with asyncio.timeout(self._answer_deadline_s):
                appended = await self._publisher.send(partition, record)
        except TimeoutError:
            raise AnswerLateError(None, topic) from None
        finally:
            del self.waiters[number]
        return CommandPosition(partition.partition, appended.offset)


class _Waiter:
    """One request that waits for a seats owner's answer."""

    __slots__ = ("answered", "deadline", "offset", "partition", "topic")

    def __init__(self, topic: str, deadline: float) -> None:
        self.topic = topic
        self.deadline = deadline
        self.partition = 0
        self.offset: int | None = None
        """Of the command, once its append was acknowledged."""
        self.answered: asyncio.Future[Answered] = asyncio.get_running_loop().create_future()

    def note_append(self, outcome: Appended | Exception) -> None:
        """Note where the command stands, or end the wait if it does not stand anywhere."""
        if not isinstance(outcome, Exception):
            self.offset = outcome.offset
        elif not self.answered.done():
            self.answered.set_exception(outcome)

    def take_in(self, record: LogRecord, headers: Headers) -> None:
        del headers
        if self.answered.done():
            return
        decoded: Any = decode_seats_record(record.value or b"")
        self.answered.set_result(_answered(decoded.data, record.offset))

    def tell_late(self) -> None:
        if not self.answered.done():
            stands = None if self.offset is None else CommandPosition(self.partition, self.offset)
            self.answered.set_exception(AnswerLateError(stands, self.topic))


class _AppendWaiter(_Waiter):
    """One request that waits for its append only; it counts like any other."""

    __slots__ = ()

    def take_in(self, record: LogRecord, headers: Headers) -> None:
        """Leave it: the answer is looked up later."""

    def tell_late(self) -> None:
        """Nothing: the append has its own time limit."""


class _DecisionWaiter(_Waiter):
    """One request that waits for a coordinator's answer, and for the owners who apply it."""

    __slots__ = ("_applied", "_decided", "_events_partitions", "_missing")

    def __init__(self, deadline: float, events_partitions: int) -> None:
        super().__init__(GROUPS_COMMANDS, deadline)
        self._events_partitions = events_partitions
        self._decided: Answered | None = None
        self._missing: set[int] = set()
        self._applied: dict[int, list[Any]] = {}

    def take_in(self, record: LogRecord, headers: Headers) -> None:
        if self.answered.done():
            return
        # The partitions are read side by side: an owner's record may come before the answer.
        decoded: Any
        if headers[HEADER_TYPE] == _APPLIED:
            decoded = decode_seats_record(record.value or b"")
            self._applied[record.partition] = decoded.data.facts
        else:
            decoded = decode_groups_record(record.value or b"")
            self._decided = _answered(decoded.data, record.offset)
            self._missing = self._concerned(self._decided)
        if self._decided is not None and self._missing <= self._applied.keys():
            self.answered.set_result(self._whole(self._decided))

    def _concerned(self, decided: Answered) -> set[int]:
        if not isinstance(decided.answer, Accepted):
            return set()
        return {
            number
            for fact in decided.facts
            for number in partitions_concerned(fact, self._events_partitions)
        }

    def _whole(self, decided: Answered) -> Answered:
        if not any(isinstance(fact, HoldDeadlineSet | GroupConfirmed) for fact in decided.facts):
            return decided
        applied = [fact for place in sorted(self._applied) for fact in self._applied[place]]
        return msgspec.structs.replace(decided, facts=applied)


def _answered(data: Any, offset: int) -> Answered:  # noqa: ANN401 - Data of either kind of facts
    return Answered(data.answer, data.facts, data.at, data.command, offset)


def _tell_late(waiters: Iterable[_Waiter]) -> None:
    for waiter in waiters:
        waiter.tell_late()
