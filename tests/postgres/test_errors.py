"""The ways in which a real Postgres can be there and yet not serve."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import pytest

from adapters.postgres.errors import DatabaseUnavailableError
from adapters.postgres.pool import connect, connection


async def ask(dsn: str, statement: str, settings: Mapping[str, str] | None = None) -> None:
    pool = await connect(dsn, settings=settings)
    try:
        async with connection(pool) as lent:
            await lent.execute(statement)
    finally:
        pool.terminate()


async def test_a_database_that_is_not_migrated_yet_is_unavailable(database: str) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await ask(database, "SELECT * FROM a_table_of_tomorrow")


async def test_a_database_that_is_read_only_is_unavailable(database: str) -> None:
    with pytest.raises(DatabaseUnavailableError):
        await ask(database, "CREATE TABLE late (id int)", {"default_transaction_read_only": "on"})


async def test_a_database_or_an_account_that_is_not_there_is_unavailable(database: str) -> None:
    parts = urlsplit(database)
    nobody = parts._replace(netloc=parts.netloc.replace(f"{parts.username}", "nobody", 1))
    for dsn in (parts._replace(path="/nowhere"), nobody):
        with pytest.raises(DatabaseUnavailableError):
            await ask(dsn.geturl(), "SELECT 1")
