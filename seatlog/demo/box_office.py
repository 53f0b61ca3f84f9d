"""The service as a fan meets it over HTTP: a token, a hold, a booking, a look at the seats.

Rules of this file:

1. What is known to have changed nothing is simply asked again.
2. What may have been done is logged as unknown, looked up, and asked again only if it was not.
3. Bodies are put together from bytes made once: the fans share two cores with everything else.
4. A request over several days is one request, and a line of the log for each day. Who looks may
   see it done on one day and not yet on another: then he looks again.
"""

import asyncio
import base64
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import IO, NamedTuple, Self
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from schemas.facts import BOOKED, HELD
from seatlog.demo.answers import Meaning, ObjectInfo, Obstacle, Read, decode_infos, read_change
from seatlog.demo.plan import LoadPlan, LoadReport
from seatlog.demo.weekend import Days
from seatlog.verify.client_log import Request

rounds_max = 40
"""How often one thing is asked in all; with the pauses, longer than any outage here lasts."""
pause_s = 0.5
request_timeout_s = 10.0
looked_at_once_max = 100
_NO_ANSWER = Read(Meaning.UNKNOWN, [])
_BROKEN = (aiohttp.ClientError, TimeoutError, OSError)

Infos = Mapping[int, ObjectInfo]


class _Token(msgspec.Struct, rename="camel"):
    hold_token: str


class _Change(NamedTuple):
    status: str
    token: str
    days: Days
    seats: Sequence[int]
    order: str | None = None


class OddAnswerError(Exception):
    """An answer that no fan should get; the message says which."""


class TokenEndedError(OddAnswerError):
    """The hold token's time is over: odd, but for who asked for a short one."""


class BoxOffice:
    """The requests of all fans of one load process."""

    def __init__(self, plan: LoadPlan, report: LoadReport, log: IO[bytes]) -> None:
        self._labels = plan.seating.labels
        self._quoted = [msgspec.json.encode(label) for label in plan.seating.labels]
        self._queries = [f"label={quote(label, safe='')}" for label in plan.seating.labels]
        self.ordinals = {label: ordinal for ordinal, label in enumerate(plan.seating.labels)}
        self._report = report
        self._log = log
        self._encode = msgspec.json.Encoder().encode
        self._decode_token = msgspec.json.Decoder(_Token).decode
        # A fan who has no connection yet is not waiting for an answer. Looking has a connection
        # kept free: behind a crowd at the door nobody would see which seats come back.
        self._connections = asyncio.Semaphore(plan.connections - 1)
        self._session = _session(plan)
        self._tokens_url = URL(f"{plan.address}/hold-tokens")
        self._change_url = URL(f"{plan.address}/events/groups/actions/change-object-status")
        self._objects_urls = {
            day: f"{plan.address}/events/{quote(day, safe='')}/objects?"
            for day in plan.weekend.days
        }

    async def __aenter__(self) -> Self:
        """Use it."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close its connections."""
        await self._session.close()

    async def token(self, minutes: int | None = None) -> str:
        """Get a hold token. Raises OddAnswerError."""
        asked = b"" if minutes is None else b'{"expiresInMinutes":%d}' % minutes
        for _ in range(rounds_max):
            async with self._connections:
                status, body = await self._exchange(self._tokens_url, asked)
            if 0 < status < HTTPStatus.BAD_REQUEST:
                return self._decode_token(body).hold_token
            self._check_worth_a_retry(status, "a hold token")
            await asyncio.sleep(pause_s)
        raise OddAnswerError("no hold token within the rounds that a fan goes")

    async def hold(
        self, token: str, days: Days, seats: Sequence[int]
    ) -> tuple[bool, list[Obstacle]]:
        """Hold seats for a token on each of some days; if refused, say what stood in the way."""

        def mine(info: ObjectInfo) -> bool:
            return info.status == HELD and info.hold_token == token

        return await self._change(_Change(HELD, token, days, seats), mine, ObjectInfo.is_free)

    async def book(self, token: str, days: Days, seats: Sequence[int], order: str) -> bool:
        """Book seats that the token holds on each of some days."""

        def mine(info: ObjectInfo) -> bool:
            return info.status == BOOKED and info.order_id == order

        def held(info: ObjectInfo) -> bool:
            return info.status == HELD and info.hold_token == token

        booked, _ = await self._change(_Change(BOOKED, token, days, seats, order), mine, held)
        return booked

    async def look(self, day: str, seats: Collection[int]) -> Infos:
        """See how seats stand on a day; nothing if the service cannot say now."""
        url = self._objects_urls[day] + "&".join([self._queries[seat] for seat in seats])
        status, body = await self._exchange(URL(url, encoded=True), None)
        if status == HTTPStatus.OK:
            infos = decode_infos(body)
            return {self.ordinals[label]: info for label, info in infos.items()}
        self._check_worth_a_retry(status, "the seats")
        return {}

    async def _change(
        self,
        change: _Change,
        is_done: Callable[[ObjectInfo], bool],
        is_undone: Callable[[ObjectInfo], bool],
    ) -> tuple[bool, list[Obstacle]]:
        in_doubt = False
        for _ in range(rounds_max):
            read = await self._ask(change)
            if read.meaning is Meaning.DONE:
                return True, []
            if read.meaning is Meaning.ENDED:
                raise TokenEndedError(f"{change.status}: {read.detail}")
            if read.meaning is Meaning.ODD:
                raise OddAnswerError(f"{change.status}: {read.detail}")
            if read.meaning is Meaning.UNKNOWN:
                in_doubt = True
            if read.meaning is Meaning.REFUSED and not in_doubt:
                return False, read.obstacles
            if in_doubt:
                found = await self._look_until_seen(change)
                if all(map(is_done, found)):
                    return True, []
                if not all(is_done(info) or is_undone(info) for info in found):
                    return False, []
            await asyncio.sleep(pause_s)
        raise OddAnswerError(f"{change.status}: undecided after the rounds that a fan goes")

    async def _look_until_seen(self, change: _Change) -> list[ObjectInfo]:
        found: list[ObjectInfo] = []
        for day in change.days:
            found += await self._look_until_seen_on(day, change.seats)
        return found

    async def _look_until_seen_on(self, day: str, seats: Sequence[int]) -> list[ObjectInfo]:
        for _ in range(rounds_max):
            if infos := await self.look(day, seats):
                return list(infos.values())
            await asyncio.sleep(pause_s)
        raise OddAnswerError("the seats could not be looked up")

    async def _ask(self, change: _Change) -> Read:
        body = self._body(change)
        async with self._connections:
            at_ns = time.time_ns()
            try:
                status, answer = await self._exchange(self._change_url, body)
            except asyncio.CancelledError:
                self._write(change, at_ns, 0, _NO_ANSWER)  # it may be done yet
                raise
        read = read_change(status, answer) if status else _NO_ANSWER
        self._count(read.meaning, (time.time_ns() - at_ns) / 1_000_000)
        self._write(change, at_ns, status, read)
        return read

    def _write(self, change: _Change, at_ns: int, status: int, read: Read) -> None:
        done_ms = time.time_ns() // 1_000_000
        for day in change.days:
            line = Request(
                at_ms=at_ns // 1_000_000,
                done_ms=done_ms,
                event=day,
                status=change.status,
                labels=[self._labels[seat] for seat in change.seats],
                hold_token=change.token,
                outcome=read.outcome(status),
                http_status=status or None,
            )
            self._log.write(self._encode(line) + b"\n")

    def _count(self, meaning: Meaning, took_ms: float) -> None:
        if meaning is Meaning.LATER:
            self._report.later += 1
        elif meaning is Meaning.UNKNOWN:
            self._report.unknown += 1
        else:
            self._report.latencies_ms.append(took_ms)

    def _body(self, change: _Change) -> bytes:
        labels = b",".join([self._quoted[seat] for seat in change.seats])
        order_id = b"" if change.order is None else b',"orderId":"%s"' % change.order.encode()
        return b'{"events":%s,"status":"%s","holdToken":"%s","objects":[%s]%s}' % (
            self._encode(change.days),
            change.status.encode(),
            change.token.encode(),
            labels,
            order_id,
        )

    async def _exchange(self, url: URL, body: bytes | None) -> tuple[int, bytes]:
        """Send a request; give the status, 0 for no answer, and the body."""
        method = "GET" if body is None else "POST"
        try:
            async with self._session.request(method, url, data=body) as response:
                return response.status, await response.read()
        except _BROKEN:
            return 0, b""

    def _check_worth_a_retry(self, status: int, what: str) -> None:
        if status not in (0, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            raise OddAnswerError(f"{what}: {status}")
        self._report.later += 1


def _session(plan: LoadPlan) -> aiohttp.ClientSession:
    credentials = base64.b64encode(f"{plan.api_key}:".encode()).decode()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=plan.connections, keepalive_timeout=60),
        headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/json"},
        timeout=aiohttp.ClientTimeout(total=request_timeout_s),
        skip_auto_headers=("User-Agent", "Accept-Encoding"),
        cookie_jar=aiohttp.DummyCookieJar(),
    )
