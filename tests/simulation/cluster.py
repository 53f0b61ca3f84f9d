"""The simulated worker processes: the production `Worker` and `Owner`, and what befalls them.

Rules of this file:

1. A process that ends is started again, as its supervisor does. It may only end because it was
   killed, or because an owner gave up on a doubt that the product knows.
2. A partition never stops: no fault of dice.py may bring the log into such a state.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, ClassVar, Final, NamedTuple

from adapters.ports import AppendUnknownError, FencedError, NewRecord, TopicPartition
from engine.charts.inventory import SeatMap
from engine.groups.machine import GroupsState
from schemas.topics import GROUPS_COMMANDS
from tests.simulation.dice import Fault
from tests.simulation.group import Group, SimulatedMembership, session_ms
from tests.simulation.log_port import SimulatedLog
from tests.simulation.process import KilledError, Process
from tests.simulation.world import World
from workers.coordinator import coordinator_role
from workers.ledger import Ledger
from workers.owner import NotAloneError, Owner, StoppedError
from workers.replay import Inputs, NotOursError
from workers.role import Role
from workers.seats import seats_role
from workers.turns import Turns
from workers.worker import Worker

members: Final = ("m0", "m1", "m2")
restart_ms_max: Final = 2_500
"""Before or after the session has ended."""
CRASHES: Final = {
    f"{fault.value.removeprefix('crash at ')}": fault for fault in Fault if "crash at" in fault
}
MAY_END_A_PROCESS: Final = (
    KilledError,
    FencedError,
    AppendUnknownError,
    NotAloneError,
    NotOursError,
)


class _Running(NamedTuple):
    process: Process
    membership: SimulatedMembership
    worker: asyncio.Task[None]


class Cluster:
    """All worker processes."""

    def __init__(
        self,
        world: World,
        partitions: Sequence[TopicPartition],
        inventories: Mapping[str, SeatMap],
    ) -> None:
        self._world = world
        self._broker = world.broker
        self._dice = world.dice
        self._inventories = inventories
        self.group = Group(partitions, world)
        self._running: dict[str, _Running] = {}
        self.findings: list[str] = []
        self.fired_in_doubt: Counter[Fault] = Counter()

    def start_all(self) -> None:
        """Start every process."""
        for name in members:
            self._start(name)

    def alive(self) -> list[Process]:
        """Name the processes that run and are not stopped."""
        processes = [running.process for running in self._running.values()]
        return [process for process in processes if not process.stopped and not process.dead]

    def kill(self, process: Process) -> None:
        """Kill -9."""
        self._world.trace.tell(f"{process.name} dies")
        process.kill()
        self._running[process.name].worker.cancel()

    def stop(self, process: Process, for_ms: int, *, clock_stands: bool) -> None:
        """Stop a process for a while; it does not know."""
        self._world.trace.tell(f"{process.name} is stopped for {for_ms}")
        process.stop(clock_stands=clock_stands)
        self._broker.later(for_ms, self._wake, self._running[process.name])
        self._broker.later(session_ms, self._miss, process)

    def heal(self) -> None:
        """Wake all that is stopped."""
        for running in self._running.values():
            self._wake(running)

    def move_clocks(self, by_ms: int) -> None:
        """Move the clocks of all processes."""
        for running in self._running.values():
            running.process.move_clock(by_ms)

    async def close(self) -> None:
        """End every process for good."""
        tasks = [running.worker for running in self._running.values()]
        self._running.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _start(self, name: str) -> None:
        process = Process(name, self._world.loop, self._dice.between(1, 10**9))
        membership = SimulatedMembership(self.group, process, self._dice)
        worker = Worker(membership, self._owners_of(process, membership))
        task = self._world.loop.create_task(worker.run())
        self._running[name] = _Running(process, membership, task)
        task.add_done_callback(lambda ended: self._end(process, ended))
        self.group.join(process, membership)

    def _wake(self, running: _Running) -> None:
        """Let a stopped process go on; its next heartbeat makes it a member again."""
        if not running.process.dead:
            running.process.wake()
            self.group.join(running.process, running.membership)

    def _end(self, process: Process, task: asyncio.Task[None]) -> None:
        running = self._running.get(process.name)
        if running is None or running.process is not process:
            return
        error = None if task.cancelled() else task.exception()
        self._world.trace.tell(f"{process.name} has ended: {error!r}")
        if error is not None and not isinstance(error, MAY_END_A_PROCESS):
            self.findings.append(f"process {process.name} ended with {error!r}")
        process.kill()
        self._broker.later(session_ms, self._miss, process)
        self._broker.later(self._dice.between(20, restart_ms_max), self._start, process.name)

    def _miss(self, process: Process) -> None:
        """End the session of a process that is stopped or dead still, and was not replaced."""
        running = self._running.get(process.name)
        if running is not None and running.process is process and (process.stopped or process.dead):
            self.group.expel(process)

    def _owners_of(
        self, process: Process, membership: SimulatedMembership
    ) -> Callable[[TopicPartition], Owner]:
        log = SimulatedLog(self._world, process)
        turns = Turns()

        def crash(outbox: TopicPartition, point: str, records: Sequence[NewRecord] = ()) -> None:
            del records
            fault = CRASHES.get(point)
            if fault is None:
                return  # no step of the loop: the nemesis kills there
            process.check()
            if self._dice.fires(fault):
                self.fired_in_doubt[fault] += WatchedLedger.in_doubt(outbox)
                self.kill(process)
                process.check()

        def owner_of(commands: TopicPartition) -> Owner:
            role = self._role(commands, process)
            return WatchedOwner(
                role,
                log,
                membership,
                process,
                process.name,
                turns=turns,
                at_crash_point=partial(crash, role.outbox),
                tell=self.findings.append,
            )

        return owner_of

    def _role(self, commands: TopicPartition, process: Process) -> Role[Any, Any, Any]:
        if commands.topic == self._world.topics[GROUPS_COMMANDS].physical_name:
            return coordinator_role(commands.partition, self._world.topics)

        async def load(hashes: Collection[str]) -> Mapping[str, object]:
            await process.sleep_ms(self._dice.between(0, 30))
            return {content_hash: self._inventories[content_hash] for content_hash in hashes}

        return seats_role(commands.partition, self._world.topics, self._inventories, load)


class WatchedOwner(Owner):
    """The production owner; if it stops its partition, that is a finding."""

    def __init__(self, *args: Any, tell: Callable[[str], None], **more: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **more)
        self._tell_finding = tell

    async def run(self) -> None:
        """Own the partition."""
        try:
            await super().run()
        except StoppedError as error:
            self._tell_finding(str(error))
            raise


class WatchedLedger(Ledger):
    """The production ledger; its state is kept to be compared with a replay."""

    states: ClassVar[dict[tuple[TopicPartition, int], Any]] = {}
    """By outbox partition and term."""

    def __init__(
        self,
        role: Role[Any, Any, Any],
        state: Any,  # noqa: ANN401 - the machine's own
        inputs: Inputs,
        term: int,
        failed: dict[tuple[str, int], int],
    ) -> None:
        super().__init__(role, state, inputs, term, failed)
        self.states[role.outbox, term] = state

    @classmethod
    def in_doubt(cls, outbox: TopicPartition) -> bool:
        """Say whether the newest owner of an outbox has groups or parked commands."""
        states = [(term, state) for (of, term), state in cls.states.items() if of == outbox]
        if not states:
            return False
        _, state = max(states, key=itemgetter(0))
        if isinstance(state, GroupsState):
            return len(state.groups) > 0
        return any(state.doubt.parts()) or len(state.parking) > 0
