"""Parked work: what waits, in order, for objects that groups have in doubt.

Rules of this file:

1. First come, first served: nobody overtakes an earlier item that touches the same object.
2. An item is looked at again when an object of its has left the doubt, or when an item before it
   is gone. So a decision costs what it touches, however much is parked.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from engine.seats.doubt import ObjectKey
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
        "digest_sum",
    )

    def __init__(self) -> None:
        self._items: dict[int, ParkedItem] = {}
        self._by_source: dict[tuple[str, int], int] = {}
        """The numbers of the items, by what they are (a command's offset, a group)."""
        self._queues: dict[ObjectKey, dict[int, None]] = {}
        """The items that touch an object, the earliest first."""
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
        queue = self._queues.get(key)
        return queue is not None and next(iter(queue)) != number

    def park(self, waiting: Waiting, objects: Iterable[ObjectKey]) -> None:
        """Let an item wait, behind all that are there."""
        self._arrived += 1
        item = ParkedItem(self._arrived, waiting, frozenset(objects))
        self._items[item.number] = item
        self._bytes += len(_encode(waiting))
        self._by_source[_source(waiting)] = item.number
        self.digest_sum += _digest(waiting)
        for key in item.objects:
            self._queues.setdefault(key, {})[item.number] = None
        if isinstance(waiting, CommandParked):
            self._deadlines.append((waiting.until, item.number))

    def answered(self, offset: int) -> None:
        """Drop a command that has its answer, if it was parked."""
        self._drop(("command", offset))

    def ended(self, group: int) -> None:
        """Drop a part of a group that waits no longer, if it did."""
        self._drop(("group", group))

    def touch(self, keys: Iterable[ObjectKey]) -> None:
        """Note that these objects have changed for those who wait."""
        for key in keys:
            queue = self._queues.get(key)
            if queue is not None:
                self._candidates.add(next(iter(queue)))

    def touch_event(self, event: int) -> None:
        """Note that an event is gone."""
        self.touch([key for key in self._queues if key[0] == event])

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

    def _drop(self, source: tuple[str, int]) -> None:
        number = self._by_source.pop(source, None)
        if number is None:
            return
        item = self._items.pop(number)
        self._bytes -= len(_encode(item.waiting))
        self.digest_sum -= _digest(item.waiting)
        self._candidates.discard(number)
        for key in item.objects:
            queue = self._queues[key]
            del queue[number]
            if not queue:
                del self._queues[key]
        self.touch(item.objects)


_encode = msgspec.json.Encoder().encode


def _source(waiting: Waiting) -> tuple[str, int]:
    if isinstance(waiting, CommandParked):
        return "command", waiting.asked.command.offset
    return "group", waiting.group


def _digest(waiting: Waiting) -> int:
    source = "parked {} {}".format(*_source(waiting)).encode()
    return int.from_bytes(blake2b(source, digest_size=8).digest(), "big")
