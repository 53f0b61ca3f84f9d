"""The event log: what became of charts, and of how events are sold.

Rules of this file:

1. An entry is written in the transaction of what it tells about.
2. Ids are in the order in which entries show. So entries are written last in a transaction, one
   transaction after the other: who reads from an id on misses none.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from adapters.postgres.pages import Cursor, Listing, Order, Page, fetch_page
from adapters.postgres.pool import Connection, Pool, connection
from adapters.postgres.queries import load_queries
from schemas.facts import EventUpdated
from schemas.selling import AS_THE_CHART_SAYS, Selling

ChartEntryType: TypeAlias = Literal["chart.created", "chart.published"]
EventEntryType: TypeAlias = Literal[
    "event.for.sale.config.updated",
    "event.channels.updated",
    "event.categories.updated",
    "event.table.booking.config.updated",
]
_OLDEST_FIRST = Order(descending=False)
_SQL = load_queries("event_log")


class FactEntry(NamedTuple):
    """What a fact of the log means to the event log."""

    workspace: str
    type: EventEntryType
    key: str
    """Key of the event."""
    at: int
    """Partition time, ms since the epoch."""
    source: int
    """The fact's place in the log; each has one entry of a type at most."""


class SoldAnew(NamedTuple):
    """A fact that changes how an event is sold."""

    fact: EventUpdated
    selling: Selling
    """How it is sold from then on."""
    at: int
    source: int


class Entry(NamedTuple):
    """An entry as it is read."""

    id: int
    workspace: str
    type: ChartEntryType | EventEntryType
    key: str
    at: int


class EventLog:
    """The event log in Postgres."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def page(self, workspace: str, cursor: Cursor) -> Page[Entry]:
        """List the entries of a workspace, oldest first. Raises DatabaseUnavailableError."""
        listing = Listing(_SQL["columns"], _SQL["of_workspace"], (workspace,), _OLDEST_FIRST)
        async with connection(self._pool) as lent:
            return await fetch_page(
                lent, listing, cursor, lambda row: Entry(*(row[name] for name in Entry._fields))
            )


async def note_chart(lent: Connection, workspace: str, type_: ChartEntryType, key: str) -> None:
    """Tell of a chart; the last thing in a transaction (rule 2)."""
    await lent.execute(_SQL["lock"])
    await lent.execute(_SQL["note_chart"], workspace, type_, key)


async def forget_chart(lent: Connection, workspace: str, key: str) -> None:
    """Tell no more of a chart that was taken back; the last thing in a transaction (rule 2)."""
    await lent.execute(_SQL["lock"])
    await lent.execute(_SQL["forget_chart"], workspace, key)


async def fact_entries(
    lent: Connection, sold_as_created: Mapping[int, Selling], changes: Sequence[SoldAnew]
) -> list[FactEntry]:
    """Say what changes of how events are sold mean to the event log: what they change, by name."""
    sold = dict(sold_as_created)
    stored = {change.fact.event for change in changes} - sold.keys()
    for row in await lent.fetch(_SQL["sellings"], list(stored)) if stored else ():
        sold[row["id"]] = msgspec.convert(row["selling"], Selling)
    entries = []
    for fact, selling, at, source in changes:
        before = sold.get(fact.event, AS_THE_CHART_SAYS)
        sold[fact.event] = selling
        entries += [
            FactEntry(fact.workspace, type_, fact.key, at, source)
            for type_ in _differences(before, selling)
        ]
    return entries


def _differences(before: Selling, after: Selling) -> Iterator[EventEntryType]:
    if before.for_sale != after.for_sale:
        yield "event.for.sale.config.updated"
    if before.channels != after.channels:
        yield "event.channels.updated"
    if (before.categories, before.object_categories) != (after.categories, after.object_categories):
        yield "event.categories.updated"
    if before.tables != after.tables:
        yield "event.table.booking.config.updated"


async def note_facts(lent: Connection, entries: Sequence[FactEntry]) -> None:
    """Tell of facts, those that were told before once; the last thing in a transaction."""
    if entries:
        await lent.execute(_SQL["lock"])
        await lent.execute(_SQL["note_facts"], *map(list, zip(*entries, strict=True)))
