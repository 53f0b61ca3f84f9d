"""The drop: a weekend goes on sale, the fans come, Saturday's owner is killed, Saturday is sold.

Rules of this file:

1. What has happened is read in the outbox and in the fans' reports; nothing here takes our own
   word for it.
2. Nothing outlives `run`: load processes and readers end with it, however it ends.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from adapters.kafka.log import KafkaLog
from engine.charts.compile import compile_drawing
from engine.charts.inventory import SeatMap
from engine.charts.reading import read_drawing
from schemas.topics import EVENTS_COMMANDS, Topics
from seatlog.demo.kill import Kill
from seatlog.demo.load import LoadProcesses
from seatlog.demo.outbox import OutboxCount, follow
from seatlog.demo.plan import Behaviour, LoadPlan
from seatlog.demo.progress import Snapshot
from seatlog.demo.proof import Promise, Witnessed
from seatlog.demo.seating import Seating, seating_of
from seatlog.demo.story import Story
from seatlog.demo.tally import percentile, recent_s
from seatlog.demo.weekend import Weekend, weekend_in
from seatlog.http_client import post
from seatlog.installation import Installation

look_every_s = 0.05
show_every_s = 0.25
door_opens_in_s = 1.5
"""From the start of the load processes to the first fan."""
overdue_s = 15.0
"""After the deadline: fans in the middle of a request may finish it, no longer."""
settle_within_s = 10.0
"""How long the outbox may take to say what the fans know already."""


class DropPlan(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    drawing: Path
    fans: int
    connections: int
    processes: int
    behaviour: Behaviour
    kill_at_share: float | None = 0.5
    """Saturday's owner is killed when so much of the house is sold; None: it is not."""
    passes_min: int = 300
    """So many weekend passes have to be sold."""
    deadline_s: float = 200.0
    """The fans that are still there then are sent home; what is not sold fell short."""


class Drop:
    """One drop on a running installation."""

    def __init__(
        self,
        plan: DropPlan,
        installation: Installation,
        bootstrap: str,
        topics: Topics,
        folder: Path,
    ) -> None:
        self._plan = plan
        self._installation = installation
        self._bootstrap = bootstrap
        self._topics = topics
        self._folder = folder
        self._opened_s = 0.0
        self._notes: list[str] = []
        self._seating = Seating(labels=[], rows=[], ranking=[])
        self._load = LoadProcesses([], folder)
        self._took_s = 0.0
        self._choose(Weekend(friday="", saturday="", sunday=""))

    @property
    def client_logs(self) -> list[Path]:
        """What the fans asked and heard, a file for each load process."""
        return [self._folder / f"fans-{number}.jsonl" for number in range(self._plan.processes)]

    async def put_on_sale(self) -> None:
        """Publish the venue as an event for each day. Raises CallError."""
        document = self._plan.drawing.read_bytes()
        chart = await self._post("/charts/actions/import", document)
        token = await self._post("/hold-tokens", b"")
        partitions = self._topics[EVENTS_COMMANDS].partitions
        self._choose(weekend_in(token["workspaceKey"], partitions))
        for day in self._weekend.days:
            created = {"chartKey": chart["key"], "eventKey": day}
            await self._post("/events", msgspec.json.encode(created))
        self._seating = seating_of(SeatMap(compile_drawing(read_drawing(document))))

    async def run(self, show: Callable[[Snapshot], None]) -> None:
        """Let the fans in, and wait until the last has left. Raises LoadEndedError."""
        log = KafkaLog(self._bootstrap)
        following = asyncio.create_task(follow(log, self._topics, self.count))
        self._opened_s = time.time() + door_opens_in_s
        self._load = LoadProcesses(self._load_plans(), self._folder / "load.log")
        loading = asyncio.create_task(self._load.run())
        try:
            await self._watch(loading, following, show)
            if loading.done():
                await loading
            await self._settle()
        finally:
            await self._load.stop()
            for task in (loading, following):
                task.cancel()
            await asyncio.gather(loading, following, return_exceptions=True)
            await log.close()

    def promise(self) -> Promise:
        """Say what this run has to show."""
        behaviour = self._plan.behaviour
        return Promise(
            saturday=self._weekend.saturday,
            seats=len(self._seating),
            fans=self._plan.fans,
            expired_min=300 if behaviour.fickle_holds else 0,
            kills=0 if self._plan.kill_at_share is None else 1,
            passes_min=self._plan.passes_min,
        )

    def witnessed(self) -> Witnessed:
        """Say what this run has shown."""
        tally, before, after = self._load.tally, self._kill.of, self._kill.after
        passes = self.count.passes()
        return Witnessed(
            fans_through=tally.through,
            holds=tally.holds,
            refused=tally.refused,
            seats_told=tally.seats_booked,
            partitions=self.count.partitions,
            passes_told=tally.passes,
            pass_seats_told=tally.pass_seats,
            passes_refused=tally.passes_refused,
            passes_whole=passes.whole,
            passes_torn=passes.torn,
            on_passes=self.count.on_passes(),
            groups_in_doubt=self.count.groups_in_doubt,
            odd_count=tally.odd_count,
            odd=tally.odd,
            unknown=tally.unknown,
            expired=self._expired_within(self.promise().expired_within_s),
            killed="" if before is None else before.member,
            term_before=-1 if before is None else before.term,
            term_after=-1 if after is None else after.term,
            owner_after="" if after is None else after.member,
            first_answer_s=self._kill.first_answer_s,
            p50_ms=percentile(tally.latencies_ms, 0.5),
            p99_ms=percentile(tally.latencies_ms, 0.99),
            took_s=self._took_s,
            proved_s=time.time() - self._opened_s,
        )

    def story(self) -> Story:
        """Give what the plot shows."""
        return Story(
            seats=len(self._seating),
            opened_at=round(self._opened_s * 1000),
            moments=self.count.moments,
            expired_at=self.count.expired_at,
            killed_at=self._kill.at or None,
            back_at=self._kill.back_at,
            done_in=self.count.done_in,
            refused_in=self.count.refused_in,
        )

    async def _watch(
        self,
        loading: "asyncio.Task[None]",
        following: "asyncio.Task[None]",
        show: Callable[[Snapshot], None],
    ) -> None:
        """Look at the drop until the fans are through or overdue; kill and tell when it is time."""
        told, shown_s = False, 0.0
        while not loading.done():
            if following.done():
                following.result()
            elapsed_s = time.time() - self._opened_s
            if note := self._kill.look(len(self._seating)):
                self._notes.append(f"{elapsed_s:.1f} s: {note}")
            is_over = self.count.sold == len(self._seating) or elapsed_s > self._plan.deadline_s
            if is_over and not told:
                told, self._took_s = True, elapsed_s
                sold = f"{self.count.sold:,} seats of Saturday sold, no more to come"
                self._notes.append(f"{elapsed_s:.1f} s: {sold}")
                self._load.sold_out()
            if elapsed_s > self._plan.deadline_s + overdue_s:
                break
            if elapsed_s >= shown_s:
                shown_s = elapsed_s + show_every_s
                show(self._snapshot(elapsed_s))
            await asyncio.sleep(look_every_s)
        show(self._snapshot(time.time() - self._opened_s))

    def _choose(self, weekend: Weekend) -> None:
        self._weekend = weekend
        self.count = OutboxCount(weekend)
        self._kill = Kill(self._plan.kill_at_share, self._installation, self.count)

    def _expired_within(self, span_s: float) -> int:
        last = (self._opened_s + span_s) * 1000
        return sum(1 for at in self.count.expired_at if at <= last)

    async def _settle(self) -> None:
        """Wait until the outbox has told us what the fans were told, and how the groups ended."""
        for _ in range(round(settle_within_s / look_every_s)):
            is_told = self.count.sold_in_all >= self._load.tally.seats_booked
            if is_told and not self.count.groups_in_doubt:
                return
            await asyncio.sleep(look_every_s)

    def _snapshot(self, elapsed_s: float) -> Snapshot:
        tally, count = self._load.tally, self.count
        return Snapshot(
            elapsed_s=max(0.0, elapsed_s),
            seats=len(self._seating),
            sold=count.sold,
            held=count.held,
            fans=self._plan.fans,
            through=tally.through,
            waiting=tally.waiting,
            holds=tally.holds,
            refused=tally.refused,
            expired=len(count.expired_at),
            passes=tally.passes,
            groups_in_doubt=count.groups_in_doubt,
            recent_ms=tally.recent_ms(time.monotonic()),
            recent_s=recent_s,
            notes=self._notes,
        )

    def _load_plans(self) -> list[LoadPlan]:
        plan = self._plan
        return [
            LoadPlan(
                process=number,
                processes=plan.processes,
                address=self._installation.address,
                api_key=self._installation.api_key,
                weekend=self._weekend,
                fans=plan.fans,
                connections=(plan.connections + number) // plan.processes,
                opens_at=self._opened_s,
                seating=self._seating,
                behaviour=plan.behaviour,
                client_log=str(file),
            )
            for number, file in enumerate(self.client_logs)
        ]

    async def _post(self, path: str, body: bytes) -> dict[str, Any]:
        url = self._installation.address + path
        key = self._installation.api_key
        answer = await asyncio.to_thread(post, url, key, body, {})
        found: dict[str, Any] = msgspec.json.decode(answer)
        return found
