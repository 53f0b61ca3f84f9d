"""Reading partitions forward, on aiokafka's connections but without its consumer.

For each fetch the consumer plans anew, in several tasks, and for each record it makes three
objects; both cost more than what is done with most records (docs/performance.md). And it does not
tell when a request was sent, which an owner has to know.

Rules of this file:

1. Positions are the caller's: nothing is committed, and there is no reset policy. A position
   outside the log is an error, never "earliest".
2. Each broker has one request under way, for all partitions it leads. The next one goes out when
   all records of the last were handed out, before the caller works on them.
3. The broker's absence is no error here: it is asked again until it answers.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any

import msgspec
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import (
    CorruptRecordException,
    IncompatibleBrokerVersion,
    KafkaError,
    OffsetOutOfRangeError,
    for_code,
)
from aiokafka.record.memory_records import MemoryRecords

from adapters.kafka.connecting import (
    NO_LEADER,
    close,
    connect,
    leader_of,
    learn_leaders,
    retry_backoff_s,
)
from adapters.kafka.fetching import Fetched, FetchRequest, FetchResponse
from adapters.ports import LogUnreachableError, PositionLostError, TopicPartition

log = logging.getLogger(__name__)

fetch_wait_ms = 400
"""How long the broker waits for news; also how stale a caught-up owner's clock may be."""
unanswered_wait_ms = 50
"""The same while nobody answers for a partition: the broker that leads it next may be waiting for
news of others, and is asked for nothing more until then."""


class KafkaRecord(msgspec.Struct, gc=False):
    """A record that was read."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


async def open_reader(bootstrap: str, positions: Mapping[TopicPartition, int]) -> "KafkaReader":
    """Connect for reading; whoever asks has seen that the positions are inside the log."""
    assert positions, "there must be something to read"
    client = await connect(bootstrap, {partition.topic for partition in positions})
    return KafkaReader(client, positions)


class KafkaReader:
    """Reads partitions forward, each in its own order."""

    def __init__(self, client: AIOKafkaClient, positions: Mapping[TopicPartition, int]) -> None:
        self._client = client
        self._places = {
            (partition.topic, partition.partition): _Place(partition, offset)
            for partition, offset in positions.items()
        }
        self._requests: dict[int, asyncio.Task[None]] = {}
        """Under way, by broker."""
        self._unread: deque[Iterator[KafkaRecord]] = deque()
        self._failure: BaseException | None = None

    async def fetch(self, records_max: int, timeout_ms: int) -> Sequence[KafkaRecord]:
        """Give the next records; none after `timeout_ms`, or when a broker says it has none."""
        records = self._hand_out(records_max)
        if not records and self._failure is None:
            self._ask_on()
            await asyncio.wait(
                self._requests.values(),
                timeout=timeout_ms / 1000,
                return_when=asyncio.FIRST_COMPLETED,
            )
            records = self._hand_out(records_max)
        if not records and self._failure is not None:
            raise self._failure
        if not self._unread:
            self._ask_on()
        return records

    def caught_up_at(self) -> int | None:
        """Give the latest instant (monotonic ms) before which everything was read."""
        places = self._places.values()
        if any(place.end is None or place.next_offset < place.end for place in places):
            return None
        return min(place.asked_at for place in places)

    async def close(self) -> None:
        """Give up what is under way and close every connection."""
        for request in self._requests.values():
            request.cancel()
        try:
            await asyncio.gather(*self._requests.values(), return_exceptions=True)
        finally:
            await close(self._client)

    def _hand_out(self, records_max: int) -> list[KafkaRecord]:
        records: list[KafkaRecord] = []
        while self._unread and len(records) < records_max:
            try:
                records.extend(islice(self._unread[0], records_max - len(records)))
            except CorruptRecordException as error:
                self._failure = LogUnreachableError(repr(error))
            if len(records) < records_max:
                self._unread.popleft()
        return records

    def _ask_on(self) -> None:
        """Ask every broker that has no request under way."""
        by_leader: dict[int, list[_Place]] = {}
        for place in self._places.values():
            leader = leader_of(self._client, place.partition)
            if leader not in self._requests:
                by_leader.setdefault(leader, []).append(place)
        is_any_unanswered = any(place.is_unanswered for place in self._places.values())
        wait_ms = unanswered_wait_ms if is_any_unanswered else fetch_wait_ms
        for leader, places in by_leader.items():
            request = asyncio.ensure_future(self._ask(leader, places, wait_ms))
            self._requests[leader] = request
            request.add_done_callback(partial(self._note_end, leader))

    def _note_end(self, leader: int, request: "asyncio.Task[None]") -> None:
        del self._requests[leader]
        if not request.cancelled() and (error := request.exception()) is not None:
            self._failure = error

    async def _ask(self, leader: int, places: "list[_Place]", wait_ms: int) -> None:
        if leader == NO_LEADER:
            _note_unanswered(places)
            await learn_leaders(self._client)
            return
        asked_at = time.monotonic_ns() // 1_000_000
        request = FetchRequest(wait_ms, [(*place.partition, place.next_offset) for place in places])
        try:
            response: FetchResponse = await self._client.send(leader, request)
        except IncompatibleBrokerVersion as error:
            raise LogUnreachableError(str(error)) from error
        except KafkaError as error:
            if not all(place.is_unanswered for place in places):  # once, however long it takes
                log.warning("a fetch is not answered", extra={"broker": leader, "why": repr(error)})
            _note_unanswered(places)
            await asyncio.sleep(retry_backoff_s)
            return
        is_stale = False
        for fetched in response.partitions:
            is_stale |= not self._take_in(fetched, asked_at)
        if is_stale or response.error_code:
            await learn_leaders(self._client)

    def _take_in(self, fetched: Fetched, asked_at: int) -> bool:
        """Keep what was fetched from a partition; say whether the broker still leads it."""
        name = (fetched.topic, fetched.partition)
        place = self._places[name]
        place.is_unanswered = bool(fetched.error_code)
        if fetched.error_code:
            error = for_code(fetched.error_code)
            if error is OffsetOutOfRangeError:
                self._failure = PositionLostError(
                    f"{place.partition}: position {place.next_offset} is outside the log"
                )
            elif not error.retriable:
                self._failure = LogUnreachableError(f"{place.partition}: {error.__name__}")
            return False
        place.end, place.asked_at = fetched.end, asked_at
        if fetched.batches:
            self._unread.append(place.records(fetched.batches))
            # The broker fills its answer in our order: whoever had something stands last next time.
            self._places[name] = self._places.pop(name)
        return True


def _note_unanswered(places: "Iterable[_Place]") -> None:
    for place in places:
        place.is_unanswered = True


class _Place:
    """Where the reader stands in a partition."""

    __slots__ = ("asked_at", "end", "is_unanswered", "next_offset", "partition")

    def __init__(self, partition: TopicPartition, next_offset: int) -> None:
        self.partition = partition
        self.next_offset = next_offset
        self.end: int | None = None
        """Where the log ended, as the last answer told."""
        self.asked_at = 0
        """When that was asked, monotonic ms."""
        self.is_unanswered = False
        """Whoever was asked last did not answer for it."""

    def records(self, batches: bytes) -> Iterator[KafkaRecord]:
        """Go through the records from the place on, and move on with them."""
        topic, partition = self.partition
        unpacked = MemoryRecords(batches)
        while unpacked.has_next():
            batch: Any = unpacked.next_batch()  # its type tells of older formats, too
            if not batch.validate_crc():
                raise CorruptRecordException(f"Invalid CRC: {self.partition}")
            if not batch.is_control_batch:
                for record in batch:
                    offset = record.offset
                    if offset >= self.next_offset:
                        self.next_offset = offset + 1
                        yield KafkaRecord(
                            topic,
                            partition,
                            offset,
                            record.timestamp,
                            record.key,
                            record.value,
                            record.headers,
                        )
            self.next_offset = max(self.next_offset, batch.next_offset)
