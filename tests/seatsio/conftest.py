"""One installation for all tests of the dialect; every test has a company of its own in it."""

import secrets
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg
import pytest

from adapters.kafka.admin import apply_topics
from schemas.topics import load_topics
from tests.seatsio.installation import Company, Installation, installation


@pytest.fixture(scope="session")
async def running(
    kafka_bootstrap: str, postgres_dsn: str, template_database: str
) -> AsyncIterator[Installation]:
    """Give an installation with several partitions."""
    topics = load_topics().with_prefix(f"t{secrets.token_hex(4)}.")
    topics = topics.with_partitions(events=3, groups=2)
    await apply_topics(kafka_bootstrap, topics)
    name = f"test_{secrets.token_hex(4)}"
    server = await asyncpg.connect(postgres_dsn)
    await server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"')
    dsn = urlsplit(postgres_dsn)._replace(path=f"/{name}").geturl()
    async with installation(kafka_bootstrap, topics, dsn) as started:
        yield started
    await server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await server.close()


@pytest.fixture
async def company(running: Installation) -> Company:
    """Give a company that no other test knows."""
    return await running.company()
