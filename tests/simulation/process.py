"""A simulated process: it can be killed, stopped and woken, and its clock is its own.

Rules of this file:

1. Whatever a process waits for comes through `awake`: while it is stopped nothing reaches it, and
   a dead one takes no further step.
2. What a process has sent is no longer its own; it arrives though the sender is dead or stopped.
"""

import asyncio

from tests.simulation.loop import VirtualLoop


class KilledError(BaseException):
    """The process that would take this step is dead. No product code can catch it."""


class Process:
    """One process and its clock."""

    def __init__(self, name: str, loop: VirtualLoop, clock_starts_at_ms: int) -> None:
        self.name = name
        self.dead = False
        self._loop = loop
        self._clock_ahead_ms = clock_starts_at_ms
        self._thawed: asyncio.Event | None = None
        self._clock_stands_since: int | None = None

    @property
    def stopped(self) -> bool:
        """Whether it takes no steps for now."""
        return self._thawed is not None

    def monotonic_ms(self) -> int:
        """Give its own clock's time."""
        return self._loop.now_ms() + self._clock_ahead_ms

    async def sleep_ms(self, duration_ms: int) -> None:
        """Wait."""
        self.check()
        await asyncio.sleep(duration_ms / 1000)
        await self.awake()

    def move_clock(self, by_ms: int) -> None:
        """Move its clock against the others'."""
        self._clock_ahead_ms += by_ms

    def check(self) -> None:
        """End whoever acts for a dead process."""
        if self.dead:
            raise KilledError(self.name)

    async def awake(self) -> None:
        """Go on when the process does."""
        self.check()
        while self._thawed is not None:
            await self._thawed.wait()
            self.check()

    def stop(self, *, clock_stands: bool = False) -> None:
        """Stop it, as SIGSTOP does, or as a machine does that is suspended with its clock."""
        if self._thawed is None:
            self._thawed = asyncio.Event()
            self._clock_stands_since = self._loop.now_ms() if clock_stands else None

    def wake(self) -> None:
        """Let it go on; its clock goes on from where it stood, and never back."""
        if self._thawed is not None:
            if self._clock_stands_since is not None:
                self.move_clock(self._clock_stands_since - self._loop.now_ms())
                self._clock_stands_since = None
            self._thawed.set()
            self._thawed = None

    def kill(self) -> None:
        """Let it take no further step."""
        self.dead = True
        self.wake()
