"""Pages of a listing: where one starts or ends, and what stands before and after it.

Rules of this file:

1. A page before an item is the one that immediately precedes it, in the listing's own order.
2. A cursor is an item's id; the item's place in the order is looked up, so cursors hold in every
   order, and while rows are added.
3. Ties are broken by the id, newest first, in ascending and in descending orders alike.
4. Column names come from the code, values only as arguments.
5. A page costs as much as its own rows, however many there are: every part of its query is a
   range of one index, (what selects the rows, the order's column, id), read one way or the other.
"""

from collections.abc import Callable, Sequence
from typing import Generic, NamedTuple, TypeVar

import asyncpg

from adapters.postgres.errors import UnknownCursorError
from adapters.postgres.pool import Connection

items_per_page_max = 1000

Item = TypeVar("Item")


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


class _Spot(NamedTuple):
    """Where in an order an item stands."""

    id: int
    place: object
    """Its value in the order's column."""


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
    spot = None if start is None else await _spot(lent, listing, start)
    rows = await _rows(lent, listing, spot, cursor.limit + 1, backwards=backwards)
    more = len(rows) > cursor.limit
    rows = rows[: cursor.limit]
    if not rows:
        return Page([])
    # The rows come in the way of reading: what was asked for next to `start` comes first.
    first = _Spot(rows[0]["id"], rows[0]["place"])
    behind = spot is not None and bool(
        await _rows(lent, listing, first, 1, backwards=not backwards)
    )
    if backwards:
        rows.reverse()
    later, earlier = (behind, more) if backwards else (more, behind)
    return Page(
        [item_of(row) for row in rows],
        rows[-1]["id"] if later else None,
        rows[0]["id"] if earlier else None,
    )


async def _spot(lent: Connection, listing: Listing, item: int) -> _Spot:
    """Look up where in the order an item stands; for the order by id, nothing is needed."""
    if listing.order.column == "id":
        return _Spot(item, item)
    arguments = _Arguments(listing.arguments)
    row = await lent.fetchrow(
        f"SELECT {listing.order.column} {listing.rows} AND id = {arguments.bind(item)}", *arguments
    )
    if row is None:
        raise UnknownCursorError(f"the listing has no item {item}")
    return _Spot(item, row[0])


async def _rows(
    lent: Connection, listing: Listing, spot: _Spot | None, limit: int, *, backwards: bool
) -> list[asyncpg.Record]:
    """Give the rows past a spot, in the way of reading; from the listing's end without one."""
    arguments = _Arguments(listing.arguments)
    falls = listing.order.descending != backwards
    if listing.order.column == "id" or listing.order.descending:
        query = _one_way(listing, spot, limit, arguments, falls=falls)
    else:
        query = _two_ways(listing, spot, limit, arguments, falls=falls)
    return await lent.fetch(query, *arguments)


def _one_way(
    listing: Listing, spot: _Spot | None, limit: int, arguments: _Arguments, *, falls: bool
) -> str:
    """Write the query for an order in which places and ids both rise, or both fall."""
    column = listing.order.column
    sign, way = ("<", "DESC") if falls else (">", "ASC")
    past = ""
    if spot is not None and column == "id":
        past = f"AND id {sign} {arguments.bind(spot.id)}"
    elif spot is not None:
        here, item = arguments.bind(spot.place), arguments.bind(spot.id)
        past = f"AND ({column}, id) {sign} ({here}, {item})"
    in_order = "id" if column == "id" else f"{column} {way}, id"
    return (
        f"SELECT {listing.columns}, {column} AS place {listing.rows} {past} "
        f"ORDER BY {in_order} {way} LIMIT {arguments.bind(limit)}"
    )


_LOWEST_FIRST = "(SELECT lowest FROM reached)", "(SELECT highest FROM reached)"
_HIGHEST_FIRST = _LOWEST_FIRST[1], _LOWEST_FIRST[0]


def _two_ways(
    listing: Listing, spot: _Spot | None, limit: int, arguments: _Arguments, *, falls: bool
) -> str:
    """Write the query for an order in which places rise and ids fall, or the other way round.

    No index stands so. What is needed is the rest of the rows at the spot's own place, all rows
    at the places after it but the last that is reached, and the first of those there.
    """
    column, rows, most = listing.order.column, listing.rows, arguments.bind(limit)
    sign, back, way, id_way = ("<", ">", "DESC", "ASC") if falls else (">", "<", "ASC", "DESC")
    nearest, last = _HIGHEST_FIRST if falls else _LOWEST_FIRST
    selected = f"SELECT {listing.columns}, {column} AS place {rows}"
    by_id = f"ORDER BY {column} {id_way}, id {id_way} LIMIT {most}"
    beyond, parts = "", []
    if spot is not None:
        here, item = arguments.bind(spot.place), arguments.bind(spot.id)
        beyond = f"AND {column} {sign} {here}"
        parts = [f"({selected} AND {_at(column, here)} AND id {back} {item} {by_id})"]
    parts += [
        f"({selected} AND {column} {sign}= {nearest} AND {column} {back} {last})",
        f"({selected} AND {_at(column, last)} {by_id})",
    ]
    return (  # the names are the code's own (rule 4)
        f"WITH reached AS (SELECT min(place) AS lowest, max(place) AS highest "  # noqa: S608
        f"FROM (SELECT {column} AS place {rows} {beyond} "
        f"ORDER BY {column} {way}, id {way} LIMIT {most}) AS next) "
        f"SELECT * FROM ({' UNION ALL '.join(parts)}) AS found "
        f"ORDER BY place {way}, id {id_way} LIMIT {most}"
    )


def _at(column: str, place: str) -> str:
    """Write that a column has a value, as a range: with `=` the planner may walk another index."""
    return f"{column} BETWEEN {place} AND {place}"
