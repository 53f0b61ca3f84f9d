"""The answer that it is done, and no more: the one that a drop gives most.

aiohttp makes the headers of each answer anew, and of an empty one that is a third of what reading
and answering a request costs (docs/performance.md). Within a second they are the same for all.

Rules of this file:

1. Byte for byte it is what aiohttp would have written.
"""

import time
from email.utils import formatdate

from aiohttp import HttpVersion11, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http import SERVER_SOFTWARE


class _Done(web.Response):
    """One for all requests: it keeps nothing of any."""

    def __init__(self) -> None:
        super().__init__(status=204)
        self._second = 0
        self._written = b""

    @property
    def keep_alive(self) -> bool:
        """Say that the connection stays open; one that is not to has been ended in `prepare`."""
        return True

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter:
        """Write all of it."""
        if request.keep_alive and request.version == HttpVersion11:
            await request.writer.write_eof(self._bytes())
        else:
            await _write_ordinary(request)
        return request.writer

    async def write_eof(self, data: bytes = b"") -> None:
        """Write no more."""
        assert not data

    def _bytes(self) -> bytes:
        second = int(time.time())
        if second != self._second:
            self._second = second
            date = formatdate(second, usegmt=True)
            self._written = (
                f"HTTP/1.1 204 No Content\r\nDate: {date}\r\nServer: {SERVER_SOFTWARE}\r\n\r\n"
            ).encode()
        return self._written


async def _write_ordinary(request: web.BaseRequest) -> None:
    """Answer whoever uses no lasting connection, or an old way to ask for one."""
    ordinary = web.Response(status=204)
    await ordinary.prepare(request)
    await ordinary.write_eof()
    if not ordinary.keep_alive:
        request.protocol.close()


DONE = _Done()
"""Not to be changed: who has more to say makes an answer of their own."""
