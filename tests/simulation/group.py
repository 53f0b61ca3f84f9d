"""The pretended consumer group: who should own what, told late and to each one alone.

Rules of this file:

1. The group only suggests. Two processes may believe in the same partition for as long as the
   newer assignment has not reached the older owner.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from adapters.ports import TopicPartition
from tests.simulation.dice import Dice
from tests.simulation.process import Process
from tests.simulation.world import World

session_ms: Final = 1_500
"""Who is silent for longer is no member any more."""
told_late_ms_max: Final = 300


class SimulatedMembership:
    """The `Membership` port of one process."""

    def __init__(self, group: "Group", process: Process, dice: Dice) -> None:
        self._group = group
        self._process = process
        self._dice = dice
        self._told: frozenset[TopicPartition] | None = None
        self._news = asyncio.Event()
        self._generation = 0

    def tell(self, generation: int, assigned: frozenset[TopicPartition]) -> None:
        """Bring an assignment, unless a newer one has come already."""
        if generation > self._generation:
            self._generation = generation
            self._told = assigned
            self._news.set()

    async def changed(self) -> frozenset[TopicPartition]:
        """Wait for the next assignment and give it whole."""
        await self._process.awake()
        while self._told is None:
            await self._news.wait()
            await self._process.awake()
        told, self._told = self._told, None
        self._news.clear()
        return told

    async def confirmed(self) -> None:
        """Wait until the group has confirmed that this process is a member."""
        await self._process.sleep_ms(self._dice.between(1, 200))
        self._group.join(self._process, self)

    async def close(self) -> None:
        """Leave quietly."""


class Group:
    """The members and their partitions."""

    def __init__(self, partitions: Sequence[TopicPartition], world: World) -> None:
        self._broker = world.broker
        self._dice = world.dice
        self._trace = world.trace
        self._members: dict[str, SimulatedMembership] = {}
        self._holders: dict[TopicPartition, str | None] = dict.fromkeys(partitions)
        self._withheld: frozenset[TopicPartition] = frozenset()
        self._generation = 0

    def join(self, process: Process, membership: SimulatedMembership) -> None:
        """Take a member in; one that comes back in time keeps what it had."""
        if self._members.get(process.name) is not membership:
            self._members[process.name] = membership
            self.assign()

    def expel(self, process: Process) -> None:
        """Give up a member that was silent for a session's length."""
        if self._members.pop(process.name, None) is not None:
            self.assign()

    def withhold(self, partitions: frozenset[TopicPartition]) -> None:
        """Let nobody own these."""
        self._withheld = partitions
        self.assign()

    def assign(self, *, anew: bool = False) -> None:
        """Give partitions without an owner to somebody, or all of them anew; tell everybody."""
        names = sorted(self._members)
        for partition, holder in self._holders.items():
            if partition in self._withheld or not names:
                self._holders[partition] = None
            elif anew or holder not in self._members:
                self._holders[partition] = self._dice.random.choice(names)
        self._generation += 1
        for name, membership in self._members.items():
            assigned = frozenset(p for p, holder in self._holders.items() if holder == name)
            self._trace.tell(f"{name} should own {', '.join(map(str, sorted(assigned)))}")
            delay_ms = self._dice.between(0, told_late_ms_max)
            self._broker.later(delay_ms, membership.tell, self._generation, assigned)
