"""A whole installation in the test's own process: owners, projector and ingress on real servers."""

import asyncio
import base64
import contextlib
import io
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any, Self

import aiohttp
import msgspec

from adapters.clock import MonotonicClock
from adapters.kafka.inventories import Inventories
from adapters.kafka.log import KafkaLog
from adapters.ports import TopicPartition
from adapters.postgres.accounts import Accounts
from adapters.postgres.charts import Charts
from adapters.postgres.event_log import EventLog
from adapters.postgres.pool import connect
from adapters.postgres.projection import Projection
from adapters.postgres.reads import Reads
from adapters.postgres.ticket_buyers import TicketBuyers
from adapters.sealing import Seal
from api.app import Entrance, listen
from api.command_log import CommandLog
from api.core import Ingress
from api.lanes import LaneLimits
from api.seatsio.parts import Parts
from api.seatsio.routes import Seatsio
from engine.groups.machine import partition_of
from schemas.topics import EVENTS_OUTBOX, GROUPS_OUTBOX, INVENTORIES, Topics
from seatlog.processes.worker import SeatMaps
from tests.api.ingress import SIGNING_KEY, until_ready
from tests.charts.venues import document
from tests.seatsio.documented import checking
from tests.workers.house import AlwaysMember
from workers.coordinator import coordinator_role
from workers.owner import Owner
from workers.projector import Projector
from workers.role import Role
from workers.seats import seats_role

SYSTEM_SECRET = "superSecretSystemApi"


@dataclass(frozen=True)
class Answer:
    """What came back over HTTP."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 - JSON
        return msgspec.json.decode(self.body)

    @property
    def messages(self) -> list[str]:
        messages: list[str] = self.json["messages"]
        return messages


@dataclass(frozen=True)
class Company:
    """A throw-away company, and raw HTTP in its name."""

    url: str
    http: aiohttp.ClientSession
    secret: str
    admin_secret: str
    workspace: str

    async def call(
        self,
        method: str,
        path: str,
        content: object = b"",
        *,
        secret: str | None = None,
        **headers: str,
    ) -> Answer:
        body = content if isinstance(content, bytes) else msgspec.json.encode(content)
        credentials = base64.b64encode(f"{secret or self.secret}:".encode()).decode()
        sent = {
            "Authorization": f"Basic {credentials}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        # The client warns of large bodies that it is handed as bytes.
        data = io.BytesIO(body)
        request = self.http.request(method, self.url + path, data=data, headers=sent)
        async with request as response:
            return Answer(response.status, dict(response.headers), await response.read())

    async def get(self, path: str, **headers: str) -> Answer:
        return await self.call("GET", path, **headers)

    async def post(self, path: str, content: object = b"", **headers: str) -> Answer:
        return await self.call("POST", path, content, **headers)

    async def chart(self, venue: str = "sampleChart") -> str:
        """Import a real drawing and give the chart's key."""
        imported = await self.post("/charts/actions/import", document(venue))
        assert imported.status == 201, imported
        key: str = imported.json["key"]
        return key

    async def event(self, key: str | None = None, chart: str | None = None) -> str:
        """Create an event and give its key."""
        asked = {"chartKey": chart or await self.chart()} | (
            {} if key is None else {"eventKey": key}
        )
        created = await self.post("/events", asked)
        assert created.status == 200, created
        name: str = created.json["key"]
        return name

    async def event_in(self, partition: int, partitions: int, chart: str) -> str:
        """Create an event that lives in this partition of so many and give its key."""
        places = (f"{number}-{partition}" for number in count())
        key = next(k for k in places if partition_of(self.workspace, k, partitions) == partition)
        return await self.event(key, chart)


@dataclass(frozen=True)
class Installation:
    """What runs."""

    url: str
    http: aiohttp.ClientSession
    core: Ingress
    parts: Parts

    async def company(self) -> Company:
        """Make a company of its own."""
        system = Company(self.url, self.http, SYSTEM_SECRET, "", "")
        made = (await system.post("/system/private/create-test-company")).json
        workspace = made["workspace"]
        return Company(
            self.url,
            self.http,
            workspace["secretKey"],
            made["admin"]["secretKey"],
            workspace["key"],
        )


@contextlib.asynccontextmanager
async def installation(
    bootstrap: str,
    topics: Topics,
    dsn: str,
    *,
    delay_ms: int = 0,
    lane_limits: LaneLimits | None = None,
) -> AsyncIterator[Installation]:
    """Run everything until left."""
    async with (
        workers(bootstrap, topics),
        projector(bootstrap, topics, dsn, delay_ms),
        api(bootstrap, topics, dsn, lane_limits) as running,
    ):
        yield running


class Owners:
    """The owners of all partitions, each in a life that can be ended."""

    def __init__(self, log: KafkaLog, roles: Iterable[Role[Any, Any, Any]]) -> None:
        self._log = log
        self._roles = {(role.name, role.outbox.partition): role for role in roles}
        self._running: dict[tuple[str, int], asyncio.Task[None]] = {}

    def start(self, name: str, partition: int) -> None:
        """Run the owner of a partition: `seats` or `coordinator`."""
        role = self._roles[name, partition]
        owner = Owner(role, self._log, AlwaysMember(), MonotonicClock(), "test")
        self._running[name, partition] = asyncio.create_task(owner.run())

    async def kill(self, name: str, partition: int) -> None:
        """End it at once: what it has only in memory is gone."""
        task = self._running.pop((name, partition))
        task.cancel()
        [end] = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(end, asyncio.CancelledError), end

    async def __aenter__(self) -> Self:
        for name, partition in self._roles:
            self.start(name, partition)
        return self

    async def __aexit__(self, *_: object) -> None:
        for name, partition in list(self._running):
            await self.kill(name, partition)


@contextlib.asynccontextmanager
async def workers(bootstrap: str, topics: Topics) -> AsyncIterator[Owners]:
    """Run the owners of all partitions, with inventories from the log."""
    log = KafkaLog(bootstrap)
    inventories = Inventories(
        log, log.publisher, TopicPartition(topics[INVENTORIES].physical_name, 0)
    )
    seat_maps = SeatMaps(inventories)
    roles = [
        *(
            seats_role(number, topics, seat_maps.by_hash, seat_maps.load)
            for number in range(topics[EVENTS_OUTBOX].partitions)
        ),
        *(coordinator_role(number, topics) for number in range(topics[GROUPS_OUTBOX].partitions)),
    ]
    async with _running(inventories.run()), Owners(log, roles) as owners:
        yield owners
    await log.close()


@contextlib.asynccontextmanager
async def projector(
    bootstrap: str, topics: Topics, dsn: str, delay_ms: int = 0
) -> AsyncIterator[None]:
    """Run the projector."""
    log = KafkaLog(bootstrap)
    projection = await Projection.connect(dsn, topics)
    running = Projector(log, projection, topics, MonotonicClock(), delay_ms=delay_ms)
    async with _running(running.run()):
        yield
    await projection.close()
    await log.close()


@contextlib.asynccontextmanager
async def api(
    bootstrap: str, topics: Topics, dsn: str, lane_limits: LaneLimits | None = None
) -> AsyncIterator[Installation]:
    """Run an ingress with this dialect."""
    pool = await connect(dsn)
    log, accounts, reads = KafkaLog(bootstrap), Accounts(pool, Seal(SIGNING_KEY)), Reads(pool)
    core = Ingress(bootstrap, topics, accounts, SIGNING_KEY)
    parts = Parts(
        core=core,
        reads=reads,
        charts=Charts(pool),
        event_log=EventLog(pool),
        accounts=accounts,
        ticket_buyers=TicketBuyers(pool),
        command_log=CommandLog(log, topics),
        system_secret=SYSTEM_SECRET,
    )
    reads.start()
    dialect = Seatsio(parts)
    entrance = Entrance(core, [dialect], lane_limits or LaneLimits())
    runner = await listen(core, checking(entrance.handle, dialect.routes), "127.0.0.1", 0)
    await until_ready(core)
    host, port = runner.addresses[0][:2]
    async with aiohttp.ClientSession() as http:
        yield Installation(f"http://{host}:{port}", http, core, parts)
    await runner.cleanup()
    await reads.close()
    await log.close()
    pool.terminate()


@contextlib.asynccontextmanager
async def _running(*parts: Any) -> AsyncIterator[None]:  # noqa: ANN401 - coroutines
    tasks = [asyncio.ensure_future(part) for part in parts]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        faults = [end for end in ends if not isinstance(end, asyncio.CancelledError)]
        assert not faults, faults
