"""Parked work: what waits, in order, for objects that groups have in doubt.

Rules of this file:

1. First come, first served: nobody overtakes an earlier item that touches the same object.
2. What is shared, the same object of an event and of its season, counts as one: who touches the one
   may not overtake who waits for the other.
3. An item is looked at again when an object of its has left the doubt, or when an item before it
   is gone. So a decision costs what it touches, however much is parked.
4. A wish names no object, so nobody waits behind it but who wishes the very same, and it is looked
   at again whenever anything of its event may have come free.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import NamedTuple

import msgspec

from engine.digests import digest_of
from engine.seats.doubt import ObjectKey
from schemas.commands import Asked, ChangeBestAvailable, ChangeObjectStatus, SeatsCommand
from schemas.facts import CommandParked, GroupQueued

parked_max = 5_000
"""Items of one partition: past it the answer is BUSY_IN_DOUBT at once."""
parked_bytes_max = 64 * 1024 * 1024
"""The same in bytes: a command may have 768 KiB."""
parked_for_ms = 6_000
"""An ingress waits 8.5 s for an answer, and the clock of an idle partition runs over a second
behind; the groups that are waited for are decided after 3 s."""

Waiting = CommandParked | GroupQueued


class ParkedItem(NamedTuple):
    """A command, or a part of a group, that waits."""

    number: int
    """In the order of arrival."""
    waiting: Waiting
    objects: frozenset[ObjectKey]
    """None, if it is a wish."""

    @property
    def wish(self) -> ChangeBestAvailable | None:
        """The command, if it leaves the choice of its objects to us."""
        if isinstance(self.waiting, GroupQueued):
            return None
        command = self.waiting.command
        return command if isinstance(command, ChangeBestAvailable) else None


class ItemSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A parked item as a snapshot keeps it."""

    number: int
    waiting: Waiting
    objects: list[ObjectKey]


class ParkingSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The parked items as a snapshot keeps them."""

    items: list[ItemSnapshot]
    """The earliest first."""
    arrived: int


class Parking:
    """The parked items of one partition."""

    __slots__ = (
        "_arrived",
        "_by_source",
        "_bytes",
        "_candidates",
        "_deadlines",
        "_items",
        "_queues",
        "_sharing",
        "_wishes",
        "digest_sum",
    )

    def __init__(self, sharing: Callable[[ObjectKey], Iterable[ObjectKey]]) -> None:
        """Make one; `sharing` names an object and all that can be taken in its stead."""
        self._sharing = sharing
        self._items: dict[int, ParkedItem] = {}
        self._by_source: dict[tuple[str, int], int] = {}
        """The numbers of the items, by what they are (a command's offset, a group)."""
        self._queues = _Queues()
        """The items that touch an object: by event and label."""
        self._wishes = _Queues()
        """The items with the same wish: by event and what is wished for."""
        self._candidates: set[int] = set()
        """Items for which something has changed since they were last looked at."""
        self._deadlines: deque[tuple[int, int]] = deque()
        """Of commands, with their numbers: all wait equally long, so the first is over first."""
        self._arrived = 0
        self._bytes = 0
        self.digest_sum = 0

    def __len__(self) -> int:
        """Count the items."""
        return len(self._items)

    @property
    def is_full(self) -> bool:
        """Say whether nobody else may wait."""
        return len(self._items) >= parked_max or self._bytes >= parked_bytes_max

    def item(self, number: int) -> ParkedItem:
        """Give an item by its number."""
        return self._items[number]

    def is_behind(self, key: ObjectKey, number: int | None) -> bool:
        """Say whether an earlier item (for None: any item) touches the object."""
        firsts = (self._queues.first(shared) for shared in self._sharing(key))
        return any(first is not None and (number is None or first < number) for first in firsts)

    def waited_for(self, event: int, number: int | None) -> list[str]:
        """Give the labels of an event that an earlier item (for None: any item) touches."""
        sharing = (shared for shared, _ in self._sharing((event, "")))
        labels = {label: None for shared in sharing for label in self._queues.of_event(shared)}
        return [label for label in labels if self.is_behind((event, label), number)]

    def is_behind_wish(self, wish: ChangeBestAvailable, number: int | None) -> bool:
        """Say whether somebody waits who wished the very same before."""
        first = self._wishes.first(_wish_key(wish))
        return first is not None and (number is None or first < number)

    def park(self, waiting: Waiting, objects: Iterable[ObjectKey]) -> None:
        """Let an item wait, behind all that are there."""
        self._arrived += 1
        self._put(ParkedItem(self._arrived, waiting, frozenset(objects)))

    def snapshot(self) -> ParkingSnapshot:
        """Say who waits for what."""
        items = [
            ItemSnapshot(item.number, item.waiting, sorted(item.objects))
            for item in self._items.values()
        ]
        return ParkingSnapshot(items, self._arrived)

    def restore(self, kept: ParkingSnapshot) -> None:
        """Let everybody wait who did; all are looked at again, which costs time and no more."""
        for item in kept.items:
            self._put(ParkedItem(item.number, item.waiting, frozenset(item.objects)))
            self._candidates.add(item.number)
        self._arrived = kept.arrived

    def _put(self, item: ParkedItem) -> None:
        waiting = item.waiting
        self._items[item.number] = item
        self._bytes += len(_encode(waiting))
        self._by_source[_source(waiting)] = item.number
        self.digest_sum += _digest(waiting)
        for key in item.objects:
            self._queues.add(key, item.number)
        if item.wish is not None:
            self._wishes.add(_wish_key(item.wish), item.number)
        if isinstance(waiting, CommandParked):
            self._deadlines.append((waiting.until, item.number))

    def answered(self, offset: int) -> None:
        """Drop a command that has its answer, if it was parked."""
        self._drop(("command", offset))

    def ended(self, group: int) -> None:
        """Drop a part of a group that waits no longer, if it did."""
        self._drop(("group", group))

    def touch(self, keys: Collection[ObjectKey]) -> None:
        """Note that these objects have changed for those who wait."""
        for key in keys:
            for shared in self._sharing(key):
                self._look_at_first(self._queues, shared)
        for event in {event for event, _ in keys}:
            for sharing, _ in self._sharing((event, "")):
                self.touch_wishes(sharing)

    def touch_wishes(self, event: int) -> None:
        """Note that something of an event may have come free."""
        for wish in self._wishes.of_event(event):
            self._look_at_first(self._wishes, (event, wish))

    def touch_events(self, events: Iterable[int]) -> None:
        """Note that events are gone, or sold or shared otherwise."""
        for event in events:
            self.touch([(event, label) for label in self._queues.of_event(event)])
            self.touch_wishes(event)

    def candidates(self) -> Iterator[ParkedItem]:
        """Go through the items to look at, the earliest first; each is forgotten as it is given."""
        while self._candidates:
            number = min(self._candidates)
            self._candidates.remove(number)
            yield self._items[number]

    def overdue(self, now: int) -> int | None:
        """Give the number of a command that has waited too long."""
        while self._deadlines:
            until, number = self._deadlines[0]
            if number in self._items:
                return number if until <= now else None
            self._deadlines.popleft()
        return None

    def _look_at_first(self, queues: "_Queues", key: tuple[int, str]) -> None:
        first = queues.first(key)
        if first is not None:
            self._candidates.add(first)

    def _drop(self, source: tuple[str, int]) -> None:
        number = self._by_source.pop(source, None)
        if number is None:
            return
        item = self._items.pop(number)
        self._bytes -= len(_encode(item.waiting))
        self.digest_sum -= _digest(item.waiting)
        self._candidates.discard(number)
        for key in item.objects:
            self._queues.remove(key, number)
        self.touch(item.objects)
        if item.wish is not None:
            wished = _wish_key(item.wish)
            self._wishes.remove(wished, number)
            self._look_at_first(self._wishes, wished)


class _Queues:
    """Numbers of items, the earliest first, by event and by what they wait for there."""

    __slots__ = ("_by_event",)

    def __init__(self) -> None:
        self._by_event: dict[int, dict[str, dict[int, None]]] = {}

    def add(self, key: tuple[int, str], number: int) -> None:
        event, name = key
        self._by_event.setdefault(event, {}).setdefault(name, {})[number] = None

    def remove(self, key: tuple[int, str], number: int) -> None:
        event, name = key
        of_event = self._by_event[event]
        del of_event[name][number]
        if not of_event[name]:
            del of_event[name]
        if not of_event:
            del self._by_event[event]

    def first(self, key: tuple[int, str]) -> int | None:
        event, name = key
        queue = self._by_event.get(event, _NOTHING).get(name)
        return None if queue is None else next(iter(queue))

    def of_event(self, event: int) -> Collection[str]:
        return self._by_event.get(event, _NOTHING).keys()


def let_wait(asked: Asked, command: SeatsCommand, now: int) -> CommandParked:
    """Say that a command waits.

    Its events are named by their ids alone: by their keys they were found when it came, and they
    may be renamed while it waits.
    """
    bare: SeatsCommand
    if isinstance(command, ChangeObjectStatus):
        changes = [msgspec.structs.replace(change, event_key=None) for change in command.changes]
        bare = msgspec.structs.replace(command, changes=changes)
    else:
        bare = msgspec.structs.replace(command, event_key=None)
    return CommandParked(asked=asked, command=bare, until=now + parked_for_ms)


_NOTHING: dict[str, dict[int, None]] = {}
_encode = msgspec.json.Encoder().encode


def _wish_key(command: ChangeBestAvailable) -> tuple[int, str]:
    """Name all that decides what a wish may be given."""
    wished = (command.wish, command.channel_keys, command.ignore_channels)
    return command.event, _encode(wished).decode()


def _source(waiting: Waiting) -> tuple[str, int]:
    if isinstance(waiting, CommandParked):
        return "command", waiting.asked.command.offset
    return "group", waiting.group


def _digest(waiting: Waiting) -> int:
    return digest_of("parked {} {}".format(*_source(waiting)).encode())
