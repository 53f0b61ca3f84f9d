"""A read model that is made of a log in memory, by the production code."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from adapters.clock import MonotonicClock
from adapters.memory_log import MemoryLog
from adapters.ports import Log
from adapters.postgres.projection import Projection
from schemas.topics import Topics
from seatlog.verify.installation import verify_log
from seatlog.verify.report import Report
from tests.workers.house import one_partition
from workers.projector import Projector


@contextlib.asynccontextmanager
async def projected(log: Log, database: str, topics: Topics) -> AsyncIterator[None]:
    """Keep a read model up with a log."""
    projection = await Projection.connect(database, topics)
    running = asyncio.create_task(Projector(log, projection, topics, MonotonicClock()).run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await projection.close()


async def check(log: MemoryLog, database: str, topics: Topics | None = None) -> Report:
    asked = topics or one_partition()
    return await verify_log(asked, log, database_url=database, read_model_wait_s=5)


async def project_and_falsify(log: MemoryLog, database: str, falsify: str) -> None:
    """Make a read model that holds what the log says, and then change what it holds."""
    async with projected(log, database, one_partition()):
        assert (await check(log, database)).is_clean
    connection = await asyncpg.connect(database)
    await connection.execute(falsify)
    await connection.close()


async def query(database: str, statement: str, *arguments: object) -> Any:  # noqa: ANN401
    """Ask for one value, or change what a read model holds."""
    connection = await asyncpg.connect(database)
    try:
        return await connection.fetchval(statement, *arguments)
    finally:
        await connection.close()
