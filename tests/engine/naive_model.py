"""A ticket office that does everything the slow and obvious way, to hold the engine against.

Rules of this file:

1. Written from the contract (sections 1.2 and 4) and the architecture (sections 4, 6 and 9), not
   from the engine: an area is a list of places, a command works on a copy of the whole world, time
   looks at every place there is, and nothing is ever forgotten.
2. Nothing of engine/ is imported here. Which free seats are the best somebody else says.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, NamedTuple

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


@dataclass
class Place:
    """One place that one guest can have: a seat, a booth, or one of an area's."""

    status: str = "free"
    token: str | None = None
    ticket_type: str | None = None


@dataclass
class Thing:
    """What a label stands for."""

    is_area: bool
    places: list[Place]
    status: str = "free"
    order_id: str | None = None
    ticket_type: str | None = None
    extra_data: Any = None


@dataclass
class Show:
    """An event."""

    workspace: str
    key: str
    things: dict[str, Thing]
    tables: dict[str, list[str]]
    """Each table with its seats."""
    whole: set[str]
    """The tables that are sold as wholes now."""
    changes: int = 0

    def sells(self, label: str) -> bool:
        """Say whether a thing is for sale: a table as a whole, or else its seats."""
        if label in self.tables:
            return label in self.whole
        return label in self.things and not any(
            label in seats for table, seats in self.tables.items() if table in self.whole
        )

    def is_free(self, label: str) -> bool:
        """Say whether nobody has anything of a thing."""
        return all(place.status == "free" for place in self.things[label].places)

    def offers(self, label: str) -> bool:
        """Say whether a thing is for sale, and nobody has it as another thing."""
        return self.sells(label) and all(map(self.is_free, self.same_places(label)))

    def same_places(self, label: str) -> list[str]:
        """Name the seats of a table, or the table of a seat."""
        tables = [table for table, seats in self.tables.items() if label in seats]
        return [*self.tables.get(label, []), *tables]


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


class _Refused(Exception):  # noqa: N818 - it says a refusal, not an error
    def __init__(self, reason: str) -> None:
        self.reason = reason


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
                    before = _apply(show, change, item)
                except _Refused as refused:
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


def _apply(show: Show, change: Change, item: ObjectChange) -> str:
    """Give the thing its new status and say which it had, or raise the reason why not."""
    thing = show.things.get(item.label)
    if thing is None:
        raise _Refused("OBJECT_NOT_FOUND")
    is_given_back = change.status == "free" and not show.is_free(item.label)
    if not show.sells(item.label) and not is_given_back:
        raise _Refused("OBJECT_NOT_FOUND")
    if thing.is_area:
        places = _places_to_move(thing, change, item)
    else:
        if item.quantity != 1:
            raise _Refused("QUANTITY_ON_A_SEAT")
        _check_seat(thing.places[0], change)
        if change.status != "free" and not all(map(show.is_free, show.same_places(item.label))):
            raise _Refused("TABLE_TAKEN")
        places = thing.places
    before = places[0].status
    for place in places:
        place.status = change.status
        place.token = change.hold.token if change.hold and _is_hold(change) else None
        place.ticket_type = item.ticket_type
    thing.status = change.status
    thing.order_id = change.order_id
    thing.ticket_type = item.ticket_type
    if item.extra_data is not None or not change.keep_extra_data:
        thing.extra_data = item.extra_data
    return before


def _is_hold(change: Change) -> bool:
    return change.status == "reservedByToken"


def _reason_in_lists(status: str, change: Change) -> str | None:
    """Contract 4.4."""
    allowed, rejected = change.allowed_previous_statuses, change.rejected_previous_statuses
    if allowed is not None and status not in allowed:
        return "STATUS_NOT_ALLOWED"
    if rejected is not None and status in rejected:
        return "STATUS_REJECTED"
    return None


def _check_seat(seat: Place, change: Change) -> None:
    """Contract 4.1."""
    reason = _reason_in_lists(seat.status, change)
    if reason:
        raise _Refused(reason)
    is_held = seat.status == "reservedByToken"
    if is_held and change.hold is not None and change.hold.token != seat.token:
        raise _Refused("HELD_BY_ANOTHER_TOKEN")
    if change.status == "free" or seat.status == "free" or is_held:
        return
    is_named = seat.status in (change.allowed_previous_statuses or [])
    takes = change.status in ("booked", "reservedByToken")
    if takes and seat.status == "booked":
        raise _Refused("OBJECT_NOT_FREE")
    if takes and seat.status != "resale" and not is_named:
        raise _Refused("OBJECT_NOT_FREE")
    if change.status == seat.status and not is_named:
        raise _Refused("OBJECT_NOT_FREE")


def _places_to_move(thing: Thing, change: Change, item: ObjectChange) -> list[Place]:
    """Choose places of an area: the own held ones, the free ones, then those of named statuses.

    Who books or holds need not name what is offered for resale.
    """
    short = "NOT_ENOUGH_TAKEN_PLACES" if change.status == "free" else "NOT_ENOUGH_PLACES"
    if item.quantity < 1:
        raise _Refused("NOT_ENOUGH_PLACES")
    sources = _sources(thing, change, item)
    willing = [
        place
        for status, places in sources
        if _reason_in_lists(status, change) is None
        for place in places
    ]
    if not willing:
        reasons = [reason for status, _ in sources if (reason := _reason_in_lists(status, change))]
        raise _Refused(reasons[0] if reasons else short)
    if len(willing) < item.quantity:
        raise _Refused(short)
    return willing[: item.quantity]


def _sources(thing: Thing, change: Change, item: ObjectChange) -> list[tuple[str, list[Place]]]:
    own: list[Place] = []
    if change.hold is not None:
        own = [place for place in thing.places if place.token == change.hold.token]
        own.sort(key=lambda place: place.ticket_type or "NO_TICKET_TYPE")
        own.sort(key=lambda place: place.ticket_type != item.ticket_type)
    free = [place for place in thing.places if place.status == "free"]
    taken = sorted({place.status for place in thing.places} - {"free", "reservedByToken"})
    taken.sort(key=lambda status: status != "booked")
    by_status = [(each, [p for p in thing.places if p.status == each]) for each in taken]
    if change.status == "free":
        return by_status if change.hold is None else [("reservedByToken", own)]
    named = [*(change.allowed_previous_statuses or [])]
    if change.status in ("booked", "reservedByToken"):
        named.append("resale")
    others = [pair for pair in by_status if pair[0] in named and pair[0] != change.status]
    if change.hold is None or _is_hold(change):
        return [("free", free), *others]
    return [("reservedByToken", own), ("free", free), *others]


def signed_deadlines(tokens: list[Hold]) -> dict[str, int]:
    """Give what the tokens' own signatures say."""
    return {token.token: token.expires_at for token in tokens}
