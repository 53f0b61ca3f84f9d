"""The empty answer is what aiohttp's own would be, over real connections."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from api.done import DONE

BODY = b'{"a": 1}'


def request(*headers: str, version: str = "1.1", path: str = "/done") -> bytes:
    lines = [f"POST {path} HTTP/{version}", "Host: x", f"Content-Length: {len(BODY)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + BODY


async def _answer(asked: web.BaseRequest) -> web.StreamResponse:
    await asked.read()
    return DONE if asked.path == "/done" else web.Response(status=204)


@pytest.fixture
async def port() -> AsyncIterator[int]:
    runner = web.ServerRunner(web.Server(_answer, access_log=None))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield runner.addresses[0][1]
    await runner.cleanup()


async def ask(port: int, *requests: bytes) -> bytes:
    """Send requests and read their answers, then until the end, or a moment if it stays open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"".join(requests))
    told = b"".join([await reader.readuntil(b"\r\n\r\n") for _ in requests])
    try:
        async with asyncio.timeout(0.5):
            told += await reader.read()
    except TimeoutError:
        told += b"(open)"
    writer.close()
    return re.sub(rb"Date: [^\r]* GMT", b"Date: (now)", told)


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("headers", [(), ("Connection: close",), ("Connection: keep-alive",)])
async def test_it_is_byte_for_byte_what_aiohttp_would_have_written(
    port: int, version: str, headers: tuple[str, ...]
) -> None:
    ordinary = await ask(port, request(*headers, version=version, path="/ordinary"))
    assert ordinary.startswith(f"HTTP/{version} 204 No Content\r\n".encode())
    assert await ask(port, request(*headers, version=version)) == ordinary


async def test_requests_in_a_row_on_one_connection_are_all_answered(port: int) -> None:
    told = await ask(port, request(), request(), request("Connection: close"))
    assert told.count(b"HTTP/1.1 204 No Content") == 3
    assert not told.endswith(b"(open)")


async def test_the_date_is_that_of_the_second(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for second, date in ((1_000_000_000, b"01:46:40"), (1_000_000_001, b"01:46:41")):
        monkeypatch.setattr("api.done.time.time", lambda now=second: now + 0.5)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request())
        told = await reader.readuntil(b"\r\n\r\n")
        assert b"Date: Sun, 09 Sep 2001 %s GMT\r\n" % date in told
        writer.close()
