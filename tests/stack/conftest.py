"""One whole service for the tests of this folder, with two ingresses and a slow projector."""

from collections.abc import AsyncIterator

import pytest

from schemas.topics import Topics
from seatlog.installation import Installation
from seatlog.local.ports import free_port
from tests.stack.client import Client


@pytest.fixture
async def installation(
    kafka_bootstrap: str,
    database: str,
    topic_names: Topics,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Installation]:
    prefix = topic_names["inventories"].prefix
    started = Installation(
        tmp_path_factory.mktemp("installation"),
        bootstrap=kafka_bootstrap,
        dsn=database,
        port=free_port(),
        workers=1,
        environment={"SEATLOG_TOPIC_PREFIX": prefix, "SEATLOG_PROJECTOR_DELAY_MS": "1000"},
    )
    try:
        await started.start()
        yield started
    finally:
        await started.stop()


@pytest.fixture
async def client(installation: Installation) -> AsyncIterator[Client]:
    async with Client(installation.address, installation.api_key) as opened:
        yield opened
