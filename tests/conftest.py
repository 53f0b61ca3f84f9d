"""The real servers of the tests, and fresh names in them for every test.

KAFKA_BOOTSTRAP and DATABASE_URL name running servers; without them, servers from wheels start
once a session in a fresh folder. A server that cannot be had skips its tests with the reason,
or fails them where SEATLOG_SERVERS=required (as .ci/run says).
"""

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import asyncpg
import pytest

from adapters.kafka.admin import apply_topics
from adapters.postgres.migrate import migrate
from schemas.topics import Topics, load_topics
from seatlog.local.failure import LocalServerError
from seatlog.local.kafka import LocalKafka
from seatlog.local.postgres import LocalPostgres

MakeTopics = Callable[..., Awaitable[Topics]]

_MEMORY = Path("/dev/shm")  # noqa: S108 - pytest and tempfile make folders of their own there
_ROOM_BYTES = 8 * 1024**3
"""Of what a whole run leaves behind, a good multiple."""

# A test's database holds nothing that must survive the machine.
_FAST_AND_FORGETFUL = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}


def pytest_configure() -> None:
    """Keep the servers' data in memory where there is room, unless TMPDIR names another place.

    The tests delete thousands of files. On a disk that trims them, or that others keep busy, a
    database then takes seconds to answer now and then, and no test here is about that.
    """
    if "TMPDIR" in os.environ or not _MEMORY.is_dir() or os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC:
        return
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES:
        os.environ["TMPDIR"] = tempfile.tempdir = str(_MEMORY)


def give_up(error: Exception) -> NoReturn:
    """Skip what needs this server, or fail it where servers are required."""
    if os.environ.get("SEATLOG_SERVERS") == "required":
        pytest.fail(str(error), pytrace=False)
    pytest.skip(str(error))


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """Give a folder for the servers' data.

    Not one of pytest's: the start of another session would close its parent to the account that
    the database server runs under.
    """
    with tempfile.TemporaryDirectory(prefix="seatlog-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def kafka_bootstrap(servers_folder: Path) -> Iterator[str]:
    """Give the address of a real broker."""
    if bootstrap := os.environ.get("KAFKA_BOOTSTRAP"):
        yield bootstrap
        return
    # It is never killed, and alone: nothing is gained by taking it for dead.
    kafka = LocalKafka(servers_folder / "kafka", session_s=60)
    try:
        kafka.start()
        kafka.wait_ready()
        yield kafka.bootstrap
    except LocalServerError as error:
        give_up(error)
    finally:
        kafka.stop()


@pytest.fixture(scope="session")
def postgres_dsn(servers_folder: Path) -> Iterator[str]:
    """Give the DSN of a real database server."""
    if dsn := os.environ.get("DATABASE_URL"):
        yield dsn
        return
    postgres = LocalPostgres(servers_folder / "postgres", settings=_FAST_AND_FORGETFUL)
    try:
        postgres.start()
        postgres.wait_ready()
        yield postgres.dsn
    except LocalServerError as error:
        give_up(error)
    finally:
        postgres.stop()


def new_topic_names() -> Topics:
    """Give the topics under names that nobody else uses; nothing is created."""
    return load_topics().with_prefix(f"t{secrets.token_hex(4)}.")


@pytest.fixture
def topic_names() -> Topics:
    """Give the topics under names no other test uses; nothing is created."""
    return new_topic_names()


@pytest.fixture
def make_topics(kafka_bootstrap: str, topic_names: Topics) -> MakeTopics:
    """Give what creates this test's topics, say with two partitions for events (events=2)."""

    async def make(**partitions: int) -> Topics:
        topics = topic_names.with_partitions(**partitions)
        await apply_topics(kafka_bootstrap, topics)
        return topics

    return make


@pytest.fixture
async def topics(make_topics: MakeTopics) -> Topics:
    """Give this test's own topics, created, with few partitions."""
    return await make_topics(events=2, groups=1)


async def migrated_template(dsn: str) -> None:
    """Bring the template of all test databases to the newest schema."""
    await migrate(dsn)


@pytest.fixture(scope="session")
async def template_database(postgres_dsn: str) -> AsyncIterator[str]:
    """Give the name of a migrated database that each test's own is a copy of."""
    name = f"template_{secrets.token_hex(4)}"
    await _on_server(postgres_dsn, f'CREATE DATABASE "{name}"')
    await migrated_template(_with_database(postgres_dsn, name))
    yield name
    await _on_server(postgres_dsn, f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
async def database(postgres_dsn: str, template_database: str) -> AsyncIterator[str]:
    """Give the DSN of a database of this test alone, migrated and empty."""
    async with new_database(postgres_dsn, template_database) as dsn:
        yield dsn


@contextlib.asynccontextmanager
async def new_database(postgres_dsn: str, template: str) -> AsyncIterator[str]:
    """Give the DSN of a copy of the template, for as long as it is needed."""
    name = f"test_{secrets.token_hex(4)}"
    await _on_server(postgres_dsn, f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    yield _with_database(postgres_dsn, name)
    await _on_server(postgres_dsn, f'DROP DATABASE "{name}" WITH (FORCE)')


async def _on_server(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _with_database(dsn: str, name: str) -> str:
    return urlsplit(dsn)._replace(path=f"/{name}").geturl()
