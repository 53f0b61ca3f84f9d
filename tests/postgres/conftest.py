"""A read model of a test's own, and what writes and reads it."""

from collections.abc import AsyncIterator

import pytest

from adapters.postgres.pool import Pool, connect
from adapters.postgres.projection import Projection, outbox_partitions
from adapters.postgres.reads import Reads
from schemas.topics import Topics, load_topics
from tests.postgres.outbox import Outbox


@pytest.fixture
def two_partitions() -> Topics:
    """Give topics with two partitions for events and one for groups; none is created."""
    return load_topics().with_partitions(events=2, groups=1)


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    """Give connections to a migrated, empty database."""
    made = await connect(database)
    yield made
    made.terminate()


@pytest.fixture
async def projection(database: str, two_partitions: Topics) -> AsyncIterator[Projection]:
    """Give a projection that has read its positions."""
    made = await Projection.connect(database, two_partitions)
    await made.positions(outbox_partitions(two_partitions))
    yield made
    await made.close()


@pytest.fixture
async def reads(pool: Pool) -> AsyncIterator[Reads]:
    """Give reads that listen."""
    made = Reads(pool)
    made.start()
    yield made
    await made.close()


@pytest.fixture
def outbox(two_partitions: Topics) -> Outbox:
    """Give the outbox of events partition 0, taken by its first owner."""
    made = Outbox(two_partitions)
    made.take()
    return made
