"""Waits in tests: for a condition, never for a time."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

_POLL_S = 0.02


async def eventually(
    assertion: Callable[[], Awaitable[None] | None], *, within: float = 10.0
) -> None:
    """Try an assertion until it holds; after `within` seconds let its own failure speak."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + within
    while True:
        try:
            outcome = assertion()
            if inspect.isawaitable(outcome):
                await outcome
        except AssertionError:
            if loop.time() >= deadline:
                raise
            await asyncio.sleep(_POLL_S)
        else:
            return
