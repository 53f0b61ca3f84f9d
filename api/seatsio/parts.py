"""What the resources of this dialect work with, and the small things that all of them need."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from adapters.ports import TopicPartition
from adapters.postgres.accounts import Accounts
from adapters.postgres.charts import Charts
from adapters.postgres.event_log import EventLog
from adapters.postgres.reads import Reads
from adapters.postgres.ticket_buyers import TicketBuyers
from api.call import Call
from api.command_log import CommandLog
from api.core import Ingress
from api.seatsio.errors import event_not_found
from api.seatsio.wire import read_label
from engine.groups.directory import Entry
from schemas.topics import EVENTS_OUTBOX

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The ingress behind the dialect, and its stores."""

    core: Ingress
    reads: Reads
    charts: Charts
    event_log: EventLog
    accounts: Accounts
    ticket_buyers: TicketBuyers
    command_log: CommandLog
    system_secret: str | None
    """What makes test companies; None: this installation makes none."""

    async def entry(self, call: Call, key: str) -> Entry:
        """Give an event of the caller's workspace by its key. Raises VendorError if it is not."""
        workspace = call.workspace.key
        directory = self.core.directory
        entry = directory.find_now(workspace, key) or await directory.find(workspace, key)
        if entry is None:
            raise event_not_found(key, workspace)
        return entry

    async def current_entry(self, call: Call, key: str) -> tuple[Entry, dict[str, int]]:
        """Give an event as it is now, and where its outbox ends, for a read that sees it all.

        Raises VendorError if there is no such event in the caller's workspace.
        """
        workspace, directory = call.workspace.key, self.core.directory
        ends = await self.core.ends.ends()
        await directory.reach(workspace, ends)
        entry = directory.find_now(workspace, key)
        if entry is None:
            raise event_not_found(key, workspace)
        outbox = self._outbox_of(entry)
        return entry, {str(outbox): ends[outbox]}

    async def end_of(self, entry: Entry) -> dict[str, int]:
        """Say where the outbox of an event ends now, for a read that sees all of the event."""
        outbox, ends = self._outbox_of(entry), await self.core.ends.ends()
        return {str(outbox): ends[outbox]}

    def _outbox_of(self, entry: Entry) -> TopicPartition:
        return TopicPartition(self.core.topics[EVENTS_OUTBOX].physical_name, entry.partition)

    def event_key(self, event: int) -> str:
        """Name an event; one that was deleted meanwhile has its id only."""
        entry = self.core.directory.by_id(event)
        return str(event) if entry is None else entry.key

    def known_key(self, event: int) -> str | None:
        """Give the key of an event, None if there is no such event (any more)."""
        entry = self.core.directory.by_id(event)
        return None if entry is None else entry.key

    async def positions(self) -> dict[str, int]:
        """Say where the outboxes of all events end now, for a read that sees it all."""
        topic = self.core.topics[EVENTS_OUTBOX]
        ends = await self.core.ends.positions()
        names = [f"{topic.physical_name}/{number}" for number in range(topic.partitions)]
        return {name: ends[name] for name in names}

    async def wait_for_read_model(self) -> None:
        """Wait until the read model has all that was answered before; raises if it is late."""
        async with self.reads.snapshot(await self.positions()):
            pass


def answer(content: object, status: int = 200) -> web.Response:
    """Answer with JSON."""
    return web.Response(
        status=status, body=msgspec.json.encode(content), content_type="application/json"
    )


def now_ms() -> int:
    """Give the time of day, ms since the epoch."""
    return time.time_ns() // 1_000_000


def iso(at: int) -> str:
    """Write an instant (ms since the epoch) as the clients parse it."""
    return f"{datetime.fromtimestamp(at // 1000, UTC):%Y-%m-%dT%H:%M:%S}.{at % 1000:03d}Z"


def path_part(call: Call, name: str) -> str:
    """Give a part of the path, decoded and normalized. Raises BodyError."""
    return read_label(call.parts[name], name)
