"""The vendor's official client, unchanged."""

import asyncio
from collections.abc import Callable
from typing import Any

import seatsio

from tests.seatsio.installation import Company


class Client:
    """The client in a thread of its own: it blocks."""

    def __init__(self, company: Company, secret: str | None = None) -> None:
        self.blocking = seatsio.Client(seatsio.Region(company.url), secret or company.secret)

    async def do(self, work: Callable[[Any], Any]) -> Any:  # noqa: ANN401 - the client's
        return await asyncio.to_thread(work, self.blocking)
