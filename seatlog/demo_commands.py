"""`seatlog demo`: a ticket drop on a stadium, with simulated fans, a kill and a proof."""

import asyncio
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from adapters.kafka.admin import BrokerError
from adapters.ports import LogUnreachableError
from adapters.postgres.errors import DatabaseUnavailableError
from adapters.postgres.migrate import MigrationError
from seatlog.demo.load import LoadEndedError
from seatlog.demo.plan import Behaviour, connections_max
from seatlog.demo.run import Settings, StoppedError, run
from seatlog.http_client import CallError
from seatlog.installation import NotReadyError
from seatlog.local.failure import LocalServerError
from seatlog.logs import log_to_stderr
from seatlog.verify.client_log import ClientLogError

output_folder = Path("demo-output")
fans_min = 8_000
"""Fewer would not buy the stadium out."""
_FAILURES = (
    BrokerError,
    CallError,
    ClientLogError,
    DatabaseUnavailableError,
    LoadEndedError,
    LocalServerError,
    LogUnreachableError,
    MigrationError,
    NotReadyError,
    OSError,
)


def demo(
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            help="An empty or new folder; everything of the run is kept there. Without it: a new "
            "one under demo-output, where broker and database are removed if the proof holds."
        ),
    ] = None,
    fans: Annotated[int, typer.Option(min=fans_min, help="Simulated fans.")] = 20_000,
    connections: Annotated[
        int, typer.Option(min=16, max=connections_max, help="Keep-alive connections of all fans.")
    ] = 192,
    load_processes: Annotated[
        int, typer.Option(min=1, max=8, help="Processes that the fans run in.")
    ] = 2,
    plot: Annotated[
        Path | None, typer.Option(help="File for the picture; sell-through.png in the folder.")
    ] = None,
) -> None:
    """Sell a stadium out to simulated fans, kill the owner of its seats, and prove it all.

    Exits with 1 if the proof fails or the drop fell short, 130 if it was stopped.
    """
    if find_spec("matplotlib") is None:
        typer.echo("seatlog demo: it draws with matplotlib: install seatlog[local,demo]", err=True)
        raise typer.Exit(2)
    log_to_stderr("demo", "CRITICAL")  # restarts and outages belong to the show
    folder = _fresh(data)
    settings = Settings(
        folder=folder,
        plot=(plot or folder / "sell-through.png").absolute(),
        fans=fans,
        connections=connections,
        load_processes=load_processes,
        behaviour=Behaviour(),
        keeps_servers=data is not None,
    )
    try:
        holds = asyncio.run(run(settings, Console()))
    except StoppedError as stopped:
        typer.echo("seatlog demo: stopped; nothing is left running", err=True)
        raise typer.Exit(130) from stopped
    except _FAILURES as error:
        typer.echo(f"seatlog demo: {error}", err=True)
        raise typer.Exit(1) from error
    raise typer.Exit(0 if holds else 1)


def _fresh(data: Path | None) -> Path:
    if data is None:
        data = output_folder / datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
    folder = data.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        typer.echo(f"seatlog demo: {folder} is not empty: name a new folder", err=True)
        raise typer.Exit(2)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
