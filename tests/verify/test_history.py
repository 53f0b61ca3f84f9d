"""Each falsified history has its fault named; the true one has none."""

from copy import copy
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from schemas.commands import SetHoldDeadline
from schemas.facts import BOOKED, FREE, HELD, AreaState
from schemas.outbox import Accepted, CommandPosition, Rejected
from schemas.rejections import Rejection
from seatlog.verify.history import overdue_grace_ms
from seatlog.verify.report import Check
from tests.verify.story import HOLD_MS, INVENTORY, Story, Teller
from tests.workers.house import COMMANDS, COORDINATOR_OUTBOX, OUTBOX, WORKSPACE, book


@pytest.fixture(scope="module")
async def told() -> Story:
    return await Teller().tell()


@pytest.fixture
def story(told: Story) -> Story:
    return Story({partition: copy(records) for partition, records in told.records.items()})


def only(story: Story, check: Check) -> str:
    """Expect faults of one check alone, and give the first of them."""
    report = story.check()
    assert {fault.check for fault in report.faults} == {check}, report.faults
    return str(report.faults[0])


def among(story: Story, check: Check) -> str:
    """Expect a fault of this check among others, and give the first of them."""
    report = story.check()
    found = [str(fault) for fault in report.faults if fault.check is check]
    assert found, report.faults
    return found[0]


def test_a_true_history_has_no_fault_and_its_counts_are_right(story: Story) -> None:
    report = story.check()
    assert report.faults == []
    counts = report.counts
    assert (counts.commands, counts.results, counts.pending) == (36, 36, 0)
    assert (counts.accepted, counts.repeats, sum(counts.rejections.values())) == (28, 1, 8)
    assert counts.seats_sold_by_event == {"drop": 7, "fourth": 0}
    assert (counts.sold_twice, counts.places_sold, counts.holds_expired) == (0, 7, 3)
    assert (counts.ownership_changes, counts.void_records) == (1, 0)


# Results.


def test_a_lost_result_is_named(story: Story) -> None:
    refusal = story.answers()[1]
    story.drop(refusal)
    assert "events.commands/0 at 1: this command has no result" in among(story, Check.RESULTS)


def test_a_result_that_came_twice_is_named(story: Story) -> None:
    refusal = story.answers()[1]
    story.copy(refusal, refusal + 1)
    assert "the command at 1 a second time" in among(story, Check.RESULTS)


def test_a_result_of_a_command_that_does_not_exist_is_named(story: Story) -> None:
    last = story.answers()[-1]
    story.edit(last, lambda data: msgspec.structs.replace(data, command=CommandPosition(0, 900)))
    assert "which does not exist" in among(story, Check.RESULTS)


def test_a_pending_command_is_a_fault_unless_it_is_allowed(story: Story) -> None:
    records = story.records[COMMANDS]
    records.append(replace(records[-1], offset=len(records)))
    assert "has no result" in only(story, Check.RESULTS)
    report = story.check(allow_pending=True)
    assert report.is_clean
    assert report.counts.pending == 1


# Seats and areas.


def test_a_seat_sold_twice_is_named(story: Story) -> None:
    first = story.find("A-1", BOOKED)
    story.copy(first, first + 1)
    assert "A-1 of event 256 is sold twice" in among(story, Check.SEATS)
    assert story.check().counts.sold_twice == 2


def test_a_seat_sold_again_after_its_release_is_no_fault(story: Story) -> None:
    # The story sells A-3, releases it, and nobody minds.
    assert story.find("A-3", BOOKED) < story.find("A-3", FREE)
    assert story.check().is_clean


def test_a_held_seat_changed_by_another_token_is_named(story: Story) -> None:
    by_its_token = story.find("B-2", BOOKED)
    story.edit_fact(by_its_token, hold_token="two")
    assert "is held by one and was changed by two" in among(story, Check.SEATS)


def test_a_wrong_previous_status_is_named(story: Story) -> None:
    story.edit_fact(story.find("B-2", BOOKED), previous_status=FREE)
    assert "was reservedByToken, and the change says free" in only(story, Check.SEATS)


def test_an_object_that_the_chart_does_not_have_is_named(story: Story) -> None:
    story.edit_fact(story.answers()[0], label="Z-99")
    assert "has no object Z-99" in among(story, Check.SEATS)


def test_an_overfull_area_is_named(story: Story) -> None:
    fifth = story.find("GA1", BOOKED)
    story.edit_fact(fifth, area=AreaState(taken={BOOKED: 100_000}))
    found = [str(fault) for fault in story.check().faults if fault.check is Check.AREAS]
    assert any("100000 places are taken or held, and it has" in fault for fault in found)


@pytest.mark.parametrize(
    ("area", "says"),
    [
        (AreaState(taken={BOOKED: 4}), "5 places become booked, and 4 have"),
        (AreaState(taken={BOOKED: 5, "painted": 1}), "+1 places are painted"),
        (AreaState(taken={BOOKED: 5}, held={"x": {"child": 1}}), "held by another token"),
        (AreaState(taken={BOOKED: 5, "painted": -1}), "0 or less"),
    ],
)
def test_counts_of_an_area_that_do_not_add_up_are_named(
    story: Story, area: AreaState, says: str
) -> None:
    story.edit_fact(story.find("GA1", BOOKED), area=area)
    found = [str(fault) for fault in story.check().faults if fault.check is Check.AREAS]
    assert any(says in fault for fault in found), found


def test_places_that_an_expiry_leaves_held_are_named(story: Story) -> None:
    def leave(data: Any) -> Any:  # noqa: ANN401
        held = {"area": {"NO_TICKET_TYPE": 1}}
        area = msgspec.structs.replace(data.facts[0].area, held=held)
        first = msgspec.structs.replace(data.facts[0], area=area)
        return msgspec.structs.replace(data, facts=[first, *data.facts[1:]])

    story.edit(story.expiry(), leave)
    found = [str(fault) for fault in story.check().faults]
    assert any("token area has expired and holds places still" in fault for fault in found)
    assert any("says that the token area has expired, and it holds GA1" in f for f in found)


# Numbers, positions, time, terms.


def test_a_gap_in_the_numbers_of_status_changes_is_named(story: Story) -> None:
    story.edit_fact(story.answers()[-1], seq=99)
    assert "event 256 has change 99 after change" in only(story, Check.NUMBERING)


def test_a_missing_record_is_named(story: Story) -> None:
    del story.records[OUTBOX][story.answers()[1]]
    assert "records are missing" in among(story, Check.LOG)


def test_a_record_that_cannot_be_read_is_named(story: Story) -> None:
    offset = story.answers()[1]
    story.records[OUTBOX][offset] = replace(story.records[OUTBOX][offset], value=b"{}")
    assert "cannot be read" in among(story, Check.LOG)


@pytest.mark.parametrize("header", ["type", "term", "offset", "event"])
def test_a_header_that_does_not_repeat_the_body_is_named(story: Story, header: str) -> None:
    offset = story.answers()[0]
    record = story.records[OUTBOX][offset]
    headers = [(name, b"7" if name == header else value) for name, value in record.headers]
    story.records[OUTBOX][offset] = replace(record, headers=headers)
    assert f"header {header} is b'7'" in only(story, Check.LOG)


def test_a_skipped_position_is_named(story: Story) -> None:
    def skip(data: Any) -> Any:  # noqa: ANN401
        positions = dict(data.positions) | {str(COMMANDS): data.positions[str(COMMANDS)] + 1}
        return msgspec.structs.replace(data, positions=positions)

    story.edit(story.answers()[-1], skip)
    assert "has read events.commands/0 up to 32, expected 31" in among(story, Check.POSITIONS)


def test_a_record_that_moves_the_position_before_the_answer_is_named(story: Story) -> None:
    def hurry(data: Any) -> Any:  # noqa: ANN401
        positions = dict(data.positions) | {str(COMMANDS): data.positions[str(COMMANDS)] + 1}
        return msgspec.structs.replace(data, positions=positions)

    # A batch torn behind it would lose a command that nobody reads again.
    story.edit(story.expiry(), hurry)
    assert "has read events.commands/0 up to" in only(story, Check.POSITIONS)


def test_time_that_runs_backwards_is_named(story: Story) -> None:
    last = story.answers()[-1]
    story.edit(last, lambda data: msgspec.structs.replace(data, at=data.at - 5))
    assert "time runs backwards" in among(story, Check.TIME)


def test_time_ahead_of_the_brokers_is_named(story: Story) -> None:
    last = story.answers()[-1]
    story.edit(last, lambda data: msgspec.structs.replace(data, at=data.at + 60_000))
    assert "ahead of the broker's" in only(story, Check.TIME)


def test_a_void_record_is_ignored_and_counted(story: Story) -> None:
    def sell_again(data: Any) -> Any:  # noqa: ANN401
        fact = msgspec.structs.replace(data.facts[0], label="A-1", seq=1)
        return msgspec.structs.replace(data, facts=[fact], term=0)

    story.append_last(sell_again)
    report = story.check()
    assert report.faults == []
    assert report.counts.void_records == 1


def test_the_same_record_with_the_current_term_is_named(story: Story) -> None:
    def sell_again(data: Any) -> Any:  # noqa: ANN401
        fact = msgspec.structs.replace(data.facts[0], label="A-1", seq=1)
        return msgspec.structs.replace(data, facts=[fact])

    story.append_last(sell_again)
    assert {Check.RESULTS, Check.SEATS, Check.NUMBERING, Check.POSITIONS} <= story.found()


def test_a_second_copy_of_a_record_is_void(story: Story) -> None:
    last = len(story.records[OUTBOX]) - 1
    story.append_last(lambda data: data, made_for=last)
    report = story.check()
    assert report.faults == []
    assert report.counts.void_records == 1


def test_a_term_that_nobody_took_is_named(story: Story) -> None:
    last = len(story.records[OUTBOX]) - 1
    story.edit(last, lambda data: msgspec.structs.replace(data, term=5))
    assert "carries term 5, which nobody has taken" in among(story, Check.TERMS)


def test_a_decision_read_under_a_wrong_term_is_named(story: Story) -> None:
    last = story.answers()[-1]
    wrong = {str(COORDINATOR_OUTBOX): 3}
    story.edit(last, lambda data: msgspec.structs.replace(data, input_terms=wrong))
    assert "follows term 3 of groups.outbox/0, where 0 was in force" in only(story, Check.TERMS)


# Holds.


def test_an_early_expiry_is_named(story: Story) -> None:
    offset = story.expiry()
    story.edit(offset, lambda data: msgspec.structs.replace(data, at=data.at - 1))
    assert "1 ms before its deadline" in only(story, Check.HOLDS)


def test_a_token_used_at_its_deadline_is_named(story: Story) -> None:
    offset = story.find("B-2", BOOKED)
    story.edit_fact(offset, hold_expires_at=story.data(offset).at)
    assert "uses the token one, ended at" in only(story, Check.HOLDS)


def test_a_hold_that_is_not_freed_before_the_next_command_is_named(story: Story) -> None:
    story.drop(story.expiry())
    assert "ms after its deadline" in among(story, Check.HOLDS)


async def test_a_hold_long_past_its_deadline_at_the_end_is_named() -> None:
    teller = Teller()
    await teller.open()
    await teller.ask(book(teller.event, "A-1", status=HELD, hold=teller.token("one")))
    await teller.end()
    teller.house.clock.now += HOLD_MS + overdue_grace_ms - 1
    teller.house.send(COMMANDS, book(teller.event, "A-2"))
    assert (await teller.end()).check(allow_pending=True).is_clean
    teller.house.clock.now += 1
    teller.house.send(COMMANDS, book(teller.event, "A-2"))
    faults = (await teller.end()).check(allow_pending=True).faults
    late = "A-1 is held by one still, 10000 ms after its deadline"
    assert [(fault.check, fault.what) for fault in faults] == [(Check.HOLDS, late)]


async def test_a_token_that_was_ended_by_hand_is_no_fault() -> None:
    teller = Teller()
    await teller.open()
    token = teller.token("one")
    await teller.ask(book(teller.event, "A-1", status=HELD, hold=token))
    await teller.decide(SetHoldDeadline(workspace=WORKSPACE, hold=token, duration_ms=0))
    await teller.expired(1)
    assert (await teller.end()).check().is_clean


# Answers.


def test_an_answer_that_did_something_else_is_named(story: Story) -> None:
    story.edit_fact(story.answers()[0], label="C-2")
    assert "was asked for" in among(story, Check.ANSWERS)


def test_a_refusal_without_cause_is_named(story: Story) -> None:
    # The second command, refused: A-1 was booked. Here it had not been.
    story.edit_fact(story.answers()[0], label="C-3")
    found = [str(fault) for fault in story.check().faults if fault.check is Check.ANSWERS]
    assert any("refuses A-1 as booked, and it was free" in fault for fault in found)
    assert any("refuses A-1 as not free, and it was" in fault for fault in found)


def test_a_refusal_that_changed_something_is_named(story: Story) -> None:
    refused = Rejected(code=Rejection.OBJECT_NOT_FREE.code)
    story.edit(story.answers()[0], lambda data: msgspec.structs.replace(data, answer=refused))
    assert "refuses its command and has changed something" in only(story, Check.ANSWERS)


def test_a_repeat_with_another_answer_is_named(story: Story) -> None:
    repeat = story.answers()[5]
    emptied = Accepted(repeat=True)
    story.edit(repeat, lambda data: msgspec.structs.replace(data, answer=emptied))
    assert "and its answer is another" in only(story, Check.ANSWERS)


def test_a_command_done_again_under_its_key_is_named(story: Story) -> None:
    repeat = story.answers()[5]
    again = Accepted()
    story.edit(repeat, lambda data: msgspec.structs.replace(data, answer=again))
    assert "does again what was answered in" in among(story, Check.ANSWERS)


# The directory.


def test_a_decision_that_was_never_applied_is_named(story: Story) -> None:
    story.drop(story.applied()[0])
    assert "without applying it" in among(story, Check.DIRECTORY)


def test_a_decision_applied_twice_is_named(story: Story) -> None:
    first = story.applied()[0]
    story.copy(first, first + 1)
    found = [str(fault) for fault in story.check().faults if fault.check is Check.DIRECTORY]
    assert any("applies what nobody decided" in fault for fault in found)
    assert any("creates the event 256 a second time" in fault for fault in found)


def test_a_decision_applied_otherwise_than_decided_is_named(story: Story) -> None:
    story.edit_fact(story.applied()[0], name="another")
    assert "name='another'" in only(story, Check.DIRECTORY)


def test_an_event_key_given_out_twice_is_named(story: Story) -> None:
    decided = [offset for offset, record in story.told(COORDINATOR_OUTBOX) if offset > 0]
    story.edit_fact(decided[2], COORDINATOR_OUTBOX, key="drop")
    assert "gives the key drop to event" in among(story, Check.DIRECTORY)


def test_an_inventory_that_is_not_there_is_named(story: Story) -> None:
    story.records[INVENTORY] = []
    assert "which is not there" in among(story, Check.SEATS)
