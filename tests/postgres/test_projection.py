import random
from typing import Any

import pytest

from adapters.postgres.batch import Position
from adapters.postgres.pool import Pool
from adapters.postgres.projection import Projection, outbox_partitions
from adapters.postgres.reads import Reads
from adapters.postgres.results import results_kept_ms
from schemas.facts import (
    AreaCounts,
    ExtraDataChanged,
    HoldDeadlineSet,
    HoldExpired,
)
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS, GROUPS_OUTBOX, Topics
from tests.postgres.outbox import NOON, WORKSPACE, Outbox, Seats
from tests.postgres.stored import fold, rows, stored
from tests.postgres.story import a_long_story, deleted, updated

RESULTS = "SELECT topic, partition, command_offset, count, outbox_offset, at FROM results"
DAY_MS = 24 * 60 * 60 * 1000


async def test_a_booking_is_an_object_and_a_status_change_whose_id_is_its_place_in_the_log(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    seats = Seats()
    outbox.apply(seats.created)
    other = seats.change("A-2")
    said = {"order_id": "o1", "ticket_type": "adult", "resale_listing_id": "listing1"}
    booked = seats.change("A-1", extra_data={"b": 1.0, "a": 2}, **said)
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
        "resale_listing_id": "listing1",
        "area": None,
        "used_at": NOON,
        "used": 1,
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
    area = AreaCounts(taken={"booked": 3}, held=5, own={"NO_TICKET_TYPE": 2})
    outbox.apply(seats.created)
    outbox.answer(
        seats.change("A-1", "reservedByToken", hold_token="t"),
        seats.change("A-2", "booked", hold_token="t"),
        seats.change("GA", "reservedByToken", hold_token="t", quantity=2**40, area=area),
    )
    await projection.apply([outbox.news()])
    model = await stored(pool)
    objects = model.objects
    assert {label: row["hold_token"] for (_, label), row in objects.items()} == {
        "A-1": "t",
        "A-2": None,
        "GA": None,
    }
    assert objects[1, "GA"]["area"] == {"taken": {"booked": 3}, "held": 5}
    assert {hold: row["places"] for hold, row in model.area_holds.items()} == {
        (1, "GA", "t"): {"NO_TICKET_TYPE": 2}
    }


async def test_what_a_token_holds_of_an_area_is_replaced_and_goes_with_its_last_place(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    seats = Seats()
    outbox.apply(seats.created)

    async def held(held: int, token: str | None, own: dict[str, int]) -> dict[str, Any]:
        area = AreaCounts(held=held, own=own)
        outbox.answer(seats.change("GA", "reservedByToken", hold_token=token, area=area))
        await projection.apply([outbox.news()])
        holds = (await stored(pool)).area_holds
        return {token: row["places"] for (_, _, token), row in holds.items()}

    assert await held(2, "a", {"child": 2}) == {"a": {"child": 2}}
    assert await held(3, "b", {"child": 1}) == {"a": {"child": 2}, "b": {"child": 1}}
    assert await held(4, "a", {"child": 2, "adult": 1}) == {
        "a": {"child": 2, "adult": 1},
        "b": {"child": 1},
    }
    assert await held(1, "a", {}) == {"b": {"child": 1}}
    assert await held(1, None, {}) == {"b": {"child": 1}}


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
    held = AreaCounts(held=1, own={"child": 1})
    outbox.answer(first.change("GA", hold_token="t", area=held))
    await projection.apply([outbox.news()])
    outbox.apply(deleted())
    outbox.apply(second.created)
    await projection.apply([outbox.news()])
    model = await stored(pool)
    assert {event: row["key"] for event, row in model.events.items()} == {2: "drop"}
    assert (model.objects, model.area_holds, model.status_changes) == ({}, {}, {})


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
    events = two_partitions[EVENTS_COMMANDS].physical_name
    found = await rows(pool, RESULTS)
    assert {tuple(row) for row in found} == {
        (events, 0, 0, 2, 2, NOON),
        (two_partitions[GROUPS_COMMANDS].physical_name, 0, 0, 1, 1, NOON),
    }


async def test_a_run_of_results_ends_where_commands_or_answers_are_not_in_a_row(
    projection: Projection, pool: Pool, outbox: Outbox, two_partitions: Topics
) -> None:
    """A deferred command is answered after later ones."""
    outbox.answer()
    outbox.apply()
    outbox.at += 1
    outbox.answer()
    outbox._commands = 4
    outbox.answer()
    outbox.at += 1
    outbox.answer()
    await projection.apply([outbox.news()])
    outbox._commands = 2
    outbox.answer()
    outbox._commands = 6
    outbox.answer()
    await projection.apply([outbox.news()])
    found = {tuple(row)[2:] for row in await rows(pool, RESULTS)}
    assert found == {
        (0, 1, 1, NOON),
        (1, 1, 3, NOON + 1),
        (4, 2, 4, NOON + 2),
        (2, 1, 6, NOON + 2),
        (6, 1, 7, NOON + 2),
    }
    topic = two_partitions[EVENTS_COMMANDS].physical_name
    async with Reads(pool).snapshot({}) as snapshot:
        told = {place: await snapshot.result(topic, 0, place) for place in range(8)}
    assert {place: row.outbox_offset for place, row in told.items() if row} == {
        0: 1,
        1: 3,
        2: 6,
        4: 4,
        5: 5,
        6: 7,
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


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_key_that_was_used_anew_after_a_day_has_its_newer_answer_where_all_is_read_again(
    projection: Projection, pool: Pool, outbox: Outbox, *, at_once: bool
) -> None:
    outbox.answer(key="c1", fingerprint="first")
    outbox.answer(key="c2", fingerprint="first")
    if not at_once:
        await projection.apply([outbox.news()])
    outbox.at += results_kept_ms - 1
    outbox.answer(key="c1", fingerprint="too soon")
    outbox.at += 1
    outbox.answer(key="c2", fingerprint="second")
    await projection.apply([outbox.news()])
    found = await rows(pool, "SELECT command_id, fingerprint, outbox_offset FROM keyed_results")
    assert {tuple(row) for row in found} == {("c1", "first", 1), ("c2", "second", 4)}


async def test_status_changes_are_forgotten_after_a_year(
    projection: Projection, pool: Pool, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOON + 365 * DAY_MS]
    monkeypatch.setattr("adapters.postgres.projection.time.time_ns", lambda: now[0] * 1_000_000)
    seats = Seats()
    outbox.apply(seats.created)
    outbox.answer(seats.change("A-1"))
    outbox.at += 1
    outbox.answer(seats.change("A-2"))
    await projection.apply([outbox.news()])
    assert not await projection.forget()
    assert len((await stored(pool)).status_changes) == 2
    now[0] += 1
    assert not await projection.forget()
    model = await stored(pool)
    assert [row["label"] for row in model.status_changes.values()] == ["A-2"]
    assert len(model.objects) == 2


async def test_results_are_forgotten_after_a_day(
    projection: Projection, pool: Pool, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOON + DAY_MS]
    monkeypatch.setattr("adapters.postgres.projection.time.time_ns", lambda: now[0] * 1_000_000)
    monkeypatch.setattr("adapters.postgres.projection.deleted_at_once", 2)
    for number in range(5):
        outbox.answer(key=f"c{number}")
        await projection.apply([outbox.news()])
    outbox.at += 1
    outbox.answer(key="young")
    await projection.apply([outbox.news()])
    assert not await projection.forget()
    assert len(await rows(pool, "SELECT FROM results")) == 6
    now[0] += 1
    assert [await projection.forget() for _ in range(3)] == [True, True, False]
    assert len(await rows(pool, "SELECT FROM results")) == 1
    left = await rows(pool, "SELECT command_id FROM keyed_results")
    assert [row["command_id"] for row in left] == ["young"]


async def test_facts_about_holds_change_no_row(
    projection: Projection, pool: Pool, outbox: Outbox
) -> None:
    outbox.apply(HoldExpired(token="t"))
    await projection.apply([outbox.news()])
    assert await stored(pool) == fold([])
