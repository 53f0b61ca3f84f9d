"""An event that is sold from another inventory: what it has of the former one, and what not."""

from typing import Any

import pytest
from msgspec.structs import replace

from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    AreaCounts,
    Moves,
    PlannedChange,
    Pocket,
    SeasonStatusOverridden,
    SeatsFact,
    StatusChanged,
)
from schemas.rejections import Rejection
from seatlog.verify.parking import Parking, Source
from seatlog.verify.refusals import Position, refusal_faults
from tests.engine.factories import (
    ATTIC,
    BARN,
    MATINEE,
    NOON,
    THEATRE,
    hash_of,
    release,
    sold_from,
)
from tests.engine.season_year import KEYS, MARCH, YEAR, year
from tests.verify.test_tables import Told, changed, refused


def area(seq: int, places: int, *, before: int = 0, status: str = BOOKED) -> StatusChanged:
    """Tell that places of the area were booked or released."""
    return replace(
        changed(seq, "GA", status, FREE if status == BOOKED else BOOKED),
        quantity=abs(places - before),
        area=AreaCounts(taken={BOOKED: places} if places else {}),
    )


def test_what_vanished_is_given_back_and_what_came_is_sold() -> None:
    told = Told(changed(1, "B-1"), sold_from(BARN), changed(2, "B-1", FREE, BOOKED))
    assert told.tell(changed(3, "A-1300")).faults == []
    assert told.fold.events[MATINEE].inventory == hash_of(BARN)


@pytest.mark.parametrize("label", ["B-1", "B-2"])
def test_what_vanished_and_is_sold_is_named(label: str) -> None:
    told = Told(changed(1, "B-1", "held"), sold_from(BARN), changed(2, label, BOOKED, "held"))
    assert f"event 256 has no object {label}" in told.faults


@pytest.mark.parametrize(("at", "is_named"), [(NOON, True), (NOON + 1000, False)])
def test_what_vanished_is_nobodys_once_its_hold_is_over_and_a_group_gives_it_back(
    at: int, *, is_named: bool
) -> None:
    held = replace(changed(1, "B-1", HELD), hold_token="t", hold_expires_at=NOON + 1000)
    told = Told(held, sold_from(BARN))
    told.fold.reserve(1, [PlannedChange(change=changed(0, "B-1", FREE, HELD))])
    position = Position(told.fold, Parking(told.fold), Source("command", 1), at)
    why = refused("B-1", Rejection.OBJECT_NOT_FOUND)
    assert bool([*refusal_faults(release("B-1"), why, position)]) == is_named


def test_an_area_that_became_too_small_may_keep_what_it_has_and_take_no_more() -> None:
    kept = Told(area(1, 5), sold_from(ATTIC), area(2, 4, before=5, status=FREE))
    assert kept.faults == []
    kept.tell(area(3, 5, before=4))
    assert kept.faults == ["GA of event 256: 5 places are taken or held, and it has 4"]
    fits = Told(area(1, 5), sold_from(ATTIC), sold_from(THEATRE), area(2, 10, before=5))
    assert fits.faults == []


def test_an_area_that_became_too_small_for_a_season_and_its_event_keeps_what_both_have() -> None:
    def shared(event: int, seq: int, places: int, **fields: Any) -> SeatsFact:  # noqa: ANN401
        return replace(area(seq, places, **fields), event=event)

    told = Told(*year(), shared(YEAR, 1, 6), shared(MARCH, 1, 4))
    told.tell(*(replace(sold_from(ATTIC), event=event) for event in KEYS))
    told.tell(shared(MARCH, 2, 3, before=4, status=FREE))
    told.fold.end_record("here")
    assert told.faults == []
    told.tell(
        *(replace(changed(seq, "A-1"), event=event) for event, seq in ((YEAR, 2), (MARCH, 3)))
    )
    told.fold.end_record("here")
    assert len(told.faults) == 1, "a seat is still sold once"


def test_an_event_that_is_new_in_a_season_whose_area_became_too_small_has_nothing_twice() -> None:
    top, *_, new = year()
    told = Told(top, replace(area(1, 6), event=YEAR), replace(sold_from(ATTIC), event=YEAR))
    told.tell(replace(new, inventory=hash_of(ATTIC)))
    told.tell(replace(area(2, 5, before=6, status=FREE), event=YEAR))
    told.fold.end_record("here")
    assert told.faults == []


def test_an_area_of_a_season_that_did_not_shrink_with_a_new_chart_is_sold_once() -> None:
    attic = hash_of(ATTIC)
    told = Told(*(replace(created, inventory=attic) for created in year()))
    told.tell(replace(sold_from(THEATRE), event=YEAR), replace(area(1, 6), event=YEAR))
    told.fold.end_record("here")
    assert told.faults == [], "its events are not there yet"
    told.tell(*(replace(sold_from(THEATRE), event=event) for event in KEYS if event != YEAR))
    told.tell(replace(area(1, 4), event=MARCH))
    told.fold.end_record("here")
    assert told.faults == []
    told.tell(replace(area(2, 5, before=4), event=MARCH))
    told.fold.end_record("here")
    [fault] = told.faults
    assert "GA of event 1280 has 10 places, and with its seasons 11" in fault
    told.tell(SeasonStatusOverridden(event=MARCH, season=YEAR, places={"GA": 11}))
    assert "11 places of GA of event 1280 are overridden" in told.faults


def test_an_inventory_that_is_not_there_is_named() -> None:
    told = Told(replace(sold_from(BARN), inventory="nobody's"))
    assert told.faults == ["event 256 is on the inventory nobody's, which is not there"]


def test_places_that_a_group_misses_since_an_area_became_too_small_are_nobodys_fault() -> None:
    plan = PlannedChange(
        change=replace(area(0, 5), seq=0), moves=Moves([(Pocket(FREE), 5)], Pocket(BOOKED))
    )
    told = Told(area(1, 3))
    told.fold.reserve(1, [plan])
    told.tell(sold_from(ATTIC), area(2, 2, before=3, status=FREE))
    assert told.faults == []
    told.tell(area(3, 3, before=2))
    assert "places are left free, and groups have 5" in told.faults[-1]
