"""Companies, their workspaces and their API keys.

Rules of this file:

1. A key is known by the hash of its secret. The secret itself is stored sealed, if at all.
2. Changes to the workspaces of a company happen one after the other: each locks the company first.
3. Every change is told on the channel `accounts` (a trigger of the schema).
"""

import contextlib
import secrets
from collections.abc import AsyncIterator, Sequence
from hashlib import sha256
from typing import NamedTuple
from uuid import uuid4

import asyncpg

from adapters.postgres.errors import (
    ApiKeyUnknownError,
    LastApiKeyError,
    WorkspaceInUseError,
    WorkspaceUnknownError,
)
from adapters.postgres.pages import Cursor, Listing, Page, fetch_page
from adapters.postgres.pool import Connection, Pool, connection, rows_changed
from adapters.postgres.queries import load_queries
from adapters.sealing import Seal

CHANNEL = "accounts"
prefix_digits = 16
_SECRET_BYTES = 32
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
    for_sale_mode: str | None = None


class WorkspaceWithSecrets(NamedTuple):
    """A workspace, and the secrets of its API keys that can be shown, the oldest first."""

    workspace: Workspace
    secrets: list[str]


class ApiKey(NamedTuple):
    """An API key, without its secret; with no workspace it is the admin key of its company."""

    sha256: bytes
    company: int
    workspace_key: str | None


class NewApiKey(NamedTuple):
    """An API key that was just made."""

    secret: str
    prefix: str
    """Names the key to a person: the first hex digits of its SHA-256."""


class NewWorkspace(NamedTuple):
    """A workspace that was just made, and its first API key."""

    workspace: Workspace
    api_key: NewApiKey


class Accounts:
    """The accounts in Postgres. Every method raises DatabaseUnavailableError."""

    def __init__(self, pool: Pool, seal: Seal | None = None) -> None:
        """Without a seal the secrets of new keys are not kept, and none is shown."""
        self._pool = pool
        self._seal = seal

    async def create_company(self) -> Company:
        async with connection(self._pool) as lent:
            return Company(await lent.fetchval(_SQL["create_company"]))

    async def create_workspace(
        self,
        company: int,
        name: str,
        *,
        is_test: bool = False,
        is_default: bool = False,
        for_sale_mode: str | None = None,
    ) -> NewWorkspace:
        """Create a workspace; a new default takes the place of the company's former one."""
        key = uuid4().hex
        async with self._locked(company) as lent:
            if is_default:
                await lent.execute(_SQL["no_default"], company)
            row = await lent.fetchrow(
                _SQL["create_workspace"], key, company, name, is_test, is_default, for_sale_mode
            )
            assert row is not None
            workspace = Workspace(*row)
            return NewWorkspace(workspace, await self._create_api_key(lent, company, workspace))

    async def create_admin_key(self, company: int) -> NewApiKey:
        """Make an API key for all workspaces of a company."""
        async with connection(self._pool) as lent:
            return await self._create_api_key(lent, company, None)

    async def create_api_key(self, company: int, workspace: str) -> NewApiKey:
        """Make an API key for one workspace. Raises WorkspaceUnknownError."""
        async with self._held(company, workspace) as (lent, found):
            return await self._create_api_key(lent, company, found)

    async def revoke_api_key(self, prefix: str) -> bool:
        """Shut a key out; False if there is none with this prefix."""
        async with connection(self._pool) as lent:
            return bool(rows_changed(await lent.execute(_SQL["revoke_api_key"], prefix)))

    async def load_api_keys(self) -> list[ApiKey]:
        async with connection(self._pool) as lent:
            return [ApiKey(*row) for row in await lent.fetch(_SQL["load_api_keys"])]

    async def load_workspaces(self) -> list[Workspace]:
        async with connection(self._pool) as lent:
            return [Workspace(*row) for row in await lent.fetch(_SQL["load_workspaces"])]

    async def workspace(self, company: int, key: str) -> WorkspaceWithSecrets:
        """Give a workspace of a company. Raises WorkspaceUnknownError."""
        async with connection(self._pool) as lent:
            found = await _workspace(lent, company, key)
            [described] = await self._with_secrets(lent, [found])
        return described

    async def workspaces_page(
        self, company: int, cursor: Cursor, name_filter: str = "", *, active: bool | None = None
    ) -> Page[WorkspaceWithSecrets]:
        """List workspaces, newest first, whose name contains the filter in whatever case."""
        arguments = (company, active, name_filter)
        listing = Listing(_SQL["workspace_columns"], _SQL["workspaces_of_company"], arguments)
        async with connection(self._pool) as lent:
            page = await fetch_page(lent, listing, cursor, _listed_workspace)
            described = await self._with_secrets(lent, page.items)
        return Page(described, *page[1:])

    async def update_workspace(
        self, company: int, key: str, name: str, for_sale_mode: str | None = None
    ) -> None:
        """Rename a workspace; without a mode it keeps its own. Raises WorkspaceUnknownError."""
        async with self._held(company, key) as (lent, found):
            await lent.execute(_SQL["update_workspace"], found.id, name, for_sale_mode)

    async def set_active(self, company: int, key: str, *, active: bool) -> None:
        """Let the keys of a workspace in, or shut them out.

        Raises WorkspaceUnknownError, and WorkspaceInUseError for shutting out the default one:
        the company's admin key works there.
        """
        async with self._held(company, key) as (lent, found):
            if found.is_default and not active:
                raise WorkspaceInUseError("the default workspace cannot be deactivated")
            await lent.execute(_SQL["set_active"], found.id, active)

    async def set_default(self, company: int, key: str) -> None:
        """Let the admin key work in this one. Raises WorkspaceUnknownError, WorkspaceInUseError."""
        async with self._held(company, key) as (lent, found):
            if not found.is_active:
                raise WorkspaceInUseError("an inactive workspace cannot be the default one")
            await lent.execute(_SQL["no_default"], company)
            await lent.execute(_SQL["set_default"], found.id)

    async def delete_workspace(self, company: int, key: str) -> None:
        """Delete an inactive workspace and its keys.

        Raises WorkspaceUnknownError, and WorkspaceInUseError while it is active.
        """
        async with self._held(company, key) as (lent, found):
            if found.is_active:
                raise WorkspaceInUseError("an active workspace cannot be deleted")
            await lent.execute(_SQL["revoke_api_keys_of_workspace"], found.id)
            await lent.execute(_SQL["delete_workspace"], found.id)

    async def replace_api_keys(self, company: int, key: str) -> NewApiKey:
        """Shut all keys of a workspace out and make a new one. Raises WorkspaceUnknownError."""
        async with self._held(company, key) as (lent, found):
            await lent.execute(_SQL["revoke_api_keys_of_workspace"], found.id)
            return await self._create_api_key(lent, company, found)

    async def remove_api_key(self, company: int, key: str, secret: str) -> None:
        """Shut out one key of a workspace, named by its secret.

        Raises WorkspaceUnknownError, ApiKeyUnknownError, LastApiKeyError.
        """
        async with self._held(company, key) as (lent, found):
            rows = await lent.fetch(_SQL["sealed_secrets"], [found.id])
            digest = sha256(secret.encode()).digest()
            if all(row["sha256"] != digest for row in rows):
                raise ApiKeyUnknownError
            if len(rows) == 1:
                raise LastApiKeyError
            await lent.execute(_SQL["revoke_api_key"], _prefix(digest))

    @contextlib.asynccontextmanager
    async def _locked(self, company: int) -> AsyncIterator[Connection]:
        """Begin a change of a company's workspaces (rule 2)."""
        async with connection(self._pool) as lent, lent.transaction():
            await lent.execute(_SQL["lock_company"], company)
            yield lent

    @contextlib.asynccontextmanager
    async def _held(self, company: int, key: str) -> AsyncIterator[tuple[Connection, Workspace]]:
        """Begin a change of one workspace. Raises WorkspaceUnknownError."""
        async with self._locked(company) as lent:
            yield lent, await _workspace(lent, company, key)

    async def _create_api_key(
        self, lent: Connection, company: int, workspace: Workspace | None
    ) -> NewApiKey:
        secret = _new_secret(workspace)
        digest = sha256(secret.encode()).digest()
        sealed = None if self._seal is None else self._seal.close(secret, digest)
        of = None if workspace is None else workspace.id
        await lent.execute(_SQL["create_api_key"], _prefix(digest), digest, company, of, sealed)
        return NewApiKey(secret, _prefix(digest))

    async def _with_secrets(
        self, lent: Connection, workspaces: Sequence[Workspace]
    ) -> list[WorkspaceWithSecrets]:
        shown: dict[int, list[str]] = {workspace.id: [] for workspace in workspaces}
        if self._seal is not None:
            for of, digest, sealed in await lent.fetch(_SQL["sealed_secrets"], list(shown)):
                secret = None if sealed is None else self._seal.open(sealed, digest)
                if secret is not None:
                    shown[of].append(secret)
        return [WorkspaceWithSecrets(one, shown[one.id]) for one in workspaces]


async def _workspace(lent: Connection, company: int, key: str) -> Workspace:
    row = await lent.fetchrow(_SQL["workspace"], company, key)
    if row is None:
        raise WorkspaceUnknownError(f"company {company} has no workspace {key!r}")
    return Workspace(*row)


def _listed_workspace(row: asyncpg.Record) -> Workspace:
    return Workspace(*tuple(row)[:-1])  # the last column is the row's place in the order


def _new_secret(workspace: Workspace | None) -> str:
    """Draw the secret of an API key: `sk_<env>_<workspace>_<256 random bits>`."""
    kind = "test" if workspace is not None and workspace.is_test else "live"
    of = "admin" if workspace is None else workspace.key[:8]
    return f"sk_{kind}_{of}_{secrets.token_urlsafe(_SECRET_BYTES)}"


def _prefix(digest: bytes) -> str:
    return digest.hex()[:prefix_digits]
