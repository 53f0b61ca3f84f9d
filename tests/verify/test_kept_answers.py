"""Where answers stand that are looked up: what must be in the read model, and what need not."""

import time

import pytest

from adapters.memory_log import MemoryLog
from adapters.ports import Span, TopicPartition
from adapters.postgres.projection import Projection
from adapters.postgres.results import results_kept_ms
from schemas.commands import Idempotency, ObjectChange
from seatlog.verify.installation import results_margin_ms
from seatlog.verify.repeats import answers_kept_ms
from tests.verify.group_story import GroupTeller, tell_of_groups
from tests.verify.projected import check, projected, query
from tests.verify.story import HOLD_MS, Teller, change
from tests.workers.house import COORDINATOR_OUTBOX, NOON, book, one_partition

KEYED = Idempotency("c" * 32, "f" * 16)


async def test_of_answers_from_before_the_limit_the_rows_may_be_there_or_not(
    drop_log: MemoryLog, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = NOON + HOLD_MS
    now_ns = (limit + results_kept_ms - results_margin_ms) * 1_000_000
    monkeypatch.setattr(time, "time_ns", lambda: now_ns)
    async with projected(drop_log, database, one_partition()):
        assert (await check(drop_log, database)).is_clean
    await query(database, "UPDATE results SET at = $1 WHERE at < $1", limit)
    found = await check(drop_log, database)
    assert "is older than" in str(found.faults[0])
    await query(database, "UPDATE results SET at = $1 WHERE at = $2", NOON, limit)
    twice = "INSERT INTO results VALUES ('events.commands', 0, 1, 1, 3, $1)"
    await query(database, twice, NOON)
    [fault] = (await check(drop_log, database)).faults
    assert "result of events.commands/0 at 1: is told of a second time" in str(fault)
    await query(database, "DELETE FROM results WHERE at < $1", limit)
    await query(database, "DELETE FROM keyed_results")
    assert (await check(drop_log, database)).is_clean
    await query(database, "DELETE FROM results WHERE topic = 'events.commands'")
    assert "are not there" in str((await check(drop_log, database)).faults[0])


async def test_answers_that_a_clock_ahead_has_forgotten_are_not_missed(
    drop_log: MemoryLog, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def let_it_be(now: int) -> None:
        monkeypatch.setattr(time, "time_ns", lambda: now * 1_000_000)

    forgotten_at = NOON + results_kept_ms + 10 * HOLD_MS
    let_it_be(forgotten_at)
    async with projected(drop_log, database, one_partition()):
        assert (await check(drop_log, database)).is_clean
    projection = await Projection.connect(database, one_partition())
    try:
        assert not await projection.forget()
    finally:
        await projection.close()
    assert await query(database, "SELECT count(*) FROM results") == 0
    let_it_be(forgotten_at - 12 * 60 * 60 * 1000)
    assert (await check(drop_log, database)).is_clean
    let_it_be(NOON)
    assert not (await check(drop_log, database)).is_clean


@pytest.mark.usefixtures("at_noon")
async def test_a_key_that_was_used_anew_may_have_either_answer_or_none(database: str) -> None:
    teller = Teller()
    await teller.open()
    await teller.ask(book(teller.event, "B-1", idempotency=KEYED))
    teller.house.clock.now += answers_kept_ms + 1
    await teller.ask(book(teller.event, "B-1", idempotency=KEYED))
    story, log = await teller.end(), teller.house.log
    again = story.answers()[-1]
    at = story.data(again).at
    async with projected(log, database, one_partition()):
        assert (await check(log, database)).is_clean
    await query(database, "UPDATE keyed_results SET outbox_offset = $1, at = $2", again, at)
    assert (await check(log, database)).is_clean
    await query(database, "DELETE FROM keyed_results")
    assert (await check(log, database)).is_clean


@pytest.mark.usefixtures("at_noon")
async def test_answers_that_came_after_the_read_model_was_looked_at_are_not_missed(
    drop_log: MemoryLog, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outbox of groups is read on, past the place up to which it was projected."""
    async with projected(drop_log, database, one_partition()):
        assert (await check(drop_log, database)).is_clean
    shorter = """
        UPDATE results SET count = count - 1 WHERE topic = 'groups.commands'
            AND count > 1 AND outbox_offset = (
                SELECT max(outbox_offset) FROM results WHERE topic = 'groups.commands'
            )
        RETURNING outbox_offset + count
    """
    end = await query(database, shorter)
    back = "UPDATE positions SET next_offset = $1 WHERE topic = 'groups.outbox'"
    await query(database, back, end)
    measured, early = drop_log.span, [Span(0, end)]

    async def span(partition: TopicPartition) -> Span:
        is_early = partition == COORDINATOR_OUTBOX and early
        return early.pop() if is_early else await measured(partition)

    monkeypatch.setattr(drop_log, "span", span)
    assert (await check(drop_log, database)).faults == []
    assert early == []


@pytest.mark.usefixtures("at_noon")
async def test_what_was_deferred_is_answered_after_what_came_later(database: str) -> None:
    teller = GroupTeller()
    await tell_of_groups(teller)
    log, topics = teller.festival.log, teller.festival.topics
    async with projected(log, database, topics):
        assert (await check(log, database, topics)).faults == []
    late = """
        SELECT count(*) FROM results AS late JOIN results AS soon USING (topic, partition)
        WHERE late.command_offset < soon.command_offset AND late.outbox_offset > soon.outbox_offset
            AND topic = 'events.commands'
    """
    assert await query(database, late) > 0


@pytest.mark.usefixtures("at_noon")
async def test_extra_data_is_compared_as_postgres_can_store_it(database: str) -> None:
    teller = Teller()
    await teller.open()
    extra = {
        "z\x00": "\x00\ufffd\\u0000 \u2028é😀",
        "a": [1.0, 1e22, -0.0, 2**60, None, {"": True}],
    }
    booked = ObjectChange(label="A-1", extra_data=extra)
    await teller.ask(change(teller.event, booked, order_id="o\x00"))
    await teller.end()
    log = teller.house.log
    async with projected(log, database, one_partition()):
        assert (await check(log, database)).faults == []
    put = "UPDATE status_changes SET extra_data = replace(extra_data::text, '1.0', '1')::json"
    await query(database, put)
    [fault] = (await check(log, database)).faults
    assert "status changes of event 256" in str(fault)
