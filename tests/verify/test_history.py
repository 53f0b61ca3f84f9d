"""Each falsified history has its fault named; the true one has none."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from adapters.ports import TopicPartition
from schemas.commands import CommandPosition
from schemas.facts import BOOKED, FREE
from seatlog.verify.report import Check
from tests.verify.story import Story, Teller, among, only
from tests.workers.house import COMMANDS, COORDINATOR_OUTBOX, OUTBOX, book, seats


def test_a_true_history_has_no_fault_and_its_counts_are_right(story: Story) -> None:
    report = story.check()
    assert report.faults == []
    counts = report.counts
    assert (counts.commands, counts.results, counts.pending) == (37, 37, 0)
    assert (counts.accepted, counts.repeats, sum(counts.rejections.values())) == (29, 1, 8)
    assert counts.seats_sold_by_event == {"drop": 7, "fourth": 0}
    assert (counts.sold_twice, counts.places_sold, counts.holds_expired) == (0, 7, 3)
    assert (counts.ownership_changes, counts.void_records) == (1, 0)


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


def test_a_result_of_a_command_of_another_partition_is_named(story: Story) -> None:
    last = story.answers()[-1]
    story.edit(last, lambda data: msgspec.structs.replace(data, command=CommandPosition(3, 30)))
    assert "which is not of events.commands/0" in among(story, Check.RESULTS)


def test_an_answer_that_nobody_asked_for_is_named(story: Story) -> None:
    story.edit(
        story.expiry(), lambda data: msgspec.structs.replace(data, command=CommandPosition(0, 3))
    )
    assert "answers a command, and is of another type" in only(story, Check.RESULTS)


def test_a_result_without_an_answer_is_named(story: Story) -> None:
    refusal = story.answers()[1]
    story.edit(refusal, lambda data: msgspec.structs.replace(data, answer=None))
    assert "is a result without an answer" in only(story, Check.RESULTS)


def test_a_pending_command_is_a_fault_unless_it_is_allowed(story: Story) -> None:
    records = story.records[COMMANDS]
    records.append(replace(records[-1], offset=len(records)))
    assert "has no result" in only(story, Check.RESULTS)
    report = story.check(allow_pending=True)
    assert report.is_clean
    assert report.counts.pending == 1


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


def test_an_answer_under_another_workspace_than_its_command_is_named(story: Story) -> None:
    story.put_header(story.answers()[0], "workspace", b"x")
    assert "header workspace is x, its command says workspace-1" in only(story, Check.LOG)


def test_an_expiry_under_another_workspace_than_its_event_is_named(story: Story) -> None:
    story.put_header(story.expiry(), "workspace", b"x")
    assert "header workspace is x, its event is of workspace-1" in only(story, Check.LOG)


@pytest.mark.parametrize("header", ["type", "term", "offset", "event"])
def test_a_header_that_does_not_repeat_the_body_is_named(story: Story, header: str) -> None:
    story.put_header(story.answers()[0], header, b"7")
    assert f"header {header} is [b'7']" in only(story, Check.LOG)


def test_a_skipped_position_is_named(story: Story) -> None:
    def skip(data: Any) -> Any:  # noqa: ANN401
        positions = dict(data.positions) | {str(COMMANDS): data.positions[str(COMMANDS)] + 1}
        return msgspec.structs.replace(data, positions=positions)

    story.edit(story.answers()[-1], skip)
    assert "has read events.commands/0 up to 33, expected 32" in among(story, Check.POSITIONS)


@pytest.mark.parametrize(
    ("read", "says"),
    [
        ({"groups.outbox/0": 1}, "up to 1, and before up to 6"),
        ({"groups.outbox/0": 99}, "has read groups.outbox/0 up to 99, and it ends at 6"),
        ({"events.outbox/0": 1}, "names events.outbox/0, which is no input of this partition"),
    ],
)
def test_a_position_that_cannot_be_is_named(story: Story, read: dict[str, int], says: str) -> None:
    story.edit(
        story.answers()[-1],
        lambda data: msgspec.structs.replace(data, positions=dict(data.positions) | read),
    )
    assert says in among(story, Check.POSITIONS)


def test_a_position_behind_the_end_of_the_commands_is_named(story: Story) -> None:
    del story.records[COMMANDS][-1]
    assert "has read events.commands/0 up to 32, and it ends at 31" in among(story, Check.POSITIONS)


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


async def release_after_a_takeover() -> Story:
    """Tell of a seat that a second owner sells and releases."""
    teller = Teller()
    await teller.open()
    await teller.ask(book(teller.event, "A-1"))
    teller.house.running[1].cancel()
    teller.house.start(seats())
    await teller.ask(book(teller.event, "A-2"))
    await teller.ask(book(teller.event, "A-2", status=FREE))
    return await teller.end()


def make_void(story: Story, offset: int) -> None:
    """Let a record be one of the first owner, written after it was replaced."""
    first = story.data(story.answers()[0]).term
    assert story.data(offset).term != first
    story.edit(offset, lambda data: msgspec.structs.replace(data, term=first))


async def test_a_record_that_counts_on_a_void_one_is_named() -> None:
    story = await release_after_a_takeover()
    assert story.check().faults == []
    make_void(story, story.find("A-2", BOOKED))
    assert story.check().counts.void_records == 1
    assert "A-2 of event 256 was free, and the change says booked" in among(story, Check.SEATS)
    assert "event 256 has change 3 after change 1" in among(story, Check.NUMBERING)


def test_a_number_that_counts_on_a_void_record_is_named(story: Story) -> None:
    last = story.answers()[-1]
    story.copy(last, last)
    make_void(story, last)
    assert story.check().faults == []
    seq = story.data(last).facts[0].seq
    story.edit_fact(last + 1, seq=seq + 1)
    assert f"event 256 has change {seq + 1} after change {seq - 1}" in only(story, Check.NUMBERING)


def test_a_second_copy_of_a_record_is_void(story: Story) -> None:
    last = len(story.records[OUTBOX]) - 1
    story.append_last(lambda data: data, made_for=last)
    report = story.check()
    assert report.faults == []
    assert report.counts.void_records == 1


def test_a_record_with_the_id_of_another_is_named(story: Story) -> None:
    offset = story.answers()[0]
    record = story.records[OUTBOX][offset]
    other = (record.value or b"").replace(b'"id":"0-%d"' % offset, b'"id":"0-1"')
    story.records[OUTBOX][offset] = replace(record, value=other)
    assert f"has id 0-1, expected 0-{offset}" in only(story, Check.LOG)


def test_a_term_that_nobody_took_is_named(story: Story) -> None:
    last = len(story.records[OUTBOX]) - 1
    story.edit(last, lambda data: msgspec.structs.replace(data, term=5))
    assert "carries term 5, which nobody has taken" in among(story, Check.TERMS)


def test_an_owner_with_the_producer_of_an_earlier_one_is_named(story: Story) -> None:
    story.copy(0, to=1)
    assert "carries term 1, whose producer had owned" in among(story, Check.TERMS)


def test_a_decision_read_under_a_wrong_term_is_named(story: Story) -> None:
    last = story.answers()[-1]
    wrong = {str(COORDINATOR_OUTBOX): 3}
    story.edit(last, lambda data: msgspec.structs.replace(data, input_terms=wrong))
    assert "follows term 3 of groups.outbox/0, where 0 was in force" in only(story, Check.TERMS)


@pytest.mark.parametrize("partition", [COMMANDS, OUTBOX])
def test_a_log_that_was_not_read_to_its_end_is_named(
    story: Story, partition: TopicPartition
) -> None:
    last = story.records[partition].pop()
    story.ends[partition] = last.offset + 1
    says = f"log: {partition}: was read up to {last.offset}, and goes on at {last.offset + 1}"
    assert says in [str(fault) for fault in story.check().faults]


def test_a_missing_command_is_named(story: Story) -> None:
    del story.records[COMMANDS][3]
    assert "events.commands/0: was read up to 3, and goes on at 4" in among(story, Check.LOG)
