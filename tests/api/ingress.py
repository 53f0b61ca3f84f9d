"""An ingress as tests start one: on the real broker, with accounts in memory."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256

from api.core import Ingress
from schemas.commands import CreateEvents, NewEvent
from schemas.facts import EventCreated
from schemas.outbox import Accepted
from schemas.topics import Topics
from tests.eventually import eventually
from tests.workers.house import SAMPLE_HASH, WORKSPACE

SIGNING_KEY = b"k" * 32
SECRET = "sk_test_of_the_workspace"
COMPANY_SECRET = "sk_test_of_the_company"


@dataclass(frozen=True)
class WorkspaceRow:
    id: int
    key: str
    name: str = "Production workspace"
    is_test: bool = False
    is_active: bool = True
    is_default: bool = False
    company: int = 1


@dataclass(frozen=True)
class ApiKeyRow:
    sha256: bytes
    company: int
    workspace_key: str | None


def api_key(secret: str, workspace: str | None, company: int = 1) -> ApiKeyRow:
    return ApiKeyRow(sha256(secret.encode()).digest(), company, workspace)


@dataclass
class AccountsInMemory:
    """The port that API keys come through, without a database behind it."""

    workspaces: list[WorkspaceRow] = field(
        default_factory=lambda: [WorkspaceRow(1, WORKSPACE, is_default=True)]
    )
    keys: list[ApiKeyRow] = field(
        default_factory=lambda: [api_key(SECRET, WORKSPACE), api_key(COMPANY_SECRET, None)]
    )
    away: bool = False

    async def load_api_keys(self) -> list[ApiKeyRow]:
        if self.away:
            raise ConnectionError("the database is away")
        return list(self.keys)

    async def load_workspaces(self) -> list[WorkspaceRow]:
        return list(self.workspaces)


@contextlib.asynccontextmanager
async def ingress(bootstrap: str, topics: Topics) -> AsyncIterator[Ingress]:
    """Run an ingress that is ready."""
    async with Ingress(bootstrap, topics, AccountsInMemory(), SIGNING_KEY) as core:
        await until_ready(core)
        yield core


async def until_ready(core: Ingress) -> None:
    async def ready() -> None:
        missing = await core.missing()
        assert not missing, missing

    waiting = asyncio.create_task(eventually(ready, within=20))
    ended = asyncio.create_task(core.ended())
    await asyncio.wait([waiting, ended], return_when=asyncio.FIRST_COMPLETED)
    if ended.done():
        ended.result()
    ended.cancel()
    await waiting


async def create_event(core: Ingress, key: str, workspace: str = WORKSPACE) -> EventCreated:
    """Create an event on the sample chart."""
    new = NewEvent(key=key, chart_key="chart", inventory=SAMPLE_HASH)
    answered = await core.submitter.decide(CreateEvents(workspace=workspace, events=[new]))
    assert isinstance(answered.answer, Accepted), answered.answer
    created = answered.facts[0]
    assert isinstance(created, EventCreated)
    return created
