"""Positions: written with what the records say, and only from where they were."""

import asyncio

import pytest

from adapters.postgres.batch import OutboxRun
from adapters.postgres.errors import (
    ForeignPositionsError,
    OutboxGapError,
    PositionsMovedError,
    RecordsRefusedError,
)
from adapters.postgres.pool import Pool
from adapters.postgres.projection import Projection, outbox_partitions
from schemas.topics import Topics
from tests.postgres.outbox import Outbox, Seats
from tests.postgres.stored import fold, stored
from tests.postgres.story import a_long_story


@pytest.mark.parametrize("skipped", [1, -1])
async def test_a_missing_or_repeated_record_is_an_error_and_writes_nothing(
    projection: Projection, pool: Pool, outbox: Outbox, skipped: int
) -> None:
    seats = Seats()
    outbox.apply(seats.created)
    await projection.apply([outbox.news()])
    outbox.answer(seats.change("A-1"))
    outbox.answer(seats.change("A-2"))
    start = 2 + skipped
    with pytest.raises(OutboxGapError, match=f"read {start}, expected 2"):
        await projection.apply([outbox.run(start, outbox.end)])
    assert (await stored(pool)).objects == {}


@pytest.mark.parametrize("second", [0, 1, 2])
@pytest.mark.parametrize("in_turn", [True, False])
async def test_a_second_answer_to_a_command_is_refused_with_all_that_came_beside_it(
    projection: Projection,
    pool: Pool,
    outbox: Outbox,
    two_partitions: Topics,
    second: int,
    *,
    in_turn: bool,
) -> None:
    seats = Seats()
    outbox.apply(seats.created)
    for label in ("A-1", "A-2", "A-3"):
        outbox.answer(seats.change(label))
    if in_turn:
        await projection.apply([outbox.news()])
    before = await stored(pool)
    outbox._commands = second
    outbox.answer(seats.change("A-4"))
    with pytest.raises(RecordsRefusedError, match=r"to 5: a command has a second answer"):
        await projection.apply([outbox.news()])
    assert await stored(pool) == before
    positions = await projection.positions(outbox_partitions(two_partitions))
    assert positions[outbox.partition].next_offset == (5 if in_turn else 0)


async def test_of_two_projections_the_second_is_turned_away_and_writes_nothing(
    projection: Projection, pool: Pool, outbox: Outbox, two_partitions: Topics
) -> None:
    other = Projection(pool, two_partitions)
    await other.positions(outbox_partitions(two_partitions))
    seats = Seats()
    outbox.apply(seats.created)
    news = outbox.news()
    await projection.apply([news])
    with pytest.raises(PositionsMovedError):
        await other.apply([OutboxRun(news.partition, news.records[:1])])
    # After it has read the positions it may take over.
    await other.positions(outbox_partitions(two_partitions))
    outbox.answer(seats.change("A-1"))
    await other.apply([outbox.news()])
    assert len((await stored(pool)).status_changes) == 1


async def test_two_projections_that_write_in_turn_write_everything_once(
    pool: Pool, two_partitions: Topics
) -> None:
    boxes = a_long_story(two_partitions, seed=1)
    expected = fold(box.run(0, box.end) for box in boxes)
    turned_away = 0

    async def project(step: int) -> None:
        nonlocal turned_away
        mine = Projection(pool, two_partitions)
        while True:
            positions = await mine.positions(outbox_partitions(two_partitions))
            runs = []
            for box in boxes:
                start = positions[box.partition].next_offset
                if start < box.end:
                    runs.append(box.run(start, min(box.end, start + step)))
            if not runs:
                return
            try:
                await mine.apply(runs)
            except PositionsMovedError:
                turned_away += 1

    await asyncio.gather(project(3), project(4))
    assert turned_away > 0
    assert await stored(pool) == expected


async def test_a_database_filled_from_other_topics_is_refused(
    projection: Projection, pool: Pool, two_partitions: Topics
) -> None:
    del projection  # has written its positions
    renamed = two_partitions.with_prefix("other.")
    with pytest.raises(ForeignPositionsError, match=r"events.outbox/0.*a database of its own"):
        await Projection(pool, renamed).positions(outbox_partitions(renamed))


async def test_a_partition_that_was_added_begins_at_its_start(
    projection: Projection, pool: Pool, outbox: Outbox, two_partitions: Topics
) -> None:
    await projection.apply([outbox.news()])
    grown = two_partitions.with_partitions(events=3)
    positions = await Projection(pool, grown).positions(outbox_partitions(grown))
    assert sorted(positions.values()) == [(0, -1), (0, -1), (0, -1), (1, 0)]
