"""Headers and floods that no client should send, over HTTP: never a 5xx, always the vendor's shape.

The client of the other tests would not send such bytes, so requests are written by hand.
"""

import asyncio
from base64 import b64encode
from urllib.parse import urlsplit

import msgspec
import pytest

from tests.charts.venues import document
from tests.seatsio.installation import Company
from tests.seatsio.test_bad_input import assert_refused


async def raw(company: Company, path: str, *headers: bytes, body: bytes = b"") -> tuple[int, bytes]:
    """Send a request with these headers as they are, and give the status and the body."""
    address = urlsplit(company.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    credentials = b64encode(f"{company.secret}:".encode())
    lines = [
        b"POST %b HTTP/1.1" % path.encode(),
        b"Authorization: Basic " + credentials,
        b"Connection: close",
        b"Content-Length: %d" % len(body),
        *headers,
    ]
    writer.write(b"\r\n".join(lines) + b"\r\n\r\n" + body)
    answer = await asyncio.wait_for(reader.read(), timeout=10)
    writer.close()
    await writer.wait_closed()
    head, _, content = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ", 2)[1]), content


@pytest.mark.parametrize(
    "host", [b"a:99999", b"a:b", b"", b"\xff", b"[", b"a b", b"\xc3\xa9.example", b"a" * 300]
)
async def test_a_chart_is_answered_whatever_the_host_is_called(
    company: Company, host: bytes
) -> None:
    drawing = document("sampleChart")
    for path, body in (("/charts", b"{}"), ("/charts/actions/import", drawing)):
        status, content = await raw(company, path, b"Host: " + host, body=body)
        assert status in {200, 201}, content
        thumbnail: str = msgspec.json.decode(content)["publishedVersionThumbnailUrl"]
        assert "/system/public/thumbnails/" in thumbnail


@pytest.mark.parametrize("header", ["X-Workspace-Key", "Content-Encoding", "Idempotency-Key"])
@pytest.mark.parametrize("value", [b"\xff", b"\xc3\xa9", b"x" * 5_000])
async def test_a_header_that_cannot_be_is_refused(
    company: Company, header: str, value: bytes
) -> None:
    field = header.encode() + b": " + value
    status, content = await raw(company, "/hold-tokens", b"Host: x", field)
    assert 400 <= status < 500, content
    said = msgspec.json.decode(content)
    assert said["errors"][0]["message"]
    assert said["requestId"]


async def test_a_third_drawing_at_once_is_refused_in_the_vendors_shape(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.limits.drawings_in_work_max", 0)
    answer = await company.post("/charts/actions/import", document("sampleChart"))
    message = "Other drawings are in work: send this one again later"
    assert_refused(answer, 429, message)
    assert int(answer.headers["Retry-After"]) >= 1
    assert (await company.post("/charts")).status == 200
