"""The API while its broker is silent or gone, and when it is back: on a broker of its own."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from functools import partial
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import msgspec
import pytest

from adapters.kafka.admin import apply_topics
from api.lanes import LaneLimits
from api.seatsio.routes import Seatsio
from schemas.topics import Topics
from seatlog.demo.answers import read_change
from seatlog.local.kafka import LocalKafka
from seatlog.verify.client_log import Request
from seatlog.verify.installation import verify
from tests.api.ingress import until_ready
from tests.api.outages import killed, own_broker, stopped
from tests.conftest import new_database, new_topic_names
from tests.eventually import eventually
from tests.seatsio.installation import Answer, Company, Installation, installation
from tests.seatsio.shapes import assert_vendor_shape

pytestmark = pytest.mark.timeout(180)

PARTITIONS = 3
ANSWERED_WITHIN_S = 9.5
"""The clients give up at 10 s."""
CHANGE = "/events/groups/actions/change-object-status"
BOOK = "/events/E/actions/book"
ALL_AT_ONCE = LaneLimits(1_000, 1_000)
TOLD_MIN = 100
"""So many answers before the broker goes away."""


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    body: object
    headers: Mapping[str, str] = MappingProxyType({})


class House(NamedTuple):
    """An installation, and what it stands on."""

    broker: LocalKafka
    topics: Topics
    dsn: str
    running: Installation


@pytest.fixture(scope="module")
async def house(
    postgres_dsn: str, template_database: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[House]:
    topics = new_topic_names().with_partitions(events=PARTITIONS, groups=2)
    with own_broker(tmp_path_factory.mktemp("kafka")) as broker:
        at = broker.bootstrap
        await apply_topics(at, topics)
        async with (
            new_database(postgres_dsn, template_database) as dsn,
            installation(at, topics, dsn, lane_limits=ALL_AT_ONCE) as running,
        ):
            yield House(broker, topics, dsn, running)


def commands(chart: str, unpublished: str, token: str) -> list[Asked]:
    """Ask for everything that changes events, seats or holds; `unpublished` has no event yet."""
    seat = {"objects": ["B-1"]}
    both = {"events": ["E", "F"], **seat}
    change = {**seat, "status": "lost"}
    fans = {"key": "fans", "name": "Fans", "color": "#ff0000"}
    edit = {"notForSale": [{"object": "B-2"}]}
    posts: dict[str, object] = {
        "/events": {"chartKey": chart},
        "/events/actions/create-multiple": {"chartKey": chart, "events": [{}, {}]},
        "/events/E": {"name": "Elegy"},
        "/events/F": {"chartKey": unpublished},
        "/events/F/actions/move-to-new-chart-copy": {},
        "/seasons": {"chartKey": chart, "numberOfEvents": 2},
        "/seasons/year/actions/create-events": {"numberOfEvents": 2},
        "/seasons/year/partial-seasons": {"eventKeys": ["friday"]},
        "/seasons/year/partial-seasons/half/actions/add-events": {"eventKeys": ["friday"]},
        "/events/E/channels": fans,
        "/events/E/channels/replace": {"channels": [fans]},
        "/events/E/channels/vip": {"name": "VIPs"},
        "/events/E/channels/vip/objects": seat,
        "/events/E/actions/edit-for-sale-config": edit,
        "/events/actions/edit-for-sale-config": {"events": {"E": edit, "F": edit}},
        "/events/E/actions/mark-as-for-sale": seat,
        "/events/E/actions/mark-as-not-for-sale": seat,
        "/events/E/actions/mark-everything-as-for-sale": {},
        "/events/E/actions/mark-everything-as-not-for-sale": {},
        BOOK: seat,
        "/events/E/actions/hold": {**seat, "holdToken": token},
        "/events/E/actions/release": seat,
        "/events/E/actions/put-up-for-resale": seat,
        "/events/E/actions/change-object-status": {
            "bestAvailable": {"number": 1},
            "status": "lost",
        },
        "/events/friday/actions/override-season-status": seat,
        "/events/friday/actions/use-season-status": seat,
        "/events/groups/actions/book": both,
        "/events/groups/actions/hold": {**both, "holdToken": token},
        "/events/groups/actions/release": both,
        "/events/groups/actions/put-up-for-resale": both,
        CHANGE: {**both, "status": "lost"},
        "/events/actions/change-object-status": {"statusChanges": [{"event": "E", **change}]},
        "/events/E/actions/update-extra-data": {"extraData": {"B-1": {"row": "B"}}},
        "/events/E/objects/B-1/actions/update-extra-data": {"extraData": {"row": "B"}},
        f"/hold-tokens/{token}": {"expiresInMinutes": 30},
        f"/charts/{chart}/version/draft/actions/publish": {},
    }
    return [
        *(Asked("POST", path, body) for path, body in posts.items()),
        Asked("POST", "/events/unknown/actions/book", seat),
        Asked("POST", BOOK, seat, {"Prefer": "respond-async"}),
        Asked("POST", CHANGE, {**both, "status": "x"}, {"Prefer": "respond-async"}),
        Asked("POST", BOOK, seat, {"Idempotency_Key": "once"}),
        Asked("DELETE", "/events/gone", {}),
        Asked("DELETE", "/events/E/channels/vip", {}),
        Asked("DELETE", "/events/E/channels/vip/objects", seat),
        Asked("DELETE", "/seasons/year/partial-seasons/half/events/friday", {}),
    ]


async def prepared(company: Company) -> list[Asked]:
    """Make what the commands are about, and give them."""
    chart = await company.chart()
    vip = {"key": "vip", "name": "VIP", "color": "#00ff00"}
    for key in ("E", "F", "gone"):
        created = {"chartKey": chart, "eventKey": key, "channels": [vip]}
        assert (await company.post("/events", created)).status == 200
    year = {"chartKey": chart, "key": "year", "eventKeys": ["friday"]}
    assert (await company.post("/seasons", year)).status == 200
    half = await company.post("/seasons/year/partial-seasons", {"key": "half"})
    assert half.status == 200, half
    draft = {"key": "new", "label": "Only in the draft"}
    assert (await company.post(f"/charts/{chart}/categories", draft)).status == 204
    token = (await company.post("/hold-tokens")).json["holdToken"]
    return commands(chart, await company.chart("sampleChartWithZones"), token)


def not_asked(running: Installation, asked: list[Asked]) -> set[str]:
    """Name the routes of commands that none of these requests takes."""
    routes = list(Seatsio(running.parts).routes)
    taken = set()
    for one in asked:
        for route in routes:
            path = re.sub(r"\{[^}]+\}", "[^/]+", route.path)
            if route.method == one.method and re.fullmatch(path, one.path):
                taken.add((route.method, route.path))
                break
    return {
        f"{route.method} {route.path}"
        for route in routes
        if route.appends and (route.method, route.path) not in taken
    }


def assert_try_later(answer: Answer, to: Asked | None = None) -> None:
    assert answer.status == 503, (to, answer)
    assert_vendor_shape(answer)
    assert int(answer.headers["Retry-After"]) >= 1


async def ask(company: Company, one: Asked) -> tuple[Asked, float, Answer]:
    """Ask, and say how long the answer took."""
    started = time.monotonic()
    answer = await company.call(one.method, one.path, one.body, **one.headers)
    return one, time.monotonic() - started, answer


class Buyers:
    """Change seats, and write down what they hear."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self._numbers = count()
        self.told: list[Request] = []

    async def buy(self, *events: str) -> Answer:
        """Change a seat of all these events again and again, until that is not done."""
        while True:
            answer = await self.buy_once(*events)
            if answer.status >= 400:
                return answer

    async def buy_once(self, *events: str) -> Answer:
        """Give a seat of all these events a status that nothing has had before."""
        status = f"{self._company.workspace} {next(self._numbers)}"
        label = "A-1" if len(events) == 1 else "A-2"
        at_ms = time.time_ns() // 1_000_000
        body = {"events": events, "objects": [label], "status": status}
        answer = await self._company.post(CHANGE, body)
        request = Request(
            at_ms=at_ms,
            done_ms=time.time_ns() // 1_000_000,
            event=events[0],
            status=status,
            labels=[label],
            outcome=read_change(answer.status, answer.body).outcome(answer.status),
        )
        self.told += [msgspec.structs.replace(request, event=event) for event in events]
        return answer


async def goes_on(buyers: Buyers, sold: list[list[str]]) -> None:
    """Check that seats are sold again, in every partition."""
    for events in sold:
        answer = await buyers.buy_once(*events)
        assert answer.status == 204, answer


@pytest.mark.parametrize("away", [stopped, killed])
async def test_without_the_broker_every_command_is_told_in_time_to_come_back_and_then_is_done(
    house: House,
    away: Callable[[LocalKafka], AbstractAsyncContextManager[None]],
    tmp_path: Path,
) -> None:
    company = await house.running.company()
    asked = await prepared(company)
    assert not_asked(house.running, asked) == set()
    chart = await company.chart()
    events = [await company.event_in(number, PARTITIONS, chart) for number in range(PARTITIONS)]
    buyers = Buyers(company)
    sold = [*([event] for event in events), events]
    buying = [asyncio.create_task(buyers.buy(*several)) for several in sold]

    def many_were_told() -> None:
        assert len(buyers.told) > TOLD_MIN

    await eventually(many_were_told)
    async with away(house.broker):
        outcomes = await asyncio.gather(*(ask(company, one) for one in asked))
        last = await asyncio.wait_for(asyncio.gather(*buying), ANSWERED_WITHIN_S)
    for one, took_s, answer in outcomes:
        assert_try_later(answer, one)
        assert took_s < ANSWERED_WITHIN_S, one
    for answer in last:
        assert_try_later(answer)

    await eventually(partial(goes_on, buyers, sold), within=60)
    await until_ready(house.running.core)
    client_log = tmp_path / "clients.jsonl"
    client_log.write_bytes(b"\n".join(map(msgspec.json.encode, buyers.told)))

    async def the_log_holds_what_was_told() -> None:
        at = house.broker.bootstrap
        report = await verify(
            house.topics, bootstrap=at, database_url=house.dsn, client_log=client_log
        )
        assert report.faults == []
        assert not report.skipped

    # What was taken while nobody could say so may be decided yet.
    await eventually(the_log_holds_what_was_told, within=20)
