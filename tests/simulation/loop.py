"""An event loop whose time is virtual: it moves on only when nothing is left to do.

Rules of this file:

1. One thread, no files, no sockets. What runs next depends on nothing but what was scheduled, so
   the same program with the same dice runs the same way, in every process.
"""

import asyncio
from collections.abc import Sequence


class NothingLeftError(AssertionError):
    """Somebody waits, and nothing is scheduled that could ever end it."""


class VirtualLoop(asyncio.BaseEventLoop):
    """The base loop of asyncio over a selector that skips every wait."""

    def __init__(self) -> None:
        super().__init__()
        self._seconds = 0.0
        self._scheduled: list[asyncio.TimerHandle]  # the base class' own heap
        self._selector = self

    def time(self) -> float:
        """Give the virtual time in seconds; it begins at 0."""
        return self._seconds

    def now_ms(self) -> int:
        """Give the virtual time in milliseconds."""
        return round(self._seconds * 1000)

    def select(self, timeout_s: float | None) -> Sequence[object]:
        """Be the selector: instead of waiting, let the time pass."""
        if timeout_s is None:
            raise NothingLeftError
        if timeout_s > 0:
            # Not now + timeout: that may be a rounding error short of the timer's own instant.
            self._seconds = max(self._seconds, self._scheduled[0].when())
        return ()

    def _process_events(self, events: Sequence[object]) -> None:
        assert not events

    def _write_to_self(self) -> None:
        """Nobody waits in a selector that had to be woken."""
