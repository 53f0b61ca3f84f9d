"""The engine's office and the naive one, side by side: a step in one is a step in the other.

Every step goes through the scenarios, so each is also replayed by a twin and checked for soundness;
here the outcome is compared with the model's, and on demand everything there is to see.
"""

from collections import Counter, deque

from engine.charts.inventory import SeatMap
from schemas.commands import GroupsCommand, Hold, SeatsCommand, Wish
from schemas.facts import (
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
from schemas.selling import Selling
from tests.engine.best_available.oracle import Offered, Oracle
from tests.engine.factories import (
    CALLER,
    CAPACITY,
    MATINEE,
    MINUTE,
    NOON,
    THEATRE,
    WORKSPACE,
    event_created,
)
from tests.engine.naive_model import Changed, Office, Outcome, signed_deadlines
from tests.engine.naive_show import Place, Show, Thing
from tests.engine.scenario import GroupsScenario, SeatsScenario


class BothOffices:
    """One partition's owner with its coordinator, and the naive office that knows what is right."""

    def __init__(self) -> None:
        self.engine = SeatsScenario(event_created(key="first"))
        self.coordinator = GroupsScenario(events_partitions=1)
        self.office = Office(_choose)
        self.office.now = NOON
        self.office.shows = {MATINEE: _show(WORKSPACE, "first")}
        self.tokens = [Hold("t0", NOON + 10 * MINUTE), Hold("t1", NOON + 20 * MINUTE)]
        """All that were ever signed."""
        self.decisions: deque[GroupsFact] = deque()
        """Of the coordinator, which the owner has not read yet."""

    def do(self, asked: SeatsCommand) -> None:
        """Let both do a command or refuse it, for the same reason."""
        self.let_time_pass(self.engine.now)
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

    def let_time_pass(self, now: int) -> None:
        """Let the clock run; the same holds end."""
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

    def decide(self, asked: GroupsCommand) -> None:
        """Let the coordinator decide; the owner reads of it later."""
        self.coordinator.when(asked)
        self.decisions.extend(self.coordinator.last.facts)

    def apply_decisions(self) -> None:
        """Let the owner read all that the coordinator has decided."""
        while self.decisions:
            self._apply(self.decisions.popleft())

    def _apply(self, fact: GroupsFact) -> None:
        self.engine.when([fact])
        assert self.engine.last.answer is None
        match fact:
            case EventCreated():
                assert fact.event not in self.office.shows
                self.office.shows[fact.event] = _show(fact.workspace, fact.key)
            case EventUpdated():
                show = self.office.shows[fact.event]
                show.key, show.whole = fact.key, _sold_whole(fact.selling, show.whole)
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
        self.let_time_pass(self.engine.now)

    def assert_the_same(self) -> None:
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


def _choose(free: dict[str, int], wish: Wish) -> list[str] | None:
    there = frozenset(label for label, count in free.items() if count)
    choice = Oracle(SeatMap(THEATRE), Offered(there, there, free.__getitem__), wish).choose()
    return choice and choice.labels


def _show(workspace: str, key: str) -> Show:
    things = {label: Thing(is_area=False, places=[Place()]) for label in SeatMap(THEATRE).labels}
    things["GA"] = Thing(is_area=True, places=[Place() for _ in range(CAPACITY)])
    return Show(workspace, key, things, _tables_of_the_theatre(), {"T2"})


def _tables_of_the_theatre() -> dict[str, list[str]]:
    return {table: [f"{table}-1", f"{table}-2"] for table in ("T1", "T2")}


def _sold_whole(selling: Selling | None, before: set[str]) -> set[str]:
    """Name the tables that an event sells as wholes after an update."""
    if selling is None or selling.tables is None:
        return before
    by_label = {"T1": "by_seat", "T2": "by_table", **selling.tables.by_label}
    modes = {"all_by_seat": set[str](), "all_by_table": {"T1", "T2"}, "inherit": {"T2"}}
    custom = {label for label, sold_as in by_label.items() if sold_as == "by_table"}
    return modes.get(selling.tables.mode, custom)
