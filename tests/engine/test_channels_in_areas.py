"""Areas whose places are in channels: each place goes back where it came from."""

import pytest

from engine.seats.areas import channels_bytes_max
from schemas.commands import Change, ChangeObjectStatus
from schemas.facts import BOOKED, FREE, HELD, RESALE, AreaCounts, ChannelCounts
from schemas.rejections import Rejection
from schemas.selling import Channel, ForSale, Selling
from tests.engine.factories import (
    ALICE,
    BOB,
    CAPACITY,
    CUSTOM,
    book,
    change,
    channel,
    command,
    event_created,
    event_sold,
    hold,
    places,
    release,
)
from tests.engine.scenario import SeatsScenario

A, B = channel("a", GA=3), channel("b", GA=2)
"""Of ten places, five are in no channel."""
TOO_FEW, TOO_FEW_TAKEN = Rejection.NOT_ENOUGH_PLACES, Rejection.NOT_ENOUGH_TAKEN_PLACES
NONE = "NO_CHANNEL"


def hall(*channels: Channel, for_sale: ForSale | None = None) -> SeatsScenario:
    selling = Selling(channels=list(channels or (A, B)), for_sale=for_sale)
    return SeatsScenario(event_created(selling=selling))


def counts(scenario: SeatsScenario) -> dict[str | None, tuple[int, int]]:
    """Give the places taken and held of each channel, and of none."""
    area = scenario.area()
    of: dict[str | None, tuple[int, int]] = {
        id_: (sum(one.taken.values()), one.held) for id_, one in area.channels.items()
    }
    taken, held = sum(area.taken.values()), area.held
    rest = (taken - sum(t for t, _ in of.values()), held - sum(h for _, h in of.values()))
    return {**of, None: rest}


def _asked(
    status: str, count: int, channels: list[str] | None, *, ignore: bool = False
) -> ChangeObjectStatus:
    by = ALICE if status == HELD else None
    asked: Change = change(
        status, places("GA", count), by=by, channels=channels, ignore_channels=ignore
    )
    return command(asked)


@pytest.mark.parametrize("status", [BOOKED, HELD, CUSTOM])
@pytest.mark.parametrize(
    ("channels", "most"),
    [
        (None, 5),
        ([NONE], 5),
        (["a"], 3),
        (["b"], 2),
        (["a", "b"], 5),
        (["a", NONE], 8),
        (["no", "b"], 2),
        (["a", "b", NONE], 10),
    ],
)
def test_a_caller_has_the_places_of_the_channels_it_names(
    status: str, channels: list[str] | None, most: int
) -> None:
    scenario = hall().when(_asked(status, most + 1, channels)).then_rejected(TOO_FEW)
    scenario.then_untouched("GA").given(_asked(status, most, channels))
    scenario.when(_asked(status, 1, channels)).then_rejected(TOO_FEW)


def test_who_ignores_channels_has_all_places_those_of_none_first() -> None:
    scenario = hall().given(_asked(BOOKED, 4, None, ignore=True))
    assert counts(scenario) == {None: (4, 0)}
    scenario.given(_asked(BOOKED, 6, ["b"], ignore=True))
    assert counts(scenario) == {"id-a": (3, 0), "id-b": (2, 0), None: (5, 0)}
    scenario.when(_asked(BOOKED, 1, None, ignore=True)).then_rejected(TOO_FEW)


def test_channels_are_drawn_on_in_the_order_of_the_request() -> None:
    scenario = hall().given(_asked(BOOKED, 3, ["b", NONE, "a"]))
    assert counts(scenario) == {"id-b": (2, 0), None: (1, 0)}


def test_a_channel_that_nobody_knows_has_no_places() -> None:
    hall().when(_asked(BOOKED, 1, ["no"])).then_rejected(Rejection.OBJECT_OF_ANOTHER_CHANNEL)


def test_a_hold_remembers_the_channel_until_it_is_booked_and_released() -> None:
    scenario = hall().given(
        hold(places("GA", 2, "child"), by=ALICE, channels=["a"]),
        hold(places("GA", 1, "child"), by=ALICE),
        hold(places("GA", 1), by=BOB, channels=["a"]),
    )
    assert counts(scenario) == {"id-a": (0, 3), None: (0, 1)}
    scenario.then_area(held={"alice": {"child": 3}, "bob": {"NO_TICKET_TYPE": 1}})
    scenario.when(_asked(BOOKED, 1, ["a"])).then_rejected(TOO_FEW)
    scenario.given(book(places("GA", 2, "child"), by=ALICE, channels=["a"]))
    assert counts(scenario) == {"id-a": (2, 1), None: (0, 1)}
    scenario.given(release(places("GA", 1), by=BOB, channels=["a"]))
    scenario.given(_asked(BOOKED, 1, ["a"]))
    assert counts(scenario) == {"id-a": (3, 0), None: (0, 1)}
    scenario.at(ALICE.expires_at)
    assert counts(scenario) == {"id-a": (3, 0), None: (0, 0)}


def test_a_hold_that_ends_gives_each_place_back_to_its_channel() -> None:
    scenario = hall().given(_asked(HELD, 10, None, ignore=True)).at(ALICE.expires_at)
    [[freed, _]] = scenario.expired
    assert (freed.quantity, freed.area) == (10, AreaCounts())
    scenario.then_untouched("GA")


@pytest.mark.parametrize(
    ("channels", "most"), [(None, 2), (["a"], 3), (["b"], 0), (["a", NONE], 5), (["b", "a"], 3)]
)
def test_who_may_take_may_release(channels: list[str] | None, most: int) -> None:
    scenario = hall().given(_asked(BOOKED, 2, None), _asked(CUSTOM, 3, ["a"]))
    scenario.when(_asked(FREE, most + 1, channels)).then_rejected(TOO_FEW_TAKEN)
    if most:
        scenario.given(_asked(FREE, most, channels))
        scenario.given(_asked(BOOKED, most, channels))
    scenario.given(_asked(FREE, 5, None, ignore=True)).then_untouched("GA")


def test_a_hold_of_another_channel_is_not_booked_without_its_key() -> None:
    scenario = hall().given(hold(places("GA", 2), by=ALICE, channels=["a"]))
    scenario.given(book(places("GA", 1), by=ALICE))
    assert counts(scenario) == {"id-a": (0, 2), None: (1, 0)}
    scenario.when(release(places("GA", 1), by=ALICE)).then_rejected(TOO_FEW_TAKEN)
    scenario.given(release(places("GA", 2), by=ALICE, channels=["a"]))


def test_places_for_resale_are_for_everybody_and_stay_with_their_channel() -> None:
    scenario = hall().given(_asked(RESALE, 3, ["a"]), _asked(BOOKED, 5, None))
    resold = book(places("GA", 2))
    scenario.given(resold)
    assert scenario.area() == AreaCounts(
        taken={BOOKED: 7, RESALE: 1},
        channels={"id-a": ChannelCounts(taken={BOOKED: 2, RESALE: 1})},
    )
    scenario.when(resold).then_rejected(TOO_FEW)


def test_a_channel_that_shrinks_below_what_is_taken_has_nothing_free() -> None:
    scenario = hall().given(_asked(BOOKED, 3, ["a"]))
    scenario.given([event_sold(Selling(channels=[channel("a", GA=1), B]))])
    scenario.when(_asked(BOOKED, 1, ["a"])).then_rejected(TOO_FEW)
    scenario.when(_asked(BOOKED, 6, None)).then_rejected(TOO_FEW)
    scenario.given(_asked(BOOKED, 5, None), _asked(FREE, 2, ["a"]))
    scenario.when(_asked(BOOKED, 1, ["a"])).then_rejected(TOO_FEW)
    scenario.given(_asked(BOOKED, 2, None), _asked(FREE, 1, ["a"]), _asked(BOOKED, 1, ["a"]))
    assert counts(scenario) == {"id-a": (1, 0), None: (7, 0)}


def test_a_channel_that_grows_beyond_what_is_free_has_what_is_free() -> None:
    scenario = hall(B).given(_asked(BOOKED, 6, None))
    scenario.given([event_sold(Selling(channels=[channel("a", GA=CAPACITY), channel("b", GA=9)]))])
    scenario.when(_asked(BOOKED, 1, None)).then_rejected(TOO_FEW)
    scenario.when(_asked(BOOKED, 5, ["a"])).then_rejected(TOO_FEW)
    scenario.when(_asked(BOOKED, 5, ["a", "b"])).then_rejected(TOO_FEW)
    scenario.given(_asked(BOOKED, 3, ["a"]), _asked(BOOKED, 1, ["b"]))
    scenario.when(_asked(BOOKED, 1, None, ignore=True)).then_rejected(TOO_FEW)


def test_the_places_of_a_removed_channel_are_in_none() -> None:
    scenario = hall().given(_asked(BOOKED, 3, ["a"]), _asked(HELD, 2, ["b"]))
    scenario.given([event_sold(Selling())]).given(_asked(BOOKED, 5, None))
    scenario.when(_asked(BOOKED, 1, None)).then_rejected(TOO_FEW)
    scenario.given(book(places("GA", 2), by=ALICE), release(places("GA", 10)))
    scenario.then_untouched("GA").given(_asked(BOOKED, 10, None))


def test_an_area_as_an_object_of_a_channel_is_all_its() -> None:
    scenario = hall(channel("a", "GA"))
    scenario.when(book("GA")).then_rejected(TOO_FEW)
    scenario.given(_asked(BOOKED, CAPACITY, ["a"]))


def test_what_is_not_for_sale_is_missing_first_where_no_channel_is() -> None:
    scenario = hall(for_sale=ForSale(for_sale=False, area_places={"GA": 6}))
    scenario.when(_asked(BOOKED, 1, None)).then_rejected(TOO_FEW)
    scenario.given(_asked(BOOKED, 3, ["a"]))
    scenario.when(_asked(BOOKED, 2, ["b"])).then_rejected(TOO_FEW)
    scenario.given(_asked(BOOKED, 1, ["b"]))


def test_a_seat_map_without_channels_tells_nothing_of_them() -> None:
    scenario = SeatsScenario().given(_asked(BOOKED, 1, None, ignore=True))
    assert scenario.changes[0].area == AreaCounts(taken={BOOKED: 1})


def test_a_fact_tells_what_the_token_holds_of_each_channel() -> None:
    scenario = hall().given(hold(places("GA", 2), by=BOB, channels=["a"]))
    scenario.given(hold(places("GA", 2), by=ALICE, channels=["a", "b"]))
    assert scenario.changes[0].area == AreaCounts(
        held=4,
        own={"NO_TICKET_TYPE": 2},
        channels={
            "id-a": ChannelCounts(held=3, own={"NO_TICKET_TYPE": 1}),
            "id-b": ChannelCounts(held=1, own={"NO_TICKET_TYPE": 1}),
        },
    )


def test_what_a_fact_tells_of_channels_is_bounded() -> None:
    scenario = hall(*(channel(f"{number:050}", GA=1) for number in range(CAPACITY)))
    long = "s" * (channels_bytes_max // 9)
    for number in range(CAPACITY):
        scenario.when(_asked(long, 1, [f"{number:050}"]))
        if number < CAPACITY - 2:
            scenario.then_accepted()
    scenario.then_rejected(Rejection.TOO_MANY_STATUSES_IN_AREA)
