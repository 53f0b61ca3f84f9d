import asyncio
import random
from typing import Any

import pytest

from adapters.postgres.batch import OutboxRun, Position
from adapters.postgres.errors import (
    ForeignPositionsError,
    OutboxGapError,
    PositionsMovedError,
    RecordsRefusedError,
)
from adapters.postgres.pool import Pool
from adapters.postgres.projection import Projection, outbox_partitions
from schemas.facts import (
    AreaState,
    EventDeleted,
    EventUpdated,
    ExtraDataChanged,
    HoldDeadlineSet,
    HoldExpired,
)
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS, GROUPS_OUTBOX, Topics
from tests.postgres.outbox import NOON, WORKSPACE, Outbox, Seats
from tests.postgres.stored import fold, rows, stored

DAY_MS = 24 * 60 * 60 * 1000


def deleted(event: int = 1, key: str = "drop") -> EventDeleted:
    return EventDeleted(event=event, partition=0, workspace=WORKSPACE, key=key)


def updated(event: int = 1, key: str = "drop", **fields: Any) -> EventUpdated:  # noqa: ANN401
    return EventUpdated(
        event=event,
        partition=0,
        workspace=WORKSPACE,
        key=key,
        previous_key="drop",
        updated_at=NOON + 5,
        **fields,
    )


@pytest.fixture
def outbox(two_partitions: Topics) -> Outbox:
    made = Outbox(two_partitions)
    made.take()
    return made


async def test_a_booking_is_an_object_and_a_status_change_whose_id_is_its_place_in_the_log(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    seats = Seats()
    outbox.apply(seats.created)
    other = seats.change("A-2")
    booked = seats.change("A-1", order_id="o1", ticket_type="adult", extra_data={"b": 1.0, "a": 2})
    outbox.answer(other, booked)
    await projection.apply([outbox.news()])
    model = await stored(pool)
    assert model.events[1]["key"] == "drop"
    assert model.objects[1, "A-1"] == {
        "event": 1,
        "label": "A-1",
        "status": "booked",
        "hold_token": None,
        "order_id": "o1",
        "ticket_type": "adult",
        "extra_data": {"b": 1.0, "a": 2},
        "area": None,
    }
    assert [*model.objects[1, "A-1"]["extra_data"]] == ["b", "a"]
    second_fact_at_offset_2 = (2 << 22) | (1 << 10)
    assert model.status_changes[second_fact_at_offset_2] == {
        "event": 1,
        "id": second_fact_at_offset_2,
        "seq": 2,
        "at": NOON,
        "quantity": 1,
        "label": "A-1",
        "status": "booked",
        "origin_type": "API_CALL",
        "origin_ip": "192.0.2.7",
        "hold_token": None,
        "order_id": "o1",
        "extra_data": {"b": 1.0, "a": 2},
    }


async def test_a_held_seat_names_its_token_and_an_area_counts_them(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    seats = Seats()
    area = AreaState(taken={"booked": 3}, held={"t": {"NO_TICKET_TYPE": 2}})
    outbox.apply(seats.created)
    outbox.answer(
        seats.change("A-1", "reservedByToken", hold_token="t"),
        seats.change("A-2", "booked", hold_token="t"),
        seats.change("GA", "reservedByToken", hold_token="t", quantity=2**40, area=area),
    )
    await projection.apply([outbox.news()])
    objects = (await stored(pool)).objects
    assert {label: row["hold_token"] for (_, label), row in objects.items()} == {
        "A-1": "t",
        "A-2": None,
        "GA": None,
    }
    assert objects[1, "GA"]["area"] == {
        "taken": {"booked": 3},
        "held": {"t": {"NO_TICKET_TYPE": 2}},
    }


async def test_void_records_count_as_read_and_say_nothing(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    seats = Seats()
    outbox.apply(seats.created)
    zombie = outbox.term
    outbox.take()
    outbox.answer(Seats().change("A-1"), term=zombie)
    outbox.answer(Seats().change("A-2"), offset=outbox.end - 1, key="c")
    await projection.apply([outbox.news()])
    assert (await stored(pool)).status_changes == {}
    assert await rows(pool, "SELECT FROM results") == []
    assert await rows(pool, "SELECT FROM keyed_results") == []
    outbox.answer(seats.change("A-3"))
    await projection.apply([outbox.news()])
    assert {label for _, label in (await stored(pool)).objects} == {"A-3"}


async def test_the_term_in_force_is_known_again_after_a_restart(
    projection: Projection, pool: Pool, outbox: Outbox, two_partitions: Topics
) -> None:
    seats = Seats()
    outbox.apply(seats.created)
    outbox.take()
    await projection.apply([outbox.news()])
    outbox.answer(seats.change("A-1"))
    outbox.answer(Seats().change("A-2"), term=0)
    restarted = Projection(pool, two_partitions)
    positions = await restarted.positions(outbox_partitions(two_partitions))
    assert positions[outbox.partition] == Position(3, 2)
    await restarted.apply([outbox.news()])
    assert {label for _, label in (await stored(pool)).objects} == {"A-1"}


def a_long_story(topics: Topics, seed: int) -> list[Outbox]:
    """Two partitions with events that come, are changed in every way, and go."""
    draw = random.Random(seed)
    boxes = [Outbox(topics, partition) for partition in (0, 1)]
    living: list[tuple[Outbox, Seats]] = []
    for box in boxes:
        box.take()
    for number in range(150):
        box = draw.choice(boxes)
        mine = [seats for where, seats in living if where is box]
        if draw.random() < 0.05:
            box.take()
        elif not mine or draw.random() < 0.1:
            seats = Seats(number, f"key {number}", box.partition.partition)
            living.append((box, seats))
            box.apply(seats.created)
        else:
            seats = draw.choice(mine)
            tell(draw, box, seats)
            if draw.random() < 0.03:
                living.remove((box, seats))
                box.apply(deleted(seats.event))
    return boxes


def tell(draw: random.Random, box: Outbox, seats: Seats) -> None:
    label = f"A-{draw.randrange(4)}"
    extra_data = draw.choice([None, {"n": draw.random()}])
    match draw.randrange(4):
        case 0:
            fact = updated(
                seats.event, name=draw.choice([None, "n"]), date=draw.choice([None, "d"])
            )
            box.apply(fact, updated(seats.event, f"key {draw.random()}", is_in_the_past=True))
        case 1:
            facts = [ExtraDataChanged(event=seats.event, label=label, extra_data=extra_data)]
            box.answer(*facts)
        case 2:
            status = draw.choice(["free", "reservedByToken", "booked", "lolzor"])
            fields = {"hold_token": "t", "extra_data": extra_data, "order_id": "o"}
            facts_of_both = [seats.change(label, status, **fields), seats.change("A-0", "free")]
            box.answer(*facts_of_both, key=f"c{draw.randrange(20)}")
        case _:
            area = AreaState(taken={"booked": draw.randrange(9)})
            box.answer(seats.change("GA", area=area, ticket_type="child"))


@pytest.mark.parametrize("seed", range(4))
async def test_however_the_records_are_batched_the_read_model_is_their_fold(
    projection: Projection, pool: Pool, two_partitions: Topics, seed: int
) -> None:
    boxes = a_long_story(two_partitions, seed)
    draw = random.Random(seed)
    largest = [3, 8, 40, 1000][seed]
    read = [0, 0]
    while any(done < box.end for done, box in zip(read, boxes, strict=True)):
        ends = [
            min(box.end, done + draw.randrange(largest + 1))
            for done, box in zip(read, boxes, strict=True)
        ]
        runs = [box.run(*span) for box, *span in zip(boxes, read, ends, strict=True)]
        await projection.apply([run for run in runs if run.records])
        read = ends
    expected = fold(box.run(0, box.end) for box in boxes)
    assert len(expected.status_changes) > 20
    assert await stored(pool) == expected


async def test_what_an_event_had_goes_with_it_and_its_key_is_free_at_once(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    first, second = Seats(1), Seats(2)
    outbox.apply(first.created)
    outbox.answer(first.change("A-1"))
    outbox.answer(ExtraDataChanged(event=1, label="A-2", extra_data={}))
    await projection.apply([outbox.news()])
    outbox.apply(deleted())
    outbox.apply(second.created)
    await projection.apply([outbox.news()])
    model = await stored(pool)
    assert {event: row["key"] for event, row in model.events.items()} == {2: "drop"}
    assert (model.objects, model.status_changes) == ({}, {})


async def test_a_renamed_event_keeps_its_status_changes_and_what_was_not_said(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    seats = Seats()
    outbox.apply(seats.created)
    outbox.answer(seats.change("A-1"))
    await projection.apply([outbox.news()])
    outbox.apply(updated(key="other", name="Final"))
    outbox.apply(updated(key="other", is_in_the_past=True))
    await projection.apply([outbox.news()])
    model = await stored(pool)
    row = model.events[1]
    assert (row["key"], row["name"], row["is_in_the_past"]) == ("other", "Final", True)
    assert (row["chart_key"], row["updated_at"]) == ("stadium", NOON + 5)
    assert len(model.status_changes) == 1


async def test_results_say_where_the_answer_to_a_command_stands(
    projection: Projection, pool: Pool, outbox: Outbox, two_partitions: Topics
) -> None:
    groups = Outbox(two_partitions, name=GROUPS_OUTBOX)
    groups.take()
    groups.answer(Seats().created)
    outbox.apply()
    outbox.answer()
    outbox.answer()
    await projection.apply([outbox.news(), groups.news()])
    found = await rows(pool, "SELECT topic, partition, command_offset, outbox_offset FROM results")
    assert {tuple(row) for row in found} == {
        (two_partitions[EVENTS_COMMANDS].physical_name, 0, 0, 2),
        (two_partitions[EVENTS_COMMANDS].physical_name, 0, 1, 3),
        (two_partitions[GROUPS_COMMANDS].physical_name, 0, 0, 1),
    }


async def test_what_a_coordinator_decided_is_no_event_until_its_partition_has_applied_it(
    projection: Projection, pool: Pool, two_partitions: Topics
) -> None:
    groups = Outbox(two_partitions, name=GROUPS_OUTBOX)
    groups.take()
    deadline = HoldDeadlineSet(
        workspace=WORKSPACE, token="t", expires_at=1, previous_expires_at=2, remembered_until=3
    )
    groups.answer(Seats().created, deadline)
    await projection.apply([groups.news()])
    assert (await stored(pool)).events == {}


@pytest.mark.parametrize("at_once", [True, False])
async def test_the_first_answer_to_an_idempotency_key_is_kept(
    projection: Projection, pool: Pool, outbox: Outbox, *, at_once: bool
) -> None:
    outbox.answer(key="c1", fingerprint="first")
    if not at_once:
        await projection.apply([outbox.news()])
    outbox.answer(key="c1", fingerprint="second")
    outbox.answer(key="c2")
    await projection.apply([outbox.news()])
    found = await rows(
        pool, "SELECT workspace, command_id, fingerprint, outbox_offset FROM keyed_results"
    )
    assert {tuple(row) for row in found} == {
        (WORKSPACE, "c1", "first", 1),
        (WORKSPACE, "c2", "f", 3),
    }


async def test_results_are_forgotten_after_a_day(
    projection: Projection, pool: Pool, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOON + DAY_MS]
    monkeypatch.setattr("adapters.postgres.projection.time.time_ns", lambda: now[0] * 1_000_000)
    monkeypatch.setattr("adapters.postgres.projection.deleted_at_once", 2)
    for number in range(5):
        outbox.answer(key=f"c{number}")
    outbox.at += 1
    outbox.answer(key="young")
    await projection.apply([outbox.news()])
    assert await projection.forget_results() == 0
    now[0] += 1
    assert await projection.forget_results() == 10
    assert len(await rows(pool, "SELECT FROM results")) == 1
    left = await rows(pool, "SELECT command_id FROM keyed_results")
    assert [row["command_id"] for row in left] == ["young"]


async def test_facts_about_holds_change_no_row(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    outbox.apply(HoldExpired(token="t"))
    await projection.apply([outbox.news()])
    assert await stored(pool) == fold([])


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


async def test_a_second_answer_to_a_command_is_refused_with_all_that_came_beside_it(
    projection: Projection, pool: Pool, outbox: Outbox, two_partitions: Topics
) -> None:
    seats = Seats()
    outbox.apply(seats.created)
    outbox.answer(seats.change("A-1"))
    await projection.apply([outbox.news()])
    before = await stored(pool)
    outbox._commands = 0
    outbox.answer(seats.change("A-2"))
    with pytest.raises(RecordsRefusedError, match=r"events.outbox/0 3 to 3: .*results_pkey"):
        await projection.apply([outbox.news()])
    assert await stored(pool) == before
    positions = await projection.positions(outbox_partitions(two_partitions))
    assert positions[outbox.partition].next_offset == 3


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


async def test_two_projections_that_write_at_once_write_everything_once(
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
