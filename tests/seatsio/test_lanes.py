"""The two lanes over HTTP: which route counts where, and what the official client is told."""

import asyncio
from base64 import b64encode
from urllib.parse import urlsplit

import pytest
import seatsio
from seatsio.exceptions import RateLimitExceededException

from api.lanes import Lane
from api.limits import regular_requests_max
from api.seatsio.routes import NOT_YET, Seatsio
from tests.eventually import eventually
from tests.seatsio.installation import Company, Installation
from tests.seatsio.test_bad_input import assert_refused

pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

SALES = (
    *("book", "hold", "release", "change-object-status", "put-up-for-resale"),
    *("update-extra-data", "objects", "{label}", "hold-tokens", "{token}", "{id}"),
)
"""How the paths end that the vendor has in its priority lane, and those of our commands."""


def test_what_a_fan_waits_for_is_in_the_priority_lane_and_nothing_else(
    running: Installation,
) -> None:
    not_yet = {route for routes in NOT_YET.values() for route in routes}
    for route in Seatsio(running.parts).routes:
        if (route.method, route.path) in not_yet or not route.authenticated:
            continue
        ends_so = route.path.rpartition("/")[2] in SALES
        manages = route.path.startswith(("/reports", "/charts")) or "/channels/" in route.path
        sells = ends_so and not manages
        assert route.lane is (Lane.PRIORITY if sells else Lane.REGULAR), route


async def begin(company: Company) -> asyncio.StreamWriter:
    """Send a regular request whose body does not come."""
    address = urlsplit(company.url)
    _, writer = await asyncio.open_connection(address.hostname, address.port)
    credentials = b64encode(f"{company.secret}:".encode())
    writer.write(
        b"POST /charts HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
        b"Authorization: Basic " + credentials + b"\r\n\r\n"
    )
    await writer.drain()
    return writer


async def test_more_at_once_than_a_lane_has_is_told_as_the_client_knows_it(
    company: Company, running: Installation
) -> None:
    begun = [await begin(company) for _ in range(regular_requests_max)]

    async def refused() -> None:
        answer = await company.get("/events")
        message = "Too many requests of this workspace are under way: try again later"
        assert_refused(answer, 429, message)
        assert answer.json["errors"][0]["code"] == "RATE_LIMIT_EXCEEDED"
        assert int(answer.headers["Retry-After"]) >= 1

    await eventually(refused)
    client = seatsio.Client(seatsio.Region(company.url), company.secret, max_retries=0)
    with pytest.raises(RateLimitExceededException):
        await asyncio.to_thread(client.charts.create)
    assert (await asyncio.to_thread(client.hold_tokens.create)).hold_token
    assert (await (await running.company()).get("/events")).status == 200
    for writer in begun:
        writer.close()

    async def served() -> None:
        assert (await company.get("/events")).status == 200

    await eventually(served)
