"""What an owner makes of a group that is not what it was asked for, or decided, is named."""

import msgspec

from schemas.facts import (
    BOOKED,
    FREE,
    AreaCounts,
    GroupEnded,
    GroupQueued,
    GroupRefused,
    GroupReserved,
    HoldExpired,
    StatusChanged,
)
from schemas.rejections import Rejected
from seatlog.verify.report import Check
from tests.verify.group_story import (
    FRIDAY,
    all_of,
    group,
    replace_facts,
    said,
)
from tests.verify.story import Story, only

REFUSED = Rejected(code="OBJECT_NOT_FREE")


def test_a_part_that_is_reserved_twice_is_named(festival: Story) -> None:
    first, second = group(festival, "A-1"), group(festival, "A-2")
    reserved = festival.data(said(festival, first, GroupReserved), FRIDAY).facts
    replace_facts(festival, said(festival, second, GroupReserved), FRIDAY, *reserved)
    assert f"for group {first}, which it has begun before" in all_of(festival, Check.GROUPS)


def test_a_group_that_is_applied_without_a_decision_is_named(festival: Story) -> None:
    ended = said(festival, group(festival, "A-1"), GroupEnded)
    festival.copy(ended, ended + 1, FRIDAY)
    assert "applies what nobody decided" in all_of(festival, Check.GROUPS)


def test_a_reservation_of_something_else_than_asked_is_named(festival: Story) -> None:
    offset = said(festival, group(festival, "A-1"), GroupReserved)
    planned = festival.data(offset, FRIDAY).facts[0].changes
    other = msgspec.structs.replace(
        planned[0], change=msgspec.structs.replace(planned[0].change, label="C-9")
    )
    festival.edit_fact(offset, FRIDAY, changes=[other])
    assert "was asked for [(256, 'A-1', 'booked', 1, None, None, None, None)] and has" in all_of(
        festival, Check.GROUPS
    )


def test_a_part_that_nothing_is_said_about_is_named(festival: Story) -> None:
    offset = said(festival, group(festival, "A-2"), GroupReserved)
    replace_facts(festival, offset, FRIDAY)
    assert f"says about group {group(festival, 'A-2')}: []" in all_of(festival, Check.GROUPS)


def test_a_part_that_goes_on_and_never_waited_is_named(festival: Story) -> None:
    queued = group(festival, "A-1", 1)
    offset = said(festival, queued, GroupQueued)
    replace_facts(festival, offset, FRIDAY, GroupRefused(group=queued, refusal=REFUSED))
    assert f"GroupRefused for group {queued} by time, and it was refused" in all_of(
        festival, Check.GROUPS
    )


def test_groups_in_another_order_in_one_partition_are_named(festival: Story) -> None:
    one = said(festival, group(festival, "A-2"), GroupReserved)
    two = said(festival, group(festival, "nowhere"), GroupRefused)
    assert two == one + 1
    facts = [festival.data(offset, FRIDAY).facts for offset in (one, two)]
    replace_facts(festival, one, FRIDAY, *facts[1])
    replace_facts(festival, two, FRIDAY, *facts[0])
    turn = group(festival, "A-2")
    assert f"by the coordinator's order it is {turn}'s turn" in only(festival, Check.ORDER)


def test_a_seat_that_was_sold_while_a_group_had_it_is_named(festival: Story) -> None:
    failed = group(festival, "A-4")
    sold = festival.with_fact(FRIDAY, StatusChanged, label="A-4")[0]
    festival.move(sold, said(festival, failed, GroupEnded), FRIDAY)
    says = f"A-4 of event 256 is changed, and group {failed} has it"
    assert says in all_of(festival, Check.GROUPS)


def test_a_held_seat_that_was_freed_while_a_group_had_it_is_named(festival: Story) -> None:
    offset = festival.with_fact(FRIDAY, StatusChanged, label="B-2", status=FREE)[0]
    facts = festival.data(offset, FRIDAY).facts
    freed = [
        msgspec.structs.replace(f, label="B-1") if getattr(f, "label", "") == "B-2" else f
        for f in facts
    ]
    replace_facts(festival, offset, FRIDAY, *freed)
    assert "B-1 of event 256 is changed, and group" in all_of(festival, Check.HOLDS)


def test_an_expiry_that_frees_places_that_a_group_has_is_named(festival: Story) -> None:
    offset = festival.with_fact(FRIDAY, StatusChanged, label="GA1", status=FREE)[0]
    facts = festival.data(offset, FRIDAY).facts
    freed = [
        msgspec.structs.replace(
            f,
            quantity=2,
            area=msgspec.structs.replace(f.area, held=f.area.held - 1, own={}),
        )
        if getattr(f, "label", "") == "GA1"
        else f
        for f in facts
    ]
    replace_facts(festival, offset, FRIDAY, *freed)
    assert "0 places are left held by B-1, and groups have 1" in all_of(festival, Check.HOLDS)


def test_places_that_were_sold_while_groups_had_them_are_named(festival: Story) -> None:
    offset = festival.with_fact(FRIDAY, StatusChanged, label="GA1", quantity=4)[0]
    festival.edit_fact(
        offset, FRIDAY, quantity=14, area=AreaCounts(taken={BOOKED: 14}, held=8, own={})
    )
    assert "78 places are left free, and groups have 80" in all_of(festival, Check.GROUPS)


def test_counts_of_an_area_that_differ_from_what_was_planned_are_named(festival: Story) -> None:
    held = group(festival, "GA1", 1)
    offset = said(festival, held, GroupEnded)
    area = festival.data(offset, FRIDAY).facts[0].area
    # One place more comes from the free ones and one less from the hold: as many are booked.
    own = {kind: places + 1 for kind, places in area.own.items()}
    festival.edit_fact(
        offset, FRIDAY, area=msgspec.structs.replace(area, held=area.held + 1, own=own)
    )
    assert "the group had planned Moves" in all_of(festival, Check.AREAS)


def test_moves_that_are_not_as_many_as_asked_are_named(festival: Story) -> None:
    offset = said(festival, group(festival, "GA1"), GroupReserved)
    [planned] = festival.data(offset, FRIDAY).facts[0].changes
    sources = [(pocket, places - 1) for pocket, places in planned.moves.sources]
    fewer = msgspec.structs.replace(planned.moves, sources=sources)
    festival.edit_fact(offset, FRIDAY, changes=[msgspec.structs.replace(planned, moves=fewer)])
    assert "for 80 places of GA1" in all_of(festival, Check.AREAS)


def test_a_hold_that_was_over_when_a_group_reserved_it_is_named(festival: Story) -> None:
    offset = said(festival, group(festival, "B-1"), GroupReserved)
    at = festival.data(offset, FRIDAY).at
    [planned] = festival.data(offset, FRIDAY).facts[0].changes
    over = msgspec.structs.replace(planned.change, hold_expires_at=at)
    festival.edit_fact(offset, FRIDAY, changes=[msgspec.structs.replace(planned, change=over)])
    assert f"uses the token B-1, ended at {at}, at {at}" in all_of(festival, Check.HOLDS)


def test_a_hold_that_outlives_a_group_that_failed_is_named(festival: Story) -> None:
    freed = festival.with_fact(FRIDAY, StatusChanged, label="B-3", status=FREE)[0]
    [over] = festival.with_fact(FRIDAY, HoldExpired, token="B-3")
    assert over > freed  # the places in the area come free with another group
    festival.drop(freed, FRIDAY)
    assert "B-3 is held by B-3 still" in all_of(festival, Check.HOLDS)
