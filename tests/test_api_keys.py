"""The keys of an installation: made at its first start, and by hand."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.postgres.accounts import Accounts
from adapters.postgres.pool import connect
from adapters.sealing import Seal
from seatlog.api_keys import first_keys
from seatlog.secret_files import SecretFileError

KEY = "5a" * 32
SEAL = Seal(bytes.fromhex(KEY))


def keys(database: str, *arguments: str, signing_key: str = KEY) -> dict[str, str]:
    """Run `seatlog keys` and read what it shows."""
    environment = {**os.environ, "DATABASE_URL": database, "SEATLOG_SIGNING_KEY": signing_key}
    command = [sys.executable, "-m", "seatlog", "keys", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return dict(line.split()[:2] for line in done.stdout.splitlines())


async def workspaces_of(database: str, secret: str) -> list[str | None] | None:
    """Say which workspaces a secret opens: None stands for all of its company."""
    pool = await connect(database)
    stored = await Accounts(pool).load_api_keys()
    pool.terminate()
    digest = sha256(secret.encode()).digest()
    return [key.workspace_key for key in stored if key.sha256 == digest] or None


async def test_the_first_start_makes_a_key_and_an_admin_key_and_the_next_one_keeps_them(
    database: str, tmp_path: Path
) -> None:
    first = await first_keys(database, SEAL, tmp_path)
    admin = (tmp_path / "admin-key").read_text().strip()
    assert first == (tmp_path / "api-key").read_text().strip()
    assert await workspaces_of(database, admin) == [None]
    assert await workspaces_of(database, first) not in (None, [None])
    assert await first_keys(database, SEAL, tmp_path) == first
    assert (tmp_path / "admin-key").read_text().strip() == admin


async def test_an_admin_key_that_is_missing_is_made_for_the_company_of_the_first_key(
    database: str, tmp_path: Path
) -> None:
    await first_keys(database, SEAL, tmp_path)
    (tmp_path / "admin-key").unlink()
    await first_keys(database, SEAL, tmp_path)
    admin = (tmp_path / "admin-key").read_text().strip()
    assert await workspaces_of(database, admin) == [None]

    (tmp_path / "admin-key").unlink()
    (tmp_path / "api-key").write_text("sk_of_another_database")
    with pytest.raises(SecretFileError, match="no API key of this database"):
        await first_keys(database, SEAL, tmp_path)


async def test_keys_are_made_for_a_workspace_and_for_its_company_and_revoked(
    database: str,
) -> None:
    made = keys(database, "create", "--name", "Hall")
    workspace = made["workspace"]
    assert await workspaces_of(database, made["secret"]) == [workspace]
    second = keys(database, "create", "--workspace", workspace)
    assert await workspaces_of(database, second["secret"]) == [workspace]
    admin = keys(database, "create", "--workspace", workspace, "--admin")
    assert await workspaces_of(database, admin["secret"]) == [None]
    unsealed = keys(database, "create", "--workspace", workspace, signing_key="")
    assert await workspaces_of(database, unsealed["secret"]) == [workspace]

    keys(database, "revoke", second["prefix"])
    assert await workspaces_of(database, second["secret"]) is None
    pool = await connect(database)
    accounts = Accounts(pool, SEAL)
    [found] = await accounts.load_workspaces()
    shown = (await accounts.workspace(found.company, workspace)).secrets
    pool.terminate()
    assert (found.name, shown) == ("Hall", [made["secret"]])


async def test_an_admin_key_may_come_with_a_company_of_its_own(database: str) -> None:
    made = keys(database, "create", "--admin")
    assert await workspaces_of(database, made["secret"]) == [None]
    pool = await connect(database)
    [found] = await Accounts(pool).load_workspaces()
    pool.terminate()
    assert (found.key, found.is_default) == (made["workspace"], True)
