"""Stopping the client's consumers: aiokafka 0.14 does not finish it when the broker is away.

A fetch that has just failed waits before it tries again. `stop()` cancels that wait and awaits
it, so a CancelledError comes out that nobody sent to the caller, and the connections stay open.
The caller's task then ends as if it had been told to, without a word.
"""

import asyncio

from aiokafka import AIOKafkaConsumer


async def stop_consumer(consumer: AIOKafkaConsumer) -> None:
    """Stop a consumer to the end; whatever went wrong with it is no matter any more."""
    stopping = asyncio.ensure_future(consumer.stop())
    await asyncio.wait([stopping])
    if not stopping.cancelled() and stopping.exception() is None:
        return
    fetcher = consumer._fetcher  # noqa: SLF001 - see above
    waits = list(fetcher._pending_tasks) if fetcher is not None else []  # noqa: SLF001
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, consumer._client.close(), return_exceptions=True)  # noqa: SLF001
