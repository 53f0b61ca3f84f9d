from hashlib import sha256

import pytest

from adapters.postgres.accounts import CHANNEL, Accounts, ApiKey, Workspace
from adapters.postgres.errors import (
    ApiKeyUnknownError,
    LastApiKeyError,
    WorkspaceInUseError,
    WorkspaceUnknownError,
)
from adapters.postgres.notifications import Notifications
from adapters.postgres.pages import Cursor
from adapters.postgres.pool import Pool, connection
from adapters.sealing import Seal
from tests.eventually import eventually

SEAL = Seal(b"s" * 32)


@pytest.fixture
def accounts(pool: Pool) -> Accounts:
    return Accounts(pool, SEAL)


async def made(
    accounts: Accounts, name: str = "Main", *, is_default: bool = False
) -> tuple[Workspace, str]:
    """Make a workspace of a company of its own; give it and its first secret."""
    company = await accounts.create_company()
    created = await accounts.create_workspace(company.id, name, is_default=is_default)
    return created.workspace, created.api_key.secret


async def known(accounts: Accounts) -> set[bytes]:
    return {key.sha256 for key in await accounts.load_api_keys()}


def digest(secret: str) -> bytes:
    return sha256(secret.encode()).digest()


async def test_a_key_is_found_by_the_hash_of_its_secret_until_it_is_revoked(
    accounts: Accounts,
) -> None:
    workspace, first = await made(accounts)
    second = await accounts.create_api_key(workspace.company, workspace.key)
    admin = await accounts.create_admin_key(workspace.company)
    assert set(await accounts.load_api_keys()) == {
        ApiKey(digest(first), workspace.company, workspace.key),
        ApiKey(digest(second.secret), workspace.company, workspace.key),
        ApiKey(digest(admin.secret), workspace.company, None),
    }
    assert await accounts.revoke_api_key(second.prefix)
    assert not await accounts.revoke_api_key(second.prefix)
    assert await known(accounts) == {digest(first), digest(admin.secret)}


async def test_a_secret_is_stored_sealed_or_not_at_all(pool: Pool) -> None:
    kept, shown_once = Accounts(pool, SEAL), Accounts(pool)
    workspace, secret = await made(kept)
    once = await shown_once.create_api_key(workspace.company, workspace.key)
    admin = await kept.create_admin_key(workspace.company)
    async with connection(pool) as lent:
        stored = await lent.fetchval("SELECT string_agg(api_keys::text, '') FROM api_keys")
        sealed = await lent.fetch("SELECT sealed FROM api_keys WHERE sealed IS NOT NULL")
    assert len(sealed) == 2
    for one in (secret, once.secret, admin.secret):
        assert digest(one).hex() in stored
        assert one[-8:] not in stored
        assert one[-8:].encode().hex() not in stored
    assert once.prefix not in once.secret
    assert (await kept.workspace(workspace.company, workspace.key)).secrets == [secret]
    assert (await shown_once.workspace(workspace.company, workspace.key)).secrets == []


async def test_under_another_installations_secret_nothing_is_shown_and_keys_go_on(
    pool: Pool, accounts: Accounts
) -> None:
    workspace, secret = await made(accounts)
    other = Accounts(pool, Seal(b"o" * 32))
    assert (await other.workspace(workspace.company, workspace.key)).secrets == []
    assert await known(other) == {digest(secret)}


async def test_a_sealed_secret_in_another_row_is_not_shown(pool: Pool, accounts: Accounts) -> None:
    mine, _ = await made(accounts)
    theirs, _ = await made(accounts)
    await pool.execute(
        "UPDATE api_keys SET sealed = (SELECT sealed FROM api_keys WHERE workspace = $1) "
        "WHERE workspace = $2",
        theirs.id,
        mine.id,
    )
    assert (await accounts.workspace(mine.company, mine.key)).secrets == []


async def test_a_workspace_is_one_of_its_own_company(accounts: Accounts) -> None:
    ours = (await accounts.create_company()).id
    theirs, secret = await made(accounts)
    for key in (theirs.key, "no such"):
        for refused in (
            accounts.create_api_key(ours, key),
            accounts.workspace(ours, key),
            accounts.update_workspace(ours, key, "mine"),
            accounts.set_active(ours, key, active=False),
            accounts.set_default(ours, key),
            accounts.delete_workspace(ours, key),
            accounts.replace_api_keys(ours, key),
            accounts.remove_api_key(ours, key, secret),
        ):
            with pytest.raises(WorkspaceUnknownError, match=key):
                await refused
    assert await accounts.load_workspaces() == [theirs]
    assert await known(accounts) == {digest(secret)}
    assert (await accounts.workspaces_page(ours, Cursor())).items == []


async def test_a_company_has_one_default_workspace_the_newest(accounts: Accounts) -> None:
    company, other = await accounts.create_company(), await accounts.create_company()
    for name, of in (("first", company), ("second", company), ("other", other)):
        await accounts.create_workspace(of.id, name, is_test=name == "other", is_default=True)
    await accounts.create_workspace(company.id, "third")
    found = {w.name: w for w in await accounts.load_workspaces()}
    assert {name for name, w in found.items() if w.is_default} == {"second", "other"}
    assert {name for name, w in found.items() if w.is_test} == {"other"}
    assert all(w.is_active for w in found.values())
    assert len({w.key for w in found.values()}) == 4


async def test_another_default_takes_the_place_of_the_former_one(accounts: Accounts) -> None:
    first, _ = await made(accounts, is_default=True)
    company = first.company
    second = (await accounts.create_workspace(company, "second")).workspace
    await accounts.set_default(company, second.key)
    await accounts.set_default(company, second.key)
    assert [w.name for w in await accounts.load_workspaces() if w.is_default] == ["second"]


async def test_only_an_active_workspace_is_the_default_and_only_an_inactive_one_is_deleted(
    accounts: Accounts,
) -> None:
    default, _ = await made(accounts, is_default=True)
    company = default.company
    other = (await accounts.create_workspace(company, "other")).workspace
    with pytest.raises(WorkspaceInUseError, match="default"):
        await accounts.set_active(company, default.key, active=False)
    with pytest.raises(WorkspaceInUseError, match="active"):
        await accounts.delete_workspace(company, other.key)

    await accounts.set_active(company, other.key, active=False)
    with pytest.raises(WorkspaceInUseError, match="inactive"):
        await accounts.set_default(company, other.key)
    await accounts.delete_workspace(company, other.key)

    assert await accounts.load_workspaces() == [default]
    assert [key.workspace_key for key in await accounts.load_api_keys()] == [default.key]


async def test_secrets_are_shown_the_oldest_first_and_the_last_one_stays(
    accounts: Accounts,
) -> None:
    workspace, first = await made(accounts)
    company, key = workspace.company, workspace.key
    second = (await accounts.create_api_key(company, key)).secret
    assert (await accounts.workspace(company, key)).secrets == [first, second]
    _, foreign = await made(accounts)
    with pytest.raises(ApiKeyUnknownError):
        await accounts.remove_api_key(company, key, foreign)

    await accounts.remove_api_key(company, key, first)
    assert (await accounts.workspace(company, key)).secrets == [second]
    with pytest.raises(LastApiKeyError):
        await accounts.remove_api_key(company, key, second)

    third = (await accounts.replace_api_keys(company, key)).secret
    assert (await accounts.workspace(company, key)).secrets == [third]
    assert await known(accounts) == {digest(third), digest(foreign)}


async def test_workspaces_are_listed_newest_first_with_their_own_secrets(
    accounts: Accounts,
) -> None:
    company = (await accounts.create_company()).id
    created = [await accounts.create_workspace(company, name) for name in ("A_1", "a2", "b3")]
    await accounts.update_workspace(company, created[2].workspace.key, "A3", "UNLIMITED_BILLABLE")
    await accounts.set_active(company, created[0].workspace.key, active=False)

    async def names(name_filter: str = "", *, active: bool | None = None) -> list[str]:
        page = await accounts.workspaces_page(company, Cursor(), name_filter, active=active)
        return [found.workspace.name for found in page.items]

    assert await names() == ["A3", "a2", "A_1"]
    assert await names("a") == ["A3", "a2", "A_1"]
    assert await names("_") == ["A_1"]
    assert await names(active=True) == ["A3", "a2"]
    assert await names(active=False) == ["A_1"]
    page = await accounts.workspaces_page(company, Cursor(limit=2))
    assert [found.secrets for found in page.items] == [
        [created[2].api_key.secret],
        [created[1].api_key.secret],
    ]
    assert page.items[0].workspace.for_sale_mode == "UNLIMITED_BILLABLE"
    assert page.next_page_starts_after == created[1].workspace.id


async def test_every_change_is_told(pool: Pool, accounts: Accounts) -> None:
    told = list[str | None]()
    notifications = Notifications(pool)
    notifications.subscribe(CHANNEL, told.append)
    notifications.start()

    async def expect(changes: int) -> None:
        def heard() -> None:
            assert len(told) > changes
            assert told == [None, *[""] * (len(told) - 1)]

        await eventually(heard)
        told[1:] = []

    await expect(0)  # from now on we hear everything
    workspace, _ = await made(accounts)
    await expect(1)
    admin = await accounts.create_admin_key(workspace.company)
    await expect(1)
    await accounts.revoke_api_key(admin.prefix)
    await expect(1)
    await accounts.set_active(workspace.company, workspace.key, active=False)
    await expect(1)
    await notifications.close()
