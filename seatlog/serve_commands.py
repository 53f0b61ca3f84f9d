"""`seatlog serve`: the whole service in the foreground, with its own broker and database."""

import asyncio
import logging
import signal
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from adapters.kafka.admin import BrokerError
from adapters.ports import LogUnreachableError
from adapters.postgres.errors import DatabaseUnavailableError
from adapters.postgres.migrate import MigrationError
from schemas.topics import TopicsError, load_topics
from seatlog.installation import Installation, NotReadyError, PortTakenError, check_free
from seatlog.local.failure import LocalServerError
from seatlog.local.servers import LocalServers
from seatlog.logs import log_to_stderr
from seatlog.settings import Settings, SettingsError, load_local_settings

_FAILURES = (
    BrokerError,
    DatabaseUnavailableError,
    LocalServerError,
    LogUnreachableError,
    MigrationError,
    NotReadyError,
    OSError,
    PortTakenError,
    SettingsError,
    TopicsError,
)


def serve(
    *,
    port: Annotated[
        int, typer.Option(envvar="PORT", min=1, max=65535, help="Port of the HTTP API.")
    ] = 8080,
    data: Annotated[Path, typer.Option(help="Folder for everything that is kept.")] = Path("data"),
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 2,
) -> None:
    """Run everything in the foreground until SIGTERM or Ctrl-C.

    KAFKA_BOOTSTRAP and DATABASE_URL, where set, replace the broker and the database that this
    command otherwise starts.
    """
    log_to_stderr("serve", "WARNING")
    # What the client logs on its way to a failure stands in the failure.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        settings = replace(load_local_settings(), port=port)
        asyncio.run(_serve(settings, data.absolute(), workers))
    except _FAILURES as error:
        typer.echo(f"seatlog serve: {error}", err=True)
        raise typer.Exit(1) from error


async def _serve(settings: Settings, data: Path, workers: int) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    servers = LocalServers(data)
    installation: Installation | None = None
    starting = asyncio.ensure_future(_start(servers, settings, data, workers))
    waiting = asyncio.ensure_future(told.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
            # It ends what it has started: that needs the servers, and is not to be cut short.
            [ended] = await asyncio.gather(starting, return_exceptions=True)
            if isinstance(ended, Exception):
                raise ended
            return
        installation = starting.result()
        typer.echo(
            f"Seatlog is ready on {installation.address} "
            f"(secret key in {data / 'api-key'}, log in {installation.log_file})"
        )
        await waiting
    finally:
        waiting.cancel()
        if installation is not None:
            await installation.stop()
        await servers.stop()


async def _start(
    servers: LocalServers, settings: Settings, data: Path, workers: int
) -> Installation:
    # What would be refused in the end is refused before anything starts.
    check_free(settings.host, settings.port)
    load_topics().with_prefix(settings.topic_prefix)
    await servers.start()
    installation = Installation(
        data,
        bootstrap=servers.bootstrap,
        dsn=servers.dsn,
        port=settings.port,
        host=settings.host,
        workers=workers,
        environment={"SEATLOG_TOPIC_PREFIX": settings.topic_prefix},
        signing_key=settings.signing_key,
    )
    try:
        await installation.start()
    except BaseException:
        await installation.stop()
        raise
    return installation
