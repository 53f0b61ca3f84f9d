"""Hold tokens: when each one ends, what it holds, and whether time was kept.

Rules of this file:

1. A hold ends *at* its deadline: a record with that time may no longer use it.
2. When a command is answered at a time, every hold that ended by then has been freed before.
   What a group has reserved of it waits for the decision: never freed before, at once after.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from heapq import heappop, heappush

import msgspec

from schemas.facts import HoldDeadlineSet, StatusChanged
from seatlog.verify.report import Check, Report

Held = tuple[int, str]
"""An object: event and label."""


class Holds:
    """The hold tokens of one partition."""

    def __init__(self, report: Report, is_reserved: Callable[[str, Held], bool]) -> None:
        self._report = report
        self._is_reserved = is_reserved
        """Whether groups have reserved all that a token has of an object."""
        self._objects: defaultdict[str, set[Held]] = defaultdict(set)
        self._deadlines: dict[str, int] = {}
        self._changed: dict[str, HoldDeadlineSet] = {}
        self._in_order: list[tuple[int, str]] = []
        self._aside: list[tuple[int, str]] = []
        """Deadlines that have come, of tokens that have nothing but what groups have reserved."""

    @property
    def deadlines(self) -> Mapping[str, int]:
        """Give the deadline of each token that holds something."""
        return self._deadlines

    def use(self, fact: StatusChanged, at: int, where: str) -> None:
        """Check a change that a command made with a token."""
        token, expires_at = fact.hold_token, fact.hold_expires_at
        if token is None:
            return
        if expires_at is None:
            self._fault(where, f"uses the token {token} and does not say when it ends")
            return
        if expires_at <= at:
            self._fault(where, f"uses the token {token}, ended at {expires_at}, at {at}")
        changed = self._changed.get(token)
        if changed and at < changed.remembered_until and changed.expires_at != expires_at:
            new = changed.expires_at
            self._fault(where, f"uses the token {token} until {expires_at}, set to {new}")

    def hold(self, token: str, held: Held, expires_at: int | None, at: int) -> None:
        """Note that a token holds (places of) an object."""
        self._objects[token].add(held)
        if expires_at is not None:
            # A group was reserved with the deadline of that moment; it may have been moved since.
            changed = self._changed.get(token)
            is_known = changed is not None and at < changed.remembered_until
            self._schedule(token, changed.expires_at if changed and is_known else expires_at)

    def is_over(self, token: str, at: int) -> bool:
        """Say whether the deadline of a token that holds something has come."""
        deadline = self._deadlines.get(token)
        return deadline is not None and deadline <= at

    def look_again(self) -> None:
        """Note that a group has ended: what it had reserved of an ended hold is due."""
        while self._aside:
            heappush(self._in_order, self._aside.pop())

    def let_go(self, token: str, held: Held) -> None:
        """Note that a token holds nothing of an object any longer."""
        self._objects[token].discard(held)
        if not self._objects[token]:
            del self._objects[token]
            # A token that holds nothing has no deadline here: its next use brings one.
            self._deadlines.pop(token, None)

    def as_applied(self, decided: HoldDeadlineSet, at: int) -> HoldDeadlineSet:
        """Give a changed deadline as it must be applied at a time: what has ended stays ended."""
        before = self._changed.get(decided.token)
        previous = decided.previous_expires_at
        if before is not None and at < before.remembered_until:
            previous = before.expires_at
        if previous > at:
            return decided
        return msgspec.structs.replace(decided, expires_at=previous, previous_expires_at=previous)

    def set_deadline(self, fact: HoldDeadlineSet) -> None:
        """Take in a changed deadline."""
        self._changed[fact.token] = fact
        if fact.token in self._objects:
            self._schedule(fact.token, fact.expires_at)

    def expire(self, token: str, at: int, where: str) -> None:
        """Check that a token's deadline has come."""
        deadline = self._deadlines.get(token)
        if deadline is None:
            self._fault(where, f"expires the token {token}, which holds nothing")
        elif at < deadline:
            early = f"expires the token {token} at {at}, {deadline - at} ms before its deadline"
            self._fault(where, early)

    def end(self, token: str, where: str) -> None:
        """Check that an expired token holds nothing any longer."""
        if self._objects.get(token):
            left = ", ".join(label for _, label in sorted(self._objects[token])[:5])
            self._fault(where, f"says that the token {token} has expired, and it holds {left}")

    def check_due(self, at: int, where: str, *, grace_ms: int = 0) -> None:
        """Check that nothing is held any longer whose deadline came by `at`."""
        while self._in_order and self._in_order[0][0] + grace_ms <= at:
            deadline, token = heappop(self._in_order)
            if self._deadlines.get(token) != deadline or not self._objects.get(token):
                continue
            left = [held for held in self._objects[token] if not self._is_reserved(token, held)]
            if left:
                late = f"{min(left)[1]} is held by {token} still, {at - deadline} ms after its"
                self._fault(where, f"{late} deadline")
            else:
                self._aside.append((deadline, token))

    def _schedule(self, token: str, expires_at: int) -> None:
        if self._deadlines.get(token) != expires_at:
            self._deadlines[token] = expires_at
            heappush(self._in_order, (expires_at, token))

    def _fault(self, where: str, what: str) -> None:
        self._report.fault(Check.HOLDS, where, what)
