"""A repeated command gets its first answer and changes nothing, for 15 minutes."""

import msgspec
import pytest

from engine.answers import answer_kept_ms
from schemas.commands import Change, ChangeObjectStatus, SeatsCommand
from schemas.facts import BOOKED, HELD
from schemas.outbox import Accepted
from schemas.rejections import Rejected, Rejection
from tests.engine.factories import (
    ALICE,
    CAROL,
    MINUTE,
    book,
    change,
    command,
    create,
    delete,
    event_deleted,
    keyed,
    release,
    update_extra_data,
)
from tests.engine.scenario import GroupsScenario, SeatsScenario


def one(*changes: Change) -> ChangeObjectStatus:
    """Give a command under the idempotency key `one`."""
    return command(*changes, idempotency=keyed("one"))


BOOKING = one(change(BOOKED, "A-1"))
SEATS = [f"A-{number}" for number in range(1, 6)]


def test_a_repeated_booking_is_told_where_its_first_answer_stands() -> None:
    scenario = SeatsScenario().given(BOOKING)
    first = scenario.last_offset
    scenario.when(BOOKING).then_seats("A  x . . . .")
    assert scenario.last.answer == Accepted(repeat=True, first_offset=first)
    assert scenario.last.facts == []
    assert scenario.event().last_seq == 1


def test_a_repeat_gets_its_first_answer_even_if_the_seat_is_free_again() -> None:
    scenario = SeatsScenario().given(BOOKING, release("A-1"))
    scenario.when(BOOKING).then_accepted().then_seats("A  . . . . .")


def test_a_repeated_refusal_is_the_first_one_even_if_it_would_fit_now() -> None:
    scenario = SeatsScenario().given("A  x . . . .").when(BOOKING)
    first, stands_at = scenario.refusal, scenario.last_offset
    scenario.given(release("A-1")).when(BOOKING).then_seats("A  . . . . .")
    assert not first.repeat
    assert scenario.refusal == Rejected(code=first.code, repeat=True, first_offset=stands_at)


def test_every_repeat_gets_the_same_answer() -> None:
    scenario = SeatsScenario().given(BOOKING)
    answers = [scenario.after(MINUTE).when(BOOKING).last.answer for _ in range(5)]
    assert answers == [answers[0]] * 5


@pytest.mark.parametrize(
    "other", [one(change(BOOKED, "A-2")), update_extra_data(idempotency=keyed("one"), A_1={"a": 1})]
)
def test_another_request_under_the_same_key_is_refused(other: SeatsCommand) -> None:
    reused = msgspec.structs.replace(other, idempotency=keyed("one", "another print"))
    scenario = SeatsScenario().given(BOOKING).when(reused)
    scenario.then_rejected(Rejection.IDEMPOTENCY_KEY_REUSED).then_seats("A  x . . . .")
    scenario.when(BOOKING).then_accepted()


def test_a_reused_key_is_the_answer_before_anything_about_the_command() -> None:
    reused = command(change(HELD, "Z-1", event=999), idempotency=keyed("one", "another print"))
    SeatsScenario().given(BOOKING).when(reused).then_rejected(Rejection.IDEMPOTENCY_KEY_REUSED)


def test_another_key_is_another_command() -> None:
    again = command(change(BOOKED, "A-1"), idempotency=keyed("two"))
    SeatsScenario().given(BOOKING).when(again).then_rejected(Rejection.OBJECT_NOT_FREE)


def test_a_command_without_a_key_is_never_a_repeat() -> None:
    SeatsScenario().given(book("A-1")).when(book("A-1")).then_rejected(Rejection.OBJECT_NOT_FREE)


def test_an_answer_is_kept_for_15_minutes_less_a_millisecond() -> None:
    assert answer_kept_ms == 15 * MINUTE
    scenario = SeatsScenario().given(BOOKING, release("A-1")).after(15 * MINUTE - 1)
    assert scenario.when(BOOKING).last.facts == []
    assert isinstance(scenario.last.answer, Accepted)
    assert scenario.last.answer.repeat


@pytest.mark.parametrize("meanwhile", [True, False])
def test_after_15_minutes_the_command_is_a_new_one(*, meanwhile: bool) -> None:
    scenario = SeatsScenario().given(BOOKING, release("A-1")).after(15 * MINUTE)
    if meanwhile:
        scenario.given(book("A-2"))
    scenario.when(BOOKING)
    assert scenario.last.answer == Accepted()
    scenario.then_seats("A  x x . . ." if meanwhile else "A  x . . . .")
    second = scenario.last_offset
    scenario.when(BOOKING)
    assert scenario.last.answer == Accepted(repeat=True, first_offset=second)


def test_a_repeat_does_not_make_an_answer_last_longer() -> None:
    scenario = SeatsScenario().given(BOOKING).after(14 * MINUTE).given(BOOKING)
    scenario.after(MINUTE).when(BOOKING).then_rejected(Rejection.OBJECT_NOT_FREE)


def test_a_key_used_for_something_else_after_15_minutes_is_a_new_one() -> None:
    other = command(change(BOOKED, "A-2"), idempotency=keyed("one", "another print"))
    scenario = SeatsScenario().given(BOOKING).after(15 * MINUTE).given(other)
    scenario.when(BOOKING).then_rejected(Rejection.IDEMPOTENCY_KEY_REUSED)


def test_only_what_is_too_old_is_forgotten() -> None:
    scenario = SeatsScenario().given(BOOKING).after(MINUTE)
    second = command(change(BOOKED, "A-2"), idempotency=keyed("two"))
    scenario.given(second).after(14 * MINUTE).given(book("A-3"))
    assert list(scenario.state.answers._by_command) == [keyed("two").command_id]
    scenario.when(second).then_accepted()


def test_what_is_kept_of_an_answer_does_not_grow_with_what_it_told() -> None:
    few, many = one(change(BOOKED, "A-1")), one(change(BOOKED, *SEATS))
    assert kept_after(few) == kept_after(many)
    assert kept_after(few, taken="A  x x x x x") == kept_after(many, taken="A  x x x x x")


def kept_after(asked: ChangeObjectStatus, *, taken: str = "A  . . . . .") -> int:
    """Give the bytes of what an owner keeps of its answer to this command."""
    scenario = SeatsScenario().given(taken).when(asked)
    [kept] = scenario.state.answers._by_command.values()
    return len(msgspec.json.encode(msgspec.structs.replace(kept.again, first_offset=0)))


def test_a_repeated_hold_after_its_end_holds_nothing() -> None:
    held = one(change(HELD, "A-1", by=ALICE))
    scenario = SeatsScenario().given(held).at(ALICE.expires_at - 1).given(held)
    scenario.at(ALICE.expires_at).when(held).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)


def test_a_repeat_after_the_event_is_gone_still_gets_its_answer() -> None:
    scenario = SeatsScenario().given(BOOKING, [event_deleted()])
    scenario.when(BOOKING)
    assert isinstance(scenario.last.answer, Accepted)


def test_repeated_extra_data_changes_nothing() -> None:
    first = update_extra_data(idempotency=keyed("one"), A_1={"a": 1})
    scenario = SeatsScenario().given(first, update_extra_data(A_1={"a": 2})).when(first)
    assert scenario.last.facts == []
    assert scenario.object("A-1").extra_data == {"a": 2}


def test_a_repeat_is_answered_whatever_its_token_has_become() -> None:
    held = one(change(HELD, "A-1", by=CAROL))
    scenario = SeatsScenario().given(held).after(14 * MINUTE).given(held)
    assert isinstance(scenario.last.answer, Accepted)


# -- coordinators keep answers the same way


def test_a_repeated_creation_gets_its_first_events() -> None:
    creation = create("matinee", idempotency=keyed("one"))
    scenario = GroupsScenario().given(creation)
    first = scenario.last_offset
    scenario.when(creation)
    assert scenario.last.answer == Accepted(repeat=True, first_offset=first)
    assert scenario.last.facts == []


def test_a_repeated_creation_of_an_event_that_was_deleted_does_not_bring_it_back() -> None:
    creation = create("matinee", idempotency=keyed("one"))
    scenario = GroupsScenario().given(creation, delete("matinee"), creation)
    assert scenario.state.directory.find("theatre", "matinee") is None


def test_after_15_minutes_a_creation_is_a_new_one() -> None:
    creation = create("matinee", idempotency=keyed("one"))
    scenario = GroupsScenario().given(creation).after(15 * MINUTE)
    scenario.when(creation).then_rejected(Rejection.EVENT_KEY_TAKEN)
    scenario.when(creation)
    assert isinstance(scenario.last.answer, Rejected)
    assert scenario.last.answer.repeat
