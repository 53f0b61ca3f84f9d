"""What clients want: seeded changes of few objects, of one event or of several.

Rules of this file:

1. Clients contend: few events, few objects, and holds that several of their commands bear.
"""

from collections.abc import Callable
from itertools import count
from typing import Final

from msgspec.structs import replace

from engine.groups.directory import Entry
from engine.seats.channels import NO_CHANNEL
from schemas.commands import Change, Hold, Idempotency, ObjectChange, SeasonUse
from schemas.facts import BOOKED, FREE, HELD
from tests.simulation.dice import Dice
from tests.simulation.objects import AREA, AT_A_TABLE, SEATS, TABLES
from tests.simulation.organisers import CHANNEL_KEYS, Programme

CUSTOM: Final = "painted"
hold_ms: Final = (300, 6_000)
events_of_group_max: Final = 4

Chosen = list[tuple[Entry, Change]]


class Wants:
    """What one client thinks of, with what it holds and has said so far."""

    def __init__(
        self, name: str, programme: Programme, dice: Dice, now_ms: Callable[[], int]
    ) -> None:
        self._name = name
        self._programme = programme
        self._dice = dice
        self._now_ms = now_ms
        self.holds: list[Hold] = []
        self.made_at: dict[str, int] = {}
        """When each of them was made, by token; ms since the epoch."""
        self._held: list[tuple[Entry, str, Hold]] = []
        self._overridden: list[tuple[Entry, Change]] = []
        self._keys: list[str] = []
        self._numbers = count(1)

    def note_done(self, chosen: Chosen) -> None:
        """Keep in mind what is held now, to finish it."""
        for of, change in chosen:
            if change.status == HELD and change.hold is not None:
                self._held += [(of, item.label, change.hold) for item in change.objects]

    def on_one(self, entry: Entry, events: list[Entry]) -> Chosen:
        """Choose what to do to an event, now and then to another one of its partition too."""
        chosen = [self._one_change(entry)]
        if self._dice.chance(0.2):
            neighbours = [other for other in events if other.partition == entry.partition]
            chosen.append(self._one_change(self._dice.random.choice(neighbours)))
        return chosen

    def on_several(self, events: list[Entry]) -> Chosen:
        """Choose what to do to several events: mostly the same to each."""
        some = self._some_of(events)
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
                chosen.append((entry, moved(change, entry)))
        return chosen

    def _some_of(self, events: list[Entry]) -> list[Entry]:
        """Choose several events, of different partitions if there are such: rule 1."""
        first = self._dice.random.choice(events)
        elsewhere = [entry for entry in events if entry.partition != first.partition]
        second = self._dice.random.choice(elsewhere or [e for e in events if e is not first])
        rest = [entry for entry in events if entry not in (first, second)]
        more = self._dice.between(0, min(len(rest), events_of_group_max - 2))
        return [first, second, *self._dice.random.sample(rest, more)]

    def overriding(self, entry: Entry) -> Chosen:
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
        labels = [self.label(entry) for _ in range(self._dice.random.choice((1, 1, 2, 3)))]
        if self._dice.chance(0.95):
            labels = list(dict.fromkeys(labels))
        objects = [self._object(label) for label in labels]
        status = self._dice.random.choice((BOOKED, BOOKED, HELD, HELD, HELD, FREE, CUSTOM))
        hold: Hold | None = None
        if status == HELD or self._dice.chance(0.2):
            hold = self.hold()
        allowed = [FREE, CUSTOM, BOOKED] if self._dice.chance(0.1) else None
        return entry, Change(
            event=entry.event,
            event_key=entry.key,
            status=status,
            objects=objects,
            hold=hold,
            keep_extra_data=self._dice.chance(0.2),
            allowed_previous_statuses=allowed,
            channel_keys=self.channel_keys(),
            ignore_channels=self.ignores_channels(),
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

    def channel_keys(self) -> list[str] | None:
        if not self._programme.channels or self._dice.chance(0.4):
            return None
        return self._dice.random.sample((*CHANNEL_KEYS, NO_CHANNEL), self._dice.between(1, 2))

    def ignores_channels(self) -> bool:
        return self._programme.channels and self._dice.chance(0.2)

    def label(self, entry: Entry) -> str:
        if self._dice.chance(0.25):
            return AREA
        if self._dice.chance(0.03):
            return "nowhere"
        if self._dice.chance(0.6 if self._programme.tables else 0.1):
            return self._at_a_table(entry)
        if self._programme.seasons and self._dice.chance(0.4):
            return SEATS[0]  # what is shared must be wanted by many
        return self._dice.random.choice(SEATS)

    def _at_a_table(self, entry: Entry) -> str:
        """Choose a table or a seat of it, mostly of the first one and as it is sold now."""
        booking = entry.selling.tables
        if booking is None or self._dice.chance(0.3):
            return self._dice.random.choice(AT_A_TABLE)
        table, *seats = (label for label in AT_A_TABLE if label.startswith(TABLES[0]))
        is_whole = booking.mode == "all_by_table" or booking.by_label.get(table) == "by_table"
        return table if is_whole else self._dice.random.choice(seats)

    def _object(self, label: str) -> ObjectChange:
        quantity = self._dice.between(1, 5) if label == AREA else 1
        ticket_type = "child" if self._dice.chance(0.1) else None
        return ObjectChange(label=label, quantity=quantity, ticket_type=ticket_type)

    def hold(self) -> Hold:
        if self.holds and self._dice.chance(0.6):
            return self._dice.random.choice(self.holds[-3:])
        token = f"{self._name}-{next(self._numbers)}"
        self.made_at[token] = now = self._now_ms()
        hold = Hold(token, now + self._dice.between(*hold_ms))
        self.holds.append(hold)
        return hold

    def key(self) -> Idempotency | None:
        if self._dice.chance(0.6):
            return None
        if self._keys and self._dice.chance(0.08):
            # By mistake: what comes under this key now is another command.
            number = next(self._numbers)
            return Idempotency(self._dice.random.choice(self._keys), f"e{number:015}")
        self._keys.append(f"{self._name}-{next(self._numbers)}")
        return Idempotency(self._keys[-1], "f" * 16)


def moved(change: Change, entry: Entry) -> Change:
    """Ask the same of another event."""
    return replace(change, event=entry.event, event_key=entry.key)
