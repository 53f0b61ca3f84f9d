"""Places of areas that were not for sale, or in no open channel, and moved all the same."""

from typing import Any

import msgspec
import pytest

from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    RESALE,
    AreaCounts,
    ChannelCounts,
    Moves,
    PlannedChange,
    Pocket,
    SeatsFact,
    StatusChanged,
)
from schemas.rejections import Obstacle, Rejected, Rejection
from schemas.selling import ForSale, Selling
from seatlog.verify.parking import Parking, Source
from seatlog.verify.refusals import Position, refusal_faults
from seatlog.verify.taken import done_faults, reserved_faults
from tests.engine.factories import (
    ATTIC,
    MATINEE,
    NOON,
    book,
    change,
    command,
    event_sold,
    sold_from,
)
from tests.verify.test_offers import IN_GOLD
from tests.verify.test_tables import Told, changed

NONE_OF_GA = event_sold(Selling(for_sale=ForSale(for_sale=False, objects=["GA"])))
"""Of the matinee in the theatre."""
TWO_OF_GA = event_sold(Selling(for_sale=ForSale(for_sale=True, area_places={"GA": 2})))


def taken(places: int) -> StatusChanged:
    """Tell that places of the area are booked, and no others."""
    area = AreaCounts(taken={BOOKED: places})
    return msgspec.structs.replace(changed(1, "GA"), quantity=places, area=area)


def drawing(places: int) -> list[PlannedChange]:
    """Plan to book free places of the area."""
    planned = msgspec.structs.replace(changed(0, "GA"), quantity=places)
    return [PlannedChange(change=planned, moves=Moves([(Pocket(FREE), places)], Pocket(BOOKED)))]


@pytest.mark.parametrize(("sold", "in_doubt", "most"), [(0, 0, 2), (1, 0, 1), (0, 1, 1), (1, 1, 0)])
def test_what_a_group_reserved_beyond_what_is_for_sale_is_named(
    sold: int, in_doubt: int, most: int
) -> None:
    told = Told(TWO_OF_GA, *[taken(sold)] * sold)
    told.fold.reserve(1, drawing(in_doubt) * in_doubt)
    wanted = change(BOOKED, "GA")
    assert [*reserved_faults([wanted] * most, drawing(most) * most, told.fold)] == []
    [fault] = reserved_faults([wanted], drawing(most + 1), told.fold)
    assert fault == "3 places of GA are taken, held or in doubt, and 2 are for sale"


def test_what_is_sold_beyond_what_groups_leave_for_sale_is_named() -> None:
    told = Told(TWO_OF_GA)
    told.fold.reserve(1, drawing(1))
    assert [*done_faults(book("GA"), [taken(1)], told.fold)] == []
    [fault, *_] = done_faults(book("GA"), [taken(2)], told.fold)
    assert fault == "3 places of GA are taken or held, and 2 are for sale"


def moved_faults(
    channel: str | None,
    places: tuple[dict[str, int], dict[str, int]],
    status: str,
    sold: SeatsFact,
    **asks: Any,  # noqa: ANN401
) -> list[str]:
    """Name the faults of a change of the area: its places by status before, and after it.

    They all are of the channel with this id, or of none.
    """
    before, after = (_counts(channel, by_status) for by_status in places)
    told = Told(msgspec.structs.replace(changed(1, "GA"), area=before), sold)
    wanted = command(msgspec.structs.replace(change(status, "GA"), **asks))
    done = msgspec.structs.replace(changed(2, "GA", status), area=after)
    return [*done_faults(wanted, [done], told.fold)]


def _counts(channel: str | None, by_status: dict[str, int]) -> AreaCounts:
    taken = {status: places for status, places in by_status.items() if status != HELD}
    held = by_status.get(HELD, 0)
    channels = {channel: ChannelCounts(taken=taken, held=held)} if channel is not None else {}
    return AreaCounts(taken=taken, held=held, channels=channels)


@pytest.mark.parametrize(("channel", "key"), [("1", "gold"), ("gone", None), (None, None)])
@pytest.mark.parametrize(
    ("places", "status"),
    [
        (({BOOKED: 2}, {BOOKED: 1}), FREE),
        (({HELD: 2}, {HELD: 1}), FREE),
        (({HELD: 2}, {BOOKED: 2}), BOOKED),
        (({BOOKED: 2}, {RESALE: 2}), RESALE),
        (({RESALE: 2}, {RESALE: 1, BOOKED: 2}), BOOKED),
    ],
)
def test_places_that_moved_in_a_channel_that_was_not_open_are_named(
    channel: str | None,
    key: str | None,
    places: tuple[dict[str, int], dict[str, int]],
    status: str,
) -> None:
    open_to, closed_to = ["gold", "NO_CHANNEL"] if key else ["NO_CHANNEL", "gold"]
    moved = channel, places, status, IN_GOLD
    named = f"places of GA are {status}, and their channel {key} is not open"
    assert moved_faults(*moved, channel_keys=[closed_to]) == [named]
    assert moved_faults(*moved, channel_keys=[open_to]) == []
    assert moved_faults(*moved, ignore_channels=True) == []


def test_a_channel_that_has_taken_more_places_than_it_has_is_named() -> None:
    moved = "1", ({BOOKED: 4}, {BOOKED: 5}), BOOKED, IN_GOLD
    assert moved_faults(*moved, channel_keys=["gold"]) == [
        "5 places of GA are of channel gold, and it has 4"
    ]


@pytest.mark.parametrize("channel", ["1", "gone", None])
def test_what_is_offered_for_resale_is_everybodys_if_anything_of_the_area_is_for_sale(
    channel: str | None,
) -> None:
    moved = channel, ({RESALE: 2}, {RESALE: 1, BOOKED: 1}), BOOKED
    for open_to in ([], ["gold"], ["NO_CHANNEL"]):
        assert moved_faults(*moved, IN_GOLD, channel_keys=open_to) == []
    named = "places of GA are booked that were for resale, and none is for sale"
    assert moved_faults(*moved, NONE_OF_GA) == [named]
    assert moved_faults(*moved, NONE_OF_GA, allowed_previous_statuses=[RESALE]) == []
    given_back = channel, ({RESALE: 2}, {RESALE: 1}), FREE
    assert moved_faults(*given_back, NONE_OF_GA) == []


def test_what_a_group_reserved_of_a_resale_that_is_not_for_sale_is_named() -> None:
    moves = Moves([(Pocket(RESALE, channel="1"), 1)], Pocket(BOOKED))
    planned = [PlannedChange(change=changed(0, "GA"), moves=moves)]
    for sold, faults in ((IN_GOLD, 0), (NONE_OF_GA, 1)):
        fold = Told(sold).fold
        assert len([*reserved_faults([change(BOOKED, "GA")], planned, fold)]) == faults


def resale(places: int) -> StatusChanged:
    """Tell that places of the area are offered for resale, and no others taken."""
    area = AreaCounts(taken={RESALE: places})
    return msgspec.structs.replace(changed(1, "GA", RESALE), quantity=places, area=area)


def refused_in_area(told: Told, wanted: str) -> list[str]:
    """Give what is said of somebody who wants a place of the area and is told that none is left."""
    code = Rejection.NOT_ENOUGH_PLACES.code
    why = Rejected(code=code, obstacles=[Obstacle(event=MATINEE, label="GA", code=code)])
    position = Position(told.fold, Parking(told.fold), Source("command", 1), NOON)
    return [*refusal_faults(command(change(wanted, "GA")), why, position)]


@pytest.mark.parametrize("wanted", [BOOKED, "painted"])
def test_who_is_refused_what_is_offered_for_resale_is_named(wanted: str) -> None:
    faults = refused_in_area(Told(resale(2), TWO_OF_GA), wanted)
    assert len(faults) == (wanted == BOOKED), "only who books or holds need not name it"


@pytest.mark.parametrize(("places", "is_too_small"), [(2, False), (3, True)])
def test_what_an_area_that_became_too_small_sells_again_is_named(
    places: int,
    is_too_small: bool,  # noqa: FBT001 - a parameter of pytest's
) -> None:
    told = Told(resale(places), sold_from(ATTIC))
    assert len(refused_in_area(told, BOOKED)) == (not is_too_small)
    area = AreaCounts(taken={RESALE: places - 1, BOOKED: 1})
    sold = msgspec.structs.replace(changed(2, "GA"), previous_status=RESALE, area=area)
    planned = PlannedChange(change=sold, moves=Moves([(Pocket(RESALE), 1)], Pocket(BOOKED)))
    wanted = change(BOOKED, "GA")
    fault = f"resold places of GA are booked, and {places} of 2 are used"
    said = [fault] * is_too_small
    assert [*done_faults(command(wanted), [sold], told.fold)] == said
    assert [*reserved_faults([wanted], [planned], told.fold)] == said
    named = change(BOOKED, "GA", allowed=[RESALE])
    assert [*done_faults(command(named), [sold], told.fold)] == []
    assert [*reserved_faults([named], [planned], told.fold)] == []


def test_what_groups_leave_no_place_for_is_not_sold_again() -> None:
    told = Told(resale(2), sold_from(ATTIC))
    told.fold.reserve(1, drawing(1))
    area = AreaCounts(taken={RESALE: 1, BOOKED: 1})
    sold = msgspec.structs.replace(changed(2, "GA"), previous_status=RESALE, area=area)
    [fault] = done_faults(book("GA"), [sold], told.fold)
    assert fault == "resold places of GA are booked, and 3 of 2 are used"
