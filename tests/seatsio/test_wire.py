import contextlib
import json
from typing import Annotated

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Field

from api.seatsio.errors import BodyError
from api.seatsio.wire import (
    Body,
    JsonObject,
    Label,
    NotYet,
    Whole,
    integer_max,
    nesting_max,
    read,
    read_json,
)


class Part(Body):
    object_id: Label
    quantity: Annotated[Whole, Field(ge=1, le=10)] | None = None


class Example(Body):
    chart_key: Label
    parts: Annotated[list[Part], Field(min_length=1, max_length=2)] | None = None
    extra_data: JsonObject | None = None
    is_big: bool | None = None
    channels: Annotated[object, NotYet("channels are", (None, []))] = None


def problems(body: bytes) -> list[str]:
    with pytest.raises(BodyError) as caught:
        read(body, Example)
    return list(caught.value.problems)


def test_fields_go_by_their_vendor_names() -> None:
    found = read(b'{"chartKey":"c","parts":[{"objectId":"A-1","quantity":2}]}', Example)
    assert found.chart_key == "c"
    assert found.parts == [Part(objectId="A-1", quantity=2)]


@pytest.mark.parametrize("body", [b"", b"  \n", b"null", b"{}"])
def test_no_body_and_null_are_an_empty_object(body: bytes) -> None:
    assert problems(body) == ["#: required key [chartKey] not found"]


def test_null_is_as_good_as_absent_where_a_field_is_optional() -> None:
    assert read(b'{"chartKey":"c","parts":null,"channels":null}', Example).parts is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ('{"chartKey":1}', "#/chartKey: expected type: String, found: Integer"),
        ('{"chartKey":["c"]}', "#/chartKey: expected type: String, found: JSONArray"),
        ('{"chartKey":""}', "#/chartKey: expected minLength: 1, actual: 0"),
        (
            '{"chartKey":"%s"}' % ("x" * 101),
            "#/chartKey: expected maxLength: 100, but it is longer",
        ),
        ('{"chartKey":"a\\u0007"}', "#/chartKey: has a control character"),
        ('{"chartKey":"a\\u0000"}', "#/chartKey: has a NUL character"),
        ('{"chartKey":"a\\ud800"}', "#/chartKey: has a lone surrogate"),
        ('{"chartKey":"c","chartkey":1}', "#: extraneous key [chartkey] is not permitted"),
        ('{"chartKey":"c","chartKey":"d"}', "#: the key [chartKey] stands twice"),
        (
            '{"chartKey":"c","parts":[]}',
            "#/parts: expected minimum item count: 1, found: 0",
        ),
        (
            '{"chartKey":"c","parts":[{"objectId":"1"},{"objectId":"1"},{"objectId":"1"}]}',
            "#/parts: expected maximum item count: 2, found: 3",
        ),
        (
            '{"chartKey":"c","parts":["x"]}',
            "#/parts/0: expected type: JSONObject, found: String",
        ),
        (
            '{"chartKey":"c","parts":[{"objectId":"1","quantity":0}]}',
            "#/parts/0/quantity: expected a number of at least 1",
        ),
        (
            '{"chartKey":"c","parts":[{"objectId":"1","quantity":true}]}',
            "#/parts/0/quantity: expected type: Integer, found: Boolean",
        ),
        (
            '{"chartKey":"c","parts":[{"objectId":"1","quantity":1.5}]}',
            "#/parts/0/quantity: expected type: Integer, found: Number",
        ),
        (
            '{"chartKey":"c","parts":[{"objectId":"1","a":2,"a":3}]}',
            "#/parts/0: the key [a] stands twice",
        ),
        ('{"chartKey":"c","isBig":"true"}', "#/isBig: expected type: Boolean, found: String"),
        ('{"chartKey":"c","channels":["x"]}', "#/channels: channels are not supported yet"),
        (
            '{"chartKey":"c","extraData":{"a":{"b":1e999}}}',
            "#/extraData/a/b: the number is too large",
        ),
        (
            '{"chartKey":"c","extraData":{"a":[9223372036854775808]}}',
            f"#/extraData/a/0: expected a whole number between -{integer_max} and {integer_max}",
        ),
        ('{"chartKey":NaN}', "#/chartKey: NaN is not a JSON number"),
        (
            '{"chartKey":"c","extraData":{"a":[0,-Infinity]}}',
            "#/extraData/a/1: -Infinity is not a JSON number",
        ),
        (
            '{"chartKey":"c","extraData":{"\\u0000":1}}',
            "#/extraData: the key [\\u0000] has a NUL character",
        ),
        (
            '{"chartKey":"c","extraData":[1]}',
            "#/extraData: expected type: JSONObject, found: JSONArray",
        ),
        ("[]", "#: expected type: JSONObject, found: JSONArray"),
        ('"x"', "#: expected type: JSONObject, found: String"),
    ],
)
def test_what_is_wrong_is_named_with_its_path(body: str, problem: str) -> None:
    assert problems(body.encode()) == [problem]


@pytest.mark.parametrize(
    "body",
    [b"{", b"\xef\xbb\xbf{}", b'{"a":"\x01"}', b"{} {}", b"tru", b"nan"],
)
def test_what_is_not_json_is_refused(body: bytes) -> None:
    assert "the body is not JSON" in problems(body)[0]


def test_what_is_not_utf8_is_refused() -> None:
    assert problems(b'{"chartKey":"\xff"}') == ["#: the body is not UTF-8 (byte 13)"]


@pytest.mark.parametrize("depth", [nesting_max + 1, 900, 100_000])
def test_deep_nesting_is_refused(depth: int) -> None:
    body = b'{"chartKey":"c","extraData":' + b'{"a":' * depth + b"1" + b"}" * (depth + 1)
    assert f"nested deeper than {nesting_max} levels" in problems(body)[0]


def test_every_problem_is_named_not_only_the_first() -> None:
    assert problems(b'{"isBig":1,"oops":2}') == [
        "#: required key [chartKey] not found",
        "#/isBig: expected type: Boolean, found: Integer",
        "#: extraneous key [oops] is not permitted",
    ]


def test_labels_are_compared_in_nfc() -> None:
    assert read('{"chartKey":"e\u0301"}'.encode(), Example).chart_key == "\u00e9"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
@example({"a": "\ud800"})
def test_any_json_is_read_or_refused(document: object) -> None:
    body = json.dumps(document).encode()
    with contextlib.suppress(BodyError):
        assert read_json(body) == ({} if document is None else document)


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(BodyError):
        read(body, Example)
