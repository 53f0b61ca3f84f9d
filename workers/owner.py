"""The owner loop: one partition, one owner, one log, and only the log speaks.

The order of these steps is the proof (docs/guarantees.md); they are numbered again in the code.

0. Look for the newest snapshot of the outbox, and build its state.
1. Take the partition: a new producer under its transactional id raises the epoch.
2. Append `OwnershipTaken` with a random id; its offset is the term.
3. Read the outbox from the snapshot (or its start) up to the term, and not less, find the own
   random id there, fold the state.
4. Settle: decide what is due (holds that end, parked work that may be taken up), and read the
   inputs from the positions in the last record.
5. Serve: take a batch, decide and evolve each cause in memory, append the records as one batch,
   await the ack and count it only if its offset is the own last offset + 1, then send votes and
   dead letters beside the loop.

Rules of this file:

1. Any doubt after step 1 goes back to step 1; nothing in memory outlives it but the list of
   causes that failed.
2. A fault while replaying, or a position outside the log, stops the partition: never skip.
3. The loop knows no seat: what differs between kinds of owners is in its Role.
"""

import logging
import secrets
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Protocol

from adapters.ports import (
    Appender,
    AppendUnknownError,
    Clock,
    FencedError,
    Log,
    LogRecord,
    LogUnreachableError,
    Membership,
    NewRecord,
    PositionLostError,
    Reader,
    TopicPartition,
)
from schemas.outbox import (
    CONTENT_TYPE,
    HEADER_TYPE,
    OwnershipData,
    OwnershipTaken,
    encode,
    type_name,
)
from workers.aside import Aside
from workers.ledger import Ledger
from workers.replay import NotOursError, Own, ReplayError, replay
from workers.role import Role
from workers.snapshots import Keeper, newest
from workers.turns import Turns

log = logging.getLogger(__name__)

batch_records_max = 500
"""Causes decided before an append: 200 to a batch make an append's cost small."""
batch_bytes_max = 1024 * 1024
"""Of one append; a single record may be larger, up to the topic's own limit."""
idle_wait_ms = 500
"""How often an idle owner looks at the time, if its reader does not wake it: on Kafka that is each
time the broker says that there is no news, and only then the owner knows of more time."""
replication_guard_ms = 1_000
"""A stamped command is read only when all in-sync replicas have it: the clock runs this much
behind, so that a hold is not ended while its booking is on its way there."""
keep_fence_every_ms = 60 * 60 * 1000
"""The broker forgets a producer after a day without a batch; hourly keeps the fence alive."""
votes_sent_again_every_ms = 2_000
"""Well within the time that a group has for its votes (engine/groups/voting)."""
first_backoff_ms = 50
backoff_max_ms = 5_000
quick_lives = 3
"""Lives in which the partition was taken and then the log went away: so many are tried again at
once. Each leaves an ownership record behind for good, so further ones wait longer and longer."""
calm_life_ms = 60_000
"""A life that lasted so long is the first of them again."""
unreachable_told_every_ms = 60_000
"""While the log is away, each of many owners asks for it ten times a second."""
lives_without_progress_max = 10
"""After so many, the process ends: its supervisor starts a clean one."""


class NotAloneError(Exception):
    """An ack's offset is not the own last offset + 1: somebody else has written."""


class CauseFailedError(Exception):
    """Deciding a cause raised; it is tried once more in the next life, then refused alone."""

    def __init__(self, position: tuple[str, int]) -> None:
        super().__init__(f"{position[0]} offset {position[1]} could not be decided")
        self.position = position


class TimeFailedError(Exception):
    """What time alone brings could not be decided: there is no command to refuse."""


class StoppedError(Exception):
    """The partition must not be served until somebody has looked: the log does not add up."""


class AtCrashPoint(Protocol):
    """Is called at each crash point, with the records that are under way there."""

    def __call__(self, point: str, records: Sequence[NewRecord] = ()) -> None:
        """Kill the process, or do nothing."""
        ...


def nothing_happens(point: str, records: Sequence[NewRecord] = ()) -> None:
    """Be the crash point hook of normal life."""
    del point, records


class Owner:
    """Owns one partition for as long as it runs."""

    def __init__(
        self,
        role: Role[Any, Any, Any],
        log_port: Log,
        membership: Membership,
        clock: Clock,
        member: str,
        *,
        turns: Turns | None = None,
        at_crash_point: AtCrashPoint = nothing_happens,
    ) -> None:
        self._role = role
        self._log = log_port
        self._membership = membership
        self._clock = clock
        self._member = member
        self._turns = turns or Turns()
        """Those of the process; on its own, an owner waits for nobody."""
        self._at = at_crash_point
        self._failed: dict[tuple[str, int], int] = {}
        self._lives_without_progress = 0
        self._taken_in_vain = 0
        self._told_unreachable_at: int | None = None

    async def run(self) -> None:
        """Own the partition until cancelled; raises StoppedError, or the last doubt of too many."""
        while True:
            began_at = self._clock.monotonic_ms()
            try:
                await self._live()
            except (ReplayError, PositionLostError, TimeFailedError) as error:
                raise StoppedError(f"{self._role.outbox} is stopped: {error}") from error
            except FencedError as error:
                log.warning("fenced", extra={"partition": str(self._role.outbox)})
                self._count_doubt(error)
                await self._membership.confirmed()
            except CauseFailedError as error:
                log.exception("a cause failed", extra={"position": error.position})
                self._note_failure(error)
            except (AppendUnknownError, NotAloneError, NotOursError) as error:
                log.warning("in doubt", extra={"why": str(error)})
                self._count_doubt(error)
            except LogUnreachableError as error:
                self._tell_unreachable(error)
                self._lives_without_progress = max(1, self._lives_without_progress)
                if self._clock.monotonic_ms() - began_at > calm_life_ms:
                    self._taken_in_vain = 1
            await self._clock.sleep_ms(self._backoff_ms())

    def _tell_unreachable(self, error: LogUnreachableError) -> None:
        now, told_at = self._clock.monotonic_ms(), self._told_unreachable_at
        if told_at is None or now - told_at >= unreachable_told_every_ms:
            self._told_unreachable_at = now
            log.warning("the log is unreachable", extra={"why": str(error)})

    def _note_failure(self, error: CauseFailedError) -> None:
        """Remember a failed cause; a command will be refused alone, a decision cannot be."""
        failures = self._failed.get(error.position, 0) + 1
        self._failed[error.position] = failures
        if failures > 1 and error.position[0] != self._role.commands.topic:
            raise StoppedError(f"{self._role.outbox} is stopped: {error}") from error
        self._lives_without_progress += 1

    def _count_doubt(self, error: Exception) -> None:
        self._lives_without_progress += 1
        if self._lives_without_progress > lives_without_progress_max:
            raise error

    def _backoff_ms(self) -> int:
        doublings = max(self._lives_without_progress, self._taken_in_vain - quick_lives)
        return min(backoff_max_ms, first_backoff_ms << min(10, doublings))

    async def _live(self) -> None:
        began_at = self._clock.monotonic_ms()
        # Step 0. A snapshot is true whoever took it, so it is looked for while nobody is shut out.
        kept = await newest(self._role, self._log, self._turns)
        begins_at = None if kept is None else kept.snapshot
        self._at("0 looked for a snapshot")
        async with AsyncExitStack() as life:
            # Step 1. From here on an older owner's appends are refused, as soon as ours has come.
            appender = await self._log.take(self._role.outbox)
            life.push_async_callback(appender.drop)
            self._at("1 taken")
            # Step 2. The ownership record goes out before the log is read. The other way round, a
            # late append of the old owner could land in between and be missed.
            claim = secrets.token_hex(16)
            taken = await appender.append([self._ownership_record(appender, claim)])
            taken_at = self._clock.monotonic_ms()
            self._taken_in_vain += 1
            self._at("2 ownership appended")
            # Step 3.
            own = Own(taken.offset, claim, (appender.producer_id, appender.producer_epoch))
            replayed = await replay(self._role, self._log, own, self._turns, kept)
            del kept
            state, inputs = replayed.state, replayed.inputs
            self._at("3 replayed")
            ledger = Ledger(self._role, state, inputs, taken.offset, self._failed)
            ledger.anchor(taken.timestamp, taken_at)
            # Step 4.
            self._settle(ledger, ledger.now)
            if ledger.pending:
                await self._append(appender, ledger)
            reader = await self._log.read_from(inputs.positions_of(self._role.inputs()))
            life.push_async_callback(reader.close)
            self._at("4 settled")
            log.info(
                "serving",
                extra={
                    "partition": str(self._role.commands),
                    "term": taken.offset,
                    "replayed_from": 0 if begins_at is None else begins_at.offset,
                    "after_ms": self._clock.monotonic_ms() - began_at,
                },
            )
            # Step 5.
            aside = Aside(self._log, self._at_sent)
            life.push_async_callback(aside.close)
            keeper = Keeper(self._role, begins_at, replayed.producers)
            del begins_at
            await self._serve(appender, reader, ledger, aside, keeper)

    def _at_sent(self, to: TopicPartition) -> None:
        if to not in (self._role.dead_letters, self._role.snapshots):
            self._at("5 voted")

    async def _serve(
        self, appender: Appender, reader: Reader, ledger: Ledger, aside: Aside, keeper: Keeper
    ) -> None:
        appended_at = self._clock.monotonic_ms()
        voted_at: int | None = None
        while True:
            if (
                voted_at is None
                or self._clock.monotonic_ms() - voted_at > votes_sent_again_every_ms
            ):
                voted_at = self._clock.monotonic_ms()
                aside.send(ledger.open_votes())
            records = await reader.fetch(batch_records_max, idle_wait_ms)
            if records:
                await self._decide(records, ledger)
            self._let_time_pass(reader, ledger)
            if (
                not ledger.pending
                and self._clock.monotonic_ms() - appended_at > keep_fence_every_ms
            ):
                ledger.keep_fence()
            if ledger.pending:
                self._at("5 decided", ledger.pending)
                await self._append(appender, ledger)
                appended_at = self._clock.monotonic_ms()
                self._lives_without_progress = self._taken_in_vain = 0
                aside.send(keeper.keep_if_due(ledger))
            # Only now: all that they go with is acknowledged.
            aside.send(ledger.take_aside())

    async def _decide(self, records: Sequence[LogRecord], ledger: Ledger) -> None:
        received_at = self._clock.monotonic_ms()
        for record in records:
            is_command = record.topic == self._role.commands.topic
            # Its records must not say yet that the command was read: a batch may be torn. Without
            # a command no time passes, but a decision before this one may have left a hold that
            # was over by then.
            self._settle(ledger, record.timestamp if is_command else ledger.now)
            try:
                await ledger.wait_for_inventories(record)
                ledger.take_in(record)
            except PositionLostError:
                raise
            except Exception as error:
                raise CauseFailedError((record.topic, record.offset)) from error
            if is_command:
                ledger.anchor(record.timestamp, received_at)

    def _let_time_pass(self, reader: Reader, ledger: Ledger) -> None:
        """Move the partition's time with the clock, only as far as all inputs were read."""
        until = ledger.now
        caught_up_at = reader.caught_up_at()
        if caught_up_at is not None:
            until = ledger.time_at(caught_up_at) - replication_guard_ms
        self._settle(ledger, until)

    def _settle(self, ledger: Ledger, until: int) -> None:
        try:
            ledger.settle_until(until)
        except Exception as error:
            raise TimeFailedError(f"what is due at {until} cannot be decided: {error!r}") from error

    async def _append(self, appender: Appender, ledger: Ledger) -> None:
        records, ledger.pending = ledger.pending, []
        for batch in cut(records):
            acknowledged = await appender.append(batch)
            acknowledged_at = self._clock.monotonic_ms()
            self._at("5 appended", batch)
            # Only a contiguous ack counts: with any other offset somebody wrote in between, or
            # this is the ack of another's record.
            if acknowledged.offset != ledger.next_offset:
                raise NotAloneError(
                    f"{self._role.outbox}: acknowledged at {acknowledged.offset}, "
                    f"expected {ledger.next_offset}"
                )
            ledger.next_offset += len(batch)
            ledger.anchor(acknowledged.timestamp, acknowledged_at)
        self._at("5 acknowledged", records)

    def _ownership_record(self, appender: Appender, claim: str) -> NewRecord:
        record = OwnershipTaken(
            specversion="1.0",
            id=claim,
            source=f"/{self._role.outbox}",
            datacontenttype="application/json",
            data=OwnershipData(
                claim=claim,
                producer_id=appender.producer_id,
                producer_epoch=appender.producer_epoch,
                member=self._member,
            ),
        )
        return NewRecord(encode(record), [CONTENT_TYPE, (HEADER_TYPE, type_name(OwnershipTaken))])


def cut(records: Sequence[NewRecord]) -> list[Sequence[NewRecord]]:
    """Cut records into batches that one append can carry."""
    batches: list[Sequence[NewRecord]] = []
    start, size = 0, 0
    for place, record in enumerate(records):
        if place > start and size + record.size > batch_bytes_max:
            batches.append(records[start:place])
            start, size = place, 0
        size += record.size
    if start < len(records):
        batches.append(records[start:])
    return batches
