"""`seatlog api`, `worker`, `projector`: one process each, for a cluster's own supervisor."""

import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import typer

from seatlog import processes
from seatlog.lifetime import run_until_told
from seatlog.logs import log_to_stderr
from seatlog.settings import Settings, SettingsError, load_settings

Leashed = Annotated[
    bool, typer.Option(help="End when standard input is closed, that is with the supervisor.")
]


def api(*, leashed: Leashed = False) -> None:
    """Run one ingress: HTTP in, commands to Kafka, answers from the outbox."""
    _run("api", processes.serve_http, leashed=leashed)


def worker(*, leashed: Leashed = False) -> None:
    """Run one worker: owns partitions of seats and of coordinators."""
    _run("worker", processes.work, leashed=leashed)


def projector(*, leashed: Leashed = False) -> None:
    """Run the projector: outboxes to Postgres."""
    _run("projector", processes.project, leashed=leashed)


def _run(
    name: str, process: Callable[[Settings], Coroutine[Any, Any, None]], *, leashed: bool
) -> None:
    try:
        settings = load_settings()
    except SettingsError as error:
        typer.echo(f"seatlog {name}: {error}", err=True)
        raise typer.Exit(2) from error
    log_to_stderr(settings.member if name == "worker" else name, settings.log_level)
    sys.exit(run_until_told(process(settings), leashed=leashed))
