"""Workspaces: create, rename, list, switch on and off, delete, and the secret keys of each.

A company's admin key alone may call these. Who was answered may use what was answered at once:
this ingress loads its keys again before it answers, the others hear of it by themselves.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field

from adapters.postgres.accounts import NewWorkspace, WorkspaceWithSecrets
from adapters.postgres.errors import (
    ApiKeyUnknownError,
    LastApiKeyError,
    WorkspaceInUseError,
    WorkspaceUnknownError,
)
from api.call import Call, CallHandler, Route
from api.done import DONE
from api.errors import WorkspaceNotFoundError
from api.limits import authorization_characters_max
from api.seatsio.errors import bad_request
from api.seatsio.paging import CURSOR_PARAMETERS, check_parameters, page_json, read_cursor, single
from api.seatsio.parts import JSON, Parts, answer, path_part
from api.seatsio.wire import Body, Text, read, read_text

ForSaleMode = Literal["RATE_LIMITED", "UNLIMITED_BILLABLE"]
for_sale_mode_default: ForSaleMode = "RATE_LIMITED"


class WorkspaceAsked(Body):
    """A workspace to create."""

    name: Text
    is_test: bool | None = None
    for_sale_mode: ForSaleMode | None = None


class WorkspaceChange(Body):
    """A new name for a workspace."""

    name: Text
    for_sale_mode: ForSaleMode | None = None


class SecretKeyToRemove(Body):
    """A secret key of a workspace."""

    secret_key: Annotated[str, Field(min_length=1, max_length=authorization_characters_max)]


class DefaultAsked(Body):
    """The key of the path once more: the vendor's npm client sends it."""

    key: Text | None = None


class NoBody(Body):
    """What actions without parameters take."""


class Workspaces:
    """The routes of workspaces."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> list[Route]:
        handlers: list[tuple[str, str, CallHandler]] = [
            ("GET", "/workspaces", self._list),
            ("POST", "/workspaces", self._create),
            ("GET", "/workspaces/active", self._list_active),
            ("GET", "/workspaces/inactive", self._list_inactive),
            ("GET", "/workspaces/{key}", self._retrieve),
            ("POST", "/workspaces/{key}", self._update),
            ("DELETE", "/workspaces/{key}", self._delete),
            ("POST", "/workspaces/{key}/actions/activate", self._activate),
            ("POST", "/workspaces/{key}/actions/deactivate", self._deactivate),
            ("POST", "/workspaces/{key}/actions/add-secret-key", self._add_secret_key),
            ("POST", "/workspaces/{key}/actions/regenerate-secret-key", self._regenerate),
            ("POST", "/workspaces/{key}/actions/remove-secret-key", self._remove_secret_key),
            ("POST", "/workspaces/actions/set-default/{key}", self._set_default),
        ]
        return [
            Route(method=method, path=path, handler=handler, for_admins=True)
            for method, path, handler in handlers
        ]

    async def _list(self, call: Call) -> web.Response:
        return await self._page(call)

    async def _list_active(self, call: Call) -> web.Response:
        return await self._page(call, active=True)

    async def _list_inactive(self, call: Call) -> web.Response:
        return await self._page(call, active=False)

    async def _page(self, call: Call, *, active: bool | None = None) -> web.Response:
        check_parameters(call.request, {"filter", *CURSOR_PARAMETERS})
        cursor = read_cursor(call.request)
        name_filter = single(call.request, "filter") or ""
        if name_filter:
            name_filter = read_text(name_filter, "filter")
        page = await self._parts.accounts.workspaces_page(
            call.company, cursor, name_filter, active=active
        )
        return answer(page_json(page, [workspace_json(workspace) for workspace in page.items]))

    async def _create(self, call: Call) -> web.Response:
        check_parameters(call.request)
        asked = read(call.body, WorkspaceAsked)
        created = await self._parts.accounts.create_workspace(
            call.company,
            asked.name,
            is_test=bool(asked.is_test),
            for_sale_mode=asked.for_sale_mode,
        )
        await self._parts.core.keys.refresh()
        return answer(new_workspace_json(created))

    async def _retrieve(self, call: Call) -> web.Response:
        check_parameters(call.request)
        key = path_part(call, "key")
        try:
            found = await self._parts.accounts.workspace(call.company, key)
        except WorkspaceUnknownError as error:
            raise WorkspaceNotFoundError(key) from error
        return answer(workspace_json(found))

    async def _update(self, call: Call) -> web.Response:
        asked = read(call.body, WorkspaceChange)
        async with self._changing(call) as key:
            await self._parts.accounts.update_workspace(
                call.company, key, asked.name, asked.for_sale_mode
            )
        return DONE

    async def _delete(self, call: Call) -> web.Response:
        read(call.body, NoBody)
        async with self._changing(call) as key:
            await self._parts.accounts.delete_workspace(call.company, key)
        return DONE

    async def _activate(self, call: Call) -> web.Response:
        read(call.body, NoBody)
        async with self._changing(call) as key:
            await self._parts.accounts.set_active(call.company, key, active=True)
        return DONE

    async def _deactivate(self, call: Call) -> web.Response:
        read(call.body, NoBody)
        async with self._changing(call) as key:
            await self._parts.accounts.set_active(call.company, key, active=False)
        return DONE

    async def _set_default(self, call: Call) -> web.Response:
        asked = read(call.body, DefaultAsked)
        async with self._changing(call) as key:
            if asked.key not in (None, key):
                raise bad_request(f"#/key: expected {key}, as in the path")
            await self._parts.accounts.set_default(call.company, key)
        return DONE

    async def _add_secret_key(self, call: Call) -> web.Response:
        read(call.body, NoBody)
        async with self._changing(call) as key:
            made = await self._parts.accounts.create_api_key(call.company, key)
        return answer({"secretKey": made.secret})

    async def _regenerate(self, call: Call) -> web.Response:
        read(call.body, NoBody)
        async with self._changing(call) as key:
            made = await self._parts.accounts.replace_api_keys(call.company, key)
        return answer({"secretKey": made.secret})

    async def _remove_secret_key(self, call: Call) -> web.Response:
        asked = read(call.body, SecretKeyToRemove)
        async with self._changing(call) as key:
            await self._parts.accounts.remove_api_key(call.company, key, asked.secret_key)
        return DONE

    @asynccontextmanager
    async def _changing(self, call: Call) -> AsyncIterator[str]:
        """Give the workspace's key, tell what cannot be done, and let what was done count."""
        check_parameters(call.request)
        key = path_part(call, "key")
        try:
            yield key
        except WorkspaceUnknownError as error:
            raise WorkspaceNotFoundError(key) from error
        except WorkspaceInUseError as error:
            raise bad_request(f"Workspace {key}: {error}") from error
        except ApiKeyUnknownError as error:
            raise bad_request("#/secretKey: the workspace has no such secret key") from error
        except LastApiKeyError as error:
            raise bad_request(
                "#/secretKey: the last secret key of a workspace cannot be removed: add one before"
            ) from error
        await self._parts.core.keys.refresh()


def new_workspace_json(created: NewWorkspace) -> JSON:
    """Describe a workspace that was just made."""
    return workspace_json(WorkspaceWithSecrets(created.workspace, [created.api_key.secret]))


def workspace_json(described: WorkspaceWithSecrets) -> JSON:
    """Describe a workspace; the first of its secret keys is the oldest that can be shown."""
    workspace, secret_keys = described
    return {
        "id": workspace.id,
        "key": workspace.key,
        "name": workspace.name,
        "secretKey": secret_keys[0] if secret_keys else None,
        "secretKeys": secret_keys,
        "isTest": workspace.is_test,
        "isActive": workspace.is_active,
        "isDefault": workspace.is_default,
        "settings": {"forSaleMode": workspace.for_sale_mode or for_sale_mode_default},
    }
