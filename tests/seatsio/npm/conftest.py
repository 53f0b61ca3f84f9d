"""The vendor's npm client, unchanged, in a process of its own."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import give_up
from tests.seatsio.installation import Company
from tests.seatsio.npm.installed import HERE, NodeError, modules, node

JSON = dict[str, Any]


@dataclass(frozen=True)
class Npm:
    """Who does flows with the client, in a company's name."""

    company: Company
    modules: Path

    async def flow(self, name: str, **given: object) -> JSON:
        """Do a flow of flows.cjs and give what the client made of the answers."""
        known = {"url": self.company.url, "secret": self.company.secret}
        asked = json.dumps(known | given).encode()
        told = await node(HERE / "flows.cjs", name, asked=asked, NODE_PATH=str(self.modules))
        seen: JSON = json.loads(told)
        return seen


@pytest.fixture(scope="session")
async def client_modules() -> Path:
    """Give the folder of the client; where there is no registry, this skips as servers do."""
    try:
        return await modules()
    except NodeError as error:
        give_up(error)


@pytest.fixture
def npm(client_modules: Path, company: Company) -> Npm:
    return Npm(company, client_modules)
