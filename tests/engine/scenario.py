"""given / when / then for the machines, driven as the owner loop drives them.

Rules of this file:

1. Every cause is decided twice over a photographed state: a decision changes nothing and is the
   same each time.
2. Every record is encoded, decoded and folded by a twin that has seen nothing else. Twin and live
   state must be equal to the last detail, at every record of every test.
3. Time moves only by `at` and `after`; what is due by then has expired before anything else.
"""

from collections.abc import Sequence
from typing import Any, Self

from engine.groups.machine import GroupsMachine
from engine.machine import Decision
from engine.seats.machine import ApplyDecision, ExpireHold, GiveUp, SeatsCause, SeatsMachine, TakeUp
from engine.seats.state import EventState, ObjectState
from schemas import commands
from schemas.commands import (
    Asked,
    Change,
    CommandPosition,
    GroupsCommand,
    SeatsCommand,
)
from schemas.facts import FREE, HELD, AreaCounts, EventUpdated, GroupsFact, SeatsFact, StatusChanged
from schemas.outbox import (
    Accepted,
    CommandAnswered,
    Data,
    DecisionApplied,
    OwnershipTaken,
    TimePassed,
    decode_groups_record,
    decode_seats_record,
    encode,
)
from schemas.rejections import BY_CODE, Rejected, Rejection
from tests.engine import factories
from tests.engine.factories import ALICE, INVENTORIES, MATINEE, NOON, PARTITION
from tests.engine.invariants import assert_sound, photograph
from tests.engine.seat_picture import draw, lines, seats_of, tidy


class _Played:
    """What seats and groups scenarios have in common: the time, the records, the last answer."""

    def __init__(self) -> None:
        self.now = NOON
        self.records: list[bytes] = []
        self.last: Decision[Any] = Decision(None, [])

    def asked(self, cause: Any) -> Asked | None:  # noqa: ANN401
        """Say who asks, if a command is the cause: commands stand as far apart as the records."""
        if not hasattr(cause, "idempotency"):
            return None
        return Asked(
            command=CommandPosition(0, len(self.records)),
            workspace=cause.workspace,
            idempotency=cause.idempotency,
        )

    def record(
        self,
        decision: Decision[Any],
        digest: str,
        cause: Any,  # noqa: ANN401
    ) -> bytes:
        """Give the outbox record of a decision, encoded."""
        asked = decision.asked or self.asked(cause)
        idempotency = asked.idempotency if asked and decision.answer else None
        kinds = {ApplyDecision: DecisionApplied[Any], ExpireHold: TimePassed[Any]}
        kind = kinds.get(type(cause), CommandAnswered[Any])
        data: Data[Any] = Data(
            term=0,
            offset=1 + len(self.records),
            at=self.now,
            positions={},
            digest=digest,
            command=asked.command if asked else None,
            command_id=idempotency.command_id if idempotency else None,
            fingerprint=idempotency.fingerprint if idempotency else None,
            answer=decision.answer,
            facts=decision.facts,
        )
        encoded = encode(
            kind(
                specversion="1.0",
                id=f"0-{1 + len(self.records)}",
                source="/outbox/0",
                datacontenttype="application/json",
                data=data,
            )
        )
        self.records.append(encoded)
        return encoded

    @property
    def last_offset(self) -> int:
        """Where the last record stands; the ownership record is the first of the log."""
        return len(self.records)

    def told_at(self, offset: int) -> Any:  # noqa: ANN401 - data of any facts
        """Give what the record that stands there tells: its answer and its facts."""
        record: Any = decode_seats_record(self.records[offset - 1])
        return record.data

    def then_accepted(self) -> Self:
        """Expect that the last command was done."""
        assert isinstance(self.last.answer, Accepted), self.last.answer
        return self

    def then_rejected(self, why: Rejection, *obstacles: tuple[str, Rejection]) -> Self:
        """Expect a refusal and, if any are named, exactly these objects in the way."""
        answer = self.last.answer
        assert isinstance(answer, Rejected), answer
        assert answer.code == why.code, answer
        if obstacles:
            named = [(obstacle.label, obstacle.code) for obstacle in answer.obstacles]
            assert named == [(label, reason.code) for label, reason in obstacles]
        return self

    @property
    def refusal(self) -> Rejected:
        """The last answer, which must be a refusal."""
        assert isinstance(self.last.answer, Rejected), self.last.answer
        return self.last.answer


def _assert_answer_sound(decision: Decision[Any]) -> None:
    answer = decision.answer
    if isinstance(answer, Rejected):
        assert not decision.facts, "a refused command changes nothing"
        reasons = [BY_CODE[obstacle.code] for obstacle in answer.obstacles]
        if reasons:
            foremost = min(reasons, key=lambda reason: reason.precedence)
            assert answer.code == foremost.code, answer
    if isinstance(answer, Accepted) and answer.repeat:
        assert not decision.facts, "a repeat changes nothing"


class SeatsScenario(_Played):
    """One seats owner with the theatre's matinee, and its twin."""

    def __init__(self, *events: GroupsFact) -> None:
        super().__init__()
        self.machine = SeatsMachine(PARTITION, INVENTORIES)
        self.state = self.machine.initial()
        self.twin = self.machine.initial()
        self.expired: list[list[Any]] = []
        """The facts of each record that time alone brought since the last command."""
        self.replaced: set[int] = set()
        """The events whose inventory was replaced."""
        self.answers: list[Any] = []
        """The answers, of all records, to who has waited or not."""
        self._play(ApplyDecision(events or (factories.event_created(),)))

    def at(self, now: int) -> Self:
        """Let time pass until then; what is due expires."""
        assert now >= self.now, "time never runs backwards"
        self.now = now
        self.expired = []
        self._expire()
        return self

    def after(self, duration_ms: int) -> Self:
        """Let this much time pass."""
        return self.at(self.now + duration_ms)

    def given(self, *causes: SeatsCause | Sequence[GroupsFact] | str) -> Self:
        """Let things happen that must all be accepted: causes, coordinators' facts, pictures."""
        for cause in causes:
            if isinstance(cause, str):
                self._paint(cause)
                continue
            self.when(cause)
            assert not isinstance(self.last.answer, Rejected), self.last.answer
        return self

    def when(self, cause: SeatsCause | Sequence[GroupsFact]) -> Self:
        """Let one thing happen; the expectations that follow are about it."""
        if isinstance(cause, (ApplyDecision, ExpireHold, TakeUp, GiveUp)):
            self.last = self._play(cause)
        elif isinstance(cause, SeatsCommand):
            self.last = self._play(commands.decode_seats_command(commands.encode(cause)))
        else:
            self.last = self._play(ApplyDecision(tuple(cause)))
        return self

    def event(self, event: int = MATINEE) -> EventState:
        """Give the live state of an event."""
        return self.state.events[event]

    def object(self, label: str, event: int = MATINEE) -> ObjectState:
        """Give the live state of an object."""
        return self.event(event).objects.get(label, ObjectState())

    def area(self, label: str = "GA", event: int = MATINEE) -> AreaCounts:
        """Give the counts of an area."""
        return self.object(label, event).area or AreaCounts()

    def area_holds(self, label: str = "GA", event: int = MATINEE) -> dict[str, dict[str, int]]:
        """Give what each token holds of an area."""
        holds = self.event(event).area_holds.items()
        return {token: places.by_type for (area, token), places in holds if area == label}

    @property
    def changes(self) -> list[StatusChanged]:
        """The status changes of the last command."""
        return [fact for fact in self.last.facts if isinstance(fact, StatusChanged)]

    def then_seats(self, picture: str, event: int = MATINEE) -> Self:
        """Expect the rows of a picture to look like it."""
        rows = [row for row, _ in lines(picture)]
        assert draw(self.event(event), rows) == tidy(picture)
        return self

    def then_area(
        self,
        label: str = "GA",
        *,
        taken: dict[str, int] | None = None,
        held: dict[str, dict[str, int]] | None = None,
        event: int = MATINEE,
    ) -> Self:
        """Expect these counts, and no others."""
        assert self.area(label, event).taken == (taken or {})
        assert self.area_holds(label, event) == (held or {})
        return self

    def then_untouched(self, *labels: str, event: int = MATINEE) -> Self:
        """Expect that an event keeps nothing about these objects."""
        assert not set(labels) & set(self.event(event).objects)
        return self

    def _paint(self, picture: str) -> None:
        for label, status in seats_of(picture):
            if status != FREE:
                holder = ALICE if status == HELD else None
                asked: Change = factories.change(status, label, by=holder)
                self.given(factories.command(asked))

    def _expire(self) -> None:
        while (due := self.machine.due(self.state, self.now)) is not None:
            self.expired.append(self._play(due).facts)

    def _play(self, cause: SeatsCause) -> Decision[SeatsFact]:
        before = photograph(self.state)
        asked = self.asked(cause)
        decision = self.machine.decide(self.state, cause, self.now, asked)
        assert self.machine.decide(self.state, cause, self.now, asked) == decision
        assert photograph(self.state) == before, "decide has changed the state"
        _assert_answer_sound(decision)
        self._assert_numbered(decision)
        for fact in decision.facts:
            self.machine.evolve(self.state, fact)
        self._fold(self.record(decision, "", cause))
        if decision.answer is not None:
            self.answers.append(decision.answer)
        return decision

    def _assert_numbered(self, decision: Decision[SeatsFact]) -> None:
        last = {event.id: event.last_seq for event in self.state.events.values()}
        for fact in decision.facts:
            if isinstance(fact, StatusChanged):
                assert fact.seq == last[fact.event] + 1, "a status change without its number"
                last[fact.event] = fact.seq

    def _fold(self, record: bytes) -> None:
        decoded = decode_seats_record(record)
        assert not isinstance(decoded, OwnershipTaken)
        for fact in decoded.data.facts:
            self.machine.evolve(self.twin, fact)
            if isinstance(fact, EventUpdated) and fact.inventory is not None:
                self.replaced.add(fact.event)
        for state in (self.state, self.twin):
            self.machine.conclude(state, decoded.data)
        assert self.machine.digest(self.twin) == self.machine.digest(self.state)
        assert photograph(self.twin) == photograph(self.state), "the log tells another story"
        assert_sound(self.state, self.replaced)


class GroupsScenario(_Played):
    """One coordinator, and its twin."""

    def __init__(self, partition: int = 1, events_partitions: int = 4) -> None:
        super().__init__()
        self.machine = GroupsMachine(partition, events_partitions)
        self.state = self.machine.initial()
        self.twin = self.machine.initial()

    def after(self, duration_ms: int) -> Self:
        """Let this much time pass."""
        self.now += duration_ms
        return self

    def given(self, *causes: GroupsCommand) -> Self:
        """Let commands happen that must all be accepted."""
        for cause in causes:
            self.when(cause).then_accepted()
        return self

    def when(self, cause: GroupsCommand) -> Self:
        """Let one command happen; the expectations that follow are about it."""
        cause = commands.decode_groups_command(commands.encode(cause))
        before = self._photograph(self.state)
        decision = self.machine.decide(self.state, cause, self.now)
        assert self.machine.decide(self.state, cause, self.now) == decision
        assert self._photograph(self.state) == before, "decide has changed the state"
        _assert_answer_sound(decision)
        for fact in decision.facts:
            self.machine.evolve(self.state, fact)
        self._fold(self.record(decision, self.machine.digest(self.state), cause))
        self.last = decision
        return self

    def _fold(self, record: bytes) -> None:
        decoded = decode_groups_record(record)
        assert not isinstance(decoded, OwnershipTaken)
        for fact in decoded.data.facts:
            self.machine.evolve(self.twin, fact)
        for state in (self.state, self.twin):
            self.machine.conclude(state, decoded.data)
        assert self.machine.digest(self.twin) == self.machine.digest(self.state)
        assert self._photograph(self.twin) == self._photograph(self.state)

    def _photograph(self, state: Any) -> dict[str, Any]:  # noqa: ANN401
        directory = state.directory
        return {
            "now": state.now,
            "created": state.events_created,
            "digest": directory.digest_sum,
            "by key": dict(directory._by_key),
            "by id": dict(directory._by_id),
            "in season": {top: list(ids) for top, ids in directory._in_season.items()},
            "holds": dict(directory._holds),
            "answers": dict(state.answers._by_command),
            "in order": list(state.answers._in_order),
        }
