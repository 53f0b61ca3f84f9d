"""`seatlog serve`: one command in the foreground, and everything is there again after a stop."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from seatlog.local.ports import free_port
from tests.eventually import eventually
from tests.stack.client import Client

READY_WITHIN_S = 90
STOPPED_WITHIN_S = 10


class Served:
    """A `seatlog serve` in a data folder, in a process group of its own."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.port = free_port()
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> str:
        environment = {
            name: value
            for name, value in os.environ.items()
            if name not in ("KAFKA_BOOTSTRAP", "DATABASE_URL")
        }
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "seatlog", "serve"),
            *("--port", str(self.port), "--data", str(self._data)),
            env=environment,
            stdout=asyncio.subprocess.PIPE,
        )
        assert self.process.stdout is not None
        async with asyncio.timeout(READY_WITHIN_S):
            return (await self.process.stdout.readline()).decode()

    async def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(STOPPED_WITHIN_S):
            return await self.process.wait()

    def client(self) -> Client:
        key = (self._data / "api-key").read_text(encoding="ascii").strip()
        return Client(f"http://127.0.0.1:{self.port}", key)

    def processes(self) -> list[str]:
        """Name every process on this machine that has the data folder in its command line."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (folder / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if str(self._data) in command or str(self._data) in environment:
                found.append(command)
        return found


@pytest.mark.timeout(300)
async def test_a_second_start_on_the_same_data_has_all_that_was_answered(tmp_path: Path) -> None:
    first = Served(tmp_path / "data")
    line = await first.start()
    assert f"http://127.0.0.1:{first.port}" in line
    async with first.client() as client:
        chart = await client.import_chart()
        await client.create_event(chart, "drop")
        assert (await client.change("drop", "A-1", "A-2")).status == 204
    assert await first.stop() == 0
    assert first.processes() == []

    second = Served(tmp_path / "data")
    await second.start()
    async with second.client() as client:
        assert await client.status_of("drop", "A-2") == "booked"
        refused = await client.change("drop", "A-2")
        assert refused.status == 400
        assert (await client.change("drop", "A-3")).status == 204
        assert (await client.call("GET", f"/charts/{chart}")).status == 200
    # Even a kill -9 of the supervisor leaves nothing running.
    assert second.process is not None
    second.process.kill()
    await second.process.wait()

    def nothing_is_left() -> None:
        assert second.processes() == []

    await eventually(nothing_is_left, within=15)
