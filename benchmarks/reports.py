"""Reports of an event on the 8,897-seat stadium: how long one takes, and who waits for it.

Each report is asked for over HTTP and read to its end, of an event that sold nothing and of one
that sold every seat, each booking with an order id. The peer in the same run is the least that
anybody could do with the same rows: from Postgres to JSON, without a word of the chart. Who waits
for the reports is asked of a bystander (benchmarks/probe.py).
"""

import asyncio
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from typing import NamedTuple

import aiohttp
import asyncpg
import msgspec
import uvloop

from benchmarks.cpu import cpu_seconds
from benchmarks.service import CHANGES_PATH, Service, running_service
from benchmarks.workload import STADIUM_MAP

EVENTS = {"nothing sold": "unsold", "all sold": "sold"}
REPORTS = (
    "byStatus/summary",
    "bySection/summary/deep",
    "byStatus",
    "byLabel",
    "",
    ".csv",
    "byLabel/MT1-A-1",
)
ROUNDS = 15
PROBED_S = 8.0
OBJECTS_PER_COMMAND = 100


class Took(NamedTuple):
    """What one report cost."""

    seconds: float
    cpu_s: float
    """Of the ingress."""
    size: int


def run() -> None:
    """Measure and print."""
    uvloop.run(_run())


async def _run() -> None:
    auth = {}
    async with running_service() as service:
        auth["Authorization"] = aiohttp.encode_basic_auth(service.installation.api_key, "")
        async with aiohttp.ClientSession(service.installation.address, headers=auth) as http:
            await service.create_events(list(EVENTS.values()))
            await _book_all(http, EVENTS["all sold"])
            print("report                       ms: first     p50     max   CPU ms     MB")
            for name, event in EVENTS.items():
                for report in REPORTS:
                    await _measure(service, http, name, event, report)
            await _measure_peer(service)
            await _measure_bystander(service, http)


async def _book_all(http: aiohttp.ClientSession, event: str) -> None:
    labels = STADIUM_MAP.labels
    for first in range(0, len(labels), OBJECTS_PER_COMMAND):
        wanted = {
            "events": [event],
            "objects": [
                {"objectId": label, "extraData": {"name": "Ada Lovelace"}, "ticketType": "adult"}
                for label in labels[first : first + OBJECTS_PER_COMMAND]
            ],
            "status": "booked",
            "orderId": f"order-{first}",
        }
        async with http.post(CHANGES_PATH, data=msgspec.json.encode(wanted)) as response:
            assert response.status == 204, await response.text()


async def _measure(
    service: Service, http: aiohttp.ClientSession, name: str, event: str, report: str
) -> None:
    path = f"/reports/events/{event}{'' if report in ('', '.csv') else '/'}{report}"
    took = [await _ask(service, http, path) for _ in range(ROUNDS)]
    seconds = [one.seconds for one in took]
    cpu = statistics.mean(one.cpu_s for one in took[1:])
    print(
        f"{name:12} {report or 'flat':22} {seconds[0] * 1e3:6.0f} "
        f"{statistics.median(seconds) * 1e3:7.1f} {max(seconds[1:]) * 1e3:7.1f} "
        f"{cpu * 1e3:8.1f} {took[0].size / 1e6:6.2f}"
    )


async def _ask(service: Service, http: aiohttp.ClientSession, path: str) -> Took:
    api = service.pids()["api"]
    before, started = cpu_seconds(api), time.monotonic()
    size = 0
    async with http.get(path) as response:
        assert response.status == 200, await response.text()
        async for part in response.content.iter_any():
            size += len(part)
    return Took(time.monotonic() - started, cpu_seconds(api) - before, size)


async def _measure_peer(service: Service) -> None:
    """Read all rows of the event that is sold out, and write them as JSON."""
    server = await asyncpg.connect(service.servers.dsn)
    event = await server.fetchval("SELECT id FROM events WHERE key = $1", EVENTS["all sold"])
    took, cpu = [], []
    for _ in range(ROUNDS):
        started, cpu_started = time.monotonic(), time.process_time()
        rows = await server.fetch("SELECT * FROM objects WHERE event = $1", event)
        written = msgspec.json.encode([dict(row) for row in rows])
        took.append(time.monotonic() - started)
        cpu.append(time.process_time() - cpu_started)
    await server.close()
    print(
        f"peer         rows to JSON           {took[0] * 1e3:6.0f} "
        f"{statistics.median(took) * 1e3:7.1f} {max(took[1:]) * 1e3:7.1f} "
        f"{statistics.mean(cpu) * 1e3:8.1f} {len(written) / 1e6:6.2f}"
    )


async def _measure_bystander(service: Service, http: aiohttp.ClientSession) -> None:
    """Ask for one report after the other, and see how long somebody else waits meanwhile."""

    async def rest() -> None:
        await asyncio.sleep(0.1)

    print("a bystander waits, ms            p50     p99    most")
    await _probe(service, "no report", rest)
    for report in ("byStatus/summary", "byStatus", ".csv"):
        path = f"/reports/events/sold{'' if report == '.csv' else '/'}{report}"
        await _probe(service, report, lambda: _ask(service, http, path))  # noqa: B023


async def _probe(service: Service, name: str, work: Callable[[], Awaitable[object]]) -> None:
    arguments = ("-m", "benchmarks.probe", str(service.port), str(PROBED_S))
    probe = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, stdout=asyncio.subprocess.PIPE
    )
    told = asyncio.create_task(probe.communicate())
    while not told.done():
        await work()
    p50, p99, most = map(float, (await told)[0].split())
    print(f"{name:28} {p50:7.1f} {p99:7.1f} {most:7.1f}")


if __name__ == "__main__":
    run()
