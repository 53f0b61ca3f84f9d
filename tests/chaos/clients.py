"""The clients: few seats, many who want them, over HTTP with kept connections.

Rules of this file:

1. The first clients stay with one partition each, so that one that is away does not keep them
   from the others; the rest change seats of events in several partitions at once.
2. A client asks once. What came of a request without an answer is for `seatlog verify` to say,
   which reads the log that all of them write.
3. An organiser says meanwhile how tables are sold, and which events are in the partial seasons. So
   a table, or a seat at one, may not be what its event sells: that is a refusal like others.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import aiohttp
import msgspec

from schemas.facts import BOOKED, FREE, HELD
from seatlog.demo.answers import Meaning, Read, read_change
from seatlog.demo.choice import Zipf
from seatlog.verify.client_log import Request
from tests.chaos.sale import Sale

path = "/events/groups/actions/change-object-status"
_REFUSALS = frozenset(
    {"ILLEGAL_STATUS_CHANGE", "OBJECT_NOT_FOUND", "BEST_AVAILABLE_OBJECTS_NOT_FOUND"}
)
single_clients_per_partition = 3
group_clients = 12
think_s = 0.1
"""Of those that stay with one partition, on average; the groups' clients do not think."""
away_s = 0.3
"""After an answer that asks to come back later."""
request_timeout_s = 10.0
events_of_group_max = 3
area_share = 0.1
table_share = 0.15
best_share = 0.15
"""Of the requests of those that stay with one partition: it chooses in one event."""
best_seats_max = 3
organise_every_s = (1.0, 3.0)
odd_kept_max = 10
_NO_ANSWER = Read(Meaning.UNKNOWN, [])
_BROKEN = (aiohttp.ClientError, TimeoutError, OSError)


class Exchange(NamedTuple):
    """A request and how long its answer took."""

    at: int
    """Ms since the epoch, as is `done`."""
    done: int
    meaning: Meaning


class Asked(NamedTuple):
    """One change."""

    events: Sequence[str]
    labels: Sequence[str]
    """None, if the choice is left to the event's owner."""
    status: str
    token: str | None = None
    best: int = 0
    """So many seats are to be chosen."""


class Clients:
    """All clients, what they heard, and the log that they write."""

    def __init__(self, sale: Sale, log_file: Path, seed: int) -> None:
        self._sale = sale
        self._seed = seed
        self._zipf = Zipf(len(sale.seats))
        self._log = log_file.open("wb")
        self._session = _session(sale)
        self.exchanges: list[Exchange] = []
        self.groups = 0
        """Requests over events in several partitions."""
        self.odd: Counter[str] = Counter()
        """Answers that no client should get."""

    async def __aenter__(self) -> Self:
        """Use them."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close their connections and their log."""
        await self._session.close()
        self._log.close()

    async def run(self, until: asyncio.Event) -> None:
        """Let all clients ask until told, and wait for their last answers."""
        async with asyncio.TaskGroup() as clients:
            for partition in range(len(self._sale.events)):
                for number in range(single_clients_per_partition):
                    dice = random.Random(f"{self._seed} {partition} {number}")
                    clients.create_task(self._be_single(partition, dice, until))
            for number in range(group_clients):
                dice = random.Random(f"{self._seed} group {number}")
                clients.create_task(self._be_group(dice, until))
            clients.create_task(self._organise(random.Random(f"{self._seed} organiser"), until))

    async def _be_single(self, partition: int, dice: random.Random, until: asyncio.Event) -> None:
        while not until.is_set():
            event = dice.choice(self._sale.events[partition])
            if dice.random() < best_share:
                number = dice.randint(1, best_seats_max)
                await self._change(Asked([event], [], BOOKED, best=number))
            else:
                await self._buy([event], dice)
            await asyncio.sleep(dice.uniform(0, 2 * think_s))

    async def _be_group(self, dice: random.Random, until: asyncio.Event) -> None:
        partitions = range(len(self._sale.events))
        while not until.is_set():
            size = dice.randint(2, min(events_of_group_max, len(partitions)))
            chosen = dice.sample(partitions, size)
            await self._buy([dice.choice(self._sale.events[place]) for place in chosen], dice)

    async def _organise(self, dice: random.Random, until: asyncio.Event) -> None:
        """Sell tables otherwise, and let events of seasons join and leave their partial seasons."""
        while not until.is_set():
            season = dice.choice(self._sale.seasons)
            partial = f"/seasons/{season.top}/partial-seasons/{season.partial}"
            turn = dice.random()
            if turn < 0.5:
                event = dice.choice([season.top, *dice.choice(self._sale.events)[:2]])
                mode = dice.choice(("ALL_BY_TABLE", "ALL_BY_SEAT", "INHERIT"))
                config = {"tableBookingConfig": {"mode": mode}}
                await self._exchange(f"/events/{event}", msgspec.json.encode(config))
            elif turn < 0.75:
                joins = msgspec.json.encode({"eventKeys": [dice.choice(season.events)]})
                await self._exchange(f"{partial}/actions/add-events", joins)
            else:
                event = dice.choice(season.events)
                await self._exchange(f"{partial}/events/{event}", b"", "DELETE")
            await asyncio.sleep(dice.uniform(*organise_every_s))

    async def _buy(self, events: Sequence[str], dice: random.Random) -> None:
        """Book seats, give some back, or hold them and then do either."""
        labels = self._wanted(dice)
        turn = dice.random()
        if turn < 0.4:
            await self._change(Asked(events, labels, BOOKED))
        elif turn < 0.7:
            await self._change(Asked(events, labels, FREE))
        else:
            await self._hold(events, labels, BOOKED if dice.random() < 0.5 else FREE)

    async def _hold(self, events: Sequence[str], labels: Sequence[str], then: str) -> None:
        token = await self._token()
        if token is not None and await self._change(Asked(events, labels, HELD, token)):
            await self._change(Asked(events, labels, then, token))

    def _wanted(self, dice: random.Random) -> list[str]:
        if dice.random() < area_share:
            return [dice.choice(self._sale.areas)]
        if dice.random() < table_share:
            return [dice.choice(dice.choice(self._sale.tables)[:3])]
        ranks = {self._zipf.rank(len(self._sale.seats), dice.random()) for _ in range(2)}
        return [self._sale.seats[rank] for rank in sorted(ranks)]

    async def _token(self) -> str | None:
        status, body = await self._exchange("/hold-tokens", b"")
        if not 0 < status < 400:
            await asyncio.sleep(away_s)
            return None
        return str(msgspec.json.decode(body)["holdToken"])

    async def _change(self, asked: Asked) -> bool:
        """Ask for a change; say whether it is known to be done."""
        body = msgspec.json.encode(_body(asked))
        self.groups += len(asked.events) > 1
        at_ns = time.time_ns()
        where = f"/events/{asked.events[0]}/actions/change-object-status" if asked.best else path
        status, answer = await self._exchange(where, body)
        read = _read(status, answer) if status else _NO_ANSWER
        if asked.best and read.meaning is Meaning.DONE:
            asked = asked._replace(labels=msgspec.json.decode(answer)["objects"])
        self._note(asked, at_ns, status, read)
        if read.meaning in (Meaning.LATER, Meaning.UNKNOWN):
            await asyncio.sleep(away_s)
        return read.meaning is Meaning.DONE

    def _note(self, asked: Asked, at_ns: int, status: int, read: Read) -> None:
        at, done = at_ns // 1_000_000, time.time_ns() // 1_000_000
        self.exchanges.append(Exchange(at, done, read.meaning))
        if read.meaning is Meaning.ODD and len(self.odd) < odd_kept_max:
            self.odd[read.detail] += 1
        for event in asked.events:
            line = Request(
                at_ms=at,
                done_ms=done,
                event=event,
                status=asked.status,
                labels=list(asked.labels),
                hold_token=asked.token,
                outcome=read.outcome(status),
                http_status=status or None,
            )
            self._log.write(msgspec.json.encode(line) + b"\n")

    async def _exchange(self, where: str, body: bytes, method: str = "POST") -> tuple[int, bytes]:
        """Send a request; give the status, 0 for no answer, and the body."""
        url = f"{self._sale.address}{where}"
        try:
            async with self._session.request(method, url, data=body) as response:
                return response.status, await response.read()
        except _BROKEN:
            return 0, b""


def _read(status: int, answer: bytes) -> Read:
    """Read an answer; tables and best available may be refused in words of their own."""
    read = read_change(status, answer)
    said, *codes = read.detail.split() or [""]
    if said == "400" and codes and _REFUSALS.issuperset(codes):
        return Read(Meaning.REFUSED, [], read.detail)
    return read


def _body(asked: Asked) -> dict[str, Any]:
    token = {} if asked.token is None else {"holdToken": asked.token}
    if asked.best:
        return {"bestAvailable": {"number": asked.best}, "status": asked.status, **token}
    return {
        "events": asked.events,
        "objects": asked.labels,
        "status": asked.status,
        **token,
    }


def _session(sale: Sale) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=60),
        headers={
            "Authorization": aiohttp.encode_basic_auth(sale.api_key, ""),
            "Content-Type": "application/json",
        },
        timeout=aiohttp.ClientTimeout(total=request_timeout_s),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
