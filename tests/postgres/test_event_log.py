import asyncio
from typing import Any

import pytest

from adapters.postgres.charts import Charts, Version
from adapters.postgres.errors import ChartKeyTakenError
from adapters.postgres.event_log import EventLog, FactEntry, note_chart, note_facts
from adapters.postgres.pages import Cursor
from adapters.postgres.pool import Pool, connection
from adapters.postgres.projection import Projection, outbox_partitions
from schemas.selling import Channel, EventCategory, ForSale, Selling, TableBooking
from schemas.topics import Topics
from tests.eventually import eventually
from tests.postgres.outbox import NOON, WORKSPACE, Outbox, Seats, renamed
from tests.postgres.story import deleted, updated

YEAR_MS = 365 * 24 * 60 * 60 * 1000
WAITING = "SELECT count(*) FROM pg_locks WHERE relation = 'event_log'::regclass AND NOT granted"
VERSION = Version("A chart", "hash", "abc", {}, {})


async def told(pool: Pool, workspace: str = WORKSPACE) -> list[tuple[str, str]]:
    page = await EventLog(pool).page(workspace, Cursor())
    return [(entry.type, entry.key) for entry in page.items]


def entry(source: int, at: int = NOON, type_: Any = "event.channels.updated") -> FactEntry:  # noqa: ANN401
    return FactEntry(WORKSPACE, type_, "drop", at, source)


async def test_a_chart_is_told_of_when_it_is_created_and_when_it_is_published(pool: Pool) -> None:
    charts = Charts(pool)
    created = await charts.create(WORKSPACE, "k", VERSION, b"")
    assert await told(pool) == [("chart.created", "k")]
    await charts.put_version(created, "draft", VERSION, b"")
    assert await told(pool) == [("chart.created", "k")]
    drafted = await charts.retrieve(WORKSPACE, "k")
    assert drafted is not None
    await charts.publish_draft(drafted)
    published = await charts.retrieve(WORKSPACE, "k")
    assert published is not None
    await charts.put_version(published, "published", VERSION, b"")
    assert await told(pool) == [("chart.created", "k"), *[("chart.published", "k")] * 2]
    assert await told(pool, "other") == []


async def test_a_chart_that_is_taken_back_is_not_told_of_any_more(pool: Pool) -> None:
    charts = Charts(pool)
    kept, removed = [await charts.create(WORKSPACE, key, VERSION, b"") for key in ("k", "l")]
    await charts.put_version(kept, "draft", VERSION, b"")
    for chart in (kept, removed):
        await charts.remove(chart)
    assert await told(pool) == [("chart.created", "k")]
    assert await charts.retrieve(WORKSPACE, "k") is not None
    assert await charts.retrieve(WORKSPACE, "l") is None


async def test_what_is_not_done_is_not_told(pool: Pool) -> None:
    charts = Charts(pool)
    await charts.create(WORKSPACE, "k", VERSION, b"")
    with pytest.raises(ChartKeyTakenError):
        await charts.create(WORKSPACE, "k", VERSION, b"")
    assert await told(pool) == [("chart.created", "k")]


async def test_a_fact_is_told_once_however_often_it_is_projected(pool: Pool) -> None:
    both = [entry(7), entry(7, type_="event.categories.updated")]
    for entries in (both, both, [*both, entry(8)]):
        async with connection(pool) as lent, lent.transaction():
            await note_facts(lent, entries)
    types = [type_ for type_, _ in await told(pool)]
    assert types == [
        "event.channels.updated",
        "event.categories.updated",
        "event.channels.updated",
    ]


HALL = Channel(id="1", key="hall", name="Hall", color="#fff")
STAGES = (
    Selling(channels=[HALL]),
    Selling(channels=[HALL]),
    Selling(channels=[HALL], for_sale=ForSale(for_sale=False)),
    Selling(categories=[EventCategory(key="1", label="One")], tables=TableBooking()),
    Selling(object_categories={"A-1": "1"}, tables=TableBooking()),
)
TOLD = [
    "event.channels.updated",
    "event.for.sale.config.updated",
    "event.for.sale.config.updated",
    "event.channels.updated",
    "event.categories.updated",
    "event.table.booking.config.updated",
    "event.categories.updated",
]


@pytest.mark.parametrize("records_at_once", [1, 2, 10])
async def test_what_changes_in_how_an_event_is_sold_is_told_by_name(
    projection: Projection, pool: Pool, outbox: Outbox, records_at_once: int
) -> None:
    outbox.apply(Seats().created)
    outbox.apply(updated(name="no change of how it is sold"))
    for selling in STAGES:
        outbox.apply(updated(selling=selling))
    for start in range(0, outbox.end, records_at_once):
        end = min(outbox.end, start + records_at_once)
        await projection.apply([outbox.run(start, end)])
    assert await told(pool) == [(type_, "drop") for type_ in TOLD]


async def test_how_an_event_is_created_is_no_change_and_its_end_takes_no_entry_away(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    outbox.apply(renamed(Seats().created, selling=STAGES[0]))
    outbox.apply(updated(selling=STAGES[1]))
    outbox.apply(updated(key="renamed", selling=STAGES[2]))
    outbox.apply(deleted(key="renamed"))
    await projection.apply([outbox.news()])
    assert await told(pool) == [("event.for.sale.config.updated", "renamed")]


async def test_a_rebuilt_read_model_tells_nothing_twice(
    projection: Projection, pool: Pool, outbox: Outbox, two_partitions: Topics
) -> None:
    outbox.apply(Seats().created, *(updated(selling=selling) for selling in STAGES))
    await projection.apply([outbox.news()])
    before = (await EventLog(pool).page(WORKSPACE, Cursor())).items
    await pool.execute("TRUNCATE positions, events")
    await projection.positions(outbox_partitions(two_partitions))
    await projection.apply([outbox.run(0, outbox.end)])
    assert (await EventLog(pool).page(WORKSPACE, Cursor())).items == before
    assert len(before) == len(TOLD)


async def test_an_entry_never_shows_behind_one_that_shows_already(pool: Pool) -> None:
    async with connection(pool) as first, connection(pool) as second:
        beginning = first.transaction()
        await beginning.start()
        await note_chart(first, WORKSPACE, "chart.created", "first")

        async def note_second() -> None:
            async with second.transaction():
                await note_chart(second, WORKSPACE, "chart.created", "second")

        noting = asyncio.create_task(note_second())

        async def it_waits() -> None:
            assert await pool.fetchval(WAITING) == 1

        await eventually(it_waits)
        assert await told(pool) == []
        await beginning.commit()
        await noting
    assert await told(pool) == [("chart.created", "first"), ("chart.created", "second")]


async def test_entries_are_listed_oldest_first_page_by_page(pool: Pool) -> None:
    async with connection(pool) as lent, lent.transaction():
        await note_facts(lent, [entry(source) for source in range(5)])
    log = EventLog(pool)
    ids = [item.id for item in (await log.page(WORKSPACE, Cursor())).items]
    assert ids == sorted(ids)
    first = await log.page(WORKSPACE, Cursor(limit=2))
    assert ([item.id for item in first.items], first[1:]) == (ids[:2], (ids[1], None))
    second = await log.page(WORKSPACE, Cursor(limit=2, start_after_id=ids[1]))
    assert ([item.id for item in second.items], second[1:]) == (ids[2:4], (ids[3], ids[2]))
    assert await log.page(WORKSPACE, Cursor(limit=2, end_before_id=ids[2])) == first


async def test_entries_are_forgotten_after_a_year(
    projection: Projection, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOON + YEAR_MS]
    monkeypatch.setattr("adapters.postgres.projection.time.time_ns", lambda: now[0] * 1_000_000)
    async with connection(pool) as lent, lent.transaction():
        await note_facts(lent, [entry(1), entry(2, NOON + 1, "event.categories.updated")])
    await projection.forget()
    assert len(await told(pool)) == 2
    now[0] += 1
    await projection.forget()
    assert await told(pool) == [("event.categories.updated", "drop")]
