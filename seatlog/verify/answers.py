"""Whether an answer is that of its command: what was done is what was asked.

Rules of this file:

1. It knows no booking rule. An accepted command must have done exactly what it says, in its
   order, and the fold checks whether that was possible. Refusals are in refusals.py.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from schemas.commands import (
    Change,
    ChangeBestAvailable,
    ChangeObjectStatus,
    ChangePartialSeason,
    CreateEvents,
    CreatePartialSeason,
    CreateSeason,
    CreateSeasonEvents,
    DeleteEvent,
    EditChannels,
    EditForSale,
    GroupsCommand,
    ObjectChange,
    ReplaceInventory,
    SeasonCommand,
    SeatsCommand,
    SetHoldDeadline,
    UpdateEvent,
    UpdateExtraData,
)
from schemas.facts import (
    CommandParked,
    EventCreated,
    EventDeleted,
    EventUpdated,
    ExtraDataChanged,
    GroupCancelled,
    HoldDeadlineSet,
    SeasonStatusOverridden,
    StatusChanged,
    VoteCounted,
)
from schemas.outbox import Accepted, Answer
from seatlog.verify.objects import Fold
from seatlog.verify.wishes import wish_done_faults


def shape_faults(answer: Answer, facts: list[Any]) -> Iterator[str]:
    """Say what cannot be, whatever the command was."""
    changes = [fact for fact in facts if not isinstance(fact, (VoteCounted, GroupCancelled))]
    if changes and not isinstance(answer, Accepted):
        yield "refuses its command and has changed something"
    elif facts and isinstance(answer, Accepted) and answer.repeat:
        yield "repeats an answer and has changed something"


def seats_done_faults(command: SeatsCommand, facts: list[Any], fold: Fold) -> Iterator[str]:
    """Say how the facts of an accepted command differ from it."""
    if isinstance(command, ChangeBestAvailable):
        yield from wish_done_faults(command, facts, fold)
    else:
        wanted, done = _wanted_of_any(command), [done_by(fact) for fact in facts]
        if done != wanted:
            yield f"was asked for {wanted} and did {done}"
    for event, key in dict.fromkeys(named_events(command)):
        found = fold.events.get(event)
        if found is not None and found.workspace != command.workspace:
            yield f"workspace {command.workspace} changed event {event} of {found.workspace}"
        if found is not None and key not in (None, found.key):
            yield f"meant event {key} and changed event {event}, which is {found.key}"


def _wanted_of_any(command: ChangeObjectStatus | UpdateExtraData) -> list[tuple[Any, ...]]:
    if isinstance(command, ChangeObjectStatus):
        return wanted_of(command)
    asked = command.extra_data.items()
    return [(command.event, label, extra_data or None) for label, extra_data in asked]


def wanted_of(command: ChangeObjectStatus) -> list[tuple[Any, ...]]:
    """List what a command asks for, object by object."""
    return [_wanted(change, item) for change in command.changes for item in change.objects]


def _wanted(change: Change, item: ObjectChange) -> tuple[Any, ...]:
    if change.season_use is not None:
        return (change.event, change.season_use.season, item.label)
    token = change.hold.token if change.hold else None
    asked = (change.event, item.label, change.status, item.quantity)
    return (*asked, token, change.order_id, item.ticket_type, change.resale_listing_id)


def done_by(fact: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any fact
    """Say what a fact has done, in the form of `wanted_of`."""
    if isinstance(fact, StatusChanged):
        done = (fact.event, fact.label, fact.status, fact.quantity)
        return (*done, fact.hold_token, fact.order_id, fact.ticket_type, fact.resale_listing_id)
    if isinstance(fact, SeasonStatusOverridden):
        return (fact.event, fact.season, *fact.places)
    if isinstance(fact, ExtraDataChanged):
        return (fact.event, fact.label, fact.extra_data)
    return (fact,)


def named_events(command: SeatsCommand) -> list[tuple[int, str | None]]:
    """Give the events that a command names, each with the key that its ingress knew it by."""
    if isinstance(command, ChangeObjectStatus):
        return [(change.event, change.event_key) for change in command.changes]
    return [(command.event, command.event_key)]


def misses_an_event(command: SeatsCommand, fold: Fold) -> bool:
    """Say whether an event is not there, or is not what the command's ingress knew by that key."""
    for event, key in named_events(command):
        found = fold.events.get(event)
        if found is None or found.workspace != command.workspace or key not in (None, found.key):
            return True
    return False


def parked_faults(command: SeatsCommand, parked: CommandParked, fold: Fold) -> Iterator[str]:
    """Say how a command that waits is not the one that was asked, but for the keys of its events.

    By these they were found when it came; later they may have others.
    """
    if misses_an_event(command, fold):
        yield "parks a command for an event that is not there, or not so called"
    if isinstance(command, ChangeObjectStatus):
        changes = [msgspec.structs.replace(change, event_key=None) for change in command.changes]
        bare: SeatsCommand = msgspec.structs.replace(command, changes=changes)
    else:
        bare = msgspec.structs.replace(command, event_key=None)
    if parked.command != bare:
        yield "parks another command than it has read"


def groups_done_faults(command: GroupsCommand, facts: list[Any]) -> Iterator[str]:
    """Say how the facts of an accepted command to a coordinator differ from it."""
    if isinstance(command, SeasonCommand):
        yield from _season_faults(command, facts)
        return
    if isinstance(command, ReplaceInventory):
        wanted = _replaced(command, facts)
    else:
        wanted = _decided(command)
    asked = facts
    # What is said of a season goes on to its events: they come after it, or are deleted before it.
    if isinstance(command, UpdateEvent):
        asked = facts[:1]
    elif isinstance(command, EditForSale):
        asked = facts[: len(command.events)]
    elif isinstance(command, DeleteEvent):
        asked = facts[-1:]
    done = [_decision(fact) for fact in asked]
    if done != wanted:
        yield f"was asked for {wanted} and decided {done}"
    if isinstance(command, UpdateEvent):
        for fact in asked:
            if isinstance(fact, EventUpdated):
                yield from _selling_faults(command, fact)


def _selling_faults(command: UpdateEvent, fact: EventUpdated) -> Iterator[str]:
    """Say what an update has made of how an event is sold that it was not asked for."""
    for field in ("tables", "categories", "object_categories"):
        said = getattr(command, field)
        if said is not None and (fact.selling is None or getattr(fact.selling, field) != said):
            yield f"was asked for the {field} {said}, and sells as {fact.selling}"


def _season_faults(command: SeasonCommand, facts: list[Any]) -> Iterator[str]:
    """Say how the facts of a command about seasons differ from it: other keys, other kinds."""
    created = [fact.key for fact in facts if isinstance(fact, EventCreated)]
    moved = [fact.key for fact in facts if isinstance(fact, EventUpdated)]
    wanted: list[str] = []
    may_move: list[str] = []
    match command:
        case CreateSeason():
            wanted = [command.season.key, *command.event_keys]
        case CreateSeasonEvents():
            wanted = command.event_keys
        case CreatePartialSeason():
            wanted, may_move = [command.key], command.event_keys
        case ChangePartialSeason():
            may_move = [*command.added, *command.removed]
    if created != wanted:
        yield f"was asked to create {wanted} and created {created}"
    if not set(moved) <= set(may_move):
        yield f"was asked to move {may_move} and moved {moved}"
    if len(created) + len(moved) < len(facts):
        yield f"was asked about seasons and decided {facts}"
    if len({fact.partition for fact in facts}) > 1:
        yield f"a season's events are in several partitions: {facts}"


def _edited(command: EditChannels | EditForSale) -> list[str]:
    return [command.key] if isinstance(command, EditChannels) else [e.key for e in command.events]


_AS_DESCRIBED = (None, None, None, None, None)
"""Name, date, whether it is in the past, chart and inventory, of an event that is only sold in
another way."""


def _replaced(command: ReplaceInventory, facts: list[Any]) -> list[tuple[Any, ...]]:
    # Which events the chart has is not in the command: those that are told are sold from it.
    said = (None, None, None, None, command.inventory)
    return [(command.workspace, fact.key, fact.key, *said) for fact in facts]


def _decided(command: GroupsCommand) -> list[tuple[Any, ...]]:
    workspace = command.workspace
    match command:
        case CreateEvents(events=new):
            return [
                (workspace, e.key, e.chart_key, e.inventory, e.name, e.date, e.selling) for e in new
            ]
        case UpdateEvent(key=key):
            described = (command.name, command.date, command.is_in_the_past)
            chart = (command.chart_key, command.inventory)
            return [(workspace, key, command.new_key or key, *described, *chart)]
        case EditChannels() | EditForSale():
            return [(workspace, key, key, *_AS_DESCRIBED) for key in _edited(command)]
        case DeleteEvent(key=key):
            return [(workspace, key)]
        case SetHoldDeadline(hold=hold):
            return [(workspace, hold.token)]
        case _:
            return [("a group is answered with its decision",)]


def _decision(fact: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any fact
    match fact:
        case EventCreated():
            named = (fact.workspace, fact.key, fact.chart_key)
            return (*named, fact.inventory, fact.name, fact.date, fact.selling)
        case EventUpdated():
            named = (fact.workspace, fact.previous_key, fact.key)
            described = (fact.name, fact.date, fact.is_in_the_past)
            return (*named, *described, fact.chart_key, fact.inventory)
        case EventDeleted():
            return (fact.workspace, fact.key)
        case HoldDeadlineSet():
            return (fact.workspace, fact.token)
        case _:
            return (fact,)
