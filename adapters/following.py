"""Following partitions for as long as a process lives, over every absence of the log.

Rules of this file:

1. The follower's owner keeps the positions; after a loss reading goes on exactly there.
2. What was lost is never skipped: a position outside the log ends the follower with an error.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import NoReturn

from adapters.ports import Log, LogRecord, LogUnreachableError, TopicPartition

log = logging.getLogger(__name__)

fetch_records_max = 1_000
fetch_wait_ms = 1_000
first_backoff_s = 0.05
backoff_max_s = 1.0


async def follow(
    source: Log,
    positions: Callable[[], Mapping[TopicPartition, int]],
    take_in: Callable[[Sequence[LogRecord]], None],
) -> NoReturn:
    """Hand on all records from `positions()` on, in the order of each partition.

    `positions` is asked at the start and after each loss of the log. Raises PositionLostError,
    and whatever `take_in` raises.
    """
    failures = 0
    while True:
        try:
            reader = await source.read_from(positions())
            try:
                while True:
                    records = await reader.fetch(fetch_records_max, fetch_wait_ms)
                    failures = 0
                    if records:
                        take_in(records)
            finally:
                await reader.close()
        except LogUnreachableError as error:
            log.warning("lost the log, reading again", extra={"why": str(error)})
            await back_off(failures)
            failures += 1


async def back_off(failures: int) -> None:
    """Wait before the next try, longer after each failure."""
    await asyncio.sleep(min(backoff_max_s, first_backoff_s * 2 ** min(failures, 10)))
