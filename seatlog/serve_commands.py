"""`seatlog serve`: the whole service in the foreground, with its own broker and database."""

import asyncio
import signal
from pathlib import Path
from typing import Annotated

import typer

from seatlog.installation import Installation, NotReadyError
from seatlog.local.failure import LocalServerError
from seatlog.local.servers import LocalServers
from seatlog.logs import log_to_stderr


def serve(
    *,
    port: Annotated[int, typer.Option(envvar="PORT", help="Port of the HTTP API.")] = 8080,
    data: Annotated[Path, typer.Option(help="Folder for everything that is kept.")] = Path("data"),
    workers: Annotated[int, typer.Option(min=1, max=64, help="Worker processes.")] = 2,
) -> None:
    """Run everything in the foreground until SIGTERM or Ctrl-C.

    KAFKA_BOOTSTRAP and DATABASE_URL, where set, replace the broker and the database that this
    command otherwise starts.
    """
    log_to_stderr("serve", "WARNING")
    try:
        asyncio.run(_serve(port, data.absolute(), workers))
    except (LocalServerError, NotReadyError, OSError) as error:
        typer.echo(f"seatlog serve: {error}", err=True)
        raise typer.Exit(1) from error


async def _serve(port: int, data: Path, workers: int) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    servers = LocalServers(data)
    installation: Installation | None = None
    starting = asyncio.ensure_future(_start(servers, port, data, workers))
    waiting = asyncio.ensure_future(told.wait())
    try:
        await asyncio.wait({starting, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if not starting.done():
            starting.cancel()
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


async def _start(servers: LocalServers, port: int, data: Path, workers: int) -> Installation:
    await servers.start()
    installation = Installation(
        data, bootstrap=servers.bootstrap, dsn=servers.dsn, port=port, workers=workers
    )
    try:
        await installation.start()
    except BaseException:
        await installation.stop()
        raise
    return installation
