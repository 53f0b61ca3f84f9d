"""The entrance over real HTTP: keys, bodies, routes, refusals."""

import asyncio
import gzip
import io
from base64 import b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from api.app import Entrance, listen
from api.core import Ingress
from api.lanes import LaneLimits
from schemas.topics import Topics
from tests.api.ingress import (
    COMPANY_SECRET,
    SECRET,
    SIGNING_KEY,
    AccountsInMemory,
    create_event,
    until_ready,
)
from tests.api.owners import owners
from tests.api.plain_dialect import PlainDialect
from tests.eventually import eventually
from tests.workers.house import WORKSPACE


@dataclass
class Site:
    core: Ingress
    url: str
    port: int
    client: aiohttp.ClientSession


def entrance(core: Ingress) -> Entrance:
    return Entrance(core, [PlainDialect(core)], LaneLimits())


@pytest.fixture
async def site(
    kafka_bootstrap: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    monkeypatch.setattr("api.limits.lingering_s", 0.05)
    core = Ingress(kafka_bootstrap, topics, AccountsInMemory(), SIGNING_KEY)
    runner = await listen(core, entrance(core).handle, "127.0.0.1", 0)
    port = runner.addresses[0][1]
    await until_ready(core)
    headers = {"Authorization": aiohttp.encode_basic_auth(SECRET, "")}
    async with aiohttp.ClientSession(f"http://127.0.0.1:{port}", headers=headers) as client:
        yield Site(core, f"http://127.0.0.1:{port}", port, client)
    await runner.cleanup()


async def raw(site: Site, *parts: bytes, cut_off: bool = False) -> bytes:
    """Send bytes as they are, and give all that comes back until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    if cut_off:
        writer.write_eof()
    try:
        return await asyncio.wait_for(reader.read(), timeout=5)
    finally:
        writer.close()
        await writer.wait_closed()


def head(path: str, *headers: bytes) -> bytes:
    lines = [f"POST {path} HTTP/1.1".encode(), b"Host: x", b"Connection: close", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


KEY = b"Authorization: Basic " + b64encode(SECRET.encode() + b":")


async def test_a_handler_gets_the_caller_and_the_body(site: Site) -> None:
    async with site.client.post("/echo", data=b"12345") as response:
        said = await response.json()

    assert said == {"workspace": WORKSPACE, "company": 1, "bytes": 5, "ip": "127.0.0.1"}


async def test_a_body_may_be_missing_or_come_in_pieces(site: Site) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"x" * 1_000

    async with site.client.post("/echo") as response:
        assert (await response.json())["bytes"] == 0
    async with site.client.post("/echo", data=pieces()) as response:
        assert (await response.json())["bytes"] == 100_000


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"Authorization:",
        b"Authorization: Basic",
        b"Authorization: Basic ?",
        b"Authorization: Basic " + b64encode(SECRET.encode()),
        b"Authorization: Basic " + b64encode(b"\xff\xfe:"),
        b"Authorization: Basic \xff\xfe",
        b"Authorization: Bearer unknown",
        b"Authorization: Bearer " + b"x" * 5_000,
    ],
)
async def test_a_401_has_no_body_and_leaves_the_request_unread(site: Site, header: bytes) -> None:
    headers = [header] if header else []

    answer = await raw(site, head("/echo", *headers, b"Content-Length: 1000000000"))

    assert answer.startswith(b"HTTP/1.1 401 ")
    assert answer.partition(b"\r\n\r\n")[2] == b""
    assert b"www-authenticate: basic" in answer.lower()


async def test_what_is_for_admins_is_a_403_without_a_body_for_others(site: Site) -> None:
    answer = await raw(site, head("/company", KEY, b"Content-Length: 1000000000"))

    assert answer.startswith(b"HTTP/1.1 403 ")
    assert answer.partition(b"\r\n\r\n")[2] == b""
    credentials = b64encode(f"{COMPANY_SECRET}:".encode())
    admin = await raw(site, head("/company", b"Authorization: Basic " + credentials))
    assert admin.startswith(b"HTTP/1.1 200 ")


async def test_an_open_route_asks_for_no_key(site: Site) -> None:
    async with aiohttp.ClientSession(site.url) as client, client.post("/open", data=b"1") as said:
        assert (said.status, await said.read()) == (200, b"1")


async def test_an_unknown_workspace_has_the_dialects_shape(site: Site) -> None:
    headers = {
        "Authorization": aiohttp.encode_basic_auth(COMPANY_SECRET, ""),
        "X-Workspace-Key": "nowhere",
    }
    async with (
        aiohttp.ClientSession(site.url, headers=headers) as client,
        client.post("/echo") as response,
    ):
        assert response.status == 404
        assert (await response.json())["problems"][0][0] == "WORKSPACE_NOT_FOUND"


async def test_a_body_over_the_limit_of_its_route_is_refused(site: Site) -> None:
    limit = 256 * 1024

    async def pieces(count: int) -> AsyncIterator[bytes]:
        for _ in range(count):
            yield b"x" * 1024

    for path, data, status in [
        ("/echo", b"x" * limit, 200),
        ("/echo", b"x" * (limit + 1), 413),
        ("/echo", pieces(257), 413),
        ("/large", b"x" * (limit + 1), 200),
        ("/large", b"x" * (4 * 1024 * 1024 + 1), 413),
    ]:
        body = io.BytesIO(data) if isinstance(data, bytes) else data
        async with site.client.post(path, data=body) as response:
            assert response.status == status, (path, status)
            if status == 413:
                assert (await response.json())["problems"][0][0] == "BODY_TOO_LARGE"


async def test_a_body_over_the_limit_is_refused_before_it_is_sent(site: Site) -> None:
    answer = await raw(site, head("/echo", KEY, b"Content-Length: 1000000000"), b"x" * 100)

    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "identity", "nonsense"])
async def test_a_compressed_body_is_refused(site: Site, encoding: str) -> None:
    bomb = gzip.compress(b"x" * 100_000_000, 9)
    headers = {"Content-Encoding": encoding}
    async with site.client.post("/echo", data=io.BytesIO(bomb), headers=headers) as response:
        assert response.status == 415
        problem = (await response.json())["problems"][0]
    assert problem[0] == "CONTENT_ENCODING_NOT_SUPPORTED"
    assert encoding in problem[1]


async def test_a_body_that_never_comes_is_not_waited_for(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.limits.body_wait_s", 0.2)

    answer = await raw(site, head("/echo", KEY, b"Content-Length: 100"), b"x")

    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_who_waits_with_the_body_is_told_to_send_it_only_where_it_is_read(
    site: Site,
) -> None:
    expects = (KEY, b"Expect: 100-continue", b"Content-Length: 5")
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(head("/echo", *expects))
    told = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), timeout=5)
    writer.write(b"12345")
    answer = await asyncio.wait_for(reader.read(), timeout=5)
    writer.close()
    await writer.wait_closed()

    assert told == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b'"bytes":5' in answer
    assert (await raw(site, head("/echo", *expects[1:]))).startswith(b"HTTP/1.1 401 ")
    too_much = head("/echo", *expects[:2], b"Content-Length: 1000000000")
    assert (await raw(site, too_much)).startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize("path", ["/echo", "/echo?x=1", "/%65cho", "/ech%6F?"])
async def test_a_route_is_found_however_its_path_is_written(site: Site, path: str) -> None:
    answer = await raw(site, head(path, KEY))

    assert answer.startswith(b"HTTP/1.1 200 ")


async def test_a_body_cut_off_in_the_middle_is_no_fault(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    await raw(site, head("/echo", KEY, b"Content-Length: 100"), b"x", cut_off=True)
    await raw(site, head("/echo", KEY, b"Transfer-Encoding: chunked"), b"5\r\nab", cut_off=True)
    chunked = await raw(site, head("/echo", KEY, b"Transfer-Encoding: chunked"), b"zz\r\nab")

    assert b" 500 " not in chunked.partition(b"\r\n")[0]
    async with site.client.post("/echo") as response:
        assert response.status == 200
    assert "a request failed" not in caplog.text


async def test_what_has_no_route_is_refused_in_the_dialects_shape(site: Site) -> None:
    async with site.client.get("/nowhere") as response:
        assert response.status == 404
        assert (await response.json())["problems"] == [["NOT_FOUND", "Not Found"]]
    async with site.client.get("/echo") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "POST"
        assert (await response.json())["problems"][0][0] == "METHOD_NOT_ALLOWED"


async def test_a_fault_of_ours_is_logged_and_not_shown(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    async with site.client.get("/fault") as response:
        assert response.status == 500
        text = await response.text()
        request_id = response.headers["X-Request-Id"]

    assert "secret" not in text
    assert request_id in text
    assert "a secret of ours" in caplog.text


async def test_a_refusal_is_written_by_the_dialect(site: Site) -> None:
    async with site.client.get("/refused") as response:
        assert response.status == 400
        said = await response.json()

    assert said["problems"] == [["GENERAL_ERROR", "#/events: expected minimum item count: 1"]]
    assert said["id"] == response.headers["X-Request-Id"]


async def test_a_full_ingress_refuses_before_it_reads_the_body(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.core.submitter, "_in_flight_max", 0)

    answer = await raw(site, head("/book/drop/A-1", KEY, b"Content-Length: 100"))

    assert answer.startswith(b"HTTP/1.1 429 ")
    assert b"\r\nretry-after: " in answer.lower()
    async with site.client.post("/echo") as response:
        assert response.status == 200


async def test_a_third_drawing_is_refused_until_one_is_done(site: Site) -> None:
    finish = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"{"
        await finish.wait()
        yield b"}"

    async def send() -> int:
        async with site.client.post("/drawing", data=slowly()) as response:
            return response.status

    slow = [asyncio.create_task(send()) for _ in range(2)]

    async def refused() -> None:
        async with site.client.post("/drawing", data=b"{}") as response:
            assert response.status == 429
            assert int(response.headers["Retry-After"]) >= 1
            assert (await response.json())["problems"][0][0] == "TOO_MANY_REQUESTS"

    await eventually(refused)
    async with site.client.post("/large", data=b"{}") as response:
        assert response.status == 200
    finish.set()
    assert await asyncio.gather(*slow) == [200, 200]
    async with site.client.post("/drawing", data=b"{}") as response:
        assert response.status == 200


@pytest.mark.parametrize(
    "lines",
    [
        [b"POST /echo HTTP/1.1", KEY, b"X-Workspace-Key: \xff"],
        [b"POST /echo HTTP/1.1", KEY, b"X-Workspace-Key: " + b"x" * 5_000],
        [b"POST /echo HTTP/1.1", KEY, b"Content-Encoding: \xff"],
        [b"GET /repeat HTTP/1.1", KEY, b"X-Said: \xff"],
        [b"GET /nowhere/%FF HTTP/1.1", KEY],
    ],
)
async def test_bytes_that_are_no_text_are_refused_in_the_dialects_shape(
    site: Site, lines: list[bytes]
) -> None:
    asked = b"\r\n".join([*lines, b"Host: x", b"Connection: close"]) + b"\r\n\r\n"
    answer = await raw(site, asked)

    assert answer.startswith(b"HTTP/1.1 4")
    assert b'"problems":' in answer


async def test_a_booking_over_http_and_a_late_one(
    site: Site, kafka_bootstrap: str, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with owners(kafka_bootstrap, topics):
        await create_event(site.core, "drop")
        async with site.client.post("/book/drop/A-1") as response:
            assert await response.text() == "Accepted"
        async with site.client.post("/book/drop/A-1") as response:
            assert await response.text() == "Rejected"

    monkeypatch.setattr(site.core.submitter, "_answer_deadline_s", 0.5)
    async with site.client.post("/book/drop/A-2") as response:
        assert response.status == 503
        assert int(response.headers["Retry-After"]) >= 1
        assert response.headers["Location"].startswith("/commands/e-")
        assert (await response.json())["problems"][0][0] == "ANSWER_LATE"


async def test_ready_says_yes(site: Site) -> None:
    async with site.client.get("/ready") as response:
        assert (response.status, await response.json()) == (200, {"ready": True})
