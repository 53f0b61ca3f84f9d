"""Groups that were not decided on all votes, or not done as a whole, are named."""

from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import pytest

from adapters.ports import TopicPartition
from engine.groups.machine import coordinators_max
from engine.groups.voting import vote_within_ms
from engine.seats.parking import parked_for_ms
from schemas.commands import CommandPosition
from schemas.facts import (
    BOOKED,
    EventCreated,
    GroupBegun,
    GroupCancelled,
    GroupConfirmed,
    GroupEnded,
    GroupRefused,
    GroupReserved,
    VoteCounted,
)
from schemas.outbox import Accepted
from schemas.rejections import Obstacle, Rejected, Rejection
from schemas.selling import ForSale, Selling
from seatlog.verify.client_log import Request
from seatlog.verify.clients import Clients
from seatlog.verify.groups import _tells
from seatlog.verify.report import Check
from tests.verify.group_story import (
    FRIDAY,
    SATURDAY,
    SUNDAY,
    GroupTeller,
    all_of,
    begun,
    group,
    replace_facts,
    said,
)
from tests.verify.story import Story, among, only
from tests.workers.festival import DAYS
from tests.workers.house import COORDINATOR_OUTBOX

LONGEST_MS = (parked_for_ms + 2_000) + (vote_within_ms + 2_000)
"""The story waits so long for the group that outlasts a parked command."""
REFUSED = Rejected(code="OBJECT_NOT_FREE")


def test_a_true_history_of_groups_has_no_fault_and_its_counts_are_right(festival: Story) -> None:
    report = festival.check()
    assert report.faults == []
    counts = report.counts
    assert (counts.groups_confirmed, counts.groups_cancelled, counts.commands_parked) == (10, 9, 7)
    assert (counts.in_doubt_p50_ms, counts.in_doubt_longest_ms) == (0, LONGEST_MS)
    text = "\n".join(report.lines())
    assert "10 confirmed, 9 cancelled" in text
    assert f"longest {LONGEST_MS / 1000:.3f} s; 7 commands waited" in text


def test_a_group_that_was_applied_on_one_day_only_is_named(festival: Story) -> None:
    first = group(festival, "A-1")
    ended = GroupEnded(group=first, is_confirmed=True)
    replace_facts(festival, said(festival, first, GroupEnded, SATURDAY), SATURDAY, ended)
    assert "is confirmed with [(512, 'A-1', 'booked'" in among(festival, Check.GROUPS)


@pytest.mark.parametrize("partition", [FRIDAY, SATURDAY, SUNDAY])
def test_a_decision_about_a_group_that_an_owner_skips_is_named(
    festival: Story, partition: TopicPartition
) -> None:
    first = group(festival, "A-1")
    festival.drop(said(festival, first, GroupEnded, partition), partition)
    assert "without applying it: [GroupConfirmed(group=256" in among(festival, Check.GROUPS)


def test_a_cancelled_group_that_was_applied_is_named(festival: Story) -> None:
    failed = group(festival, "A-4")
    planned = festival.data(said(festival, failed, GroupReserved), FRIDAY).facts[0].changes
    offset = said(festival, failed, GroupEnded)
    done = msgspec.structs.replace(planned[0].change, seq=2)
    replace_facts(festival, offset, FRIDAY, done, GroupEnded(group=failed, is_confirmed=True))
    found = all_of(festival, Check.GROUPS)
    assert f"does not end group {failed}, which is cancelled" in found
    assert f"group {failed} is cancelled with [] reserved, and it did [(256, 'A-4'" in found


def test_a_confirmed_part_that_was_never_reserved_is_named(festival: Story) -> None:
    first = group(festival, "A-1")
    offset = said(festival, first, GroupReserved)
    replace_facts(festival, offset, FRIDAY, GroupRefused(group=first, refusal=REFUSED))
    found = all_of(festival, Check.GROUPS)
    assert f"confirms group {first}, whose part here was refused" in found
    assert "counts the vote reserved of partition 0, and its owner has not said so" in found


def test_a_group_that_is_confirmed_without_all_votes_is_named(festival: Story) -> None:
    first = group(festival, "A-1")
    counted = festival.with_fact(COORDINATOR_OUTBOX, VoteCounted, group=first)[0]
    festival.edit_fact(counted, COORDINATOR_OUTBOX, verdict="queued")
    assert "is confirmed without the votes of partitions" in among(festival, Check.GROUPS)


def test_a_vote_that_was_counted_before_it_stood_in_the_log_is_named(festival: Story) -> None:
    first = group(festival, "A-1")
    offset = said(festival, first, GroupReserved, SUNDAY)
    for place in range(offset, len(festival.records[SUNDAY])):
        record = festival.records[SUNDAY][place]
        later = record.timestamp + 60_000
        festival.records[SUNDAY][place] = replace(record, timestamp=later)
    assert "counts the vote reserved of partition 2 before" in among(festival, Check.GROUPS)


def test_a_vote_that_takes_back_an_earlier_one_is_named(festival: Story) -> None:
    first = group(festival, "A-1")
    counted = festival.with_fact(COORDINATOR_OUTBOX, VoteCounted, group=first)[0]
    festival.copy(counted, counted + 1, COORDINATOR_OUTBOX)
    assert "is reserved in group 256, and was reserved already" in among(festival, Check.GROUPS)


def test_a_vote_of_a_stranger_is_named(festival: Story) -> None:
    counted = festival.with_fact(COORDINATOR_OUTBOX, VoteCounted)[0]
    festival.edit_fact(counted, COORDINATOR_OUTBOX, partition=7)
    assert "counts a vote of partition 7 about group 256" in among(festival, Check.GROUPS)


def test_a_group_that_was_cancelled_for_no_reason_is_named(festival: Story) -> None:
    failed = group(festival, "A-4")
    begun = festival.with_fact(COORDINATOR_OUTBOX, GroupBegun, group=failed)[0]
    later = festival.data(begun, COORDINATOR_OUTBOX).facts[0].vote_by + 60_000
    festival.edit_fact(begun, COORDINATOR_OUTBOX, vote_by=later)
    assert "is cancelled without a refusal" in only(festival, Check.GROUPS)


@pytest.mark.parametrize(
    ("decision", "label", "answer", "says"),
    [
        (GroupConfirmed, "A-1", REFUSED, "is confirmed, and its answer is Rejected"),
        (GroupCancelled, "A-4", Accepted(), "is cancelled, and its answer is Accepted"),
        (GroupCancelled, "A-4", REFUSED, "is not what its parts say: []"),
        (GroupCancelled, "nowhere", REFUSED, "is not what its parts say: [Rejected("),
    ],
)
def test_an_answer_that_is_not_the_decision_is_named(
    festival: Story,
    decision: type[Any],
    label: str,
    answer: Any,  # noqa: ANN401
    says: str,
) -> None:
    offset = said(festival, group(festival, label), decision, COORDINATOR_OUTBOX)
    festival.edit(
        offset, lambda data: msgspec.structs.replace(data, answer=answer), COORDINATOR_OUTBOX
    )
    assert says in all_of(festival, Check.GROUPS)


def test_a_decision_that_answers_another_command_is_named(festival: Story) -> None:
    offset = said(festival, group(festival, "A-1"), GroupConfirmed, COORDINATOR_OUTBOX)
    festival.edit(
        offset,
        lambda data: msgspec.structs.replace(data, command=CommandPosition(0, 0)),
        COORDINATOR_OUTBOX,
    )
    assert "decides group 256, and does not answer CommandPosition" in all_of(
        festival, Check.GROUPS
    )


@pytest.mark.parametrize("decision", [GroupConfirmed, GroupCancelled])
def test_a_decision_for_some_parts_only_is_named(festival: Story, decision: type[Any]) -> None:
    offset = said(festival, group(festival, "A-1", decision is GroupCancelled), decision,
                  COORDINATOR_OUTBOX)  # fmt: skip
    facts = festival.data(offset, COORDINATOR_OUTBOX).facts
    partial = msgspec.structs.replace(facts[-1], partitions=[0, 1])
    replace_facts(festival, offset, COORDINATOR_OUTBOX, *facts[:-1], partial)
    assert "for [0, 1] only" in among(festival, Check.GROUPS)


def test_a_group_that_is_decided_twice_is_named(festival: Story) -> None:
    offset = said(festival, group(festival, "A-1"), GroupConfirmed, COORDINATOR_OUTBOX)
    festival.copy(offset, offset + 1, COORDINATOR_OUTBOX)
    assert "decides group 256, which was not begun, or is decided" in all_of(festival, Check.GROUPS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"group": 257}, "calls the group of CommandPosition(partition=0, offset=1) 257"),
        ({"parts": []}, "was asked for a group of"),
        ({"vote_by": 1}, "when its time to vote is over"),
    ],
)
def test_a_group_that_begins_otherwise_than_asked_is_named(
    festival: Story, changes: dict[str, Any], says: str
) -> None:
    festival.edit_fact(begun(festival)[0], COORDINATOR_OUTBOX, **changes)
    assert says in all_of(festival, Check.GROUPS)


def test_a_group_that_begins_for_another_command_or_caller_is_named(festival: Story) -> None:
    first = begun(festival)[0]
    asked = festival.data(first, COORDINATOR_OUTBOX).facts[0].asked
    for changes, says in (
        ({"command": CommandPosition(0, 7)}, "begins a group for CommandPosition(partition=0, "),
        ({"workspace": "stranger"}, "begins group 256 for another workspace or caller"),
    ):
        falsified = festival.again()
        other = msgspec.structs.replace(asked, **changes)
        falsified.edit_fact(first, COORDINATOR_OUTBOX, asked=other)
        assert says in all_of(falsified, Check.GROUPS)


def test_a_record_that_decides_two_groups_is_named(festival: Story) -> None:
    first = said(festival, group(festival, "A-1"), GroupConfirmed, COORDINATOR_OUTBOX)
    second = said(festival, group(festival, "A-1", 1), GroupCancelled, COORDINATOR_OUTBOX)
    facts = [
        fact
        for offset in (first, second)
        for fact in festival.data(offset, COORDINATOR_OUTBOX).facts
    ]
    replace_facts(festival, first, COORDINATOR_OUTBOX, *facts)
    assert "decides several groups, and answers one command" in all_of(festival, Check.GROUPS)


def test_a_group_that_has_reserved_what_is_not_for_sale_is_named(festival: Story) -> None:
    [created] = festival.with_fact(FRIDAY, EventCreated)
    closed = Selling(for_sale=ForSale(for_sale=False, objects=["A-1"]))
    festival.edit_fact(created, FRIDAY, selling=closed)
    assert "group 256: A-1 is booked, and is not for sale" in all_of(festival, Check.OFFERS)


def test_a_group_that_is_begun_twice_is_named(festival: Story) -> None:
    first = begun(festival)[0]
    festival.copy(first, first + 1, COORDINATOR_OUTBOX)
    assert "begins group 256 after 256" in all_of(festival, Check.GROUPS)
    assert "the command at 1 a second time" in all_of(festival, Check.RESULTS)


async def test_what_is_in_doubt_at_the_end_is_a_fault_unless_it_is_allowed() -> None:
    teller = GroupTeller()
    await teller.open()
    await teller.festival.stop("2")
    teller.group("A-1", *DAYS)
    await teller.more("GroupReserved")
    teller.friday("A-1")
    await teller.more("CommandParked")
    story = await teller.end()
    doubts = all_of(story, Check.DOUBT)
    assert "group 256 was begun here and never decided" in doubts
    assert "events.outbox/0 at 2: group 256 is reserved here, and never ended" in doubts
    results = all_of(story, Check.RESULTS)
    assert "groups.commands/0 at 1: was deferred by" in results
    assert "events.commands/0 at 0: was deferred by" in results
    report = story.check(allow_pending=True)
    assert report.faults == []
    assert report.counts.pending == 3  # both commands, and Sunday has not heard of the group


def test_a_vote_that_was_not_read_is_named(festival: Story) -> None:
    counted = festival.with_fact(COORDINATOR_OUTBOX, VoteCounted)[0]

    def read(up_to: int) -> Any:  # noqa: ANN401
        def edit(data: Any) -> Any:  # noqa: ANN401
            positions = dict(data.positions) | {"groups.votes/0": up_to}
            return msgspec.structs.replace(data, positions=positions)

        return edit

    festival.edit(counted, read(0), COORDINATOR_OUTBOX)
    assert "counts a vote, and has read groups.votes/0 no further" in among(
        festival, Check.POSITIONS
    )
    festival.edit(counted, read(9_999), COORDINATOR_OUTBOX)
    found = all_of(festival, Check.POSITIONS)
    assert "has read groups.votes/0 up to 9999, and it ends at" in found
    assert "and before up to 9999" in found


def test_a_group_that_is_refused_before_it_is_begun_needs_a_reason(festival: Story) -> None:
    [refused] = [
        offset
        for offset, told in festival.told(COORDINATOR_OUTBOX)
        if getattr(getattr(told.data, "answer", None), "code", "") == "IDEMPOTENCY_KEY_IN_USE"
    ]
    for code, says in (
        ("BUSY_IN_DOUBT", "and only 1 are in doubt"),
        ("EVENT_NOT_FOUND", "says that an event is not there, and all are"),
        ("CHANNELS_DIFFER", "says that channels differ, and they do not"),
    ):
        refusal = Rejected(code=code)
        festival.edit(refused, partial(msgspec.structs.replace, answer=refusal), COORDINATOR_OUTBOX)
        assert says in all_of(festival, Check.ANSWERS)


def test_what_clients_were_told_of_groups_is_compared(festival: Story) -> None:
    first, keys = festival.data(begun(festival)[0], COORDINATOR_OUTBOX).facts[0], {}
    for fact in festival.data(1, COORDINATOR_OUTBOX).facts:
        keys[fact.event] = fact.key
    lines = [
        {"event": keys[part.changes[0].event], "status": BOOKED, "labels": ["A-1"]}
        | {"at_ms": at, "done_ms": at + 1, "outcome": outcome, "command": f"g-0-{command}"}
        for at, outcome, command in ((10, "ok", 1), (20, "refused", 2))
        for part in first.parts
    ]

    def faults(**change: object) -> list[str]:
        changed = [line | (change if line["at_ms"] == 20 else {}) for line in lines]
        clients = Clients(msgspec.convert(changed, list[Request]))
        report = festival.check(clients=clients)
        return [str(f) for f in report.faults if "A-1" in f.where and "sold" not in f.what]

    assert faults() == []
    assert any(
        "was told ok of command g-0-2, and the log says refused" in f for f in faults(outcome="ok")
    )
    assert any(
        "command g-0-77, and the log does not hold it" in f for f in faults(command="g-0-77")
    )


def test_a_repeat_of_a_done_group_is_answered_ok_too(festival: Story) -> None:
    first = festival.data(begun(festival)[0], COORDINATOR_OUTBOX).facts[0]
    keys = {f.event: f.key for f in festival.data(1, COORDINATOR_OUTBOX).facts}
    answered = [
        told.data.command.offset
        for _, told in festival.told(COORDINATOR_OUTBOX)
        if isinstance(getattr(told.data, "answer", None), Accepted) and told.data.answer.repeat
    ]
    [repeat] = answered
    keyed = group(festival, "A-3") // coordinators_max
    lines = [
        {"event": keys[part.changes[0].event], "status": BOOKED, "labels": ["A-3"]}
        | {"at_ms": at, "done_ms": at + 1, "outcome": "ok", "command": f"g-0-{command}"}
        for at, command in ((10, keyed), (20, repeat))
        for part in first.parts
    ]
    report = festival.check(clients=Clients(msgspec.convert(lines, list[Request])))
    assert [f for f in report.faults if "A-3" in f.where and "sold" not in f.what] == []


def test_an_answer_may_count_the_obstacles_that_it_cannot_tell() -> None:
    code = Rejection.OBJECT_NOT_FREE.code
    seats = [Obstacle(event=1, label=f"A-{number}", code=code) for number in range(4)]
    parts = [
        Rejected(code=code, obstacles=seats[:2], obstacles_left_out=5),
        Rejected(code=code, obstacles=seats[2:]),
    ]
    assert _tells(Rejected(code=code, obstacles=seats, obstacles_left_out=5), parts)
    assert _tells(Rejected(code=code, obstacles=seats[:3], obstacles_left_out=6), parts)
    assert not _tells(Rejected(code=code, obstacles=seats[:3], obstacles_left_out=5), parts)
    assert not _tells(Rejected(code=code, obstacles=seats[1:], obstacles_left_out=6), parts)
