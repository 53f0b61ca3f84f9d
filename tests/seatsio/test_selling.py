"""What a body says of how an event is sold, and how an event shows it; no server needed."""

from typing import Any

import msgspec
import pytest

from api.seatsio.errors import BodyError
from api.seatsio.event_json import created_event
from api.seatsio.events import NewEventAsked
from api.seatsio.selling import (
    categories_asked,
    check_categories,
    object_categories_asked,
    tables_asked,
)
from api.seatsio.wire import read
from engine.seats.event_map import EventMap
from schemas.facts import EventCreated
from schemas.selling import EventCategory, Selling, TableBooking
from tests.charts.venues import seat_map

OWN = {"key": "own", "label": "Own", "color": "#AAABBB"}


def asked(**fields: Any) -> NewEventAsked:  # noqa: ANN401
    return read(msgspec.json.encode({"chartKey": "c", **fields}), NewEventAsked)


def shown(selling: Selling | None) -> dict[str, Any]:
    fact = EventCreated(
        event=1,
        partition=0,
        workspace="ws",
        key="e",
        chart_key="c",
        inventory="i",
        selling=selling,
        created_at=0,
    )
    return created_event(fact, seat_map("sampleChart"), str)


def test_what_is_not_said_is_as_the_chart_says() -> None:
    plain = asked(tableBookingConfig=None, tableBookingModes=None, bookWholeTables=None)
    assert tables_asked(plain) is None
    assert categories_asked(plain) is None
    assert object_categories_asked(plain) is None
    event = shown(None)
    assert event["tableBookingConfig"] == {"mode": "INHERIT"}
    assert "objectCategories" not in event
    assert [category["key"] for category in event["categories"]] == [9, 10, "string11"]


@pytest.mark.parametrize(
    ("config", "tables"),
    [
        ({"mode": "INHERIT", "tables": None}, TableBooking()),
        ({"mode": "ALL_BY_SEAT"}, TableBooking(mode="all_by_seat")),
        ({"mode": "ALL_BY_TABLE", "tables": {}}, TableBooking(mode="all_by_table")),
        (
            {"mode": "CUSTOM", "tables": {"T1": "BY_TABLE", "nowhere": "BY_SEAT"}},
            TableBooking(mode="custom", by_label={"T1": "by_table", "nowhere": "by_seat"}),
        ),
    ],
)
def test_table_booking_is_read_and_shown(config: dict[str, Any], tables: TableBooking) -> None:
    assert tables_asked(asked(tableBookingConfig=config)) == tables
    told = shown(Selling(tables=tables))["tableBookingConfig"]
    assert told == {name: value for name, value in config.items() if value}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"tableBookingConfig": {"mode": "ALL_BY_SEAT", "tables": {"T1": "BY_SEAT"}}},
            "#/tableBookingConfig: [tables] are for the mode CUSTOM only",
        ),
        (
            {"tableBookingConfig": {"mode": "BY_TABLE"}},
            (
                "#/tableBookingConfig/mode: expected one of "
                "'INHERIT', 'CUSTOM', 'ALL_BY_SEAT' or 'ALL_BY_TABLE'"
            ),
        ),
        (
            {"tableBookingModes": {"T1": "BY_TABLE"}},
            "#/tableBookingModes: no longer supported: use [tableBookingConfig]",
        ),
        (
            {"bookWholeTables": True},
            "#/bookWholeTables: no longer supported: use [tableBookingConfig]",
        ),
        ({"categories": ["own"]}, "#/categories/0: expected type: JSONObject, found: String"),
    ],
)
def test_what_cannot_be_is_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(BodyError) as refused:
        asked(**fields)
    assert refused.value.problems == [problem]


def test_categories_are_the_charts_then_the_events_own() -> None:
    fields = asked(
        categories=[OWN, {"key": 77, "label": "N", "color": "#fff", "accessible": True}],
        objectCategories={"A-1": "own", "A-2": 77, "A-3": 10, "A-4": "10", "nowhere": 9},
    )
    check_categories(fields, seat_map("sampleChart"))
    categories = categories_asked(fields) or []
    assert categories == [
        EventCategory(key="own", label="Own", color="#AAABBB"),
        EventCategory(key="77", label="N", color="#fff", accessible=True, key_is_int=True),
    ]
    by_label = object_categories_asked(fields) or {}
    event = shown(Selling(categories=categories, object_categories=by_label))
    assert [one["key"] for one in event["categories"]] == [9, 10, "string11", "own", 77]
    assert event["objectCategories"] == {
        "A-1": "own",
        "A-2": 77,
        "A-3": 10,
        "A-4": 10,
        "nowhere": 9,
    }


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"objectCategories": {"A-1": "no"}}, "objectCategories/A-1: there is no category [no]"),
        (
            {"categories": [OWN, OWN]},
            "categories/1/key: there is a category [own] already",
        ),
        (
            {"categories": [{**OWN, "key": 9}]},
            "categories/0/key: there is a category [9] already",
        ),
    ],
)
def test_categories_that_cannot_be_are_refused(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(BodyError) as refused:
        check_categories(asked(**fields), seat_map("sampleChart"), path=("events", 3))
    assert refused.value.problems == [f"#/events/3/{problem}"]


def test_an_update_may_name_categories_that_the_event_has() -> None:
    known = [EventCategory(key="own", label="Own")]
    fields = asked(objectCategories={"A-1": "own"})
    check_categories(fields, seat_map("sampleChart"), known)
    with pytest.raises(BodyError):
        check_categories(
            asked(objectCategories={"A-1": "own"}, categories=[]), seat_map("sampleChart"), known
        )


def test_an_events_word_on_a_category_counts_unless_the_category_is_gone() -> None:
    chart = seat_map("sampleChart")
    by_label = {"A-1": "10", "A-2": "gone", "A-3": "own"}
    own = [EventCategory(key="own", label="Own")]
    event_map = EventMap(chart, Selling(categories=own, object_categories=by_label))
    keys = []
    for label in ("A-1", "A-2", "A-3", "C-1"):
        found = event_map.find(label)
        assert found is not None
        keys.append(event_map.category_key(found))
    assert keys == ["10", "9", "own", "10"]
    assert event_map.category_label("own") == "Own"
