"""Who waited for a group in doubt: answered once, in turn, in time, and not told what is untrue."""

from typing import Any

import msgspec
import pytest

from schemas.commands import Change, CommandPosition, ObjectChange, Origin
from schemas.facts import (
    BOOKED,
    CommandParked,
    ExtraDataChanged,
    GroupBegun,
    GroupQueued,
    GroupRefused,
    GroupReserved,
    StatusChanged,
)
from schemas.outbox import Accepted, CommandAnswered
from schemas.rejections import Obstacle, Rejected, Rejection
from seatlog.verify.objects import Fold
from seatlog.verify.parking import Parking, Source
from seatlog.verify.places import Inventories
from seatlog.verify.report import Check, Report
from tests.verify.group_story import FRIDAY, all_of, group, replace_facts, said
from tests.verify.story import Story, among
from tests.workers.house import COORDINATOR_OUTBOX


def parked(story: Story, label: str) -> int:
    """Give the offset at which the first command about an object was parked on Friday."""
    return next(
        offset
        for offset in story.with_fact(FRIDAY, CommandParked)
        if label in str(story.data(offset, FRIDAY).facts[0].command)
    )


def answer(story: Story, deferred: int) -> int:
    """Give the offset of the answer to a command that was parked."""
    command = story.data(deferred, FRIDAY).command
    return next(
        offset
        for offset, told in story.told(FRIDAY)
        if isinstance(told, CommandAnswered) and told.data.command == command
    )


def refuse(code: str, label: str = "A-4", status: str | None = None) -> Rejected:
    return Rejected(
        code=code, obstacles=[Obstacle(event=256, label=label, code=code, status=status)]
    )


def tell(story: Story, offset: int, refusal: Rejected) -> None:
    """Falsify an answer: refused."""
    story.edit(offset, lambda data: msgspec.structs.replace(data, answer=refusal, facts=[]), FRIDAY)


def refuse_at_once(story: Story, label: str, refusal: Rejected) -> None:
    """Falsify the parking of a command: refused at once."""
    story.retell(
        parked(story, label),
        FRIDAY,
        CommandAnswered,
        lambda data: msgspec.structs.replace(data, answer=refusal, facts=[]),
    )


def test_two_results_of_a_parked_command_are_named(festival: Story) -> None:
    offset = answer(festival, parked(festival, "A-3"))
    festival.copy(offset, offset + 1, FRIDAY)
    assert "answers the command at 0 a second time" in among(festival, Check.RESULTS)


def test_a_lost_result_of_a_parked_command_is_named(festival: Story) -> None:
    deferred = parked(festival, "A-3")
    festival.drop(answer(festival, deferred), FRIDAY)
    assert (
        f"events.commands/0 at 0: was deferred by events.outbox/0 at {deferred}, no result came"
        in among(festival, Check.RESULTS)
    )
    assert "command 0 is parked still" in all_of(festival, Check.DOUBT)


def test_a_command_that_is_parked_twice_is_named(festival: Story) -> None:
    deferred = parked(festival, "A-3")
    festival.copy(deferred, deferred + 1, FRIDAY)
    assert "the command at 0 a second time" in among(festival, Check.RESULTS)


def test_a_command_that_is_deferred_and_answered_is_named(festival: Story) -> None:
    festival.edit(
        parked(festival, "A-4"),
        lambda data: msgspec.structs.replace(data, answer=Accepted()),
        FRIDAY,
    )
    assert "defers a command, and answers it" in among(festival, Check.RESULTS)


@pytest.mark.parametrize("position", [None, CommandPosition(2, 0)])
def test_a_deferral_of_no_command_of_this_partition_is_named(
    festival: Story, position: CommandPosition | None
) -> None:
    festival.edit(
        parked(festival, "A-4"),
        lambda data: msgspec.structs.replace(data, command=position),
        FRIDAY,
    )
    assert f"defers {position}, which is not of events.commands/0" in among(festival, Check.RESULTS)


def test_a_deferral_without_the_command_is_named(festival: Story) -> None:
    replace_facts(festival, parked(festival, "A-4"), FRIDAY)
    assert "defers a command, and has []" in all_of(festival, Check.DOUBT)


def test_another_command_that_is_parked_is_named(festival: Story) -> None:
    other = festival.data(parked(festival, "A-3"), FRIDAY).facts[0].command
    festival.edit_fact(parked(festival, "A-4"), FRIDAY, command=other)
    found = all_of(festival, Check.DOUBT)
    assert "parks another command than it has read" in found
    assert "waits, and meets nothing in doubt" in found


def test_a_part_that_waits_for_nothing_is_named(festival: Story) -> None:
    reserved = group(festival, "A-2")
    begun = next(
        festival.data(offset, COORDINATOR_OUTBOX).facts[0]
        for offset in festival.with_fact(COORDINATOR_OUTBOX, GroupBegun, group=reserved)
    )
    changes = begun.parts[0].changes
    queued = GroupQueued(
        group=reserved, workspace=begun.asked.workspace, changes=changes, origin=begun.origin
    )
    replace_facts(festival, said(festival, reserved, GroupReserved), FRIDAY, queued)
    assert f"group {reserved} waits, and meets nothing in doubt" in all_of(festival, Check.DOUBT)


def test_a_part_that_waits_for_something_else_is_named(festival: Story) -> None:
    queued = group(festival, "A-3", 1)
    festival.edit_fact(said(festival, queued, GroupQueued), FRIDAY, workspace="stranger")
    assert f"has GroupQueued for group {queued}: was asked for" in all_of(festival, Check.GROUPS)


def test_a_parked_command_that_is_answered_too_late_is_named(festival: Story) -> None:
    late = answer(festival, parked(festival, "C-1"))
    assert festival.data(late, FRIDAY).answer.code == Rejection.BUSY_IN_DOUBT.code
    tell(festival, late, refuse("OBJECT_NOT_FREE", "C-1"))
    assert "after its deadline, and not BUSY_IN_DOUBT" in all_of(festival, Check.DOUBT)


def test_a_parked_command_that_is_given_up_too_early_is_named(festival: Story) -> None:
    tell(festival, answer(festival, parked(festival, "A-4")), refuse("BUSY_IN_DOUBT"))
    assert "gives up the parked command 5 2000 ms too early" in all_of(festival, Check.DOUBT)


def test_a_command_that_is_refused_as_busy_and_met_no_doubt_is_named(festival: Story) -> None:
    plain = festival.with_fact(FRIDAY, StatusChanged, label="B-1")[0]
    tell(festival, plain, refuse("BUSY_IN_DOUBT", "B-1"))
    assert "as BUSY_IN_DOUBT, and it meets nothing in doubt" in all_of(festival, Check.ANSWERS)


def test_a_command_that_is_refused_as_busy_among_few_is_named(festival: Story) -> None:
    refuse_at_once(festival, "A-4", refuse("BUSY_IN_DOUBT"))
    assert "as BUSY_IN_DOUBT at once, and only 0 wait" in all_of(festival, Check.ANSWERS)


def test_a_part_that_is_refused_as_busy_among_few_is_named(festival: Story) -> None:
    busy = GroupRefused(group=0, refusal=Rejected(code=Rejection.BUSY_IN_DOUBT.code))
    queued = group(festival, "A-3", 1)
    offset = said(festival, queued, GroupQueued)
    replace_facts(festival, offset, FRIDAY, msgspec.structs.replace(busy, group=queued))
    assert f"group {queued} as BUSY_IN_DOUBT at once, and only 2 wait" in all_of(
        festival, Check.ANSWERS
    )


@pytest.mark.parametrize("is_at_once", [True, False])
def test_sold_out_because_of_a_group_that_failed_is_named(
    festival: Story, *, is_at_once: bool
) -> None:
    refusal = refuse("OBJECT_NOT_FREE", status=BOOKED)
    if is_at_once:
        refuse_at_once(festival, "A-4", refusal)
    else:
        tell(festival, answer(festival, parked(festival, "A-4")), refusal)
    assert "refuses A-4 as not free, and it was" in all_of(festival, Check.ANSWERS)


@pytest.mark.parametrize("code", ["OBJECT_NOT_FREE", "STATUS_NOT_ALLOWED"])
def test_a_refusal_of_what_a_group_may_give_back_is_named(festival: Story, code: str) -> None:
    refuse_at_once(festival, "A-1", refuse(code, "A-1", BOOKED))
    assert "refuses A-1, which comes free if group" in all_of(festival, Check.ANSWERS)


def test_a_refusal_for_a_status_that_the_caller_admits_is_named(festival: Story) -> None:
    refuse_at_once(festival, "A-4", refuse("STATUS_REJECTED", status="free"))
    assert "refuses A-4 for its status, which the caller admits: free" in all_of(
        festival, Check.ANSWERS
    )


def test_a_refusal_of_places_that_a_group_may_leave_is_named(festival: Story) -> None:
    # 20 places are asked for, 80 of 100 are reserved, 12 taken or held.
    refuse_at_once(festival, "GA1", refuse("NOT_ENOUGH_PLACES", "GA1"))
    assert "refuses 20 places of GA1 as NOT_ENOUGH_PLACES, and there could be 88" in all_of(
        festival, Check.ANSWERS
    )


def test_a_refusal_of_what_somebody_else_waits_for_is_named(festival: Story) -> None:
    queued = group(festival, "A-3", 1)
    refused = GroupRefused(group=queued, refusal=refuse("OBJECT_NOT_FREE", "A-3"))
    replace_facts(festival, said(festival, queued, GroupQueued), FRIDAY, refused)
    assert "refuses A-3, for which command 0 waits longer" in all_of(festival, Check.ANSWERS)


def test_who_overtakes_an_earlier_command_is_named(festival: Story) -> None:
    named = festival.with_fact(FRIDAY, ExtraDataChanged, label="A-3")[0]
    festival.move(named, answer(festival, parked(festival, "A-3")), FRIDAY)
    assert "command 2 has A-3 of event 256, for which command 0 waits longer" in all_of(
        festival, Check.ORDER
    )


def test_extra_data_of_what_a_group_has_is_left_alone(festival: Story) -> None:
    named = festival.with_fact(FRIDAY, ExtraDataChanged, label="A-3")[0]
    reserved = group(festival, "A-3")
    festival.move(named, said(festival, reserved, GroupReserved) + 4, FRIDAY)
    assert f"A-3 of event 256 is changed, and group {reserved} has it" in all_of(
        festival, Check.GROUPS
    )


def test_a_group_that_overtakes_an_earlier_command_is_named(festival: Story) -> None:
    queued = group(festival, "A-3", 1)
    planned = festival.data(said(festival, group(festival, "A-3"), GroupReserved), FRIDAY)
    reserved = GroupReserved(group=queued, changes=planned.facts[0].changes)
    replace_facts(festival, said(festival, queued, GroupQueued), FRIDAY, reserved)
    assert f"group {queued} has A-3 of event 256, for which command 0 waits longer" in all_of(
        festival, Check.ORDER
    )
    assert f"group {queued}: A-3 of event 256 is changed, and group" in all_of(
        festival, Check.GROUPS
    )


def test_an_answer_under_the_key_of_a_parked_command_is_named(festival: Story) -> None:
    in_use = parked(festival, "A-3") + 1
    assert festival.data(in_use, FRIDAY).answer.code == Rejection.IDEMPOTENCY_KEY_IN_USE.code

    def accept(data: Any) -> Any:  # noqa: ANN401
        return msgspec.structs.replace(data, answer=Accepted(repeat=True))

    festival.edit(in_use, accept, FRIDAY)
    assert "is under the key of CommandPosition(partition=0, offset=0)" in all_of(
        festival, Check.ANSWERS
    )


def test_a_key_that_is_said_to_be_in_use_and_is_not_is_named(festival: Story) -> None:
    plain = festival.with_fact(FRIDAY, StatusChanged, label="B-1")[0]
    tell(festival, plain, Rejected(code=Rejection.IDEMPOTENCY_KEY_IN_USE.code, repeat=True))
    assert "no command under it is deferred" in all_of(festival, Check.ANSWERS)


def test_who_meets_more_waiting_bytes_than_there_may_be_is_rightly_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    change = Change(event=1, status=BOOKED, objects=[ObjectChange(label="A-1")])
    queued = GroupQueued(group=7, workspace="w", changes=[change], origin=Origin())
    parking = Parking(Fold(Inventories(Report()), Report(), 0))
    assert len(list(parking.park(Source("group", 7), [(1, "A-1")], queued))) == 1
    late = Source("command", 3)
    assert "only 1 wait" in " ".join(parking.busy_faults(late, [(1, "A-1")]))
    monkeypatch.setattr("seatlog.verify.parking.parked_bytes_max", 10)
    assert list(parking.busy_faults(late, [(1, "A-1")])) == []
    parking.leave(Source("group", 7))
    assert "nothing in doubt" in " ".join(parking.busy_faults(late, [(1, "A-1")]))
