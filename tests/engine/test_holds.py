"""Holds end at their deadline, and deadlines move only as the coordinator says."""

from time import process_time

import msgspec
import pytest

from engine.seats.expiry import expiries_per_record_max
from engine.seats.machine import ExpireHold
from schemas.commands import Hold, Origin
from schemas.facts import BOOKED, FREE, HELD, HoldDeadlineSet, HoldExpired, StatusChanged
from schemas.rejections import Rejection
from tests.engine.factories import (
    ALICE,
    BARN,
    BOB,
    CAROL,
    EVENING,
    HOUR,
    MATINEE,
    MINUTE,
    NOON,
    book,
    change,
    command,
    deadline_set,
    event_created,
    event_deleted,
    hold,
    places,
    release,
)
from tests.engine.scenario import SeatsScenario


def test_a_hold_ends_at_its_deadline_exactly() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE))
    scenario.at(ALICE.expires_at - 1).then_seats("A  h . . . .")
    scenario.at(ALICE.expires_at).then_seats("A  . . . . .")


def test_a_booking_in_the_last_millisecond_is_in_time() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE))
    scenario.at(ALICE.expires_at - 1).given(book("A-1", by=ALICE))
    scenario.at(ALICE.expires_at).then_seats("A  x . . . .")


@pytest.mark.parametrize("status", [BOOKED, HELD, FREE])
def test_at_its_deadline_a_token_is_good_for_nothing(status: str) -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE)).at(ALICE.expires_at)
    scenario.when(command(change(status, "A-1", by=ALICE)))
    scenario.then_rejected(Rejection.HOLD_TOKEN_EXPIRED)
    assert scenario.refusal.detail == ALICE.token


def test_at_the_deadline_another_may_have_the_seat() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE))
    scenario.at(ALICE.expires_at).given(hold("A-1", by=CAROL)).then_seats("A  h . . . .")


def test_an_ended_hold_is_told_as_numbered_status_changes_and_its_end() -> None:
    scenario = SeatsScenario().given(hold("A-2", "A-1", by=ALICE)).at(ALICE.expires_at)
    freed = StatusChanged(
        event=MATINEE,
        seq=3,
        label="A-2",
        status=FREE,
        previous_status=HELD,
        hold_token="alice",
        origin=Origin(type="HOLD_EXPIRED"),
    )
    and_freed = msgspec.structs.replace(freed, seq=4, label="A-1")
    assert scenario.expired == [[freed, and_freed, HoldExpired(token="alice")]]


def test_a_hold_ends_in_all_events_at_once() -> None:
    scenario = SeatsScenario(event_created(), event_created(EVENING, "evening"))
    scenario.given(
        command(
            change(HELD, "A-1", "A-2", places("GA", 2), by=ALICE),
            change(HELD, "A-3", event=EVENING, by=ALICE),
        )
    )
    scenario.at(ALICE.expires_at)
    scenario.then_untouched("A-1", "A-2", "GA").then_untouched("A-3", event=EVENING)
    [facts] = scenario.expired
    assert len(facts) == 5


def test_what_was_booked_or_released_before_the_deadline_is_left_alone() -> None:
    scenario = SeatsScenario().given(
        hold("A-1", "A-2", "A-3", by=ALICE),
        book("A-1", by=ALICE),
        release("A-2", by=ALICE),
        hold("A-2", by=CAROL),
        book("A-4"),
    )
    scenario.at(ALICE.expires_at).then_seats("A  x h . x .")
    [facts] = scenario.expired
    assert [fact.label for fact in facts if isinstance(fact, StatusChanged)] == ["A-3"]


def test_a_token_that_holds_nothing_ends_without_a_word() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE), release("A-1", by=ALICE))
    assert scenario.at(ALICE.expires_at).expired == []


def test_holds_end_in_the_order_of_their_deadlines() -> None:
    scenario = SeatsScenario().given(
        hold("A-1", by=CAROL), hold("A-2", by=BOB), hold("A-3", by=ALICE)
    )
    scenario.at(NOON + HOUR)
    ended = [fact.token for facts in scenario.expired for fact in facts if _ends(fact)]
    assert ended == ["alice", "bob", "carol"]


def _ends(fact: object) -> bool:
    return isinstance(fact, HoldExpired)


@pytest.mark.parametrize(
    ("held", "cut"),
    [(1, [1]), (499, [499]), (500, [500]), (501, [500, 1]), (1201, [500, 500, 201])],
)
def test_a_hold_of_many_objects_ends_in_records_of_500(held: int, cut: list[int]) -> None:
    assert expiries_per_record_max == 500
    scenario = SeatsScenario(event_created(venue=BARN))
    scenario.given(hold(*(f"A-{number}" for number in range(1, held + 1)), by=ALICE))
    scenario.at(ALICE.expires_at)
    freed = [[fact for fact in facts if not _ends(fact)] for facts in scenario.expired]
    assert [len(facts) for facts in freed] == cut
    assert [_ends(facts[-1]) for facts in scenario.expired] == [*[False] * (len(cut) - 1), True]
    assert scenario.event().objects == {}
    assert scenario.event().last_seq == 2 * held


def test_between_two_records_of_an_ending_hold_its_token_is_already_useless() -> None:
    scenario = SeatsScenario(event_created(venue=BARN))
    scenario.given(hold(*(f"A-{number}" for number in range(1, 700)), by=ALICE))
    scenario.now = ALICE.expires_at
    scenario.when(ExpireHold(ALICE.token))
    assert len(scenario.event().objects) == 199
    scenario.when(book("A-650", by=ALICE)).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)


def test_a_hold_can_be_renewed_object_by_object_and_still_ends_once() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE), hold("A-1", by=ALICE))
    scenario.at(ALICE.expires_at)
    assert [len(facts) for facts in scenario.expired] == [2]


def test_the_back_office_books_a_held_seat_and_the_holds_end_leaves_it_booked() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE), book("A-1"))
    scenario.at(ALICE.expires_at).then_seats("A  x . . . .")
    assert scenario.expired == []


# -- changed deadlines


def test_an_extended_hold_ends_at_its_new_deadline() -> None:
    later = NOON + HOUR
    scenario = SeatsScenario().given(hold("A-1", by=ALICE), [deadline_set(ALICE, later)])
    scenario.at(ALICE.expires_at).then_seats("A  h . . . .")
    scenario.given(hold("A-2", by=ALICE)).at(later - 1).then_seats("A  h h . . .")
    scenario.at(later).then_seats("A  . . . . .")


def test_an_extended_token_that_held_nothing_holds_until_its_new_deadline() -> None:
    later = NOON + HOUR
    scenario = SeatsScenario().given([deadline_set(ALICE, later)], hold("A-1", by=ALICE))
    assert scenario.changes[0].hold_expires_at == later
    scenario.at(later - 1).then_seats("A  h . . . .").at(later).then_seats("A  . . . . .")


def test_a_shortened_hold_ends_at_its_new_deadline() -> None:
    sooner = NOON + MINUTE
    scenario = SeatsScenario().given(hold("A-1", by=ALICE), [deadline_set(ALICE, sooner)])
    scenario.at(sooner - 1).then_seats("A  h . . . .").at(sooner).then_seats("A  . . . . .")
    scenario.at(NOON + HOUR)
    assert scenario.expired == []


def test_a_hold_ended_now_frees_what_it_holds_as_an_expiry() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE)).after(MINUTE)
    scenario.given([deadline_set(ALICE, scenario.now)]).after(0)
    [[freed, ended]] = scenario.expired
    assert isinstance(freed, StatusChanged)
    assert freed.origin == Origin(type="HOLD_EXPIRED")
    assert ended == HoldExpired(token="alice")
    scenario.then_untouched("A-1")


def test_an_ended_token_is_not_usable_again_whatever_its_signature_says() -> None:
    scenario = SeatsScenario().given([deadline_set(ALICE, NOON)])
    scenario.when(hold("A-1", by=ALICE)).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)
    scenario.at(ALICE.expires_at - 1)
    scenario.when(hold("A-1", by=ALICE)).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)


def test_a_shortened_token_stays_ended_after_its_owner_forgot_it() -> None:
    scenario = SeatsScenario().given([deadline_set(ALICE, NOON)])
    forgotten = ALICE.expires_at + MINUTE
    scenario.at(forgotten - 1).given(book("A-1"))
    assert "alice" in scenario.state.holds._revised
    scenario.at(forgotten).given(book("A-2"))
    assert "alice" not in scenario.state.holds._revised
    scenario.when(hold("A-3", by=ALICE)).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)


def test_a_change_is_remembered_until_the_latest_deadline_the_token_ever_had() -> None:
    extended, ended = NOON + HOUR, NOON + MINUTE
    first = deadline_set(ALICE, extended)
    second = HoldDeadlineSet(
        workspace=first.workspace,
        token=ALICE.token,
        expires_at=ended,
        previous_expires_at=extended,
        remembered_until=first.remembered_until,
    )
    scenario = SeatsScenario().given([first], [second])
    for now in (ended, ALICE.expires_at, extended - 1, extended + MINUTE - 1):
        scenario.at(now).when(hold("A-1", by=Hold("alice", extended + MINUTE)))
        scenario.then_rejected(Rejection.HOLD_TOKEN_EXPIRED)


def test_a_second_extension_is_remembered_when_the_first_could_be_forgotten() -> None:
    first, second = NOON + 30 * MINUTE, NOON + HOUR
    scenario = SeatsScenario().given(
        [deadline_set(ALICE, first)],
        [deadline_set(ALICE, second, previous=first)],
        hold("A-1", by=ALICE),
    )
    scenario.at(first + MINUTE).given(book("B-1"), hold("A-2", by=ALICE))
    scenario.at(second - 1).then_seats("A  h h . . .").at(second).then_seats("A  . . . . .")


def test_an_ended_token_leaves_nothing_behind() -> None:
    scenario = SeatsScenario().given(
        hold("A-1", by=ALICE), [deadline_set(ALICE, NOON + HOUR)], hold("A-2", by=BOB)
    )
    scenario.at(NOON + 2 * HOUR).given(book("A-3"))
    holds = scenario.state.holds
    left = (holds._objects, holds._deadline, holds._revised, holds._heap, holds._forgettable)
    assert not any(left), left


def test_a_deadline_moved_there_and_back_is_the_one_that_counts() -> None:
    there, back = NOON + HOUR, ALICE.expires_at
    scenario = SeatsScenario().given(
        hold("A-1", by=ALICE),
        [deadline_set(ALICE, there)],
        [deadline_set(ALICE, back, previous=there)],
    )
    scenario.at(back - 1).then_seats("A  h . . . .").at(back).then_seats("A  . . . . .")


def test_an_extension_read_at_the_deadline_is_too_late_and_says_so() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE)).at(ALICE.expires_at)
    scenario.given([deadline_set(ALICE, NOON + HOUR)])
    [applied] = scenario.last.facts
    assert isinstance(applied, HoldDeadlineSet)
    assert applied.expires_at == ALICE.expires_at
    scenario.then_seats("A  . . . . .")
    scenario.when(hold("A-1", by=ALICE)).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)


def test_an_extension_read_a_millisecond_before_the_deadline_is_in_time() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE)).at(ALICE.expires_at - 1)
    scenario.given([deadline_set(ALICE, NOON + HOUR)]).at(ALICE.expires_at)
    scenario.then_seats("A  h . . . .")


def test_a_token_that_ended_here_is_not_brought_back_by_a_second_extension() -> None:
    extended = NOON + HOUR
    scenario = SeatsScenario().given(hold("A-1", by=ALICE)).at(ALICE.expires_at)
    scenario.given([deadline_set(ALICE, extended)])
    scenario.given([deadline_set(ALICE, extended + HOUR, previous=extended)])
    [applied] = scenario.last.facts
    assert isinstance(applied, HoldDeadlineSet)
    assert applied.expires_at == ALICE.expires_at
    scenario.when(hold("A-1", by=ALICE)).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)


def test_a_record_costs_the_same_with_20_000_changed_deadlines() -> None:
    scenario = SeatsScenario()
    holds = scenario.state.holds
    for number in range(20_000):
        holds.revise(f"fan{number}", NOON + HOUR + number, NOON + 2 * HOUR + number)
    begun = process_time()
    for _ in range(1_000):
        holds.forget_until(NOON)
    assert process_time() - begun < 0.5, "2 ms a record, when each looked at all of them"
    holds.forget_until(NOON + 2 * HOUR + 9_999)
    assert len(holds._revised) == 10_000


# -- events that go


def test_the_holds_of_a_deleted_event_end_silently() -> None:
    scenario = SeatsScenario(event_created(), event_created(EVENING, "evening"))
    scenario.given(
        hold("A-1", places("GA", 2), by=ALICE),
        hold("A-2", event=EVENING, by=ALICE),
        [event_deleted()],
    )
    scenario.at(ALICE.expires_at)
    [facts] = scenario.expired
    labels = [(fact.event, fact.label) for fact in facts if isinstance(fact, StatusChanged)]
    assert labels == [(EVENING, "A-2")]
