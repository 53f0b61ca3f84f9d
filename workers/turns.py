"""Turns: of the replays of one process only one goes on at a time.

A replay is nothing but CPU. Two at once would both end when the later one ends; one after the
other, the first partition is served while the second is replayed.

Rules of this file:

1. A turn is short, a few records. The next one goes to the lowest rank of those who want one, then
   to who has waited longest, and before it everybody else in the process has had theirs.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from heapq import heappop, heappush

Rank = tuple[int, ...]
"""The lower, the sooner."""


class Turns:
    """Who may replay; one instance per process."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._came = 0

    @asynccontextmanager
    async def turn(self, rank: Rank) -> AsyncIterator[None]:
        """Wait for a turn and have it while inside."""
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._came += 1
        heappush(self._waiting, (rank, self._came, called))
        self._call_soon()
        try:
            await called
            yield
        finally:
            if called.done() and not called.cancelled():
                self._taken = False
                self._call_soon()

    def _call_soon(self) -> None:
        # Not at once: who has just had a turn is to be asked for its rank again, too.
        if not self._taken:
            asyncio.get_running_loop().call_soon(self._call)

    def _call(self) -> None:
        while self._waiting and not self._taken:
            _, _, called = heappop(self._waiting)
            if not called.done():  # or its replay was cancelled
                self._taken = True
                called.set_result(None)
