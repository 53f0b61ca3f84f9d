"""The clients: seeded commands on few objects, for one event or for several at once.

Rules of this file:

1. Whoever asks for changes of events in several partitions asks a coordinator: for a group.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from msgspec.structs import replace

from engine.groups.directory import Entry
from schemas.commands import (
    ChangeBestAvailable,
    ChangeObjectStatus,
    GroupsCommand,
    Idempotency,
    Origin,
    ReplaceInventory,
    SetHoldDeadline,
    UpdateExtraData,
    Wish,
)
from schemas.facts import BOOKED, HELD
from tests.simulation.dice import Dice, Fault
from tests.simulation.ingress import Ingress
from tests.simulation.organisers import OF_SEASON, Organiser, Programme
from tests.simulation.wants import Chosen, Wants, moved

WORKSPACES: Final = ("theatre", "stadium")
patience_s: Final = (1.5, 1.5, 1.5, 1.5, 7.0)
"""Some wait until a parked command is given up."""
group_patience_s: Final = (3.5, 4.5)
"""A group may be in doubt for 3 s."""
think_ms_max: Final = 400
rival_ms_max: Final = 25
"""As long as a group is in doubt without faults."""
attempts_max: Final = 3
events_wanted: Final = 3
events_beside_season_wanted: Final = 2

Ask = Callable[[], Awaitable[str | None]]


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
        self._workspace = WORKSPACES[0] if dice.chance(0.85) else WORKSPACES[1]
        self._wants = Wants(name, programme, dice, ingress.broker_ms)
        self._organiser = Organiser(self._workspace, programme, dice, inventories)

    async def run(self, steps: int) -> None:
        """Do so many things, one after the other."""
        for _ in range(steps):
            await asyncio.sleep(self._dice.between(0, think_ms_max) / 1000)
            await self._act()

    async def _act(self) -> None:
        events = self._events()
        if not events or self._dice.chance(0.25 if self._lacks(events) else 0.02):
            command = self._organiser.create(events, self._wants.key())
            await self._repeat(command.idempotency, lambda: self._decide(command))
        elif self._dice.chance(0.07):
            await self._set_deadline()
        elif self._dice.chance(0.2 if self._programme.tables else 0.13):
            await self._organise(self._dice.random.choice(events), events)
        elif self._dice.chance(0.02):
            self._ingress.send_nonsense(events[0].partition)
        elif self._dice.chance(0.12):
            await self._wish(self._dice.random.choice(events))
        elif self._dice.chance(0.06):
            await self._describe(self._dice.random.choice(events))
        elif len(events) > 1 and self._dice.chance(0.75):
            chosen = self._wants.on_several(events)
            if self._dice.chance(0.5):
                await asyncio.gather(self._change(chosen), self._contend(chosen))
            elif self._dice.chance(0.5):
                await asyncio.gather(self._change(chosen), self._want_all(chosen))
            else:
                await self._change(chosen)
        else:
            await self._change(self._wants.on_one(self._dice.random.choice(events), events))

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
        if self._wants.holds:
            hold = self._dice.random.choice(self._wants.holds)
            duration_ms = self._dice.random.choice((0, 500, 3_000, 8_000))
            await self._decide(
                SetHoldDeadline(
                    workspace=self._workspace,
                    hold=hold,
                    made_at=self._wants.made_at[hold.token],
                    duration_ms=duration_ms,
                )
            )

    async def _organise(self, entry: Entry, events: Sequence[Entry]) -> None:
        """Say something about an event, or override its season in it."""
        if entry.season is not None and entry.season.kind == "event" and self._dice.chance(0.3):
            await self._change(self._wants.overriding(entry))
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
            hold=self._wants.hold() if status == HELD or self._dice.chance(0.2) else None,
            ticket_types=["child"] if self._dice.chance(0.3) else [],
            channel_keys=self._wants.channel_keys(),
            ignore_channels=self._wants.ignores_channels(),
            origin=Origin(ip="192.0.2.1"),
            idempotency=self._wants.key(),
        )
        waits_s = self._dice.random.choice(patience_s)

        def ask() -> Awaitable[str | None]:
            return self._ingress.change(entry.partition, command, waits_s, [entry.key])

        await self._repeat(command.idempotency, ask)

    async def _describe(self, entry: Entry) -> None:
        label = self._wants.label(entry)
        extra_data = {label: None if self._dice.chance(0.3) else {"name": self._name}}
        command = UpdateExtraData(
            workspace=entry.workspace,
            event=entry.event,
            event_key=entry.key,
            extra_data=extra_data,
            idempotency=self._wants.key(),
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
            idempotency=self._wants.key(),
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
            self._wants.note_done(chosen)

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
        hold = self._wants.hold()
        rivals = [(self._sharing(of), replace(c, hold=c.hold and hold)) for of, c in some]
        await self._change([(of, moved(c, of)) for of, c in rivals])

    def _sharing(self, entry: Entry) -> Entry:
        """Choose an event or, as likely as not, one that shares its objects."""
        if entry.season is None or self._dice.chance(0.5):
            return entry
        top = entry.season.top
        sharing = [one for one in self._events() if one.season and one.season.top == top]
        return self._dice.random.choice(sharing or [entry])
