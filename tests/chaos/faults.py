"""Puts the planned faults in, and notes what was done to whom."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

from adapters.ports import TopicPartition
from schemas.topics import EVENTS_OUTBOX
from tests.chaos.house import House
from tests.chaos.kafka import Held, storm
from tests.chaos.plan import Fault, Kind, gap_s
from tests.chaos.watch import now_ms

Choice = TypeVar("Choice")


class Fired(NamedTuple):
    """A fault that was put in."""

    kind: Kind
    at: int
    """Ms since the epoch, as is `until`."""
    until: int
    """When it was over: for a broker, when it had all its copies again."""
    whom: str
    back_at: int = 0
    """When a broker was there again, though its copies may have been old yet."""
    held: Sequence[Held] = ()
    """What the members of a storm had."""

    def lasted_at(self, at: int, until: int) -> bool:
        """Say whether it fell into this span."""
        return self.at <= until and at <= self.until


class Faults:
    """Works the plan off."""

    def __init__(self, house: House, tell: Callable[[str], None]) -> None:
        self._house = house
        self._tell = tell
        self._begun_at = time.monotonic()
        self.begun_at = now_ms()
        """Ms since the epoch."""
        self.fired: list[Fired] = []

    async def run(self, plan: Sequence[Fault]) -> None:
        """Put all faults in, and wait until the last is over."""
        self._begun_at, self.begun_at = time.monotonic(), now_ms()
        kills = [fault for fault in plan if fault.kind is Kind.KILL]
        others = [fault for fault in plan if fault.kind is not Kind.KILL]
        async with asyncio.TaskGroup() as both:
            both.create_task(self._work_off(kills))
            both.create_task(self._work_off(others))

    async def _work_off(self, plan: Sequence[Fault]) -> None:
        """Put faults in when it is time; if one lasts longer than planned, those after it wait.

        So the service has a breather between two that last, however slow the machine.
        """
        delay_s = 0.0
        for place, fault in enumerate(plan):
            await asyncio.sleep(self._begun_at + fault.at_s + delay_s - time.monotonic())
            await self._put_in(fault)
            over_s = time.monotonic() - self._begun_at + gap_s[0]
            if place + 1 < len(plan):
                delay_s = max(delay_s, over_s - plan[place + 1].at_s)

    async def _put_in(self, fault: Fault) -> None:
        at, back_at = now_ms(), 0
        held: Sequence[Held] = ()
        match fault.kind:
            case Kind.KILL:
                whom = _picked(self._house.workers_that_run(), fault.pick)
                self._say(fault, whom)
                at = now_ms()
                self._house.kill(whom)
            case Kind.ZOMBIE:
                whom = _picked(self._house.workers_that_run(), fault.pick)
                self._say(fault, whom)
                await self._house.keep_stopped(whom, fault.lasts_s)
            case Kind.STORM:
                self._say(fault, "the owners' group")
                joined, held = await storm(
                    self._house.bootstrap, self._house.topics, fault.lasts_s, fault.pick
                )
                whom = f"{joined} members came and went"
            case Kind.BROKER:
                node = await self._house.leader_of(self._busy_partition(fault.pick))
                whom = f"node {node}"
                self._say(fault, whom)
                at = now_ms()
                back_at = await self._house.keep_killed(node, fault.lasts_s)
            case Kind.POSTGRES:
                whom = "Postgres"
                self._say(fault, whom)
                await self._house.keep_postgres_stopped(fault.lasts_s)
        self.fired.append(Fired(fault.kind, at, now_ms(), whom, back_at, held))

    def _busy_partition(self, pick: float) -> TopicPartition:
        topic = self._house.topics[EVENTS_OUTBOX]
        return TopicPartition(topic.physical_name, _picked(range(topic.partitions), pick))

    def _say(self, fault: Fault, whom: str) -> None:
        lasts = f" for {fault.lasts_s:.1f} s" if fault.lasts_s else ""
        after_s = time.monotonic() - self._begun_at
        self._tell(f"{after_s:6.1f} s  {fault.kind}{lasts}: {whom}")


def _picked(among: Sequence[Choice], pick: float) -> Choice:
    return among[int(pick * len(among))]
