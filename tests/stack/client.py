"""A raw HTTP client of the whole service: what it sends is what the test says."""

import asyncio
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec

VENUES = Path(__file__).parents[2] / "seatlog" / "demo" / "venues"
READS_MAX = 10
GROUP_PATH = "/events/groups/actions/change-object-status"


class Reply(NamedTuple):
    """An answer: status, headers, and the body as JSON (None if there is none)."""

    status: int
    headers: dict[str, str]
    body: Any


class Client:
    """Calls one ingress with one API key."""

    def __init__(self, address: str, api_key: str) -> None:
        self.address = address
        headers = {"Authorization": aiohttp.encode_basic_auth(api_key, "")}
        timeout = aiohttp.ClientTimeout(total=30)
        self._session = aiohttp.ClientSession(headers=headers, timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        if body is None:
            data = b""
        url = f"{self.address}{path}"
        sent = BytesIO(data)
        async with self._session.request(method, url, data=sent, headers=headers) as response:
            raw = await response.read()
            return Reply(
                response.status, dict(response.headers), msgspec.json.decode(raw) if raw else None
            )

    async def import_chart(self, venue: str = "sampleChart.json") -> str:
        drawing = (VENUES / venue).read_bytes()
        reply = await self.call("POST", "/charts/actions/import", drawing)
        assert reply.status == 201, reply
        return str(reply.body["key"])

    async def create_event(self, chart: str, key: str) -> None:
        reply = await self.call("POST", "/events", {"chartKey": chart, "eventKey": key})
        assert reply.status == 200, reply

    async def change(
        self,
        event: str,
        *labels: str,
        headers: dict[str, str] | None = None,
        **more: object,
    ) -> Reply:
        body = {"events": [event], "objects": list(labels), "status": "booked", **more}
        return await self.call("POST", GROUP_PATH, body, headers)

    async def read(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Read, and come back as asked where the projection is too late to show all."""
        for _ in range(READS_MAX):
            reply = await self.call("GET", path)
            if reply.status != 503:
                break
            await asyncio.sleep(float(reply.headers["Retry-After"]))
        assert reply.status == 200, reply
        return reply.body

    async def status_of(self, event: str, label: str) -> str:
        body = await self.read(f"/events/{event}/objects?label={label}")
        return str(body[label]["status"])
