"""What a season says about its sale counts in its events, unless it is told not to."""

from schemas.commands import EditForSale
from schemas.facts import RESALE, EventUpdated
from schemas.rejections import Rejection
from schemas.selling import ForSale, Selling
from schemas.selling_edits import EventForSaleEdit, ReplaceForSale
from tests.engine.factories import (
    ATTIC,
    WORKSPACE,
    best,
    book,
    change,
    command,
    delete,
    hash_of,
    places,
    release,
    update,
)
from tests.engine.scenario import GroupsScenario, SeatsScenario
from tests.engine.season_year import MARCH, YEAR, told, year
from tests.engine.test_season_structure import entry, events, move, partial, season

NOT_A1 = ForSale(for_sale=False, objects=["A-1"], area_places={"GA": 4})
NOT_B = ForSale(for_sale=False, objects=["B-1"])


def sell(for_sale: ForSale | None, *keys: str) -> EditForSale:
    edited = [EventForSaleEdit(key=key, edit=ReplaceForSale(for_sale=for_sale)) for key in keys]
    return EditForSale(workspace=WORKSPACE, events=edited)


def said(scenario: GroupsScenario, key: str) -> list[ForSale]:
    return entry(scenario, key).selling.for_sale_of_seasons


def test_a_seasons_sale_reaches_its_events_and_those_that_come_later() -> None:
    selling = Selling(for_sale=NOT_A1)
    scenario = GroupsScenario().given(season("first", selling=selling), events("second"))
    assert said(scenario, "first") == said(scenario, "second") == [NOT_A1]
    assert entry(scenario, "first").selling.for_sale is None
    scenario.given(sell(NOT_B, "season"))
    assert [fact.key for fact in scenario.last.facts] == ["season", "first", "second"]
    assert said(scenario, "first") == said(scenario, "second") == [NOT_B]
    scenario.given(sell(None, "season"))
    assert said(scenario, "first") == said(scenario, "second") == []


def test_a_season_keeps_its_sale_to_itself_if_it_is_told_to() -> None:
    scenario = GroupsScenario().given(season("first"), sell(NOT_A1, "season"))
    scenario.given(update("season", for_sale_propagated=False))
    assert said(scenario, "first") == []
    scenario.given(update("season", for_sale_propagated=True))
    assert said(scenario, "first") == [NOT_A1]


def test_a_partial_seasons_sale_reaches_who_is_in_it() -> None:
    scenario = GroupsScenario().given(
        season("first", "second"), partial("spring", "first"), sell(NOT_B, "spring")
    )
    assert (said(scenario, "first"), said(scenario, "second")) == ([NOT_B], [])
    scenario.given(move("spring", add=("second",)), move("spring", remove=("first",)))
    assert (said(scenario, "first"), said(scenario, "second")) == ([], [NOT_B])
    scenario.given(sell(NOT_A1, "season"))
    assert said(scenario, "second") == [NOT_A1, NOT_B]
    scenario.given(delete("spring"))
    assert said(scenario, "second") == [NOT_A1]


def test_what_one_of_them_does_not_sell_is_not_for_sale() -> None:
    selling = Selling(for_sale=NOT_B, for_sale_of_seasons=[NOT_A1])
    fact: EventUpdated = told(MARCH, selling=selling)
    owner = SeatsScenario(*year()).given([fact])
    for label in ("A-1", "B-1"):
        owner.when(book(label, event=MARCH)).then_rejected(Rejection.OBJECT_NOT_FOR_SALE)
    assert owner.when(book(places("GA", 7), event=MARCH)).refusal.obstacles[0].label == "GA"
    owner.given(book(places("GA", 6), event=MARCH), best(3, event=MARCH))
    assert not {change.label for change in owner.changes} & {"A-1", "B-1"}


def test_places_for_resale_are_sold_when_others_of_the_season_have_all_the_rest() -> None:
    owner = SeatsScenario(*year()).given(book(places("GA", 5), event=YEAR))
    owner.given(book(places("GA", 2), event=MARCH))
    owner.given(command(change(RESALE, places("GA", 1), event=MARCH)))
    closed = Selling(for_sale=ForSale(for_sale=False, area_places={"GA": 5}))
    owner.given([told(MARCH, selling=closed)]).given(book("GA", event=MARCH))
    assert owner.changes[-1].previous_status == RESALE
    owner.when(book("GA", event=MARCH)).then_rejected(Rejection.NOT_ENOUGH_PLACES)


def test_an_area_that_is_too_small_for_a_season_and_its_events_sells_nothing_again() -> None:
    owner = SeatsScenario(*year()).given(book(places("GA", 2), event=MARCH))
    owner.given(command(change(RESALE, "GA", event=YEAR)), [told(YEAR, inventory=hash_of(ATTIC))])
    owner.when(book("GA", event=YEAR)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    owner.given(release("GA", event=MARCH), book("GA", event=YEAR))
    assert owner.changes[-1].previous_status == RESALE


def test_an_area_that_a_season_and_its_event_have_as_a_whole_is_sold_again() -> None:
    owner = SeatsScenario(*year()).given(book(places("GA", 7), event=YEAR))
    owner.given(book(places("GA", 2), event=MARCH), command(change(RESALE, "GA", event=MARCH)))
    owner.given(book("GA", event=MARCH))
    assert owner.changes[-1].previous_status == RESALE
