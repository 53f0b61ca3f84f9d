"""Sending commands, with what we add to the vendor's API around them.

- `Idempotency-Key`: a repeated command gets its first answer.
- `Prefer: respond-async`: 202 as soon as the command is safe, and `Location: /commands/{id}`.
- `GET /commands/{id}`: what became of it.

Rules of this file:

1. The answer is made from the log's record alone, so a repeat gets the same answer as the first.
2. Only commands with an idempotency key need the database before they are sent.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic
from typing import Any, NamedTuple

import msgspec
from aiohttp import web

from adapters.ports import PositionLostError, TopicPartition
from adapters.postgres.errors import ForeignPositionsError
from api.applied import AppliedDecisions, Decided, ended_somewhere
from api.call import Call, Route
from api.command_ids import read_command_id
from api.errors import AnswerLateError
from api.limits import answer_deadline_s
from api.seatsio.command_forms import (
    events_of,
    finishes,
    pending,
    prefers_async,
    taken,
    unknown_command,
)
from api.seatsio.errors import (
    EVENT_NOT_FOUND,
    VendorError,
    error_body,
    from_rejected,
)
from api.seatsio.event_json import created_event
from api.seatsio.idempotency import idempotency, key_reused
from api.seatsio.object_info import infos
from api.seatsio.paging import check_parameters
from api.seatsio.parts import JSON, Parts, answer, iso, now_ms, path_part
from engine.groups.directory import Entry
from schemas.commands import (
    CommandPosition,
    GroupsCommand,
    Idempotency,
    SeatsCommand,
    decode_seats_command,
)
from schemas.facts import EventCreated, HoldDeadlineSet, StatusChanged
from schemas.outbox import (
    HEADER_WORKSPACE,
    Accepted,
    Answer,
    decode_groups_record,
    decode_seats_record,
)
from schemas.rejections import Rejected, Rejection
from schemas.topics import EVENTS_COMMANDS, EVENTS_OUTBOX, GROUPS_COMMANDS, GROUPS_OUTBOX

_applied_looked_at_every_s = 0.1
_result_kept_ms = 24 * 60 * 60 * 1000
_OUTBOX_OF = {EVENTS_COMMANDS: EVENTS_OUTBOX, GROUPS_COMMANDS: GROUPS_OUTBOX}

Facts = list[Any]
Show = Callable[[Facts], Awaitable[web.Response]]
Entries = list[Entry]
Refuse = Callable[[Rejected], VendorError]


class _Recorded(NamedTuple):
    """An answer as a record of an outbox holds it."""

    answer: Answer
    facts: Facts
    at: int
    topic: str
    command: CommandPosition
    outbox: TopicPartition
    offset: int
    command_id: str | None
    """Of the client's idempotency key."""


class Commands:
    """The way of a command, and back."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        core = parts.core
        self._applied = AppliedDecisions(parts.command_log, core.ends, core.topics)

    def routes(self) -> list[Route]:
        return [Route(method="GET", path="/commands/{id}", handler=self._look_up)]

    async def on_events(
        self,
        call: Call,
        keys: Sequence[str],
        attempt: Callable[[Entries], Awaitable[web.Response]],
        *,
        behind_is_wrong: bool = False,
    ) -> web.Response:
        """Look events up and attempt to change them; `attempt` raises if it changed nothing.

        The directory may be behind. Then their owner finds no such event, and after a look at what
        is new there is one more attempt. Who gets no second one looks first: a refusal stands for
        an idempotency key, a client that does not wait reads it later. `behind_is_wrong` says that
        the attempt draws conclusions of its own, as does the comparison of several partitions.

        A repeat is about the events of its first command, whatever their keys are by now.
        """
        directory, workspace = self._parts.core.directory, call.workspace.key
        is_single = "Idempotency-Key" in call.request.headers or prefers_async(call)
        if is_single or behind_is_wrong:
            await directory.catch_up(workspace)
        first = await self._events_of_first(call)
        entries = first or [await self._parts.entry(call, key) for key in keys]
        if not first and len({entry.partition for entry in entries}) > 1:
            await directory.catch_up(workspace)
            entries = [await self._parts.entry(call, key) for key in keys]
        try:
            return await attempt(entries)
        except VendorError as error:
            if is_single or error.refusal.problems[0].code != EVENT_NOT_FOUND:
                raise
            await directory.catch_up(workspace)
            current = [await self._parts.entry(call, key) for key in keys]
            if current == entries:
                raise
        return await attempt(current)

    async def change(
        self, call: Call, partition: int, command: SeatsCommand, show: Show, refuse: Refuse
    ) -> web.Response:
        """Ask a seats owner; `show` and `refuse` write its answer down."""
        submitter, event = self._parts.core.submitter, events_of(command)[0]
        if command.idempotency is not None:
            first = await self._first_answer(call, command.idempotency)
            if first is not None:
                return await _write(first.answer, first.facts, show, refuse, repeated=True)
        if prefers_async(call):
            position = await submitter.send_change(partition, event, command)
            return taken(EVENTS_COMMANDS, position)
        answered = await submitter.change(partition, event, command, finishes=finishes(command))
        return await _write(answered.answer, answered.facts, show, refuse)

    async def decide(
        self, call: Call, command: GroupsCommand, show: Show, refuse: Refuse | None = None
    ) -> web.Response:
        """Ask the workspace's coordinator; `show` and `refuse` write its answer down."""
        submitter, workspace = self._parts.core.submitter, call.workspace.key

        def refuse_plainly(rejected: Rejected) -> VendorError:
            return from_rejected(rejected, workspace, names_event_by_id=False)

        refuse = refuse or refuse_plainly
        if command.idempotency is not None:
            first = await self._first_answer(call, command.idempotency)
            if first is not None:
                facts = await self._facts_when_applied(first)
                return await _write(first.answer, facts, show, refuse, repeated=True)
        if prefers_async(call):
            return taken(GROUPS_COMMANDS, await submitter.send_decide(command))
        answered = await submitter.decide(command)
        if command.idempotency is not None and answered.answer.repeat:
            # The coordinator knew the first answer before the read model had it.
            async with self._parts.reads.snapshot(await self._parts.core.ends.positions()):
                pass
            first = await self._first_answer(call, command.idempotency)
            if first is not None:
                facts = await self._facts_when_applied(first)
                return await _write(first.answer, facts, show, refuse, repeated=True)
        return await _write(answered.answer, answered.facts, show, refuse)

    async def _facts_when_applied(self, first: _Recorded) -> Facts:
        """Give a first answer's facts as the owners applied them, as soon as all have.

        Raises AnswerLateError if they do not in time.
        """
        # No timeout around it: a reader that is cancelled half-way leaks its connection.
        deadline = monotonic() + answer_deadline_s
        while (facts := await self._facts_if_applied(first)) is None:
            if monotonic() > deadline:
                raise AnswerLateError(first.command, first.topic)
            await asyncio.sleep(_applied_looked_at_every_s)
        return facts

    async def _facts_if_applied(self, recorded: _Recorded) -> Facts | None:
        """Give the facts of an answer as they were applied; None if an owner has still to."""
        if recorded.topic != GROUPS_COMMANDS or not isinstance(recorded.answer, Accepted):
            return _facts(recorded)
        if recorded.answer.repeat:
            return _facts(recorded)  # the first answer is forgotten, so it was applied long ago
        decided = Decided(recorded.outbox, recorded.offset, recorded.facts)
        return await self._applied.facts(decided)

    async def _first_answer(self, call: Call, asked: Idempotency) -> _Recorded | None:
        """Give the answer that this idempotency key got before."""
        workspace = call.workspace.key
        row = await self._parts.reads.keyed_result(workspace, asked.command_id)
        if row is None:
            return None
        if row.fingerprint != asked.fingerprint:
            raise key_reused()
        for name in (EVENTS_OUTBOX, GROUPS_OUTBOX):
            if self._parts.core.topics[name].physical_name == row.outbox_topic:
                place = row.outbox_partition, row.outbox_offset
                return await self._recorded(name, *place, workspace)
        raise ForeignPositionsError(f"this installation has no topic {row.outbox_topic}")

    async def _events_of_first(self, call: Call) -> Entries:
        """Give the events of the command that had this idempotency key before; none if none had."""
        asked = idempotency(call)
        first = await self._first_answer(call, asked) if asked else None
        if first is None or first.topic != EVENTS_COMMANDS:
            return []
        log = self._parts.command_log
        place = log.partition(first.topic, first.command.partition)
        assert place is not None, "the answer names a partition that the topic has not"
        command = decode_seats_command((await log.record(place, first.command.offset)).value or b"")
        found = [self._parts.core.directory.by_id(event) for event in events_of(command)]
        return [entry for entry in found if entry] if all(found) else []

    async def _recorded(
        self, outbox: str, partition: int, offset: int, workspace: str
    ) -> _Recorded | None:
        """Read an answer of this workspace from an outbox."""
        place = self._parts.command_log.partition(outbox, partition)
        assert place is not None, "the read model names a partition that the topic has not"
        record = await self._parts.command_log.record(place, offset)
        if dict(record.headers).get(HEADER_WORKSPACE) != workspace.encode():
            return None
        decode: Callable[[bytes], Any] = (
            decode_seats_record if outbox == EVENTS_OUTBOX else decode_groups_record
        )
        data = decode(record.value or b"").data
        topic = next(topic for topic, written in _OUTBOX_OF.items() if written == outbox)
        return _Recorded(
            data.answer, data.facts, data.at, topic, data.command, place, offset, data.command_id
        )

    async def _look_up(self, call: Call) -> web.Response:
        """Say what became of a command."""
        check_parameters(call.request)
        text = path_part(call, "id")
        found = read_command_id(text)
        place = found and self._parts.command_log.partition(found[0], found[1].partition)
        if found is None or place is None:
            raise unknown_command(text)
        topic, position = found
        recorded = await self._result(topic, position, call.workspace.key)
        if recorded is not None:
            return answer(await self._outcome(call, text, recorded))
        if await self._is_pending(place, position.offset, call.workspace.key):
            return pending(text)
        raise unknown_command(text)

    async def _result(
        self, topic: str, position: CommandPosition, workspace: str
    ) -> _Recorded | None:
        """Give the answer of a command once it is done: None while it is not, or not ours."""
        parts, outbox = self._parts, _OUTBOX_OF[topic]
        physical = parts.core.topics[topic].physical_name
        async with parts.reads.snapshot(await parts.core.ends.positions()) as snapshot:
            row = await snapshot.result(physical, position.partition, position.offset)
        if row is None:
            return None
        recorded = await self._recorded(outbox, row.outbox_partition, row.outbox_offset, workspace)
        if recorded is None or topic != GROUPS_COMMANDS:
            return recorded
        return await self._as_applied(recorded, workspace)

    async def _as_applied(self, recorded: _Recorded, workspace: str) -> _Recorded | None:
        """Give a coordinator's answer with the facts as applied; None if an owner has still to."""
        first: _Recorded | None = recorded
        if recorded.answer.repeat and recorded.command_id is not None:
            row = await self._parts.reads.keyed_result(workspace, recorded.command_id)
            if row is not None:
                place = row.outbox_partition, row.outbox_offset
                first = await self._recorded(GROUPS_OUTBOX, *place, workspace)
        facts = await self._facts_if_applied(first or recorded)
        if facts is None:
            return None
        given = recorded.answer
        if isinstance(given, Accepted):
            given = _lost_hold(first or recorded, facts) or Accepted()
        return recorded._replace(answer=given, facts=facts)

    async def _is_pending(self, place: TopicPartition, offset: int, workspace: str) -> bool:
        """Say whether this workspace's command stands here and may still be decided."""
        log = self._parts.command_log
        try:
            if not await log.holds(place, offset):
                return False
            record = await log.record(place, offset)
            command = msgspec.json.decode(record.value or b"", type=_OfWorkspace)
        except (PositionLostError, msgspec.MsgspecError):
            return False  # the topic keeps commands for some days only
        # Results are kept for a day: an older command without one had its answer long ago.
        is_recent = now_ms() - record.timestamp < _result_kept_ms
        return is_recent and command.workspace == workspace

    async def _outcome(self, call: Call, text: str, recorded: _Recorded) -> JSON:
        outcome: JSON = {"id": text, "status": "done", "at": iso(recorded.at)}
        if isinstance(recorded.answer, Rejected):
            error = from_rejected(
                recorded.answer,
                call.workspace.key,
                self._parts.event_key,
                names_event_by_id=text.startswith("e"),
            )
            return {
                **outcome,
                "answer": "rejected",
                "result": error_body(error.refusal, call.request_id),
            }
        return {**outcome, "answer": "accepted", "result": await self._shown(_facts(recorded))}

    async def _shown(self, facts: Facts) -> JSON:
        """Show facts outside of the request that asked for them."""
        core = self._parts.core
        created = [fact for fact in facts if isinstance(fact, EventCreated)]
        if created:
            seats = await core.seat_maps.get(created[0].inventory)
            return {"events": [created_event(fact, seats) for fact in created]}
        results = []
        changed = [fact for fact in facts if isinstance(fact, StatusChanged)]
        for event in dict.fromkeys(fact.event for fact in changed):
            entry = core.directory.by_id(event)
            if entry is not None:
                seats = await core.seat_maps.get(entry.inventory)
                own = [fact for fact in changed if fact.event == event]
                results.append({"event": entry.key, "objects": infos(seats, own)})
        return {"results": results} if results else {}


class _OfWorkspace(msgspec.Struct):
    """The one field of a command that says whose it is."""

    workspace: str


async def _write(
    given: Answer, facts: Facts, show: Show, refuse: Refuse, *, repeated: bool = False
) -> web.Response:
    if isinstance(given, Rejected):
        error = refuse(given)
        if repeated or given.repeat:
            error.add_header(*_REPLAYED)
        raise error
    shown = given.first_facts if given.repeat else facts
    response = await show(shown)
    if repeated or given.repeat:
        response.headers.add(*_REPLAYED)
    return response


_REPLAYED = ("Idempotent-Replayed", "true")


def _lost_hold(decided: _Recorded, applied: Facts) -> Rejected | None:
    """Refuse the extension of a token that an owner had ended by then; ending it is no failure."""
    for fact in decided.facts:
        extends = isinstance(fact, HoldDeadlineSet) and fact.expires_at > decided.at
        if extends and ended_somewhere(applied):
            return Rejected(code=Rejection.HOLD_TOKEN_EXPIRED.code, detail=fact.token)
    return None


def _facts(recorded: _Recorded | None) -> Facts:
    if recorded is None:
        return []
    given = recorded.answer
    return given.first_facts if isinstance(given, Accepted) and given.repeat else recorded.facts
