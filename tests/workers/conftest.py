"""What several tests of the loops begin with."""

from collections.abc import AsyncIterator

import pytest

from tests.workers.festival import Festival
from tests.workers.house import House


@pytest.fixture
async def house() -> AsyncIterator[House]:
    built = House()
    yield built
    await built.close()


@pytest.fixture
async def festival() -> AsyncIterator[Festival]:
    festival = Festival()
    await festival.open()
    yield festival
    await festival.close()
