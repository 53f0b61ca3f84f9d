"""`seatlog serve`: one command in the foreground, and everything is there again after a stop."""

import asyncio
import os
import signal
from pathlib import Path
from urllib.parse import quote

import aiohttp
import pytest

from engine.charts.compile import compile_drawing
from engine.charts.inventory import SeatMap
from engine.charts.reading import read_drawing
from tests.eventually import eventually
from tests.stack.client import VENUES, Client
from tests.stack.served import STOPPED_WITHIN_S, Served

ASKING_AT_ONCE = 12
LABELS_READ_AT_ONCE = 50
VENUE = "sampleChartWithZones.json"
"""With more seats than a stop can see booked."""


@pytest.mark.timeout(300)
async def test_a_second_start_on_the_same_data_has_all_that_was_answered(tmp_path: Path) -> None:
    first = Served(tmp_path / "data")
    line = await first.start()
    assert f"http://127.0.0.1:{first.port}" in line
    async with first.client() as client:
        chart = await client.import_chart()
        await client.create_event(chart, "drop")
        assert (await client.change("drop", "A-1", "A-2")).status == 204
    assert len(first.workers()) == 2
    assert any("seatlog.processes.worker" in command for command in first.processes())
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
    async with second.admin() as admin:
        [workspace] = (await admin.call("GET", "/workspaces")).body["items"]
        kept = (tmp_path / "data" / "api-key").read_text(encoding="ascii").strip()
        assert workspace["secretKey"] == kept
    # Even a kill -9 of the supervisor leaves nothing running.
    assert second.process is not None
    second.process.kill()
    await second.process.wait()

    def nothing_is_left() -> None:
        assert second.processes() == []

    await eventually(nothing_is_left, within=15)


@pytest.mark.timeout(300)
async def test_a_stop_under_load_answers_or_refuses_and_keeps_all_it_answered(
    tmp_path: Path,
) -> None:
    first = Served(tmp_path / "data")
    await first.start()
    async with first.client() as client:
        await client.create_event(await client.import_chart(VENUE), "drop")
        asking = Asking(client)
        askers = [asyncio.create_task(asking.ask()) for _ in range(ASKING_AT_ONCE)]
        await eventually(lambda: _more_than(len(asking.booked), 200), within=30)
        assert await first.stop() == 0
        # Each asker ends by itself, at a refusal or a closed connection: none hangs.
        async with asyncio.timeout(5):
            await asyncio.gather(*askers)
    assert asking.odd == []
    assert first.processes() == []

    second = Served(tmp_path / "data")
    await second.start()
    async with second.client() as client:
        assert await _not_booked(client, asking.booked) == []
    assert await second.stop() == 0


@pytest.mark.timeout(300)
async def test_a_stop_is_in_time_with_commands_that_nobody_answers(tmp_path: Path) -> None:
    served = Served(tmp_path / "data")
    await served.start()
    async with served.client() as client:
        await client.create_event(await client.import_chart(VENUE), "drop")
        for worker in served.workers():
            os.kill(worker, signal.SIGSTOP)
        asking = Asking(client)
        askers = [asyncio.create_task(asking.ask()) for _ in range(ASKING_AT_ONCE)]
        await eventually(lambda: _more_than(asking.asked, ASKING_AT_ONCE - 1), within=5)
        status, took_s = await served.stop_and_say()
        await asyncio.gather(*askers)
    assert status == 0
    assert took_s < STOPPED_WITHIN_S
    assert asking.booked == []
    assert asking.odd == []
    assert served.processes() == []


async def test_a_port_that_is_taken_is_said_before_anything_starts(tmp_path: Path) -> None:
    served = Served(tmp_path / "data")
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", served.port):
        assert await served.start() == ""
        assert served.process is not None
        assert await served.process.wait() == 1
    assert not (tmp_path / "data").exists()


class Asking:
    """Asks for one seat after the other until it is refused or the connection is closed."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._labels = iter(_seats())
        self.asked = 0
        self.booked: list[str] = []
        self.odd: list[object] = []

    async def ask(self) -> None:
        for label in self._labels:
            self.asked += 1
            try:
                reply = await self._client.change("drop", label)
            except (aiohttp.ClientError, ConnectionError):
                return
            if reply.status == 503:
                return
            if reply.status != 204:
                self.odd.append((label, reply))
                return
            self.booked.append(label)


def _seats() -> list[str]:
    seat_map = SeatMap(compile_drawing(read_drawing((VENUES / VENUE).read_bytes())))
    return [each.label for each in seat_map if each.kind == "seat"]


async def _not_booked(client: Client, labels: list[str]) -> list[str]:
    found = []
    for first in range(0, len(labels), LABELS_READ_AT_ONCE):
        asked = labels[first : first + LABELS_READ_AT_ONCE]
        query = "&".join(f"label={quote(label)}" for label in asked)
        objects = await client.read(f"/events/drop/objects?{query}")
        found += [label for label in asked if objects[label]["status"] != "booked"]
    return found


def _more_than(number: int, least: int) -> None:
    assert number > least
