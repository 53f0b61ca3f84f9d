"""What several tests of the engine begin with."""

import pytest

from tests.engine.factories import event_created
from tests.engine.scenario import SeatsScenario
from tests.engine.season_year import year


@pytest.fixture
def owner() -> SeatsScenario:
    """Give the owner of the theatre's year, and of a matinee that is in no season."""
    return SeatsScenario(*year(), event_created())
