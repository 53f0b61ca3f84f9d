"""The life of an ingress, as seen over HTTP: alive, ready, stopping."""

import asyncio

import aiohttp
import pytest

from api.app import listen, serve
from api.core import Ingress
from schemas.topics import Topics
from seatlog.local.ports import free_port
from tests.api.ingress import SECRET, SIGNING_KEY, AccountsInMemory, create_event
from tests.api.owners import owners
from tests.api.test_app import entrance
from tests.eventually import eventually


async def test_alive_and_ready_are_two_things(topics: Topics) -> None:
    core = Ingress("127.0.0.1:9", topics, AccountsInMemory(), SIGNING_KEY)
    runner = await listen(core, entrance(core).handle, "127.0.0.1", 0)
    headers = {"Authorization": aiohttp.encode_basic_auth(SECRET, "")}
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    async with aiohttp.ClientSession(url, headers=headers) as client:
        for method in ("GET", "HEAD"):
            async with client.request(method, "/health") as response:
                assert response.status == 200
        async with client.get("/ready") as response:
            assert response.status == 503
            assert "the broker" in (await response.json())["missing"]
        async with client.post("/book/drop/A-1") as response:
            assert response.status == 503
            assert "Retry-After" in response.headers
    await runner.cleanup()


async def test_a_stopping_ingress_answers_what_is_open_and_then_ends(
    kafka_bootstrap: str, topics: Topics
) -> None:
    core = Ingress(kafka_bootstrap, topics, AccountsInMemory(), SIGNING_KEY)
    stop = asyncio.Event()
    port = free_port()
    serving = asyncio.create_task(serve(core, entrance(core).handle, "127.0.0.1", port, stop))
    headers = {"Authorization": aiohttp.encode_basic_auth(SECRET, "")}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client:

        async def ready() -> None:
            try:
                async with client.get("/ready") as response:
                    assert response.status == 200
            except aiohttp.ClientConnectionError as error:
                raise AssertionError from error

        await eventually(ready)
        async with owners(kafka_bootstrap, topics):
            await create_event(core, "drop")
        open_request = asyncio.create_task(client.post("/book/drop/A-1"))

        def under_way() -> None:
            assert core.submitter.waiters

        await eventually(under_way)
        stop.set()
        async with owners(kafka_bootstrap, topics), await open_request as response:
            assert await response.text() == "Accepted"
        await asyncio.wait_for(serving, timeout=9)
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.get("/health")
