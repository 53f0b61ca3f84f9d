"""Sending commands, with what we add to the vendor's API around them.

- `Idempotency-Key`: a repeated command gets its first answer.
- `Prefer: respond-async`: 202 as soon as the command is safe, and `Location: /commands/{id}`.

Rules of this file:

1. The answer is made from the log alone, so a repeat and who looks the command up get the same as
   who waits; but for what others in an event's seasons have of its objects, and for what the read
   model is asked anyway: that is told as it is by then.
2. Only commands with an idempotency key need the database before they are sent.
3. A first answer is looked for in the time that is left of the request's own: its client gives up.
"""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from time import monotonic
from typing import Any

import msgspec
from aiohttp import web

from api.call import Call
from api.done import DONE
from api.limits import answer_deadline_s
from api.seatsio.command_answers import Asked, Form, as_applied, headers_of, refusal
from api.seatsio.command_forms import events_of, finishes, prefers_async, taken
from api.seatsio.errors import EVENT_NOT_FOUND, VendorError
from api.seatsio.idempotency import idempotency
from api.seatsio.parts import Parts, answer
from api.seatsio.recorded import Facts, Recorded, RecordedAnswers
from api.seatsio.waiting import Place, told_late, within
from api.submit import Answered
from engine.groups.directory import Entry
from schemas.commands import GroupsCommand, SeatsCommand
from schemas.outbox import Answer
from schemas.rejections import Rejected
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS, OUTBOX_OF

Entries = list[Entry]


class _Writing(msgspec.Struct, frozen=True, gc=False):
    """What an answer is written down by, and until when (monotonic clock) it is looked for."""

    call: Call
    command: Asked
    form: Form | None
    deadline: float


class Commands:
    """The way of a command, and back."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._answers = RecordedAnswers(parts)

    async def on_events(
        self,
        call: Call,
        keys: Sequence[str],
        attempt: Callable[[Entries], Awaitable[web.Response]],
        *,
        behind_is_wrong: bool = False,
    ) -> web.Response:
        """Look events up and attempt to change them; `attempt` raises if it changed nothing.

        The directory may be behind. Then who decides finds no such event, and after a look at what
        is new there is one more attempt. Who gets no second one looks first: a refusal stands for
        an idempotency key, a client that does not wait reads it later. `behind_is_wrong` says that
        the attempt draws conclusions of its own.

        A repeat is about the events of its first command, whatever their keys are by now.
        """
        directory, workspace = self._parts.core.directory, call.workspace.key
        asked = idempotency(call)
        is_single = asked is not None or prefers_async(call)
        of_first: Entries = []
        if is_single or behind_is_wrong:
            first = None if asked is None else await self._answers.first(call, asked)
            with told_late(None if first is None else first.place):
                await directory.catch_up(workspace)
                of_first = [] if first is None else await self._events_of(first)
        entries = (
            of_first
            or directory.find_all_now(workspace, keys)
            or [await self._parts.entry(call, key) for key in keys]
        )
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
        self, call: Call, entry: Entry, command: SeatsCommand, form: Form | None = None
    ) -> web.Response:
        """Ask the owner of an event, the first of the command."""
        submitter, partition, event = self._parts.core.submitter, entry.partition, entry.event
        writing, headers = _writing(call, command, form), headers_of(form)
        if command.idempotency is not None:
            repeated = await self._repeated(writing)
            if repeated is not None:
                return repeated
        if prefers_async(call):
            position = await submitter.send_change(partition, event, command, headers)
            return taken(EVENTS_COMMANDS, position)
        answered = await submitter.change(
            partition, event, command, finishes=finishes(command), headers=headers
        )
        return await self._written(EVENTS_COMMANDS, answered, writing)

    async def decide(
        self, call: Call, command: GroupsCommand, form: Form | None = None
    ) -> web.Response:
        """Ask the workspace's coordinator."""
        submitter, headers = self._parts.core.submitter, headers_of(form)
        writing = _writing(call, command, form)
        if command.idempotency is not None:
            repeated = await self._repeated(writing)
            if repeated is not None:
                return repeated
        if prefers_async(call):
            return taken(GROUPS_COMMANDS, await submitter.send_decide(command, headers))
        answered = await submitter.decide(command, finishes=finishes(command), headers=headers)
        return await self._written(GROUPS_COMMANDS, answered, writing)

    async def repeat(
        self, call: Call, instead_of: VendorError, form: Form | None = None
    ) -> web.Response:
        """Give the first answer to what today could not be asked; raise why if it has none."""
        asked, deadline = idempotency(call), monotonic() + answer_deadline_s
        if asked is not None:
            # The read model may not have it yet.
            async with self._parts.reads.snapshot(await self._parts.core.ends.positions()):
                pass
            first = await self._answers.first(call, asked)
            if first is not None:
                with told_late(first.place):
                    reading = self._answers.command(first.topic, first.command)
                    command = await within(deadline - monotonic(), reading)
                return await self._write_again(first, _Writing(call, command, form, deadline))
        raise instead_of

    async def _repeated(self, writing: _Writing) -> web.Response | None:
        """Give the first answer to an idempotency key again; None if it has none that is known."""
        asked = writing.command.idempotency
        assert asked is not None, "only what has a key can be repeated"
        first = await self._answers.first(writing.call, asked)
        return None if first is None else await self._write_again(first, writing)

    def _written(
        self, topic: str, answered: Answered, writing: _Writing
    ) -> Coroutine[Any, Any, web.Response]:
        """Write down an answer as it was just given; `topic` is that of its command."""
        place = (topic, answered.command)
        if answered.answer.first_offset is None:
            return self._write(place, answered.answer, answered.facts, writing)
        return self._write_first(place, answered, writing)

    async def _write_first(self, place: Place, repeat: Answered, writing: _Writing) -> web.Response:
        """Write down the answer that an owner has repeated, before the read model had it."""
        topic, _ = place
        with told_late(place):
            reading = self._answers.first_of(writing.call, OUTBOX_OF[topic], repeat)
            first = await within(writing.deadline - monotonic(), reading)
        return await self._write_again(first, writing)

    async def _write_again(self, first: Recorded, writing: _Writing) -> web.Response:
        with told_late(first.place):
            reading = self._answers.facts_when_applied(first, writing.deadline)
            facts = await within(writing.deadline - monotonic(), reading)
        return await self._write(first.place, first.answer, facts, writing, is_repeat=True)

    async def _write(
        self,
        place: Place,
        answered: Answer,
        facts: Facts,
        writing: _Writing,
        *,
        is_repeat: bool = False,
    ) -> web.Response:
        command, form = writing.command, writing.form
        given = as_applied(command, answered, facts)
        if isinstance(given, Rejected):
            error = refusal(self._parts, command, given)
            if is_repeat:
                error.add_header(*_REPLAYED)
            raise error
        if form is None:
            return web.Response(status=204, headers=[_REPLAYED]) if is_repeat else DONE
        with told_late(place):
            response = answer(await form.show(self._parts, writing.call, command, facts))
        if is_repeat:
            response.headers.add(*_REPLAYED)
        return response

    async def _events_of(self, first: Recorded) -> Entries:
        """Give the events of an answered command; none if one of them is not there any more."""
        command = await self._answers.command(first.topic, first.command)
        found = [self._parts.core.directory.by_id(event) for event in events_of(command)]
        return [entry for entry in found if entry] if all(found) else []


def _writing(call: Call, command: Asked, form: Form | None) -> _Writing:
    return _Writing(call, command, form, monotonic() + answer_deadline_s)


_REPLAYED = ("Idempotent-Replayed", "true")
