"""The load processes, as the demo sees them."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec

from seatlog.demo.fans import SOLD_OUT
from seatlog.demo.plan import LoadPlan, LoadReport
from seatlog.demo.tally import Tally

report_bytes_max = 16 * 1024 * 1024
grace_s = 3.0


class LoadEndedError(Exception):
    """A load process ended before its fans were through; the message says which, and why."""


class LoadProcesses:
    """Starts them, adds up what they report, and stops them."""

    def __init__(self, plans: Sequence[LoadPlan], log_file: Path) -> None:
        self._plans = plans
        self._log_file = log_file
        self._children: list[asyncio.subprocess.Process] = []
        self.tally = Tally(len(plans))

    async def run(self) -> None:
        """Run until all fans are through. Raises LoadEndedError."""
        log = os.open(self._log_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        try:
            for plan in self._plans:
                self._children.append(await _started(plan, log))
        finally:
            os.close(log)
        try:
            async with asyncio.TaskGroup() as readers:
                for number, child in enumerate(self._children):
                    readers.create_task(self._listen(number, child))
        except ExceptionGroup as failed:
            raise failed.exceptions[0] from failed  # the first is why the others were ended

    def sold_out(self) -> None:
        """Tell the fans that there will be no more seats."""
        for child in self._children:
            assert child.stdin is not None
            if not child.stdin.is_closing():
                child.stdin.write(SOLD_OUT)

    async def stop(self) -> None:
        """End every process that still runs."""
        for child in self._children:
            assert child.stdin is not None
            child.stdin.close()
        for child in self._children:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_s):
                    await child.wait()
            if child.returncode is None:
                child.kill()
                await child.wait()

    async def _listen(self, number: int, child: asyncio.subprocess.Process) -> None:
        assert child.stdout is not None
        report = LoadReport()
        while line := await child.stdout.readline():
            report = msgspec.json.decode(line, type=LoadReport)
            self.tally.take_in(number, report, time.monotonic())
        status = await child.wait()
        if status or not report.done:
            message = f"load process {number} ended with status {status}; see {self._log_file}"
            raise LoadEndedError(message)


async def _started(plan: LoadPlan, log: int) -> asyncio.subprocess.Process:
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "seatlog.demo.fans",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=log,
        limit=report_bytes_max,
        start_new_session=True,
    )
    assert child.stdin is not None
    child.stdin.write(msgspec.json.encode(plan) + b"\n")
    await child.stdin.drain()
    return child
