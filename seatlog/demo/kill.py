"""The kill -9 in the middle of the drop: of whom, when, and who serves after it."""

import time

from seatlog.demo.outbox import OutboxCount, Ownership
from seatlog.installation import Installation


class Kill:
    """Kills the owner of Saturday's partition once, when enough is sold."""

    def __init__(self, share: float | None, installation: Installation, count: OutboxCount) -> None:
        self._share = share
        self._installation = installation
        self._count = count
        self._is_told = False
        self.of: Ownership | None = None
        """The ownership that was ended."""
        self.at = 0
        """Ms since the epoch; 0 before it."""

    def look(self, seats: int) -> str | None:
        """Kill if it is time, of a house of so many seats; give what there is to tell, once."""
        if self._share is None or not self._count.ownerships:
            return None
        if self.of is None:
            is_due = self._count.sold >= self._share * seats
            return self._strike(self._count.ownerships[-1]) if is_due else None
        after, late_s = self.after, self.first_answer_s
        if self._is_told or after is None or late_s is None:
            return None
        self._is_told = True
        return f"{after.member} owns it in term {after.term:,}: first result after {late_s:.2f} s"

    @property
    def after(self) -> Ownership | None:
        """The first owner after the kill that has answered something, else the newest one."""
        if self.of is None:
            return None
        later = [owner for owner in self._count.ownerships if owner.term > self.of.term]
        answered = [owner for owner in later if owner.term in self._count.answered_first]
        return next(iter([*answered, *reversed(later)]), None)

    @property
    def back_at(self) -> int | None:
        """Append time of the first result after the kill."""
        return None if self.after is None else self._count.answered_first.get(self.after.term)

    @property
    def first_answer_s(self) -> float | None:
        """Time from the kill to the first result after it."""
        return None if self.back_at is None else (self.back_at - self.at) / 1000

    def _strike(self, owner: Ownership) -> str:
        self.at = time.time_ns() // 1_000_000
        pid = self._installation.kill_worker(owner.member)
        self.of = owner
        return f"kill -9 of {owner.member} (process {pid}), the owner in term {owner.term:,}"
