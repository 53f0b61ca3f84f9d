"""Seasons on the coordinator's side: what is created in them, and which events are in which.

Rules of this file:

1. A season, its partial seasons and its events share the partition that was chosen for the season,
   and its chart: whoever decides about one of them sees all of them.
2. Events take over how the season is sold where that makes other objects or prices of them: its
   tables, categories and objects' categories. Its channels are its own.
3. Their tables are the season's for good: a table that is sold as a whole in one of them and by its
   seats in another would be sold twice.
4. One decision says all of it: a season is created with all its events, and deleted with them.
"""

from collections.abc import Callable, Iterable, Iterator

import msgspec

from engine.groups.directory import Directory, Entry, deleted, entry_of, updated
from engine.machine import Decision, refused
from schemas.commands import (
    ChangePartialSeason,
    CreatePartialSeason,
    CreateSeason,
    CreateSeasonEvents,
    SeasonCommand,
)
from schemas.facts import EventCreated, EventUpdated, GroupsFact
from schemas.outbox import Accepted
from schemas.rejections import Rejection
from schemas.seasons import SeasonPlace
from schemas.selling import AS_THE_CHART_SAYS, Selling, TableBooking


class Seasons:
    """One command about seasons, decided on a directory that it does not change."""

    def __init__(
        self, directory: Directory, ids: Iterator[int], place: Callable[[str], int], now: int
    ) -> None:
        """Make one; `ids` gives the ids of new events, `place` the partition of a new season."""
        self._directory = directory
        self._ids = ids
        self._place = place
        self._now = now

    def decide(self, command: SeasonCommand) -> Decision[GroupsFact]:
        """Decide a command."""
        match command:
            case CreateSeason():
                return self._create(command)
            case CreateSeasonEvents():
                return self._create_events(command)
            case CreatePartialSeason():
                return self._create_partial(command)
            case ChangePartialSeason():
                return self._change_partial(command)

    def _create(self, command: CreateSeason) -> Decision[GroupsFact]:
        new, workspace = command.season, command.workspace
        taken = self._directory.not_free(workspace, [new.key, *command.event_keys])
        if taken:
            return refused(Rejection.EVENT_KEY_TAKEN, ", ".join(taken))
        season = next(self._ids)
        created = EventCreated(
            event=season,
            partition=self._place(new.key),
            workspace=workspace,
            key=new.key,
            chart_key=new.chart_key,
            inventory=new.inventory,
            name=new.name,
            date=new.date,
            selling=new.selling,
            season=SeasonPlace(
                kind="top", top=season, for_sale_propagated=command.for_sale_propagated
            ),
            created_at=self._now,
        )
        top = entry_of(created)
        return Decision(Accepted(), [created, *self._events_of(top, command.event_keys)])

    def _create_events(self, command: CreateSeasonEvents) -> Decision[GroupsFact]:
        top = self._top(command.workspace, command.season)
        if isinstance(top, Decision):
            return top
        taken = self._directory.not_free(command.workspace, command.event_keys)
        if taken:
            return refused(Rejection.EVENT_KEY_TAKEN, ", ".join(taken))
        return Decision(Accepted(), [*self._events_of(top, command.event_keys)])

    def _create_partial(self, command: CreatePartialSeason) -> Decision[GroupsFact]:
        top = self._top(command.workspace, command.top)
        if isinstance(top, Decision):
            return top
        taken = self._directory.not_free(command.workspace, [command.key])
        if taken:
            return refused(Rejection.EVENT_KEY_TAKEN, command.key)
        events = self._events(top, command.event_keys)
        if isinstance(events, Decision):
            return events
        place = SeasonPlace(kind="partial", top=top.event)
        created = self._created(next(self._ids), top, command.key, place, command.name)
        return Decision(
            Accepted(), [created, *(self._joined(event, created.event) for event in events)]
        )

    def _change_partial(self, command: ChangePartialSeason) -> Decision[GroupsFact]:
        top = self._top(command.workspace, command.top)
        if isinstance(top, Decision):
            return top
        partial = self._directory.find(command.workspace, command.partial)
        if partial is None:
            return refused(Rejection.EVENT_NOT_FOUND, command.partial)
        if partial.season is None or partial.season.kind != "partial":
            return refused(Rejection.NOT_A_SEASON, command.partial)
        if partial.season.top != top.event:
            return refused(Rejection.EVENT_NOT_IN_SEASON, command.partial)
        events = self._events(top, [*command.added, *command.removed])
        if isinstance(events, Decision):
            return events
        changed: dict[int, GroupsFact] = {}
        for event in events:
            is_in, is_added = partial.event in _place(event).partials, event.key in command.added
            if is_added and not is_in:
                changed[event.event] = self._joined(event, partial.event)
            elif is_in and not is_added:
                changed[event.event] = left(event, partial.event, self._now)
        return Decision(Accepted(), [*changed.values()])

    def _top(self, workspace: str, key: str) -> Entry | Decision[GroupsFact]:
        """Give the top-level season with this key, or why there is none."""
        entry = self._directory.find(workspace, key)
        if entry is None:
            return refused(Rejection.EVENT_NOT_FOUND, key)
        if entry.season is None or entry.season.kind != "top":
            return refused(Rejection.NOT_A_SEASON, key)
        return entry

    def _events(self, top: Entry, keys: Iterable[str]) -> list[Entry] | Decision[GroupsFact]:
        """Give the events of a season with these keys, each once, or why there is none."""
        found: dict[int, Entry] = {}
        for key in keys:
            entry = self._directory.find(top.workspace, key)
            if entry is None:
                return refused(Rejection.EVENT_NOT_FOUND, key)
            if entry.season is None or top.event not in entry.season.seasons:
                return refused(Rejection.EVENT_NOT_IN_SEASON, key)
            found[entry.event] = entry
        return list(found.values())

    def _events_of(self, top: Entry, keys: Iterable[str]) -> Iterator[EventCreated]:
        place = SeasonPlace(kind="event", top=top.event)
        return (self._created(next(self._ids), top, key, place) for key in keys)

    def _created(
        self, event: int, top: Entry, key: str, place: SeasonPlace, name: str | None = None
    ) -> EventCreated:
        return EventCreated(
            event=event,
            partition=top.partition,
            workspace=top.workspace,
            key=key,
            chart_key=top.chart_key,
            inventory=top.inventory,
            name=name,
            selling=_taken_over(top.selling),
            season=place,
            created_at=self._now,
        )

    def _joined(self, event: Entry, partial: int) -> EventUpdated:
        place = _place(event)
        joined = msgspec.structs.replace(place, partials=[*place.partials, partial])
        return updated(event, self._now, season=joined)


def may_say_tables(entry: Entry, tables: TableBooking) -> bool:
    """Say whether an event may be told how its tables are sold: of a season, only as it is."""
    if entry.season is None or entry.season.kind == "top":
        return True
    return tables == (entry.selling.tables or TableBooking())


def tables_passed_on(
    directory: Directory, entry: Entry, tables: TableBooking | None, now: int
) -> list[EventUpdated]:
    """Tell all of a season how its tables are sold from now on."""
    if tables is None or entry.season is None or entry.season.kind != "top":
        return []
    return [
        updated(other, now, selling=msgspec.structs.replace(other.selling, tables=tables))
        for other in directory.in_season(entry.event)
    ]


def left(event: Entry, partial: int, now: int) -> EventUpdated:
    """Take an event out of a partial season."""
    place = _place(event)
    partials = [one for one in place.partials if one != partial]
    return updated(event, now, season=msgspec.structs.replace(place, partials=partials))


def deleted_with(directory: Directory, entry: Entry, now: int) -> list[GroupsFact]:
    """Say what becomes of the others in a season if this one of it is deleted."""
    if entry.season is None or entry.season.kind == "event":
        return []
    others = directory.in_season(entry.season.top)
    if entry.season.kind == "partial":
        return [
            left(other, entry.event, now)
            for other in others
            if entry.event in _place(other).partials
        ]
    return [deleted(other) for other in others]


def is_season(entry: Entry) -> bool:
    """Say whether an event is a season, top-level or partial."""
    return entry.season is not None and entry.season.kind != "event"


def propagating(entry: Entry, is_propagated: bool | None) -> SeasonPlace | None:  # noqa: FBT001
    """Say what a season is if its sale counts in its events, or does not; None: as before."""
    if is_propagated is None:
        return None
    return msgspec.structs.replace(_place(entry), for_sale_propagated=is_propagated)


def _place(entry: Entry) -> SeasonPlace:
    assert entry.season is not None, f"event {entry.event} is in no season"
    return entry.season


def _taken_over(selling: Selling) -> Selling | None:
    """Give what the events of a season take over from how it is sold."""
    taken_over = Selling(
        tables=selling.tables,
        categories=selling.categories,
        object_categories=selling.object_categories,
    )
    return None if taken_over == AS_THE_CHART_SAYS else taken_over
