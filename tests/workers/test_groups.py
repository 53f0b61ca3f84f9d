"""Groups over partitions with owners of their own: real loops, real machines, a log in memory."""

from collections.abc import Sequence

import pytest

from adapters.ports import NewRecord, TopicPartition
from engine.groups.voting import vote_within_ms
from engine.seats.parking import parked_for_ms
from schemas.commands import (
    CommandPosition,
    DeleteEvent,
    Idempotency,
)
from schemas.facts import (
    BOOKED,
    FREE,
    CommandParked,
    GroupCancelled,
    GroupConfirmed,
    GroupReserved,
    StatusChanged,
)
from schemas.outbox import Accepted, decode_groups_record
from schemas.rejections import Rejected, Rejection
from tests.workers.festival import DAYS, VOTES, Festival
from tests.workers.house import (
    COORDINATOR_OUTBOX,
    WORKSPACE,
    until,
    valid_records,
)
from workers.owner import votes_sent_again_every_ms


async def test_a_group_is_booked_on_all_days(festival: Festival) -> None:
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    assert await festival.decided() == [Accepted()]
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[BOOKED]] * 3)


async def test_a_refusal_names_what_is_in_the_way_on_each_day(festival: Festival) -> None:
    festival.ask("friday", festival.change("A-1", "friday"))
    festival.ask("sunday", festival.change("A-1", "sunday"))
    await until(lambda: festival.answers_at("friday"), lambda a: len(a) == 1)
    await until(lambda: festival.answers_at("sunday"), lambda a: len(a) == 1)
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    [refusal] = await festival.decided()
    assert refusal.code == Rejection.OBJECT_NOT_FREE.code
    in_the_way = [(obstacle.event, obstacle.label) for obstacle in refusal.obstacles]
    assert in_the_way == [(festival.events[day].event, "A-1") for day in ("friday", "sunday")]
    festival.ask("saturday", festival.change("A-1", "saturday"))
    assert await until(lambda: festival.answers_at("saturday"), bool) == [Accepted()]


async def test_who_meets_a_group_in_doubt_waits_and_is_served_when_it_fails(
    festival: Festival,
) -> None:
    await festival.stop("2")  # Sunday's owner is down: the group stays in doubt
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    assert festival.answers_at("friday") == []
    festival.clock.now += vote_within_ms + 2_000
    [refusal] = await festival.decided()
    assert refusal.code == Rejection.BUSY_IN_DOUBT.code
    assert await until(lambda: festival.answers_at("friday"), bool) == [Accepted()]
    assert festival.statuses("A-1") == [[BOOKED], [], []]
    festival.start("2")
    await festival.kinds("sunday", "GroupEnded")
    assert festival.statuses("A-1") == [[BOOKED], [], []]


async def test_who_waits_is_refused_when_the_group_is_done(festival: Festival) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    festival.start("2")
    assert await festival.decided() == [Accepted()]
    [refusal] = await until(lambda: festival.answers_at("friday"), bool)
    assert refusal.code == Rejection.OBJECT_NOT_FREE.code


async def test_who_wants_what_a_group_may_give_back_waits_for_it(festival: Festival) -> None:
    for day in ("friday", "sunday"):
        festival.ask(day, festival.change("A-1", day))
        festival.ask(day, festival.change("GA1", day, quantity=100))
    await until(lambda: festival.answers_at("sunday"), lambda a: len(a) == 2)
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", "friday", "sunday", status=FREE))
    festival.ask_coordinator(festival.change("GA1", "friday", "sunday", status=FREE, quantity=2))
    await until(
        lambda: [type(fact) for fact in festival.facts_at(0)],
        lambda kinds: kinds.count(GroupReserved) == 2,
    )
    festival.ask("friday", festival.change("A-1", "friday"))
    festival.ask("friday", festival.change("GA1", "friday", quantity=2))
    await until(
        lambda: [type(fact) for fact in festival.facts_at(0)],
        lambda kinds: kinds.count(CommandParked) == 2,
    )
    festival.start("2")
    answers = await until(lambda: festival.answers_at("friday"), lambda a: len(a) == 4)
    assert answers == [Accepted()] * 4


async def test_a_parked_command_is_not_kept_waiting_for_ever(festival: Festival) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    await festival.stop("coordinator")  # nobody decides
    festival.clock.now += parked_for_ms + 2_000
    [answer] = await until(lambda: festival.answers_at("friday"), bool)
    assert answer == Rejected(code=Rejection.BUSY_IN_DOUBT.code)
    record = next(r for r in festival.records_at(0) if r.data.answer is not None)
    assert record.data.command == CommandPosition(0, 0)


async def test_every_owner_and_the_coordinator_may_die_in_doubt(festival: Festival) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    await festival.kinds("saturday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    for name in ("coordinator", "0", "1"):
        await festival.stop(name)
        festival.start(name)
    festival.start("2")
    assert await festival.decided() == [Accepted()]
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[BOOKED]] * 3)
    await until(lambda: festival.answers_at("friday"), bool)


async def test_an_owner_that_has_answered_parked_commands_can_be_followed(
    festival: Festival,
) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    festival.start("2")
    await until(lambda: festival.answers_at("friday"), bool)
    await festival.stop("0")
    festival.start("0")  # its replay must come to the digests that were told
    festival.ask("friday", festival.change("A-2", "friday"))
    answers = await until(lambda: festival.answers_at("friday"), lambda some: len(some) == 2)
    assert answers[1] == Accepted()


async def test_two_groups_over_the_same_seats_have_one_winner(festival: Festival) -> None:
    festival.ask_coordinator(festival.change("A-1", "friday", "sunday"))
    festival.ask_coordinator(festival.change("A-1", "sunday", "friday", "saturday"))
    first, second = await festival.decided(2)
    assert first == Accepted()
    assert second.code == Rejection.OBJECT_NOT_FREE.code
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[BOOKED], [], [BOOKED]])


async def test_an_area_serves_others_while_a_group_is_in_doubt(festival: Festival) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("GA1", *DAYS, quantity=90))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("GA1", "friday", quantity=10))
    assert await until(lambda: festival.answers_at("friday"), bool) == [Accepted()]
    festival.ask("friday", festival.change("GA1", "friday", quantity=1))
    await festival.kinds("friday", "CommandParked")
    festival.ask("friday", festival.change("GA1", "friday", quantity=95))
    festival.start("2")
    assert await festival.decided() == [Accepted()]
    answers = await until(lambda: festival.answers_at("friday"), lambda a: len(a) == 3)
    codes = [getattr(answer, "code", "") for answer in answers]
    assert codes == ["", "NOT_ENOUGH_PLACES", "NOT_ENOUGH_PLACES"]
    counts = [f.area.taken for f in festival.facts_at(0) if isinstance(f, StatusChanged) and f.area]
    assert counts == [{BOOKED: 10}, {BOOKED: 100}]


async def test_a_deleted_event_leaves_its_group(festival: Festival) -> None:
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    key = festival.events["friday"].key
    festival.ask_coordinator(DeleteEvent(workspace=WORKSPACE, key=key))
    await festival.kinds("friday", "EventDeleted")
    festival.start("2")
    answers = await festival.decided(2)
    assert answers == [Accepted(), Accepted()]
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[], [BOOKED], [BOOKED]])
    await festival.kinds("friday", "GroupEnded")


async def test_a_repeated_group_gets_the_first_answer_when_there_is_one(
    festival: Festival,
) -> None:
    await festival.stop("2")
    keyed = festival.change("A-1", *DAYS, idempotency=Idempotency("id", "f"))
    festival.ask_coordinator(keyed)
    festival.ask_coordinator(keyed)
    [early] = await festival.decided(1)
    assert early.code == Rejection.IDEMPOTENCY_KEY_IN_USE.code
    festival.start("2")
    await festival.decided(2)
    festival.ask_coordinator(keyed)
    [_, done, again] = await festival.decided(3)
    assert done == Accepted()
    assert again.repeat
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[BOOKED]] * 3)


async def test_a_group_that_was_given_up_and_is_asked_for_again_may_have_lost_to_a_rival(
    festival: Festival,
) -> None:
    await festival.stop("2")
    keyed = festival.change("A-1", *DAYS, idempotency=Idempotency("id", "f"))
    festival.ask_coordinator(keyed)
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("A-1", "friday"))
    await festival.kinds("friday", "CommandParked")
    festival.clock.now += vote_within_ms + 2_000
    [given_up] = await festival.decided()
    assert given_up.code == Rejection.BUSY_IN_DOUBT.code
    assert await until(lambda: festival.answers_at("friday"), bool) == [Accepted()]
    festival.start("2")
    festival.ask_coordinator(keyed)
    [_, refusal] = await festival.decided(2)
    assert refusal.code == Rejection.OBJECT_NOT_FREE.code
    assert not refusal.repeat
    assert festival.statuses("A-1") == [[BOOKED], [], []]


async def test_votes_that_were_lost_are_sent_again_in_time(
    festival: Festival, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish, lost = festival.log.publish, list[TopicPartition]()

    async def lose_votes(partition: TopicPartition, records: Sequence[NewRecord]) -> None:
        if partition == VOTES:
            lost.append(partition)
        else:
            await publish(partition, records)

    monkeypatch.setattr(festival.log, "publish", lose_votes)
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    for day in DAYS:
        await festival.kinds(day, "GroupReserved")
    await until(lambda: lost, bool)
    monkeypatch.setattr(festival.log, "publish", publish)
    festival.clock.now += votes_sent_again_every_ms + 1
    assert votes_sent_again_every_ms < vote_within_ms
    assert await festival.decided() == [Accepted()]


async def test_past_the_limit_a_group_is_not_begun_and_nobody_hears_of_it(
    festival: Festival, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.groups.machine.groups_in_doubt_max", 1)
    await festival.stop("2")
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.kinds("friday", "GroupReserved")
    festival.ask_coordinator(festival.change("A-2", *DAYS))
    [refusal] = await festival.decided()
    assert refusal.code == Rejection.BUSY_IN_DOUBT.code
    festival.start("2")
    assert await festival.decided(2) == [refusal, Accepted()]
    assert festival.statuses("A-2") == [[]] * 3


async def test_doubled_late_and_unreadable_votes_change_nothing(festival: Festival) -> None:
    festival.ask_coordinator(festival.change("A-1", *DAYS))
    await festival.decided()
    votes = [NewRecord(record.value or b"") for record in festival.log.records(VOTES)]
    assert len(votes) >= 3
    festival.log.store(VOTES, [*votes, NewRecord(b"garbage"), *reversed(votes)])
    festival.ask_coordinator(festival.change("A-2", *DAYS))
    assert await festival.decided(2) == [Accepted(), Accepted()]
    records = valid_records(festival.log.records(COORDINATOR_OUTBOX), decode_groups_record)
    decisions = [
        fact
        for record in records
        for fact in record.data.facts
        if isinstance(fact, (GroupConfirmed, GroupCancelled))
    ]
    assert [type(decision) for decision in decisions] == [GroupConfirmed, GroupConfirmed]
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[BOOKED]] * 3)
