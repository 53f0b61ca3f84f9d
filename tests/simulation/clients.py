"""The clients: seeded commands on few objects, for one event or for several at once.

Rules of this file:

1. Whoever asks for changes of events in several partitions asks a coordinator: for a group.
2. Clients contend: few events, few objects, and holds that several of their commands bear.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import Final

from msgspec.structs import replace

from engine.groups.directory import Entry
from engine.seats.channels import NO_CHANNEL
from schemas.commands import (
    Change,
    ChangeBestAvailable,
    ChangeObjectStatus,
    GroupsCommand,
    Hold,
    Idempotency,
    ObjectChange,
    Origin,
    ReplaceInventory,
    SeasonUse,
    SetHoldDeadline,
    UpdateExtraData,
    Wish,
)
from schemas.facts import BOOKED, FREE, HELD
from tests.simulation.dice import Dice, Fault
from tests.simulation.ingress import Ingress
from tests.simulation.objects import AREA, AT_A_TABLE, SEATS
from tests.simulation.organisers import CHANNEL_KEYS, OF_SEASON, Organiser, Programme

WORKSPACES: Final = ("theatre", "stadium")
CUSTOM: Final = "painted"
patience_s: Final = (1.5, 1.5, 1.5, 1.5, 7.0)
"""Some wait until a parked command is given up."""
group_patience_s: Final = (3.5, 4.5)
"""A group may be in doubt for 3 s."""
think_ms_max: Final = 400
rival_ms_max: Final = 25
"""As long as a group is in doubt without faults."""
hold_ms: Final = (300, 6_000)
attempts_max: Final = 3
events_wanted: Final = 3
events_beside_season_wanted: Final = 2
events_of_group_max: Final = 4

Ask = Callable[[], Awaitable[str | None]]
Chosen = list[tuple[Entry, Change]]


class Client:
    """One client with its own hold tokens."""

    def __init__(
        self,
        name: str,
        ingress: Ingress,
        dice: Dice,
        inventories: Sequence[str],
        programme: Programme,
    ) -> None:
        self._name = name
        self._ingress = ingress
        self._dice = dice
        self._programme = programme
        self._holds: list[Hold] = []
        self._made_at: dict[str, int] = {}
        self._held: list[tuple[Entry, str, Hold]] = []
        self._overridden: list[tuple[Entry, Change]] = []
        self._keys: list[str] = []
        self._numbers = count(1)
        self._workspace = WORKSPACES[0] if dice.chance(0.85) else WORKSPACES[1]
        self._organiser = Organiser(self._workspace, programme, dice, inventories)

    async def run(self, steps: int) -> None:
        """Do so many things, one after the other."""
        for _ in range(steps):
            await asyncio.sleep(self._dice.between(0, think_ms_max) / 1000)
            await self._act()

    async def _act(self) -> None:
        events = self._events()
        if not events or self._dice.chance(0.25 if self._lacks(events) else 0.02):
            command = self._organiser.create(events, self._key())
            await self._repeat(command.idempotency, lambda: self._decide(command))
        elif self._dice.chance(0.08):
            await self._set_deadline()
        elif self._dice.chance(0.18):
            await self._organise(self._dice.random.choice(events), events)
        elif self._dice.chance(0.02):
            self._ingress.send_nonsense(events[0].partition)
        elif self._dice.chance(0.12):
            await self._wish(self._dice.random.choice(events))
        elif self._dice.chance(0.06):
            await self._describe(self._dice.random.choice(events))
        elif len(events) > 1 and self._dice.chance(0.5):
            chosen = self._on_several(events)
            if self._dice.chance(0.4):
                await asyncio.gather(self._change(chosen), self._contend(chosen))
            elif self._dice.chance(0.4):
                await asyncio.gather(self._change(chosen), self._want_all(chosen))
            else:
                await self._change(chosen)
        else:
            await self._change(self._on_one(self._dice.random.choice(events), events))

    def _events(self) -> list[Entry]:
        find = self._ingress.directory.find_now
        found = (find(self._workspace, key) for key in self._organiser.keys)
        return [entry for entry in found if entry is not None]

    def _lacks(self, events: Sequence[Entry]) -> bool:
        """Say whether there are too few events, or no season where one belongs."""
        if not self._programme.seasons:
            return len(events) < events_wanted
        is_there = {entry.key for entry in events}
        singles = sum(entry.season is None for entry in events)
        return not is_there.issuperset(OF_SEASON) or singles < events_beside_season_wanted

    async def _set_deadline(self) -> None:
        if self._holds:
            hold = self._dice.random.choice(self._holds)
            duration_ms = self._dice.random.choice((0, 500, 3_000, 8_000))
            await self._decide(
                SetHoldDeadline(
                    workspace=self._workspace,
                    hold=hold,
                    made_at=self._made_at[hold.token],
                    duration_ms=duration_ms,
                )
            )

    async def _organise(self, entry: Entry, events: Sequence[Entry]) -> None:
        """Say something about an event, or override its season in it."""
        if entry.season is not None and entry.season.kind == "event" and self._dice.chance(0.3):
            await self._change(self._overriding(entry))
            return
        command = self._organiser.edit(entry, events)
        await self._decide(command)
        if isinstance(command, ReplaceInventory) and self._dice.chance(0.7):
            await self._decide(command)  # what one decision did not say of all its events

    async def _want_all(self, chosen: Chosen) -> None:
        """Wish for so many seats of an event that it takes some which may be in doubt."""
        await asyncio.sleep(self._dice.between(0, rival_ms_max) / 1000)
        entry, _ = self._dice.random.choice(chosen)
        wish = Wish(number=self._dice.between(4, 10), categories=("Stalls",))
        await self._change_best(entry, HELD, wish)

    async def _wish(self, entry: Entry) -> None:
        number = self._dice.random.choice((1, 2, 3, 5, 8))
        wish = Wish(number=number, prevent_orphans=self._dice.chance(0.5))
        await self._change_best(entry, self._dice.random.choice((BOOKED, HELD, HELD)), wish)

    async def _change_best(self, entry: Entry, status: str, wish: Wish) -> None:
        """Leave the choice to the owner."""
        command = ChangeBestAvailable(
            workspace=entry.workspace,
            event=entry.event,
            event_key=entry.key,
            status=status,
            wish=wish,
            hold=self._hold() if status == HELD or self._dice.chance(0.2) else None,
            ticket_types=["child"] if self._dice.chance(0.3) else [],
            channel_keys=self._channel_keys(),
            ignore_channels=self._ignores_channels(),
            origin=Origin(ip="192.0.2.1"),
            idempotency=self._key(),
        )
        waits_s = self._dice.random.choice(patience_s)

        def ask() -> Awaitable[str | None]:
            return self._ingress.change(entry.partition, command, waits_s, [entry.key])

        await self._repeat(command.idempotency, ask)

    async def _describe(self, entry: Entry) -> None:
        label = self._label()
        extra_data = {label: None if self._dice.chance(0.3) else {"name": self._name}}
        command = UpdateExtraData(
            workspace=entry.workspace,
            event=entry.event,
            event_key=entry.key,
            extra_data=extra_data,
            idempotency=self._key(),
        )
        await self._ingress.change(entry.partition, command, patience_s[0])

    async def _change(self, chosen: Chosen) -> None:
        """Ask for changes, the owner if there is one for all, and else a coordinator."""
        workspace = chosen[0][0].workspace if self._dice.chance(0.97) else "stranger"
        command = ChangeObjectStatus(
            workspace=workspace,
            changes=[change for _, change in chosen],
            same_channels=self._programme.channels and self._dice.chance(0.3),
            origin=Origin(ip="192.0.2.1"),
            idempotency=self._key(),
        )
        keys = [of.key for of, _ in chosen]
        partitions = {of.partition for of, _ in chosen}
        is_group = len(partitions) > 1
        waits_s = self._dice.random.choice(group_patience_s if is_group else patience_s)

        def ask() -> Awaitable[str | None]:
            if is_group:
                return self._ingress.decide(command, waits_s, keys)
            return self._ingress.change(min(partitions), command, waits_s, keys)

        if await self._repeat(command.idempotency, ask) == "ok":
            for of, change in chosen:
                if change.status == HELD and change.hold is not None:
                    self._held += [(of, item.label, change.hold) for item in change.objects]

    async def _repeat(self, key: Idempotency | None, ask: Ask) -> str | None:
        """Ask; with a key, ask again if no answer comes, and now and then for no reason."""
        if key is None:
            return await ask()
        if self._dice.fires(Fault.COMMAND_REPEATED):
            first, _ = await asyncio.gather(ask(), self._soon(ask))
            return first
        outcome = await ask()
        for _ in range(attempts_max):
            if outcome is not None and not self._dice.fires(Fault.COMMAND_REPEATED):
                break
            outcome = await ask()
        return outcome

    async def _soon(self, ask: Ask) -> str | None:
        """Ask for what may be in doubt."""
        await asyncio.sleep(self._dice.between(5, 1_500) / 1000)
        return await ask()

    async def _decide(self, command: GroupsCommand) -> str | None:
        return await self._ingress.decide(command, patience_s[0])

    async def _contend(self, chosen: Chosen) -> None:
        """Ask for some of the same while it may be in doubt, as somebody else."""
        await asyncio.sleep(self._dice.between(0, rival_ms_max) / 1000)
        some = self._dice.random.sample(chosen, self._dice.between(1, len(chosen)))
        hold = self._hold()
        rivals = [(self._sharing(of), replace(c, hold=c.hold and hold)) for of, c in some]
        await self._change([(of, _moved(c, of)) for of, c in rivals])

    def _sharing(self, entry: Entry) -> Entry:
        """Choose an event or, as likely as not, one that shares its objects."""
        if entry.season is None or self._dice.chance(0.5):
            return entry
        top = entry.season.top
        sharing = [one for one in self._events() if one.season and one.season.top == top]
        return self._dice.random.choice(sharing or [entry])

    def _on_one(self, entry: Entry, events: list[Entry]) -> Chosen:
        """Choose what to do to an event, now and then to another one of its partition too."""
        chosen = [self._one_change(entry)]
        if self._dice.chance(0.2):
            neighbours = [other for other in events if other.partition == entry.partition]
            chosen.append(self._one_change(self._dice.random.choice(neighbours)))
        return chosen

    def _on_several(self, events: list[Entry]) -> Chosen:
        """Choose what to do to several events: mostly the same to each."""
        most = min(len(events), events_of_group_max)
        some = self._dice.random.sample(events, self._dice.between(2, most))
        held = self._held_together()
        if held and self._dice.chance(0.5):
            return held
        first, change = self._one_change(some[0])
        if self._dice.chance(0.2):
            change = replace(change, status=FREE, hold=None, allowed_previous_statuses=None)
        chosen = [(first, change)]
        for entry in some[1:]:
            if self._dice.chance(0.25):
                chosen.append(self._one_change(entry))
            else:
                chosen.append((entry, _moved(change, entry)))
        return chosen

    def _overriding(self, entry: Entry) -> Chosen:
        """Override a season for an object and mostly take it, or go by the season again."""
        assert entry.season is not None, "only an event of a season overrides one"
        if self._overridden and self._dice.chance(0.4):
            of, asked = self._dice.random.choice(self._overridden)
            assert asked.season_use is not None
            again = replace(asked.season_use, is_overridden=False)
            return [(of, replace(asked, season_use=again))]
        of, change = self._one_change(entry)
        season = self._dice.random.choice(entry.season.seasons)
        use = SeasonUse(season=season, is_overridden=self._dice.chance(0.8))
        asked = Change(
            event=of.event,
            event_key=of.key,
            status=FREE,
            objects=[replace(item, ticket_type=None) for item in change.objects],
            season_use=use,
        )
        self._overridden.append((of, asked))
        return [(of, asked), (of, change)] if self._dice.chance(0.7) else [(of, asked)]

    def _held_together(self) -> Chosen:
        """Choose to book or to release what one hold has in several events."""
        if not self._held:
            return []
        _, _, hold = self._dice.random.choice(self._held)
        together = [of for of in self._held if of[2] is hold]
        if len({of.partition for of, _, _ in together}) == 1:
            return []
        self._held = [of for of in self._held if of[2] is not hold]
        status = BOOKED if self._dice.chance(0.5) else FREE
        return [(of, self._finish(of, label, hold, status)) for of, label, _ in together]

    def _one_change(self, entry: Entry) -> tuple[Entry, Change]:
        if self._held and self._dice.chance(0.4):
            of, label, held_by = self._held.pop(self._dice.between(0, len(self._held) - 1))
            if of.partition == entry.partition:
                status = BOOKED if self._dice.chance(0.7) else FREE
                return of, self._finish(of, label, held_by, status)
        labels = [self._label() for _ in range(self._dice.random.choice((1, 1, 2, 3)))]
        if self._dice.chance(0.95):
            labels = list(dict.fromkeys(labels))
        objects = [self._object(label) for label in labels]
        status = self._dice.random.choice((BOOKED, BOOKED, HELD, HELD, HELD, FREE, CUSTOM))
        hold: Hold | None = None
        if status == HELD or self._dice.chance(0.2):
            hold = self._hold()
        allowed = [FREE, CUSTOM, BOOKED] if self._dice.chance(0.1) else None
        return entry, Change(
            event=entry.event,
            event_key=entry.key,
            status=status,
            objects=objects,
            hold=hold,
            keep_extra_data=self._dice.chance(0.2),
            allowed_previous_statuses=allowed,
            channel_keys=self._channel_keys(),
            ignore_channels=self._ignores_channels(),
        )

    def _finish(self, entry: Entry, label: str, hold: Hold, status: str) -> Change:
        """Book or release what is held."""
        return Change(
            event=entry.event,
            event_key=entry.key,
            status=status,
            objects=[ObjectChange(label=label)],
            hold=hold,
            ignore_channels=self._programme.channels,
        )

    def _channel_keys(self) -> list[str] | None:
        if not self._programme.channels or self._dice.chance(0.4):
            return None
        return self._dice.random.sample((*CHANNEL_KEYS, NO_CHANNEL), self._dice.between(1, 2))

    def _ignores_channels(self) -> bool:
        return self._programme.channels and self._dice.chance(0.2)

    def _label(self) -> str:
        if self._dice.chance(0.25):
            return AREA
        if self._dice.chance(0.03):
            return "nowhere"
        if self._programme.seasons and self._dice.chance(0.4):
            return SEATS[0]  # what is shared must be wanted by many
        return self._dice.random.choice(AT_A_TABLE if self._dice.chance(0.25) else SEATS)

    def _object(self, label: str) -> ObjectChange:
        quantity = self._dice.between(1, 5) if label == AREA else 1
        ticket_type = "child" if self._dice.chance(0.1) else None
        return ObjectChange(label=label, quantity=quantity, ticket_type=ticket_type)

    def _hold(self) -> Hold:
        if self._holds and self._dice.chance(0.6):
            return self._dice.random.choice(self._holds[-3:])
        token = f"{self._name}-{next(self._numbers)}"
        self._made_at[token] = now = self._ingress.broker_ms()
        hold = Hold(token, now + self._dice.between(*hold_ms))
        self._holds.append(hold)
        return hold

    def _key(self) -> Idempotency | None:
        if self._dice.chance(0.6):
            return None
        if self._keys and self._dice.chance(0.08):
            # By mistake: what comes under this key now is another command.
            number = next(self._numbers)
            return Idempotency(self._dice.random.choice(self._keys), f"e{number:015}")
        self._keys.append(f"{self._name}-{next(self._numbers)}")
        return Idempotency(self._keys[-1], "f" * 16)


def _moved(change: Change, entry: Entry) -> Change:
    """Ask the same of another event."""
    return replace(change, event=entry.event, event_key=entry.key)
