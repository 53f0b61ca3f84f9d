"""Every route of the dialect: nobody without a key, and no fault of ours whatever comes."""

import re

import pytest

from api.call import Route
from api.seatsio.routes import Seatsio
from tests.seatsio.installation import Company, Installation
from tests.seatsio.shapes import assert_vendor_shape

PATHS = ["E", "%00", "%FF%FE", "..%2F..%2Fetc", "x" * 300, "%F0%9F%92%BA", "e-0-0", "{0}"]
BODIES = [
    b"",
    b"null",
    b"[]",
    b"0",
    b'"\xf0\x9f\x92\xba"',
    b"\xff\xfe\x00",
    b"{" * 100_000,
    b'{"a":' * 5_000,
    b'{"objects":["A-1"],"events":["E"],"status":"\\udfff"}',
    b'{"objects":["A-1"],"events":["E"],"status":"x","holdToken":"\xc3\xa9"}',
    b'{"objects":[{"objectId":"GA1","quantity":1e308}],"status":"x"}',
    b'{"statusChanges":[{"event":"E","objects":["A-1"],"status":"x","type":[]}]}',
    b'{"extraData":{"A-1":{"deep":[[[[[[{"x":-0.0}]]]]]]}}}',
    b'{"extraData":{"A-1":' + b"9" * 5_000 + b"}}",
    b'{"expiresInMinutes":1e400}',
    b'{"chartKey":"c","date":"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa7-01-01"}',
    b'{"chartKey":{},"events":[[]],"tableBookingConfig":{"mode":{}}}',
    b'{"subChart":{"rows":[{"seats":[{"x":1e309,"y":0}]}]}}',
    b'{"categories":[{"key":-1,"label":"l"}],"venueType":"X"}',
]
QUERIES = ["", "?limit=%FF", "?label=%00&label=A-1", "?sort=%00", "?expand=objects&expand=x"]


def filled(route: Route, part: str) -> str:
    return re.sub(r"\{[^}]+\}", lambda _: part, route.path)


@pytest.fixture
def routes(running: Installation) -> list[Route]:
    return list(Seatsio(running.parts).routes)


async def test_nobody_gets_in_without_a_key(company: Company, routes: list[Route]) -> None:
    for route in routes:
        if not route.authenticated and route.method == "GET":
            continue  # what it tells is no secret
        answer = await company.call(route.method, filled(route, "E"), secret="nobodys")
        assert (answer.status, answer.body) == (401, b""), route


async def test_nothing_that_comes_is_a_fault_of_ours(company: Company, routes: list[Route]) -> None:
    await company.event("E")
    for route in routes:
        if route.path.startswith("/system/private"):
            continue
        tries = [(part, b"", "") for part in PATHS]
        tries += [("E", body, "") for body in BODIES]
        tries += [("E", b"", query) for query in QUERIES]
        for part, body, query in tries:
            # What is deleted must not be missing where the next route looks.
            path = filled(route, "gone" if route.method == "DELETE" else part) + query
            secret = company.admin_secret if route.for_admins else None
            answer = await company.call(route.method, path, body, secret=secret)
            assert answer.status < 500, (route, part, body[:100], query, answer)
            if answer.status >= 400:
                assert_vendor_shape(answer)
