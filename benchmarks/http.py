"""HTTP bookings per second with everything on this machine, against a bare aiohttp POST.

The whole service runs: broker, Postgres, two workers, projector and ingress. Each request books
one free seat of an event on the 8,897-seat stadium, so all are done, none is refused. `hot` is a
drop: everybody wants events of one partition, so one owner has all the work. `spread` is an
ordinary day: events of all partitions. Peer and service take turns, so that a noisy minute hits
both.
"""

import asyncio
import statistics
import sys
import tempfile
from copy import copy
from itertools import product
from pathlib import Path

import aiohttp
import msgspec
import uvloop

from benchmarks.cpu import CpuWatch
from benchmarks.load import Figures, load, post
from benchmarks.workload import STADIUM_MAP, VENUES
from engine.groups.machine import partition_of
from schemas.topics import EVENTS_COMMANDS, load_topics
from seatlog.installation import Installation
from seatlog.local.ports import free_port
from seatlog.local.servers import LocalServers

CONNECTIONS = (64, 256)
ROUNDS = 2
SECONDS = 5.0
WARM_UP_S = 40.0
"""For each way of booking: the broker's just-in-time compiler takes a core for half a minute of
load, and again when records come by other partitions."""
EVENTS = 40
PATH = "/events/groups/actions/change-object-status"


def run() -> None:
    """Measure and print."""
    uvloop.run(_run())


async def _run() -> None:
    with tempfile.TemporaryDirectory(prefix="seatlog-benchmark-") as folder:
        servers = LocalServers(Path(folder))
        await servers.start()
        installation = Installation(
            Path(folder), bootstrap=servers.bootstrap, dsn=servers.dsn, port=free_port()
        )
        try:
            await installation.start()
            await _measure(installation, servers.pids())
        finally:
            await installation.stop()
            await servers.stop()


async def _measure(installation: Installation, server_pids: dict[str, int]) -> None:
    booking = await _bookings(installation)
    await asyncio.sleep(1.0)
    bare_port = free_port()
    bare = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bare", str(bare_port)
    )
    try:
        pids = server_pids | installation.pids()
        for bookings in booking.values():
            await load(installation.port, 64, WARM_UP_S, bookings)
        for name, connections in product(booking, CONNECTIONS):
            ours: list[Figures] = []
            peer: list[Figures] = []
            used: dict[str, float] = {}
            peer_used: dict[str, float] = {}
            for _ in range(ROUNDS):
                peer_watch = CpuWatch({"bare server": bare.pid}, "its load")
                posts = copy(booking[name])  # which takes no seats from the bookings
                peer.append(await load(bare_port, connections, SECONDS / 2, posts))
                peer_used = {
                    name: peer_used.get(name, 0) + more for name, more in peer_watch.used().items()
                }
                watch = CpuWatch(pids, "load")
                ours.append(await load(installation.port, connections, SECONDS, booking[name]))
                used = {name: used.get(name, 0) + more for name, more in watch.used().items()}
            _print(name, connections, ours, peer)
            print(f"     CPU us a booking: {_shares(used, ours)}")
            print(f"     CPU us a bare POST: {_shares(peer_used, peer)}")
    finally:
        bare.terminate()
        await bare.wait()


def _shares(used: dict[str, float], measured: list[Figures]) -> str:
    count = sum(figures.requests for figures in measured)
    return ", ".join(f"{name} {1e6 * cpu / count:.0f}" for name, cpu in used.items())


def _print(name: str, connections: int, ours: list[Figures], peer: list[Figures]) -> None:
    rate = statistics.median(figures.rate for figures in ours)
    bare = statistics.median(figures.rate for figures in peer)
    p50 = statistics.median(figures.quantile(0.5) for figures in ours)
    p99 = statistics.median(figures.quantile(0.99) for figures in ours)
    statuses: dict[int, int] = {}
    for figures in ours:
        for status, count in figures.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    print(
        f"{name:6} {connections:3} connections: {rate:6,.0f} bookings/s, "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
        f"   bare POST {bare:7,.0f}/s   ratio {rate / bare:.2f}   answers {statuses}"
    )


class _Bookings:
    """Prepares requests: each books the next seat, event by event."""

    def __init__(self, keys: list[str], headers: str) -> None:
        self._keys = keys
        self._headers = headers
        self._labels = STADIUM_MAP.labels
        self._next = 0

    def __call__(self, _: int) -> bytes:
        number, self._next = self._next, self._next + 1
        seat, event = divmod(number, len(self._keys))
        body = {
            "events": [self._keys[event]],
            "objects": [{"objectId": self._labels[seat % len(self._labels)]}],
            "status": "booked",
            "type": "CHANGE_STATUS_TO",
        }
        return post(PATH, msgspec.json.encode(body), self._headers)


async def _bookings(installation: Installation) -> "dict[str, _Bookings]":
    drawing = (VENUES / "sampleChartWithZones.json").read_bytes()
    keys = [f"drop-{number}" for number in range(EVENTS)]
    hot: list[str] = []
    number = 0
    workspace = await _workspace(installation)
    partitions = load_topics()[EVENTS_COMMANDS].partitions
    while len(hot) < EVENTS:
        number += 1
        if partition_of(workspace, f"hot-{number}", partitions) == 0:
            hot.append(f"hot-{number}")
    authorization = aiohttp.encode_basic_auth(installation.api_key, "")
    async with aiohttp.ClientSession(headers={"Authorization": authorization}) as session:
        url = f"{installation.address}/charts/actions/import"
        async with session.post(url, data=drawing) as response:
            response.raise_for_status()
            chart = (await response.json())["key"]
        url = f"{installation.address}/events/actions/create-multiple"
        wanted = {"chartKey": chart, "events": [{"eventKey": key} for key in [*keys, *hot]]}
        async with session.post(url, data=msgspec.json.encode(wanted)) as response:
            response.raise_for_status()
    headers = f"Authorization: {authorization}\r\n"
    return {"hot": _Bookings(hot, headers), "spread": _Bookings(keys, headers)}


async def _workspace(installation: Installation) -> str:
    authorization = aiohttp.encode_basic_auth(installation.api_key, "")
    async with (
        aiohttp.ClientSession(headers={"Authorization": authorization}) as session,
        session.post(f"{installation.address}/hold-tokens") as response,
    ):
        return str((await response.json())["workspaceKey"])


if __name__ == "__main__":
    run()
