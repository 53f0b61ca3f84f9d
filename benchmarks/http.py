"""HTTP bookings per second with everything on this machine, against a bare aiohttp POST.

The whole service runs: broker, Postgres, two workers, projector and ingress. Each request books
one free seat of an event on the 8,897-seat stadium, so all are done, none is refused. `hot` is a
drop: everybody wants events of one partition, so one owner has all the work. `spread` is an
ordinary day: events of all partitions. Peer and service take turns, so that a noisy minute hits
both; the ratio is the middle one of the turns.
"""

import asyncio
import statistics
import sys
from collections import Counter
from copy import copy
from itertools import product

import uvloop

from benchmarks.cpu import CpuWatch, Stopwatch
from benchmarks.load import Figures, load, post
from benchmarks.service import CHANGES_PATH, Service, booking, running_service
from benchmarks.workload import STADIUM_MAP
from seatlog.local.ports import free_port

CONNECTIONS = (64, 256)
ROUNDS = 7
SECONDS = 3.0
WARM_UP_S = 40.0
"""For each way of booking: the broker's just-in-time compiler takes a core for half a minute of
load, and again when records come by other partitions."""
EVENTS = 100
"""Of each way of booking, as many as one request may create: more seats than a run can book, or the
rest of it would be refusals."""


def run() -> None:
    """Measure and print."""
    uvloop.run(_run())


async def _run() -> None:
    async with running_service() as service:
        await _measure(service)


async def _measure(service: Service) -> None:
    bookings_of = await _bookings(service)
    await asyncio.sleep(1.0)
    bare_port = free_port()
    bare = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.bare", str(bare_port)
    )
    try:
        pids = service.pids()
        for bookings in bookings_of.values():
            await load(service.port, 64, WARM_UP_S, bookings)
        for name, connections in product(bookings_of, CONNECTIONS):
            ours: list[Figures] = []
            peer: list[Figures] = []
            used: dict[str, float] = {}
            peer_used: dict[str, float] = {}
            stopwatch = Stopwatch()
            for _ in range(ROUNDS):
                peer_watch = CpuWatch({"bare server": bare.pid}, "its load")
                posts = copy(bookings_of[name])  # which takes no seats from the bookings
                peer.append(await load(bare_port, connections, SECONDS / 2, posts))
                peer_used = {
                    name: peer_used.get(name, 0) + more for name, more in peer_watch.used().items()
                }
                watch = CpuWatch(pids, "load")
                ours.append(await load(service.port, connections, SECONDS, bookings_of[name]))
                used = {name: used.get(name, 0) + more for name, more in watch.used().items()}
            _print(name, connections, ours, peer)
            print(f"     others took {stopwatch.stolen():.0%} of the cores")
            print(f"     CPU us a booking: {_shares(used, ours)}")
            print(f"     CPU us a bare POST: {_shares(peer_used, peer)}")
    finally:
        bare.terminate()
        await bare.wait()


def _shares(used: dict[str, float], measured: list[Figures]) -> str:
    count = sum(figures.requests for figures in measured)
    return ", ".join(f"{name} {1e6 * cpu / count:.0f}" for name, cpu in used.items())


def _print(name: str, connections: int, ours: list[Figures], peer: list[Figures]) -> None:
    ratios = sorted(our.rate / its.rate for our, its in zip(ours, peer, strict=True))
    rate = statistics.median(figures.rate for figures in ours)
    bare = statistics.median(figures.rate for figures in peer)
    p50 = statistics.median(figures.quantile(0.5) for figures in ours)
    p99 = statistics.median(figures.quantile(0.99) for figures in ours)
    statuses = sum((Counter(figures.statuses) for figures in ours), Counter[int]())
    print(
        f"{name:6} {connections:3} connections: {rate:6,.0f} bookings/s, "
        f"p50 {p50:.1f} ms, p99 {p99:.1f} ms"
        f"   bare POST {bare:7,.0f}/s   ratio {statistics.median(ratios):.2f} "
        f"({ratios[0]:.2f}-{ratios[-1]:.2f})"
    )
    if statuses.keys() != {204}:
        raise RuntimeError(f"not every answer was a booking: {statuses}")


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
        label = self._labels[seat % len(self._labels)]
        return post(CHANGES_PATH, booking([self._keys[event]], [label]), self._headers)


async def _bookings(service: Service) -> "dict[str, _Bookings]":
    spread = [f"drop-{number}" for number in range(EVENTS)]
    hot = await service.keys_in(0, EVENTS, "hot")
    for keys in (spread, hot):
        await service.create_events(keys)
    return {"hot": _Bookings(hot, service.headers), "spread": _Bookings(spread, service.headers)}


if __name__ == "__main__":
    run()
