"""Seats sold twice, and areas whose counts do not add up, are named."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from schemas.facts import BOOKED, FREE, HELD, AreaCounts, ExtraDataChanged
from seatlog.verify.report import Check
from tests.verify.story import INVENTORY, Story, among, only
from tests.workers.house import OUTBOX


def test_a_seat_sold_twice_is_named(story: Story) -> None:
    first = story.find("A-1", BOOKED)
    story.copy(first, first + 1)
    assert "A-1 of event 256 is sold twice" in among(story, Check.SEATS)
    assert story.check().counts.sold_twice == 2


def test_a_seat_sold_again_after_its_release_is_no_fault(story: Story) -> None:
    # The story sells A-3, releases it, and nobody minds.
    assert story.find("A-3", BOOKED) < story.find("A-3", FREE)
    assert story.check().is_clean


def test_a_held_seat_changed_by_another_token_is_named(story: Story) -> None:
    by_its_token = story.find("B-2", BOOKED)
    story.edit_fact(by_its_token, hold_token="two")
    assert "is held by one and was changed by two" in among(story, Check.SEATS)


def test_a_wrong_previous_status_is_named(story: Story) -> None:
    story.edit_fact(story.find("B-2", BOOKED), previous_status=FREE)
    assert "was reservedByToken, and the change says free" in only(story, Check.SEATS)


def test_an_object_that_the_chart_does_not_have_is_named(story: Story) -> None:
    story.edit_fact(story.answers()[0], label="Z-99")
    assert "has no object Z-99" in among(story, Check.SEATS)


def test_extra_data_of_an_object_that_the_chart_does_not_have_is_named(story: Story) -> None:
    [offset] = story.with_fact(OUTBOX, ExtraDataChanged, label="A-2")
    story.edit_fact(offset, label="Z-99")
    assert "has no object Z-99" in among(story, Check.SEATS)


def test_an_overfull_area_is_named(story: Story) -> None:
    fifth = story.find("GA1", BOOKED)
    story.edit_fact(fifth, area=AreaCounts(taken={BOOKED: 100_000}))
    found = [str(fault) for fault in story.check().faults if fault.check is Check.AREAS]
    assert any("100000 places are taken or held, and it has" in fault for fault in found)


@pytest.mark.parametrize(
    ("area", "says"),
    [
        (AreaCounts(taken={BOOKED: 4}), "5 places become booked, and 4 have"),
        (AreaCounts(taken={BOOKED: 5, "painted": 1}), "+1 places are painted"),
        (AreaCounts(taken={BOOKED: 5}, held=1), "held by another token"),
        (AreaCounts(taken={BOOKED: 5}, held=1, own={"child": 1}), "held by no token"),
        (AreaCounts(taken={BOOKED: 5}, held=-1), "0 or less"),
        (AreaCounts(taken={BOOKED: 5, "painted": -1}), "0 or less"),
    ],
)
def test_counts_of_an_area_that_do_not_add_up_are_named(
    story: Story, area: AreaCounts, says: str
) -> None:
    story.edit_fact(story.find("GA1", BOOKED), area=area)
    found = [str(fault) for fault in story.check().faults if fault.check is Check.AREAS]
    assert any(says in fault for fault in found), found


def test_places_that_an_expiry_leaves_held_are_named(story: Story) -> None:
    def leave(data: Any) -> Any:  # noqa: ANN401
        own = {"NO_TICKET_TYPE": 1}
        area = msgspec.structs.replace(data.facts[0].area, held=1, own=own)
        first = msgspec.structs.replace(data.facts[0], area=area)
        return msgspec.structs.replace(data, facts=[first, *data.facts[1:]])

    story.edit(story.expiry(), leave)
    found = [str(fault) for fault in story.check().faults]
    assert any("token area has expired and holds places still" in fault for fault in found)
    assert any("says that the token area has expired, and it holds GA1" in f for f in found)


def test_places_that_were_not_what_they_are_said_to_have_been_are_named(story: Story) -> None:
    story.edit_fact(story.find("GA1", BOOKED), previous_status="painted")
    assert "no place was painted before, as it says" in only(story, Check.AREAS)


def test_places_held_under_another_ticket_type_are_named(story: Story) -> None:
    offset = story.find("GA1", HELD)
    taken = story.data(offset).facts[0].area.taken
    story.edit_fact(offset, area=AreaCounts(taken=taken, held=5, own={"adult": 5}))
    assert "not under their ticket type" in among(story, Check.AREAS)


def test_places_that_a_token_held_and_that_are_told_as_another_tokens_are_named(
    story: Story,
) -> None:
    offset = story.find("GA1", HELD) + 1
    area = story.data(offset).facts[0].area
    assert area == AreaCounts(taken={BOOKED: 5}, held=8, own={"NO_TICKET_TYPE": 5, "child": 3})
    for held, own in [(8, {"child": 3}), (9, area.own), (3, {"child": 3}), (5, {})]:
        story.edit_fact(offset, area=msgspec.structs.replace(area, held=held, own=own))
        found = [str(fault) for fault in story.check().faults if fault.check is Check.AREAS]
        assert any(f"at {offset}" in fault for fault in found), (held, own, found)


@pytest.mark.parametrize(
    ("label", "changes", "check", "says"),
    [
        ("A-1", {"status": HELD}, Check.SEATS, "A-1 of event 256 is held without a token"),
        ("A-1", {"quantity": 2}, Check.SEATS, "is one seat, and 2 changed"),
        ("A-1", {"area": AreaCounts()}, Check.AREAS, "is told as an area, or should be"),
        ("GA1", {"area": None}, Check.AREAS, "is told as an area, or should be"),
        ("A-1", {"event": 257}, Check.DIRECTORY, "event 257, which was never created"),
        ("C-1", {"event": 512}, Check.DIRECTORY, "is about event 512, which was deleted"),
    ],
)
def test_a_change_that_cannot_be_is_named(
    story: Story, label: str, changes: dict[str, Any], check: Check, says: str
) -> None:
    story.edit_fact(story.find(label, BOOKED), **changes)
    found = [str(fault) for fault in story.check().faults if fault.check is check]
    assert any(says in fault for fault in found), found


def test_an_expiry_of_a_seat_that_is_not_held_is_named(story: Story) -> None:
    story.edit_fact(story.expiry(), label="A-1", area=None)
    found = [str(fault) for fault in story.check().faults if fault.check is Check.HOLDS]
    assert any("A-1 of event 256 was booked, and expired" in fault for fault in found), found


@pytest.mark.parametrize(
    ("record", "says"),
    [
        ({"key": None}, "has no key or no value"),
        ({"value": b"x"}, "not a compressed inventory"),
        ({"key": b"x"}, "is called b'x', and its content"),
    ],
)
def test_an_inventory_that_cannot_be_is_named(
    story: Story, record: dict[str, Any], says: str
) -> None:
    story.records[INVENTORY][0] = replace(story.records[INVENTORY][0], **record)
    assert says in among(story, Check.LOG)
