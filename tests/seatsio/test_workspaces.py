"""Workspaces over HTTP and by the official client: who may manage them, and what each call does."""

from collections.abc import Callable
from typing import Any

import pytest
from seatsio.exceptions import SeatsioException

from tests.seatsio.admin import Admin
from tests.seatsio.installation import Company, Installation
from tests.seatsio.test_bad_input import assert_refused

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")


@pytest.fixture
def admin(company: Company) -> Admin:
    return Admin(company)


async def opens(company: Company, secret: str) -> bool:
    """Say whether a secret key is let in."""
    answer = await company.call("GET", "/events", secret=secret)
    assert answer.status in {200, 401}
    return answer.status == 200


async def test_a_workspace_is_all_that_the_clients_read(admin: Admin) -> None:
    asked = {"name": "Hall", "isTest": True, "forSaleMode": "UNLIMITED_BILLABLE"}
    created = (await admin.call("POST", "/workspaces", asked)).json
    secret = created["secretKey"]
    assert created == {
        "id": created["id"],
        "key": created["key"],
        "name": "Hall",
        "secretKey": secret,
        "secretKeys": [secret],
        "isTest": True,
        "isActive": True,
        "isDefault": False,
        "settings": {"forSaleMode": "UNLIMITED_BILLABLE"},
    }
    assert (await admin.call("GET", f"/workspaces/{created['key']}")).json == created
    assert await opens(admin.company, secret)


async def test_the_default_workspace_is_shown_with_its_secret_key(admin: Admin) -> None:
    company = admin.company
    shown = await admin.do(lambda c: c.workspaces.retrieve(company.workspace))
    assert (shown.key, shown.secret_key) == (company.workspace, company.secret)
    assert (shown.is_default, shown.is_active, shown.is_test) == (True, True, False)
    # What makes the company describes its workspace in the same words.
    assert (await admin.call("GET", f"/workspaces/{company.workspace}")).json["settings"]


async def test_the_official_client_manages_workspaces(admin: Admin) -> None:
    workspace = await admin.do(lambda c: c.workspaces.create("Hall"))
    key = workspace.key
    await admin.do(lambda c: c.workspaces.update(key, "Arena"))
    assert (await admin.do(lambda c: c.workspaces.retrieve(key))).name == "Arena"
    await admin.do(lambda c: c.workspaces.set_default(key))
    assert (await admin.do(lambda c: c.workspaces.retrieve(key))).is_default
    await admin.do(lambda c: c.workspaces.set_default(admin.company.workspace))
    await admin.do(lambda c: c.workspaces.deactivate(key))
    assert not (await admin.do(lambda c: c.workspaces.retrieve(key))).is_active
    await admin.do(lambda c: c.workspaces.activate(key))
    assert (await admin.do(lambda c: c.workspaces.retrieve(key))).is_active
    await admin.do(lambda c: c.workspaces.deactivate(key))
    await admin.do(lambda c: c.workspaces.delete(key))
    with pytest.raises(SeatsioException) as refused:
        await admin.do(lambda c: c.workspaces.retrieve(key))
    assert refused.value.errors == [
        {"code": "WORKSPACE_NOT_FOUND", "message": f"Workspace not found: {key}"}
    ]


async def test_workspaces_are_listed_filtered_and_paged(admin: Admin) -> None:
    keys = [(await admin.workspace(name))["key"] for name in ("ws one", "ws two", "WS three")]
    default = admin.company.workspace
    await admin.call("POST", f"/workspaces/{keys[0]}/actions/deactivate")

    async def listed(work: Callable[[Any], Any]) -> list[str]:
        return [workspace.key for workspace in await admin.do(lambda c: list(work(c.workspaces)))]

    assert await listed(lambda w: w.list()) == [keys[2], keys[1], keys[0], default]
    assert await listed(lambda w: w.list("ws t")) == [keys[2], keys[1]]
    assert await listed(lambda w: w.active.list()) == [keys[2], keys[1], default]
    assert await listed(lambda w: w.active.list("three")) == [keys[2]]
    assert await listed(lambda w: w.inactive.list()) == [keys[0]]
    page = (await admin.call("GET", "/workspaces?limit=2")).json
    assert [item["key"] for item in page["items"]] == [keys[2], keys[1]]
    after = f"/workspaces?limit=2&start_after_id={page['next_page_starts_after']}"
    page = (await admin.call("GET", after)).json
    assert [item["key"] for item in page["items"]] == [keys[0], default]
    assert "next_page_starts_after" not in page


async def test_secret_keys_are_rotated_without_a_gap(admin: Admin) -> None:
    company, workspace = admin.company, await admin.workspace()
    key, first = workspace["key"], workspace["secretKey"]
    second = await admin.do(lambda c: c.workspaces.add_secret_key(key))
    assert await opens(company, first)
    assert await opens(company, second)
    assert (await admin.do(lambda c: c.workspaces.retrieve(key))).secret_keys == [first, second]

    await admin.do(lambda c: c.workspaces.remove_secret_key(key, first))
    assert not await opens(company, first)
    shown = await admin.do(lambda c: c.workspaces.retrieve(key))
    assert (shown.secret_key, shown.secret_keys) == (second, [second])

    third = await admin.do(lambda c: c.workspaces.regenerate_secret_key(key))
    assert not await opens(company, second)
    assert await opens(company, third)
    assert (await admin.do(lambda c: c.workspaces.retrieve(key))).secret_key == third


async def test_a_secret_key_that_is_not_there_or_the_last_is_not_removed(admin: Admin) -> None:
    workspace = await admin.workspace()
    path = f"/workspaces/{workspace['key']}/actions/remove-secret-key"
    foreign = await admin.call("POST", path, {"secretKey": admin.company.secret})
    assert_refused(foreign, 400, "#/secretKey: the workspace has no such secret key")
    last = await admin.call("POST", path, {"secretKey": workspace["secretKey"]})
    assert_refused(
        last,
        400,
        "#/secretKey: the last secret key of a workspace cannot be removed: add one before",
    )
    assert await opens(admin.company, workspace["secretKey"])


async def test_an_inactive_workspace_is_closed_until_it_is_activated(admin: Admin) -> None:
    company, workspace = admin.company, await admin.workspace()
    key, secret = workspace["key"], workspace["secretKey"]
    await admin.call("POST", f"/workspaces/{key}/actions/deactivate")
    assert not await opens(company, secret)
    named = await admin.call("GET", "/events", X_Workspace_Key=key)
    assert_refused(named, 404, f"Workspace not found: {key}")
    assert (await admin.call("GET", f"/workspaces/{key}")).json["isActive"] is False

    await admin.call("POST", f"/workspaces/{key}/actions/activate")
    assert await opens(company, secret)
    assert (await admin.call("GET", "/events", X_Workspace_Key=key)).status == 200


async def test_the_default_workspace_stays_active_and_an_active_one_is_not_deleted(
    admin: Admin,
) -> None:
    default, closed = admin.company.workspace, await admin.deactivated()
    for method, path, key, why in (
        ("POST", "/workspaces/{}/actions/deactivate", default, "the default workspace cannot be"),
        ("DELETE", "/workspaces/{}", default, "an active workspace cannot be deleted"),
        ("POST", "/workspaces/actions/set-default/{}", closed, "an inactive workspace cannot be"),
    ):
        answer = await admin.call(method, path.format(key))
        assert answer.status == 400
        assert answer.messages[0].startswith(f"Workspace {key}: {why}")
    path = f"/workspaces/actions/set-default/{default}"
    answer = await admin.call("POST", path, {"key": closed})
    assert (answer.status, answer.messages) == (400, [f"#/key: expected {default}, as in the path"])
    assert await opens(admin.company, admin.company.secret)


async def test_the_admin_key_follows_the_default_workspace(admin: Admin) -> None:
    workspace = await admin.workspace()
    other = (await admin.call("POST", "/hold-tokens")).json["workspaceKey"]
    await admin.call("POST", f"/workspaces/actions/set-default/{workspace['key']}")
    token = (await admin.call("POST", "/hold-tokens")).json
    assert (other, token["workspaceKey"]) == (admin.company.workspace, workspace["key"])


async def test_events_and_charts_of_two_workspaces_are_apart(admin: Admin) -> None:
    company, workspace = admin.company, await admin.workspace()
    event = await company.event("drop")
    other = await admin.call("GET", f"/events/{event}", X_Workspace_Key=workspace["key"])
    assert other.status == 404
    assert (await admin.call("GET", f"/events/{event}")).status == 200
    assert (await company.call("GET", "/charts", secret=workspace["secretKey"])).json["items"] == []


ADMINS_ONLY = [
    ("GET", "/workspaces"),
    ("GET", "/workspaces/active"),
    ("GET", "/workspaces/inactive"),
    ("POST", "/workspaces"),
    ("GET", "/workspaces/{key}"),
    ("POST", "/workspaces/{key}"),
    ("DELETE", "/workspaces/{key}"),
    ("POST", "/workspaces/{key}/actions/activate"),
    ("POST", "/workspaces/{key}/actions/deactivate"),
    ("POST", "/workspaces/{key}/actions/add-secret-key"),
    ("POST", "/workspaces/{key}/actions/regenerate-secret-key"),
    ("POST", "/workspaces/{key}/actions/remove-secret-key"),
    ("POST", "/workspaces/actions/set-default/{key}"),
]


@pytest.mark.parametrize(("method", "path"), ADMINS_ONLY)
async def test_a_workspaces_own_key_manages_none(
    company: Company, running: Installation, method: str, path: str
) -> None:
    answer = await company.call(method, path.format(key=company.workspace), {"name": "mine"})
    assert (answer.status, answer.body) == (403, b"")
    stranger = Admin(await running.company())
    if "{key}" in path:
        content = {"secretKey": company.secret} if "remove" in path else {}
        content = {"name": "mine"} if path == "/workspaces/{key}" and method == "POST" else content
        foreign = await stranger.call(method, path.format(key=company.workspace), content)
        assert_refused(foreign, 404, f"Workspace not found: {company.workspace}")
    assert await opens(company, company.secret)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "#: required key [name] not found"),
        ({"name": ""}, "#/name: expected minLength: 1, actual: 0"),
        ({"name": "n" * 256}, "#/name: expected maxLength: 255, but it is longer"),
        ({"name": 7}, "#/name: expected type: String, found: Integer"),
        ({"name": "n", "isTest": "yes"}, "#/isTest: expected type: Boolean, found: String"),
        (
            {"name": "n", "forSaleMode": "FREE"},
            "#/forSaleMode: expected one of 'RATE_LIMITED' or 'UNLIMITED_BILLABLE'",
        ),
        ({"name": "n", "oops": 1}, "#: extraneous key [oops] is not permitted"),
    ],
)
async def test_a_workspace_that_cannot_be_is_refused(
    admin: Admin, content: object, message: str
) -> None:
    assert_refused(await admin.call("POST", "/workspaces", content), 400, message)
    assert len((await admin.call("GET", "/workspaces")).json["items"]) == 1


async def test_an_unknown_workspace_key_is_not_found(admin: Admin) -> None:
    answer = await admin.call("GET", "/events", X_Workspace_Key="nowhere")
    assert_refused(answer, 404, "Workspace not found: nowhere")
    assert answer.json["errors"][0]["code"] == "WORKSPACE_NOT_FOUND"
