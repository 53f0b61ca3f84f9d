"""The fans of one load process: what each does, and what all of them know about the seats.

Rules of this file:

1. A fan's first choice is blind: everybody wants the best seats, by Zipf's law. Refused, he picks
   again, less choosy, from the seats that he sees free: what came back from requests, and what
   the lookout saw.
2. A fan tries a bounded number of times. A patient one then waits until seats are seen free
   again; the others leave.
3. Who wants a weekend pass asks for the same seats on all days in one request. He picks them as
   Saturday's buyers do, and after a few refusals he is one of them.
"""

import asyncio
import contextlib
import math
import random
import time
from collections import deque
from typing import NamedTuple

from seatlog.demo.box_office import (
    BoxOffice,
    OddAnswerError,
    TokenEndedError,
    looked_at_once_max,
)
from seatlog.demo.choice import FreeSeats, Zipf, choose, party_max
from seatlog.demo.plan import WEEKEND_ORDER, LoadPlan, LoadReport
from seatlog.demo.view import DayView
from seatlog.demo.weekend import Days

fickle_minutes = 1
odd_kept_max = 10
next_choice_exponent = 0.3


class _Wish(NamedTuple):
    """What a fan is after."""

    days: Days
    party: int
    tries: int
    patience: int = 0
    """Tries in all of one who waits for seats to come back; 0: he does not."""

    @property
    def is_pass(self) -> bool:
        """Whether it is for more than one day."""
        return len(self.days) > 1


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
        self._views = {day: DayView(plan.seating) for day in plan.weekend.days}
        self._saturday: Days = (plan.weekend.saturday,)
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
        may_be_fickle = is_early and self._fickle_left > 0
        is_fickle = may_be_fickle and self._random.random() < self._behaviour.fickle_share
        if is_fickle:
            await self._hold_and_walk_away()
            return
        wish = self._wish()
        token = await self._office.token()
        await self._pause(self._behaviour.look_s)
        seats = await self._get_held(token, wish, is_blind=True)
        if not seats and wish.is_pass:
            wish = self._wish_for(self._saturday, wish.party)
            seats = await self._get_held(token, wish, is_blind=False)
        if not seats:
            return
        await self._pause(self._behaviour.pay_s)
        order = f"{WEEKEND_ORDER if wish.is_pass else 'fan-'}{number}"
        if await self._office.book(token, wish.days, seats, order):
            self._note_booking(wish, seats)

    async def _hold_and_walk_away(self) -> None:
        self._fickle_left -= 1
        wish = _Wish(self._saturday, self._party(), self._behaviour.tries_max)
        token = await self._office.token(fickle_minutes)
        await self._pause(self._behaviour.look_s)
        seats: list[int] = []
        # Where thousands wait, a minute may be over before anything is held.
        with contextlib.suppress(TokenEndedError):
            seats = await self._get_held(token, wish, is_blind=True)
        self._report.abandoned += bool(seats)
        self._fickle_left += not seats

    def _wish(self) -> _Wish:
        days = self._behaviour.days_wanted(self._plan.weekend, self._random.random())
        return self._wish_for(days, self._party())

    def _wish_for(self, days: Days, party: int) -> _Wish:
        behaviour = self._behaviour
        if days == self._plan.weekend.days:
            return _Wish(days, party, behaviour.pass_tries_max)
        # Nobody looks out for the seats of the other days: there is nothing to wait for.
        is_patient = days == self._saturday and self._random.random() < behaviour.patient_share
        patience = behaviour.patient_tries_max if is_patient else 0
        return _Wish(days, party, behaviour.tries_max, patience)

    def _party(self) -> int:
        return self._random.randint(1, party_max)

    async def _get_held(self, token: str, wish: _Wish, *, is_blind: bool) -> list[int]:
        """Try until seats are held; give none if the fan gives up."""
        # Of a weekend it is Saturday that is scarce.
        seen = self._views[self._plan.weekend.saturday if wish.is_pass else wish.days[0]]
        known, choosy = seen.free, self._next_choice
        if is_blind:
            known, choosy = self._untouched, self._first_choice
        for attempt in range(max(wish.tries, wish.patience)):
            must_wait = attempt >= wish.tries or (attempt and not len(known))
            if must_wait and not (wish.patience and await self._wait_for_seats()):
                return []
            seats = choose(self._plan.seating, known, choosy, wish.party, self._random.random())
            if seats and await self._hold(token, wish, seats):
                return seats
            known, choosy = seen.free, self._next_choice
            await self._pause(self._behaviour.look_again_s)
        return []

    async def _hold(self, token: str, wish: _Wish, seats: list[int]) -> bool:
        # Whoever looks meanwhile sees that somebody is at these seats.
        reached_for = {day: self._views[day].reach_for(seats) for day in wish.days}
        held, obstacles = await self._office.hold(token, wish.days, seats)
        self._report.holds += 1
        if held:
            return True
        self._report.refused += 1
        self._report.passes_refused += wish.is_pass
        taken: dict[str, dict[int, str]] = {day: {} for day in wish.days}
        for obstacle in obstacles:
            taken[obstacle.event][self._office.ordinals[obstacle.object]] = obstacle.status
        for day in wish.days:
            self._views[day].note_refusal(reached_for[day], taken[day])
        return False

    def _note_booking(self, wish: _Wish, seats: list[int]) -> None:
        self._report.bookings += 1
        self._report.seats_booked += len(seats) * len(wish.days)
        if wish.is_pass:
            self._report.passes += 1
            self._report.pass_seats += len(seats)
        for day in wish.days:
            self._views[day].note_booked(seats)

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
        """Keep looking at Saturday's seats that are not sold yet, a hundred at a time."""
        saturday = self._plan.weekend.saturday
        seen = self._views[saturday]
        while True:
            await asyncio.sleep(self._behaviour.poll_every_s)
            seats = seen.next_to_look_at(looked_at_once_max)
            if not seats:
                continue
            try:
                infos = await self._office.look(saturday, seats)
            except OddAnswerError as error:
                self._report.odd_count += 1
                self._report.odd.append(str(error))
                return
            seen.note_seen(infos)
            self._wake(math.ceil(len(seen.free) / party_max))

    async def _pause(self, span_s: tuple[float, float]) -> None:
        await asyncio.sleep(self._random.uniform(*span_s))


def _share(whole: int, process: int, processes: int) -> int:
    """Give one process' part of a whole number; all parts add up to it."""
    return (whole + process) // processes
