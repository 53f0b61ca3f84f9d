"""The headers of our own requests are byte for byte those of aiokafka."""

from io import BytesIO

from aiokafka.protocol.api import RequestHeader_v1, ResponseHeader_v0
from hypothesis import given
from hypothesis import strategies as st

from adapters.kafka.fetching import FetchRequest
from adapters.kafka.producing import ProduceRequest

numbers = st.integers(0, 2**31 - 1)
requests = st.sampled_from([FetchRequest(200, []), ProduceRequest(200, [])])


@given(requests, numbers, st.text(max_size=30))
def test_a_header_is_packed_as_aiokafka_packs_it(
    request: FetchRequest | ProduceRequest, number: int, client: str
) -> None:
    theirs = RequestHeader_v1(request, correlation_id=number, client_id=client)  # type: ignore[arg-type]  # it takes two numbers of it
    assert request.build_request_header(number, client).encode() == theirs.encode()


@given(requests, numbers, st.binary(max_size=8))
def test_an_answers_header_is_unpacked_and_the_answer_stands_behind_it(
    request: FetchRequest | ProduceRequest, number: int, answer: bytes
) -> None:
    source = BytesIO(ResponseHeader_v0(correlation_id=number).encode() + answer)
    assert request.parse_response_header(source).correlation_id == number
    assert source.read() == answer
