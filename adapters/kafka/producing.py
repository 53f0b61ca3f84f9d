"""The produce request and its answer, packed and unpacked for aiokafka's connections.

Rules of this file:

1. Nothing is decided here: bytes to values and back (tests compare with aiokafka's classes).
2. An answer counts only when all in-sync replicas have the batches (`acks=all`), and no batch is
   part of a transaction.
"""

import struct
from collections.abc import Iterable
from io import BytesIO
from typing import NamedTuple

from adapters.kafka.requests import INT32, OwnRequest, pack_topic, unpack_topic

_NO_TRANSACTION = -1
_ALL_REPLICAS = -1

_REQUEST = struct.Struct(">hhii")
_BATCH = struct.Struct(">ii")
_PARTITION = struct.Struct(">ihqqq")


class Produced(NamedTuple):
    """What an answer says about one partition."""

    topic: str
    partition: int
    error_code: int
    offset: int
    """Of the batch's first record."""
    timestamp: int
    """The log's append time, ms since the epoch; -1 where the topic keeps the sender's time."""


class ProduceResponse(NamedTuple):
    """An answer of the broker."""

    partitions: list[Produced]

    @classmethod
    def decode(cls, source: BytesIO) -> "ProduceResponse":
        """Unpack what stands in `source` from its position on."""
        data, place = source.getvalue(), source.tell()
        (topics,) = INT32.unpack_from(data, place)
        place += INT32.size
        partitions: list[Produced] = []
        for _ in range(topics):
            topic, count, place = unpack_topic(data, place)
            for _ in range(count):
                number, code, offset, timestamp, _ = _PARTITION.unpack_from(data, place)
                place += _PARTITION.size
                partitions.append(Produced(topic, number, code, offset, timestamp))
        return cls(partitions)


class ProduceRequest(OwnRequest):
    """Gives one broker record batches."""

    RESPONSE_TYPE = ProduceResponse
    API_KEY = 0
    API_VERSION = 7
    KAFKA_VERSION = "2.1"

    def __init__(self, wait_ms: int, batches: Iterable[tuple[str, int, bytes]]) -> None:
        """Make one of (topic, partition, batch); the broker waits so long for the replicas."""
        self._wait_ms = wait_ms
        self._batches: dict[str, list[bytes]] = {}
        for topic, partition, batch in batches:
            self._batches.setdefault(topic, []).extend((_BATCH.pack(partition, len(batch)), batch))

    def encode(self) -> bytes:
        """Pack it, without its header."""
        parts = [_REQUEST.pack(_NO_TRANSACTION, _ALL_REPLICAS, self._wait_ms, len(self._batches))]
        for topic, batches in self._batches.items():
            parts += (pack_topic(topic, len(batches) // 2), *batches)
        return b"".join(parts)
