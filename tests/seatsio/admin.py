"""A company's admin key, over raw HTTP and in the official client."""

import asyncio
from collections.abc import Callable
from typing import Any

import seatsio

from tests.seatsio.installation import Answer, Company


class Admin:
    """Who manages a company."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.blocking = seatsio.Client(seatsio.Region(company.url), company.admin_secret)

    async def call(self, method: str, path: str, content: object = b"", **headers: str) -> Answer:
        secret = self.company.admin_secret
        return await self.company.call(method, path, content, secret=secret, **headers)

    async def do(self, work: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - the client's
        """Let the client work in a thread of its own: it blocks."""
        return await asyncio.to_thread(work, self.blocking)

    async def workspace(self, name: str = "Hall") -> Any:  # noqa: ANN401 - JSON
        """Make a workspace and give it as it was answered."""
        created = await self.call("POST", "/workspaces", {"name": name})
        assert created.status == 200, created
        return created.json

    async def deactivated(self) -> str:
        """Make an inactive workspace and give its key."""
        key: str = (await self.workspace())["key"]
        done = await self.call("POST", f"/workspaces/{key}/actions/deactivate")
        assert done.status == 204
        return key
