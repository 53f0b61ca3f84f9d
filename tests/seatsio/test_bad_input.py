"""What must be refused, over HTTP: a 4xx in the vendor's shape that names the field, no change."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from api.limits import body_bytes_max
from tests.seatsio.installation import Answer, Company, Installation

NOT_JSON = "#: the body is not JSON: "
SORT = "sort: expected one of objectLabel, status, date, with :asc or :desc behind it; "
CHANGE = "/events/groups/actions/change-object-status"


def assert_refused(answer: Answer, status: int, *messages: str) -> None:
    assert answer.status == status, answer
    said = answer.json
    assert said["status"] == status
    assert said["warnings"] == []
    assert said["requestId"]
    assert [problem["message"] for problem in said["errors"]] == list(messages)
    assert all(set(problem) == {"code", "message"} for problem in said["errors"])
    assert said["messages"] == list(messages)
    assert answer.headers["Content-Type"].startswith("application/json")


async def changes_of(company: Company, event: str) -> list[Any]:
    items: list[Any] = (await company.get(f"/events/{event}/status-changes")).json["items"]
    return items


BAD_CHANGES = [
    (
        b"{",
        NOT_JSON + "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ),
    (
        b'{"events":["E"],"objects":["A-1"],"status":NaN}',
        "#/status: NaN is not a JSON number",
    ),
    (
        b'{"events":["E"],"objects":["A-1"],"extraData":{"n":[1%s]}}' % (b"0" * 5_000),
        f"#/extraData/n/0: expected a whole number between -{2**63 - 1} and {2**63 - 1}",
    ),
    ({"objects": ["A-1"], "status": "x"}, "#: required key [events] not found"),
    (
        {"events": [], "objects": ["A-1"], "status": "x"},
        "#/events: expected minimum item count: 1, found: 0",
    ),
    (
        {"events": ["E"], "objects": [f"A-{n}" for n in range(101)], "status": "x"},
        "#/objects: expected maximum item count: 100, found: 101",
    ),
    (
        {"events": ["E"], "objects": ["A-1", "A-1"], "status": "x"},
        "#/objects/1: [A-1] stands twice",
    ),
    (
        {"events": ["E"], "objects": ["A-1", "A-1"], "type": "RELEASE"},
        "#/objects/1: [A-1] stands twice",
    ),
    ({"events": ["E", "E"], "objects": ["A-1"], "status": "x"}, "#/events/1: [E] stands twice"),
    (
        {"events": ["E"], "objects": ["x" * 101], "status": "x"},
        "#/objects/0/objectId: expected maxLength: 100, but it is longer",
    ),
    (b'{"events":["E"],"objects":["A-1\\u0000"],"status":"x"}', "#/objects/0: has a NUL character"),
    (
        b'{"events":["E"],"objects":["A-1\\ud800"],"status":"x"}',
        "#/objects/0: has a lone surrogate",
    ),
    (
        {"events": ["E"], "objects": ["A-1"], "status": "x", "orderID": "o"},
        "#: extraneous key [orderID] is not permitted",
    ),
    (
        {"events": ["E"], "objects": ["A-1"], "status": "x", "channelKeys": [1]},
        "#/channelKeys/0: expected type: String, found: Integer",
    ),
    (
        {"events": ["E"], "objects": ["A-1"], "status": "x", "orderId": 7},
        "#/orderId: expected type: String, found: Integer",
    ),
    (
        {"events": ["E"], "objects": ["A-1"], "status": "reservedByToken"},
        "#: required key [holdToken] not found",
    ),
    ([1, 2], "#: expected type: JSONObject, found: JSONArray"),
]


@pytest.mark.parametrize(("content", "message"), BAD_CHANGES)
async def test_a_change_that_cannot_be_is_refused_and_nothing_changes(
    company: Company, content: object, message: str
) -> None:
    await company.event("E")
    assert_refused(await company.post(CHANGE, content), 400, message)
    assert await changes_of(company, "E") == []


async def test_an_unknown_event_is_not_found(company: Company) -> None:
    answer = await company.post(CHANGE, {"events": ["no"], "objects": ["A-1"], "status": "x"})
    said = f"Event not found: no was not found in workspace {company.workspace}"
    assert_refused(answer, 404, said)
    for path in ("/events/no", "/events/no/objects?label=A-1", "/events/no/status-changes"):
        assert_refused(await company.get(path), 404, said)
    assert_refused(await company.call("DELETE", "/events/no"), 404, said)
    assert_refused(await company.post("/events/no", {"name": "n"}), 404, said)


async def test_an_unknown_object_is_named_and_stops_the_whole_change(company: Company) -> None:
    event = await company.event("E")
    answer = await company.post(
        CHANGE, {"events": [event], "objects": ["A-1", "Z-1", "Z-2"], "status": "booked"}
    )
    assert_refused(
        answer, 400, "Object not found: Z-1 on event E", "Object not found: Z-2 on event E"
    )
    assert {problem["code"] for problem in answer.json["errors"]} == {"OBJECT_NOT_FOUND"}
    assert await changes_of(company, event) == []
    found = await company.get(f"/events/{event}/objects?label=A-1&label=Z-1")
    assert_refused(found, 404, "Object not found: Z-1 on event E")


async def test_a_body_over_the_limit_is_refused(company: Company) -> None:
    body = b'{"events":["E"],"status":"' + b"x" * body_bytes_max + b'"}'
    answer = await company.post(CHANGE, body)
    assert answer.status == 413
    assert answer.json["errors"][0]["code"] == "BODY_TOO_LARGE"


async def test_extra_data_that_many_events_would_multiply_is_refused(company: Company) -> None:
    chart = await company.chart()
    events = [await company.event(None, chart) for _ in range(4)]
    objects = [{"objectId": "A-1", "extraData": {"x": "y" * 200_000}}]
    answer = await company.post(CHANGE, {"events": events, "objects": objects, "status": "x"})
    assert answer.status == 400
    assert "send less extra data" in answer.messages[0]


@pytest.mark.parametrize("secret", ["wrong", ""])
async def test_a_wrong_key_gets_401_without_a_body(company: Company, secret: str) -> None:
    answer = await company.call("GET", "/events", secret=secret or "x:y")
    assert (answer.status, answer.body) == (401, b"")


async def test_another_companys_things_are_not_there(
    company: Company, running: Installation
) -> None:
    chart = await company.chart()
    event = await company.event("E", chart)
    token = (await company.post("/hold-tokens")).json["holdToken"]
    other = await running.company()
    reads: list[Callable[[], Awaitable[Answer]]] = [
        lambda: other.get(f"/events/{event}"),
        lambda: other.get(f"/events/{event}/objects?label=A-1"),
        lambda: other.get(f"/events/{event}/status-changes"),
        lambda: other.get(f"/events/{event}/objects/A-1/status-changes"),
        lambda: other.get(f"/charts/{chart}"),
        lambda: other.get(f"/charts/{chart}/version/published"),
        lambda: other.get(f"/hold-tokens/{token}"),
        lambda: other.call("DELETE", f"/events/{event}"),
        lambda: other.post(f"/events/{event}", {"name": "mine"}),
        lambda: other.post(f"/events/{event}/actions/book", {"objects": ["A-1"]}),
        lambda: other.post("/events", {"chartKey": chart}),
        lambda: other.post(f"/hold-tokens/{token}", {"expiresInMinutes": 0}),
        lambda: other.post(f"/events/{event}/objects/A-1/actions/update-extra-data", {}),
    ]
    for read in reads:
        answer = await read()
        assert answer.status == 404, answer
        assert answer.json["errors"]
    assert (await other.get("/events")).json["items"] == []
    assert (await other.get("/charts")).json["items"] == []
    own = await other.event("E")
    hold = {"objects": ["A-1"], "holdToken": token}
    answer = await other.post(f"/events/{own}/actions/hold", hold)
    assert answer.json["errors"][0]["code"] == "HOLD_TOKEN_NOT_FOUND"
    assert (await company.get(f"/events/{event}")).status == 200


BAD_EVENTS = [
    ({}, "#: required key [chartKey] not found"),
    ({"date": "28-03-2027"}, "#/date: expected a date like 2027-03-28"),
    ({"date": "2027-02-30"}, "#/date: expected a date like 2027-03-28"),
    ({"date": "2013-12-31"}, "#/date: expected a date between 2014-01-01 and 10 years from now"),
    *(
        ({"eventKey": key}, f"#/eventKey: [{key}] is reserved")
        for key in ("groups", "actions", ".", "..")
    ),
    ({"eventKey": "k" * 101}, "#/eventKey: expected maxLength: 100, but it is longer"),
    ({"name": "n" * 256}, "#/name: expected maxLength: 255, but it is longer"),
    (
        {"tableBookingConfig": {"mode": "BY_TABLE"}},
        (
            "#/tableBookingConfig/mode: expected one of "
            "'INHERIT', 'CUSTOM', 'ALL_BY_SEAT' or 'ALL_BY_TABLE'"
        ),
    ),
    ({"channels": [{"key": "c", "name": "n"}]}, "#/channels/0: required key [color] not found"),
    ({"objectCategories": 1}, "#/objectCategories: expected type: JSONObject, found: Integer"),
    (
        {"forSaleConfig": {"objects": []}},
        "#/forSaleConfig: required key [forSale] not found",
    ),
    ({"oops": 1}, "#: extraneous key [oops] is not permitted"),
]


@pytest.mark.parametrize(("fields", "message"), BAD_EVENTS)
async def test_an_event_that_cannot_be_is_refused(
    company: Company, fields: dict[str, Any], message: str
) -> None:
    asked = {"chartKey": "c", **fields} if fields else {}
    assert_refused(await company.post("/events", asked), 400, message)
    assert (await company.get("/events")).json["items"] == []


async def test_events_that_cannot_be_are_refused_together(company: Company) -> None:
    several, chart = "/events/actions/create-multiple", await company.chart()
    for events, message in (
        ([], "#/events: expected minimum item count: 1, found: 0"),
        ([{}] * 101, "#/events: expected maximum item count: 100, found: 101"),
        ([{"eventKey": "e"}, {"eventKey": "e"}], "Duplicate event keys are not allowed"),
    ):
        answer = await company.post(several, {"chartKey": chart, "events": events})
        assert_refused(answer, 400, message)
    await company.event("taken", chart)
    answer = await company.post(
        several, {"chartKey": chart, "events": [{"eventKey": "new"}, {"eventKey": "taken"}]}
    )
    said = f"Event key already in use in workspace {company.workspace}: taken"
    assert_refused(answer, 400, said)
    assert [item["key"] for item in (await company.get("/events")).json["items"]] == ["taken"]


async def test_an_unknown_chart_is_not_found(company: Company) -> None:
    said = f"Chart not found: no was not found in workspace {company.workspace}"
    assert_refused(await company.post("/events", {"chartKey": "no"}), 404, said)
    assert_refused(await company.get("/charts/no"), 404, said)


@pytest.mark.parametrize(
    ("drawing", "message"),
    [
        (b"", "The drawing cannot be read: the drawing is not JSON"),
        (b"[]", "The drawing cannot be read: the drawing: expected an object"),
        (
            b'{"subChart":{"rows":[{"seats":[{"x":"1","y":2}]}]}}',
            "The drawing cannot be read: subChart.rows[0].seats[0].x: expected a number",
        ),
    ],
)
async def test_a_drawing_that_cannot_be_read_is_refused_with_its_place(
    company: Company, drawing: bytes, message: str
) -> None:
    answer = await company.post("/charts/actions/import", drawing)
    assert answer.status == 400
    assert answer.messages[0].startswith(message)
    assert (await company.get("/charts")).json["items"] == []


async def test_a_drawing_with_errors_is_stored_and_says_so(company: Company) -> None:
    chart = await company.chart("sampleChartWithErrors")
    validation = (await company.get(f"/charts/{chart}")).json["validation"]
    assert "VALIDATE_DUPLICATE_LABELS" in validation["errors"]


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/events?limit=0", "limit: expected a number from 1 to 1000"),
        ("/events?limit=1001", "limit: expected a number from 1 to 1000"),
        ("/events?limit=x", "limit: expected a whole number, found 'x'"),
        (
            "/events?start_after_id=1&end_before_id=2",
            "start_after_id and end_before_id cannot be used together",
        ),
        ("/events?start_after_id=-1", "start_after_id: expected a whole number, found '-1'"),
        ("/events?oops=1", "the parameter [oops] is not known here"),
        (
            "/events/E/status-changes?sort=oops",
            SORT + "found 'oops'",
        ),
        ("/events/E/status-changes?filterType=REGEX", "filterType: expected CONTAINS"),
        ("/events/E/objects", "label: expected 1 to 100 labels, found 0"),
        (f"/events/E/objects?{'label=A-1&' * 101}", "label: expected 1 to 100 labels, found 101"),
        ("/events/%00", "key: has a NUL character"),
        (
            "/accounts/me",
            "accounts are not supported yet: GET /accounts/me",
        ),
    ],
)
async def test_a_question_that_cannot_be_is_refused(
    company: Company, path: str, message: str
) -> None:
    assert_refused(await company.get(path), 400, message)


async def test_what_is_not_there_yet_says_so(company: Company) -> None:
    answer = await company.post("/accounts/me/actions/something", {})
    assert answer.status == 400
    assert "not supported yet" in answer.messages[0]


async def test_a_route_that_nobody_knows_is_not_found(company: Company) -> None:
    answer = await company.post("/oops", {})
    assert (answer.status, answer.json["errors"][0]["code"]) == (404, "NOT_FOUND")
    assert answer.json["requestId"]


@pytest.mark.parametrize("minutes", [-1, 121, "5", 1.5, True])
async def test_a_validity_that_cannot_be_is_refused(company: Company, minutes: object) -> None:
    token = (await company.post("/hold-tokens")).json["holdToken"]
    for path in ("/hold-tokens", f"/hold-tokens/{token}"):
        answer = await company.post(path, {"expiresInMinutes": minutes})
        assert answer.status == 400
        assert answer.messages[0].startswith("#/expiresInMinutes: ")


async def test_a_token_is_not_extended_past_two_hours_from_its_making(company: Company) -> None:
    path = f"/hold-tokens/{(await company.post('/hold-tokens')).json['holdToken']}"
    assert (await company.post(path, {"expiresInMinutes": 119})).status == 200
    answer = await company.post(path, {"expiresInMinutes": 120})
    assert answer.status == 400
    assert "120 minutes at most in all, counted from when it was made" in answer.messages[0]


async def test_json_is_read_whatever_it_is_labelled(company: Company) -> None:
    event = await company.event()
    book = json.dumps({"objects": ["A-1"]}).encode()
    for label in ("application/x-www-form-urlencoded", "text/plain", "nonsense"):
        path = f"/events/{event}/actions/change-object-status"
        asked = book[:-1] + b', "status": "' + label.encode() + b'"}'
        assert (await company.post(path, asked, Content_Type=label)).status == 204
    for empty in (b"", b"null", b"{}"):
        assert (await company.post("/hold-tokens", empty)).status == 200
    assert (await company.call("DELETE", f"/events/{event}", b"null")).status == 204
