"""The ingress as a process: what its settings add to the API."""

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from uuid import UUID

import aiohttp
import pytest

from seatlog.local.ports import free_port
from tests.conftest import MakeTopics
from tests.eventually import eventually
from tests.seatsio.installation import Answer, Company

CREATE = "/system/private/create-test-company"


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@contextlib.asynccontextmanager
async def ingress(**settings: str) -> AsyncIterator[str]:
    """Run one until left, with nothing of what it answers from; give its address."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    inherited = {name: value for name, value in os.environ.items() if name != "TEST_COMPANIES"}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "seatlog.processes.ingress"),
        env={**inherited, "PORT": str(port), "SEATLOG_SIGNING_KEY": "5e" * 32, **settings},
        stdin=asyncio.subprocess.PIPE,
    )

    async def is_ready() -> None:
        assert process.returncode is None
        try:
            async with aiohttp.request("GET", f"{address}/ready") as answer:
                assert answer.status == 200
        except aiohttp.ClientConnectionError as error:
            raise AssertionError from error

    try:
        await eventually(is_ready, within=30)
        yield address
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def test_companies_for_tests_are_made_only_where_the_setting_says_so(
    kafka_bootstrap: str,
    database: str,
    make_topics: MakeTopics,
    http: aiohttp.ClientSession,
) -> None:
    topics = await make_topics()
    settings = {
        "KAFKA_BOOTSTRAP": kafka_bootstrap,
        "DATABASE_URL": database,
        "SEATLOG_TOPIC_PREFIX": topics["inventories"].prefix,
        "SYSTEM_SECRET": "of this test",
    }

    async def create(address: str, secret: str) -> Answer:
        return await Company(address, http, secret, "", "").post(CREATE)

    async with ingress(**settings) as plain, ingress(**settings, TEST_COMPANIES="1") as for_tests:
        assert (await create(plain, "of this test")).status == 404
        assert (await create(for_tests, "superSecretSystemApi")).status == 401
        created = await create(for_tests, "of this test")
        assert created.status == 200
        made = created.json
        for key in (made["admin"]["secretKey"], made["workspace"]["secretKey"]):
            opened = await Company(for_tests, http, key, "", "").get("/charts")
            assert (opened.status, opened.json["items"]) == (200, [])
    admin, workspace = made["admin"], made["workspace"]
    assert str(UUID(admin["designerKey"])) == admin["designerKey"]
    assert "@" in admin["email"]
    assert isinstance(workspace["id"], int)
    assert workspace["key"]
    assert workspace["secretKeys"] == [workspace["secretKey"]] != [admin["secretKey"]]
    assert workspace["name"] == "Production workspace"
    assert (workspace["isTest"], workspace["isActive"], workspace["isDefault"]) == (
        False,
        True,
        True,
    )
