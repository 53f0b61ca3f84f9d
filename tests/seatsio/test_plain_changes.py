"""The fast way of reading a change: it agrees with the models on everything that it takes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.seatsio import change_bodies
from api.seatsio.change_bodies import read_group_status
from api.seatsio.change_models import EventStatusAsked, GroupStatusAsked
from api.seatsio.plain_changes import read_plain
from api.seatsio.wire import read
from schemas.commands import ObjectChange
from tests.seatsio.test_change_bodies import GROUP, body, refused

texts = st.text(
    st.sampled_from('aA1-: \u00e9e\u0301\u00df\u007f\u0001"\\,{}[]\u200b'), max_size=4
) | st.sampled_from(["x" * 100, "x" * 101, "e\u0301" * 51])
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | texts
    | st.sampled_from([2**63 - 1, 2**63, -(2**63), 2**64, 1.0, 1.5, 1e300])
)
any_json = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
labels = st.sampled_from(["A-1", "x:y", "x" * 100, "\u00e9", "\u00df", "{,}"])
good_objects = st.lists(
    labels
    | st.fixed_dictionaries(
        {"objectId": labels},
        optional={
            "quantity": st.sampled_from([1, 2.0, 1e2]),
            "ticketType": labels,
            "extraData": st.dictionaries(labels, scalars | any_json, max_size=3),
        },
    ),
    min_size=1,
    max_size=3,
)
good_changes = st.fixed_dictionaries(
    {"objects": good_objects},
    optional={
        "events": st.lists(labels, min_size=1, max_size=3),
        "type": st.sampled_from(["CHANGE_STATUS_TO", "RELEASE"]),
        "status": labels,
        "holdToken": labels,
        "orderId": labels,
        "keepExtraData": st.booleans(),
        "allowedPreviousStatuses": st.lists(labels, max_size=2),
        "resaleListingId": labels,
        "channelKeys": st.lists(labels, max_size=2),
        "ignoreChannels": st.booleans(),
    },
)
names = st.sampled_from(
    [
        *("objects", "events", "type", "status", "holdToken", "keepExtraData"),
        *("channelKeys", "ignoreChannels", "oops"),
    ]
)
spoilt = st.dictionaries(names, scalars | texts | any_json | st.lists(texts), max_size=1)


@given(good_changes, spoilt, st.booleans(), st.sampled_from([None, 1]))
def test_the_fast_way_takes_only_what_the_models_take_and_to_the_same_end(
    good: dict[str, Any], spoilt: dict[str, Any], escaped: object, indent: int | None
) -> None:
    text = json.dumps({**good, **spoilt}, ensure_ascii=bool(escaped), indent=indent)
    assert_agreement(text.encode())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["orderId", "holdToken", "status", "type", "extraData"]),
            st.sampled_from(['"x:y"', '"RELEASE"', "null"]),
        ),
        max_size=4,
    ),
    st.sampled_from(['["a"]', '[{"objectId":"a"}]', '[{"objectId":"a","objectId":"b"}]']),
)
def test_the_fast_way_never_takes_a_key_that_stands_twice(
    pairs: list[tuple[str, str]], objects: str
) -> None:
    fields = [("objects", objects), *pairs]
    assert_agreement(("{" + ",".join(f'"{key}":{value}' for key, value in fields) + "}").encode())


@given(st.data())
def test_damaged_bodies_are_judged_alike(data: st.DataObject) -> None:
    good = b'{"objects":["a",{"objectId":"b","quantity":2}],"events":["e"],"status":"s"}'
    place = data.draw(st.integers(0, len(good) - 1))
    assert_agreement(good[:place] + data.draw(st.binary(max_size=2)) + good[place + 1 :])


@pytest.mark.parametrize("label", ["\\u0007", "\\u0000", "\\ud800", "\x7f", "e\u0301", "\u0085"])
def test_the_fast_way_leaves_every_hidden_character_to_the_models(label: str) -> None:
    text = body(**GROUP).replace(b"A-1", label.encode())
    assert read_plain(text) is None
    if label == "e\u0301":
        assert read_group_status(text).wanted.objects == [ObjectChange(label="\u00e9")]
    else:
        assert "#/objects/0" in refused(read_group_status, text)[0]


def test_the_fast_way_is_taken_by_what_the_clients_send() -> None:
    for text in (body(**GROUP), body(**{**GROUP, "objects": [{"objectId": "A-1"}]})):
        assert read_plain(text) is not None


def assert_agreement(text: bytes) -> None:
    plain = read_plain(text)
    if plain is None:
        return  # left to the models, be it good or bad
    if plain.events is None:
        model: Any = read(text, EventStatusAsked)
    else:
        model = read(text, GroupStatusAsked)
        assert plain.events == model.events
    fast = change_bodies._wanted(plain, plain.objects, "s")
    assert fast == change_bodies._wanted(model, model.objects, "s")
    assert (plain.type, plain.status) == (model.type, model.status)
