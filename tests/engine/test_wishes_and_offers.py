"""Best available among what is for sale, and in the channels that the party names."""

import pytest

from schemas.facts import StatusChanged
from schemas.rejections import Rejection
from schemas.selling import EventCategory, ForSale, Selling
from tests.engine.factories import CAPACITY, best, book, channel, event_created, event_sold
from tests.engine.scenario import SeatsScenario

NOT_FOUND = Rejection.BEST_AVAILABLE_OBJECTS_NOT_FOUND
CHANNELS = Selling(channels=[channel("a", "A-3", "A-4", "Booth", GA=3), channel("b", "A-5", "B-1")])


def theatre(selling: Selling) -> SeatsScenario:
    return SeatsScenario(event_created(selling=selling))


def chosen(scenario: SeatsScenario) -> list[str]:
    return [fact.label for fact in scenario.last.facts if isinstance(fact, StatusChanged)]


@pytest.mark.parametrize(
    ("channels", "labels"),
    [
        (None, ["A-1", "A-2"]),
        (["NO_CHANNEL"], ["A-1", "A-2"]),
        (["a"], ["A-3", "A-4"]),
        (["a", "b"], ["A-4", "A-5"]),
        (["b", "NO_CHANNEL"], ["A-1", "A-2"]),
    ],
)
def test_a_party_gets_seats_of_the_channels_it_names(
    channels: list[str] | None, labels: list[str]
) -> None:
    assert chosen(theatre(CHANNELS).given(best(2, channels=channels))) == labels


def test_who_ignores_channels_gets_all() -> None:
    scenario = theatre(CHANNELS).given(best(5, ignore_channels=True))
    assert chosen(scenario) == ["A-1", "A-2", "A-3", "A-4", "A-5"]
    theatre(CHANNELS).when(best(2, channels=["no"])).then_rejected(NOT_FOUND)


def test_a_party_gets_places_of_the_channels_it_names() -> None:
    scenario = theatre(Selling(channels=[channel("a", GA=4)]))
    scenario.given(book(*(f"{row}-{seat}" for row in "AB" for seat in range(1, 6))))
    scenario.given(book("Booth", "T1-1", "T1-2"))
    scenario.when(best(CAPACITY - 3)).then_rejected(NOT_FOUND)
    scenario.when(best(5, channels=["a"])).then_rejected(NOT_FOUND)
    scenario.given(best(4, channels=["a"])).given(best(CAPACITY - 4))
    assert scenario.area().channels["id-a"].taken == {"booked": 4}


@pytest.mark.parametrize(
    ("for_sale", "labels"),
    [
        (ForSale(for_sale=False, objects=["A-1"]), ["A-2", "A-3"]),
        (ForSale(for_sale=True, objects=["B-4", "B-5", "A-1"]), ["B-4", "B-5"]),
        (ForSale(for_sale=True, objects=["T1"]), ["T1-1", "T1-2"]),
        (ForSale(for_sale=True, categories=["vip"]), ["B-1", "B-2"]),
    ],
)
def test_a_party_gets_what_is_for_sale(for_sale: ForSale, labels: list[str]) -> None:
    selling = Selling(
        categories=[EventCategory(key="vip", label="VIP")],
        object_categories={"B-1": "vip", "B-2": "vip"},
        for_sale=for_sale,
    )
    scenario = theatre(selling).given(best(2))
    assert chosen(scenario) == labels


def test_places_that_are_not_for_sale_are_not_given() -> None:
    scenario = theatre(Selling(for_sale=ForSale(for_sale=True, area_places={"GA": 3})))
    scenario.when(best(4)).then_rejected(NOT_FOUND)
    scenario.given(best(3)).then_area(taken={"booked": 3})
    theatre(Selling(for_sale=ForSale(for_sale=True))).when(best(1)).then_rejected(NOT_FOUND)


def test_a_party_gets_what_is_for_sale_by_then() -> None:
    scenario = SeatsScenario().given(best(1))
    scenario.given([event_sold(Selling(for_sale=ForSale(for_sale=True, objects=["B-1"])))])
    assert chosen(scenario.given(best(1))) == ["B-1"]
    scenario.given([event_sold(Selling())])
    assert chosen(scenario.given(best(1))) == ["A-2"]


def test_an_area_gives_places_by_name_of_its_channel_only() -> None:
    scenario = theatre(CHANNELS).when(best(CAPACITY, channels=["a"])).then_rejected(NOT_FOUND)
    scenario.given(best(3, channels=["a"])).then_area(taken={"booked": 3})
