from hashlib import sha256

import pytest

from adapters.postgres.accounts import CHANNEL, Accounts, ApiKey
from adapters.postgres.errors import WorkspaceUnknownError
from adapters.postgres.notifications import Notifications
from adapters.postgres.pool import Pool, connection
from tests.eventually import eventually

SECRET = "sk_live_w1_0123456789abcdef"


async def test_a_key_is_found_by_the_hash_of_its_secret_until_it_is_revoked(pool: Pool) -> None:
    accounts = Accounts(pool)
    company = await accounts.create_company()
    workspace = await accounts.create_workspace(company.id, "Main", is_default=True)
    prefix = await accounts.create_api_key(company.id, workspace.key, SECRET)
    await accounts.create_api_key(company.id, None, "admin")
    digest = sha256(SECRET.encode()).digest()
    assert set(await accounts.load_api_keys()) == {
        ApiKey(digest, company.id, workspace.key),
        ApiKey(sha256(b"admin").digest(), company.id, None),
    }
    assert await accounts.revoke_api_key(prefix)
    assert not await accounts.revoke_api_key(prefix)
    assert [key.workspace_key for key in await accounts.load_api_keys()] == [None]


async def test_a_secret_is_stored_nowhere(pool: Pool) -> None:
    accounts = Accounts(pool)
    company = await accounts.create_company()
    prefix = await accounts.create_api_key(company.id, None, SECRET)
    async with connection(pool) as lent:
        stored = await lent.fetchval("SELECT string_agg(api_keys::text, '') FROM api_keys")
    assert sha256(SECRET.encode()).hexdigest() in stored
    assert SECRET[-8:] not in stored
    assert SECRET[-8:].encode().hex() not in stored
    assert prefix not in SECRET


async def test_a_key_is_for_a_workspace_of_its_own_company(pool: Pool) -> None:
    accounts = Accounts(pool)
    ours, theirs = await accounts.create_company(), await accounts.create_company()
    workspace = await accounts.create_workspace(theirs.id, "Theirs")
    for key in (workspace.key, "no such"):
        with pytest.raises(WorkspaceUnknownError, match=key):
            await accounts.create_api_key(ours.id, key, SECRET)
    assert await accounts.load_api_keys() == []


async def test_a_company_has_one_default_workspace_the_newest(pool: Pool) -> None:
    accounts = Accounts(pool)
    company, other = await accounts.create_company(), await accounts.create_company()
    for name, of in (("first", company), ("second", company), ("other", other)):
        await accounts.create_workspace(of.id, name, is_test=name == "other", is_default=True)
    await accounts.create_workspace(company.id, "third")
    found = {w.name: w for w in await accounts.load_workspaces()}
    assert {name for name, w in found.items() if w.is_default} == {"second", "other"}
    assert {name for name, w in found.items() if w.is_test} == {"other"}
    assert all(w.is_active for w in found.values())
    assert len({w.key for w in found.values()}) == 4


async def test_every_change_is_told(pool: Pool) -> None:
    accounts, told = Accounts(pool), list[str | None]()
    notifications = Notifications(pool)
    notifications.subscribe(CHANNEL, told.append)
    notifications.start()

    async def expect(payloads: list[str | None]) -> None:
        def heard() -> None:
            assert told == payloads

        await eventually(heard)

    await expect([None])  # from now on we hear everything
    company = await accounts.create_company()
    await accounts.create_workspace(company.id, "Main")
    await expect([None, ""])
    prefix = await accounts.create_api_key(company.id, None, SECRET)
    await expect([None, "", ""])
    await accounts.revoke_api_key(prefix)
    await expect([None, "", "", ""])
    await notifications.close()
