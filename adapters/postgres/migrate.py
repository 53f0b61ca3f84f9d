"""The schema: numbered migrations, applied once each and in order.

Rules of this file:

1. A migration is never changed after it was released: a database remembers the hash of each.
2. Two processes may migrate at once: an advisory lock puts one after the other.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple, TypeAlias

import asyncpg

from adapters.postgres.errors import database_errors

lock_key = 0x5EA7_106
connect_timeout_s = 5.0
_FILE = re.compile(r"(\d{3})_(\w+)\.sql")

_REMEMBER = """
CREATE TABLE IF NOT EXISTS migrations (
    number integer PRIMARY KEY,
    name text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE migrations IS 'The migrations that this database has had.'
"""

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


class MigrationError(Exception):
    """This program and this database do not go together; the message says why."""


class Migration(NamedTuple):
    """One step of the schema."""

    number: int
    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return sha256(self.sql.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.number:03}_{self.name}"


def packaged_migrations() -> list[Migration]:
    """Give the migrations of this program, in order."""
    found = []
    for file in (files(__package__) / "migrations").iterdir():
        if name := _FILE.fullmatch(file.name):
            sql = file.read_text(encoding="utf-8")
            found.append(Migration(int(name[1]), name[2], sql))
    return sorted(found)


async def migrate(dsn: str) -> list[str]:
    """Bring the database to this program's schema; give the names of what was applied now.

    Raises MigrationError, DatabaseUnavailableError.
    """
    with database_errors():
        async with _locked(dsn) as connection:
            await connection.execute(_REMEMBER)
            missing = await _missing(connection)
            for migration in missing:
                await _apply(connection, migration)
    return [str(migration) for migration in missing]


async def pending(dsn: str) -> list[str]:
    """Name the migrations that the database has not had; changes nothing.

    Raises MigrationError, DatabaseUnavailableError.
    """
    with database_errors():
        connection = await asyncpg.connect(dsn, timeout=connect_timeout_s)
        try:
            if await connection.fetchval("SELECT to_regclass('migrations')") is None:
                return [str(migration) for migration in packaged_migrations()]
            return [str(migration) for migration in await _missing(connection)]
        finally:
            await connection.close()


@asynccontextmanager
async def _locked(dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(dsn, timeout=connect_timeout_s)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", lock_key)
        yield connection
    finally:
        await connection.close()  # which lets go of the lock


async def _missing(connection: Connection) -> list[Migration]:
    rows = await connection.fetch("SELECT number, name, sha256 FROM migrations ORDER BY number")
    known = {migration.number: migration for migration in packaged_migrations()}
    for row in rows:
        migration = known.pop(row["number"], None)
        if migration is None:
            raise MigrationError(
                f"the database has had migration {row['number']:03}_{row['name']}, which this "
                "program does not know: run the newer version"
            )
        if migration.sha256 != row["sha256"]:
            raise MigrationError(
                f"migration {migration} was changed after the database had it: restore the file "
                "as it was released, and put the change into a new migration"
            )
    return list(known.values())


async def _apply(connection: Connection, migration: Migration) -> None:
    try:
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO migrations (number, name, sha256) VALUES ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.sha256,
            )
    except asyncpg.SyntaxOrAccessError as error:
        raise MigrationError(f"migration {migration} failed: {error}") from error
