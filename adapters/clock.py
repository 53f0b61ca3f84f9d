"""The machine's own clock, behind the `Clock` port."""

import asyncio
import time


class MonotonicClock:
    """Monotonic time of this machine."""

    def monotonic_ms(self) -> int:
        """Milliseconds since some fixed instant."""
        return time.monotonic_ns() // 1_000_000

    async def sleep_ms(self, duration_ms: int) -> None:
        """Wait."""
        await asyncio.sleep(duration_ms / 1000)
