"""Each check is needed: without it, nothing else finds what it finds.

Rules of this file:

1. A check is switched off by an edit of its own source, as small as can be: one condition.
2. The same history is judged twice. With the check, it alone finds something; without it, nothing
   does.
3. Those of the clients' log (C2, C6), of the read model (C4, C12), of snapshots (C4) and of offers
   (C5) stand with their histories.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple
from unittest.mock import patch

import msgspec
import pytest

from schemas.commands import decode_seats_command, encode
from schemas.facts import (
    BOOKED,
    FREE,
    CommandParked,
    GroupBegun,
    GroupEnded,
    GroupRefused,
    GroupReserved,
)
from schemas.rejections import Rejected
from seatlog.verify import answers, areas, groups, refusals
from seatlog.verify.directory import Directory
from seatlog.verify.holds import Holds
from seatlog.verify.inputs import Inputs
from seatlog.verify.journal import Journal
from seatlog.verify.objects import Fold
from seatlog.verify.parking import Parking
from seatlog.verify.parts import Parts
from seatlog.verify.report import Check
from seatlog.verify.results import Results
from tests.simulation.bug import Edit
from tests.verify.group_story import FRIDAY, SATURDAY, group, replace_facts, said
from tests.verify.story import Story, only
from tests.workers.house import COMMANDS, COORDINATOR_OUTBOX


class Switch(NamedTuple):
    """One check, a history that it finds a fault in, and how it is switched off."""

    number: str
    """As docs/guarantees.md has it."""
    check: Check
    falsify: Callable[[Story], object]
    holder: Any
    name: str
    old: str
    new: str = "False"

    def judge(self, story: Story) -> None:
        """Judge the falsified history with the check, and without it."""
        self.falsify(story)
        only(story, self.check)
        off = Edit(self.holder, self.name, ((self.old, self.new),))
        with patch.object(off.holder, off.name, off.edited()):
            assert story.check().faults == []


def say_otherwise(story: Story, offset: int, **told: object) -> None:
    """Falsify what a record of the seats owner's tells besides its facts."""
    story.edit(offset, lambda data: msgspec.structs.replace(data, **told))


def leave_pending(story: Story) -> None:
    records = story.records[COMMANDS]
    records.append(replace(records[-1], offset=len(records)))


def read_too_far(story: Story) -> None:
    offset = story.expiry()
    read = dict(story.data(offset).positions)
    read[str(COMMANDS)] += 1
    say_otherwise(story, offset, positions=read)


def name_another_type(story: Story) -> None:
    story.put_header(story.answers()[0], "type", b"7")


def refuse_without_cause(story: Story) -> None:
    refusal = Rejected(code="EVENT_NOT_FOUND", detail="256")
    say_otherwise(story, story.answers()[1], answer=refusal)


def use_at_its_deadline(story: Story) -> None:
    offset = story.find("B-2", BOOKED)
    story.edit_fact(offset, hold_expires_at=story.data(offset).at)


def come_from_another_workspace(story: Story) -> None:
    record = story.records[COMMANDS][0]
    command = decode_seats_command(record.value or b"")
    foreign = encode(msgspec.structs.replace(command, workspace="stranger"))
    story.records[COMMANDS][0] = replace(record, value=foreign)
    story.put_header(story.answers()[0], "workspace", b"stranger")


def end_early(story: Story) -> None:
    offset = story.expiry()
    say_otherwise(story, offset, at=story.data(offset).at - 1)


def wait_longer(story: Story) -> None:
    """Let a command that is given up have had more time to wait than it got."""
    offset = next(
        offset
        for offset in story.with_fact(FRIDAY, CommandParked)
        if "C-1" in str(story.data(offset, FRIDAY).facts[0].command)
    )
    until = story.data(offset, FRIDAY).facts[0].until
    story.edit_fact(offset, FRIDAY, until=until + 60_000)


def vote_longer(story: Story) -> None:
    """Let a group that was cancelled for its time have had more of it."""
    failed = group(story, "A-4")
    [begun] = story.with_fact(COORDINATOR_OUTBOX, GroupBegun, group=failed)
    vote_by = story.data(begun, COORDINATOR_OUTBOX).facts[0].vote_by
    story.edit_fact(begun, COORDINATOR_OUTBOX, vote_by=vote_by + 60_000)


def tear(story: Story) -> None:
    """Let one owner do nothing of a group that was done."""
    torn = group(story, "C-2")
    ended = GroupEnded(group=torn, is_confirmed=True)
    replace_facts(story, said(story, torn, GroupEnded, SATURDAY), SATURDAY, ended)


def go_in_another_order(story: Story) -> None:
    one = said(story, group(story, "A-2"), GroupReserved)
    two = said(story, group(story, "nowhere"), GroupRefused)
    facts = [story.data(offset, FRIDAY).facts for offset in (one, two)]
    replace_facts(story, one, FRIDAY, *facts[1])
    replace_facts(story, two, FRIDAY, *facts[0])


OF_ONE_PARTITION = (
    Switch("C1", Check.RESULTS, leave_pending, Results, "finish", "pending > 0"),
    Switch(
        "C1",
        Check.RESULTS,
        lambda story: say_otherwise(story, story.answers()[1], answer=None),
        Results,
        "_count",
        'self._fault(entry.where, "is a result without an answer")',
        "pass",
    ),
    Switch("C1", Check.LOG, name_another_type, Journal, "_check_header", "found != expected"),
    Switch(
        "C1",
        Check.TERMS,
        lambda story: say_otherwise(
            story, story.answers()[-1], input_terms={str(COORDINATOR_OUTBOX): 3}
        ),
        Inputs,
        "_check_decisions",
        "term != expected",
    ),
    Switch("C1", Check.POSITIONS, read_too_far, Inputs, "_check_commands", "after != expected"),
    Switch(
        "C1",
        Check.TIME,
        lambda story: say_otherwise(
            story, story.answers()[-1], at=story.data(story.answers()[-1]).at + 60_000
        ),
        Journal,
        "_check",
        "at > record.timestamp + clock_drift_ms",
    ),
    Switch(
        "C3",
        Check.NUMBERING,
        lambda story: story.edit_fact(story.answers()[-1], seq=99),
        Fold,
        "_number",
        "fact.seq != event.last_seq + 1",
    ),
    Switch(
        "C5",
        Check.SEATS,
        lambda story: story.edit_fact(story.find("B-2", BOOKED), previous_status=FREE),
        Fold,
        "_check_seat",
        "fact.previous_status != before.status",
    ),
    Switch(
        "C5",
        Check.AREAS,
        lambda story: story.edit_fact(story.find("GA1", BOOKED), previous_status="painted"),
        areas,
        "_movement_faults",
        "moved.get(fact.previous_status, 0) >= 0",
    ),
    Switch(
        "C5",
        Check.ANSWERS,
        come_from_another_workspace,
        answers,
        "seats_done_faults",
        "found.workspace != command.workspace",
    ),
    Switch(
        "C5",
        Check.DIRECTORY,
        lambda story: story.edit_fact(story.applied()[0], name="another"),
        Directory,
        "_compare",
        "applied != decided",
    ),
    Switch(
        "C9",
        Check.ANSWERS,
        refuse_without_cause,
        refusals,
        "misses_an_event",
        "return False",
        "return True",
    ),
    Switch("C10", Check.HOLDS, use_at_its_deadline, Holds, "use", "expires_at <= at"),
    Switch("C10", Check.HOLDS, end_early, Holds, "expire", "at < deadline"),
)
OF_GROUPS = (
    Switch(
        "C7",
        Check.GROUPS,
        vote_longer,
        groups,
        "_cancelled_faults",
        "at < group.begun.vote_by",
    ),
    Switch(
        "C7",
        Check.GROUPS,
        tear,
        Parts,
        "_end",
        'self._fault(entry, f"{odd} {[done_by(fact) for fact in changes]}")',
        "pass",
    ),
    Switch("C8", Check.ORDER, go_in_another_order, Parts, "_begin", "fact.group != begun.group"),
    Switch(
        "C11",
        Check.DOUBT,
        wait_longer,
        Parking,
        "patience_faults",
        "code == BUSY and at < parked.until",
    ),
)


def _called(switch: Switch) -> str:
    return f"{switch.number} {switch.check}: {switch.name}"


@pytest.mark.parametrize("switch", OF_ONE_PARTITION, ids=_called)
def test_what_a_check_finds_goes_unnoticed_without_it(story: Story, switch: Switch) -> None:
    switch.judge(story)


@pytest.mark.parametrize("switch", OF_GROUPS, ids=_called)
def test_what_a_check_of_groups_finds_goes_unnoticed_without_it(
    festival: Story, switch: Switch
) -> None:
    switch.judge(festival)
