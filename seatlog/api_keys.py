"""Making API keys, for whoever runs the installation."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from adapters.postgres.accounts import Accounts, NewApiKey
from adapters.postgres.errors import WorkspaceUnknownError
from adapters.postgres.pool import connect
from adapters.sealing import Seal
from seatlog.secret_files import SecretFileError, read_secret, write_secret

FIRST_WORKSPACE = "Production workspace"


class MadeKey(NamedTuple):
    """An API key that was just made, and the workspace that was named or made for it."""

    key: NewApiKey
    workspace: str


async def create_key(
    dsn: str, seal: Seal | None, workspace: str | None, name: str, *, admin: bool = False
) -> MadeKey:
    """Make an API key for a workspace, or the admin key of its company.

    Without a workspace one is made, for a new company. Raises WorkspaceUnknownError and
    DatabaseUnavailableError.
    """
    async with _accounts(dsn, seal) as accounts:
        if workspace is None:
            company = (await accounts.create_company()).id
            made = await accounts.create_workspace(company, name, is_default=True)
            workspace, key = made.workspace.key, made.api_key
        else:
            company = await _company_of(accounts, workspace)
            if not admin:
                key = await accounts.create_api_key(company, workspace)
        if admin:
            key = await accounts.create_admin_key(company)
    return MadeKey(key, workspace)


async def revoke_key(dsn: str, prefix: str) -> bool:
    """Shut an API key out, by the prefix it was made with; False if there is none."""
    async with _accounts(dsn) as accounts:
        return await accounts.revoke_api_key(prefix)


async def first_keys(dsn: str, seal: Seal, data: Path) -> str:
    """Give the API key in `data`; at the first start make it, its workspace and an admin key."""
    file, admin_file = data / "api-key", data / "admin-key"
    key = read_secret(file)
    if key is None:
        made = await create_key(dsn, seal, None, FIRST_WORKSPACE)
        key = made.key.secret
        write_secret(file, key)
    if read_secret(admin_file) is None:
        async with _accounts(dsn, seal) as accounts:
            admin = await accounts.create_admin_key(await _company_with(accounts, key, file))
        write_secret(admin_file, admin.secret)
    return key


async def _company_of(accounts: Accounts, workspace: str) -> int:
    for known in await accounts.load_workspaces():
        if known.key == workspace:
            return known.company
    raise WorkspaceUnknownError(f"there is no workspace {workspace!r}")


async def _company_with(accounts: Accounts, secret: str, file: Path) -> int:
    digest = sha256(secret.encode()).digest()
    for known in await accounts.load_api_keys():
        if known.sha256 == digest:
            return known.company
    message = f"{file} holds no API key of this database: remove the file to get a new one"
    raise SecretFileError(message)


@asynccontextmanager
async def _accounts(dsn: str, seal: Seal | None = None) -> AsyncIterator[Accounts]:
    pool = await connect(dsn)
    try:
        yield Accounts(pool, seal)
    finally:
        await pool.close()
