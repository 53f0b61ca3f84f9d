"""How long a process of ours runs: until a signal, or until its supervisor is gone."""

import asyncio
import contextlib
import gc
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn

import uvloop

from seatlog.logs import log_to_stderr
from seatlog.settings import Settings, SettingsError, load_settings
from seatlog.spares import AS_A_SPARE, become_who_is_needed

log = logging.getLogger(__name__)

GRACE_S = 4.0
"""A process gives up its orderly end then; `seatlog serve` kills it sooner (supervisor.py)."""
sign_of_life_s = 1.0


def run_process(
    name: str, work: Callable[[Settings], Coroutine[Any, Any, None]], *, leashed: bool = True
) -> NoReturn:
    """Be a process: settings from the environment, its log on standard error, its exit status."""
    if leashed and AS_A_SPARE in sys.argv:
        become_who_is_needed()
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(f"seatlog {name}: {error}")
    log_to_stderr(settings.member if name == "worker" else name, settings.log_level)
    collect_seldom()
    sys.exit(run_until_told(work(settings), leashed=leashed, alive_file=settings.alive_file))


def collect_seldom() -> None:
    """Keep the garbage collector from going through what lives as long as the process.

    Records come and go by reference counts; cycles are rare. What was imported is set aside.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def run_until_told(work: Coroutine[Any, Any, None], *, leashed: bool, alive_file: str = "") -> int:
    """Run until done, SIGTERM or SIGINT; if leashed, also until standard input is closed.

    Gives the exit status: 0 if told to stop, 1 if the work failed.
    """
    return uvloop.run(_run(work, leashed=leashed, alive_file=alive_file))


async def _run(work: Coroutine[Any, Any, None], *, leashed: bool, alive_file: str) -> int:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    if leashed:
        # The supervisor holds the other end and never writes: when it is gone, we are.
        loop.add_reader(sys.stdin.fileno(), told.set)
    living = asyncio.ensure_future(_show_life(alive_file))
    working = asyncio.ensure_future(work)
    waiting = asyncio.ensure_future(told.wait())
    await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if working.done() and not working.cancelled() and (error := working.exception()) is not None:
        log.critical("the process ends", exc_info=error)
        return 1
    for task in (working, waiting, living):
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError, TimeoutError):
        async with asyncio.timeout(GRACE_S):
            await working
    return 0


async def _show_life(alive_file: str) -> None:
    """Touch a file for as long as the event loop turns: a process that hangs says nothing else."""
    while alive_file:
        _touch(Path(alive_file))
        await asyncio.sleep(sign_of_life_s)


def _touch(path: Path) -> None:
    try:
        path.touch()
    except OSError as error:
        log.warning("no sign of life", extra={"why": str(error)})
