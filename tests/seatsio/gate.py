"""A gate between an ingress and its database, which tests open and shut."""

import asyncio
import contextlib
from typing import Self
from urllib.parse import urlsplit


class Gate:
    """Passes connections on while it is open; shut, it cuts them and takes no more."""

    def __init__(self, dsn: str) -> None:
        self._behind = urlsplit(dsn)
        self._open = True
        self._server: asyncio.Server | None = None
        self._pipes: set[asyncio.Task[None]] = set()

    @property
    def dsn(self) -> str:
        """Give the address in front of the gate."""
        assert self._server is not None, "enter it first"
        port = self._server.sockets[0].getsockname()[1]
        parts = self._behind
        return parts._replace(netloc=f"{parts.username}:{parts.password}@127.0.0.1:{port}").geturl()

    def open(self) -> None:
        self._open = True

    def shut(self) -> None:
        self._open = False
        for pipe in self._pipes:
            pipe.cancel()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None, "it was entered"
        self._server.close()
        self.shut()
        await asyncio.gather(*self._pipes, return_exceptions=True)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None, "a connection has a task"
        self._pipes.add(task)
        try:
            if self._open:
                there = await asyncio.open_connection(self._behind.hostname, self._behind.port)
                await _both_ways((reader, writer), there)
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._pipes.discard(task)
            writer.close()


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _both_ways(here: Ends, there: Ends) -> None:
    ways = [
        asyncio.ensure_future(_one_way(here[0], there[1])),
        asyncio.ensure_future(_one_way(there[0], here[1])),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        there[1].close()


async def _one_way(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
