"""Following partitions for as long as a process lives, over every absence of the log.

Rules of this file:

1. The follower's owner keeps the positions; after a loss reading goes on exactly there.
2. What was lost is never skipped: a position outside the log ends the follower with an error.
3. A cancellation waits a moment for a connection that is just being made: the broker's client
   leaks those that are cancelled half-way.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import NoReturn, TypeVar

from adapters.ports import Log, LogRecord, LogUnreachableError, Reader, TopicPartition

log = logging.getLogger(__name__)

fetch_records_max = 1_000
fetch_wait_ms = 1_000
first_backoff_s = 0.05
backoff_max_s = 1.0
record_wait_s = 5.0
record_poll_ms = 500
connecting_s = 1.0
"""How long a cancellation waits (rule 3)."""

T = TypeVar("T")


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
            async with reading(source, positions()) as reader:
                while True:
                    records = await reader.fetch(fetch_records_max, fetch_wait_ms)
                    failures = 0
                    if records:
                        take_in(records)
        except LogUnreachableError as error:
            await _back_off(failures, error)
            failures += 1


async def when_reachable(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask the log until it answers; nothing but an absence of the log is tried again."""
    failures = 0
    while True:
        try:
            return await _undivided(asyncio.ensure_future(ask()))
        except LogUnreachableError as error:
            await _back_off(failures, error)
            failures += 1


@contextlib.asynccontextmanager
async def reading(source: Log, positions: Mapping[TopicPartition, int]) -> AsyncIterator[Reader]:
    """Read partitions from the given offsets on, and close the reader in the end."""
    opening = asyncio.ensure_future(source.read_from(positions))
    try:
        yield await _undivided(opening)
    finally:
        if opening.done() and not opening.cancelled() and opening.exception() is None:
            # In a task of its own: what ends the reader must not end us.
            await asyncio.wait([asyncio.ensure_future(opening.result().close())])


async def record_at(source: Log, partition: TopicPartition, offset: int) -> LogRecord:
    """Read the record at an offset. Raises LogUnreachableError.

    Raises PositionLostError for one that the topic keeps no more.
    """
    reader = await source.read_from({partition: offset})
    try:
        async with asyncio.timeout(record_wait_s):
            while True:
                for record in await reader.fetch(1, record_poll_ms):
                    return record
    except TimeoutError:
        raise LogUnreachableError(f"{partition} does not give offset {offset}") from None
    finally:
        await reader.close()


async def _undivided(work: "asyncio.Future[T]") -> T:
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work], timeout=connecting_s)
        work.cancel()
        raise


async def _back_off(failures: int, error: LogUnreachableError) -> None:
    wait_s = min(backoff_max_s, first_backoff_s * 2 ** min(failures, 10))
    log.warning("the log does not answer", extra={"why": str(error), "again_in_s": wait_s})
    await asyncio.sleep(wait_s)
