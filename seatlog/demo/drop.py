"""The drop: a venue goes on sale, the fans come, the owner of the event is killed, all is sold.

Rules of this file:

1. What has happened is read in the outbox and in the fans' reports; nothing here takes our own
   word for it.
2. Nothing outlives `run`: load processes and readers end with it, however it ends.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from adapters.kafka.log import KafkaLog
from engine.charts.compile import compile_drawing
from engine.charts.inventory import SeatMap
from engine.charts.reading import read_drawing
from schemas.topics import Topics
from seatlog.demo.load import LoadProcesses
from seatlog.demo.outbox import OutboxCount, Ownership, follow
from seatlog.demo.plan import Behaviour, LoadPlan
from seatlog.demo.plot import Story
from seatlog.demo.progress import Snapshot
from seatlog.demo.proof import Promise, Witnessed
from seatlog.demo.seating import Seating, seating_of
from seatlog.demo.tally import percentile, recent_s
from seatlog.http_client import post
from seatlog.installation import Installation

EVENT_KEY = "the-drop"
look_every_s = 0.05
show_every_s = 0.25
door_opens_in_s = 1.5
"""From the start of the load processes to the first fan."""
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
    """The owner is killed when so much of the house is sold; None: it is not."""
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
        self._killed: Ownership | None = None
        self._killed_at = 0
        self._notes: list[str] = []
        self._seating = Seating(labels=[], rows=[], ranking=[])
        self._load = LoadProcesses([], folder)
        self.count = OutboxCount(EVENT_KEY)
        self._took_s = 0.0

    @property
    def client_logs(self) -> list[Path]:
        """What the fans asked and heard, a file for each load process."""
        return [self._folder / f"fans-{number}.jsonl" for number in range(self._plan.processes)]

    async def put_on_sale(self) -> None:
        """Publish the venue as an event. Raises CallError."""
        document = self._plan.drawing.read_bytes()
        chart = await self._post("/charts/actions/import", document)
        created = {"chartKey": chart["key"], "eventKey": EVENT_KEY}
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
            seats=len(self._seating),
            fans=self._plan.fans,
            expired_min=300 if behaviour.fickle_holds else 0,
            kills=0 if self._plan.kill_at_share is None else 1,
        )

    def witnessed(self) -> Witnessed:
        """Say what this run has shown."""
        tally, owner = self._load.tally, self._owner_after_kill()
        first = None if owner is None else self.count.answered_first.get(owner.term)
        return Witnessed(
            fans_through=tally.through,
            holds=tally.holds,
            refused=tally.refused,
            seats_told=tally.seats_booked,
            odd_count=tally.odd_count,
            odd=tally.odd,
            unknown=tally.unknown,
            expired=self._expired_within(self.promise().expired_within_s),
            killed="" if self._killed is None else self._killed.member,
            term_before=-1 if self._killed is None else self._killed.term,
            term_after=-1 if owner is None else owner.term,
            owner_after="" if owner is None else owner.member,
            first_answer_s=None if first is None else (first - self._killed_at) / 1000,
            p50_ms=percentile(tally.latencies_ms, 0.5),
            p99_ms=percentile(tally.latencies_ms, 0.99),
            took_s=self._took_s,
        )

    def story(self) -> Story:
        """Give what the plot shows."""
        owner = self._owner_after_kill()
        return Story(
            seats=len(self._seating),
            opened_at=round(self._opened_s * 1000),
            moments=self.count.moments,
            expired_at=self.count.expired_at,
            killed_at=self._killed_at or None,
            back_at=None if owner is None else self.count.answered_first.get(owner.term),
            done_in=self.count.done_in,
            refused_in=self.count.refused_in,
        )

    async def _watch(
        self,
        loading: "asyncio.Task[None]",
        following: "asyncio.Task[None]",
        show: Callable[[Snapshot], None],
    ) -> None:
        """Look at the drop until the fans are through; kill and tell when it is time."""
        told, shown_s = False, 0.0
        while not loading.done():
            if following.done():
                following.result()
            self._kill_when_due()
            elapsed_s = time.time() - self._opened_s
            is_over = self.count.sold == len(self._seating) or elapsed_s > self._plan.deadline_s
            if is_over and not told:
                told, self._took_s = True, elapsed_s
                self._notes.append(
                    f"{elapsed_s:.1f} s: {self.count.sold:,} seats sold, no more to come"
                )
                self._load.sold_out()
            if elapsed_s >= shown_s:
                shown_s = elapsed_s + show_every_s
                show(self._snapshot(elapsed_s))
            await asyncio.sleep(look_every_s)
        show(self._snapshot(time.time() - self._opened_s))

    def _kill_when_due(self) -> None:
        share, count = self._plan.kill_at_share, self.count
        if share is None or not count.ownerships:
            return
        if self._killed is None and count.sold >= share * len(self._seating):
            owner = count.ownerships[-1]
            self._killed_at = time.time_ns() // 1_000_000
            pid = self._installation.kill_worker(owner.member)
            self._killed = owner
            self._note_kill(f"kill -9 of {owner.member} (pid {pid}), owner in term {owner.term:,}")
        elif self._killed is not None and len(self._notes) == 1:
            after = self._owner_after_kill()
            if after is not None and after.term in count.answered_first:
                late_s = (count.answered_first[after.term] - self._killed_at) / 1000
                self._note_kill(
                    f"{after.member} owns it in term {after.term:,}; first result after {late_s:.2f} s"
                )

    def _note_kill(self, what: str) -> None:
        self._notes.append(f"{time.time() - self._opened_s:.1f} s: {what}")

    def _owner_after_kill(self) -> Ownership | None:
        """Give the first owner after the kill whose answers were seen, else the newest."""
        if self._killed is None:
            return None
        later = [owner for owner in self.count.ownerships if owner.term > self._killed.term]
        answered = [owner for owner in later if owner.term in self.count.answered_first]
        return next(iter([*answered, *reversed(later)]), None)

    def _expired_within(self, span_s: float) -> int:
        last = (self._opened_s + span_s) * 1000
        return sum(1 for at in self.count.expired_at if at <= last)

    async def _settle(self) -> None:
        """Wait until the outbox has told us what the fans were told."""
        deadline = time.monotonic() + settle_within_s
        while self.count.sold < self._load.tally.seats_booked and time.monotonic() < deadline:
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
                event=EVENT_KEY,
                fans=plan.fans,
                connections=(plan.connections + number) // plan.processes,
                opens_at=self._opened_s,
                seating=self._seating,
                behaviour=plan.behaviour,
                client_log=str(file),
            )
            for number, file in enumerate(self.client_logs)
        ]

    async def _post(self, path: str, body: bytes) -> dict[str, str]:
        url = self._installation.address + path
        key = self._installation.api_key
        answer = await asyncio.to_thread(post, url, key, body, {})
        found: dict[str, str] = msgspec.json.decode(answer)
        return found
