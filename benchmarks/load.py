"""A cheap HTTP load: keep-alive connections that post one prepared body after another.

It speaks just enough HTTP/1.1 for answers with a Content-Length or none at all, and costs a tenth
of a full client, so that on two cores most of the time is the server's.
"""

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple, cast


class Figures(NamedTuple):
    """What a load measured."""

    requests: int
    seconds: float
    latencies_ms: list[float]
    statuses: dict[int, int]

    @property
    def rate(self) -> float:
        """Requests per second."""
        return self.requests / self.seconds

    def quantile(self, share: float) -> float:
        """Latency in ms that this share of the requests stayed under."""
        ordered = sorted(self.latencies_ms)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


class _Connection(asyncio.Protocol):
    def __init__(self, next_request: Callable[[], bytes | None]) -> None:
        self._next_request = next_request
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._asked_at = 0.0
        self.latencies_ms: list[float] = []
        self.statuses: dict[int, int] = {}
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        length_at = head.find(b"content-length:")
        length = 0
        if length_at >= 0:
            line_end = head.find(b"\r\n", length_at)
            length = int(head[length_at + 15 : line_end if line_end >= 0 else None])
        if len(self._buffer) < head_end + 4 + length:
            return
        self._buffer = self._buffer[head_end + 4 + length :]
        status = int(head[9:12])
        self.statuses[status] = self.statuses.get(status, 0) + 1
        self.latencies_ms.append((time.perf_counter() - self._asked_at) * 1e3)
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        if not self.done.done():
            self.done.set_result(None)

    def _ask(self) -> None:
        assert self._transport is not None
        request = self._next_request()
        if request is None:
            self._transport.close()
            return
        self._asked_at = time.perf_counter()
        self._transport.write(request)


def post(path: str, body: bytes, headers: str = "") -> bytes:
    """Prepare a request."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: benchmark\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode() + body


async def load(
    port: int, connections: int, seconds: float, request: Callable[[int], bytes]
) -> Figures:
    """Post requests over some connections for a while; `request(n)` gives the n-th."""
    sent = 0
    ends_at = time.perf_counter() + seconds

    def next_request() -> bytes | None:
        nonlocal sent
        if time.perf_counter() >= ends_at:
            return None
        sent += 1
        return request(sent - 1)

    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    protocols = []
    for _ in range(connections):
        _, protocol = await loop.create_connection(
            lambda: _Connection(next_request), "127.0.0.1", port
        )
        protocols.append(protocol)
    await asyncio.gather(*(protocol.done for protocol in protocols))
    elapsed = time.perf_counter() - started
    statuses: dict[int, int] = {}
    for protocol in protocols:
        for status, count in protocol.statuses.items():
            statuses[status] = statuses.get(status, 0) + count
    latencies = [latency for protocol in protocols for latency in protocol.latencies_ms]
    return Figures(len(latencies), elapsed, latencies, statuses)
