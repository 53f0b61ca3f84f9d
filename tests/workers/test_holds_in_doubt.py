"""Holds of tokens while groups have their objects in doubt: real loops, a log in memory."""

from msgspec import structs

from engine.groups.voting import vote_within_ms
from schemas.commands import (
    Hold,
)
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    CommandParked,
    HoldExpired,
)
from schemas.outbox import Accepted
from schemas.rejections import Rejection
from tests.workers.festival import DAYS, Festival
from tests.workers.house import (
    NOON,
    until,
)


async def test_a_hold_that_ends_in_doubt_is_booked_by_the_confirmed_group(
    festival: Festival,
) -> None:
    hold = Hold("t", NOON + 60_000)
    for day in DAYS:
        festival.ask(day, festival.change("A-1", day, status=HELD, hold=hold))
        festival.ask(day, festival.change("A-2", day, status=HELD, hold=hold))
    await until(lambda: festival.statuses("A-2"), lambda s: s == [[HELD]] * 3)
    await festival.stop("2")
    festival.clock.now = hold.expires_at - 500
    festival.ask_coordinator(festival.change("A-1", *DAYS, hold=hold))
    await festival.kinds("friday", "GroupReserved")
    festival.clock.now = hold.expires_at + 1_500
    await until(lambda: festival.statuses("A-2")[:2], lambda s: s == [[HELD, FREE]] * 2)
    assert festival.statuses("A-1")[0] == [HELD]
    await festival.stop("coordinator")
    festival.clock.now = hold.expires_at - 400
    festival.start("2")
    await festival.kinds("sunday", "GroupReserved")
    festival.start("coordinator")
    assert await festival.decided() == [Accepted()]
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[HELD, BOOKED]] * 3)


async def test_a_hold_that_was_over_when_its_group_was_done_refuses_no_other_group(
    festival: Festival,
) -> None:
    """Both decisions come in one batch: no command between them lets the owner see to the hold."""
    hold = Hold("t", NOON + 60_000)
    for day in DAYS:
        festival.ask(day, festival.change("A-2", day, status=HELD, hold=hold))
    await until(lambda: festival.statuses("A-2"), lambda s: s == [[HELD]] * 3)
    await festival.stop("2")
    festival.clock.now = hold.expires_at - 500
    festival.ask_coordinator(festival.change("A-1", *DAYS, status=HELD, hold=hold))
    await festival.kinds("friday", "GroupReserved")
    await festival.kinds("saturday", "GroupReserved")
    await festival.stop("coordinator")
    festival.clock.now = hold.expires_at + 1_500
    await until(lambda: festival.statuses("A-2")[0], lambda s: s == [HELD, FREE])
    await festival.stop("0")
    festival.clock.now = hold.expires_at - 400
    festival.start("2")
    festival.start("coordinator")
    assert await festival.decided() == [Accepted()]
    on_friday = festival.change("A-1", "friday")
    on_sunday = festival.change("A-3", "sunday")
    both = structs.replace(on_friday, changes=[*on_friday.changes, *on_sunday.changes])
    festival.ask_coordinator(both)
    await until(
        lambda: [f for f in festival.facts_at(2) if type(f).__name__ == "GroupReserved"],
        lambda reserved: len(reserved) == 2,
    )
    festival.start("0")
    assert await festival.decided(2) == [Accepted(), Accepted()]
    await until(lambda: festival.statuses("A-1")[0], lambda s: s == [HELD, FREE, BOOKED])


async def test_a_hold_that_ends_in_doubt_is_free_when_the_group_fails(festival: Festival) -> None:
    hold = Hold("t", NOON + 60_000)
    for day in DAYS:
        festival.ask(day, festival.change("A-1", day, status=HELD, hold=hold))
    await until(lambda: festival.statuses("A-1"), lambda s: s == [[HELD]] * 3)
    await festival.stop("2")
    festival.clock.now = hold.expires_at - 500
    festival.ask_coordinator(festival.change("A-1", *DAYS, hold=hold))
    await festival.kinds("friday", "GroupReserved")
    festival.clock.now = hold.expires_at + vote_within_ms + 2_000
    [refusal] = await festival.decided()
    assert refusal.code == Rejection.BUSY_IN_DOUBT.code
    await until(lambda: festival.statuses("A-1")[:2], lambda s: s == [[HELD, FREE]] * 2)
    facts = festival.facts_at(0)
    assert HoldExpired(token="t") in facts


async def test_whose_hold_a_group_has_in_doubt_waits_and_takes_no_free_place_instead(
    festival: Festival,
) -> None:
    """Else the next client is refused for a place that is free when the group has failed."""
    hold = Hold("t", NOON + 600_000)
    festival.ask("friday", festival.change("GA1", "friday", status=HELD, quantity=2, hold=hold))
    festival.ask("friday", festival.change("GA1", "friday", quantity=97))
    await until(lambda: festival.answers_at("friday"), lambda a: len(a) == 2)
    await festival.stop("2")
    one_held = festival.change("GA1", "friday", hold=hold).changes
    elsewhere = festival.change("A-1", "sunday").changes
    group = festival.change("GA1", "friday")
    festival.ask_coordinator(structs.replace(group, changes=[*one_held, *elsewhere]))
    await festival.kinds("friday", "GroupReserved")
    festival.ask("friday", festival.change("GA1", "friday", quantity=2, hold=hold))
    festival.ask("friday", festival.change("GA1", "friday"))
    await until(
        lambda: [f for f in festival.facts_at(0) if isinstance(f, CommandParked)],
        lambda parked: len(parked) == 2,
    )
    festival.clock.now += vote_within_ms + 2_000
    answers = await until(lambda: festival.answers_at("friday"), lambda a: len(a) == 4)
    assert answers == [Accepted()] * 4


async def test_an_owner_that_begins_anew_takes_part_though_it_does_not_know_the_time(
    festival: Festival,
) -> None:
    """Nothing on Sunday's log says what time it is: only decisions were applied there."""
    await festival.stop("2")
    hold = Hold("t", NOON + 600_000)
    festival.ask_coordinator(festival.change("A-1", *DAYS, status=HELD, hold=hold))
    await festival.kinds("friday", "GroupReserved")
    festival.start("2")
    assert await festival.decided() == [Accepted()]


async def test_a_hold_that_ends_too_far_ahead_begins_no_group(festival: Festival) -> None:
    hold = Hold("t", NOON + 3 * 60 * 60 * 1000)
    festival.ask_coordinator(festival.change("A-1", *DAYS, status=HELD, hold=hold))
    [refusal] = await festival.decided()
    assert refusal.code == Rejection.HOLD_DEADLINE_TOO_FAR.code
    assert festival.statuses("A-1") == [[], [], []]
