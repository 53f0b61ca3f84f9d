"""Broker and database of this machine, kept running, unless the environment names others."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from seatlog.local.kafka import LocalKafka
from seatlog.local.leashed import LocalServer
from seatlog.local.postgres import LocalPostgres

log = logging.getLogger(__name__)

_LOOK_EVERY_S = 0.5
_GIVE_UP_POLL_S = 0.1
stop_within_s = 2.0
"""Then a server is killed: what it has confirmed is in its files, its next start takes longer."""


class LocalServers:
    """Starts what KAFKA_BOOTSTRAP and DATABASE_URL do not name, and restarts it when it dies."""

    def __init__(self, data: Path, environ: Mapping[str, str] = os.environ) -> None:
        self._bootstrap = environ.get("KAFKA_BOOTSTRAP")
        self._dsn = environ.get("DATABASE_URL")
        self._kafka = None if self._bootstrap else LocalKafka(data / "kafka")
        self._postgres = None if self._dsn else LocalPostgres(data / "postgres")
        self._keeper: asyncio.Task[None] | None = None
        self._starting: asyncio.Future[list[BaseException | None]] | None = None
        self._being_started: Sequence[LocalServer] = ()

    @property
    def bootstrap(self) -> str:
        """Address of the broker."""
        return self._bootstrap or self._running_kafka.bootstrap

    @property
    def dsn(self) -> str:
        """Address of the database."""
        return self._dsn or self._running_postgres.dsn

    @property
    def _running_kafka(self) -> LocalKafka:
        assert self._kafka is not None
        return self._kafka

    @property
    def _running_postgres(self) -> LocalPostgres:
        assert self._postgres is not None
        return self._postgres

    def pids(self) -> dict[str, int]:
        """Give the process ids of what was started here, by name."""
        servers = {"kafka": self._kafka, "postgres": self._postgres}
        return {name: server.pid for name, server in servers.items() if server is not None}

    async def start(self) -> None:
        """Start both at once and wait until they answer; raises LocalServerError."""
        servers: list[LocalServer] = [one for one in (self._kafka, self._postgres) if one]
        for outcome in await self._bring_up(servers):
            if isinstance(outcome, BaseException):
                await self.stop()
                raise outcome
        self._keeper = asyncio.create_task(self._keep(servers))

    async def stop(self) -> None:
        """Stop what was started here."""
        if self._keeper is not None:
            self._keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._keeper
        await self._give_up_starting()
        servers = [server for server in (self._postgres, self._kafka) if server is not None]
        await asyncio.gather(*(_bring_down(server) for server in servers))

    async def _bring_up(self, servers: Sequence[LocalServer]) -> list[BaseException | None]:
        """Start servers at once, wait until they answer, and give what kept each from it."""
        self._being_started = servers
        self._starting = asyncio.gather(
            *(asyncio.to_thread(_bring_up, server) for server in servers), return_exceptions=True
        )
        # A thread cannot be cancelled: whoever cancels us goes on to `stop`, which waits for it.
        return await asyncio.shield(self._starting)

    async def _give_up_starting(self) -> None:
        """Kill each server as soon as it runs: its thread then gives up waiting for it."""
        while self._starting is not None and not self._starting.done():
            for server in self._being_started:
                if server.running:
                    await asyncio.to_thread(server.kill)
            await asyncio.sleep(_GIVE_UP_POLL_S)

    async def _keep(self, servers: list[LocalServer]) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            for server in servers:
                if server.running:
                    continue
                log.warning("a local server ended; starting it again", extra={"data": server.data})
                await asyncio.to_thread(server.stop)
                [error] = await self._bring_up([server])
                if error is not None:
                    log.error("it did not start; trying again", extra={"why": repr(error)})


async def _bring_down(server: LocalServer) -> None:
    # A thread cannot be cancelled: this one ends when the server does.
    stopping = asyncio.ensure_future(asyncio.to_thread(server.stop))
    done, _ = await asyncio.wait([stopping], timeout=stop_within_s)
    if not done:
        log.warning("a local server does not stop; killing it", extra={"data": server.data})
        await asyncio.to_thread(server.kill)
    await stopping


def _bring_up(server: LocalServer) -> None:
    server.start()
    server.wait_ready()
