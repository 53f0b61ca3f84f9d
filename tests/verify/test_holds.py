"""Holds that time was not kept for are named."""

import msgspec

from schemas.facts import BOOKED, HELD
from seatlog.verify.history import overdue_grace_ms
from seatlog.verify.report import Check
from tests.verify.story import HOLD_MS, Story, Teller, among, only
from tests.workers.house import COMMANDS, book


def test_an_early_expiry_is_named(story: Story) -> None:
    offset = story.expiry()
    story.edit(offset, lambda data: msgspec.structs.replace(data, at=data.at - 1))
    assert "1 ms before its deadline" in only(story, Check.HOLDS)


def test_a_token_used_at_its_deadline_is_named(story: Story) -> None:
    offset = story.find("B-2", BOOKED)
    story.edit_fact(offset, hold_expires_at=story.data(offset).at)
    assert "uses the token one, ended at" in only(story, Check.HOLDS)


def test_a_hold_that_is_not_freed_before_the_next_command_is_named(story: Story) -> None:
    story.drop(story.expiry())
    assert "ms after its deadline" in among(story, Check.HOLDS)


async def test_a_hold_long_past_its_deadline_at_the_end_is_named() -> None:
    teller = Teller()
    await teller.open()
    await teller.ask(book(teller.event, "A-1", status=HELD, hold=teller.token("one")))
    await teller.end()
    teller.house.clock.now += HOLD_MS + overdue_grace_ms - 1
    teller.house.send(COMMANDS, book(teller.event, "A-2"))
    assert (await teller.end()).check(allow_pending=True).is_clean
    teller.house.clock.now += 1
    teller.house.send(COMMANDS, book(teller.event, "A-2"))
    faults = (await teller.end()).check(allow_pending=True).faults
    late = "A-1 is held by one still, 10000 ms after its deadline"
    assert [(fault.check, fault.what) for fault in faults] == [(Check.HOLDS, late)]


def test_a_token_used_without_its_deadline_is_named(story: Story) -> None:
    story.edit_fact(story.find("B-2", BOOKED), hold_expires_at=None)
    assert "uses the token one and does not say when it ends" in only(story, Check.HOLDS)


def test_an_expiry_of_a_token_that_holds_nothing_is_named(story: Story) -> None:
    story.edit_fact(story.expiry(), hold_token="nobody")
    assert "expires the token nobody, which holds nothing" in among(story, Check.HOLDS)


async def test_a_token_used_until_another_deadline_than_was_set_is_named() -> None:
    teller = Teller()
    await teller.open()
    token = teller.token("one")
    await teller.move(token, 2 * HOLD_MS)
    await teller.ask(book(teller.event, "A-1", status=HELD, hold=token))
    story = await teller.end()
    assert story.check().is_clean
    story.edit_fact(story.find("A-1", HELD), hold_expires_at=token.expires_at)
    assert f"until {token.expires_at}, set to {token.expires_at + HOLD_MS}" in only(
        story, Check.HOLDS
    )


async def test_a_token_that_was_ended_by_hand_is_no_fault() -> None:
    teller = Teller()
    await teller.open()
    token = teller.token("one")
    await teller.ask(book(teller.event, "A-1", status=HELD, hold=token))
    await teller.move(token, 0)
    await teller.expired(1)
    assert (await teller.end()).check().is_clean
