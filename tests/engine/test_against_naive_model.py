"""The seats machine and a coordinator against a naive model, with whatever hypothesis thinks of.

Every step goes through the scenarios, so each is also replayed by a twin and checked for soundness;
here the outcome is compared with the model's, and after each step everything there is to see.
"""

from collections import Counter, deque
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from engine.charts.inventory import SeatMap
from schemas.commands import (
    Change,
    ChangeBestAvailable,
    Hold,
    Idempotency,
    ObjectChange,
    SeatsCommand,
    Wish,
)
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    NO_TICKET_TYPE,
    EventCreated,
    EventDeleted,
    EventUpdated,
    GroupsFact,
    HoldDeadlineSet,
    StatusChanged,
)
from schemas.outbox import Accepted
from schemas.rejections import Rejected
from schemas.selling import Selling, TableBooking
from tests.engine.best_available.oracle import Offered, Oracle
from tests.engine.factories import (
    ANOTHER_WORKSPACE,
    CALLER,
    CAPACITY,
    HOUR,
    MATINEE,
    MINUTE,
    NOON,
    SECOND,
    THEATRE,
    WORKSPACE,
    change,
    command,
    create,
    delete,
    event_created,
    places,
    set_deadline,
    update,
    update_extra_data,
)
from tests.engine.naive_model import Changed, Office, Outcome, signed_deadlines
from tests.engine.naive_show import Place, Show, Thing
from tests.engine.scenario import GroupsScenario, SeatsScenario
from tests.engine.strategies import (
    ANY,
    AREA_ITEMS,
    AT_TABLES,
    CHANGES,
    EXTRA_DATA,
    IDEMPOTENCY,
    ITEMS,
    KEYS,
    SEATS,
    SOME_SEATS,
    TABLE_BOOKING,
    TICKET_TYPES,
    WISHES,
)

T = TypeVar("T")

pytestmark = pytest.mark.timeout(300)
"""10,000 steps: 15 s on a machine of its own."""


class TicketOffices(RuleBasedStateMachine):
    """The engine's office and the naive one, open side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.engine = SeatsScenario(event_created(key="first"))
        self.coordinator = GroupsScenario(events_partitions=1)
        self.office = Office(_choose)
        self.office.now = NOON
        self.office.shows = {MATINEE: _show(WORKSPACE, "first")}
        self.tokens = [Hold("t0", NOON + 10 * MINUTE), Hold("t1", NOON + 20 * MINUTE)]
        self.decisions: deque[GroupsFact] = deque()
        self.known_commands: list[SeatsCommand] = []

    # -- steps

    @rule(duration=st.sampled_from([SECOND, MINUTE, 15 * MINUTE, 2 * HOUR, 2 * HOUR + 2 * MINUTE]))
    def sign_a_token(self, duration: int) -> None:
        """Let another fan begin to choose."""
        name = f"t{len(self.tokens)}"
        self.tokens.append(Hold(name, self.engine.now + duration))

    @rule(changes=st.lists(CHANGES, min_size=1, max_size=3), idempotency=IDEMPOTENCY)
    def change(
        self, changes: list[tuple[int, int, Change]], idempotency: Idempotency | None
    ) -> None:
        """Change statuses, of several events in one command as well."""
        asked = [self._with_names(*change) for change in changes]
        workspace = self._workspace(asked[0].event, mistaken=changes[0][0] % 10 == 9)
        self._send(command(*asked, workspace=workspace, idempotency=idempotency))

    @rule(changes=CHANGES)
    def change_one(self, changes: tuple[int, int, Change]) -> None:
        """Change statuses the way most people do: few objects of one event."""
        asked = self._with_names(*changes)
        self._send(command(asked, workspace=self._workspace(asked.event)))

    @rule(event=ANY, token=ANY, seats=SOME_SEATS, status=st.sampled_from([HELD, HELD, BOOKED]))
    def take_seats(self, event: int, token: int, seats: list[str], status: str) -> None:
        """Hold seats, or book them with the token that may hold them."""
        asked = change(status, *seats, event=self._event(event), by=self._token(token))
        self._send(command(asked, workspace=self._workspace(asked.event)))

    @rule(token=ANY, seats=SOME_SEATS, status=st.sampled_from([HELD, BOOKED, FREE]))
    def take_the_same_seats_everywhere(self, token: int, seats: list[str], status: str) -> None:
        """Change the same seats in all events of a workspace, or give them back in all."""
        hold = None if status == FREE else self._token(token)
        asked = [
            change(status, *seats, event=number, by=hold)
            for number, show in self.office.shows.items()
            if show.workspace == WORKSPACE
        ]
        self._send(command(*asked))

    @rule(
        event=ANY,
        token=ANY,
        wish=WISHES,
        status=st.sampled_from([HELD, BOOKED, BOOKED]),
        ticket_types=st.lists(TICKET_TYPES, max_size=3),
        extra_data=st.lists(EXTRA_DATA, max_size=2),
        idempotency=IDEMPOTENCY,
    )
    def take_the_best(self, event: int, token: int, **asked: Any) -> None:  # noqa: ANN401
        """Leave the choice to the office."""
        number = self._event(event)
        hold = None if token % 4 == 0 else self._token(token)
        workspace = self._workspace(number)
        self._send(
            ChangeBestAvailable(
                workspace=workspace, event=number, hold=hold, origin=CALLER, **asked
            )
        )

    @rule(event=ANY, items=st.lists(ITEMS | AREA_ITEMS, min_size=1, max_size=2))
    def give_back(self, event: int, items: list[ObjectChange]) -> None:
        """Free what somebody has."""
        asked = change(FREE, *items, event=self._event(event))
        self._send(command(asked, workspace=self._workspace(asked.event)))

    @rule(event=ANY, token=ANY, quantity=st.integers(1, 4), ticket_type=TICKET_TYPES)
    def hold_places(self, event: int, token: int, quantity: int, ticket_type: str | None) -> None:
        """Hold places of an area."""
        item = places("GA", quantity, ticket_type)
        asked = change(HELD, item, event=self._event(event), by=self._token(token))
        self._send(command(asked, workspace=self._workspace(asked.event)))

    @rule(
        event=ANY,
        label=st.sampled_from([*SEATS, *AT_TABLES, "GA", "Z-9"]),
        extra_data=EXTRA_DATA,
        idempotency=IDEMPOTENCY,
    )
    def say_more(
        self,
        event: int,
        label: str,
        extra_data: dict[str, Any] | None,
        idempotency: Idempotency | None,
    ) -> None:
        """Replace the extra data of an object."""
        number = self._event(event)
        workspace = self._workspace(number)
        self._send(update_extra_data(number, workspace, idempotency, **{label: extra_data}))

    @rule(which=ANY, other_request=st.sampled_from([False, False, True]))
    def repeat(self, which: int, *, other_request: bool) -> None:
        """Send an earlier command again, or another one under its key."""
        if not self.known_commands:
            return
        again = _pick(self.known_commands, which)
        if other_request:
            again = msgspec.structs.replace(
                again, idempotency=Idempotency(_id(again), "another print")
            )
        self._send(again)

    @rule(duration=st.sampled_from([0, 1, SECOND, MINUTE, 5 * MINUTE, 16 * MINUTE, HOUR]))
    def let_time_pass(self, duration: int) -> None:
        """Let the clock run."""
        self._pass_time(self.engine.now + duration)

    @rule(which=ANY, off=st.sampled_from([-1, 0, 0, 1]))
    def let_time_pass_until_a_deadline(self, which: int, off: int) -> None:
        """Let the clock run to the instant at which a token ends, or next to it."""
        token = _pick(self.tokens, which)
        ends_at = self.office.ends_at(token.token, token.expires_at) + off
        self._pass_time(max(self.engine.now, ends_at))

    @rule(which=ANY, duration=st.sampled_from([0, 0, SECOND, 10 * MINUTE, 2 * HOUR, 3 * HOUR]))
    def ask_for_another_deadline(self, which: int, duration: int) -> None:
        """Extend a token, or end it; owners hear of it later."""
        self.coordinator.when(set_deadline(_pick(self.tokens, which), duration))
        self._note_decisions()

    @rule(key=st.sampled_from(KEYS), workspace=st.sampled_from([WORKSPACE, ANOTHER_WORKSPACE]))
    def create_event(self, key: str, workspace: str) -> None:
        """Create an event, if its key is free."""
        self.coordinator.when(create(key, workspace=workspace))
        self._note_decisions()

    @rule(key=st.sampled_from(KEYS), new_key=st.sampled_from([None, *KEYS]))
    def rename_event(self, key: str, new_key: str | None) -> None:
        """Rename an event, if there is one."""
        self.coordinator.when(update(key, new_key=new_key))
        self._note_decisions()

    @rule(key=st.sampled_from(KEYS), tables=TABLE_BOOKING)
    def sell_tables_otherwise(self, key: str, tables: TableBooking) -> None:
        """Change which tables an event sells as wholes, if there is one."""
        self.coordinator.when(update(key, tables=tables))
        self._note_decisions()

    @rule(key=st.sampled_from(KEYS))
    def delete_event(self, key: str) -> None:
        """Delete an event, if there is one."""
        self.coordinator.when(delete(key))
        self._note_decisions()

    @rule()
    def apply_decisions(self) -> None:
        """Let the owner read all that the coordinator has decided."""
        while self.decisions:
            self._apply(self.decisions.popleft())

    # -- what must be the same

    @invariant()
    def everything_there_is_to_see_is_the_same(self) -> None:
        """Compare each object of each event."""
        assert set(self.engine.state.events) == set(self.office.shows)
        for number, show in self.office.shows.items():
            event = self.engine.event(number)
            assert (event.workspace, event.key) == (show.workspace, show.key)
            assert event.last_seq == show.changes
            assert set(event.objects) <= set(show.things)
            for label, thing in show.things.items():
                self._compare(number, label, thing)

    def _compare(self, event: int, label: str, thing: Thing) -> None:
        seen = self.engine.object(label, event)
        assert seen.status == thing.status, label
        assert seen.order_id == thing.order_id, label
        assert seen.ticket_type == thing.ticket_type, label
        assert seen.extra_data == thing.extra_data, label
        if not thing.is_area:
            assert seen.hold_token == thing.places[0].token, label
            return
        area = self.engine.area(label, event)
        taken = Counter(p.status for p in thing.places if p.status not in (FREE, HELD))
        assert area.taken == dict(taken), label
        held: dict[str, Counter[str]] = {}
        for place in thing.places:
            if place.token is not None:
                kinds = held.setdefault(place.token, Counter())
                kinds[place.ticket_type or NO_TICKET_TYPE] += 1
        assert area.held == sum(kinds.total() for kinds in held.values()), label
        assert self.engine.area_holds(label, event) == held, label

    # -- how a step is taken in both offices

    def _with_names(self, event: int, token: int, asked: Change) -> Change:
        nobody = token % 4 == 0 and asked.status != HELD
        hold = None if nobody or token == 42 else self._token(token)
        return msgspec.structs.replace(asked, event=self._event(event), hold=hold)

    def _event(self, which: int) -> int:
        return 999 if which == 13 else _pick(list(self.office.shows), which)

    def _workspace(self, event: int, *, mistaken: bool = False) -> str:
        show = self.office.shows.get(event)
        workspace = show.workspace if show else WORKSPACE
        others = {WORKSPACE: ANOTHER_WORKSPACE, ANOTHER_WORKSPACE: WORKSPACE}
        return others[workspace] if mistaken else workspace

    def _token(self, which: int) -> Hold:
        """Pick a token, as a rule one that has not ended."""
        if which % 10 == 9:
            return _pick(self.tokens, which)
        good = [token for token in self.tokens if self._is_good(token)]
        if not good:
            self.sign_a_token(15 * MINUTE)
            good = self.tokens[-1:]
        return _pick(good, which)

    def _is_good(self, token: Hold) -> bool:
        ends_at = self.office.ends_at(token.token, token.expires_at)
        return self.engine.now < ends_at < self.engine.now + 2 * HOUR

    def _send(self, asked: SeatsCommand) -> None:
        if asked.idempotency is not None:
            self.known_commands.append(asked)
        self._pass_time(self.engine.now)
        before = self.engine.state.digest()
        outcome = self.office.do(asked)
        answer = self.engine.when(asked).last.answer
        assert answer is not None
        first = None
        if answer.first_offset is not None:
            first = self.engine.told_at(answer.first_offset)
        facts = self.engine.last.facts if first is None else first.facts
        changed = [fact for fact in facts if isinstance(fact, StatusChanged)]
        assert all(fact.origin == CALLER for fact in changed)
        if answer.repeat or isinstance(answer, Rejected):
            assert self.engine.state.digest() == before, "a refusal, or a repeat, changes nothing"
        assert answer.repeat == outcome.repeat
        if isinstance(answer, Rejected):
            _assert_refused_alike(answer if first is None else first.answer, outcome)
            return
        assert isinstance(answer, Accepted)
        assert outcome.reason is None, outcome
        assert [_told(fact) for fact in changed] == outcome.changed

    def _pass_time(self, now: int) -> None:
        self.coordinator.now = now
        self.engine.at(now)
        freed = [
            _told(fact)
            for facts in self.engine.expired
            for fact in facts
            if isinstance(fact, StatusChanged)
        ]
        expected = self.office.let_time_pass(now, signed_deadlines(self.tokens))
        # The order in which holds end is the engine's own; the numbers are the same all the same.
        assert sorted(change._replace(number=0) for change in freed) == sorted(
            change._replace(number=0) for change in expected
        )
        numbers = [(change.event, change.number) for change in freed]
        assert sorted(numbers) == sorted((change.event, change.number) for change in expected)

    def _note_decisions(self) -> None:
        self.decisions.extend(self.coordinator.last.facts)

    def _apply(self, fact: GroupsFact) -> None:
        self.engine.when([fact])
        assert self.engine.last.answer is None
        match fact:
            case EventCreated():
                assert fact.event not in self.office.shows
                self.office.shows[fact.event] = _show(fact.workspace, fact.key)
            case EventUpdated():
                show = self.office.shows[fact.event]
                show.key, show.whole = fact.key, sold_whole(fact.selling, show.whole)
            case EventDeleted():
                del self.office.shows[fact.event]
            case HoldDeadlineSet():
                ends_at = self.office.hear_of_deadline(
                    fact.token, fact.expires_at, fact.previous_expires_at
                )
                [applied] = self.engine.last.facts
                # Of a token that has long ended, the engine may have forgotten when.
                now = self.engine.now
                assert max(applied.expires_at, now) == max(ends_at, now)
        self._pass_time(self.engine.now)


def _assert_refused_alike(answer: Rejected, outcome: Outcome) -> None:
    assert answer.code == outcome.reason
    named = [
        (each.event, each.label, each.code, each.requested_status) for each in answer.obstacles
    ]
    assert named == [tuple(each) for each in outcome.obstacles]


def _told(fact: StatusChanged) -> Changed:
    return Changed(
        fact.event, fact.seq, fact.label, fact.previous_status, fact.status, fact.quantity
    )


def _pick(choices: list[T], which: int) -> T:
    """Pick one; the newest ones with the smallest numbers."""
    return choices[-1 - which % len(choices)]


def _choose(free: dict[str, int], wish: Wish) -> list[str] | None:
    there = frozenset(label for label, count in free.items() if count)
    choice = Oracle(SeatMap(THEATRE), Offered(there, there, free.__getitem__), wish).choose()
    return choice and choice.labels


def _id(asked: SeatsCommand) -> str:
    assert asked.idempotency is not None
    return asked.idempotency.command_id


def _show(workspace: str, key: str) -> Show:
    things = {label: Thing(is_area=False, places=[Place()]) for label in SeatMap(THEATRE).labels}
    things["GA"] = Thing(is_area=True, places=[Place() for _ in range(CAPACITY)])
    return Show(workspace, key, things, tables_of_the_theatre(), {"T2"})


def tables_of_the_theatre() -> dict[str, list[str]]:
    return {table: [f"{table}-1", f"{table}-2"] for table in ("T1", "T2")}


def sold_whole(selling: Selling | None, before: set[str]) -> set[str]:
    """Name the tables that an event sells as wholes after an update."""
    if selling is None or selling.tables is None:
        return before
    by_label = {"T1": "by_seat", "T2": "by_table", **selling.tables.by_label}
    modes = {"all_by_seat": set[str](), "all_by_table": {"T1", "T2"}, "inherit": {"T2"}}
    custom = {label for label, sold_as in by_label.items() if sold_as == "by_table"}
    return modes.get(selling.tables.mode, custom)


TestTicketOffices = TicketOffices.TestCase
TestTicketOffices.settings = settings(
    max_examples=200,
    stateful_step_count=50,
    deadline=None,
    # Not Phase.explain: it traces every line, which takes minutes here.
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow],
)
