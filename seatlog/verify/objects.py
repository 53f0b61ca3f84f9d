"""The naive fold: the state of every object of one partition, from its facts alone.

Rules of this file:

1. A fact that is wrong is named, and then applied all the same: that is what every other reader
   of the log does, so the states to compare with them are these.
"""

from collections.abc import Iterable
from functools import partial

import msgspec

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
    PlannedChange,
    SeasonStatusOverridden,
    SeatsFact,
    StatusChanged,
)
from seatlog.verify.areas import area_faults, planned_faults
from seatlog.verify.holds import Held, Holds
from seatlog.verify.places import Inventories
from seatlog.verify.report import Check, Report
from seatlog.verify.reservations import Reservations
from seatlog.verify.seasons import Seasons
from seatlog.verify.states import UNTOUCHED, EventFold, Moment, ObjectState, change_row


class Fold:
    """The events of one partition."""

    def __init__(self, inventories: Inventories, report: Report, changes_since: int) -> None:
        self.events: dict[int, EventFold] = {}
        self.reservations = Reservations()
        self.holds = Holds(report, self._is_reserved)
        self._inventories = inventories
        self._report = report
        self._changes_since = changes_since
        self._deleted: set[int] = set()
        self.seasons = Seasons(self.events)
        self._shared: set[Held] = set()
        """Objects of events in seasons that the record at hand has touched."""

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
            case SeasonStatusOverridden():
                self._override(fact, moment)
            case EventCreated():
                self._create(fact, moment)
            case EventUpdated():
                self._update(fact, moment)
            case EventDeleted():
                self._delete(fact, moment)
            case _:
                pass  # what waits or is in doubt has changed no object

    def end_record(self, where: str) -> None:
        """Check what only a whole record can be asked: whether seasons share as they must."""
        for what in self.seasons.faults(self._shared, self):
            self._report.fault(Check.SEATS, where, what)
        self._shared.clear()

    def reserve(self, group: int, changes: list[PlannedChange]) -> None:
        """Note what a group has reserved."""
        self.reservations.reserve(group, changes)
        for planned in changes:
            self._share(planned.change.event, planned.change.label)

    def groups(self, objects: Iterable[Held]) -> list[int]:
        """Name the groups that have reserved any of these objects, or what is the same places."""
        of = self.reservations.of
        return sorted(
            {group for one in objects for held in self.same_places(one) for group in of(held)}
        )

    def places(self, event: EventFold, label: str, group: int | None) -> int:
        """Count the places of an object that an event has if this group alone is confirmed."""
        after = partial(self.reservations.status_after, group)
        area = event.objects.get(label, UNTOUCHED).area
        if event.capacity(label) is not None or area is not None:
            in_use = 0 if area is None else sum(area.taken.values()) + area.held
            return in_use + self.reservations.gain(group, (event.id, label))
        return int(
            any(
                not event.objects.get(each, UNTOUCHED).is_free
                if (status := after((event.id, each))) is None
                else status != FREE
                for each in (label, *event.same_places(label))
            )
        )

    def state(self, event: int, label: str) -> ObjectState | None:
        """Give an object's state; None if there is no such event, or it does not sell it."""
        found = self.events.get(event)
        return found.objects.get(label, UNTOUCHED) if found and found.sells(label) else None

    def is_left(self, event: int, label: str) -> bool:
        """Say whether somebody has an object that its event does not sell any more."""
        found = self.events.get(event)
        if found is None or found.sells(label):
            return False
        return not found.objects.get(label, UNTOUCHED).is_free

    def is_area(self, event: int, label: str) -> bool:
        """Say whether an object is an area."""
        found = self.events.get(event)
        return found is not None and found.capacity(label) is not None

    def same_places(self, held: Held) -> list[Held]:
        """Name an object, and all that are the same places: a table's seats, a seat's table."""
        found = self.events.get(held[0])
        same = [] if found is None else found.same_places(held[1])
        return [held, *((held[0], label) for label in same)]

    def all_that_is(self, held: Held) -> set[Held]:
        """Name an object, what is the same places, and the same of all in its event's seasons."""
        sharing = self.seasons.sharing
        return {shared for same in self.same_places(held) for shared in sharing(same)}

    def with_seats(self, held: Held) -> list[Held]:
        """Name an object; a table with its seats."""
        found = self.events.get(held[0])
        venue = found.venue if found is not None else None
        seats = venue.seats_of.get(held[1]) if venue is not None else None
        return [held, *((held[0], label) for label in seats or ())]

    def _create(self, fact: EventCreated, moment: Moment) -> None:
        if fact.event in self.events or fact.event in self._deleted:
            self._fault(Check.DIRECTORY, moment, f"creates the event {fact.event} a second time")
        self._report.counts.events += 1
        event = EventFold(fact, fact.key, fact.name, fact.date)
        self._sell_from(event, fact.inventory, moment)
        event.season = fact.season
        self.events[fact.event] = event
        self.seasons.put(event)

    def _sell_from(self, event: EventFold, inventory: str, moment: Moment) -> None:
        venue = self._inventories.find(inventory)
        if venue is None:
            missing = f"event {event.id} is on the inventory {inventory}, which is not there"
            self._fault(Check.SEATS, moment, missing)
        event.sell_from(inventory, venue, self._inventories.seats(inventory))

    def _update(self, fact: EventUpdated, moment: Moment) -> None:
        event = self._event(fact.event, moment)
        if event is not None:
            event.key = fact.key
            event.name = event.name if fact.name is None else fact.name
            event.date = event.date if fact.date is None else fact.date
            if fact.is_in_the_past is not None:
                event.is_in_the_past = fact.is_in_the_past
            event.season = fact.season or event.season
            if fact.season is not None:
                self.seasons.put(event)
            if fact.season is not None or fact.is_in_the_past is False:
                self._share_all(event)
            if fact.selling is not None:
                event.sell(fact.selling)
                self.seasons.sell(event)
            event.updated_at = fact.updated_at
            event.chart_key = fact.chart_key or event.chart_key
            if fact.inventory is not None:
                self._sell_from(event, fact.inventory, moment)

    def _delete(self, fact: EventDeleted, moment: Moment) -> None:
        event = self._event(fact.event, moment)
        if event is None:
            return
        for label, state in event.objects.items():
            if state.hold_token is not None:
                self.holds.let_go(state.hold_token, (event.id, label))
        for label, token in event.area_holds:
            self.holds.let_go(token, (event.id, label))
        self.seasons.drop(event.id)
        del self.events[event.id]
        self._deleted.add(event.id)

    def _override(self, fact: SeasonStatusOverridden, moment: Moment) -> None:
        event = self._event(fact.event, moment)
        if event is None:
            return
        # By time it is not in it yet: what may be told before it joins, overrides.py says.
        if not moment.by_time and fact.season not in self.seasons.seasons_of(event.id):
            odd = f"event {event.id} overrides season {fact.season}, and is not in it"
            self._fault(Check.SEATS, moment, odd)
        for label, places in fact.places.items():
            # A table that both have is overridden with its seats, whichever the event sells.
            if event.venue is not None and label not in event.venue.places:
                self._fault(Check.SEATS, moment, f"event {event.id} has no object {label}")
            most = self.seasons.places(event, label)
            if places < 0 or (most is not None and places > most):
                odd = f"{places} places of {label} of event {event.id} are overridden"
                self._fault(Check.SEATS, moment, odd)
            event.overridden.pop((label, fact.season), None)
            if places:
                event.overridden[label, fact.season] = places
            self._shared.add((event.id, label))

    def _share_all(self, event: EventFold) -> None:
        seasons = (self.events.get(season) for season in self.seasons.seasons_of(event.id))
        for sharer in (event, *seasons):
            if sharer is not None:
                in_doubt = (label for label, _ in self.reservations.of_event(sharer.id))
                self._shared.update((event.id, label) for label in (*sharer.objects, *in_doubt))

    def _share(self, event: int, label: str) -> None:
        found = self.events.get(event)
        if found is not None and found.season is not None:
            self._shared.add((event, label))

    def _change_extra_data(self, fact: ExtraDataChanged, moment: Moment) -> None:
        event = self._event(fact.event, moment)
        if event is not None:
            if not event.sells(fact.label):
                self._fault(Check.SEATS, moment, f"event {event.id} has no object {fact.label}")
            for group in self.reservations.of((fact.event, fact.label)):
                odd = f"{fact.label} of event {fact.event} is changed, and group {group} has it"
                self._fault(Check.GROUPS, moment, odd)
            before = event.objects.get(fact.label, UNTOUCHED)
            event.put(fact.label, before._replace(extra_data=fact.extra_data))

    def _change(self, fact: StatusChanged, moment: Moment) -> None:
        event = self._event(fact.event, moment)
        if event is None:
            return
        self._report.counts.status_changes += 1
        self._number(event, fact, moment)
        if moment.by_time:
            self._report.counts.objects_freed_by_time += 1
            self.holds.expire(fact.hold_token or "", moment.at, moment.where)
        elif moment.planned is None:
            self.holds.use(fact, moment.at, moment.where)
        before = event.objects.get(fact.label, UNTOUCHED)
        self._check_sold(event, before, fact, moment)
        is_seat = event.capacity(fact.label) is None or (not before.is_free and not before.area)
        if is_seat and fact.area is None:
            self._check_seat(before, fact, moment)
        else:
            own = event.area_holds.get((fact.label, fact.hold_token or ""), {})
            counts = msgspec.structs.replace(before.area or AreaCounts(), own=own)
            if fact.area is None or (is_seat and before.area is None):
                name = f"{fact.label} of event {fact.event}"
                self._fault(Check.AREAS, moment, f"{name} is told as an area, or should be")
            room = event.room(fact.label, counts, is_planned=moment.planned is not None)
            self._check_area(counts, fact, room, moment)
        self._replace(event, fact, before, moment.at)
        self._share(event.id, fact.label)

    def _number(self, event: EventFold, fact: StatusChanged, moment: Moment) -> None:
        if fact.seq != event.last_seq + 1:
            odd = f"event {event.id} has change {fact.seq} after change {event.last_seq}"
            self._fault(Check.NUMBERING, moment, odd)
        event.last_seq = fact.seq
        if moment.at >= self._changes_since:
            event.changes.add(change_row(fact, moment))

    def _check_seat(self, before: ObjectState, fact: StatusChanged, moment: Moment) -> None:
        name = f"{fact.label} of event {fact.event}"
        for what in self.reservations.seat_faults(fact):
            self._fault(Check.HOLDS if moment.by_time else Check.GROUPS, moment, what)
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
        self, before: AreaCounts, fact: StatusChanged, capacity: int | None, moment: Moment
    ) -> None:
        """Check an area's counts; `before.own` is what the fact's token held."""
        name = f"{fact.label} of event {fact.event}"
        held, token = (fact.event, fact.label), fact.hold_token or ""
        kept = self.reservations.drawn_from_hold(held, token, before.own) if moment.by_time else 0
        for what in area_faults(before, fact, capacity, by_time=moment.by_time, kept=kept):
            self._fault(Check.AREAS, moment, f"{name}: {what}")
        if moment.planned is not None:
            for what in planned_faults(before, fact, moment.planned.moves):
                self._fault(Check.AREAS, moment, f"{name}: {what}")
        for what in self.reservations.area_faults(before, fact, capacity):
            check = Check.HOLDS if moment.by_time else Check.GROUPS
            self._fault(check, moment, f"{name}: {what}")

    def _is_reserved(self, token: str, held: Held) -> bool:
        """Say whether groups have reserved all that a token has of an object."""
        event = self.events.get(held[0])
        own = event.area_holds.get((held[1], token)) if event is not None else None
        if own is None:
            return bool(self.reservations.of(held))
        return self.reservations.drawn_from_hold(held, token, own) >= sum(own.values())

    def _replace(self, event: EventFold, fact: StatusChanged, before: ObjectState, at: int) -> None:
        area, held, token = fact.area, (event.id, fact.label), fact.hold_token
        seat_token = token if fact.status == HELD and area is None else None
        after = ObjectState(
            *(fact.status, seat_token, fact.order_id, fact.ticket_type, fact.extra_data),
            fact.resale_listing_id,
            None if area is None else area.without_own(),
        )
        event.put(fact.label, after)
        used = int(fact.status != FREE) if area is None else sum(area.taken.values()) + area.held
        event.use(fact.label, used, at)
        if before.hold_token not in (None, seat_token):
            self.holds.let_go(before.hold_token, held)
        if seat_token is not None:
            self.holds.hold(seat_token, held, fact.hold_expires_at, at)
        if area is not None and token is not None:
            self._replace_area_hold(event, fact, token, area.own, at)

    def _replace_area_hold(
        self, event: EventFold, fact: StatusChanged, token: str, own: dict[str, int], at: int
    ) -> None:
        before = event.area_holds.pop((fact.label, token), None)
        if own:
            event.area_holds[fact.label, token] = own
            deadline = fact.hold_expires_at if fact.status == HELD else None
            self.holds.hold(token, (event.id, fact.label), deadline, at)
        elif before is not None:
            self.holds.let_go(token, (event.id, fact.label))

    def _event(self, event: int, moment: Moment) -> EventFold | None:
        found = self.events.get(event)
        if found is None:
            why = "was deleted" if event in self._deleted else "was never created here"
            self._fault(Check.DIRECTORY, moment, f"is about event {event}, which {why}")
        return found

    def _check_sold(
        self, event: EventFold, before: ObjectState, fact: StatusChanged, moment: Moment
    ) -> None:
        """Check that an event sells an object, and that nobody has its places as another one.

        What it does not sell any more may be freed, and what was reserved is done.
        """
        is_left = moment.planned is not None or (fact.status == FREE and not before.is_free)
        if not event.sells(fact.label) and not is_left:
            self._fault(Check.SEATS, moment, f"event {event.id} has no object {fact.label}")
        for label in event.same_places(fact.label):
            other = event.objects.get(label, UNTOUCHED)
            if fact.status != FREE and not other.is_free:
                self._report.counts.sold_twice += fact.status == BOOKED == other.status
                odd = (
                    f"{fact.label} of event {event.id} is {fact.status}, and {label} has its places"
                )
                self._fault(Check.SEATS, moment, f"{odd}: it is {other.status}")
            for group, planned in self.reservations.of((event.id, label)).items():
                gives_back = all(one.change.status == FREE for one in planned)
                if gives_back and fact.origin.type == "HOLD_EXPIRED":
                    continue  # both give places back: neither is in the way of the other
                odd = f"{fact.label} of event {event.id} is changed, and group {group} has {label}"
                self._fault(Check.GROUPS, moment, odd)

    def _fault(self, check: Check, moment: Moment, what: str) -> None:
        self._report.fault(check, moment.where, what)
