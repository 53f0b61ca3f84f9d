"""Making API keys: random secrets that are stored nowhere but with whoever gets them."""

import secrets
from pathlib import Path
from typing import NamedTuple

from adapters.postgres.accounts import Accounts
from adapters.postgres.pool import connect
from seatlog.secret_files import read_secret, write_secret


class NewKey(NamedTuple):
    """An API key that was just made; the secret is shown this once."""

    secret: str
    prefix: str
    workspace: str


def new_secret(workspace: str, *, is_test: bool) -> str:
    """Draw the secret of an API key: `sk_<env>_<workspace>_<256 random bits>`."""
    return f"sk_{'test' if is_test else 'live'}_{workspace[:8]}_{secrets.token_urlsafe(32)}"


async def create_key(dsn: str, workspace: str | None, name: str) -> NewKey:
    """Make an API key for a workspace; without one, for a new workspace of a new company.

    Raises WorkspaceUnknownError and DatabaseUnavailableError.
    """
    pool = await connect(dsn)
    try:
        accounts = Accounts(pool)
        if workspace is None:
            company = (await accounts.create_company()).id
            created = await accounts.create_workspace(company, name, is_default=True)
            workspace = created.key
        else:
            known = {one.key: one.company for one in await accounts.load_workspaces()}
            company = known.get(workspace, -1)
        secret = new_secret(workspace, is_test=False)
        prefix = await accounts.create_api_key(company, workspace, secret)
    finally:
        await pool.close()
    return NewKey(secret, prefix, workspace)


async def revoke_key(dsn: str, prefix: str) -> bool:
    """Shut an API key out, by the prefix it was made with; False if there is none."""
    pool = await connect(dsn)
    try:
        return await Accounts(pool).revoke_api_key(prefix)
    finally:
        await pool.close()


async def first_key(dsn: str, file: Path) -> str:
    """Give the API key in `file`; at the first start make it, with its workspace."""
    kept = read_secret(file)
    if kept is not None:
        return kept
    made = await create_key(dsn, None, "Production workspace")
    write_secret(file, made.secret)
    return made.secret
