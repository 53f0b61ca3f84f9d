"""A ticket office that does everything the slow and obvious way, to hold the engine against.

Rules of this file:

1. Written from the contract (sections 1.2 and 4) and the architecture (sections 4, 6 and 9), not
   from the engine: a command works on a copy of the whole world, time looks at every place there
   is, and nothing is ever forgotten. What becomes of one thing of an event is in naive_show.py.
2. Nothing of engine/ is imported here. Which free seats are the best somebody else says.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import NamedTuple

from msgspec.structs import replace

from schemas.commands import (
    Change,
    ChangeBestAvailable,
    ChangeObjectStatus,
    Hold,
    ObjectChange,
    SeatsCommand,
    UpdateExtraData,
    Wish,
)
from tests.engine.naive_show import Refused, Show, Thing, apply

MINUTE = 60_000
LONGEST_HOLD = 120 * MINUTE + MINUTE
"""Two hours, and a minute for clocks that differ."""

# Of several reasons for a refusal, the answer is the one that stands first here.
REASONS = [
    "IDEMPOTENCY_KEY_REUSED",
    "EVENT_NOT_FOUND",
    "HOLD_TOKEN_MISSING",
    "HOLD_TOKEN_EXPIRED",
    "HOLD_DEADLINE_TOO_FAR",
    "OBJECT_NOT_FOUND",
    "QUANTITY_ON_A_SEAT",
    "STATUS_NOT_ALLOWED",
    "STATUS_REJECTED",
    "HELD_BY_ANOTHER_TOKEN",
    "OBJECT_NOT_FREE",
    "TABLE_TAKEN",
    "NOT_ENOUGH_PLACES",
    "NOT_ENOUGH_TAKEN_PLACES",
    "BEST_AVAILABLE_OBJECTS_NOT_FOUND",
]

Choose = Callable[[dict[str, int], Wish], list[str] | None]
"""Gives the best of the free places, counted by label; a label stands once for each place."""


class Changed(NamedTuple):
    """A status change as the office tells it."""

    event: int
    number: int
    label: str
    before: str
    after: str
    quantity: int


class Obstacle(NamedTuple):
    """What stood in the way, and the status that was asked for there."""

    event: int
    label: str
    reason: str
    asked: str | None


@dataclass
class Outcome:
    """What the caller hears."""

    reason: str | None = None
    """Of a refusal; None if the command was done."""
    obstacles: list[Obstacle] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)
    repeat: bool = False


class Office:
    """The ticket office."""

    def __init__(self, choose: Choose) -> None:
        self._choose = choose
        self.now = 0
        self.shows: dict[int, Show] = {}
        self.deadlines: dict[str, int] = {}
        """As they were changed; others are in the tokens."""
        self._answers: list[tuple[int, str, str, Outcome]] = []

    # -- time and deadlines

    def ends_at(self, token: str, signed: int) -> int:
        """Say when a token ends."""
        return self.deadlines.get(token, signed)

    def let_time_pass(self, now: int, signed: dict[str, int]) -> list[Changed]:
        """Free every place whose token has ended; one change for all that it has of a thing."""
        self.now = now
        return [
            self._end(event, show, label, token)
            for event, show in self.shows.items()
            for label, thing in show.things.items()
            for token in {place.token for place in thing.places if place.token}
            if self.ends_at(token, signed[token]) <= now
        ]

    def _end(self, event: int, show: Show, label: str, token: str) -> Changed:
        thing = show.things[label]
        quantity = 0
        for place in thing.places:
            if place.token == token:
                place.status, place.token, place.ticket_type = "free", None, None
                quantity += 1
        thing.status, thing.ticket_type = "free", None
        thing.order_id, thing.extra_data = None, None
        show.changes += 1
        return Changed(event, show.changes, label, "reservedByToken", "free", quantity)

    def hear_of_deadline(self, token: str, expires_at: int, previous: int) -> int:
        """Move a deadline, unless the token has ended here already; say when it ends now."""
        known = self.deadlines.get(token, previous)
        self.deadlines[token] = known if known <= self.now else expires_at
        return self.deadlines[token]

    # -- commands

    def do(self, command: SeatsCommand) -> Outcome:
        """Do a command or refuse it; a repeat within 15 minutes is answered as before."""
        key = command.idempotency
        if key is not None:
            for at, command_id, fingerprint, first in self._answers:
                if command_id == key.command_id and at > self.now - 15 * MINUTE:
                    if fingerprint != key.fingerprint:
                        return Outcome("IDEMPOTENCY_KEY_REUSED")
                    return Outcome(first.reason, first.obstacles, first.changed, repeat=True)
        match command:
            case ChangeObjectStatus():
                outcome = self._change(command)
            case ChangeBestAvailable():
                outcome = self._change_best(command)
            case UpdateExtraData():
                outcome = self._update_extra_data(command)
        if key is not None:
            self._answers.append((self.now, key.command_id, key.fingerprint, outcome))
        return outcome

    def _update_extra_data(self, command: UpdateExtraData) -> Outcome:
        show = self.shows.get(command.event)
        if show is None or show.workspace != command.workspace:
            return Outcome("EVENT_NOT_FOUND")
        unknown = [
            Obstacle(command.event, label, "OBJECT_NOT_FOUND", None)
            for label in command.extra_data
            if not show.sells(label)
        ]
        if unknown:
            return Outcome("OBJECT_NOT_FOUND", unknown)
        for label, extra_data in command.extra_data.items():
            show.things[label].extra_data = extra_data or None
        return Outcome()

    def _change(self, command: ChangeObjectStatus) -> Outcome:
        reasons = [self._reason_before_objects(command, change) for change in command.changes]
        first = _foremost([reason for reason in reasons if reason])
        if first:
            return Outcome(first)
        world = deepcopy(self.shows)
        outcome = Outcome()
        for change in command.changes:
            show = world[change.event]
            for item in change.objects:
                try:
                    before = apply(show, change, item)
                except Refused as refused:
                    outcome.obstacles.append(
                        Obstacle(change.event, item.label, refused.reason, change.status)
                    )
                    continue
                show.changes += 1
                outcome.changed.append(
                    Changed(
                        change.event,
                        show.changes,
                        item.label,
                        before,
                        change.status,
                        item.quantity,
                    )
                )
        if not outcome.obstacles:
            self.shows = world
            return outcome
        reason = _foremost([obstacle.reason for obstacle in outcome.obstacles])
        return Outcome(reason, outcome.obstacles)

    def _change_best(self, command: ChangeBestAvailable) -> Outcome:
        change = Change(
            event=command.event,
            status=command.status,
            objects=[],
            hold=command.hold,
            order_id=command.order_id,
            keep_extra_data=command.keep_extra_data,
        )
        asked = ChangeObjectStatus(
            workspace=command.workspace, changes=[change], origin=command.origin
        )
        refused = self._change(asked)
        if refused.reason:
            return refused
        show = self.shows[command.event]
        free = {
            label: _free(thing) if show.offers(label) else 0 for label, thing in show.things.items()
        }
        labels = self._choose(free, command.wish)
        if labels is None:
            return Outcome("BEST_AVAILABLE_OBJECTS_NOT_FOUND")
        return self._change(
            replace(asked, changes=[replace(change, objects=_items(command, labels))])
        )

    def _reason_before_objects(self, command: ChangeObjectStatus, change: Change) -> str | None:
        show = self.shows.get(change.event)
        if show is None or show.workspace != command.workspace:
            return "EVENT_NOT_FOUND"
        if change.hold is None:
            return "HOLD_TOKEN_MISSING" if change.status == "reservedByToken" else None
        ends_at = self.ends_at(change.hold.token, change.hold.expires_at)
        if ends_at > self.now + LONGEST_HOLD:
            return "HOLD_DEADLINE_TOO_FAR"
        return "HOLD_TOKEN_EXPIRED" if ends_at <= self.now else None


def _free(thing: Thing) -> int:
    return sum(place.status == "free" for place in thing.places)


def _items(command: ChangeBestAvailable, labels: list[str]) -> list[ObjectChange]:
    """Name each chosen object with what goes to it; like places of an area are one change."""
    items: list[ObjectChange] = []
    for number, label in enumerate(labels):
        types, extra_data = command.ticket_types[number:], command.extra_data[number:]
        item = ObjectChange(
            label=label,
            ticket_type=types[0] if types else None,
            extra_data=extra_data[0] if extra_data else None,
        )
        if items and replace(items[-1], quantity=1) == item:
            items[-1] = replace(item, quantity=items[-1].quantity + 1)
        else:
            items.append(item)
    return items


def _foremost(reasons: list[str]) -> str | None:
    return min(reasons, key=REASONS.index) if reasons else None


def signed_deadlines(tokens: list[Hold]) -> dict[str, int]:
    """Give what the tokens' own signatures say."""
    return {token.token: token.expires_at for token in tokens}
