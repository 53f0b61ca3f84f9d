"""Companies, their workspaces and their API keys.

Rules of this file:

1. A secret is hashed here and stored nowhere.
2. Every change is told on the channel `accounts` (a trigger of the schema).
"""

from hashlib import sha256
from typing import NamedTuple
from uuid import uuid4

from adapters.postgres.errors import WorkspaceUnknownError
from adapters.postgres.pool import Pool, connection
from adapters.postgres.queries import load_queries

CHANNEL = "accounts"
prefix_digits = 16
_SQL = load_queries("accounts")


class Company(NamedTuple):
    """Who owns workspaces and API keys."""

    id: int


class Workspace(NamedTuple):
    """A workspace; `key` is its public name."""

    id: int
    key: str
    name: str
    is_test: bool
    is_active: bool
    is_default: bool
    company: int


class ApiKey(NamedTuple):
    """An API key, without its secret; with no workspace it is the admin key of its company."""

    sha256: bytes
    company: int
    workspace_key: str | None


def key_prefix(secret: str) -> str:
    """Name an API key for a person: the first hex digits of its SHA-256."""
    return sha256(secret.encode()).hexdigest()[:prefix_digits]


class Accounts:
    """The accounts in Postgres. Every method raises DatabaseUnavailableError."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def create_company(self) -> Company:
        async with connection(self._pool) as lent:
            return Company(await lent.fetchval(_SQL["create_company"]))

    async def create_workspace(
        self, company: int, name: str, *, is_test: bool = False, is_default: bool = False
    ) -> Workspace:
        """Create a workspace; a new default takes the place of the company's former one."""
        async with connection(self._pool) as lent, lent.transaction():
            if is_default:
                await lent.execute(_SQL["no_default"], company)
            row = await lent.fetchrow(
                _SQL["create_workspace"], uuid4().hex, company, name, is_test, is_default
            )
        assert row is not None
        return Workspace(*row)

    async def create_api_key(self, company: int, workspace: str | None, secret: str) -> str:
        """Let a secret in, for one workspace (by key) or all of the company; give its prefix.

        Raises WorkspaceUnknownError.
        """
        prefix, digest = key_prefix(secret), sha256(secret.encode()).digest()
        async with connection(self._pool) as lent:
            if workspace is None:
                await lent.execute(_SQL["create_api_key"], prefix, digest, company)
                return prefix
            done = await lent.execute(
                _SQL["create_api_key_of_workspace"], prefix, digest, company, workspace
            )
        if not _count(done):
            raise WorkspaceUnknownError(f"company {company} has no workspace {workspace!r}")
        return prefix

    async def revoke_api_key(self, prefix: str) -> bool:
        """Shut a key out; False if there is none with this prefix."""
        async with connection(self._pool) as lent:
            return bool(_count(await lent.execute(_SQL["revoke_api_key"], prefix)))

    async def load_api_keys(self) -> list[ApiKey]:
        async with connection(self._pool) as lent:
            return [ApiKey(*row) for row in await lent.fetch(_SQL["load_api_keys"])]

    async def load_workspaces(self) -> list[Workspace]:
        async with connection(self._pool) as lent:
            return [Workspace(*row) for row in await lent.fetch(_SQL["load_workspaces"])]


def _count(command_tag: str) -> int:
    """Read the number of rows out of an answer like `INSERT 0 1`."""
    return int(command_tag.rpartition(" ")[2])
