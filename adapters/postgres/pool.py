"""Connections to Postgres.

Rules of this file:

1. `json` columns hold exactly the text that was written: the type `jsonb` would reorder fields,
   change numbers and refuse some strings that JSON allows.
2. No wait is without a bound: for a free connection, for a new one, for an answer.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias

import asyncpg
import msgspec
from asyncpg.pool import PoolConnectionProxy

from adapters.postgres.errors import DatabaseUnavailableError, database_errors

type_of_json = "json"
acquire_timeout_s = 2.0
answer_timeout_s = 5.0
connections_max = 10

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "PoolConnectionProxy[asyncpg.Record]"


async def connect(
    dsn: str,
    *,
    size_max: int = connections_max,
    connect_timeout_s: float = acquire_timeout_s,
    timeout_s: float = answer_timeout_s,
    settings: Mapping[str, str] | None = None,
) -> Pool:
    """Give a pool that connects when it is first asked: Postgres may be away at the start."""
    return await asyncpg.create_pool(
        dsn,
        min_size=0,
        max_size=size_max,
        timeout=connect_timeout_s,
        command_timeout=timeout_s,
        server_settings={"application_name": "seatlog", **(settings or {})},
        init=_prepare,
        reset=_leave_as_it_is,
    )


@asynccontextmanager
async def connection(pool: Pool, timeout_s: float = acquire_timeout_s) -> AsyncIterator[Connection]:
    """Lend a connection. Raises DatabaseUnavailableError, also for errors while it is lent."""
    async with AsyncExitStack() as stack:
        stack.enter_context(database_errors())
        lent = await stack.enter_async_context(pool.acquire(timeout=timeout_s))
        try:
            with database_errors():
                yield lent
        except DatabaseUnavailableError:
            if not lent.is_closed():
                lent.terminate()  # whatever state it is in, nobody gets it again
            raise


def rows_changed(command_tag: str) -> int:
    """Read the number of rows out of an answer like `INSERT 0 1`."""
    return int(command_tag.rpartition(" ")[2])


async def _prepare(fresh: "asyncpg.Connection[asyncpg.Record] | Connection") -> None:
    await fresh.set_type_codec(
        type_of_json,
        schema="pg_catalog",
        encoder=msgspec.json.encode,
        decoder=msgspec.json.decode,
        format="binary",
    )


async def _leave_as_it_is(used: object) -> None:
    """Save a round trip at each return: nobody changes the settings of a session here."""
    del used
