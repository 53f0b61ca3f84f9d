"""A broker of a test's own, and how it goes away: it stops answering, or is killed."""

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from seatlog.local.failure import LocalServerError
from seatlog.local.kafka import LocalKafka
from tests.conftest import give_up


@contextlib.contextmanager
def own_broker(data: Path) -> Iterator[LocalKafka]:
    """Run a broker that nobody else uses."""
    kafka = LocalKafka(data)
    try:
        kafka.start()
        kafka.wait_ready()
    except LocalServerError as error:
        give_up(error)
    try:
        yield kafka
    finally:
        kafka.stop()


@contextlib.asynccontextmanager
async def stopped(broker: LocalKafka) -> AsyncIterator[None]:
    """Let it stop answering; its connections stay open."""
    os.kill(broker.pid, signal.SIGSTOP)
    # One of its threads has to hear of it before all stop: on a busy machine, after some answers.
    await asyncio.sleep(0.5)
    try:
        yield
    finally:
        os.kill(broker.pid, signal.SIGCONT)


@contextlib.asynccontextmanager
async def killed(broker: LocalKafka) -> AsyncIterator[None]:
    """Let it be gone; it comes back at the same address."""
    await asyncio.to_thread(broker.kill)
    try:
        yield
    finally:
        await asyncio.to_thread(broker.start)
        await asyncio.to_thread(broker.wait_ready)
