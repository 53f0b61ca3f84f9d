"""Decisions that are not applied as they were made are named."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from seatlog.verify.report import Check
from tests.verify.story import INVENTORY, Story, among, only
from tests.workers.house import COORDINATOR_OUTBOX, OUTBOX


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


def test_a_decision_that_is_not_applied_at_the_end_is_named(story: Story) -> None:
    del story.records[OUTBOX][story.applied()[-1] :]
    found = [str(f) for f in story.check().faults if f.check is Check.DIRECTORY]
    assert any("groups.outbox/0 at 5: was never applied in partition 0" in f for f in found)
    assert story.check(allow_pending=True).is_clean


def test_a_decision_applied_with_more_of_its_input_read_is_named(story: Story) -> None:
    def hurry(data: Any) -> Any:  # noqa: ANN401
        positions = dict(data.positions) | {str(COORDINATOR_OUTBOX): 3}
        return msgspec.structs.replace(data, positions=positions)

    first = story.applied()[0]
    story.edit(first, hurry)
    found = [str(f) for f in story.check().faults if f.check is Check.DIRECTORY]
    assert any("groups.outbox/0 at 1 without applying it" in f for f in found)


def test_a_decision_applied_late_is_named(story: Story) -> None:
    decisions = story.records[COORDINATOR_OUTBOX]
    decisions.append(replace(decisions[-1], offset=len(decisions)))  # a second copy, void
    read = {str(COORDINATOR_OUTBOX): len(decisions)}
    story.edit(
        story.applied()[-1],
        lambda data: msgspec.structs.replace(data, positions=dict(data.positions) | read),
    )
    assert "applies groups.outbox/0 at 5 and has read up to 7" in among(story, Check.DIRECTORY)


@pytest.mark.parametrize(
    ("offset", "changes", "says"),
    [
        (3, {"event": 256}, "gives the id 256 out a second time"),
        (1, {"partition": 7}, "puts event 256 into partition 7, which is not there"),
        (4, {"event": 999}, "is about event 999, which there is not"),
        (4, {"previous_key": "first"}, "says that event 768 was first in partition 0"),
        (5, {"partition": 1}, "says that event 512 was second in partition 1"),
    ],
)
def test_a_coordinator_that_contradicts_itself_is_named(
    story: Story, offset: int, changes: dict[str, Any], says: str
) -> None:
    story.edit_fact(offset, COORDINATOR_OUTBOX, **changes)
    found = [str(f) for f in story.check().faults if f.check is Check.DIRECTORY]
    assert any(says in fault for fault in found), found


def test_an_event_key_given_out_twice_is_named(story: Story) -> None:
    decided = [offset for offset, record in story.told(COORDINATOR_OUTBOX) if offset > 0]
    story.edit_fact(decided[2], COORDINATOR_OUTBOX, key="drop")
    assert "gives the key drop to event" in among(story, Check.DIRECTORY)


def test_an_inventory_that_is_not_there_is_named(story: Story) -> None:
    story.records[INVENTORY] = []
    assert "which is not there" in among(story, Check.SEATS)
