"""The naive fold: the state of every object of one partition, from its facts alone.

Rules of this file:

1. A fact that is wrong is named, and then applied all the same: that is what every other reader
   of the log does, so the states to compare with them are these.
"""

from dataclasses import dataclass, field
from hashlib import md5
from typing import NamedTuple

import msgspec

from schemas.commands import JsonObject
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    AreaCounts,
    EventCreated,
    EventDeleted,
    EventUpdated,
    ExtraDataChanged,
    HoldDeadlineSet,
    HoldExpired,
    SeatsFact,
    StatusChanged,
)
from seatlog.verify.areas import area_faults
from seatlog.verify.holds import Holds
from seatlog.verify.places import Inventories, Places
from seatlog.verify.report import Check, Report


class ObjectState(NamedTuple):
    """What is known about an object."""

    status: str = FREE
    hold_token: str | None = None
    """Of a seat that is held."""
    order_id: str | None = None
    ticket_type: str | None = None
    extra_data: JsonObject | None = None
    area: AreaCounts | None = None
    """Without `own`: the places of each token are in EventFold.area_holds."""


UNTOUCHED = ObjectState()


class Moment(NamedTuple):
    """Where and when a fact stands, and whether time alone was its cause."""

    where: str
    at: int
    change_id: int
    """The id that a status change has here."""
    by_time: bool


@dataclass(slots=True)
class Changes:
    """The status changes of an event, summed up to be compared with another list of them.

    Older ones than the read model keeps are left out.
    """

    number: int = 0
    ids: int = 0
    """Sum of the ids."""
    times: int = 0
    """Sum of the times."""
    content: int = 0
    """Sum of what `digest` says of each."""

    def add(self, fact: StatusChanged, moment: Moment) -> None:
        """Count a status change."""
        self.number += 1
        self.ids += moment.change_id
        self.times += moment.at
        self.content += digest(fact)


def digest(fact: StatusChanged) -> int:
    """Digest what a status change says, in a way that SQL can do as well (read_model.py)."""
    parts = (fact.seq, fact.label, fact.status, fact.quantity, fact.hold_token, fact.order_id)
    told = " ".join("" if part is None else str(part) for part in parts)
    told = told.replace("\x00", "\ufffd")  # Postgres cannot store it
    return int(md5(told.encode(), usedforsecurity=False).hexdigest()[:8], 16)


@dataclass(slots=True)
class EventFold:
    """One event: what was said when it was created, and its objects that were ever changed."""

    created: EventCreated
    places: Places | None
    key: str
    name: str | None
    date: str | None
    is_in_the_past: bool = False
    updated_at: int | None = None
    last_seq: int = 0
    changes: Changes = field(default_factory=Changes)
    objects: dict[str, ObjectState] = field(default_factory=dict)
    area_holds: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict)
    """By label and token, the places that it holds of an area by ticket type."""

    @property
    def id(self) -> int:
        """The event's id."""
        return self.created.event

    @property
    def workspace(self) -> str:
        """The key of its workspace."""
        return self.created.workspace


class Fold:
    """The events of one partition."""

    def __init__(self, inventories: Inventories, report: Report, changes_since: int) -> None:
        self.events: dict[int, EventFold] = {}
        self.holds = Holds(report)
        self._inventories = inventories
        self._report = report
        self._changes_since = changes_since
        self._deleted: set[int] = set()

    def apply(self, fact: SeatsFact, moment: Moment) -> None:
        """Check a fact against all before it, and apply it."""
        match fact:
            case StatusChanged():
                self._change(fact, moment)
            case ExtraDataChanged():
                self._change_extra_data(fact, moment)
            case HoldDeadlineSet():
                self.holds.set_deadline(fact)
            case HoldExpired():
                self._report.counts.holds_expired += 1
                self.holds.end(fact.token, moment.where)
            case EventCreated():
                self._create(fact, moment)
            case EventUpdated():
                self._update(fact, moment)
            case EventDeleted():
                self._delete(fact, moment)

    def state(self, event: int, label: str) -> ObjectState | None:
        """Give an object's state; None if there is no such event or label."""
        found = self.events.get(event)
        if found is None or (found.places is not None and label not in found.places):
            return None
        return found.objects.get(label, UNTOUCHED)

    def _create(self, fact: EventCreated, moment: Moment) -> None:
        if fact.event in self.events or fact.event in self._deleted:
            self._fault(Check.DIRECTORY, moment, f"creates the event {fact.event} a second time")
        places = self._inventories.find(fact.inventory)
        if places is None:
            missing = f"event {fact.event} is on the inventory {fact.inventory}, which is not there"
            self._fault(Check.SEATS, moment, missing)
        self._report.counts.events += 1
        self.events[fact.event] = EventFold(fact, places, fact.key, fact.name, fact.date)

    def _update(self, fact: EventUpdated, moment: Moment) -> None:
        event = self._event(fact.event, moment)
        if event is not None:
            event.key = fact.key
            event.name = event.name if fact.name is None else fact.name
            event.date = event.date if fact.date is None else fact.date
            if fact.is_in_the_past is not None:
                event.is_in_the_past = fact.is_in_the_past
            event.updated_at = fact.updated_at

    def _delete(self, fact: EventDeleted, moment: Moment) -> None:
        event = self._event(fact.event, moment)
        if event is None:
            return
        for label, state in event.objects.items():
            if state.hold_token is not None:
                self.holds.let_go(state.hold_token, (event.id, label))
        for label, token in event.area_holds:
            self.holds.let_go(token, (event.id, label))
        del self.events[event.id]
        self._deleted.add(event.id)

    def _change_extra_data(self, fact: ExtraDataChanged, moment: Moment) -> None:
        event = self._event(fact.event, moment)
        if event is not None:
            self._place(event, fact.label, moment)
            before = event.objects.get(fact.label, UNTOUCHED)
            event.objects[fact.label] = before._replace(extra_data=fact.extra_data)

    def _change(self, fact: StatusChanged, moment: Moment) -> None:
        event = self._event(fact.event, moment)
        if event is None:
            return
        self._report.counts.status_changes += 1
        self._number(event, fact, moment)
        if moment.by_time:
            self._report.counts.objects_freed_by_time += 1
            self.holds.expire(fact.hold_token or "", moment.at, moment.where)
        else:
            self.holds.use(fact, moment.at, moment.where)
        before = event.objects.get(fact.label, UNTOUCHED)
        capacity = self._place(event, fact.label, moment)
        if capacity is None and fact.area is None:
            self._check_seat(before, fact, moment)
        else:
            own = event.area_holds.get((fact.label, fact.hold_token or ""), {})
            self._check_area(before, own, fact, capacity, moment)
        self._replace(event, fact, before)

    def _number(self, event: EventFold, fact: StatusChanged, moment: Moment) -> None:
        if fact.seq != event.last_seq + 1:
            odd = f"event {event.id} has change {fact.seq} after change {event.last_seq}"
            self._fault(Check.NUMBERING, moment, odd)
        event.last_seq = fact.seq
        if moment.at >= self._changes_since:
            event.changes.add(fact, moment)

    def _check_seat(self, before: ObjectState, fact: StatusChanged, moment: Moment) -> None:
        name = f"{fact.label} of event {fact.event}"
        if before.status == BOOKED == fact.status:
            self._report.counts.sold_twice += 1
            self._fault(Check.SEATS, moment, f"{name} is sold twice, with no release between")
        if fact.previous_status != before.status:
            odd = f"{name} was {before.status}, and the change says {fact.previous_status}"
            self._fault(Check.SEATS, moment, odd)
        stranger = fact.hold_token is not None and fact.hold_token != before.hold_token
        if before.status == HELD and stranger:
            odd = f"{name} is held by {before.hold_token} and was changed by {fact.hold_token}"
            self._fault(Check.SEATS, moment, odd)
        if moment.by_time and (before.status != HELD or fact.status != FREE):
            self._fault(Check.HOLDS, moment, f"{name} was {before.status}, and expired")
        if fact.status == HELD and fact.hold_token is None:
            self._fault(Check.SEATS, moment, f"{name} is held without a token")
        if fact.quantity != 1:
            self._fault(Check.SEATS, moment, f"{name} is one seat, and {fact.quantity} changed")

    def _check_area(
        self,
        before: ObjectState,
        own: dict[str, int],
        fact: StatusChanged,
        capacity: int | None,
        moment: Moment,
    ) -> None:
        name = f"{fact.label} of event {fact.event}"
        if fact.area is None or (capacity is None and before.area is None):
            self._fault(Check.AREAS, moment, f"{name} is told as an area, or should be")
        counts = msgspec.structs.replace(before.area or AreaCounts(), own=own)
        for what in area_faults(counts, fact, capacity, by_time=moment.by_time):
            self._fault(Check.AREAS, moment, f"{name}: {what}")

    def _replace(self, event: EventFold, fact: StatusChanged, before: ObjectState) -> None:
        area, held, token = fact.area, (event.id, fact.label), fact.hold_token
        seat_token = token if fact.status == HELD and area is None else None
        event.objects[fact.label] = ObjectState(
            *(fact.status, seat_token, fact.order_id, fact.ticket_type, fact.extra_data),
            None if area is None else msgspec.structs.replace(area, own={}),
        )
        if before.hold_token not in (None, seat_token):
            self.holds.let_go(before.hold_token, held)
        if seat_token is not None:
            self.holds.hold(seat_token, held, fact.hold_expires_at)
        if area is not None and token is not None:
            self._replace_area_hold(event, fact, token, area.own)

    def _replace_area_hold(
        self, event: EventFold, fact: StatusChanged, token: str, own: dict[str, int]
    ) -> None:
        before = event.area_holds.pop((fact.label, token), None)
        if own:
            event.area_holds[fact.label, token] = own
            deadline = fact.hold_expires_at if fact.status == HELD else None
            self.holds.hold(token, (event.id, fact.label), deadline)
        elif before is not None:
            self.holds.let_go(token, (event.id, fact.label))

    def _event(self, event: int, moment: Moment) -> EventFold | None:
        found = self.events.get(event)
        if found is None:
            why = "was deleted" if event in self._deleted else "was never created here"
            self._fault(Check.DIRECTORY, moment, f"is about event {event}, which {why}")
        return found

    def _place(self, event: EventFold, label: str, moment: Moment) -> int | None:
        if event.places is None:
            return None
        if label not in event.places:
            self._fault(Check.SEATS, moment, f"event {event.id} has no object {label}")
        return event.places.get(label)

    def _fault(self, check: Check, moment: Moment, what: str) -> None:
        self._report.fault(check, moment.where, what)
