"""The error contract, over all routes there are: whoever adds one is held to it."""

import asyncio
import re
from base64 import b64encode
from urllib.parse import urlsplit

import pytest

from api.call import Route
from api.seatsio.routes import NOT_YET, Seatsio
from tests.seatsio.installation import Answer, Company, Installation
from tests.seatsio.shapes import assert_vendor_shape
from tests.seatsio.test_bad_input import assert_refused

NOT_JSON = [b"{", b"\xff", b"nul", b"{}{}", b'{"a":1,"a":2}']
NOT_AN_OBJECT = [b"0", b"[]", b'"x"']


def of(path: str, company: Company, chart: str) -> str:
    """Fill a route's path with what is there, as far as there is any."""
    values = {
        "label": "A-1",
        "version": "published",
        "category": "9",
        "month": "2026-11",
        "type": "byLabel",
    }

    def fill(found: re.Match[str]) -> str:
        name = found[1].partition(":")[0]
        if name != "key":
            return values.get(name, "x")
        if "/workspaces" in path:
            return company.workspace
        return chart if "/charts" in path else "E"

    return re.sub(r"\{([^}]+)\}", fill, path)


@pytest.fixture
def routes(running: Installation) -> list[Route]:
    """Give the routes that are there, and take an API key."""
    not_yet = {route for several in NOT_YET.values() for route in several}
    return [
        route
        for route in Seatsio(running.parts).routes
        if route.authenticated and (route.method, route.path) not in not_yet
    ]


@pytest.fixture
async def chart(company: Company) -> str:
    """Give the chart of an event E."""
    key = await company.chart()
    await company.event("E", key)
    return key


def secret_for(route: Route, company: Company) -> str:
    return company.admin_secret if route.for_admins else company.secret


async def test_a_body_that_is_not_json_is_never_accepted(
    company: Company, chart: str, routes: list[Route]
) -> None:
    for route in routes:
        if route.method == "GET":
            continue
        path, secret = of(route.path, company, chart), secret_for(route, company)
        if route.method == "DELETE":
            path += "x"  # what is there shall be there for the next route
        for body in NOT_JSON:
            answer = await company.call(route.method, path, body, secret=secret)
            assert answer.status in {400, 404}, (route, body, answer)
            assert_vendor_shape(answer)


async def test_a_body_of_another_type_is_refused_by_its_type(
    company: Company, chart: str, routes: list[Route]
) -> None:
    """Channels are the one thing of which several may be given."""
    for route in routes:
        if route.method == "GET" or route.path.endswith("/channels"):
            continue
        path, secret = of(route.path, company, chart), secret_for(route, company)
        if route.method == "DELETE":
            path += "x"
        for body in NOT_AN_OBJECT:
            answer = await company.call(route.method, path, body, secret=secret)
            assert answer.status in {400, 404}, (route, body, answer)
            assert_vendor_shape(answer)


async def test_a_parameter_that_nobody_knows_is_never_ignored(
    company: Company, chart: str, routes: list[Route]
) -> None:
    for route in routes:
        path, secret = of(route.path, company, chart), secret_for(route, company)
        if route.method == "DELETE":
            path += "x"
        answer = await company.call(route.method, f"{path}?oops=1", secret=secret)
        assert answer.status in {400, 404}, (route, answer)
        assert_vendor_shape(answer)


async def test_a_wrong_method_is_told_the_right_ones(
    company: Company, chart: str, running: Installation
) -> None:
    methods: dict[str, set[str]] = {}
    for route in Seatsio(running.parts).routes:
        methods.setdefault(of(route.path, company, chart), set()).add(route.method)
    for path, allowed in methods.items():
        for method in {"PATCH", "PUT", "HEAD", "POST", "DELETE"} - allowed:
            answer = await company.call(method, path)
            told = set(answer.headers.get("Allow", "").split(","))
            # Another route, one with a variable part, may know the method.
            if answer.status == 405:
                assert allowed <= told, (method, path, answer)
                assert method not in told
                if method != "HEAD":
                    assert_vendor_shape(answer)
                    assert answer.json["errors"][0]["code"] == "METHOD_NOT_ALLOWED"
            else:
                assert method in {"POST", "DELETE"}, (method, path, answer)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/oops",
        "/events/E/oops",
        "/charts/c/version",
        "///events",
        "/EVENTS",
        "/events/",
        "/%00",
    ],
)
async def test_what_is_no_route_is_not_found(company: Company, path: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = await company.call(method, path)
        assert answer.status == 404, (method, answer)
        assert_vendor_shape(answer)
        assert answer.json["errors"] == [{"code": "NOT_FOUND", "message": "Not Found"}]


async def begin(company: Company, route: Route, path: str) -> Answer:
    """Say that a body of a gigabyte follows, and send nothing of it."""
    address = urlsplit(company.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    credentials = b64encode(f"{secret_for(route, company)}:".encode())
    writer.write(
        b"%b %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000000\r\n"
        b"Authorization: Basic %b\r\n\r\n" % (route.method.encode(), path.encode(), credentials)
    )
    answer = await asyncio.wait_for(reader.read(), timeout=5)
    writer.close()
    await writer.wait_closed()
    head, _, content = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return Answer(int(first.split(" ")[1]), headers, content)


async def test_a_body_too_large_is_refused_before_it_comes(
    company: Company, chart: str, routes: list[Route]
) -> None:
    # All together: the ingress listens to each for a while yet, so that it hears the refusal.
    answers = await asyncio.gather(
        *(begin(company, route, of(route.path, company, chart)) for route in routes)
    )
    for route, answer in zip(routes, answers, strict=True):
        assert answer.status == 413, (route, answer)
        assert answer.json["errors"][0]["code"] == "BODY_TOO_LARGE"
        assert_vendor_shape(answer)


WRONG_TYPES = [
    ("/charts", {"categories": ["x"]}, "#/categories/0: expected type: JSONObject, found: String"),
    ("/charts", {"categories": {}}, "#/categories: expected type: JSONArray, found: JSONObject"),
    ("/charts", {"name": 1.5}, "#/name: expected type: String, found: Number"),
    ("/events", {"chartKey": None}, "#/chartKey: expected type: String, found: Null"),
    ("/events", {"chartKey": "c", "name": True}, "#/name: expected type: String, found: Boolean"),
    ("/events", {"chartKey": "c", "date": 7}, "#/date: expected type: String, found: Integer"),
    (
        "/events/actions/create-multiple",
        {"chartKey": "c", "events": ["x"]},
        "#/events/0: expected type: JSONObject, found: String",
    ),
    (
        "/events/E/actions/book",
        {"objects": "A-1"},
        "#/objects: expected type: JSONArray, found: String",
    ),
    (
        "/events/E/actions/book",
        {"objects": [{"objectId": 7}]},
        "#/objects/0/objectId: expected type: String, found: Integer",
    ),
    (
        "/events/E/actions/book",
        {"objects": ["A-1"], "keepExtraData": "no"},
        "#/keepExtraData: expected type: Boolean, found: String",
    ),
    (
        "/events/actions/change-object-status",
        {"statusChanges": [[]]},
        "#/statusChanges/0: expected type: JSONObject, found: JSONArray",
    ),
    (
        "/events/E/actions/update-extra-data",
        {"extraData": {"A-1": 1}},
        "#/extraData/A-1: expected type: JSONObject, found: Integer",
    ),
    (
        "/hold-tokens",
        {"expiresInMinutes": "15"},
        "#/expiresInMinutes: expected type: Integer, found: String",
    ),
]


@pytest.mark.parametrize(("path", "content", "message"), WRONG_TYPES)
async def test_a_wrong_type_is_named_with_its_place(
    company: Company, chart: str, path: str, content: object, message: str
) -> None:
    assert chart
    answer = await company.post(path, content)
    assert_refused(answer, 400, message)
    assert_vendor_shape(answer)
    assert answer.json["errors"][0]["code"] == "GENERAL_ERROR"
