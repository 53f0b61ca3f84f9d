"""The fetch request and its answer, packed and unpacked for aiokafka's connections.

aiokafka's own classes take a number at a time; of all that a batch of bookings costs a process
that reads it, they were a third. These do the same bytes (Fetch v11) in a few steps.

Rules of this file:

1. Nothing is decided here: bytes to values and back (tests compare with aiokafka's classes).
"""

import struct
from collections.abc import Iterable
from io import BytesIO
from typing import NamedTuple

from adapters.kafka.requests import INT16, INT32, OwnRequest, pack_topic, unpack_topic

answer_bytes_max = 10 * 1024 * 1024
"""Of one partition or several: above the largest record of any topic (inventories, 8 MiB), and
little enough to be here before a connection is given up (`connecting.request_deadline_s`)."""
_CONSUMER = -1
_NO_SESSION = (0, -1)
_UNKNOWN = -1

_REQUEST = struct.Struct(">iiiibiii")
_WANTED = struct.Struct(">iiqqi")
_RESPONSE = struct.Struct(">ihii")
_PARTITION = struct.Struct(">ihqqqi")
_RECORDS = struct.Struct(">ii")
_ABORTED_BYTES = 16
_NO_FORGOTTEN_AND_NO_RACK = INT32.pack(0) + INT16.pack(0)


class Fetched(NamedTuple):
    """What an answer says about one partition."""

    topic: str
    partition: int
    error_code: int
    end: int
    """The high watermark: everything before it can be read."""
    batches: bytes
    """Record batches; the first may begin before the offset that was asked for."""


class FetchResponse(NamedTuple):
    """An answer of the broker."""

    error_code: int
    partitions: list[Fetched]

    @classmethod
    def decode(cls, source: BytesIO) -> "FetchResponse":
        """Unpack what stands in `source` from its position on."""
        data, place = source.getvalue(), source.tell()
        _, error_code, _, topics = _RESPONSE.unpack_from(data, place)
        place += _RESPONSE.size
        partitions: list[Fetched] = []
        for _ in range(topics):
            topic, count, place = unpack_topic(data, place)
            for _ in range(count):
                number, code, end, _, _, aborted = _PARTITION.unpack_from(data, place)
                place += _PARTITION.size + max(0, aborted) * _ABORTED_BYTES
                _, size = _RECORDS.unpack_from(data, place)
                place += _RECORDS.size
                batches = data[place : place + max(0, size)]
                place += max(0, size)
                partitions.append(Fetched(topic, number, code, end, batches))
        return cls(error_code, partitions)


class FetchRequest(OwnRequest):
    """Asks one broker for records."""

    RESPONSE_TYPE = FetchResponse
    API_KEY = 1
    API_VERSION = 11
    KAFKA_VERSION = "2.3"

    def __init__(self, wait_ms: int, positions: Iterable[tuple[str, int, int]]) -> None:
        """Make one for (topic, partition, offset); it waits so long for the first record."""
        self._wait_ms = wait_ms
        self._wanted: dict[str, list[bytes]] = {}
        for topic, partition, offset in positions:
            one = _WANTED.pack(partition, _UNKNOWN, offset, _UNKNOWN, answer_bytes_max)
            self._wanted.setdefault(topic, []).append(one)

    def encode(self) -> bytes:
        """Pack it, without its header."""
        parts = [
            _REQUEST.pack(
                _CONSUMER, self._wait_ms, 1, answer_bytes_max, 0, *_NO_SESSION, len(self._wanted)
            )
        ]
        for topic, wanted in self._wanted.items():
            parts += (pack_topic(topic, len(wanted)), *wanted)
        parts.append(_NO_FORGOTTEN_AND_NO_RACK)
        return b"".join(parts)
