import json
from collections.abc import Callable
from typing import Any

import pytest

from api.seatsio.best_available import WantedBest
from api.seatsio.change_bodies import (
    Wanted,
    WantedOn,
    read_batch,
    read_event_change,
    read_event_status,
    read_group_change,
    read_group_status,
)
from api.seatsio.errors import BodyError
from api.seatsio.statuses import doubled_objects
from schemas.commands import Change, Hold, ObjectChange, Wish


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def wanted(status: str = "booked", *objects: ObjectChange, **fields: Any) -> Wanted:  # noqa: ANN401
    absent = dict.fromkeys(Wanted.__struct_fields__[2:])
    given_ = {**absent, "keep_extra_data": False, "ignore_channels": False, **fields}
    return Wanted(status, list(objects) or [ObjectChange(label="A-1")], **given_)


def refused(read_it: Callable[..., object], *arguments: object) -> list[str]:
    with pytest.raises(BodyError) as caught:
        read_it(*arguments)
    return list(caught.value.problems)


GROUP = {"type": "CHANGE_STATUS_TO", "status": "booked", "events": ["e"], "objects": ["A-1"]}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, wanted()),
        ({"type": None}, wanted()),
        ({"status": "lolzor"}, wanted("lolzor")),
        ({"type": "RELEASE", "status": None}, wanted("free")),
        ({"objects": [{"objectId": "A-1"}]}, wanted()),
        (
            {"objects": ["A-1", {"objectId": "GA", "quantity": 3, "ticketType": "t"}]},
            wanted(
                "booked",
                ObjectChange(label="A-1"),
                ObjectChange(label="GA", quantity=3, ticket_type="t"),
            ),
        ),
        (
            {"objects": [{"objectId": "A-1", "extraData": {"a": [1, {"b": 1.5}]}}]},
            wanted("booked", ObjectChange(label="A-1", extra_data={"a": [1, {"b": 1.5}]})),
        ),
        ({"holdToken": "h", "orderId": "o"}, wanted(hold_token="h", order_id="o")),
        (
            {"status": "reservedByToken", "holdToken": "h"},
            wanted("reservedByToken", hold_token="h"),
        ),
        ({"keepExtraData": True}, wanted(keep_extra_data=True)),
        ({"keepExtraData": False, "ignoreChannels": False}, wanted()),
        ({"allowedPreviousStatuses": ["x"]}, wanted(allowed_previous_statuses=["x"])),
        ({"rejectedPreviousStatuses": []}, wanted(rejected_previous_statuses=[])),
        (
            {"status": "resale", "resaleListingId": "listing"},
            wanted("resale", resale_listing_id="listing"),
        ),
        ({"channelKeys": ["c", "NO_CHANNEL"]}, wanted(channel_keys=["c", "NO_CHANNEL"])),
        ({"channelKeys": ["e\u0301"]}, wanted(channel_keys=["\u00e9"])),
        ({"channelKeys": []}, wanted()),
        ({"channelKeys": None, "ignoreChannels": None}, wanted()),
        ({"ignoreChannels": True}, wanted(ignore_channels=True)),
    ],
)
def test_a_change_over_events_is_read(fields: dict[str, Any], expected: Wanted) -> None:
    assert read_group_status(body(**{**GROUP, **fields})) == WantedOn(["e"], expected)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"events": []}, "#/events: expected minimum item count: 1, found: 0"),
        (
            {"events": [f"e{n}" for n in range(21)]},
            "#/events: expected maximum item count: 20, found: 21",
        ),
        ({"events": ["a", "b", "a"]}, "#/events/2: [a] stands twice"),
        ({"events": None}, "#/events: expected type: JSONArray, found: Null"),
        ({"objects": []}, "#/objects: expected minimum item count: 1, found: 0"),
        (
            {"objects": [f"A-{n}" for n in range(101)]},
            "#/objects: expected maximum item count: 100, found: 101",
        ),
        ({"objects": [7]}, "#/objects/0: expected type: JSONObject, found: Integer"),
        ({"objects": [{}]}, "#/objects/0: required key [objectId] not found"),
        (
            {"objects": ["A-1", {"objectId": "A-2", "seat": 1}]},
            "#/objects/1: extraneous key [seat] is not permitted",
        ),
        (
            {"objects": ["A" * 101]},
            "#/objects/0/objectId: expected maxLength: 100, but it is longer",
        ),
        ({"type": "BOOK"}, "#/type: expected one of 'CHANGE_STATUS_TO' or 'RELEASE'"),
        ({"type": "RELEASE"}, "#/status: a release has no status"),
        ({"status": None}, "#: required key [status] not found"),
        ({"status": "reservedByToken"}, "#: required key [holdToken] not found"),
        ({"channelKeys": [1]}, "#/channelKeys/0: expected type: String, found: Integer"),
        (
            {"channelKeys": ["c"] * 102},
            "#/channelKeys: expected maximum item count: 101, found: 102",
        ),
        ({"ignoreChannels": "x"}, "#/ignoreChannels: expected type: Boolean, found: String"),
        ({"resaleListingId": ""}, "#/resaleListingId: expected minLength: 1, actual: 0"),
        (
            {"bestAvailable": {"number": 2}},
            "#/bestAvailable: best available for groups and batches is not supported yet",
        ),
        (
            {"allowedPreviousStatuses": ["a"], "rejectedPreviousStatuses": ["b"]},
            "#: allowedPreviousStatuses and rejectedPreviousStatuses exclude each other",
        ),
        ({"holdtoken": "h"}, "#: extraneous key [holdtoken] is not permitted"),
    ],
)
def test_what_a_change_cannot_be_is_named(fields: dict[str, Any], problem: str) -> None:
    assert refused(read_group_status, body(**{**GROUP, **fields})) == [problem]


def test_the_other_routes_know_what_they_have_no_use_for() -> None:
    plain = body(objects=["A-1"])
    assert read_event_change(plain, "booked") == wanted()
    assert read_event_status(body(objects=["A-1"], status="x")) == wanted("x")
    of_group = read_group_change(body(objects=["A-1"], events=["e"]), "free")
    assert of_group == WantedOn(["e"], wanted("free"))
    for field, value in (("events", ["e"]), ("status", "x"), ("type", "RELEASE")):
        problem = [f"#: extraneous key [{field}] is not permitted"]
        assert refused(read_event_change, body(objects=["A-1"], **{field: value}), "x") == problem
        if field != "events":
            asked = body(objects=["A-1"], events=["e"], **{field: value})
            assert refused(read_group_change, asked, "x") == problem


BEST = {"number": 3}


def test_a_change_of_one_event_may_leave_the_choice_to_us() -> None:
    asked = read_event_status(body(status="booked", bestAvailable=BEST))
    assert asked == WantedBest("booked", Wish(number=3), [], [], None, None, keep_extra_data=False)
    everything = {
        **BEST,
        "categories": [9, "Cat2"],
        "zone": "z",
        "sections": ["s"],
        "extraData": [{"a": 1}, None],
        "ticketTypes": ["adult", None, "child"],
        "tryToPreventOrphanSeats": False,
        "accessibleSeats": 1,
    }
    more = {
        "holdToken": "t",
        "orderId": "o",
        "keepExtraData": True,
        "channelKeys": ["c"],
        "ignoreChannels": True,
    }
    assert read_event_change(
        body(bestAvailable=everything, **more), "reservedByToken"
    ) == WantedBest(
        "reservedByToken",
        Wish(
            number=3,
            categories=("9", "Cat2"),
            zone="z",
            sections=("s",),
            accessible_seats=1,
            prevent_orphans=False,
        ),
        ["adult", None, "child"],
        [{"a": 1}, None],
        "t",
        "o",
        True,
        channel_keys=["c"],
        ignore_channels=True,
    )


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"bestAvailable": {}}, "#/bestAvailable: required key [number] not found"),
        (
            {"bestAvailable": {"number": 0}},
            "#/bestAvailable/number: expected a number of at least 1",
        ),
        (
            {"bestAvailable": {"number": 10_000_001}},
            "#/bestAvailable/number: expected a number of at most 10000000",
        ),
        (
            {"bestAvailable": {"number": "2"}},
            "#/bestAvailable/number: expected type: Integer, found: String",
        ),
        (
            {"bestAvailable": {"number": 2, "accessibleSeats": 3}},
            "#/bestAvailable/accessibleSeats: 3 for 2 objects",
        ),
        (
            {"bestAvailable": {"number": 1, "ticketTypes": ["a", "b"]}},
            "#/bestAvailable/ticketTypes: 2 for 1 objects",
        ),
        (
            {"bestAvailable": {"number": 1, "extraData": [{}, {}]}},
            "#/bestAvailable/extraData: 2 for 1 objects",
        ),
        (
            {"bestAvailable": {"number": 1, "sections": ["s"] * 101}},
            "#/bestAvailable/sections: expected maximum item count: 100, found: 101",
        ),
        (
            {"bestAvailable": {"number": 1, "row": "A"}},
            "#/bestAvailable: extraneous key [row] is not permitted",
        ),
        (
            {"bestAvailable": BEST, "objects": ["A-1"]},
            "#: [objects] and [bestAvailable] exclude each other",
        ),
        (
            {"bestAvailable": BEST, "allowedPreviousStatuses": ["x"]},
            "#/bestAvailable: it takes free objects, whatever previous statuses say",
        ),
        (
            {"bestAvailable": BEST, "status": None, "type": "RELEASE"},
            "#/bestAvailable: there is nothing to release",
        ),
        (
            {"bestAvailable": BEST, "status": "reservedByToken"},
            "#: required key [holdToken] not found",
        ),
        ({"bestAvailable": None}, "#: required key [objects] not found"),
    ],
)
def test_what_a_wish_cannot_be_is_named(fields: dict[str, Any], problem: str) -> None:
    assert refused(read_event_status, body(**{"status": "booked", **fields})) == [problem]


def test_a_batch_has_a_change_for_each_entry() -> None:
    entries = [
        {"event": "e1", "objects": ["A-1"], "status": "booked"},
        {"event": "e2", "objects": ["A-2"], "type": "RELEASE"},
    ]
    assert read_batch(body(statusChanges=entries)) == [
        WantedOn(["e1"], wanted()),
        WantedOn(["e2"], wanted("free", ObjectChange(label="A-2"))),
    ]


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([], "#/statusChanges: expected minimum item count: 1, found: 0"),
        (
            [{"event": "e", "objects": ["A-1"]}],
            "#/statusChanges/0: required key [status] not found",
        ),
        (
            [{"event": "e", "objects": ["A-1"], "type": "USE_SEASON_STATUS", "orderId": "o"}],
            "#/statusChanges/0: USE_SEASON_STATUS takes objects and a season, no orderId",
        ),
        (
            [{"event": "e", "objects": ["A-1"], "status": "x", "season": "s"}],
            "#/statusChanges/0/season: only for OVERRIDE_SEASON_STATUS and USE_SEASON_STATUS",
        ),
        (
            [{"event": "e", "objects": ["A-1"] * 51, "status": "x"}] * 2,
            "#/statusChanges: at most 100 objects in all, found: 102",
        ),
        (
            [{"event": f"e{n}", "objects": ["A-1"], "status": "x"} for n in range(21)],
            "#/statusChanges: at most 20 events",
        ),
    ],
)
def test_what_a_batch_cannot_be_is_named(entries: list[Any], problem: str) -> None:
    assert refused(read_batch, body(statusChanges=entries)) == [problem]


def test_a_wanted_change_becomes_a_command_for_each_event() -> None:
    asked = wanted(
        "reservedByToken",
        hold_token="h",
        order_id="o",
        keep_extra_data=True,
        channel_keys=["c"],
        ignore_channels=True,
    )
    assert asked.change(7, "fri", Hold("h", 99)) == Change(
        event=7,
        event_key="fri",
        status="reservedByToken",
        objects=[ObjectChange(label="A-1")],
        hold=Hold("h", 99),
        order_id="o",
        keep_extra_data=True,
        channel_keys=["c"],
        ignore_channels=True,
    )


def test_objects_that_stand_twice_are_found() -> None:
    objects = [ObjectChange(label=label) for label in ("a", "b", "a", "c", "b", "a")]
    assert doubled_objects(objects) == [2, 4, 5]
    assert doubled_objects(objects[:2]) == []
