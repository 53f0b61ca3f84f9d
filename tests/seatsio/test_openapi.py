"""The OpenAPI document: of all routes and only them, served to everybody, shown without others."""

import re

import pytest

from adapters.ports import PositionLostError
from api.errors import BodyIncompleteError, refusal_of
from api.seatsio.openapi.document import REFUSALS, document
from api.seatsio.openapi.operations import BY_RESOURCE
from api.seatsio.routes import NOT_YET, Seatsio
from tests.seatsio.documented import Documented, UndocumentedError
from tests.seatsio.installation import Company, Installation

NOT_DESCRIBED = {
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/{asset}"),
    ("POST", "/system/private/create-test-company"),
    *(route for routes in NOT_YET.values() for route in routes),
}


def test_every_route_is_described_and_every_description_has_its_route(
    running: Installation,
) -> None:
    routes = {(route.method, route.path) for route in Seatsio(running.parts).routes}
    described = {key for operations in BY_RESOURCE.values() for key in operations}
    assert routes - described == NOT_DESCRIBED
    assert described - routes == set()


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [one.id for operations in BY_RESOURCE.values() for one in operations.values()]
    assert len(set(names)) == len(names)


async def test_a_key_is_refused_where_none_is_described(
    company: Company, running: Installation
) -> None:
    await company.event("E")
    for route in Seatsio(running.parts).routes:
        if not route.appends:
            continue
        described = document([route])["paths"][route.path][route.method.lower()]["parameters"]
        takes_key = "Idempotency-Key" in {parameter["name"] for parameter in described}
        path = re.sub(r"\{[^}]+\}", "E", route.path)
        answer = await company.call(route.method, path, Idempotency_Key=path)
        assert (b"Idempotency-Key: not supported" in answer.body) != takes_key, route


@pytest.mark.parametrize("error", [BodyIncompleteError(), PositionLostError("forgotten")])
def test_what_any_route_may_refuse_is_described(error: Exception) -> None:
    refusal = refusal_of(error)
    assert refusal is not None
    assert str(refusal.status) in REFUSALS


async def test_the_document_is_served_to_everybody(running: Installation) -> None:
    async with running.http.get(f"{running.url}/openapi.json") as response:
        served = await response.json()
    assert served == document(Seatsio(running.parts).routes)
    assert served["openapi"] == "3.1.0"


async def test_the_page_needs_no_other_host(running: Installation) -> None:
    async with running.http.get(f"{running.url}/docs") as response:
        page = await response.text()
        assert "default-src 'self'" in response.headers["Content-Security-Policy"]
    assert "http" not in page
    for asset in re.findall(r'(?:src|href)="([^"]+)"', page):
        async with running.http.get(running.url + asset) as response:
            assert response.status == 200
            assert len(await response.read()) > 100_000
    async with running.http.get(f"{running.url}/docs/other") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("status", "body", "complaint"),
    [
        (200, b'{"holdToken":"x"}', "required property"),
        (200, b'{"tags":[],"surprise":1}', "surprise"),
        (204, b"", "not documented"),
        (401, b"{}", "should have no body"),
    ],
)
def test_what_the_document_does_not_know_is_found(
    running: Installation, status: int, body: bytes, complaint: str
) -> None:
    documented = Documented(Seatsio(running.parts).routes)
    path = "/hold-tokens/{token}" if b"holdToken" in body else "/charts/tags"
    with pytest.raises(UndocumentedError, match=complaint):
        documented.check("GET", path, status, "application/json", body)
