"""Pages of a listing: where one starts or ends, and what stands before and after it.

Rules of this file:

1. A page before an item is the one that immediately precedes it, in the listing's own order.
2. A cursor is an item's id; the item's place in the order is looked up, so cursors hold in every
   order, and while rows are added.
3. Ties are broken by the id, newest first, in ascending and in descending orders alike.
4. Column names come from the code, values only as arguments.
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import asyncpg

from adapters.postgres.errors import UnknownCursorError
from adapters.postgres.pool import Connection

items_per_page_max = 1000

Item = TypeVar("Item")
Bind = Callable[[object], str]
"""Adds an argument and gives its placeholder."""


class Cursor(NamedTuple):
    """Which page is asked for: the first one, or the one next to an item."""

    limit: int = items_per_page_max
    start_after_id: int | None = None
    end_before_id: int | None = None
    """Counts only without `start_after_id`."""


class Page(NamedTuple, Generic[Item]):
    """One page; the cursors are absent where the listing ends."""

    items: list[Item]
    next_page_starts_after: int | None = None
    previous_page_ends_before: int | None = None


class Order(NamedTuple):
    """An order of a listing: by a column, or by the id alone (newest first)."""

    column: str = "id"
    descending: bool = True

    def sql(self, *, backwards: bool) -> str:
        """Give the ORDER BY."""
        by_id = "id ASC" if backwards else "id DESC"
        if self.column == "id":
            return by_id
        way = "DESC" if self.descending != backwards else "ASC"
        return f"{self.column} {way}, {by_id}"

    def beyond(self, item: int, place: object, bind: Bind, *, backwards: bool) -> str:
        """Give the condition for the rows past an item, which stands at a place in the order."""
        by_id = f"id {'>' if backwards else '<'} {bind(item)}"
        if self.column == "id":
            return by_id
        sign, here = "<" if self.descending != backwards else ">", bind(place)
        return f"({self.column} {sign} {here} OR ({self.column} = {here} AND {by_id}))"


NEWEST_FIRST = Order()


class Listing(NamedTuple):
    """What is listed: SQL for its columns (with `id`) and for its rows, and the rows' arguments."""

    columns: str
    rows: str
    """`FROM ... WHERE ...`, with the arguments as $1, $2, ..."""
    arguments: Sequence[object]
    order: Order = NEWEST_FIRST


class _Arguments(list[object]):
    def bind(self, value: object) -> str:
        self.append(value)
        return f"${len(self)}"


async def fetch_page(
    lent: Connection, listing: Listing, cursor: Cursor, item_of: Callable[[asyncpg.Record], Item]
) -> Page[Item]:
    """Read a page. Raises UnknownCursorError if the order needs the cursor's item and it is not."""
    assert 1 <= cursor.limit <= items_per_page_max
    backwards = cursor.start_after_id is None and cursor.end_before_id is not None
    start = cursor.end_before_id if backwards else cursor.start_after_id
    rows = await _rows(lent, listing, start, cursor.limit + 1, backwards=backwards)
    more = len(rows) > cursor.limit
    rows = rows[: cursor.limit]
    if not rows:
        return Page([])
    # The rows come in the way of reading: what was asked for next to `start` comes first.
    behind = start is not None and await _any_beyond(
        lent, listing, rows[0], backwards=not backwards
    )
    if backwards:
        rows.reverse()
    later, earlier = (behind, more) if backwards else (more, behind)
    return Page(
        [item_of(row) for row in rows],
        rows[-1]["id"] if later else None,
        rows[0]["id"] if earlier else None,
    )


async def _rows(
    lent: Connection, listing: Listing, start: int | None, limit: int, *, backwards: bool
) -> list[asyncpg.Record]:
    arguments = _Arguments(listing.arguments)
    rows = listing.rows
    if start is not None:
        place = await _place(lent, listing, start)
        beyond = listing.order.beyond(start, place, arguments.bind, backwards=backwards)
        rows = f"{rows} AND {beyond}"
    select = f"SELECT {listing.columns}, {listing.order.column} AS place {rows}"
    in_order = f"ORDER BY {listing.order.sql(backwards=backwards)} LIMIT {arguments.bind(limit)}"
    return await lent.fetch(f"{select} {in_order}", *arguments)


async def _any_beyond(
    lent: Connection, listing: Listing, row: asyncpg.Record, *, backwards: bool
) -> bool:
    arguments = _Arguments(listing.arguments)
    beyond = listing.order.beyond(row["id"], row["place"], arguments.bind, backwards=backwards)
    return bool(
        await lent.fetchval(f"SELECT EXISTS (SELECT {listing.rows} AND {beyond})", *arguments)
    )


async def _place(lent: Connection, listing: Listing, item: int) -> object:
    """Look up where in the order an item stands; for the order by id, nothing is needed."""
    if listing.order.column == "id":
        return None
    arguments = _Arguments(listing.arguments)
    row = await lent.fetchrow(
        f"SELECT {listing.order.column} {listing.rows} AND id = {arguments.bind(item)}", *arguments
    )
    if row is None:
        raise UnknownCursorError(f"the listing has no item {item}")
    return row[0]
