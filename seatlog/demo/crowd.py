"""The fans of one load process: what each does, and what all of them know about the seats.

Rules of this file:

1. A fan's first choice is blind: everybody wants the best seats, by Zipf's law. Refused, he picks
   again, less choosy, from the seats that he sees free: what came back from requests, and what
   the lookout saw.
2. A fan tries a bounded number of times. A patient one then waits until seats are seen free
   again; the others leave.
"""

import asyncio
import math
import random
import time
from collections import deque
from collections.abc import Iterable

from schemas.facts import BOOKED
from seatlog.demo.box_office import BoxOffice, OddAnswerError, looked_at_once_max
from seatlog.demo.choice import FreeSeats, Zipf, choose, party_max
from seatlog.demo.plan import LoadPlan, LoadReport

fickle_minutes = 1
odd_kept_max = 10
next_choice_exponent = 0.3


class Crowd:
    """Fans, their common view of the seats, and the door."""

    def __init__(self, plan: LoadPlan, office: BoxOffice, report: LoadReport) -> None:
        self._plan = plan
        self._behaviour = plan.behaviour
        self._office = office
        self._report = report
        self._random = random.Random(plan.process)  # noqa: S311 - no secret
        self._first_choice = Zipf(len(plan.seating))
        self._next_choice = Zipf(len(plan.seating), next_choice_exponent)
        self._untouched = FreeSeats(plan.seating)
        """The seats as a newcomer imagines them."""
        self._free = FreeSeats(plan.seating)
        self._unsold = deque(range(len(plan.seating)))
        """The seats not known to be booked; the lookout goes round them."""
        self._booked: set[int] = set()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._sold_out = False
        self._fickle_left = _share(self._behaviour.fickle_holds, plan.process, plan.processes)

    async def run(self) -> None:
        """Let all fans come, and wait until the last has left."""
        lookout = asyncio.create_task(self._look_out())
        try:
            async with asyncio.TaskGroup() as fans:
                for number in range(self._plan.process, self._plan.fans, self._plan.processes):
                    arrives_s = self._behaviour.arrives_at_s(number, self._plan.fans)
                    pause_s = self._plan.opens_at + arrives_s - time.time()
                    if pause_s > 0:
                        await asyncio.sleep(pause_s)
                    fans.create_task(self._visit(number, arrives_s))
        finally:
            lookout.cancel()

    def sold_out(self) -> None:
        """Tell all that wait, and all that come yet, that there will be no more seats."""
        self._sold_out = True
        self._wake(len(self._waiting))

    async def _visit(self, number: int, arrives_s: float) -> None:
        try:
            await self._shop(number, is_early=arrives_s < self._behaviour.fickle_arrive_before_s)
        except OddAnswerError as error:
            self._report.odd_count += 1
            if len(self._report.odd) < odd_kept_max:
                self._report.odd.append(str(error))
        finally:
            self._report.through += 1

    async def _shop(self, number: int, *, is_early: bool) -> None:
        draw = self._random.random
        is_fickle = is_early and self._fickle_left > 0 and draw() < self._behaviour.fickle_share
        self._fickle_left -= is_fickle
        is_patient = not is_fickle and draw() < self._behaviour.patient_share
        party = self._random.randint(1, party_max)
        token = await self._office.token(fickle_minutes if is_fickle else None)
        await self._pause(self._behaviour.look_s)
        seats = await self._get_held(token, party, is_patient=is_patient)
        if is_fickle:
            self._report.abandoned += bool(seats)
            self._fickle_left += not seats
        if is_fickle or not seats:
            return
        await self._pause(self._behaviour.pay_s)
        if await self._office.book(token, seats, f"fan-{number}"):
            self._report.bookings += 1
            self._report.seats_booked += len(seats)
            self._note_booked(seats)

    async def _get_held(self, token: str, party: int, *, is_patient: bool) -> list[int]:
        """Try until seats are held; give none if the fan gives up."""
        behaviour = self._behaviour
        known, choosy = self._untouched, self._first_choice
        tries, patience = behaviour.tries_max, behaviour.patient_tries_max
        for attempt in range(patience if is_patient else tries):
            must_wait = attempt >= tries or (attempt and not len(known))
            if must_wait and not (is_patient and await self._wait_for_seats()):
                return []
            seats = choose(self._plan.seating, known, choosy, party, self._random.random())
            if seats and await self._hold(token, seats):
                return seats
            known, choosy = self._free, self._next_choice
            await self._pause(behaviour.look_again_s)
        return []

    async def _hold(self, token: str, seats: list[int]) -> bool:
        # Whoever looks meanwhile sees that somebody is at these seats.
        seen_free = [seat for seat in seats if self._free.take(seat)]
        held, obstacles = await self._office.hold(token, seats)
        self._report.holds += 1
        if held:
            return True
        self._report.refused += 1
        taken = {self._office.ordinals[obstacle.object]: obstacle.status for obstacle in obstacles}
        for seat in seen_free:
            if seat not in taken:
                self._free.give_back(seat)
        for seat in taken:
            self._free.take(seat)
        self._note_booked(seat for seat, status in taken.items() if status == BOOKED)
        return False

    async def _wait_for_seats(self) -> bool:
        """Wait until seats are seen free; give False if there will be none."""
        if not self._sold_out:
            woken = asyncio.get_running_loop().create_future()
            self._waiting.append(woken)
            self._report.waiting = len(self._waiting)
            await woken
        return not self._sold_out

    def _wake(self, count: int) -> None:
        for _ in range(min(count, len(self._waiting))):
            self._waiting.popleft().set_result(None)
        self._report.waiting = len(self._waiting)

    async def _look_out(self) -> None:
        """Keep looking at the seats that are not sold yet, a hundred at a time."""
        while True:
            await asyncio.sleep(self._behaviour.poll_every_s)
            seats = self._next_to_look_at()
            if not seats:
                continue
            try:
                infos = await self._office.look(seats)
            except OddAnswerError as error:
                self._report.odd_count += 1
                self._report.odd.append(str(error))
                return
            for seat, info in infos.items():
                if info.is_free():
                    self._free.give_back(seat)
                else:
                    self._free.take(seat)
            self._note_booked(seat for seat, info in infos.items() if info.is_booked())
            self._wake(math.ceil(len(self._free) / party_max))

    def _next_to_look_at(self) -> list[int]:
        seats: list[int] = []
        for _ in range(len(self._unsold)):
            seat = self._unsold.popleft()
            if seat not in self._booked:
                seats.append(seat)
            if len(seats) == looked_at_once_max:
                break
        self._unsold.extend(seats)
        return seats

    def _note_booked(self, seats: Iterable[int]) -> None:
        for seat in seats:
            self._free.take(seat)
            self._booked.add(seat)

    async def _pause(self, span_s: tuple[float, float]) -> None:
        await asyncio.sleep(self._random.uniform(*span_s))


def _share(whole: int, process: int, processes: int) -> int:
    """Give one process' part of a whole number; all parts add up to it."""
    return (whole + process) // processes
