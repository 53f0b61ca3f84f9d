"""Our fetch requests and answers are byte for byte those of aiokafka's own classes."""

from io import BytesIO
from typing import Any

import pytest
from aiokafka.errors import IncompatibleBrokerVersion
from aiokafka.protocol import fetch
from hypothesis import given
from hypothesis import strategies as st

from adapters.kafka.fetching import (
    Fetched,
    FetchRequest,
    FetchResponse,
    answer_bytes_max,
)

VERSIONS = {1: (4, 17)}
topics = st.sampled_from(["events.outbox", "t1.events.commands", "größe"])
offsets = st.integers(0, 2**63 - 1)


@given(st.lists(st.tuples(topics, st.integers(0, 2**31 - 1), offsets), min_size=1, max_size=9))
def test_a_request_is_packed_as_aiokafka_packs_it(positions: list[tuple[str, int, int]]) -> None:
    by_topic: dict[str, list[tuple[int, int, int]]] = {}
    for topic, partition, offset in positions:
        by_topic.setdefault(topic, []).append((partition, offset, answer_bytes_max))
    theirs = fetch.FetchRequest(200, 1, answer_bytes_max, 0, list(by_topic.items()))
    known = theirs.prepare({1: (11, 11)})
    assert FetchRequest(200, positions).prepare(VERSIONS).encode() == known.encode()


partitions = st.tuples(
    st.integers(0, 2**31 - 1),
    st.integers(-1, 100),
    offsets,
    offsets,
    offsets,
    st.none() | st.lists(st.tuples(offsets, offsets), max_size=3),
    st.integers(-1, 5),
    st.none() | st.binary(max_size=300),
)


@given(
    st.integers(-1, 100),
    st.lists(st.tuples(topics, st.lists(partitions, max_size=4)), max_size=4),
    st.binary(max_size=8),
)
def test_an_answer_is_unpacked_as_aiokafka_packs_it(
    code: int, told: list[tuple[str, list[tuple[Any, ...]]]], header: bytes
) -> None:
    packed = fetch.FetchResponse_v11(0, code, 0, told).encode()
    source = BytesIO(header + packed)
    source.seek(len(header))
    expected = [
        Fetched(topic, number, error, end, batches or b"")
        for topic, ours in told
        for number, error, end, _, _, _, _, batches in ours
    ]
    assert FetchResponse.decode(source) == FetchResponse(code, expected)


def test_a_broker_that_does_not_know_the_request_is_refused() -> None:
    with pytest.raises(IncompatibleBrokerVersion, match=r"2\.3"):
        FetchRequest(200, []).prepare({1: (0, 10)})
