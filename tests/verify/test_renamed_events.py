"""An event that was renamed: commands and clients may name it by either key."""

from copy import copy
from dataclasses import replace

import pytest

from schemas.commands import (
    Change,
    ChangeObjectStatus,
    Hold,
    ObjectChange,
    Origin,
    UpdateEvent,
)
from schemas.facts import BOOKED, HELD
from schemas.rejections import Rejected, Rejection
from seatlog.verify.client_log import Outcome, Request
from seatlog.verify.clients import Clients
from seatlog.verify.report import Check
from tests.verify.story import Story, Teller, change, only
from tests.workers.house import COMMANDS, WORKSPACE, book


@pytest.fixture(scope="module")
async def told() -> Story:
    """Book A-1, rename the event, book A-2 under its old key and A-3 under the new one."""
    teller = Teller()
    await teller.open()
    event = teller.event
    await teller.ask(change(event, ObjectChange(label="A-1"), event_key="drop"))
    await teller.decide(UpdateEvent(workspace=WORKSPACE, key="drop", new_key="late"))
    await teller.ask(
        change(event, ObjectChange(label="A-2"), event_key="drop"),
        change(event, ObjectChange(label="A-3"), event_key="late"),
    )
    return await teller.end()


@pytest.fixture
def story(told: Story) -> Story:
    """Give a history to falsify."""
    return Story({partition: copy(records) for partition, records in told.records.items()})


def request(event: str, label: str, outcome: Outcome, at: int) -> Request:
    return Request(
        at_ms=at, done_ms=at + 1, event=event, status=BOOKED, labels=[label], outcome=outcome
    )


TRUE = [
    request("drop", "A-1", "ok", 0),
    request("drop", "A-2", "refused", 10),
    request("late", "A-3", "ok", 20),
]


def test_a_command_that_named_the_old_key_is_rightly_refused(story: Story) -> None:
    refused = story.data(story.answers()[1]).answer
    assert isinstance(refused, Rejected)
    assert refused.code == Rejection.EVENT_NOT_FOUND.code
    assert story.check().faults == []


def test_a_command_that_was_done_under_another_key_is_named(story: Story) -> None:
    last = story.records[COMMANDS][2]
    value = (last.value or b"").replace(b'"event_key":"late"', b'"event_key":"drop"')
    story.records[COMMANDS][2] = replace(last, value=value)
    assert "meant event drop" in only(story, Check.ANSWERS)


def test_clients_may_have_named_either_key(story: Story) -> None:
    assert story.check(clients=Clients(TRUE)).faults == []


def test_one_sale_is_not_told_twice_under_two_keys(story: Story) -> None:
    twice = [*TRUE, request("late", "A-1", "ok", 30)]
    assert story.found(clients=Clients(twice)) == {Check.CLIENTS}


def test_a_sale_under_the_old_key_needs_its_client_too(story: Story) -> None:
    assert story.found(clients=Clients(TRUE[1:])) == {Check.CLIENTS}


async def test_each_change_of_a_command_goes_by_its_own_token() -> None:
    teller = Teller()
    await teller.open()
    one, two = teller.token("one"), teller.token("two")

    def by(hold: Hold, label: str) -> Change:
        objects = [ObjectChange(label=label)]
        return Change(event=teller.event, status=HELD, objects=objects, hold=hold)

    both = ChangeObjectStatus(
        workspace=WORKSPACE, changes=[by(one, "B-2"), by(two, "B-1")], origin=Origin()
    )
    await teller.ask(book(teller.event, "B-1", status=HELD, hold=one), both)
    story = await teller.end()
    refused = story.data(story.answers()[1]).answer
    assert isinstance(refused, Rejected)
    assert refused.code == Rejection.HELD_BY_ANOTHER_TOKEN.code
    assert story.check().faults == []
