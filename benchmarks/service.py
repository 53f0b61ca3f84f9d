"""The whole service for a benchmark: broker, Postgres, two workers, projector and ingress."""

import contextlib
import tempfile
from collections.abc import AsyncIterator, Sequence
from itertools import count, islice
from pathlib import Path
from typing import NamedTuple

import aiohttp
import msgspec

from benchmarks.workload import VENUES
from engine.groups.machine import partition_of
from schemas.topics import EVENTS_COMMANDS, load_topics
from seatlog.installation import Installation
from seatlog.local.ports import free_port
from seatlog.local.servers import LocalServers

CHANGES_PATH = "/events/groups/actions/change-object-status"


class Service(NamedTuple):
    """What runs."""

    installation: Installation
    servers: LocalServers

    @property
    def port(self) -> int:
        """Where the ingress listens."""
        return self.installation.port

    def pids(self) -> dict[str, int]:
        """Give all its processes, by name."""
        return self.servers.pids() | self.installation.pids()

    @property
    def headers(self) -> str:
        """Give the header lines that every request has."""
        return f"Authorization: {aiohttp.encode_basic_auth(self.installation.api_key, '')}\r\n"

    async def keys_in(self, partition: int, number: int, name: str) -> list[str]:
        """Give keys for events that will live in one partition."""
        workspace = await self._workspace()
        partitions = load_topics()[EVENTS_COMMANDS].partitions
        found = (
            key
            for key in map(f"{name}-{{}}".format, count())
            if partition_of(workspace, key, partitions) == partition
        )
        return list(islice(found, number))

    async def create_events(self, keys: Sequence[str]) -> None:
        """Create events on the stadium."""
        drawing = (VENUES / "sampleChartWithZones.json").read_bytes()
        chart = (await self._post("/charts/actions/import", drawing))["key"]
        wanted = {"chartKey": chart, "events": [{"eventKey": key} for key in keys]}
        await self._post("/events/actions/create-multiple", msgspec.json.encode(wanted))

    async def _workspace(self) -> str:
        return (await self._post("/hold-tokens", b""))["workspaceKey"]

    async def _post(self, path: str, body: bytes) -> dict[str, str]:
        url = self.installation.address + path
        auth = {"Authorization": aiohttp.encode_basic_auth(self.installation.api_key, "")}
        async with (
            aiohttp.ClientSession(headers=auth) as session,
            session.post(url, data=body) as response,
        ):
            response.raise_for_status()
            found: dict[str, str] = await response.json()
            return found


def booking(events: Sequence[str], labels: Sequence[str]) -> bytes:
    """Give the body of a request that books seats of some events."""
    return msgspec.json.encode(
        {
            "events": list(events),
            "objects": [{"objectId": label} for label in labels],
            "status": "booked",
            "type": "CHANGE_STATUS_TO",
        }
    )


@contextlib.asynccontextmanager
async def running_service() -> AsyncIterator[Service]:
    """Start everything, and stop it."""
    with tempfile.TemporaryDirectory(prefix="seatlog-benchmark-") as folder:
        servers = LocalServers(Path(folder))
        await servers.start()
        installation = Installation(
            Path(folder), bootstrap=servers.bootstrap, dsn=servers.dsn, port=free_port()
        )
        try:
            await installation.start()
            yield Service(installation, servers)
        finally:
            await installation.stop()
            await servers.stop()
