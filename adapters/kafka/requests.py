"""What our own requests have in common: how aiokafka asks for their bytes, how they name a topic.

Rules of this file:

1. Each request is of one version; a broker that does not know it is refused by name.
"""

import struct
from collections.abc import Mapping
from io import BytesIO
from typing import ClassVar, NamedTuple, Self

from aiokafka.errors import IncompatibleBrokerVersion

INT32 = struct.Struct(">i")
INT16 = struct.Struct(">h")
_HEADER = struct.Struct(">hhih")


class RequestHeader(NamedTuple):
    """What stands before a request (header v1)."""

    packed: bytes

    def encode(self) -> bytes:
        return self.packed


class ResponseHeader(NamedTuple):
    """What stands before an answer (header v0)."""

    correlation_id: int


class OwnRequest:
    """To aiokafka it is both the builder of a request and the request."""

    API_KEY: ClassVar[int]
    API_VERSION: ClassVar[int]
    KAFKA_VERSION: ClassVar[str]
    """The first whose brokers know it."""

    def prepare(self, versions: Mapping[int, tuple[int, int]]) -> Self:
        """Give the form that the broker knows; raises if it knows none of ours."""
        oldest, newest = versions[self.API_KEY]
        if not oldest <= self.API_VERSION <= newest:
            raise IncompatibleBrokerVersion(
                f"{type(self).__name__} v{self.API_VERSION} is needed: "
                f"Kafka {self.KAFKA_VERSION} or later"
            )
        return self

    def build_request_header(self, correlation_id: int, client_id: str) -> RequestHeader:
        name = client_id.encode()
        fixed = _HEADER.pack(self.API_KEY, self.API_VERSION, correlation_id, len(name))
        return RequestHeader(fixed + name)

    def parse_response_header(self, source: BytesIO) -> ResponseHeader:
        return ResponseHeader(*INT32.unpack(source.read(INT32.size)))


def pack_topic(topic: str, partitions: int) -> bytes:
    """Pack a topic's name and how many partitions follow."""
    name = topic.encode()
    return INT16.pack(len(name)) + name + INT32.pack(partitions)


def unpack_topic(data: bytes, place: int) -> tuple[str, int, int]:
    """Give the topic that stands at a place, how many partitions follow, and from where."""
    (length,) = INT16.unpack_from(data, place)
    end = place + INT16.size + length
    topic = data[place + INT16.size : end].decode()
    (partitions,) = INT32.unpack_from(data, end)
    return topic, partitions, end + INT32.size
