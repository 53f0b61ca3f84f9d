"""A `seatlog serve` as a process of its own, and what it has started."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from seatlog.local.ports import free_port
from tests.stack.client import Client

READY_WITHIN_S = 90
STOPPED_WITHIN_S = 10


class Served:
    """A `seatlog serve` in a data folder, in a process group of its own."""

    def __init__(self, data: Path, environment: Mapping[str, str] | None = None) -> None:
        """Prepare it; without an `environment` that names them, it has servers of its own."""
        self._data = data
        self._environment = environment or {}
        self.port = free_port()
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        """Start it, and give the line that it says when it is ready."""
        process = await self.launch()
        assert process.stdout is not None
        async with asyncio.timeout(READY_WITHIN_S):
            return (await process.stdout.readline()).decode()

    async def launch(self) -> asyncio.subprocess.Process:
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("KAFKA_BOOTSTRAP", "DATABASE_URL")
        }
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "seatlog", "serve"),
            *("--port", str(self.port), "--data", str(self._data)),
            env={**environment, **self._environment},
            stdout=asyncio.subprocess.PIPE,
        )
        return self.process

    async def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPPED_WITHIN_S):
            return await self.process.wait()

    async def stop_and_say(self) -> tuple[int, float]:
        """Stop it and give its exit status, and the seconds that took."""
        told_at = time.monotonic()
        return await self.stop(), time.monotonic() - told_at

    def workers(self) -> list[int]:
        """Give the process ids of its workers, while those run that were started first."""
        assert self.process is not None
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
                command = (folder / "cmdline").read_bytes()
                is_worker = command.endswith(b"seatlog.processes.worker\0")  # and not the spare
                if int(parent) == self.process.pid and is_worker:
                    found.append(int(folder.name))
        return found

    def client(self) -> Client:
        key = (self._data / "api-key").read_text(encoding="ascii").strip()
        return Client(f"http://127.0.0.1:{self.port}", key)

    def admin(self) -> Client:
        key = (self._data / "admin-key").read_text(encoding="ascii").strip()
        return Client(f"http://127.0.0.1:{self.port}", key)

    def processes(self) -> list[str]:
        """Name every process on this machine that was started for the data folder."""
        return list(processes_of(self._data).values())


def processes_of(data: Path) -> dict[int, str]:
    """Give every process on this machine that names a folder, or logs there: id and command."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            environment = (folder / "environ").read_bytes().decode(errors="replace")
            log = str((folder / "fd" / "2").readlink())
        except OSError:
            continue
        if any(str(data) in place for place in (command, environment, log)):
            found[int(folder.name)] = command
    return found
