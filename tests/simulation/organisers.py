"""The organisers: what is said about events, and not of who has their objects.

Rules of this file:

1. A seed says once what its world has: seasons, channels, things out of sale. So faults meet few
   events with much contention in some seeds, and all of it at once in others.
2. Whatever can be said is said at any time, also of events that groups have in doubt.
"""

from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final, NamedTuple

from engine.groups.directory import Entry
from schemas.commands import (
    ChangePartialSeason,
    CreateEvents,
    CreatePartialSeason,
    CreateSeason,
    CreateSeasonEvents,
    DeleteEvent,
    EditChannels,
    EditForSale,
    GroupsCommand,
    Idempotency,
    NewEvent,
    ReplaceInventory,
    UpdateEvent,
)
from schemas.selling import Channel, ForSale, TableBooking, TableSoldAs
from schemas.selling_edits import (
    AddChannels,
    AddToChannel,
    ChannelsEdit,
    EventForSaleEdit,
    ForSaleEdit,
    OpenAndClose,
    RemoveChannel,
    ReplaceChannels,
    ReplaceForSale,
    Stock,
    TakeFromChannel,
    UpdateChannel,
)
from tests.simulation.dice import Dice
from tests.simulation.objects import AREA, AT_A_TABLE, SEATS, TABLES

EVENT_KEYS: Final = ("ada", "bob", "joe", "kim")
"""In either workspace they are spread over two partitions, and over three."""
SEASON: Final = "year"
SEASON_EVENTS: Final = ("may", "oct")
PARTIALS: Final = ("fall", "spring")
"""Partial seasons: an event may be in both."""
OF_SEASON: Final = (SEASON, *SEASON_EVENTS, PARTIALS[0])
"""What is created sooner or later; the other partial season only if somebody thinks of it."""
ALL_KEYS: Final = (*EVENT_KEYS, SEASON, *SEASON_EVENTS, *PARTIALS)
CHART_KEYS: Final = ("chart", "another chart")
CHANNEL_KEYS: Final = ("gold", "press")
seasons_share: Final = 0.55
tables_share: Final = 0.4
channels_share: Final = 0.3
for_sale_share: Final = 0.3
"""Of the seeds."""

Turn = tuple[float, Callable[[], GroupsCommand]]
"""How often something is said, and what it is."""


class Programme(NamedTuple):
    """What the world of a seed has."""

    seasons: bool
    tables: bool
    """Sold now by their seats and now as wholes, and wanted by many."""
    channels: bool
    for_sale: bool

    @classmethod
    def draw(cls, dice: Dice) -> "Programme":
        """Draw one."""
        shares = (seasons_share, tables_share, channels_share, for_sale_share)
        return cls(*(dice.chance(share) for share in shares))


class Organiser:
    """Somebody who runs events of a workspace: says what could be asked of a coordinator."""

    def __init__(
        self, workspace: str, programme: Programme, dice: Dice, inventories: Sequence[str]
    ) -> None:
        self._workspace = workspace
        self._programme = programme
        self._dice = dice
        self._inventories = inventories
        self._channels = count(1)

    @property
    def keys(self) -> Sequence[str]:
        """The keys that its events may have."""
        return ALL_KEYS if self._programme.seasons else EVENT_KEYS

    def create(self, entries: Sequence[Entry], key: Idempotency | None) -> GroupsCommand:
        """Create events, or what a season lacks."""
        is_there = {entry.key for entry in entries}
        if (
            self._programme.seasons
            and not is_there.issuperset(OF_SEASON)
            and self._dice.chance(0.6)
        ):
            return self._create_season(is_there, key)
        new = [
            NewEvent(key=event, chart_key=CHART_KEYS[0], inventory=self._inventories[0])
            for event in self._dice.random.choices(EVENT_KEYS, k=self._dice.between(1, 2))
        ]
        return CreateEvents(workspace=self._workspace, events=new, idempotency=key)

    def edit(self, entry: Entry, entries: Sequence[Entry]) -> GroupsCommand:
        """Say something else about an event."""
        turns: list[Turn] = [
            (25 if self._programme.tables else 2, lambda: self._sell_tables(entry, entries)),
            (3, self._publish),
            (2, lambda: self._move_to_chart(entry)),
            (1.5, lambda: self._update(entry, new_key=self._dice.random.choice(self.keys))),
            (2, lambda: DeleteEvent(workspace=self._workspace, key=entry.key)),
        ]
        if entry.season is not None:
            turns += [
                (6, lambda: self._join_or_leave(entries)),
                (3, lambda: self._update(entry, is_in_the_past=self._dice.chance(0.4))),
                (1, lambda: self._update(entry, for_sale_propagated=self._dice.chance(0.5))),
            ]
        if self._programme.channels:
            turns.append((5, lambda: self._edit_channels(entry)))
        if self._programme.for_sale:
            turns.append((5, lambda: self._edit_for_sale(entry, entries)))
        [(_, turn)] = self._dice.random.choices(turns, [weight for weight, _ in turns])
        return turn()

    def _create_season(self, is_there: set[str], key: Idempotency | None) -> GroupsCommand:
        """Create the season with some of its events, or what it has not."""
        if SEASON not in is_there:
            season = NewEvent(key=SEASON, chart_key=CHART_KEYS[0], inventory=self._inventories[0])
            return CreateSeason(
                workspace=self._workspace,
                season=season,
                event_keys=self._some_events(least=1),
                idempotency=key,
            )
        lacking = [event for event in SEASON_EVENTS if event not in is_there]
        if lacking:
            return CreateSeasonEvents(
                workspace=self._workspace, season=SEASON, event_keys=lacking, idempotency=key
            )
        return self._create_partial(PARTIALS[0])

    def _create_partial(self, partial: str) -> GroupsCommand:
        return CreatePartialSeason(
            workspace=self._workspace, top=SEASON, key=partial, event_keys=self._some_events()
        )

    def _join_or_leave(self, entries: Sequence[Entry]) -> GroupsCommand:
        """Create a partial season, or say anew which events are in it."""
        partial = self._dice.random.choice(PARTIALS)
        if partial not in {one.key for one in entries}:
            return self._create_partial(partial)
        added, removed = self._some_events(), self._some_events()
        return ChangePartialSeason(
            workspace=self._workspace, top=SEASON, partial=partial, added=added, removed=removed
        )

    def _some_events(self, least: int = 0) -> list[str]:
        number = self._dice.between(least, len(SEASON_EVENTS))
        return self._dice.random.sample(SEASON_EVENTS, number)

    def _sell_tables(self, entry: Entry, entries: Sequence[Entry]) -> GroupsCommand:
        """Sell tables otherwise; those of a season all in the same way."""
        if entry.season is not None and self._dice.chance(0.8):
            entry = next((one for one in entries if one.event == entry.season.top), entry)
        by_label: dict[str, TableSoldAs] = {
            table: self._dice.random.choice(("by_seat", "by_table")) for table in TABLES
        }
        custom = TableBooking(mode="custom", by_label=by_label)
        wholes = (TableBooking(mode="all_by_table"), TableBooking(mode="all_by_seat"))
        return self._update(entry, tables=self._dice.random.choice((*wholes, custom)))

    def _publish(self) -> GroupsCommand:
        """Let all events of a chart be sold from an inventory, more often from the first one."""
        return ReplaceInventory(
            workspace=self._workspace,
            chart_key=CHART_KEYS[0 if self._dice.chance(0.8) else 1],
            inventory=self._inventories[0 if self._dice.chance(0.6) else 1],
        )

    def _move_to_chart(self, entry: Entry) -> GroupsCommand:
        return self._update(
            entry,
            chart_key=self._dice.random.choice(CHART_KEYS),
            inventory=self._dice.random.choice(self._inventories),
        )

    def _update(self, entry: Entry, **said: Any) -> GroupsCommand:  # noqa: ANN401 - fields
        return UpdateEvent(workspace=self._workspace, key=entry.key, **said)

    def _edit_channels(self, entry: Entry) -> GroupsCommand:
        edit = self._channels_edit(entry)
        return EditChannels(workspace=self._workspace, key=entry.key, edit=edit)

    def _channels_edit(self, entry: Entry) -> ChannelsEdit:
        key = self._dice.random.choice(CHANNEL_KEYS)
        if key not in {channel.key for channel in entry.selling.channels}:
            return AddChannels(channels=[self._channel(key)])
        objects, places = self._objects(), self._places()
        edits: tuple[ChannelsEdit, ...] = (
            AddToChannel(key=key, objects=objects, area_places=places),
            TakeFromChannel(key=key, objects=objects, area_places=places),
            UpdateChannel(key=key, objects=objects),
            ReplaceChannels(channels=[self._channel(key)]),
            RemoveChannel(key=key),
        )
        return self._dice.random.choice(edits)

    def _channel(self, key: str) -> Channel:
        return Channel(
            id=f"{key}-{next(self._channels)}",
            key=key,
            name=key,
            color="#ED303D",
            objects=self._objects(),
            area_places=self._places(),
        )

    def _edit_for_sale(self, entry: Entry, entries: Sequence[Entry]) -> GroupsCommand:
        edit = self._for_sale_edit()
        also = [self._dice.random.choice(entries)] if self._dice.chance(0.3) else []
        return EditForSale(
            workspace=self._workspace,
            events=[
                EventForSaleEdit(key=key, edit=edit)
                for key in dict.fromkeys([entry.key, *(one.key for one in also)])
            ],
        )

    def _for_sale_edit(self) -> ForSaleEdit:
        if self._dice.chance(0.3):
            objects, places = self._objects(), self._places()
            is_listed = self._dice.chance(0.3)
            config = ForSale(for_sale=is_listed, objects=objects, area_places=places)
            return ReplaceForSale(for_sale=self._dice.random.choice((None, config)))
        stocks = [Stock(label=label) for label in self._objects()]
        stocks += [
            Stock(label=label, places=places, capacity=10)
            for label, places in self._places().items()
        ]
        return OpenAndClose(open=stocks) if self._dice.chance(0.3) else OpenAndClose(close=stocks)

    def _objects(self) -> list[str]:
        """Name some objects, mostly not most."""
        labels = (*SEATS, *AT_A_TABLE)
        return self._dice.random.sample(labels, self._dice.between(0, 3))

    def _places(self) -> dict[str, int]:
        return {AREA: self._dice.between(2, 8)} if self._dice.chance(0.7) else {}
