"""What waits in one partition for groups in doubt: whether it had to, in turn, and not too long.

Rules of this file:

1. Only what meets doubt waits: an object that a group has reserved, or one that somebody who came
   earlier waits for. A table and its seats are the same places. A wish for the best available
   meets all of its event.
2. Nobody overtakes: what is done, or reserved for a group, touches no object that somebody who
   came earlier waits for.
3. A command is answered BUSY_IN_DOUBT when its time to wait is over, and for no other reason but
   that too many wait.
"""

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import msgspec

from schemas.commands import ChangeBestAvailable, SeatsCommand, UpdateExtraData
from schemas.facts import CommandParked, GroupQueued
from schemas.rejections import Rejection
from seatlog.verify.holds import Held
from seatlog.verify.objects import Fold

parked_max = 5_000
"""An owner lets so many wait; the next is refused."""
parked_bytes_max = 64 * 1024 * 1024
"""The same for what all who wait ask, together."""
BUSY = Rejection.BUSY_IN_DOUBT.code


ANY = ""
"""Stands for the label of an object that is not chosen yet."""


class Source(NamedTuple):
    """Who waits."""

    kind: str
    """`command` or `group`."""
    number: int
    """Offset of the command, or id of the group."""

    def __str__(self) -> str:
        """Name it in a fault."""
        return f"{self.kind} {self.number}"


class _Item(NamedTuple):
    number: int
    """In the order of arrival."""
    objects: list[Held]
    waiting: CommandParked | GroupQueued
    size: int


class Parking:
    """All that waits in one partition, in the order in which it came."""

    def __init__(self, fold: Fold) -> None:
        self._fold = fold
        self._arrived = 0
        self._items: dict[Source, _Item] = {}
        self._queues: dict[Held, dict[Source, None]] = {}
        self._queued: Counter[int] = Counter()
        """How many of an event's objects somebody waits for."""
        self._until: deque[tuple[int, Source]] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        """Count those that wait."""
        return len(self._items)

    def parked(self, offset: int) -> CommandParked | None:
        """Give the command at this offset if it waits."""
        item = self._items.get(Source("command", offset))
        waiting = item.waiting if item is not None else None
        return waiting if isinstance(waiting, CommandParked) else None

    def park(
        self, source: Source, objects: Iterable[Held], waiting: CommandParked | GroupQueued
    ) -> Iterator[str]:
        """Let somebody wait behind all that do; say why there is no need to."""
        asked = list(objects)
        if not self.meets_doubt(asked):
            yield f"{source} waits, and meets nothing in doubt"
        self._arrived += 1
        wanted = list(dict.fromkeys(held for one in asked for held in self._fold.with_seats(one)))
        item = _Item(self._arrived, wanted, waiting, len(_encode(waiting)))
        self._items[source] = item
        self._bytes += item.size
        for held in wanted:
            if held not in self._queues:
                self._queues[held] = {}
                self._queued[held[0]] += 1
            self._queues[held][source] = None
        if isinstance(waiting, CommandParked):
            self._until.append((waiting.until, source))

    def leave(self, source: Source) -> None:
        """Let somebody go on; it need not have waited."""
        item = self._items.pop(source, None)
        self._bytes -= item.size if item is not None else 0
        for held in item.objects if item is not None else ():
            queue = self._queues[held]
            del queue[source]
            if not queue:
                del self._queues[held]
                self._queued[held[0]] -= 1
                if not self._queued[held[0]]:
                    del self._queued[held[0]]

    def ahead(self, held: Held, source: Source) -> Source | None:
        """Name who came earlier and waits for an object."""
        item = self._items.get(source)
        for shared in self._fold.seasons.sharing(held):
            queue = self._queues.get(shared)
            first = next(iter(queue)) if queue else None
            if first is not None and (item is None or self._items[first].number < item.number):
                return first
        return None

    def meets_doubt(self, objects: Iterable[Held]) -> bool:
        """Say whether one of these objects is reserved, or somebody waits for it."""
        reservations = self._fold.reservations
        return any(
            reservations.of(shared)
            or shared in self._queues
            or (shared[1] == ANY and self._has_doubt(shared[0]))
            for one in objects
            for held in self._fold.same_places(one)
            for shared in self._fold.seasons.sharing(held)
        )

    def _has_doubt(self, event: int) -> bool:
        return event in self._queued or any(self._fold.reservations.of_event(event))

    def overtaking_faults(self, source: Source, objects: Iterable[Held]) -> Iterator[str]:
        """Say whom it overtakes who is served now."""
        for one in dict.fromkeys(objects):
            for held in self._fold.same_places(one):
                first = self.ahead(held, source)
                if first is not None:
                    has = f"{source} has {one[1]} of event {one[0]}"
                    yield f"{has}, for which {first} waits longer"

    def patience_faults(self, offset: int, code: str | None, at: int) -> Iterator[str]:
        """Say how an answer to a command that has waited is not that for its time."""
        parked = self.parked(offset)
        if parked is None:
            return
        if code == BUSY and at < parked.until:
            yield f"gives up the parked command {offset} {parked.until - at} ms too early"
        elif code != BUSY and at >= parked.until:
            late = f"{at - parked.until} ms after its deadline"
            yield f"answers the parked command {offset} {late}, and not {BUSY}"

    def busy_faults(self, source: Source, objects: Iterable[Held]) -> Iterator[str]:
        """Say why somebody that has not waited need not be refused as busy."""
        if not self.meets_doubt(objects):
            yield f"refuses {source} as {BUSY}, and it meets nothing in doubt"
        elif len(self) < parked_max and self._bytes < parked_bytes_max:
            only = f"only {len(self)} wait, with {self._bytes} bytes"
            yield f"refuses {source} as {BUSY} at once, and {only}"

    def overdue(self, at: int) -> Iterator[str]:
        """Name the commands that should have been given up by now, once."""
        while self._until and self._until[0][0] <= at:
            until, source = self._until.popleft()
            if source in self._items:
                yield f"{source} is parked still, {at - until} ms after its deadline"


_encode = msgspec.json.Encoder().encode


def objects_of(command: SeatsCommand) -> list[Held]:
    """Name the objects that a command touches, in its order."""
    if isinstance(command, ChangeBestAvailable):
        return [(command.event, ANY)]
    if isinstance(command, UpdateExtraData):
        return [(command.event, label) for label in command.extra_data]
    return [(change.event, item.label) for change in command.changes for item in change.objects]
