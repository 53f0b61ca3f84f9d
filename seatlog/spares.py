"""A spare: a process that is started ahead and waits to be told which one it is to be.

To start Python and load the program is a third of a second of CPU; who dies while the machine is
busy would be missed for twice that before its way back begins.

Rules of this file:

1. A spare has loaded the program and done nothing else: it has no connections and no name yet. It
   reads what differs between processes of its command from standard input, in one line.
2. There is one for all processes with the same command, and none but while they run in calm: a new
   one is started only some time after the last was needed.
3. Whatever is wrong with it, a process is started as if there were none.
"""

import asyncio
import contextlib
import logging
import os
import sys
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable, Mapping

import msgspec

log = logging.getLogger(__name__)

AS_A_SPARE = "--spare"
"""The argument that makes a process of ours (seatlog/lifetime) wait for its environment."""
calm_s = 2.0
"""Those who come back shall not have to share the cores with the next spare."""


class Spare:
    """The spare of one command."""

    def __init__(self, start: Callable[[], Awaitable[Process]]) -> None:
        self._start = start
        self._process: Process | None = None
        self._starting: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, if there is one now."""
        return None if self._process is None else self._process.pid

    async def take(self, environment: Mapping[str, str]) -> Process | None:
        """Give the spare, told its environment; None if there is none. The next one follows."""
        taken, self._process = self._process, None
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start_in_calm(), name="the next spare")
        if taken is None or taken.returncode is not None:
            return None
        assert taken.stdin is not None, "its standard input is a pipe"
        try:
            taken.stdin.write(msgspec.json.encode(environment) + b"\n")
            await taken.stdin.drain()
        except (BrokenPipeError, ConnectionResetError):
            return None
        return taken

    async def stop(self) -> None:
        """End it."""
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()  # it has nothing to put in order
            await self._process.wait()

    async def _start_in_calm(self) -> None:
        await asyncio.sleep(calm_s)
        try:
            self._process = await self._start()
        except OSError as error:
            log.warning("no spare was started", extra={"why": str(error)})


def become_who_is_needed() -> None:
    """Be a spare: wait for the environment, and have it. Ends if the supervisor does."""
    line = sys.stdin.buffer.readline()
    if not line.endswith(b"\n"):
        sys.exit(0)
    os.environ.update(msgspec.json.decode(line, type=dict[str, str]))
