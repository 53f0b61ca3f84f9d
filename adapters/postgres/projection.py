"""The projection: outbox records into the read model, in bulk, with the positions.

Rules of this file:

1. What records say and the positions after them are one transaction. So a crash at any point, of
   this process or of Postgres, leaves a read model that is some prefix of the outboxes.
2. Positions are moved only from where this projection read them (compare and set, before all
   else in the transaction). Of two projectors one is turned away and has written nothing.
3. The log is the truth: what the read model forbids stops the projection, never the record.
"""

import asyncio
import time
from collections.abc import Collection, Iterable, Sequence
from typing import Any, Self

import asyncpg
import msgspec

from adapters.ports import TopicPartition
from adapters.postgres.batch import Batch, OutboxRun, Position, hold_token_of
from adapters.postgres.errors import (
    ForeignPositionsError,
    PositionsMovedError,
    RecordsRefusedError,
)
from adapters.postgres.event_log import fact_entries, note_facts
from adapters.postgres.notifications import Notifications
from adapters.postgres.pool import Connection, Pool, connect, connection, rows_changed
from adapters.postgres.queries import load_queries
from adapters.postgres.results import AnsweredTwiceError, results_kept_ms
from adapters.postgres.rows import EventRow
from schemas.facts import AreaCounts
from schemas.topics import EVENTS_OUTBOX, OUTBOX_OF, Topics

CHANNEL = "projected"
AWAITED_CHANNEL = "awaited"
"""Here reads say that they wait for what is not projected yet."""
payload_bytes_max = 7_999
"""Postgres' limit on what a notification carries."""
status_changes_kept_ms = 365 * 24 * 60 * 60 * 1000
"""As long as the vendor keeps them."""
event_log_kept_ms = status_changes_kept_ms
deleted_at_once = 10_000
"""Keeps each deletion of what is old short."""
_KEPT_MS = {
    "forget_results": results_kept_ms,
    "forget_keyed_results": results_kept_ms,
    "forget_status_changes": status_changes_kept_ms,
    "forget_event_log": event_log_kept_ms,
}
connect_timeout_s = 10.0
transaction_timeout_s = 60.0
"""Nobody waits for an answer here, and a busy server is not away."""
_SQL = load_queries("projection")
_STATUS_CHANGES = (
    *("event", "id", "seq", "at", "quantity", "label", "status"),
    *("origin_type", "origin_ip", "hold_token", "order_id", "extra_data"),
)


class Projection:
    """Writes the read model; `positions` first, and again after any error."""

    def __init__(self, pool: Pool, topics: Topics) -> None:
        self._pool = pool
        self._commands_topics = {
            topics[outbox].physical_name: topics[commands].physical_name
            for commands, outbox in OUTBOX_OF.items()
        }
        self._events_outbox = topics[EVENTS_OUTBOX].physical_name
        self._positions: dict[TopicPartition, Position] = {}
        self.awaited = asyncio.Event()
        """Set when a read waits; whoever projects clears it."""
        self._notifications = Notifications(pool)
        self._notifications.subscribe(AWAITED_CHANNEL, lambda _: self.awaited.set())

    @classmethod
    async def connect(cls, dsn: str, topics: Topics) -> Self:
        """Make one with connections of its own.

        They commit without waiting for the disk (synchronous_commit = off). If Postgres crashes,
        the last transactions may be gone, but as a whole and from the end: the positions went
        with them, so the records are read from the log again. Nothing is lost, nothing doubled.

        And they plan each statement once: all take arrays, whose values change nothing.
        """
        pool = await connect(
            dsn,
            size_max=2,  # one listens
            connect_timeout_s=connect_timeout_s,
            timeout_s=transaction_timeout_s,
            settings={"synchronous_commit": "off", "plan_cache_mode": "force_generic_plan"},
        )
        projection = cls(pool, topics)
        projection._notifications.start()
        return projection

    async def close(self) -> None:
        """Close every connection."""
        await self._notifications.close()
        self._pool.terminate()

    async def positions(
        self, partitions: Collection[TopicPartition]
    ) -> dict[TopicPartition, Position]:
        """Give how far each partition was projected; one that is new begins at 0.

        Raises ForeignPositionsError, DatabaseUnavailableError.
        """
        async with connection(self._pool, connect_timeout_s) as lent:
            rows = await lent.fetch(_SQL["positions"])
            stored = {
                TopicPartition(row["topic"], row["partition"]): Position(
                    row["next_offset"], row["term"]
                )
                for row in rows
            }
            foreign = sorted(str(partition) for partition in stored.keys() - set(partitions))
            if foreign:
                raise ForeignPositionsError(
                    f"the read model in this database was filled from {', '.join(foreign)}, which "
                    "this installation does not have: give it a database of its own"
                )
            await lent.execute(_SQL["begin_positions"], *_columns(partitions, 2))
        self._positions = {partition: stored.get(partition, Position()) for partition in partitions}
        return dict(self._positions)

    async def apply(self, runs: Sequence[OutboxRun]) -> None:
        """Write what these records say. After any error nothing is written that was not before.

        Raises OutboxGapError, PositionsMovedError, RecordsRefusedError, DatabaseUnavailableError
        (then it is unknown whether it was written; the positions tell).
        """
        batch = Batch(self._positions, self._commands_topics, self._events_outbox)
        for run in runs:
            batch.take_in(run)
        batch.finish()
        try:
            async with connection(self._pool, connect_timeout_s) as lent, lent.transaction():
                await self._move(lent, batch)
                # How events were sold before is in the rows that are written next.
                entries = await fact_entries(lent, batch.sold_as_created, batch.sold_anew)
                await _write_events(lent, batch)
                await _write_changes(lent, batch)
                await _write_results(lent, batch)
                await note_facts(lent, entries)
        except asyncpg.DeadlockDetectedError as error:
            raise PositionsMovedError("another projector writes at the same time") from error
        except (
            AnsweredTwiceError,
            asyncpg.IntegrityConstraintViolationError,
            asyncpg.DataError,
        ) as error:
            raise RecordsRefusedError(f"{_spans(self._positions, batch)}: {error}") from error
        self._positions = batch.positions

    async def _move(self, lent: Connection, batch: Batch) -> None:
        moved = [
            (*partition, self._positions[partition].next_offset, *position)
            for partition, position in batch.positions.items()
            if position != self._positions[partition]
        ]
        row = await lent.fetchrow(_SQL["move_positions"], *_columns(moved, 5), _payload(moved))
        assert row is not None
        if row[0] != len(moved):
            raise PositionsMovedError("the positions are not where this projection left them")

    async def forget(self) -> bool:
        """Delete some results and status changes that are too old; say whether more are left."""
        now = time.time_ns() // 1_000_000
        more = False
        for statement, kept_ms in _KEPT_MS.items():
            async with connection(self._pool, connect_timeout_s) as lent:
                done = await lent.execute(_SQL[statement], now - kept_ms, deleted_at_once)
            more |= rows_changed(done) >= deleted_at_once
        return more


def outbox_partitions(topics: Topics) -> list[TopicPartition]:
    """Name all that is projected."""
    return [
        TopicPartition(topics[outbox].physical_name, partition)
        for outbox in OUTBOX_OF.values()
        for partition in range(topics[outbox].partitions)
    ]


async def _write_events(lent: Connection, batch: Batch) -> None:
    if batch.created:
        await lent.copy_records_to_table(
            "events", records=batch.created.values(), columns=EventRow._fields
        )
    for fact in batch.updated.values():
        await lent.execute(
            _SQL["update_event"],
            *(fact.event, fact.key, fact.name, fact.date),
            *(fact.is_in_the_past, fact.updated_at, fact.selling, fact.season, fact.inventory),
            fact.chart_key,
        )
    if batch.deleted:
        for table in ("events", "objects", "area_holds", "season_overrides", "status_changes"):
            await lent.execute(_SQL[f"delete_{table}"], list(batch.deleted))


async def _write_changes(lent: Connection, batch: Batch) -> None:
    if batch.status_changes:
        await lent.copy_records_to_table(
            "status_changes", records=batch.status_changes, columns=_STATUS_CHANGES
        )
    objects = [
        (
            fact.event,
            fact.label,
            fact.status,
            hold_token_of(fact),
            fact.order_id,
            fact.ticket_type,
            fact.extra_data,
            None if fact.area is None else _area_json(fact.area),
            *batch.use_of(fact),
            fact.resale_listing_id,
        )
        for fact in batch.objects()
    ]
    if objects:
        await lent.execute(_SQL["put_objects"], *_columns(objects, 11))
    if batch.area_holds:
        await _write_area_holds(lent, batch)
    if batch.overridden:
        overridden = [(*key, places) for key, places in batch.overridden.items()]
        await lent.execute(_SQL["put_season_overrides"], *_columns(overridden, 4))
        await lent.execute(_SQL["end_season_overrides"], *_columns(batch.overridden, 3))
    if batch.extra_data:
        rows = [(*key, extra_data) for key, extra_data in batch.extra_data.items()]
        await lent.execute(_SQL["put_extra_data"], *_columns(rows, 3))


def _area_json(area: AreaCounts) -> dict[str, Any]:
    """Give the counts of an area as they are the same for everybody."""
    shared = area.without_own()
    counts = {"taken": shared.taken, "held": shared.held}
    return {**counts, "channels": shared.channels} if shared.channels else counts


async def _write_area_holds(lent: Connection, batch: Batch) -> None:
    held = [(*key, places) for key, places in batch.area_holds.items() if places]
    ended = [key for key, places in batch.area_holds.items() if not places]
    if held:
        await lent.execute(_SQL["put_area_holds"], *_columns(held, 4))
    if ended:
        await lent.execute(_SQL["end_area_holds"], *_columns(ended, 3))


async def _write_results(lent: Connection, batch: Batch) -> None:
    runs = [msgspec.structs.astuple(run) for run in batch.results.in_order()]
    if runs:
        done = await lent.execute(_SQL["put_results"], *_columns(runs, 6))
        if rows_changed(done) != len(runs):
            raise AnsweredTwiceError
    if batch.keyed_results:
        columns = _columns(batch.keyed_results.values(), 7)
        await lent.execute(_SQL["put_keyed_results"], *columns, results_kept_ms)


def _columns(rows: Iterable[tuple[Any, ...]], width: int) -> list[list[Any]]:
    """Turn rows into the arrays that `unnest` takes."""
    return [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(width)]


def _payload(moved: Iterable[tuple[Any, ...]]) -> str:
    """Say where the positions are now; nothing where that is too long to say."""
    payload = " ".join(f"{topic}/{partition}:{offset}" for topic, partition, _, offset, _ in moved)
    return payload if len(payload) <= payload_bytes_max else ""


def _spans(before: dict[TopicPartition, Position], batch: Batch) -> str:
    return ", ".join(
        f"{partition} {before[partition].next_offset} to {position.next_offset - 1}"
        for partition, position in batch.positions.items()
        if position != before[partition]
    )
