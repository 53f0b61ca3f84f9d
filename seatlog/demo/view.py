"""What the fans of one load process know about the seats of one day: pure.

Rules of this file:

1. A seat is thought taken when a fan reaches for it, when an answer names it, and when the lookout
   saw it so.
2. It is thought free again when the lookout saw it so, or when the request of the fan who reached
   for it was refused for other seats, or for other days.
"""

from collections import deque
from collections.abc import Iterable, Mapping

from schemas.facts import BOOKED
from seatlog.demo.answers import ObjectInfo
from seatlog.demo.choice import FreeSeats
from seatlog.demo.seating import Seating


class DayView:
    """The seats of one day, as its fans see them."""

    def __init__(self, seating: Seating) -> None:
        self.free = FreeSeats(seating)
        self._unsold = deque(range(len(seating)))
        """The seats not known to be booked; the lookout goes round them."""
        self._booked: set[int] = set()

    def reach_for(self, seats: Iterable[int]) -> list[int]:
        """Note that somebody is at these seats; give those that had been thought free."""
        return [seat for seat in seats if self.free.take(seat)]

    def note_refusal(self, reached_for: Iterable[int], taken: Mapping[int, str]) -> None:
        """Note which seats of this day stood in the way, by status; the others are free again."""
        for seat in reached_for:
            if seat not in taken:
                self.free.give_back(seat)
        for seat in taken:
            self.free.take(seat)
        self.note_booked(seat for seat, status in taken.items() if status == BOOKED)

    def note_booked(self, seats: Iterable[int]) -> None:
        """Note that seats are sold."""
        for seat in seats:
            self.free.take(seat)
            self._booked.add(seat)

    def note_seen(self, infos: Mapping[int, ObjectInfo]) -> None:
        """Note what the lookout saw."""
        for seat, info in infos.items():
            if info.is_free():
                self.free.give_back(seat)
            else:
                self.free.take(seat)
        self.note_booked(seat for seat, info in infos.items() if info.is_booked())

    def next_to_look_at(self, at_once_max: int) -> list[int]:
        """Give the next unsold seats on the lookout's round."""
        seats: list[int] = []
        for _ in range(len(self._unsold)):
            seat = self._unsold.popleft()
            if seat not in self._booked:
                seats.append(seat)
            if len(seats) == at_once_max:
                break
        self._unsold.extend(seats)
        return seats
