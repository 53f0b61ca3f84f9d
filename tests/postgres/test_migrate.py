import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from adapters.postgres.errors import DatabaseUnavailableError
from adapters.postgres.migrate import MigrationError, migrate, packaged_migrations, pending
from seatlog.local import ports


@pytest.fixture
async def empty_database(postgres_dsn: str) -> AsyncIterator[str]:
    connection = await asyncpg.connect(postgres_dsn)
    await connection.execute("CREATE DATABASE unmigrated")
    yield urlsplit(postgres_dsn)._replace(path="/unmigrated").geturl()
    await connection.execute("DROP DATABASE unmigrated WITH (FORCE)")
    await connection.close()


async def on(dsn: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetch(statement)
    finally:
        await connection.close()


async def test_a_new_database_gets_every_migration_once(empty_database: str) -> None:
    everything = [str(migration) for migration in packaged_migrations()]
    assert await pending(empty_database) == everything
    assert await migrate(empty_database) == everything
    assert await migrate(empty_database) == []
    assert await pending(empty_database) == []


async def test_the_command_migrates_and_says_so_or_what_is_wrong(empty_database: str) -> None:
    async def seatlog_migrate(dsn: str) -> tuple[int, str]:
        return await asyncio.to_thread(_seatlog_migrate, dsn)

    for _ in range(2):
        assert await seatlog_migrate(empty_database) == (0, "the schema is up to date\n")
    assert await pending(empty_database) == []
    nobody = urlsplit(empty_database)._replace(netloc=f"a:b@{ports.LOOPBACK}:1").geturl()
    code, said = await seatlog_migrate(nobody)
    assert code == 1
    assert said.startswith("seatlog migrate: ")
    assert "Traceback" not in said


def _seatlog_migrate(dsn: str) -> tuple[int, str]:
    command = [sys.executable, "-P", "-m", "seatlog", "migrate", "--database-url", dsn]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


async def test_processes_that_migrate_at_once_do_it_one_after_the_other(
    empty_database: str,
) -> None:
    applied = await asyncio.gather(*(migrate(empty_database) for _ in range(4)))
    assert sorted(map(len, applied)) == [0, 0, 0, len(packaged_migrations())]


async def test_a_migration_that_fails_leaves_nothing_behind(empty_database: str) -> None:
    await on(empty_database, "CREATE TABLE charts (id int)")  # in the way of the second
    with pytest.raises(MigrationError, match="002_charts"):
        await migrate(empty_database)
    found = await on(empty_database, "SELECT to_regclass('inventories') AS made")
    assert [row["made"] for row in found] == [None]
    await on(empty_database, "DROP TABLE charts")
    assert (await migrate(empty_database))[0] == "002_charts"


async def test_a_migration_changed_after_its_release_is_refused(database: str) -> None:
    await on(database, "UPDATE migrations SET sha256 = 'other' WHERE number = 1")
    for ask in (migrate, pending):
        with pytest.raises(MigrationError, match="001_accounts was changed"):
            await ask(database)


async def test_a_database_of_a_newer_version_is_refused(database: str) -> None:
    await on(database, "INSERT INTO migrations VALUES (999, 'future', 'x')")
    with pytest.raises(MigrationError, match=r"999_future.*newer version"):
        await migrate(database)


async def test_every_table_says_what_it_is_for(database: str) -> None:
    silent = await on(
        database,
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        " AND obj_description(oid) IS NULL",
    )
    assert silent == []


async def test_a_database_that_is_away_is_an_error_of_its_own() -> None:
    nobody = f"postgresql://postgres@127.0.0.1:{ports.free_port()}/postgres"
    for ask in (migrate, pending):
        with pytest.raises(DatabaseUnavailableError):
            await ask(nobody)
