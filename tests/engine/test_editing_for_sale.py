"""The coordinator's word on what is for sale, and how often a day it may be edited."""

import pytest

from engine.groups.for_sale import day_ms, edit_for_sale, for_sale_edits_per_day_max
from schemas.facts import ForSaleEdits
from schemas.rejections import Rejection
from schemas.selling import ForSale
from schemas.selling_edits import ForSaleEdit, OpenAndClose, ReplaceForSale, Stock
from tests.engine.factories import NOON, WORKSPACE, create, update
from tests.engine.factories import edit_for_sale as asked
from tests.engine.scenario import GroupsScenario


def objects(*labels: str) -> list[Stock]:
    return [Stock(label=label) for label in labels]


def places(count: int, capacity: int | None = 100) -> list[Stock]:
    return [Stock(label="GA", places=count, capacity=capacity)]


def closed(*labels: str, **area_places: int) -> ForSale:
    return ForSale(for_sale=False, objects=list(labels), area_places=area_places)


def opened(*labels: str, **area_places: int) -> ForSale:
    return ForSale(for_sale=True, objects=list(labels), area_places=area_places)


CASES: list[tuple[ForSale | None, ForSaleEdit, ForSale | None]] = [
    (None, OpenAndClose(close=objects("A-1", "A-2")), closed("A-1", "A-2")),
    (None, OpenAndClose(open=objects("A-1")), None),
    (None, OpenAndClose(open=objects("A-1"), close=objects("A-1")), closed("A-1")),
    (closed("A-1", "A-2"), OpenAndClose(open=objects("A-1", "B-1")), closed("A-2")),
    (closed("A-1"), OpenAndClose(open=objects("A-1")), None),
    (closed("A-1"), OpenAndClose(close=objects("A-1", "A-3")), closed("A-1", "A-3")),
    (opened("A-1"), OpenAndClose(open=objects("A-1", "A-2")), opened("A-1", "A-2")),
    (opened("A-1", "A-2"), OpenAndClose(close=objects("A-1", "B-1")), opened("A-2")),
    (opened("A-1"), OpenAndClose(close=objects("A-1")), opened()),
    (opened(), OpenAndClose(open=objects("A-1"), close=objects("A-1")), opened()),
    (None, OpenAndClose(close=places(5)), closed(GA=5)),
    (closed(GA=5), OpenAndClose(close=places(7)), closed(GA=12)),
    (closed(GA=95), OpenAndClose(close=places(7)), closed(GA=100)),
    (closed(GA=95), OpenAndClose(close=places(7, None)), closed(GA=102)),
    (closed(GA=5), OpenAndClose(open=places(2)), closed(GA=3)),
    (closed("A-1", GA=5), OpenAndClose(open=places(9)), closed("A-1")),
    (opened(GA=5), OpenAndClose(open=places(2)), opened(GA=7)),
    (opened(GA=5), OpenAndClose(close=places(5)), opened()),
    (opened("A-1"), ReplaceForSale(for_sale=None), None),
    (closed("A-1"), ReplaceForSale(for_sale=opened("o1")), opened("o1")),
    (opened("A-1"), ReplaceForSale(for_sale=closed()), None),
    (None, ReplaceForSale(for_sale=opened()), opened()),
]


@pytest.mark.parametrize(("before", "edit", "after"), CASES)
def test_an_edit_comes_to(before: ForSale | None, edit: ForSaleEdit, after: ForSale | None) -> None:
    assert edit_for_sale(before, edit) == after


def test_categories_stay_as_they_are() -> None:
    before = ForSale(for_sale=True, categories=["1"])
    after = edit_for_sale(before, OpenAndClose(open=objects("A-1")))
    assert after == ForSale(for_sale=True, objects=["A-1"], categories=["1"])


CLOSE = OpenAndClose(close=objects("A-1"))
OPEN = OpenAndClose(open=objects("A-1"))
TODAY = NOON // day_ms


def made(scenario: GroupsScenario) -> list[ForSaleEdits | None]:
    return [fact.for_sale_edits for fact in scenario.last.facts]


def test_a_day_has_ten_edits_that_close_sale() -> None:
    scenario = GroupsScenario().given(create("a"))
    for number in range(1, for_sale_edits_per_day_max + 1):
        scenario.given(asked(a=CLOSE))
        left = for_sale_edits_per_day_max - number
        assert made(scenario) == [ForSaleEdits(day=TODAY, made=number, left=left)]
    scenario.when(asked(a=CLOSE)).then_rejected(Rejection.FOR_SALE_EDITS_USED_UP)
    assert scenario.refusal.detail == str((TODAY + 1) * day_ms)
    scenario.given(asked(a=OPEN))
    assert made(scenario) == [ForSaleEdits(day=TODAY, made=11, left=0)]
    scenario.given(asked(a=ReplaceForSale()))
    assert made(scenario) == [None]
    scenario.when(asked(a=CLOSE)).then_rejected(Rejection.FOR_SALE_EDITS_USED_UP)
    scenario.after((TODAY + 1) * day_ms - NOON - 1).when(asked(a=CLOSE))
    scenario.then_rejected(Rejection.FOR_SALE_EDITS_USED_UP)
    scenario.after(1).given(asked(a=CLOSE))
    assert made(scenario) == [ForSaleEdits(day=TODAY + 1, made=1, left=9)]


def test_an_edit_that_only_opens_is_counted_as_well() -> None:
    scenario = GroupsScenario().given(create("a"), asked(a=OPEN))
    assert made(scenario) == [ForSaleEdits(day=TODAY, made=1, left=9)]


def test_each_event_has_a_count_of_its_own() -> None:
    scenario = GroupsScenario().given(create("a", "b"), asked(a=CLOSE), asked(a=CLOSE, b=CLOSE))
    assert [edits.made for edits in made(scenario) if edits] == [2, 1]


def test_several_events_are_edited_all_or_none() -> None:
    scenario = GroupsScenario().given(create("a", "b"))
    scenario.when(asked(a=CLOSE, no=CLOSE)).then_rejected(Rejection.EVENT_NOT_FOUND)
    for _ in range(for_sale_edits_per_day_max):
        scenario.given(asked(b=CLOSE))
    scenario.when(asked(a=CLOSE, b=CLOSE)).then_rejected(Rejection.FOR_SALE_EDITS_USED_UP)
    entry = scenario.state.directory.find(WORKSPACE, "a")
    assert entry is not None
    assert (entry.selling.for_sale, entry.for_sale_edits) == (None, None)
    scenario.given(asked(a=CLOSE, b=ReplaceForSale()))
    assert [fact.key for fact in scenario.last.facts] == ["a", "b"]
    assert [fact.selling.for_sale for fact in scenario.last.facts] == [closed("A-1"), None]


def test_the_count_of_a_renamed_event_stays() -> None:
    scenario = GroupsScenario().given(create("a"), asked(a=CLOSE), update("a", new_key="b"))
    scenario.given(asked(b=CLOSE))
    assert [edits.made for edits in made(scenario) if edits] == [2]
