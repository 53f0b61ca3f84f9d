"""Brokers on real sockets that hold nothing.

Any of them can fall silent, as when its host is lost, or end, as when its process is killed. They
know what a client asks at first: their versions, and who leads. The rest is the test's.
"""

import asyncio
import contextlib
import struct
from collections.abc import Callable, Mapping
from functools import partial
from io import BytesIO
from typing import Any, Self

from aiokafka.protocol.admin import ApiVersionRequest_v0
from aiokafka.protocol.api import RequestStruct, Response
from aiokafka.protocol.metadata import MetadataRequest_v1
from aiokafka.protocol.struct import Struct

from adapters.ports import TopicPartition

_SIZE = struct.Struct(">i")
_HEADER = struct.Struct(">hhih")

Answer = Callable[[Any], Response]


class Brokers:
    """Two brokers, 1 and 2."""

    def __init__(self, leaders: Mapping[TopicPartition, int]) -> None:
        self.leaders = dict(leaders)
        self.silent: set[int] = set()
        self._servers: dict[int, asyncio.Server] = {}
        self._answers: dict[int, tuple[type[RequestStruct], Answer]] = {}
        self._ports: dict[int, int] = {}
        self._open: dict[asyncio.Task[None], int] = {}
        """Connections, and whose they are."""
        self.answer(ApiVersionRequest_v0, self._versions)
        self.answer(MetadataRequest_v1, self._metadata)

    def answer(self, kind: type[RequestStruct], answer: Answer) -> None:
        """Say how requests of a kind are answered."""
        self._answers[kind.API_KEY] = kind, answer

    @property
    def bootstrap(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self._ports.values())

    async def __aenter__(self) -> Self:
        for broker in (1, 2):
            server = await asyncio.start_server(partial(self._serve, broker), "127.0.0.1")
            self._servers[broker] = server
            self._ports[broker] = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for broker in self._servers:
            await self.end(broker)

    async def end(self, broker: int) -> None:
        """Take no more connections, and end those that there are."""
        self._servers[broker].close()
        connections = [task for task, at in self._open.items() if at == broker]
        for connection in connections:
            connection.cancel()
        await asyncio.gather(*connections, return_exceptions=True)

    async def _serve(
        self, broker: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        connection = asyncio.current_task()
        assert connection is not None
        self._open[connection] = broker
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    (size,) = _SIZE.unpack(await reader.readexactly(_SIZE.size))
                    request = await reader.readexactly(size)
                    if broker not in self.silent:
                        writer.write(self._answered(request))
        finally:
            del self._open[connection]
            writer.close()

    def _answered(self, packed: bytes) -> bytes:
        key, version, correlation_id, client = _HEADER.unpack_from(packed)
        kind, answer = self._answers[key]
        assert version == kind.API_VERSION
        request: Struct = kind.decode(BytesIO(packed[_HEADER.size + client :]))
        body = _SIZE.pack(correlation_id) + answer(request).encode()
        return _SIZE.pack(len(body)) + body

    def _versions(self, _: RequestStruct) -> Response:
        kinds = [kind for kind, _ in self._answers.values()]
        return ApiVersionRequest_v0.RESPONSE_TYPE(
            0, [(kind.API_KEY, kind.API_VERSION, kind.API_VERSION) for kind in kinds]
        )

    def _metadata(self, _: RequestStruct) -> Response:
        brokers = [(broker, "127.0.0.1", port, None) for broker, port in self._ports.items()]
        topics: dict[str, list[tuple[int, int, int, list[int], list[int]]]] = {}
        for partition, leader in self.leaders.items():
            at = topics.setdefault(partition.topic, [])
            at.append((0, partition.partition, leader, [1, 2], [1, 2]))
        return MetadataRequest_v1.RESPONSE_TYPE(
            brokers, 1, [(0, topic, False, partitions) for topic, partitions in topics.items()]
        )
