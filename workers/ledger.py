"""What an owner has in memory between two appends: its state, positions and pending records.

Rules of this file:

1. A cause is decided and evolved here at once; its record waits in `pending` until the append.
   If the append fails, the ledger is thrown away as a whole.
2. Time is the partition's: it follows the append times of the commands, and the clock only as far
   as all inputs were read. It never runs backwards.
3. What is due is decided before the next command is, and before the next decision or vote.
4. A position moves in the very record that answers what was read, and in none before it: a batch
   may be torn anywhere. So what is due is expired before a command is taken in, not while.
"""

import logging
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, NamedTuple

import msgspec

from adapters.ports import LogRecord, NewRecord, PositionLostError, RecordTooLargeError
from engine.machine import Decision, refused
from schemas.commands import Asked, CommandPosition
from schemas.outbox import (
    CONTENT_TYPE,
    HEADER_EVENT,
    HEADER_INGRESS,
    HEADER_OFFSET,
    HEADER_REQUEST,
    HEADER_TERM,
    HEADER_TYPE,
    HEADER_WORKSPACE,
    CommandAnswered,
    CommandDeferred,
    Data,
    DecisionApplied,
    OwnershipTaken,
    TimePassed,
    VoteTaken,
    encode,
    is_void,
    type_name,
)
from schemas.rejections import Rejection
from schemas.snapshots import Snapshot
from schemas.votes import GroupVote, decode_vote
from schemas.votes import encode as encode_vote
from workers.aside import Addressed
from workers.replay import Inputs
from workers.role import Role, header

log = logging.getLogger(__name__)

record_bytes_max = 2 * 1024 * 1024 - 64 * 1024
"""What an append can carry (adapters/kafka/ownership), with room for what the batch adds."""
failures_max = 1
"""A cause that failed more often is refused alone."""
Kind = type[
    CommandAnswered[Any]
    | CommandDeferred[Any]
    | DecisionApplied[Any]
    | TimePassed[Any]
    | VoteTaken[Any]
]
_PASSED_ON = (HEADER_WORKSPACE, HEADER_INGRESS, HEADER_REQUEST)
_TYPE_NAMES: dict[Kind, bytes] = {
    kind: type_name(kind)
    for kind in (CommandAnswered, CommandDeferred, DecisionApplied, TimePassed, VoteTaken)
}
_NO_DECISIONS = (type_name(VoteTaken),)
"""Records of coordinators that tell the owners nothing."""


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
        self.now: int = state.now
        self.next_offset = term + 1
        self.pending: list[NewRecord] = []
        self._aside: list[Addressed] = []
        """Votes and dead letters, to be sent when what is pending is acknowledged."""
        self._at_hand: Mapping[str, object] = {}
        """Inventories that were waited for: kept here until the events that need them keep them."""
        self._read_last = _ReadDecision()

    def anchor(self, timestamp: int, monotonic_ms: int) -> None:
        """Note that the broker's clock showed (at least) `timestamp` at this monotonic time."""
        if timestamp >= self._anchor[0]:
            self._anchor = (timestamp, monotonic_ms)

    def time_at(self, monotonic_ms: int) -> int:
        """Give what the broker's clock showed at least at this monotonic time, before or after."""
        timestamp, anchored_at = self._anchor
        return timestamp + monotonic_ms - anchored_at

    def settle_until(self, now: int) -> None:
        """Move the time forward and decide what is due by then, to a fixpoint."""
        self.now = max(self.now, now)
        while (cause := self._machine.due(self._state, self.now)) is not None:
            decision = self._machine.decide(self._state, cause, self.now)
            kind: Kind = TimePassed if decision.asked is None else CommandAnswered
            self._write(kind, decision, decision.asked)

    def keep_fence(self) -> None:
        """Write a record that says nothing, so that the broker remembers this producer."""
        self._write(TimePassed, Decision(None, []))

    async def wait_for_inventories(self, record: LogRecord) -> None:
        """Wait for the inventories that a coordinator's decision brings into this partition."""
        if self._is_decision(record):
            cause = self._cause_of_decision(record)
            if cause is not None and (needed := self._machine.needs(cause.facts)):
                self._at_hand = await self._role.load_inventories(needed)

    def take_in(self, record: LogRecord) -> None:
        """Decide what a record of an input asks for; its answer joins the pending records.

        Before a command, `settle_until` its time (rules 3 and 4).
        """
        if self._is_decision(record):
            self._tell_ahead(record)
        self._advance(record)
        if record.topic == self._role.commands.topic:
            self._answer(record)
        elif self._is_decision(record):
            self._apply(record)
        else:
            self._count(record)

    def _advance(self, record: LogRecord) -> None:
        name = f"{record.topic}/{record.partition}"
        expected = self._inputs.positions.get(name, 0)
        if record.offset != expected:
            raise PositionLostError(f"{name}: read {record.offset}, expected {expected}")
        self._inputs.positions[name] = record.offset + 1

    def snapshot(self, producers: list[tuple[int, int]]) -> Snapshot:
        """Give the state as it is after the last record; that must be acknowledged."""
        assert not self.pending, "only acknowledged state is kept"
        return Snapshot(
            offset=self.next_offset - 1,
            term=self._term,
            digest=self._machine.digest(self._state),
            deferred=sorted(self._inputs.deferred),
            producers=producers,
            state=msgspec.Raw(msgspec.json.encode(self._role.snapshot(self._state))),
        )

    def open_votes(self) -> list[Addressed]:
        """Give the votes about all groups that are in doubt here."""
        return self._ballots(self._role.open_votes(self._state))

    def take_aside(self) -> list[Addressed]:
        """Give the votes and dead letters that go with the acknowledged records, once."""
        aside, self._aside = self._aside, []
        return aside

    def _ballots(self, votes: Iterable[GroupVote]) -> list[Addressed]:
        return [
            Addressed(
                self._role.ballot_of(vote), NewRecord(encode_vote(vote), key=b"%d" % vote.group)
            )
            for vote in votes
        ]

    def _is_decision(self, record: LogRecord) -> bool:
        return bool(self._role.decisions) and record.topic == self._role.decisions[0].topic

    def _answer(self, record: LogRecord) -> None:
        has_failed = self._failed.get((record.topic, record.offset), 0) > failures_max
        try:
            command = self._role.decode_command(record.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            self._refuse(_asked(record), record, Rejection.COMMAND_NOT_READABLE, str(error))
            return
        except Exception:
            if not has_failed:
                raise
            command = None  # this is what has failed
        asked = _asked(record, command)
        if has_failed:
            why = "it could not be decided twice"
            self._refuse(asked, record, Rejection.COMMAND_FAILED, why)
            return
        decision = self._machine.decide(self._state, command, self.now, asked)
        self._write(
            CommandDeferred if decision.answer is None else CommandAnswered, decision, asked
        )

    def _refuse(self, asked: Asked, record: LogRecord, why: Rejection, detail: str) -> None:
        self._write(CommandAnswered, refused(why, detail), asked)
        self._keep_dead_letter(record, detail)

    def _keep_dead_letter(self, record: LogRecord, detail: str) -> None:
        name = f"{record.topic}/{record.partition}"
        log.warning("a dead letter", extra={"of": name, "offset": record.offset, "why": detail})
        value = record.value or b""
        about = [
            ("topic", record.topic.encode()),
            ("partition", b"%d" % record.partition),
            ("offset", b"%d" % record.offset),
            ("error", detail.encode(errors="replace")),
            ("sha256", sha256(value).hexdigest().encode()),
        ]
        self._aside.append(Addressed(self._role.dead_letters, NewRecord(value, about)))

    def _tell_ahead(self, record: LogRecord) -> None:
        """Write what the record of a decision has no room for; it does not say it was read."""
        cause = self._cause_of_decision(record)
        if cause is not None:
            for decision in self._role.tell_ahead(self._state, cause, self.now):
                self._write(TimePassed, decision)

    def _apply(self, record: LogRecord) -> None:
        cause = self._cause_of_decision(record)
        if self._read_last.taken_at is not None:
            self._inputs.terms[f"{record.topic}/{record.partition}"] = self._read_last.taken_at
        if cause is not None:
            decision = self._machine.decide(self._state, cause, self.now)
            self._write(DecisionApplied, decision, decided_by=record)

    def _cause_of_decision(self, record: LogRecord) -> Any:  # noqa: ANN401
        if self._read_last.record is not record:
            self._read_last = self._read(record)
        return self._read_last.cause

    def _read(self, record: LogRecord) -> "_ReadDecision":
        if header(record, HEADER_TYPE) in _NO_DECISIONS:
            return _ReadDecision(record)
        decoded = self._role.decode_decision(record.value or b"")
        if isinstance(decoded, OwnershipTaken):
            return _ReadDecision(record, taken_at=record.offset)
        term = self._inputs.terms.get(f"{record.topic}/{record.partition}", -1)
        if is_void(decoded.data, term, record.offset):
            return _ReadDecision(record)
        return _ReadDecision(record, self._role.decision_cause(decoded.data.facts))

    def _count(self, record: LogRecord) -> None:
        try:
            vote = decode_vote(record.value or b"")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            # Its sender says it again in two seconds, as long as it matters.
            self._keep_dead_letter(record, str(error))
            return
        decision = self._machine.decide(self._state, vote, self.now)
        if decision.asked is not None:
            self._write(CommandAnswered, decision, decision.asked)
        elif decision.facts:
            self._write(VoteTaken, decision)

    def _write(
        self,
        kind: Kind,
        decision: Decision[Any],
        asked: Asked | None = None,
        *,
        decided_by: LogRecord | None = None,
    ) -> None:
        for fact in decision.facts:
            self._machine.evolve(self._state, fact)
        if asked is not None and kind is CommandDeferred:
            self._inputs.deferred.add(asked.command.offset)
        elif asked is not None:
            self._inputs.deferred.discard(asked.command.offset)
        if kind is not CommandAnswered:
            self._aside += self._ballots(self._role.votes_of(decision.facts))
        offset = self.next_offset + len(self.pending)
        idempotency = asked.idempotency if asked is not None and decision.answer else None
        data: Data[Any] = Data(
            term=self._term,
            offset=offset,
            at=self.now,
            positions=self._inputs.positions,
            input_terms=self._inputs.terms,
            digest="",
            command=asked.command if asked is not None else None,
            command_id=idempotency.command_id if idempotency else None,
            fingerprint=idempotency.fingerprint if idempotency else None,
            answer=decision.answer,
            facts=decision.facts,
        )
        self._machine.conclude(self._state, data)
        # Only now: an answer takes a parked command out of the state.
        data = msgspec.structs.replace(data, digest=self._machine.digest(self._state))
        record = kind(
            specversion="1.0",
            id=f"{self._term}-{offset}",
            source=self._source,
            datacontenttype="application/json",
            data=data,
        )
        headers, key = self._headers(kind, decision, asked, decided_by)
        headers.append((HEADER_OFFSET, b"%d" % offset))
        written = NewRecord(encode(record), headers, key)
        if written.size > record_bytes_max:
            raise RecordTooLargeError(f"{written.size} bytes, at most {record_bytes_max}")
        self.pending.append(written)

    def _headers(
        self,
        kind: Kind,
        decision: Decision[Any],
        asked: Asked | None,
        decided_by: LogRecord | None,
    ) -> tuple[list[tuple[str, bytes]], bytes | None]:
        headers = [CONTENT_TYPE, (HEADER_TYPE, _TYPE_NAMES[kind]), self._term_header]
        events = _events(decision.facts)
        keys = [b"%d" % event for event in events]
        headers += [(HEADER_EVENT, key) for key in keys]
        if asked is not None:
            if asked.workspace:
                headers.append((HEADER_WORKSPACE, asked.workspace.encode()))
            if decision.answer is not None:
                _add_waiting(headers, asked)
        elif decided_by is not None:
            for name in _PASSED_ON:
                value = header(decided_by, name)
                if value is not None:
                    headers.append((name, value))
        elif events:
            workspace = self._role.workspace_of(self._state, events[0])
            headers.append((HEADER_WORKSPACE, workspace.encode()))
        return headers, keys[0] if keys else None


def _events(facts: list[Any]) -> list[int]:
    """Give the events that facts are about, each once, in their order."""
    told = (getattr(fact, "event", None) for fact in facts)
    return list(dict.fromkeys(event for event in told if event is not None))


class _ReadDecision(NamedTuple):
    """A record of a coordinator's outbox, decoded."""

    record: LogRecord | None = None
    cause: Any = None
    """What it is for this owner; None: nothing."""
    taken_at: int | None = None
    """The new term, if it is an ownership record."""


def _asked(record: LogRecord, command: Any = None) -> Asked:  # noqa: ANN401 - the machine's own
    ingress, request = header(record, HEADER_INGRESS), header(record, HEADER_REQUEST)
    return Asked(
        command=CommandPosition(record.partition, record.offset),
        workspace=command.workspace if command is not None else "",
        ingress=None if ingress is None else ingress.decode(errors="replace"),
        request=None if request is None else request.decode(errors="replace"),
        idempotency=command.idempotency if command is not None else None,
    )


def _add_waiting(headers: list[tuple[str, bytes]], asked: Asked) -> None:
    """Add the headers that bring an answer to who waits for it."""
    if asked.ingress is not None:
        headers.append((HEADER_INGRESS, asked.ingress.encode()))
    if asked.request is not None:
        headers.append((HEADER_REQUEST, asked.request.encode()))
