"""Postgres away: what needs no database goes on, the rest says when to come back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from schemas.topics import Topics
from seatlog.installation import Installation
from seatlog.local.ports import free_port
from seatlog.local.postgres import LocalPostgres
from tests.eventually import eventually
from tests.stack.client import GROUP_PATH, Client


@pytest.fixture
async def postgres(tmp_path: Path) -> AsyncIterator[LocalPostgres]:
    server = LocalPostgres(tmp_path / "postgres")
    await asyncio.to_thread(server.start)
    await asyncio.to_thread(server.wait_ready)
    yield server
    await asyncio.to_thread(server.stop)


@pytest.mark.timeout(180)
async def test_bookings_go_on_and_the_rest_recovers(
    kafka_bootstrap: str, topic_names: Topics, postgres: LocalPostgres, tmp_path: Path
) -> None:
    installation = Installation(
        tmp_path / "installation",
        bootstrap=kafka_bootstrap,
        dsn=postgres.dsn,
        port=free_port(),
        workers=1,
        environment={"SEATLOG_TOPIC_PREFIX": topic_names["inventories"].prefix},
    )
    try:
        await installation.start()
        async with Client(installation.address, installation.api_key) as client:
            chart = await client.import_chart()
            await client.create_event(chart, "drop")
            assert (await client.change("drop", "A-1")).status == 204
            await asyncio.to_thread(postgres.stop)
            await _goes_on(client)
            await _says_when_to_come_back(client, chart)
            await asyncio.to_thread(postgres.start)
            await asyncio.to_thread(postgres.wait_ready)
            await _recovers(client)
    finally:
        await installation.stop()


async def _goes_on(client: Client) -> None:
    token = await client.call("POST", "/hold-tokens")
    assert token.status in (200, 201), token
    hold = {"holdToken": token.body["holdToken"]}
    held = await client.change("drop", "A-2", status="reservedByToken", **hold)
    assert held.status == 204, held
    assert (await client.change("drop", "A-2", **hold)).status == 204
    refused = await client.change("drop", "A-1")
    assert refused.status == 400
    assert refused.body["errors"][0]["code"] == "ILLEGAL_STATUS_CHANGE"


async def _says_when_to_come_back(client: Client, chart: str) -> None:
    body = {"events": ["drop"], "objects": ["A-3"], "status": "booked"}
    away = [
        await client.call("GET", "/events/drop"),
        await client.call("GET", "/events/drop/status-changes"),
        await client.call("GET", f"/charts/{chart}"),
        await client.call("POST", "/events", {"chartKey": chart}),
        await client.call("POST", GROUP_PATH, body, {"Idempotency-Key": "order-1"}),
    ]
    for reply in away:
        assert reply.status == 503, reply
        assert int(reply.headers["Retry-After"]) >= 1
        assert reply.body["errors"], reply


async def _recovers(client: Client) -> None:
    async def reads_again() -> None:
        assert (await client.call("GET", "/events/drop")).status == 200

    await eventually(reads_again, within=30)
    assert await client.status_of("drop", "A-2") == "booked"
    assert await client.status_of("drop", "A-3") == "free"
    first = await client.change("drop", "A-3", headers={"Idempotency-Key": "order-1"})
    again = await client.change("drop", "A-3", headers={"Idempotency-Key": "order-1"})
    assert (first.status, again.status) == (204, 204)
    assert again.headers["Idempotent-Replayed"] == "true"
