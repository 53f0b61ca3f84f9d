"""What an owner has in memory between two appends: its state, positions and pending records.

Rules of this file:

1. A cause is decided and evolved here at once; its record waits in `pending` until the append.
   If the append fails, the ledger is thrown away as a whole.
2. Time is the partition's: it follows the append times of the commands, and the clock only as far
   as all inputs were read. It never runs backwards.
3. What is due is expired before the next cause is decided.
4. A position moves in the very record that answers what was read, and in none before it: a batch
   may be torn anywhere. So what is due is expired before a command is taken in, not while.
"""

from hashlib import sha256
from typing import Any

import msgspec

from adapters.ports import LogRecord, NewRecord, PositionLostError
from engine.machine import Decision
from schemas.commands import CommandPosition
from schemas.outbox import (
    HEADER_EVENT,
    HEADER_INGRESS,
    HEADER_OFFSET,
    HEADER_REQUEST,
    HEADER_TERM,
    HEADER_TYPE,
    HEADER_WORKSPACE,
    CommandAnswered,
    Data,
    DecisionApplied,
    OwnershipTaken,
    TimePassed,
    encode,
    is_void,
    type_name,
)
from schemas.rejections import Rejected, Rejection
from workers.replay import Inputs
from workers.role import Role, header

record_bytes_max = 2 * 1024 * 1024 - 64 * 1024
"""What an append can carry (adapters/kafka/ownership), with room for what the batch adds."""
failures_max = 1
"""A cause that failed more often is refused alone."""
Kind = type[CommandAnswered[Any] | DecisionApplied[Any] | TimePassed[Any]]
_PASSED_ON = (HEADER_INGRESS, HEADER_REQUEST)
_TYPE_NAMES: dict[Kind, bytes] = {
    kind: type_name(kind) for kind in (CommandAnswered, DecisionApplied, TimePassed)
}


class RecordTooLargeError(Exception):
    """The record of a cause cannot be appended: the cause is refused alone."""


class Ledger:
    """The working memory of one life of an owner."""

    def __init__(
        self,
        role: Role[Any, Any, Any],
        state: Any,  # noqa: ANN401 - the machine's own
        inputs: Inputs,
        term: int,
        failed: dict[tuple[str, int], int],
    ) -> None:
        self._role = role
        self._machine = role.machine
        self._state = state
        self._inputs = inputs
        self._term = term
        self._term_header = (HEADER_TERM, b"%d" % term)
        self._failed = failed
        self._anchor = (0, 0)
        self._source = f"/{role.outbox}"
        self._commands_input = str(role.commands)
        self.now: int = state.now
        self.next_offset = term + 1
        self.pending: list[NewRecord] = []
        self.dead_letters: list[NewRecord] = []

    def anchor(self, timestamp: int, monotonic_ms: int) -> None:
        """Note that the broker's clock showed (at least) `timestamp` at this monotonic time."""
        if timestamp >= self._anchor[0]:
            self._anchor = (timestamp, monotonic_ms)

    def time_at(self, monotonic_ms: int) -> int:
        """Give what the broker's clock showed at least at this monotonic time, before or after."""
        timestamp, anchored_at = self._anchor
        return timestamp + monotonic_ms - anchored_at

    def expire_until(self, now: int) -> None:
        """Move the time forward and expire what is due by then."""
        self.now = max(self.now, now)
        while (cause := self._machine.due(self._state, self.now)) is not None:
            self._write(TimePassed, self._machine.decide(self._state, cause, self.now))

    def keep_fence(self) -> None:
        """Write a record that says nothing, so that the broker remembers this producer."""
        self._write(TimePassed, Decision(None, []))

    async def wait_for_inventories(self, record: LogRecord) -> None:
        """Wait for the inventories that a coordinator's decision brings into this partition."""
        if record.topic != self._role.commands.topic:
            cause = self._cause_of_decision(record, peek=True)
            if cause is not None:
                await self._role.load_inventories(self._machine.needs(cause.facts))

    def take_in(self, record: LogRecord) -> None:
        """Decide what a record of an input asks for; its answer joins the pending records.

        Before a command, `expire_until` its time (rules 3 and 4).
        """
        self._advance(record)
        if record.topic == self._role.commands.topic:
            self._answer(record)
            return
        cause = self._cause_of_decision(record, peek=False)
        if cause is not None:
            decision = self._machine.decide(self._state, cause, self.now)
            self._write(DecisionApplied, decision, asked_by=record)

    def _advance(self, record: LogRecord) -> None:
        name = f"{record.topic}/{record.partition}"
        expected = self._inputs.positions.get(name, 0)
        if record.offset != expected:
            raise PositionLostError(f"{name}: read {record.offset}, expected {expected}")
        self._inputs.positions[name] = record.offset + 1

    def _answer(self, record: LogRecord) -> None:
        if self._failed.get((record.topic, record.offset), 0) > failures_max:
            self._refuse(record, Rejection.COMMAND_FAILED, "it could not be decided twice")
            return
        try:
            command = self._role.decode_command(record.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._refuse(record, Rejection.COMMAND_NOT_READABLE, str(error))
            return
        decision = self._machine.decide(self._state, command, self.now)
        self._write(CommandAnswered, decision, asked_by=record, command=command)

    def _refuse(self, record: LogRecord, why: Rejection, detail: str) -> None:
        refusal: Decision[Any] = Decision(Rejected(code=why.code, detail=detail), [])
        self._write(CommandAnswered, refusal, asked_by=record)
        value = record.value or b""
        about = [
            ("topic", record.topic.encode()),
            ("partition", b"%d" % record.partition),
            ("offset", b"%d" % record.offset),
            ("error", detail.encode(errors="replace")),
            ("sha256", sha256(value).hexdigest().encode()),
        ]
        self.dead_letters.append(NewRecord(value, about))

    def _cause_of_decision(self, record: LogRecord, *, peek: bool) -> Any:  # noqa: ANN401
        name = f"{record.topic}/{record.partition}"
        decoded = self._role.decode_decision(record.value or b"")
        if isinstance(decoded, OwnershipTaken):
            if not peek:
                self._inputs.terms[name] = record.offset
            return None
        if is_void(decoded.data, self._inputs.terms.get(name, -1), record.offset):
            return None
        return self._role.decision_cause(decoded.data.facts)

    def _write(
        self,
        kind: Kind,
        decision: Decision[Any],
        *,
        asked_by: LogRecord | None = None,
        command: Any = None,  # noqa: ANN401 - the machine's own
    ) -> None:
        for fact in decision.facts:
            self._machine.evolve(self._state, fact)
        offset = self.next_offset + len(self.pending)
        idempotency = command.idempotency if command is not None else None
        data: Data[Any] = Data(
            term=self._term,
            offset=offset,
            at=self.now,
            positions=self._inputs.positions,
            input_terms=self._inputs.terms,
            digest=self._machine.digest(self._state),
            command=_position(asked_by) if kind is CommandAnswered else None,
            command_id=idempotency.command_id if idempotency else None,
            fingerprint=idempotency.fingerprint if idempotency else None,
            answer=decision.answer,
            facts=decision.facts,
        )
        self._machine.conclude(self._state, data)
        record = kind(
            specversion="1.0",
            id=f"{self._term}-{offset}",
            source=self._source,
            datacontenttype="application/json",
            data=data,
        )
        headers, key = self._headers(kind, decision, asked_by, command)
        headers.append((HEADER_OFFSET, b"%d" % offset))
        written = NewRecord(encode(record), headers, key)
        if written.size > record_bytes_max:
            raise RecordTooLargeError(f"{written.size} bytes, at most {record_bytes_max}")
        self.pending.append(written)

    def _headers(
        self,
        kind: Kind,
        decision: Decision[Any],
        asked_by: LogRecord | None,
        command: Any,  # noqa: ANN401
    ) -> tuple[list[tuple[str, bytes]], bytes | None]:
        headers = [(HEADER_TYPE, _TYPE_NAMES[kind]), self._term_header]
        if command is not None:
            headers.append((HEADER_WORKSPACE, command.workspace.encode()))
        event = getattr(decision.facts[0], "event", None) if decision.facts else None
        key = None
        if event is not None:
            key = b"%d" % event
            headers.append((HEADER_EVENT, key))
        if asked_by is not None:
            for name in _PASSED_ON:
                value = header(asked_by, name)
                if value is not None:
                    headers.append((name, value))
        return headers, key


def _position(record: LogRecord | None) -> CommandPosition | None:
    return CommandPosition(record.partition, record.offset) if record is not None else None
