"""The true history, told once a module, and a copy of it for each test to falsify."""

from copy import copy

import pytest

from tests.verify.story import Story, Teller


@pytest.fixture(scope="module")
async def told() -> Story:
    """Give the true history; not to be changed."""
    return await Teller().tell()


@pytest.fixture
def story(told: Story) -> Story:
    """Give a history to falsify."""
    return Story({partition: copy(records) for partition, records in told.records.items()})
