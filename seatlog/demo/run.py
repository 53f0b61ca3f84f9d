"""One run of the demo from nothing to the proof: servers, installation, drop, verification.

Rules of this file:

1. What is started is stopped, whatever happens, in the opposite order.
2. A signal to stop ends the run wherever it is.
"""

import asyncio
import contextlib
import os
import secrets
import shutil
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
from rich.console import Console

from schemas.topics import Topics, load_topics
from seatlog.demo.drop import Drop, DropPlan
from seatlog.demo.plan import Behaviour
from seatlog.demo.progress import progress_on
from seatlog.demo.proof import Line, prove, shortfalls
from seatlog.demo.story import Story
from seatlog.installation import Installation
from seatlog.local.ports import free_port
from seatlog.local.servers import LocalServers
from seatlog.verify.installation import verify

VENUE = Path(__file__).parent / "venues" / "sampleChartWithZones.json"
workers = 2
_WORKING_DATA = ("kafka", "postgres", "bytecode")
"""Folders of the installation that nobody looks into after a run whose proof holds."""
_SECRETS = ("admin-key", "api-key", "signing-key")
"""Of an installation that is gone with its data."""


class StoppedError(Exception):
    """A signal asked to stop."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the command line says."""

    folder: Path
    plot: Path
    fans: int
    connections: int
    load_processes: int
    behaviour: Behaviour
    keeps_servers: bool
    """Whether the data of broker and database stay after a run whose proof holds."""


async def run(settings: Settings, console: Console) -> bool:
    """Run the demo; give whether the proof holds. Raises StoppedError."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    running = asyncio.create_task(_run(settings, console))
    stopping = asyncio.create_task(told.wait())
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not running.done():
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        raise StoppedError
    return running.result()


async def _run(settings: Settings, console: Console) -> bool:
    started_s = time.monotonic()
    console.print(f"Everything of this run is in {settings.folder}", soft_wrap=True)
    servers = LocalServers(settings.folder)
    try:
        await servers.start()
        async with _installed(settings, servers) as (installation, topics):
            drop = Drop(_plan(settings), installation, servers.bootstrap, topics, settings.folder)
            await drop.put_on_sale()
            console.print(f"Ready after {time.monotonic() - started_s:.1f} s; the sale opens.")
            with progress_on(console) as progress:
                await drop.run(progress.show)
            lines = await _prove(drop, servers, topics, settings)
    finally:
        await servers.stop()
    await asyncio.to_thread(_draw, drop.story(), settings.plot)
    return _tell(lines, settings, console)


@contextlib.asynccontextmanager
async def _installed(
    settings: Settings, servers: LocalServers
) -> AsyncIterator[tuple[Installation, Topics]]:
    # On a broker that others use too, the run has topics of its own.
    prefix = f"demo-{secrets.token_hex(4)}." if "KAFKA_BOOTSTRAP" in os.environ else ""
    installation = Installation(
        settings.folder,
        bootstrap=servers.bootstrap,
        dsn=servers.dsn,
        port=free_port(),
        workers=workers,
        environment={"SEATLOG_TOPIC_PREFIX": prefix},
    )
    try:
        await installation.start()
        yield installation, load_topics().with_prefix(prefix)
    finally:
        await installation.stop()


def _plan(settings: Settings) -> DropPlan:
    return DropPlan(
        drawing=VENUE,
        fans=settings.fans,
        connections=settings.connections,
        processes=settings.load_processes,
        behaviour=settings.behaviour,
    )


async def _prove(
    drop: Drop, servers: LocalServers, topics: Topics, settings: Settings
) -> list[Line]:
    fans_log = settings.folder / "fans.jsonl"
    await asyncio.to_thread(merge, drop.client_logs, fans_log)
    report = await verify(
        topics,
        bootstrap=servers.bootstrap,
        database_url=servers.dsn,
        client_log=fans_log,
    )
    return prove(drop.promise(), drop.witnessed(), report)


def merge(files: list[Path], into: Path) -> None:
    """Put the logs of all load processes into one file, for `seatlog verify`."""
    with into.open("wb") as merged:
        for file in files:
            with file.open("rb") as part:
                shutil.copyfileobj(part, merged)
            file.unlink()


def _draw(story: Story, file: Path) -> None:
    # Only here: without the extra that brings matplotlib, every other command must start.
    from seatlog.demo.plot import draw  # noqa: PLC0415

    file.parent.mkdir(parents=True, exist_ok=True)
    draw(story, file)


def _tell(lines: list[Line], settings: Settings, console: Console) -> bool:
    console.print()
    for line in lines:
        mark = {True: "ok  ", False: "FAIL", None: "    "}[line.holds]
        style = {True: "green", False: "bold red", None: "dim"}[line.holds]
        console.print(f"[{style}]{mark}[/] ", end="")
        console.print(f"{line.what}: {line.value}", markup=False, highlight=False, soft_wrap=True)
    short = shortfalls(lines)
    console.print()
    if short:
        console.print("The drop fell short. Everything is kept in", settings.folder)
    elif not settings.keeps_servers:
        for name in _WORKING_DATA:
            shutil.rmtree(settings.folder / name, ignore_errors=True)
        for name in _SECRETS:
            (settings.folder / name).unlink(missing_ok=True)
    console.print(f"The sell-through is drawn in {settings.plot}", soft_wrap=True)
    return not short
