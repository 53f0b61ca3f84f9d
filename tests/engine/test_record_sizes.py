"""A record fits an append, whatever was asked before: nothing that was accepted stops an owner."""

import msgspec
import pytest

from api.limits import label_characters_max
from engine.machine import Decision
from engine.seats.areas import statuses_bytes_max, statuses_per_area_max
from engine.seats.changes import facts_bytes_max
from engine.seats.expiry import expiries_bytes_max
from engine.seats.machine import (
    ApplyDecision,
    ExpireHold,
    SeatsCause,
    SeatsMachine,
)
from engine.seats.state import SeatsState
from schemas.commands import Hold, ObjectChange, Origin
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    NO_TICKET_TYPE,
    AreaCounts,
    GroupRefused,
    HoldExpired,
    SeatsFact,
    StatusChanged,
)
from schemas.rejections import Rejected, Rejection
from schemas.selling import Selling
from tests.engine.factories import (
    ALICE,
    BARN,
    INVENTORIES,
    MATINEE,
    MINUTE,
    NOON,
    PARTITION,
    book,
    change,
    channel,
    command,
    event_created,
    event_sold,
    hold,
    places,
)
from tests.engine.invariants import assert_sound
from tests.engine.scenario import SeatsScenario
from tests.engine.test_reservations import begun
from workers.ledger import record_bytes_max


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.seats.changes.facts_bytes_max", 2_000)
    monkeypatch.setattr("engine.seats.expiry.expiries_bytes_max", 400)


@pytest.mark.usefixtures("small")
def test_a_change_that_would_tell_too_much_extra_data_again_is_refused_at_once() -> None:
    large = {"text": "x" * 700}
    scenario = SeatsScenario()
    for label in ("A-1", "A-2", "A-3"):
        scenario.given(command(change(HELD, ObjectChange(label=label, extra_data=large), by=ALICE)))
    keeping = command(change(BOOKED, "A-1", "A-2", "A-3", by=ALICE, keep_extra_data=True))
    scenario.when(keeping).then_rejected(Rejection.COMMAND_TOO_LARGE)
    scenario.when(book("A-1", "A-2", "A-3", by=ALICE)).then_accepted()


def test_a_change_that_would_tell_of_too_many_ticket_types_again_and_again_is_refused() -> None:
    owner = _BareOwner()
    kinds = [f"{number:03} {'x' * 250}" for number in range(400)]
    for kind in kinds:
        assert owner.do(hold(places("Floor", 1, kind), by=ALICE))
    booking = change(BOOKED, *(places("Floor", 1, kind) for kind in kinds[:100]), by=ALICE)
    assert _refusal(owner.decide(command(booking)).answer) == Rejection.COMMAND_TOO_LARGE.code
    [spoken] = owner.do(ApplyDecision(tuple(begun(booking))))
    assert isinstance(spoken, GroupRefused)
    assert spoken.refusal.code == Rejection.COMMAND_TOO_LARGE.code
    few = change(BOOKED, *(places("Floor", 1, kind) for kind in kinds[:3]), by=ALICE)
    assert len(owner.do(command(few))) == 3


def test_what_an_area_tells_of_channels_that_there_are_no_more_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scenario = SeatsScenario().given([event_sold(Selling(channels=[channel("a", GA=1)]))])
    scenario.given(book(places("GA", 1), channels=["a"]), [event_sold(Selling())])
    monkeypatch.setattr("engine.seats.changes.facts_bytes_max", statuses_bytes_max + 1_000)
    scenario.when(book(places("GA", 1))).then_rejected(Rejection.COMMAND_TOO_LARGE)


def test_a_part_counts_the_channels_that_an_area_may_tell_of_when_it_is_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.seats.changes.facts_bytes_max", statuses_bytes_max + 1_000)
    scenario = SeatsScenario().when(begun(change(BOOKED, places("GA", 1))))
    assert isinstance(scenario.last.facts[0], GroupRefused)
    scenario.when(book(places("GA", 1))).then_accepted()


@pytest.mark.usefixtures("small")
def test_an_expiry_is_cut_by_size_and_goes_on_until_everything_is_free() -> None:
    scenario = SeatsScenario().given(hold(*(f"A-{seat}" for seat in range(1, 6)), by=ALICE))
    told = scenario.at(ALICE.expires_at).expired
    assert len(told) > 1
    assert all(facts for facts in told)
    freed = [fact.label for facts in told for fact in facts if isinstance(fact, StatusChanged)]
    assert freed == ["A-1", "A-2", "A-3", "A-4", "A-5"]
    assert told[-1][-1] == HoldExpired(token=ALICE.token)
    scenario.then_seats("A  . . . . .")


def test_the_bounds_leave_room_for_one_more_fact() -> None:
    status_bytes_max = 6 * label_characters_max + len('"":,') + len(str(2**63))
    area_bytes_max = statuses_per_area_max * status_bytes_max
    assert expiries_bytes_max + area_bytes_max < record_bytes_max
    assert facts_bytes_max + 100 * 1024 < record_bytes_max


def _refusal(answer: object) -> str | None:
    return answer.code if isinstance(answer, Rejected) else None


class _BareOwner:
    """A machine without a scenario, which looks at its whole state at each step."""

    def __init__(self) -> None:
        self.machine = SeatsMachine(PARTITION, INVENTORIES)
        self.state: SeatsState = self.machine.initial()
        self.do(ApplyDecision((event_created(venue=BARN),)))

    def decide(self, cause: SeatsCause) -> Decision[SeatsFact]:
        return self.machine.decide(self.state, cause, NOON)

    def do(self, cause: SeatsCause) -> list[SeatsFact]:
        decision = self.decide(cause)
        for fact in decision.facts:
            self.machine.evolve(self.state, fact)
        return decision.facts


def test_a_fact_about_an_area_is_as_large_with_10_000_holders_as_with_one() -> None:
    owner = _BareOwner()
    tokens = [Hold(f"token{number:05}", NOON + MINUTE) for number in range(10_000)]
    told = [owner.do(hold(places("Floor", 2), by=token)) for token in tokens]
    assert owner.state.events[MATINEE].objects["Floor"].area == AreaCounts(held=20_000)
    assert [len(facts) for facts in told] == [1] * len(tokens)
    [first], [last] = told[0], told[-1]
    assert isinstance(first, StatusChanged)
    same = {
        "seq": len(tokens),
        "hold_token": tokens[-1].token,
        "area": AreaCounts(held=20_000, own={NO_TICKET_TYPE: 2}),
    }
    assert last == msgspec.structs.replace(first, **same)

    [booked] = owner.do(book(places("Floor", 2), by=tokens[5_000]))
    assert isinstance(booked, StatusChanged)
    assert booked.area == AreaCounts(taken={BOOKED: 2}, held=19_998)
    assert owner.do(ExpireHold(tokens[7].token)) == [
        StatusChanged(
            event=MATINEE,
            seq=len(tokens) + 2,
            label="Floor",
            status=FREE,
            previous_status=HELD,
            quantity=2,
            hold_token=tokens[7].token,
            origin=Origin(type="HOLD_EXPIRED"),
            area=AreaCounts(taken={BOOKED: 2}, held=19_996),
        ),
        HoldExpired(token=tokens[7].token),
    ]
    assert_sound(owner.state)
