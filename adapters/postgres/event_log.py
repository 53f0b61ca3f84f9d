"""The event log: what became of charts, and of how events are sold.

Rules of this file:

1. An entry is written in the transaction of what it tells about.
2. Ids are in the order in which entries show. So entries are written last in a transaction, one
   transaction after the other: who reads from an id on misses none.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from adapters.postgres.pages import Cursor, Listing, Order, Page, fetch_page
from adapters.postgres.pool import Connection, Pool, connection
from adapters.postgres.queries import load_queries

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
    """What a fact means to the event log."""

    workspace: str
    type: EventEntryType
    key: str
    """Key of the event."""
    at: int
    """Partition time, ms since the epoch."""
    source: int
    """The fact's place in the log; each has one entry of a type at most."""


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


async def note_facts(lent: Connection, entries: Sequence[FactEntry]) -> None:
    """Tell of facts, those that were told before once; the last thing in a transaction."""
    if entries:
        await lent.execute(_SQL["lock"])
        await lent.execute(_SQL["note_facts"], *map(list, zip(*entries, strict=True)))
