"""Requests at once: counted for each workspace and lane, before their bodies are read."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest

from api.app import Entrance, listen
from api.core import Ingress
from api.errors import RateLimitExceededError
from api.lanes import LaneLimits, Places
from schemas.topics import Topics
from tests.api.ingress import (
    COMPANY_SECRET,
    SIGNING_KEY,
    AccountsInMemory,
    WorkspaceRow,
)
from tests.api.plain_dialect import PlainDialect
from tests.eventually import eventually

FIRST, SECOND = "first", "second"
REGULAR_MAX = 2


def test_a_place_is_free_again_when_it_was_left() -> None:
    places = Places(2)
    places.take("ws")
    places.take("ws")
    with pytest.raises(RateLimitExceededError):
        places.take("ws")
    places.take("other")
    places.leave("ws")
    places.take("ws")
    with pytest.raises(RateLimitExceededError):
        places.take("ws")


def test_workspaces_that_ask_nothing_take_no_memory() -> None:
    places = Places(2)
    for number in range(100):
        places.take(str(number))
        places.take(str(number))
        places.leave(str(number))
        places.leave(str(number))
    assert places._under_way == {}


@pytest.fixture
async def client(topic_names: Topics) -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client of an ingress with a lane for two regular requests and one for a sale.

    No broker is needed: nothing is appended.
    """
    accounts = AccountsInMemory(
        [WorkspaceRow(1, FIRST, is_default=True), WorkspaceRow(2, SECOND)],
    )
    core = Ingress("127.0.0.1:9", topic_names, accounts, SIGNING_KEY)
    lane_limits = LaneLimits(priority_max=1, regular_max=REGULAR_MAX)
    entrance = Entrance(core, [PlainDialect(core)], lane_limits)
    runner = await listen(core, entrance.handle, "127.0.0.1", 0)
    headers = {"Authorization": aiohttp.encode_basic_auth(COMPANY_SECRET, "")}
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(url, headers=headers) as session:
        await eventually(lambda: _loaded(core))
        yield session
    await runner.cleanup()


def _loaded(core: Ingress) -> None:
    assert core.keys.ready()


async def status(client: aiohttp.ClientSession, path: str, workspace: str = FIRST) -> int:
    async with client.post(path, headers={"X-Workspace-Key": workspace}) as response:
        return response.status


@asynccontextmanager
async def under_way(
    client: aiohttp.ClientSession, path: str, workspace: str = FIRST
) -> AsyncIterator[None]:
    """Have one request in its lane: its body comes at the end."""
    begun, finish = asyncio.Event(), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        begun.set()
        await finish.wait()
        yield b"}"

    async def send() -> int:
        headers = {"X-Workspace-Key": workspace}
        async with client.post(path, data=slowly(), headers=headers) as response:
            return response.status

    sending = asyncio.create_task(send())
    await begun.wait()
    try:
        yield
    finally:
        finish.set()
        assert await sending == 200


async def _never_ending() -> AsyncIterator[bytes]:
    yield b"{"
    await asyncio.Future()


async def test_a_full_lane_refuses_without_reading_and_holds_up_nobody_else(
    client: aiohttp.ClientSession,
) -> None:
    async def refused() -> None:
        # A body of which nothing comes: it is not waited for.
        headers = {"X-Workspace-Key": FIRST, "Content-Length": "100", "Connection": "close"}
        async with client.post("/echo", headers=headers) as response:
            assert response.status == 429
            assert int(response.headers["Retry-After"]) >= 1
            assert (await response.json())["problems"] == [
                [
                    "RATE_LIMIT_EXCEEDED",
                    "Too many requests of this workspace are under way: try again later",
                ]
            ]

    async with AsyncExitStack() as stack:
        for _ in range(REGULAR_MAX):
            await stack.enter_async_context(under_way(client, "/echo"))
        await eventually(refused)
        assert await status(client, "/sale") == 200
        assert await status(client, "/echo", SECOND) == 200
        async with under_way(client, "/sale"):

            async def sale_is_full() -> None:
                assert await status(client, "/sale") == 429

            await eventually(sale_is_full)
            assert await status(client, "/sale", SECOND) == 200
    assert await status(client, "/echo") == 200
    assert await status(client, "/sale") == 200


async def test_whatever_becomes_of_a_request_its_place_is_left(
    client: aiohttp.ClientSession,
) -> None:
    for _ in range(REGULAR_MAX + 1):
        async with client.get("/fault") as response:
            assert response.status == 500
        async with client.get("/refused") as response:
            assert response.status == 400
        large = {"Content-Length": "999999999", "Connection": "close"}
        async with client.post("/echo", headers=large) as response:
            assert response.status == 413
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await client.post("/echo", data=_never_ending())
    async with under_way(client, "/echo"):
        pass
