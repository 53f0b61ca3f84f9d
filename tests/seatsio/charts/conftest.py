import pytest

from tests.seatsio.client import Client
from tests.seatsio.installation import Company


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)
