"""The clients: few seats, many who want them, over HTTP with kept connections.

Rules of this file:

1. The first clients stay with one partition each, so that one that is away does not keep them
   from the others; the rest change seats of events in several partitions at once.
2. A client asks once. What came of a request without an answer is for `seatlog verify` to say,
   which reads the log that all of them write.
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

path = "/events/groups/actions/change-object-status"
single_clients_per_partition = 3
group_clients = 12
think_s = 0.1
"""Of those that stay with one partition, on average; the groups' clients do not think."""
away_s = 0.3
"""After an answer that asks to come back later."""
request_timeout_s = 10.0
events_of_group_max = 3
area_share = 0.1
odd_kept_max = 10
_NO_ANSWER = Read(Meaning.UNKNOWN, [])
_BROKEN = (aiohttp.ClientError, TimeoutError, OSError)


class Sale(NamedTuple):
    """What is on sale, and where."""

    address: str
    api_key: str
    events: Sequence[Sequence[str]]
    """The event keys of each partition."""
    seats: Sequence[str]
    """Labels, the most wanted first."""
    areas: Sequence[str]


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
    status: str
    token: str | None = None


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

    async def _be_single(self, partition: int, dice: random.Random, until: asyncio.Event) -> None:
        while not until.is_set():
            await self._buy([dice.choice(self._sale.events[partition])], dice)
            await asyncio.sleep(dice.uniform(0, 2 * think_s))

    async def _be_group(self, dice: random.Random, until: asyncio.Event) -> None:
        partitions = range(len(self._sale.events))
        while not until.is_set():
            size = dice.randint(2, min(events_of_group_max, len(partitions)))
            chosen = dice.sample(partitions, size)
            await self._buy([dice.choice(self._sale.events[place]) for place in chosen], dice)

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
        status, answer = await self._exchange(path, body)
        read = read_change(status, answer) if status else _NO_ANSWER
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

    async def _exchange(self, where: str, body: bytes) -> tuple[int, bytes]:
        """Send a request; give the status, 0 for no answer, and the body."""
        try:
            async with self._session.post(f"{self._sale.address}{where}", data=body) as response:
                return response.status, await response.read()
        except _BROKEN:
            return 0, b""


def _body(asked: Asked) -> dict[str, Any]:
    token = {} if asked.token is None else {"holdToken": asked.token}
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
