"""What groups have reserved here: each part of a group until the coordinator's decision.

Rules of this file:

1. A reservation changes no object: it is seen by those who decide, through a view (views.py).
   A confirmed one is applied with the decision, a cancelled one leaves no trace.
2. A reservation ends only by the coordinator's decision, never by a timer of this partition.
3. What a deleted event had leaves its reservations: the group came before the deletion.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

import msgspec

from engine.digests import digest_of
from schemas.facts import HELD, PlannedChange, Pocket
from schemas.rejections import Rejected
from schemas.votes import QUEUED, REFUSED, RESERVED, Verdict

ObjectKey = tuple[int, str]
"""Event and label."""


class Part(NamedTuple):
    """What this partition has said about its part of a group."""

    verdict: Verdict
    changes: list[PlannedChange]
    refusal: Rejected | None = None


Reserved = dict[int, dict[str, dict[int, list[PlannedChange]]]]
"""What each group has planned, by event and label, in the order of the reservations."""


class DoubtSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What groups have reserved as a snapshot keeps it."""

    parts: dict[int, Part]
    """In the order of the coordinators."""
    reserved: Reserved


class Doubt:
    """The groups that are in doubt in one partition."""

    __slots__ = ("_digests", "_parts", "_reserved", "digest_sum")

    def __init__(self) -> None:
        self._parts: dict[int, Part] = {}
        self._digests: dict[int, int] = {}
        """Of each part, what it adds to the sum."""
        self._reserved: Reserved = {}
        self.digest_sum = 0

    def __bool__(self) -> bool:
        """Say whether anything is reserved."""
        return bool(self._reserved)

    def snapshot(self) -> DoubtSnapshot:
        """Say all that is known."""
        return DoubtSnapshot(self._parts, self._reserved)

    def restore(self, kept: DoubtSnapshot) -> None:
        """Learn all that was known."""
        for group, part in kept.parts.items():
            self._put(group, part)
        self._reserved.update(kept.reserved)

    def part(self, group: int) -> Part | None:
        """Give what was said about a group; None if it is not in doubt here."""
        return self._parts.get(group)

    def parts(self) -> Iterator[tuple[int, Part]]:
        """Go through the groups in doubt, in the order of the coordinators."""
        return iter(self._parts.items())

    def reserved(self, key: ObjectKey) -> Mapping[int, list[PlannedChange]]:
        """Give what is planned for an object, by group."""
        event, label = key
        of_event = self._reserved.get(event)
        return _NOTHING if of_event is None else of_event.get(label, _NOTHING)

    def reserved_of_event(self, event: int) -> Collection[str]:
        """Give the labels of an event for which anything is planned."""
        return self._reserved.get(event, {}).keys()

    def reserve(self, group: int, changes: list[PlannedChange]) -> None:
        """Note the reservation of a part."""
        self._put(group, Part(RESERVED, changes))
        for planned in changes:
            of_event = self._reserved.setdefault(planned.change.event, {})
            of_object = of_event.setdefault(planned.change.label, {})
            of_object.setdefault(group, []).append(planned)

    def refuse(self, group: int, refusal: Rejected) -> None:
        """Note that a part was refused."""
        self._put(group, Part(REFUSED, [], refusal))

    def queue(self, group: int) -> None:
        """Note that a part waits."""
        self._put(group, Part(QUEUED, []))

    def end(self, group: int) -> set[ObjectKey]:
        """Forget a decided group; give the objects that were reserved for it."""
        part = self._parts.pop(group)
        self.digest_sum -= self._digests.pop(group)
        freed = {(planned.change.event, planned.change.label) for planned in part.changes}
        for key in freed:
            self._release(key, group)
        return freed

    def drop_event(self, event: int) -> None:
        """Take a deleted event's objects out of the reservations."""
        self._reserved.pop(event, None)
        for group, part in list(self._parts.items()):
            left = [planned for planned in part.changes if planned.change.event != event]
            if len(left) < len(part.changes):
                self._put(group, part._replace(changes=left))

    def reserved_of_hold(self, key: ObjectKey, token: str) -> dict[Pocket, int]:
        """Count the places of an area that groups need of what a token has, by pocket."""
        counts: dict[Pocket, int] = {}
        for changes in self.reserved(key).values():
            for pocket, places in _needed_of_hold(changes, token).items():
                counts[pocket] = counts.get(pocket, 0) + places
        return counts

    def _put(self, group: int, part: Part) -> None:
        self._parts[group] = part
        digest = _digest(group, part)
        self.digest_sum += digest - self._digests.get(group, 0)
        self._digests[group] = digest

    def _release(self, key: ObjectKey, group: int) -> None:
        event, label = key
        of_event = self._reserved.get(event, {})
        of_object = of_event.get(label)
        if of_object is None:
            return
        of_object.pop(group, None)
        if not of_object:
            del of_event[label]
        if not of_event:
            del self._reserved[event]


_encode = msgspec.json.Encoder(order="deterministic").encode
_NOTHING: Mapping[int, list[PlannedChange]] = {}


def _needed_of_hold(changes: list[PlannedChange], token: str) -> dict[Pocket, int]:
    """Count what one group draws from a token's places, less what it has brought there before."""
    brought: dict[Pocket, int] = {}
    needed: dict[Pocket, int] = {}
    for moves in (planned.moves for planned in changes if planned.moves is not None):
        drawn = [(pocket, -places) for pocket, places in moves.sources]
        for pocket, places in (*drawn, *moves.arrivals):
            if pocket.status == HELD and pocket.token == token:
                brought[pocket] = brought.get(pocket, 0) + places
                needed[pocket] = max(needed.get(pocket, 0), -brought[pocket])
    return needed


def _digest(group: int, part: Part) -> int:
    source = b"group %d %b %b" % (group, part.verdict.encode(), _encode(part.changes))
    return digest_of(source)
