"""What must hold of a coordinator's records."""

from collections.abc import Iterator
from typing import Any

import msgspec

from adapters.ports import LogRecord, TopicPartition
from schemas.commands import Change, ChangeObjectStatus, decode_groups_command
from schemas.facts import (
    EventCreated,
    EventDeleted,
    EventUpdated,
    GroupBegun,
    GroupCancelled,
    GroupConfirmed,
    HoldDeadlineSet,
    VoteCounted,
)
from schemas.outbox import Accepted, Answer, CommandAnswered, CommandDeferred, VoteTaken
from schemas.rejections import Rejected, Rejection
from seatlog.verify import answers
from seatlog.verify.clients import Done, Told, Witness, group_command_id
from seatlog.verify.common_judge import CommonJudge, Heard
from seatlog.verify.directory import Directory
from seatlog.verify.groups import Groups, groups_in_doubt_max
from seatlog.verify.inputs import Inputs
from seatlog.verify.journal import Entry
from seatlog.verify.offers import differing_faults
from seatlog.verify.parking import BUSY
from seatlog.verify.report import Check, Report
from seatlog.verify.results import Results


class GroupsJudge:
    """Follows a coordinator's outbox partition."""

    def __init__(
        self,
        *,
        outbox: TopicPartition,
        directory: Directory,
        groups: Groups,
        inputs: Inputs,
        results: Results,
        report: Report,
        witness: Witness | None,
    ) -> None:
        self._outbox = outbox
        self._directory = directory
        self._groups = groups
        self._common = CommonJudge(inputs, results, decode_groups_command, report)
        self._witness = witness

    def take_in(self, entry: Entry, offset: int, command: LogRecord | None) -> None:
        """Check and fold a record."""
        heard = self._common.begin(entry, command)
        if isinstance(heard.asked, ChangeObjectStatus):
            self._check_group(entry, heard.asked, heard)
        elif heard.asked is not None and _is_first(entry.data.answer):
            self._common.say(entry, answers.groups_done_faults(heard.asked, entry.data.facts))
        if any(not isinstance(fact, _facts_of(entry)) for fact in entry.data.facts):
            self._common.say(entry, ["a coordinator decided something that nobody asked for"])
        self._groups.take_in(entry)
        self._directory.take_in(str(self._outbox), offset, entry)

    def finish(self, *, allow_pending: bool) -> None:
        """Check what can only be seen at the end."""
        self._common.finish(allow_pending=allow_pending)

    def _check_group(self, entry: Entry, asked: ChangeObjectStatus, heard: Heard) -> None:
        if isinstance(entry.told, CommandDeferred):
            self._common.say(entry, self._begun_faults(entry, asked), Check.GROUPS)
            return
        answer = entry.data.answer
        decided = [f for f in entry.data.facts if isinstance(f, (GroupConfirmed, GroupCancelled))]
        if heard.was_deferred != bool(decided):
            self._common.say(entry, ["a group is answered with its decision"], Check.GROUPS)
        elif isinstance(answer, Accepted) and not (decided or answer.repeat):
            self._common.say(entry, ["a group is done before it was begun"], Check.GROUPS)
        elif isinstance(answer, Rejected) and not (decided or answer.repeat):
            self._common.say(entry, self._refused_faults(answer, asked))
        if self._witness is not None and answer is not None and not _is_first(answer):
            # What was done the first time is told by the owners, who applied it.
            command = entry.data.command
            name = group_command_id(command) if command is not None else ""
            told: Told = "ok" if isinstance(answer, Accepted) else "refused"
            for change in asked.changes:
                self._witness(change, Done(name, None, 0, told))

    def _begun_faults(self, entry: Entry, asked: ChangeObjectStatus) -> Iterator[str]:
        """Say how a group that begins is not what was asked for."""
        wanted: dict[int | None, list[Change]] = {}
        for change in asked.changes:
            place = self._place(change, asked.workspace)
            bare = msgspec.structs.replace(change, event_key=None)
            wanted.setdefault(place, []).append(bare)
        if asked.same_channels:
            self._common.say(entry, self._differing(asked), Check.OFFERS)
        begun = [fact for fact in entry.data.facts if isinstance(fact, GroupBegun)]
        parts = {part.partition: part.changes for fact in begun for part in fact.parts}
        if len(entry.data.facts) != 1 or parts != wanted:
            yield f"was asked for a group of {wanted}, and has begun {parts}"
        for fact in begun:
            if (fact.asked.workspace, fact.origin) != (asked.workspace, asked.origin):
                yield f"begins group {fact.group} for another workspace or caller"

    def _refused_faults(self, refusal: Rejected, asked: ChangeObjectStatus) -> Iterator[str]:
        """Say how a group was refused at once and need not have been."""
        places = [self._place(change, asked.workspace) for change in asked.changes]
        if refusal.code == Rejection.EVENT_NOT_FOUND.code and None not in places:
            yield "says that an event is not there, and all are"
        if refusal.code == Rejection.CHANNELS_DIFFER.code and not (
            asked.same_channels and any(self._differing(asked))
        ):
            yield "says that channels differ, and they do not"
        undecided = self._groups.undecided(self._outbox.partition)
        if refusal.code == BUSY and undecided < groups_in_doubt_max:
            yield f"refuses a group as {BUSY}, and only {undecided} are in doubt"

    def _differing(self, asked: ChangeObjectStatus) -> Iterator[str]:
        return differing_faults(
            (item.label, self._directory.channel(change.event, item.label))
            for change in asked.changes
            for item in change.objects
            if not change.ignore_channels
        )

    def _place(self, change: Change, workspace: str) -> int | None:
        return self._directory.place_of(change.event, workspace, change.event_key)


def _is_first(answer: Answer | None) -> bool:
    """Say whether a command was done, and not before."""
    return isinstance(answer, Accepted) and not answer.repeat


def _facts_of(entry: Entry) -> tuple[type[Any], ...]:
    """Name the facts that a coordinator's record of this kind may have."""
    match entry.told:
        case CommandDeferred():
            return (GroupBegun,)
        case VoteTaken():
            return (VoteCounted,)
        case CommandAnswered():
            decisions = (EventCreated, EventUpdated, EventDeleted, HoldDeadlineSet)
            return (*decisions, VoteCounted, GroupConfirmed, GroupCancelled)
        case _:
            return ()
