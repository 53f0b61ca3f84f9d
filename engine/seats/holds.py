"""Hold tokens: which objects each one holds and when it ends.

Rules of this file:

1. A hold ends *at* its deadline: a cause stamped with that instant finds it expired.
2. The token's signature gives its first deadline. A changed one comes from the coordinator and
   is remembered until the latest deadline the token ever had has passed: an ended token must
   not come back to life.
3. An ended token of which a group has all objects reserved stands aside until a group is decided.
"""

from collections.abc import Callable
from heapq import heappop, heappush
from typing import NamedTuple

import msgspec


class _Revision(NamedTuple):
    expires_at: int
    remembered_until: int


class HoldsSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The hold tokens as a snapshot keeps them."""

    objects: dict[str, list[tuple[int, str]]]
    """What each token holds, as event and label, in the order in which it took it."""
    deadlines: dict[str, int]
    """Of the tokens that hold something."""
    revised: dict[str, _Revision]


class Holds:
    """The hold tokens of one partition."""

    __slots__ = ("_aside", "_deadline", "_forgettable", "_heap", "_objects", "_revised")

    def __init__(self) -> None:
        # A dict as an ordered set: the order must be the same in every process.
        self._objects: dict[str, dict[tuple[int, str], None]] = {}
        self._deadline: dict[str, int] = {}
        self._revised: dict[str, _Revision] = {}
        self._heap: list[tuple[int, str]] = []
        self._aside: list[tuple[int, str]] = []
        """Entries of the heap that wait for the decision about a group."""
        self._forgettable: list[tuple[int, str]] = []
        """A heap of the revisions by the time until which they must be remembered."""

    def snapshot(self) -> HoldsSnapshot:
        """Say all that decisions depend on: of a token that holds nothing, its revision."""
        return HoldsSnapshot(
            {token: list(held) for token, held in self._objects.items()},
            {token: self._deadline[token] for token in self._objects if token in self._deadline},
            self._revised,
        )

    def restore(self, kept: HoldsSnapshot) -> None:
        """Learn all that was known; what stood aside is looked at again."""
        for token, revision in kept.revised.items():
            self.revise(token, *revision)
        for token, held in kept.objects.items():
            self._objects[token] = dict.fromkeys(held)
        for token, expires_at in kept.deadlines.items():
            self._deadline[token] = expires_at
            heappush(self._heap, (expires_at, token))

    def deadline(self, token: str, otherwise: int) -> int:
        """Give the token's deadline: the last revision, or `otherwise` (from its signature)."""
        revision = self._revised.get(token)
        return otherwise if revision is None else revision.expires_at

    def schedule(self, token: str, expires_at: int) -> None:
        """Note the deadline of a token that holds something, as of its latest use."""
        expires_at = self.deadline(token, expires_at)
        if self._deadline.get(token) != expires_at:
            self._deadline[token] = expires_at
            heappush(self._heap, (expires_at, token))

    def revise(self, token: str, expires_at: int, remembered_until: int) -> None:
        """Move a token's deadline."""
        self._revised[token] = _Revision(expires_at, remembered_until)
        heappush(self._forgettable, (remembered_until, token))
        if token in self._objects:
            self.schedule(token, expires_at)

    def add(self, token: str, event: int, label: str) -> None:
        """Note that the token holds (places of) an object."""
        self._objects.setdefault(token, {})[event, label] = None

    def remove(self, token: str, event: int, label: str) -> None:
        """Note that the token holds nothing of an object any longer."""
        held = self._objects.get(token)
        if held is not None:
            held.pop((event, label), None)
            if not held:
                del self._objects[token]

    def objects(self, token: str) -> list[tuple[int, str]]:
        """List what the token holds as (event, label), in the order in which it took it."""
        return list(self._objects.get(token, ()))

    def forget_until(self, now: int) -> None:
        """Drop revisions that no signature can contradict any more."""
        while self._forgettable and self._forgettable[0][0] <= now:
            _, token = heappop(self._forgettable)
            revision = self._revised.get(token)
            if revision is not None and revision.remembered_until <= now:
                del self._revised[token]

    def is_over(self, token: str, now: int) -> bool:
        """Say whether the deadline of a token that holds something has come."""
        deadline = self._deadline.get(token)
        return deadline is not None and deadline <= now

    def due(self, now: int, can_expire: Callable[[str], bool]) -> str | None:
        """Name a token whose deadline has come and that still holds something it can give back."""
        while self._heap and self._heap[0][0] <= now:
            expires_at, token = self._heap[0]
            if token in self._objects and self._deadline.get(token) == expires_at:
                if can_expire(token):
                    return token
                self._aside.append(heappop(self._heap))
            else:
                self._drop_first()
        return None

    def look_again(self) -> None:
        """Look at what stands aside again: a group was decided."""
        while self._aside:
            heappush(self._heap, self._aside.pop())

    def _drop_first(self) -> None:
        expires_at, token = heappop(self._heap)
        if token not in self._objects and self._deadline.get(token) == expires_at:
            del self._deadline[token]
