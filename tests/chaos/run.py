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
from typing import Any, NamedTuple

import aiohttp
import msgspec

from engine.charts.compile import compile_drawing
from engine.charts.inventory import SeatMap
from engine.charts.reading import read_drawing
from engine.groups.machine import partition_of
from schemas.topics import EVENTS_COMMANDS
from seatlog.verify.installation import verify
from seatlog.verify.report import Report
from tests.chaos.clients import Clients, Sale
from tests.chaos.faults import Faults
from tests.chaos.figures import Figures, measure, table
from tests.chaos.house import House
from tests.chaos.plan import draw
from tests.chaos.watch import Watch

VENUE = Path(__file__).parents[2] / "seatlog" / "demo" / "venues" / "sampleChart.json"
"""32 seats and two areas: few, so that clients meet."""
events_per_partition = 2
rest_within_s = 60.0
"""After the last fault; a parked command waits for 8 s at most, a group for three."""
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
    sale = await _put_on_sale(house)
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


async def _put_on_sale(house: House) -> Sale:
    """Publish the venue as some events in each partition."""
    drawing = VENUE.read_bytes()
    seat_map = SeatMap(compile_drawing(read_drawing(drawing)))
    installation = house.installation
    authorization = aiohttp.encode_basic_auth(installation.api_key, "")
    async with aiohttp.ClientSession(headers={"Authorization": authorization}) as session:
        workspace = (await _post(session, f"{installation.address}/hold-tokens", b""))[
            "workspaceKey"
        ]
        chart = (await _post(session, f"{installation.address}/charts/actions/import", drawing))[
            "key"
        ]
        events = _event_keys(workspace, house.topics[EVENTS_COMMANDS].partitions)
        keys = [{"eventKey": key} for together in events for key in together]
        body = msgspec.json.encode({"chartKey": chart, "events": keys})
        await _post(session, f"{installation.address}/events/actions/create-multiple", body)
    return Sale(
        installation.address,
        installation.api_key,
        events,
        [place.label for place in seat_map if place.kind == "seat"],
        [place.label for place in seat_map if place.kind == "area"],
    )


def _event_keys(workspace: str, partitions: int) -> list[list[str]]:
    """Find so many keys for each partition."""
    found: list[list[str]] = [[] for _ in range(partitions)]
    number = 0
    while any(len(keys) < events_per_partition for keys in found):
        number += 1
        keys = found[partition_of(workspace, f"event-{number}", partitions)]
        if len(keys) < events_per_partition:
            keys.append(f"event-{number}")
    return found


async def _post(session: aiohttp.ClientSession, url: str, body: bytes) -> Any:  # noqa: ANN401 - JSON
    async with session.post(url, data=body) as response:
        response.raise_for_status()
        return await response.json()
