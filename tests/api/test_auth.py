"""Who may come in: keys in memory, and credentials of every kind."""

import asyncio
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.auth import Caller, KeyRing, secret_in
from api.errors import ForbiddenError, NotReadyError, UnauthorizedError, WorkspaceNotFoundError
from tests.api.ingress import (
    COMPANY_SECRET,
    SECRET,
    AccountsInMemory,
    WorkspaceRow,
    api_key,
)
from tests.eventually import eventually
from tests.workers.house import WORKSPACE


def basic(user: str, password: str = "") -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


def encoded(raw: bytes) -> str:
    return b64encode(raw).decode()


@pytest.fixture
def accounts() -> AccountsInMemory:
    return AccountsInMemory(
        workspaces=[
            WorkspaceRow(1, WORKSPACE, is_default=True),
            WorkspaceRow(2, "second"),
            WorkspaceRow(3, "closed", is_active=False),
            WorkspaceRow(4, "foreign", company=2, is_default=True),
            WorkspaceRow(5, "closed default", company=4, is_active=False, is_default=True),
        ],
        keys=[
            api_key(SECRET, WORKSPACE),
            api_key(COMPANY_SECRET, None),
            api_key("sk_of_the_closed", "closed"),
            api_key("sk_of_nothing", "gone"),
            api_key("sk_of_a_company_without_workspace", None, company=3),
            api_key("sk_of_a_company_with_a_closed_default", None, company=4),
        ],
    )


@pytest.fixture
async def keys(accounts: AccountsInMemory) -> KeyRing:
    ring = KeyRing(accounts)
    await ring.refresh()
    return ring


def enter(keys: KeyRing, authorization: str | None, workspace: str | None = None) -> Caller:
    headers = {"Authorization": authorization, "X-Workspace-Key": workspace}
    return keys.authenticate({name: value for name, value in headers.items() if value is not None})


def refuses(keys: KeyRing) -> None:
    try:
        enter(keys, basic(SECRET))
    except UnauthorizedError:
        return
    raise AssertionError("the revoked key still comes in")


@pytest.mark.parametrize(
    "authorization",
    [
        basic(SECRET),
        basic(SECRET).replace("Basic", "basic"),
        basic(SECRET).replace("Basic", "BASIC"),
        basic(SECRET).replace("Basic ", "Basic   "),
        basic(SECRET, "password"),
        f"Bearer {SECRET}",
        f"bearer {SECRET}",
    ],
)
async def test_a_known_key_comes_in_in_every_form(keys: KeyRing, authorization: str) -> None:
    caller = enter(keys, authorization)

    assert (caller.workspace.key, caller.company) == (WORKSPACE, 1)
    with pytest.raises(ForbiddenError):
        caller.check_admin()


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Basic",
        "Basic ",
        "Bearer",
        "Bearer ",
        SECRET,
        f"Digest {SECRET}",
        f"Basic {SECRET}",
        "Basic not*base64!",
        f"Basic {encoded(SECRET.encode())}",  # no colon
        f"Basic {encoded(b':')}",
        f"Basic {encoded(b':' + SECRET.encode())}",  # the key as password
        f"Basic {encoded(b'sk_' + bytes([0xFF, 0xFE]) + b':')}",  # not UTF-8
        f"Basic {encoded(SECRET.encode() + bytes([0]) + b':')}",
        f"Basic {encoded(SECRET.encode() + b':')[:-1]}",
        basic(SECRET.upper()),
        basic("unknown"),
        basic("sk_of_nothing"),
        basic("sk_of_the_closed"),
        basic("sk_of_a_company_without_workspace"),
        basic("sk_of_a_company_with_a_closed_default"),
        f"Bearer {SECRET}é",
        "Bearer \udcff",
        basic("x" * 2_000),
        "Bearer " + "x" * 100_000,
    ],
)
async def test_everything_else_is_refused_without_a_word(
    keys: KeyRing, authorization: str | None
) -> None:
    with pytest.raises(UnauthorizedError):
        enter(keys, authorization)


@given(st.text())
def test_any_header_is_read_without_a_fault(text: str) -> None:
    for authorization in (text, f"Basic {text}", f"Bearer {text}"):
        secret_in(authorization)


async def test_a_company_key_opens_its_default_workspace_or_the_one_it_names(
    keys: KeyRing,
) -> None:
    assert enter(keys, basic(COMPANY_SECRET)).workspace.key == WORKSPACE
    named = enter(keys, basic(COMPANY_SECRET), "second")
    assert named.workspace.key == "second"
    named.check_admin()


@pytest.mark.parametrize("asked", ["unknown", "foreign", "closed", "\udcff", "x" * 9000])
async def test_a_workspace_of_somebody_else_is_not_found(keys: KeyRing, asked: str) -> None:
    with pytest.raises(WorkspaceNotFoundError) as refused:
        enter(keys, basic(COMPANY_SECRET), asked)
    assert str(refused.value).isascii()
    assert len(str(refused.value)) < 200


async def test_an_empty_workspace_header_names_none(keys: KeyRing) -> None:
    for secret in (SECRET, COMPANY_SECRET):
        assert enter(keys, basic(secret), "") == enter(keys, basic(secret))


async def test_a_workspace_key_opens_no_other_workspace(keys: KeyRing) -> None:
    assert enter(keys, basic(SECRET), WORKSPACE).workspace.key == WORKSPACE
    with pytest.raises(WorkspaceNotFoundError):
        enter(keys, basic(SECRET), "second")


async def test_before_the_keys_are_loaded_nobody_is_called_unknown(
    accounts: AccountsInMemory,
) -> None:
    with pytest.raises(NotReadyError):
        enter(KeyRing(accounts), basic(SECRET))
    with pytest.raises(UnauthorizedError):
        enter(KeyRing(accounts), None)


async def test_a_revoked_key_ends_when_that_is_told_and_known_ones_outlive_the_database(
    accounts: AccountsInMemory, keys: KeyRing
) -> None:
    running = asyncio.create_task(keys.run())
    await asyncio.sleep(0)

    accounts.away = True
    keys.refresh_soon()
    await asyncio.sleep(0.01)
    assert enter(keys, basic(SECRET)).workspace.key == WORKSPACE

    accounts.away = False
    del accounts.keys[0]
    keys.refresh_soon()

    await eventually(lambda: refuses(keys), within=1)
    running.cancel()


async def test_a_revoked_key_ends_without_being_told(
    accounts: AccountsInMemory, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.limits.api_keys_refreshed_every_s", 0.05)
    running = asyncio.create_task(keys.run())
    del accounts.keys[0]

    await eventually(lambda: refuses(keys), within=1)
    running.cancel()


async def test_one_key_in_ever_new_spellings_takes_no_more_memory(
    keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.auth.callers_kept_max", 3)

    for blanks in range(10):
        spelt = basic(SECRET).replace(" ", " " * (1 + blanks))
        assert enter(keys, spelt).workspace.key == WORKSPACE

    assert len(keys._callers) == 3


async def test_what_was_read_first_of_the_keys_does_not_come_last(
    accounts: AccountsInMemory, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    read, delays = accounts.load_api_keys, iter([0.05, 0.0])

    async def slowly_at_first() -> list[Any]:
        found = list(await read())
        await asyncio.sleep(next(delays))
        return found

    monkeypatch.setattr(accounts, "load_api_keys", slowly_at_first)
    before = asyncio.create_task(keys.refresh())
    await asyncio.sleep(0.01)
    del accounts.keys[0]
    await asyncio.gather(before, keys.refresh())

    refuses(keys)
