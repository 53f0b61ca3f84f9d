"""The projector: follows the outboxes and keeps the read model up with them.

Its order is that of every follower that must not skip, over and over:

1. Take positions, and the terms in force at them, from the read model: they are written in one
   transaction with what the records say, so they are never ahead of it and never behind.
2. Read on exactly there. An outbox that ends before its position, or begins after it, stops the
   projector.
3. Decode what has come, write it as one transaction, and go on.

Rules of this file:

1. Any doubt (Postgres or the log away, another projector, an unknown outcome) goes back to step 1.
2. Nothing is skipped: a record that cannot be read or written stops the projector, loudly.
3. Two projectors are harmless: one of them is turned away at each transaction and stands by.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import msgspec

from adapters.ports import (
    Clock,
    Log,
    LogRecord,
    LogUnreachableError,
    PositionLostError,
    Reader,
    TopicPartition,
)
from adapters.postgres.batch import OutboxRecord, OutboxRun
from adapters.postgres.errors import (
    DatabaseUnavailableError,
    ForeignPositionsError,
    OutboxGapError,
    PositionsMovedError,
    RecordsRefusedError,
)
from adapters.postgres.projection import Projection, outbox_partitions
from adapters.postgres.storable import storable
from schemas.outbox import (
    HEADER_WORKSPACE,
    OwnershipTaken,
    decode_groups_record,
    decode_seats_record,
)
from schemas.topics import EVENTS_OUTBOX, GROUPS_OUTBOX, Topics
from workers.role import header

log = logging.getLogger(__name__)

batch_records_max = 2_000
"""Written in one transaction: enough to make its cost small, few enough for a short one."""
idle_wait_ms = 1_000
rest_ms_per_record = 5
rest_ms_max = 250
"""A transaction costs as much as a hundred records. So under load they begin this far apart and
carry many, unless a read waits for the next; the one record of a single client hardly waits."""
rest_awaited_ms = 20
"""So much of a long rest is kept although reads wait."""
gathered_wait_ms = 10
"""For all that came during a long rest: the reader asked for the next ones before it."""
forget_every_ms = 10 * 60 * 1000
first_backoff_ms = 50
backoff_max_ms = 5_000

_BY_PARTITION: Final = attrgetter("topic", "partition")


class ProjectorStoppedError(Exception):
    """The read model cannot follow the log until somebody has looked; the message says why."""


class Projector:
    """Keeps one read model up with the outboxes of one installation."""

    def __init__(
        self,
        log_port: Log,
        projection: Projection,
        topics: Topics,
        clock: Clock,
        *,
        delay_ms: int = 0,
    ) -> None:
        """Make one; `delay_ms` holds each transaction back, to show what a late one does."""
        self._log = log_port
        self._projection = projection
        self._clock = clock
        self._delay_ms = delay_ms
        self._partitions = outbox_partitions(topics)
        self._decoders = {
            topics[EVENTS_OUTBOX].physical_name: decode_seats_record,
            topics[GROUPS_OUTBOX].physical_name: decode_groups_record,
        }
        self._failures = 0
        self._forgot_at: int | None = None

    async def run(self) -> None:
        """Follow until cancelled. Raises ProjectorStoppedError."""
        while True:
            try:
                await self._live()
            except (DatabaseUnavailableError, LogUnreachableError, PositionsMovedError) as error:
                log.warning("reading again from the positions", extra={"why": str(error)})
                await self._clock.sleep_ms(self._backoff_ms())
                self._failures += 1
            except (
                PositionLostError,
                OutboxGapError,
                ForeignPositionsError,
                RecordsRefusedError,
            ) as error:
                raise ProjectorStoppedError(str(error)) from error

    def _backoff_ms(self) -> int:
        return min(backoff_max_ms, first_backoff_ms << min(10, self._failures))

    async def _live(self) -> None:
        # Step 1.
        positions = await self._projection.positions(self._partitions)
        # Step 2.
        reader = await self._log.read_from(
            {partition: position.next_offset for partition, position in positions.items()}
        )
        # Step 3.
        try:
            await self._follow(reader)
        finally:
            await reader.close()

    async def _follow(self, reader: Reader) -> None:
        many_gathered = False
        while True:
            self._projection.awaited.clear()
            records = await reader.fetch(batch_records_max, idle_wait_ms)
            if many_gathered and 0 < len(records) < batch_records_max:
                left = batch_records_max - len(records)
                records = [*records, *await reader.fetch(left, gathered_wait_ms)]
            many_gathered = False
            began_at = self._clock.monotonic_ms()
            await self._forget(began_at)
            if not records:
                continue
            if self._delay_ms:
                await self._clock.sleep_ms(self._delay_ms)
            await self._projection.apply(self._decode(records))
            self._failures = 0
            many_gathered = await self._rest(began_at, len(records))

    async def _rest(self, began_at: int, count: int) -> bool:
        """Let a batch gather; not while catching up. Says whether many may have come meanwhile."""
        rest_ms = min(rest_ms_max, rest_ms_per_record * count)
        left_ms = began_at + rest_ms - self._clock.monotonic_ms()
        if left_ms <= 0 or count >= batch_records_max:
            return False
        at_least_ms = min(left_ms, rest_awaited_ms)
        await self._clock.sleep_ms(at_least_ms)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout((left_ms - at_least_ms) / 1000):
                await self._projection.awaited.wait()
        return rest_ms == rest_ms_max

    def _decode(self, records: Sequence[LogRecord]) -> list[OutboxRun]:
        return [
            OutboxRun(TopicPartition(*partition), [self._read(record) for record in run])
            for partition, run in groupby(records, _BY_PARTITION)
        ]

    def _read(self, record: LogRecord) -> OutboxRecord:
        try:
            decoded: Any = self._decoders[record.topic](storable(record.value or b""))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProjectorStoppedError(
                f"{record.topic}/{record.partition} offset {record.offset} cannot be read: {error}"
            ) from error
        if isinstance(decoded, OwnershipTaken) or decoded.data.command_id is None:
            return OutboxRecord(record.offset, decoded)
        workspace = header(record, HEADER_WORKSPACE) or b""
        return OutboxRecord(record.offset, decoded, workspace.decode())

    async def _forget(self, now_ms: int) -> None:
        """Delete some of what is too old, between two transactions until nothing is left."""
        if self._forgot_at is None or now_ms - self._forgot_at >= forget_every_ms:
            self._forgot_at = None if await self._projection.forget() else now_ms
