"""An idempotent producer of one partition, on aiokafka's connections but without its producer.

aiokafka's producer hands a batch through three tasks, sends one of an idempotent producer again
for ever, flushes when it is stopped, and keeps the epoch of an owner behind its transactions. Here
a batch is one request, and whoever appends decides how long it is sent again.

Rules of this file:

1. A producer has one batch under way. The next one is built when it was acknowledged.
2. A batch is sent again as it is: by its pair and sequence the broker knows it, and answers with
   the place where it already stands.
3. A producer whose batch failed is spent: what became of its sequence is not known.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from aiokafka.client import AIOKafkaClient, CoordinationType
from aiokafka.errors import (
    ConcurrentTransactions,
    KafkaError,
    LeaderNotAvailableError,
    NodeNotReadyError,
    for_code,
)
from aiokafka.protocol.transaction import InitProducerIdRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from adapters.kafka.connecting import NO_LEADER, leader_of, learn_leaders
from adapters.kafka.producing import ProduceRequest, ProduceResponse
from adapters.ports import Appended, NewRecord, TopicPartition

ack_deadline_s = 10.0
"""Longer than a broker's failover (3-4 s as tuned), shorter than a client's patience twice over."""
_REPLICAS_WAIT_MS = 2_500
"""A broker answers so late that replicas lag, before its connection is given up
(`connecting.request_deadline_s`)."""
_MAGIC = 2
_NO_COMPRESSION = 0
_NOT_TRANSACTIONAL = 0
_SEQUENCES = 2**31
_TRANSACTION_TIMEOUT_MS = 60_000
"""The broker asks for one; no transaction is ever begun."""


class Batch(NamedTuple):
    """Records as they go over the wire."""

    partition: TopicPartition
    packed: bytes
    record_count: int


class Producer:
    """Numbers the batches of one partition for the broker to know them by."""

    def __init__(self, partition: TopicPartition, producer_id: int, producer_epoch: int) -> None:
        self.partition = partition
        self.producer_id = producer_id
        self.producer_epoch = producer_epoch
        self._sequence = 0

    def build(self, records: Sequence[NewRecord], bytes_max: int) -> Batch:
        """Put records into the next batch; ValueError if they take more than `bytes_max`."""
        builder = DefaultRecordBatchBuilder(
            _MAGIC,
            _NO_COMPRESSION,
            _NOT_TRANSACTIONAL,
            self.producer_id,
            self.producer_epoch,
            self._sequence,
            bytes_max,
        )
        for place, record in enumerate(records):
            added = builder.append(place, None, record.key, record.value, list(record.headers))
            # The first record is taken at any size.
            if added is None or builder.size() > bytes_max:
                raise ValueError(f"{len(records)} records exceed a batch of {bytes_max} bytes")
        return Batch(self.partition, bytes(builder.build()), len(records))

    def note_acknowledged(self, batch: Batch) -> None:
        """Go on to the next batch."""
        self._sequence = (self._sequence + batch.record_count) % _SEQUENCES


async def start_producer(
    client: AIOKafkaClient, partition: TopicPartition, transactional_id: str | None = None
) -> Producer:
    """Get a pair of producer id and epoch from the brokers; a transactional id raises its epoch.

    Raises KafkaError, but asks again for as long as another broker or a later moment may help: the
    caller sets the deadline.
    """
    request = InitProducerIdRequest(transactional_id, _TRANSACTION_TIMEOUT_MS)  # type: ignore[arg-type]  # None as well
    while True:
        error: KafkaError
        try:
            granting = await _granting(client, partition, transactional_id)
            response = await client.send(granting, request)
        except KafkaError as failed:
            error = failed
        else:
            if not response.error_code:
                return Producer(partition, response.producer_id, response.producer_epoch)
            error = for_code(response.error_code)()
        # An earlier start of this id is being finished, or its coordinator moves or loads.
        if not (error.retriable or isinstance(error, ConcurrentTransactions)):
            raise error
        await learn_leaders(client)


async def _granting(
    client: AIOKafkaClient, partition: TopicPartition, transactional_id: str | None
) -> int:
    """Give the broker to ask: who keeps the transactional id, else the leader.

    Without such an id any broker grants a pair, and the leader must be there in any case.
    """
    if transactional_id is None:
        leader = leader_of(client, partition)
        if leader == NO_LEADER:
            raise LeaderNotAvailableError
        return leader
    if client.get_random_node() is None:
        raise NodeNotReadyError("no broker is known yet")
    keeps: int = await client.coordinator_lookup(CoordinationType.TRANSACTION, transactional_id)
    return keeps


async def send_batches(
    client: AIOKafkaClient, leader: int, batches: Iterable[Batch]
) -> Mapping[TopicPartition, Appended | KafkaError]:
    """Send batches to the broker that leads their partitions, and say what became of each.

    Raises KafkaError if there is no answer: any of them may stand in the log.
    """
    request = ProduceRequest(
        _REPLICAS_WAIT_MS, ((*batch.partition, batch.packed) for batch in batches)
    )
    response: ProduceResponse = await client.send(leader, request)
    return {
        TopicPartition(produced.topic, produced.partition): (
            for_code(produced.error_code)()
            if produced.error_code
            else Appended(produced.offset, produced.timestamp)
        )
        for produced in response.partitions
    }
