"""A whole service whose workers kill themselves at crash points, and who asks for groups there.

Rules of this file:

1. Each of a group's events has an owner of its own, in a process of its own, and so has the
   coordinator: a kill takes one of them.
2. Whoever asks has an order id of their own: it stands in the log where their command was done.
3. The checks here are those that name a client; `seatlog verify` has all others.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import msgspec

from adapters.ports import TopicPartition
from engine.groups.voting import vote_within_ms
from schemas.facts import BOOKED, EventCreated, GroupReserved, StatusChanged
from schemas.topics import EVENTS_OUTBOX, Topics
from seatlog.installation import Installation
from seatlog.local.ports import free_port
from seatlog.verify.client_log import Outcome, Request
from seatlog.verify.installation import verify
from tests.chaos.watch import Watch
from tests.eventually import eventually
from tests.stack.client import GROUP_PATH, Client, Reply
from tests.workers.house import SAMPLE_HASH, SEAT_MAPS

events_of_a_group = 3
workers = 5
"""However the six partitions fall to five, three of them own events and not the coordinator: with
four, one may have two partitions of events, and another the second coordinator alone."""
events_made = 32
SETTLED_WITHIN_S = 40
ANSWERED_WITHIN_S = 40
AGAIN_AFTER_S = 0.2
DONE = 204
REFUSED = 400
BUSY = 429
_LATER = (409, 503)
"""It is not known yet what became of it: ask again under the same key."""
_LABELS = [place.label for place in SEAT_MAPS[SAMPLE_HASH] if place.kind == "seat"]


class Asked(NamedTuple):
    """What one client has asked for, and what they were told in the end."""

    order: str
    events: Sequence[EventCreated]
    label: str
    reply: Reply
    at_ms: int
    """When they first asked."""

    @property
    def was_done(self) -> bool:
        """Whether they were told that it was done."""
        return self.reply.status == DONE


class Festival:
    """The service, its clients, and everything that its outboxes have said so far."""

    def __init__(self, bootstrap: str, dsn: str, topics: Topics, folder: Path) -> None:
        self._where = (topics, bootstrap, dsn)
        self._points = folder / "points"
        self._points.mkdir()
        self._client_log = folder / "clients.jsonl"
        environment = {
            "SEATLOG_TOPIC_PREFIX": topics[EVENTS_OUTBOX].prefix,
            "SEATLOG_CRASH_FOLDER": str(self._points),
        }
        self.installation = Installation(
            folder,
            bootstrap=bootstrap,
            dsn=dsn,
            port=free_port(),
            workers=workers,
            environment=environment,
        )
        self._watch = Watch(bootstrap, topics, self._hear)
        self._watching: asyncio.Task[None] | None = None
        self._client: Client | None = None
        self._days: list[tuple[EventCreated, ...]] = []
        self._played = 0
        self._coordinator: TopicPartition | None = None
        self._created: defaultdict[int, list[EventCreated]] = defaultdict(list)
        self.reserved: defaultdict[str, set[int]] = defaultdict(set)
        """The partitions that have reserved their part, by the group's order id."""
        self.booked: defaultdict[tuple[int, str], list[str]] = defaultdict(list)
        """By event and label, the order ids that have booked it."""

    async def open(self) -> None:
        """Start everything, and put events on sale whose owners are in different processes."""
        await self.installation.start()
        self._watching = asyncio.create_task(self._watch.run())
        self._client = Client(self.installation.address, self.installation.api_key)
        chart = await self._client.import_chart()
        keys = [{"eventKey": f"event-{number}"} for number in range(events_made)]
        body = {"chartKey": chart, "events": keys}
        create = partial(self._client.call, "POST", "/events/actions/create-multiple", body)
        reply = await until_known(partial(create, headers={"Idempotency-Key": "create"}))
        assert reply.status == 200, reply
        await eventually(self._is_spread, within=SETTLED_WITHIN_S)
        assert self._coordinator is not None
        taken = {self._owner_of(self._coordinator)}
        days: list[list[EventCreated]] = []
        for partition, created in sorted(self._created.items()):
            owner = self._owner_of(self._outbox(partition))
            if owner not in taken:
                taken.add(owner)
                days.append(created)
        assert len(days) >= events_of_a_group
        self._days = list(zip(*days[:events_of_a_group], strict=False))

    async def close(self) -> None:
        """Stop everything."""
        if self._client is not None:
            await self._client.__aexit__(None, None, None)
        await self.installation.stop()
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        await self._watch.close()

    def seats(self) -> tuple[Sequence[EventCreated], str, str]:
        """Give three events, and two seats that nobody has asked for yet."""
        pairs = len(_LABELS) // 2
        days, pair = divmod(self._played, pairs)
        self._played += 1
        return self._days[days], _LABELS[2 * pair], _LABELS[2 * pair + 1]

    def arm(self, points: Sequence[str]) -> None:
        """Let a worker die at each of these points, once."""
        for point in points:
            (self._points / point).touch()

    def points_left(self) -> list[str]:
        """Name the points at which nobody has died."""
        return [point.name for point in self._points.iterdir()]

    async def book(self, order: str, events: Sequence[EventCreated], label: str) -> Asked:
        """Ask for an object on some events until it is known what became of it."""
        at_ms = _now_ms()
        reply = await until_known(partial(self._ask, order, events, label))
        return Asked(order, events, label, reply, at_ms)

    async def see_nothing_pending(self) -> None:
        """Wait until every command has its result, and nothing is in doubt."""

        async def is_at_rest() -> None:
            assert self._watching is not None
            assert not self._watching.done(), self._watching
            assert await self._watch.has_come_to_rest()

        await eventually(is_at_rest, within=SETTLED_WITHIN_S)

    def check(self, asked: Asked) -> None:
        """Check that somebody has all that they were told, and nothing that they were not told."""
        has = [one for one in asked.events if asked.order in self.booked[one.event, asked.label]]
        assert has == (list(asked.events) if asked.was_done else []), asked
        for one in asked.events:
            assert len(self.booked[one.event, asked.label]) <= 1, (one, asked)

    def is_excused(self, asked: Asked) -> bool:
        """Say whether a group was given up, and somebody who died was back so late that it had to.

        Whoever is back has the rest of the time to say what it has reserved.
        """
        late_ms = asked.at_ms + vote_within_ms // 2
        owners = [one.owners[-1] for one in self._watch.partitions.values() if one.owners]
        return asked.reply.status == BUSY and any(owner.at > late_ms for owner in owners)

    async def check_repeat(self, asked: Asked) -> None:
        """Check that asking again under the same key gives the same answer, and changes nothing.

        Such an answer is no new one, so it is not noted in the clients' log.
        """
        if asked.reply.status == BUSY:
            return  # nothing was kept: the same key may be used for another try
        # The first answer comes from the read model then, and not as one more record of its
        # owner's, which no client has noted.
        await eventually(self._is_projected, within=SETTLED_WITHIN_S)
        again = await self._post(asked.order, asked.events, asked.label)
        assert _without_id(again) == _without_id(asked.reply)
        assert again.headers["Idempotent-Replayed"] == "true"

    async def _is_projected(self) -> None:
        """Check that the read model has all that was seen of the outboxes."""
        connection = await asyncpg.connect(self._where[2])
        try:
            rows = await connection.fetch("SELECT topic, partition, next_offset FROM positions")
        finally:
            await connection.close()
        projected = {TopicPartition(topic, number): offset for topic, number, offset in rows}
        for outbox, seen in self._watch.read_up_to.items():
            assert projected.get(outbox, 0) >= seen, outbox

    async def verify(self) -> None:
        """Let `seatlog verify` judge all that has happened."""
        topics, bootstrap, dsn = self._where
        report = await verify(
            topics, bootstrap=bootstrap, database_url=dsn, client_log=self._client_log
        )
        assert not report.faults, [str(fault) for fault in report.faults[:5]]
        assert report.skipped == {}

    async def _ask(self, order: str, events: Sequence[EventCreated], label: str) -> Reply:
        """Ask once, and note in the clients' log what was told."""
        at_ms = _now_ms()
        reply = await self._post(order, events, label)
        done_ms = _now_ms()
        with self._client_log.open("ab") as lines:
            for event in events:
                line = Request(
                    at_ms=at_ms,
                    done_ms=done_ms,
                    event=event.key,
                    status=BOOKED,
                    labels=[label],
                    outcome=_outcome(reply.status),
                    http_status=reply.status,
                )
                lines.write(msgspec.json.encode(line) + b"\n")
        return reply

    async def _post(self, order: str, events: Sequence[EventCreated], label: str) -> Reply:
        assert self._client is not None
        keys = [event.key for event in events]
        body = {"events": keys, "objects": [label], "status": BOOKED, "orderId": order}
        return await self._client.call("POST", GROUP_PATH, body, {"Idempotency-Key": order})

    def _hear(self, outbox: TopicPartition, fact: Any) -> None:  # noqa: ANN401 - any fact
        match fact:
            case EventCreated() if outbox != self._outbox(fact.partition):
                self._coordinator = outbox
                self._created[fact.partition].append(fact)
            case GroupReserved():
                order = fact.changes[0].change.order_id
                self.reserved[order or ""].add(outbox.partition)
            case StatusChanged(status="booked"):
                self.booked[fact.event, fact.label].append(fact.order_id or "")

    def _outbox(self, partition: int) -> TopicPartition:
        return TopicPartition(self._where[0][EVENTS_OUTBOX].physical_name, partition)

    def _owner_of(self, outbox: TopicPartition) -> str:
        owners = self._watch.partitions[outbox].owners
        return owners[-1].member if owners else ""

    def _is_spread(self) -> None:
        owners = [self._owner_of(outbox) for outbox in self._watch.partitions]
        assert set(owners) == set(self.installation.worker_names()), owners
        assert sum(map(len, self._created.values())) == events_made
        # A worker that is about to take its events' partition may have its coordinator's already.
        assert self._coordinator is not None
        of_events = {self._owner_of(self._outbox(partition)) for partition in self._created}
        elsewhere = of_events - {self._owner_of(self._coordinator)}
        assert len(elsewhere) >= events_of_a_group, of_events


async def until_known(ask: Callable[[], Awaitable[Reply]]) -> Reply:
    """Ask again, under the same key, until the answer says what became of it."""
    async with asyncio.timeout(ANSWERED_WITHIN_S):
        while True:
            reply = await ask()
            if reply.status not in _LATER:
                return reply
            await asyncio.sleep(AGAIN_AFTER_S)


def _without_id(reply: Reply) -> tuple[int, Any]:
    body = reply.body
    return reply.status, body and {name: body[name] for name in body if name != "requestId"}


def _outcome(status: int) -> Outcome:
    if status == DONE:
        return "ok"
    return "refused" if status in (REFUSED, BUSY) else "unknown"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
