"""What Postgres tells at once (LISTEN): one connection for all channels of a process.

Rules of this file:

1. A notification is a hint that saves waiting; nothing may depend on it. After an absence,
   listeners are told that they may have missed something.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from adapters.postgres.errors import DatabaseUnavailableError
from adapters.postgres.pool import Connection, Pool, connection

log = logging.getLogger(__name__)

look_every_s = 5.0
"""How often the connection is asked whether it lives: a cut cable says nothing."""
first_backoff_s = 0.05
backoff_max_s = 1.0

Listener = Callable[[str | None], None]
"""Gets a payload, or None: some may have been missed."""


class Notifications:
    """Listens on channels until closed."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._listeners: dict[str, list[Listener]] = {}
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, channel: str, listener: Listener) -> None:
        """Call a listener for each notification of a channel; before `start` only."""
        assert self._task is None, "subscribe before the start"
        self._listeners.setdefault(channel, []).append(listener)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="notifications")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        backoff_s = first_backoff_s
        while True:
            try:
                async with connection(self._pool) as lent:
                    try:
                        await self._listen(lent)
                        backoff_s = first_backoff_s
                        await self._stay(lent)
                    finally:
                        if not lent.is_closed():
                            lent.terminate()  # what listens is not lent to others
            except DatabaseUnavailableError as error:
                log.warning("not listening to Postgres", extra={"why": str(error)})
            await asyncio.sleep(backoff_s)
            backoff_s = min(backoff_max_s, backoff_s * 2)

    async def _listen(self, lent: Connection) -> None:
        for channel in self._listeners:
            await lent.add_listener(channel, self._hear)
        for listeners in self._listeners.values():
            for listener in listeners:
                listener(None)

    async def _stay(self, lent: Connection) -> None:
        gone = asyncio.Event()
        lent.add_termination_listener(lambda _: gone.set())
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(look_every_s):
                    await gone.wait()
            if gone.is_set():
                raise DatabaseUnavailableError("the listening connection was lost")
            await lent.execute("SELECT 1")

    def _hear(self, _: object, __: int, channel: str, payload: object) -> None:
        for listener in self._listeners[channel]:
            listener(str(payload))
