"""The supervisor: runs the processes of one machine and starts a dead one again.

Rules of this file:

1. A process that ends by itself is started again under the same name (a worker keeps its static
   member id and so its partitions): at once, unless it ends so often that it must be its own
   doing; then with a growing pause.
2. Children end with us: each reads from a pipe that only we hold open, so even after a kill -9
   of the supervisor none is left running.
3. Processes whose return matters have a spare (seatlog/spares), which takes their place at once.
4. The way down is the way up reversed, in stages, and no child outlives its grace: who takes
   commands stops while those who answer them still run.
"""

import asyncio
import contextlib
import logging
import os
import signal
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from seatlog.spares import AS_A_SPARE, Spare

log = logging.getLogger(__name__)

at_once_max = 5
"""Restarts without a pause within `looked_back_s`: whoever kills workers, or a machine that runs
out of memory, hits one a few times; its partitions shall not wait for that."""
looked_back_s = 60.0
first_pause_s = 0.25
pause_max_s = 5.0


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """One process to keep running."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    stage: int = 0
    """Those of a later stage have ended before those of an earlier one are told to."""
    grace_s: float = 2.0
    """From being told to end to being killed."""
    has_spare: bool = False
    """Whether a spare is kept for all of this command: it must be a process of ours."""


class Supervisor:
    """Keeps processes running until `stop`."""

    def __init__(self, log_to: int | None = None) -> None:
        self._log_to = log_to
        """File descriptor for the children's output; None: ours."""
        self._specs: dict[str, ChildSpec] = {}
        self._children: dict[str, asyncio.subprocess.Process] = {}
        self._keepers: list[asyncio.Task[None]] = []
        self._spares: dict[tuple[str, ...], Spare] = {}
        """By command."""
        self.restarts: dict[str, int] = {}

    async def start(self, spec: ChildSpec) -> None:
        """Start a process and keep it running."""
        self.restarts[spec.name] = 0
        self._specs[spec.name] = spec
        await self._spawn(spec)
        self._keepers.append(asyncio.create_task(self._keep(spec), name=f"keeper of {spec.name}"))

    def pid(self, name: str) -> int:
        """Give the process id of a child as it runs now."""
        return self._children[name].pid

    def spare_pids(self) -> list[int]:
        """Give the process ids of the spares that wait."""
        return [spare.pid for spare in self._spares.values() if spare.pid is not None]

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a child a signal."""
        self._children[name].send_signal(number)

    async def stop(self) -> None:
        """Stop all children, stage by stage, the last first; by force after their grace."""
        for keeper in self._keepers:
            keeper.cancel()
        await asyncio.gather(*self._keepers, return_exceptions=True)
        await asyncio.gather(*(spare.stop() for spare in self._spares.values()))
        stages = {spec.stage for spec in self._specs.values()}
        for stage in sorted(stages, reverse=True):
            await self._stop_together(
                [spec for spec in reversed(self._specs.values()) if spec.stage == stage]
            )

    async def _stop_together(self, specs: Collection[ChildSpec]) -> None:
        here = [spec for spec in specs if spec.name in self._children]
        await asyncio.gather(*(_end(self._children[spec.name], spec.grace_s) for spec in here))

    async def _spawn(self, spec: ChildSpec) -> None:
        spare = await self._spare_of(spec).take(spec.environment) if spec.has_spare else None
        self._children[spec.name] = spare or await self._run(spec.command, spec.environment)

    def _spare_of(self, spec: ChildSpec) -> Spare:
        command = (*spec.command, AS_A_SPARE)
        if command not in self._spares:
            # Python itself reads its part of the environment before anybody is told anything.
            self._spares[command] = Spare(lambda: self._run(command, spec.environment))
        return self._spares[command]

    async def _run(
        self, command: Sequence[str], environment: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **environment},
            stdin=asyncio.subprocess.PIPE,
            stdout=self._log_to,
            stderr=self._log_to,
            start_new_session=True,
        )

    async def _keep(self, spec: ChildSpec) -> None:
        ends: deque[float] = deque()
        while True:
            status = await self._children[spec.name].wait()
            now = time.monotonic()
            ends.append(now)
            while ends[0] < now - looked_back_s:
                ends.popleft()
            log.warning("restarting", extra={"child": spec.name, "status": status})
            await asyncio.sleep(pause_before_restart(len(ends)))
            self.restarts[spec.name] += 1
            try:
                await self._spawn(spec)
            except OSError as error:
                # Too many processes or open files, say: that passes, and so it is tried again.
                log.error("not started", extra={"child": spec.name, "why": str(error)})  # noqa: TRY400


def pause_before_restart(ends: int) -> float:
    """Say how long to wait, in s, if a process has ended so often within `looked_back_s`."""
    beyond = ends - at_once_max
    return 0.0 if beyond <= 0 else min(pause_max_s, first_pause_s * 2.0 ** (beyond - 1))


async def _end(child: asyncio.subprocess.Process, grace_s: float) -> None:
    _tell(child, signal.SIGTERM)
    try:
        async with asyncio.timeout(grace_s):
            await child.wait()
    except TimeoutError:
        _tell(child, signal.SIGKILL)
        await child.wait()


def _tell(child: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(number)
