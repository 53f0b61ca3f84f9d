"""Listings of status changes against the plain way: sort a list and cut it."""

import random
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest

from adapters.postgres.errors import UnknownCursorError
from adapters.postgres.pages import Cursor, Page
from adapters.postgres.pool import Pool, connection
from adapters.postgres.projection import Projection
from adapters.postgres.reads import Reads, Snapshot, Sort
from adapters.postgres.rows import StatusChangeRow
from schemas.topics import Topics
from tests.postgres.outbox import NOON, Outbox, Seats

COUNT = 23
SORTS = [
    None,
    *(
        Sort(field, descending=way)
        for field in ("label", "status", "date")
        for way in (False, True)
    ),
]


@pytest.fixture
async def filled(projection: Projection, two_partitions: Topics) -> Outbox:
    draw = random.Random(7)
    outbox, seats, other = Outbox(two_partitions), Seats(1), Seats(2)
    outbox.take()
    outbox.apply(seats.created, other.created)
    for number in range(COUNT):
        outbox.at = NOON + number // 3
        label = f"{draw.choice('AB')}-{draw.randrange(4)}"
        outbox.answer(other.change(label), seats.change(label, draw.choice(["free", "booked"])))
    await projection.apply([outbox.news()])
    return outbox


def in_order(rows: list[StatusChangeRow], sort: Sort | None) -> list[StatusChangeRow]:
    newest_first = sorted(rows, key=lambda row: -row.id)
    if sort is None:
        return newest_first
    keys: dict[str, Callable[[StatusChangeRow], Any]] = {
        "label": lambda row: row.label,
        "status": lambda row: row.status,
        "date": lambda row: (row.at, row.id),
    }
    key = keys[sort.field]
    groups = sorted({key(row) for row in rows}, reverse=sort.descending)
    return [row for value in groups for row in newest_first if key(row) == value]


def cut(rows: list[StatusChangeRow], start: int, end: int) -> Page[StatusChangeRow]:
    start = max(0, start)
    items = rows[start:end]
    if not items:
        return Page([])
    return Page(
        items,
        items[-1].id if end < len(rows) else None,
        items[0].id if start > 0 else None,
    )


async def everything(snap: Snapshot) -> list[StatusChangeRow]:
    return (await snap.status_changes(1, Cursor())).items


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("sort", SORTS, ids=str)
@pytest.mark.parametrize(("label_filter", "few"), [("", 0), ("A-", 0), ("A-", 500), ("A-1", 500)])
async def test_every_page_is_what_a_sorted_list_gives(
    pool: Pool, sort: Sort | None, label_filter: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("adapters.postgres.reads.few_objects_max", few)
    async with Reads(pool).snapshot({}) as snap:
        rows = in_order(await everything(snap), sort)
        assert len(rows) == COUNT
        rows = [row for row in rows if label_filter in row.label]

        async def page(**cursor: int) -> Page[StatusChangeRow]:
            return await snap.status_changes(1, Cursor(**cursor), label_filter, sort)

        assert await page() == Page(rows)
        assert await page(limit=5) == cut(rows, 0, 5)
        for place, row in enumerate(rows):
            after = await page(limit=5, start_after_id=row.id)
            assert after == cut(rows, place + 1, place + 6)
            before = await page(limit=5, end_before_id=row.id)
            assert before == cut(rows, place - 5, place)


@pytest.mark.usefixtures("filled")
async def test_an_objects_status_changes_are_its_own_alone(pool: Pool) -> None:
    async with Reads(pool).snapshot({}) as snap:
        rows = [row for row in await everything(snap) if row.label == "A-1"]
        assert rows
        assert (await snap.status_changes(1, Cursor(), label="A-1")).items == rows
        assert (await snap.status_changes(1, Cursor(), label="A")).items == []


async def test_a_page_stays_in_place_while_changes_come(
    projection: Projection, pool: Pool, filled: Outbox
) -> None:
    reads = Reads(pool)
    async with reads.snapshot({}) as snap:
        first = await snap.status_changes(1, Cursor(limit=5))
        second = await snap.status_changes(1, Cursor(limit=5, start_after_id=first.items[-1].id))
    filled.answer(Seats(1).change("A-9"))
    await projection.apply([filled.news()])
    async with reads.snapshot({}) as snap:
        again = await snap.status_changes(1, Cursor(limit=5, start_after_id=first.items[-1].id))
        newest = await snap.status_changes(1, Cursor(limit=1))
    assert again == second
    assert newest.items[0].label == "A-9"


@pytest.mark.usefixtures("filled")
async def test_a_cursor_that_is_no_item_is_an_error_where_its_place_is_needed(pool: Pool) -> None:
    async with Reads(pool).snapshot({}) as snap:
        with pytest.raises(UnknownCursorError, match="no item 5"):
            await snap.status_changes(1, Cursor(start_after_id=5), sort=Sort("label"))
        of_another_event = (await snap.status_changes(2, Cursor())).items[0].id
        with pytest.raises(UnknownCursorError):
            await snap.status_changes(
                1, Cursor(end_before_id=of_another_event), sort=Sort("status")
            )
        assert (await snap.status_changes(1, Cursor(start_after_id=5))).items == []


MANY = """
    INSERT INTO status_changes (event, id, seq, at, quantity, label, status, origin_type)
    SELECT 1, n, n, n / 10, 1, CASE WHEN n % 10 = 0 THEN 'GA' ELSE 'A-' || n % 1999 END,
        CASE WHEN n % 3 = 0 THEN 'free' ELSE 'booked' END, 'API_CALL'
    FROM generate_series(1, 40000) AS numbers (n)
"""


@pytest.mark.parametrize(("label_filter", "most"), [("", 400), ("A-17", 3 * 2_000)])
async def test_a_page_reads_not_much_more_than_its_own_rows(
    pool: Pool, label_filter: str, most: int
) -> None:
    async with connection(pool) as lent:
        await lent.execute(MANY)
        await lent.execute(
            "INSERT INTO objects (event, label, status)"
            " SELECT DISTINCT event, label, 'free' FROM status_changes"
        )
        await lent.execute("VACUUM ANALYZE status_changes, objects")
    cursors = Cursor(50), Cursor(50, start_after_id=20_007), Cursor(50, end_before_id=20_007)
    for sort, cursor in product(SORTS, cursors):
        async with Reads(pool).snapshot({}) as snap:
            before = await _rows_read(snap)
            page = await snap.status_changes(1, cursor, label_filter, sort)
            assert page.items
            assert await _rows_read(snap) - before < most


async def _rows_read(snap: Snapshot) -> int:
    """Count what this connection has read of the status changes lately, by every way."""
    count = await snap._lent.fetchval(
        "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_xact_user_tables"
        " WHERE relname = 'status_changes'"
    )
    return int(count)
