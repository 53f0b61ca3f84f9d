"""Answers that are not those of their commands are named."""

from dataclasses import replace

import msgspec
import pytest

from schemas.commands import Origin, decode_seats_command, encode
from schemas.outbox import Accepted
from schemas.rejections import Obstacle, Rejected, Rejection
from seatlog.verify.report import Check
from tests.verify.story import Story, among, only
from tests.workers.house import COMMANDS, COORDINATOR_OUTBOX


def test_an_answer_that_did_something_else_is_named(story: Story) -> None:
    story.edit_fact(story.answers()[0], label="C-2")
    assert "was asked for" in among(story, Check.ANSWERS)


def test_a_refusal_without_cause_is_named(story: Story) -> None:
    # The second command, refused: A-1 was booked. Here it had not been.
    story.edit_fact(story.answers()[0], label="C-3")
    found = [str(fault) for fault in story.check().faults if fault.check is Check.ANSWERS]
    assert any("refuses A-1 as booked, and it was free" in fault for fault in found)
    assert any("refuses A-1 as not free, and it was" in fault for fault in found)


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (
            Rejected(code="EVENT_NOT_FOUND", detail="256"),
            "says that an event is not there, and all are",
        ),
        (
            Rejected(
                code="HELD_BY_ANOTHER_TOKEN",
                obstacles=[Obstacle(event=256, label="A-1", code="HELD_BY_ANOTHER_TOKEN")],
            ),
            "refuses A-1 as held by another token, and it was not",
        ),
        (
            Rejected(
                code="OBJECT_NOT_FOUND",
                obstacles=[Obstacle(event=256, label="A-1", code="OBJECT_NOT_FOUND")],
            ),
            "refuses A-1 as OBJECT_NOT_FOUND: whether it exists is otherwise",
        ),
    ],
)
def test_a_refusal_for_a_reason_that_is_not_there_is_named(
    story: Story, refusal: Rejected, says: str
) -> None:
    second = story.answers()[1]
    story.edit(second, lambda data: msgspec.structs.replace(data, answer=refusal))
    assert says in only(story, Check.ANSWERS)


def test_a_change_of_another_workspace_is_named(story: Story) -> None:
    command = decode_seats_command(story.records[COMMANDS][0].value or b"")
    foreign = encode(msgspec.structs.replace(command, workspace="stranger"))
    story.records[COMMANDS][0] = replace(story.records[COMMANDS][0], value=foreign)
    assert "workspace stranger changed event 256" in among(story, Check.ANSWERS)


def test_a_coordinator_that_decides_something_else_is_named(story: Story) -> None:
    story.edit_fact(1, COORDINATOR_OUTBOX, name="another")
    assert "and decided" in among(story, Check.ANSWERS)


def test_a_repeat_that_changed_something_is_named(story: Story) -> None:
    first, repeat = story.answers()[4:6]
    facts = story.data(first).facts
    story.edit(repeat, lambda data: msgspec.structs.replace(data, facts=facts))
    assert "repeats an answer and has changed something" in among(story, Check.ANSWERS)


def test_a_refusal_that_changed_something_is_named(story: Story) -> None:
    refused = Rejected(code=Rejection.OBJECT_NOT_FREE.code)
    story.edit(story.answers()[0], lambda data: msgspec.structs.replace(data, answer=refused))
    assert "refuses its command and has changed something" in only(story, Check.ANSWERS)


@pytest.mark.parametrize("elsewhere", [None, 1])
def test_a_repeat_of_another_answer_is_named(story: Story, elsewhere: int | None) -> None:
    repeat = story.answers()[5]
    other = Accepted(repeat=True, first_offset=elsewhere)
    story.edit(repeat, lambda data: msgspec.structs.replace(data, answer=other))
    assert "and its answer is another" in only(story, Check.ANSWERS)


def test_a_repeat_of_no_answer_is_named(story: Story) -> None:
    first = story.answers()[0]
    unfounded = Accepted(repeat=True, first_offset=first)
    story.edit(story.answers()[4], lambda data: msgspec.structs.replace(data, answer=unfounded))
    assert "repeats an answer, and its idempotency key has none" in among(story, Check.ANSWERS)


def test_a_command_done_again_under_its_key_is_named(story: Story) -> None:
    repeat = story.answers()[5]
    again = Accepted()
    story.edit(repeat, lambda data: msgspec.structs.replace(data, answer=again))
    assert "does again what was answered in" in among(story, Check.ANSWERS)


def test_an_answer_from_before_its_command_is_named(story: Story) -> None:
    command = story.records[COMMANDS][0]
    story.records[COMMANDS][0] = replace(command, timestamp=command.timestamp + 5)
    assert "is before its command's" in only(story, Check.TIME)


def test_an_answer_to_a_command_that_cannot_be_read_is_named(story: Story) -> None:
    story.records[COMMANDS][0] = replace(story.records[COMMANDS][0], value=b"{}")
    assert "whether its command can be read" in only(story, Check.ANSWERS)


def test_an_answer_under_another_idempotency_key_is_named(story: Story) -> None:
    first = story.answers()[0]
    story.edit(first, lambda data: msgspec.structs.replace(data, command_id="x"))
    assert "has command id x, asked was None" in only(story, Check.ANSWERS)


def test_a_coordinator_that_decides_unasked_is_named(story: Story) -> None:
    record = story.records[COORDINATOR_OUTBOX][1]
    unasked = (record.value or b"").replace(b"command.answered", b"time.passed")
    story.records[COORDINATOR_OUTBOX][1] = replace(record, value=unasked)
    assert "nobody asked for" in among(story, Check.ANSWERS)


def test_a_change_that_time_alone_cannot_bring_is_named(story: Story) -> None:
    story.edit_fact(story.expiry(), origin=Origin(ip="127.0.0.1"))
    assert "time alone brought about" in only(story, Check.ANSWERS)


def test_another_command_under_the_same_key_is_named(story: Story) -> None:
    repeat = story.answers()[5]
    story.edit(repeat, lambda data: msgspec.structs.replace(data, fingerprint="other"))
    assert "is another command under the key of" in only(story, Check.ANSWERS)


def test_a_repeat_without_a_key_is_named(story: Story) -> None:
    repeat = story.answers()[5]
    story.edit(repeat, lambda data: msgspec.structs.replace(data, command_id=None))
    assert "repeats an answer, and its idempotency key has none" in among(story, Check.ANSWERS)
