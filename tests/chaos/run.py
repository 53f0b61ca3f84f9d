"""One run: start everything, load and faults, heal, come to rest, judge.

Rules of this file:

1. What is started is stopped, whatever happens.
2. A run that does not come to rest has failed: something stayed pending.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

from seatlog.verify.installation import verify
from seatlog.verify.report import Report
from tests.chaos.clients import Clients
from tests.chaos.faults import Faults
from tests.chaos.figures import Figures, measure, table
from tests.chaos.house import House
from tests.chaos.plan import draw
from tests.chaos.sale import put_on_sale
from tests.chaos.watch import Watch

rest_within_s = 60.0
"""After the last fault; a parked command waits for 6 s at most, a group for three."""
calm_s = 2.0
"""Of load without faults at the end, so that the last kill has a first result after it."""
read_model_wait_s = 60.0
_LOOK_EVERY_S = 0.2


class Settings(NamedTuple):
    """What the command line says."""

    folder: Path
    duration_s: float
    brokers: int
    seed: int


class Outcome(NamedTuple):
    """What a run has shown."""

    figures: Figures
    report: Report
    came_to_rest: bool


async def run(settings: Settings, tell: Callable[[str], None]) -> Outcome:
    """Run once."""
    house = House(settings.folder, settings.brokers)
    try:
        await house.start()
        return await _suffer(house, settings, tell)
    finally:
        await house.stop()


async def _suffer(house: House, settings: Settings, tell: Callable[[str], None]) -> Outcome:
    sale = await put_on_sale(house)
    client_log = settings.folder / "clients.jsonl"
    faults = Faults(house, tell)
    async with (
        _watching(house) as watch,
        Clients(sale, client_log, settings.seed) as clients,
    ):
        await _load(clients, faults, settings)
        came_to_rest = await _come_to_rest(watch)
        now = time.time_ns() // 1_000_000
        figures = measure(faults, clients, watch, now, settings.brokers)
    tell("\n".join(["", *table(figures), ""]))
    report = await verify(
        house.topics,
        bootstrap=house.bootstrap,
        database_url=house.dsn,
        client_log=client_log,
        read_model_wait_s=read_model_wait_s,
    )
    return Outcome(figures, report, came_to_rest)


async def _load(clients: Clients, faults: Faults, settings: Settings) -> None:
    enough = asyncio.Event()
    asking = asyncio.create_task(clients.run(enough))
    try:
        await faults.run(draw(settings.seed, settings.duration_s))
        await asyncio.sleep(calm_s)
    finally:
        enough.set()
        await asking


@contextlib.asynccontextmanager
async def _watching(house: House) -> AsyncIterator[Watch]:
    watch = Watch(house.bootstrap, house.topics)
    watching = asyncio.create_task(watch.run())
    try:
        yield watch
        if watching.done():
            watching.result()
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        await watch.close()


async def _come_to_rest(watch: Watch) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(rest_within_s):
            while not await watch.has_come_to_rest():  # noqa: ASYNC110 - the log tells nobody
                await asyncio.sleep(_LOOK_EVERY_S)
            return True
    return False
