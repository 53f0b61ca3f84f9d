"""Our produce requests and answers are byte for byte those of aiokafka's own classes."""

from io import BytesIO
from typing import Any

import pytest
from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol import produce
from hypothesis import given
from hypothesis import strategies as st

from adapters.kafka.producing import (
    Produced,
    ProduceRequest,
    ProduceResponse,
)

VERSIONS = {0: (3, 13)}
topics = st.sampled_from(["events.outbox", "t1.events.commands", "größe"])
offsets = st.integers(-1, 2**63 - 1)
numbers = st.integers(0, 2**31 - 1)


@given(st.lists(st.tuples(topics, numbers, st.binary(max_size=300)), min_size=1, max_size=9))
def test_a_request_is_packed_as_aiokafka_packs_it(batches: list[tuple[str, int, bytes]]) -> None:
    by_topic: dict[str, list[tuple[int, bytes]]] = {}
    for topic, partition, batch in batches:
        by_topic.setdefault(topic, []).append((partition, batch))
    theirs = produce.ProduceRequest(
        transactional_id=None, required_acks=-1, timeout=200, topics=list(by_topic.items())
    )
    known = theirs.prepare({0: (7, 7)})
    assert ProduceRequest(200, batches).prepare(VERSIONS).encode() == known.encode()


partitions = st.tuples(numbers, st.integers(-1, 100), offsets, offsets, offsets)


@given(
    st.lists(st.tuples(topics, st.lists(partitions, max_size=4)), max_size=4),
    st.binary(max_size=8),
)
def test_an_answer_is_unpacked_as_aiokafka_packs_it(
    told: list[tuple[str, list[tuple[Any, ...]]]], header: bytes
) -> None:
    packed = produce.ProduceResponse_v7(told, 0).encode()
    source = BytesIO(header + packed)
    source.seek(len(header))
    expected = [
        Produced(topic, number, error, offset, timestamp)
        for topic, ours in told
        for number, error, offset, timestamp, _ in ours
    ]
    assert ProduceResponse.decode(source) == ProduceResponse(expected)


def test_a_broker_that_does_not_know_the_request_is_refused() -> None:
    with pytest.raises(IncompatibleBrokerVersion, match=r"2\.1"):
        ProduceRequest(200, []).prepare(
            {ProduceRequest.API_KEY: (0, ProduceRequest.API_VERSION - 1)}
        )
