"""Whether an answer is that of its command: what was done is what was asked, or why not.

Rules of this file:

1. It knows no booking rule. An accepted command must have done exactly what it says, in its
   order, and the fold checks whether that was possible.
2. A refusal must be true: the object in the way was in the way, in the status that it names.
"""

from collections.abc import Iterator
from typing import Any

from schemas.commands import (
    Change,
    ChangeObjectStatus,
    CreateEvents,
    DeleteEvent,
    GroupsCommand,
    ObjectChange,
    SeatsCommand,
    SetHoldDeadline,
    UpdateEvent,
    UpdateExtraData,
)
from schemas.facts import (
    FREE,
    HELD,
    EventCreated,
    EventDeleted,
    EventUpdated,
    ExtraDataChanged,
    HoldDeadlineSet,
    StatusChanged,
)
from schemas.outbox import Accepted, Answer
from schemas.rejections import Obstacle, Rejection
from seatlog.verify.objects import Fold


def shape_faults(answer: Answer, facts: list[Any]) -> Iterator[str]:
    """Say what cannot be, whatever the command was."""
    if facts and not isinstance(answer, Accepted):
        yield "refuses its command and has changed something"
    elif facts and answer.repeat:
        yield "repeats an answer and has changed something"


def seats_done_faults(command: SeatsCommand, facts: list[Any], fold: Fold) -> Iterator[str]:
    """Say how the facts of an accepted command differ from it."""
    if isinstance(command, ChangeObjectStatus):
        wanted = [_wanted(change, item) for change in command.changes for item in change.objects]
    else:
        wanted = [
            (command.event, label, extra_data or None)
            for label, extra_data in command.extra_data.items()
        ]
    done = [_done(fact) for fact in facts]
    if done != wanted:
        yield f"was asked for {wanted} and did {done}"
    for event, key in dict.fromkeys(_named(command)):
        found = fold.events.get(event)
        if found is not None and found.workspace != command.workspace:
            yield f"workspace {command.workspace} changed event {event} of {found.workspace}"
        if found is not None and key not in (None, found.key):
            yield f"meant event {key} and changed event {event}, which is {found.key}"


def _wanted(change: Change, item: ObjectChange) -> tuple[Any, ...]:
    token = change.hold.token if change.hold else None
    asked = (change.event, item.label, change.status, item.quantity)
    return (*asked, token, change.order_id, item.ticket_type)


def _done(fact: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any fact
    if isinstance(fact, StatusChanged):
        done = (fact.event, fact.label, fact.status, fact.quantity)
        return (*done, fact.hold_token, fact.order_id, fact.ticket_type)
    if isinstance(fact, ExtraDataChanged):
        return (fact.event, fact.label, fact.extra_data)
    return (fact,)


def refusal_faults(
    command: SeatsCommand, code: str, obstacles: list[Obstacle], fold: Fold
) -> Iterator[str]:
    """Say how a refusal is not true at its place in the log."""
    if code == Rejection.EVENT_NOT_FOUND.code and not _misses_an_event(command, fold):
        yield "says that an event is not there, and all are"
    touched = _touched(command)
    for obstacle in obstacles:
        # What the command itself did before, to the same object, is not in the fold.
        if touched.count((obstacle.event, obstacle.label)) == 1:
            yield from _obstacle_faults(command, obstacle, fold)


def _touched(command: SeatsCommand) -> list[tuple[int, str]]:
    if isinstance(command, UpdateExtraData):
        return [(command.event, label) for label in command.extra_data]
    return [(change.event, item.label) for change in command.changes for item in change.objects]


def _misses_an_event(command: SeatsCommand, fold: Fold) -> bool:
    """Say whether an event is not there, or is not what the command's ingress knew by that key."""
    for event, key in _named(command):
        found = fold.events.get(event)
        if found is None or found.workspace != command.workspace or key not in (None, found.key):
            return True
    return False


def _named(command: SeatsCommand) -> list[tuple[int, str | None]]:
    """Give the events that a command names, each with the key that its ingress knew it by."""
    if isinstance(command, ChangeObjectStatus):
        return [(change.event, change.event_key) for change in command.changes]
    return [(command.event, command.event_key)]


def _obstacle_faults(command: SeatsCommand, obstacle: Obstacle, fold: Fold) -> Iterator[str]:
    state = fold.state(obstacle.event, obstacle.label)
    if state is None or obstacle.code == Rejection.OBJECT_NOT_FOUND.code:
        if (state is None) != (obstacle.code == Rejection.OBJECT_NOT_FOUND.code):
            yield f"refuses {obstacle.label} as {obstacle.code}: whether it exists is otherwise"
        return
    if obstacle.status is not None and obstacle.status != state.status:
        yield f"refuses {obstacle.label} as {obstacle.status}, and it was {state.status}"
    if state.area is not None:
        return
    tokens = {
        change.hold.token
        for change in _changes(command)
        if change.hold and change.event == obstacle.event
        if any(item.label == obstacle.label for item in change.objects)
    }
    if obstacle.code == Rejection.OBJECT_NOT_FREE.code and state.status == FREE:
        yield f"refuses {obstacle.label} as not free, and it was"
    if obstacle.code == Rejection.HELD_BY_ANOTHER_TOKEN.code and (
        state.status != HELD or state.hold_token in tokens
    ):
        yield f"refuses {obstacle.label} as held by another token, and it was not"


def _changes(command: SeatsCommand) -> list[Change]:
    return command.changes if isinstance(command, ChangeObjectStatus) else []


def groups_done_faults(command: GroupsCommand, facts: list[Any]) -> Iterator[str]:
    """Say how the facts of an accepted command to a coordinator differ from it."""
    wanted = _decided(command)
    done = [_decision(fact) for fact in facts]
    if done != wanted:
        yield f"was asked for {wanted} and decided {done}"


def _decided(command: GroupsCommand) -> list[tuple[Any, ...]]:
    workspace = command.workspace
    match command:
        case CreateEvents(events=new):
            return [(workspace, e.key, e.chart_key, e.inventory, e.name, e.date) for e in new]
        case UpdateEvent(key=key):
            described = (command.name, command.date, command.is_in_the_past)
            return [(workspace, key, command.new_key or key, *described)]
        case DeleteEvent(key=key):
            return [(workspace, key)]
        case SetHoldDeadline(hold=hold):
            return [(workspace, hold.token)]
        case ChangeObjectStatus():
            return []


def _decision(fact: Any) -> tuple[Any, ...]:  # noqa: ANN401 - any fact
    match fact:
        case EventCreated():
            named = (fact.workspace, fact.key, fact.chart_key)
            return (*named, fact.inventory, fact.name, fact.date)
        case EventUpdated():
            named = (fact.workspace, fact.previous_key, fact.key)
            return (*named, fact.name, fact.date, fact.is_in_the_past)
        case EventDeleted():
            return (fact.workspace, fact.key)
        case HoldDeadlineSet():
            return (fact.workspace, fact.token)
        case _:
            return (fact,)
