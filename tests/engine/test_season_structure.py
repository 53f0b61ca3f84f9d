"""What a coordinator makes of commands about seasons: what is created, and what is in what."""

from typing import Any

import pytest

from engine.groups.directory import Entry
from schemas.commands import (
    ChangePartialSeason,
    CreatePartialSeason,
    CreateSeason,
    CreateSeasonEvents,
    NewEvent,
)
from schemas.facts import EventCreated, EventDeleted, EventUpdated
from schemas.inventory import Category
from schemas.rejections import Rejection
from schemas.seasons import SeasonPlace
from schemas.selling import EventCategory, Selling, TableBooking
from tests.engine.factories import ANOTHER_WORKSPACE, WORKSPACE, create, delete, update
from tests.engine.scenario import GroupsScenario

SOLD = Selling(
    tables=TableBooking(mode="all_by_table"),
    categories=[EventCategory(key="vip", label="VIP")],
    object_categories={"A-1": "vip"},
)


def season(*event_keys: str, key: str = "season", **fields: Any) -> CreateSeason:  # noqa: ANN401
    selling = fields.pop("selling", None)
    new = NewEvent(key=key, chart_key="chart", inventory="hash", name="All", selling=selling)
    return CreateSeason(workspace=WORKSPACE, season=new, event_keys=list(event_keys), **fields)


def events(*keys: str, of: str = "season") -> CreateSeasonEvents:
    return CreateSeasonEvents(workspace=WORKSPACE, season=of, event_keys=list(keys))


def partial(key: str, *keys: str, of: str = "season") -> CreatePartialSeason:
    return CreatePartialSeason(workspace=WORKSPACE, top=of, key=key, event_keys=list(keys))


def move(
    key: str, *, of: str = "season", add: tuple[str, ...] = (), remove: tuple[str, ...] = ()
) -> ChangePartialSeason:
    return ChangePartialSeason(
        workspace=WORKSPACE, top=of, partial=key, added=list(add), removed=list(remove)
    )


def entry(scenario: GroupsScenario, key: str) -> Entry:
    found = scenario.state.directory.find(WORKSPACE, key)
    assert found is not None, key
    return found


def place(scenario: GroupsScenario, key: str) -> SeasonPlace:
    found = entry(scenario, key).season
    assert found is not None, key
    return found


def partials(scenario: GroupsScenario, key: str) -> list[str]:
    """Name the partial seasons of an event."""
    found = [scenario.state.directory.by_id(one) for one in place(scenario, key).partials]
    return [one.key for one in found if one is not None]


def contents(scenario: GroupsScenario, key: str = "season") -> list[str]:
    return [one.key for one in scenario.state.directory.in_season(entry(scenario, key).event)]


def test_a_season_and_its_events_share_one_partition_chart_and_decision() -> None:
    scenario = GroupsScenario(events_partitions=64).given(season("first", "second", selling=SOLD))
    top, first, second = scenario.last.facts
    assert [fact.key for fact in (top, first, second)] == ["season", "first", "second"]
    assert {fact.partition for fact in scenario.last.facts} == {top.partition}
    assert {fact.chart_key for fact in scenario.last.facts} == {"chart"}
    assert top.season == SeasonPlace(kind="top", top=top.event)
    assert first.season == second.season == SeasonPlace(kind="event", top=top.event)
    assert len({fact.event for fact in scenario.last.facts}) == 3
    assert contents(scenario) == ["first", "second"]


def test_later_events_and_partial_seasons_follow_the_season_wherever_their_keys_would_go() -> None:
    scenario = GroupsScenario(events_partitions=64).given(season())
    where = entry(scenario, "season").partition
    scenario.given(events(*(f"e{number}" for number in range(20))), partial("spring", "e3"))
    assert {entry(scenario, key).partition for key in contents(scenario)} == {where}
    assert len(contents(scenario)) == 21
    assert partials(scenario, "e3") == ["spring"]
    assert partials(scenario, "e4") == []


def test_events_are_sold_as_their_season_says_but_for_its_channels_and_its_sale() -> None:
    scenario = GroupsScenario().given(season("first", selling=SOLD), events("second"))
    assert entry(scenario, "season").selling == SOLD
    assert entry(scenario, "first").selling == entry(scenario, "second").selling == SOLD
    scenario.given(season("third", key="plain"))
    assert scenario.last.facts[1].selling is None


def test_tables_are_the_seasons_and_reach_all_of_it() -> None:
    scenario = GroupsScenario().given(season("first", selling=SOLD), partial("spring", "first"))
    by_seat = TableBooking(mode="all_by_seat")
    for key in ("first", "spring"):
        scenario.when(update(key, tables=by_seat)).then_rejected(Rejection.TABLES_OF_SEASON)
    scenario.given(update("first", tables=TableBooking(mode="all_by_table"), name="as it is"))
    scenario.given(update("season", tables=by_seat))
    assert [fact.key for fact in scenario.last.facts] == ["season", "first", "spring"]
    for key in ("season", "first", "spring"):
        assert entry(scenario, key).selling.tables == by_seat
    categories: list[Category] = [*entry(scenario, "first").selling.categories]
    assert categories == SOLD.categories


def test_an_event_is_in_several_partial_seasons_and_leaves_them_one_by_one() -> None:
    scenario = GroupsScenario().given(
        season("first", "second"), partial("spring", "first"), partial("summer", "first", "second")
    )
    assert partials(scenario, "first") == ["spring", "summer"]
    scenario.given(move("spring", add=("second", "first")))
    assert [fact.key for fact in scenario.last.facts] == ["second"], "the other is in it already"
    assert partials(scenario, "second") == ["summer", "spring"]
    scenario.given(move("summer", remove=("first",)))
    assert partials(scenario, "first") == ["spring"]
    scenario.given(move("summer", remove=("first",)))
    assert scenario.last.facts == []


def test_a_deleted_partial_season_leaves_its_events() -> None:
    scenario = GroupsScenario().given(
        season("first", "second"), partial("spring", "first"), delete("spring")
    )
    assert [type(fact) for fact in scenario.last.facts] == [EventUpdated, EventDeleted]
    assert contents(scenario) == ["first", "second"]
    assert partials(scenario, "first") == []


def test_a_deleted_season_takes_all_of_it_along_and_nothing_else() -> None:
    scenario = GroupsScenario().given(
        season("first"), partial("spring", "first"), season("other", key="next"), create("alone")
    )
    scenario.given(delete("season"))
    assert {fact.key for fact in scenario.last.facts} == {"season", "first", "spring"}
    assert scenario.last.facts[-1].key == "season"
    assert all(isinstance(fact, EventDeleted) for fact in scenario.last.facts)
    assert contents(scenario, "next") == ["other"]
    scenario.given(season("first"), delete("first"))
    assert contents(scenario) == []


def test_an_event_keeps_its_place_when_it_is_renamed() -> None:
    scenario = GroupsScenario().given(season("first"), partial("spring", "first"))
    before = place(scenario, "first")
    scenario.given(update("first", new_key="opening"), update("season", new_key="year"))
    assert place(scenario, "opening") == before
    assert contents(scenario, "year") == ["opening", "spring"]
    scenario.given(events("second", of="year"))


def test_only_a_season_says_whether_its_sale_is_passed_on() -> None:
    scenario = GroupsScenario().given(season("first", for_sale_propagated=False))
    assert not place(scenario, "season").for_sale_propagated
    scenario.given(update("season", for_sale_propagated=True))
    assert place(scenario, "season").for_sale_propagated
    scenario.when(update("first", for_sale_propagated=True)).then_rejected(Rejection.NOT_A_SEASON)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (season("first", key="year"), Rejection.EVENT_KEY_TAKEN),
        (season("season", key="year"), Rejection.EVENT_KEY_TAKEN),
        (season("year", key="year"), Rejection.EVENT_KEY_TAKEN),
        (season("a", "a", key="year"), Rejection.EVENT_KEY_TAKEN),
        (events("first"), Rejection.EVENT_KEY_TAKEN),
        (events("a", of="nowhere"), Rejection.EVENT_NOT_FOUND),
        (events("a", of="alone"), Rejection.NOT_A_SEASON),
        (events("a", of="first"), Rejection.NOT_A_SEASON),
        (events("a", of="spring"), Rejection.NOT_A_SEASON),
        (partial("spring"), Rejection.EVENT_KEY_TAKEN),
        (partial("p", "nowhere"), Rejection.EVENT_NOT_FOUND),
        (partial("p", "alone"), Rejection.EVENT_NOT_IN_SEASON),
        (partial("p", "spring"), Rejection.EVENT_NOT_IN_SEASON),
        (partial("p", "season"), Rejection.EVENT_NOT_IN_SEASON),
        (partial("p", "first", of="other"), Rejection.EVENT_NOT_IN_SEASON),
        (move("spring", add=("elsewhere",)), Rejection.EVENT_NOT_IN_SEASON),
        (move("spring", of="other", add=("elsewhere",)), Rejection.EVENT_NOT_IN_SEASON),
        (move("first", add=("first",)), Rejection.NOT_A_SEASON),
        (move("nowhere", add=("first",)), Rejection.EVENT_NOT_FOUND),
    ],
)
def test_what_does_not_fit_is_refused_as_a_whole(command: Any, why: Rejection) -> None:  # noqa: ANN401
    scenario = GroupsScenario().given(
        season("first"),
        partial("spring", "first"),
        season("elsewhere", key="other"),
        create("alone"),
        create("first", workspace=ANOTHER_WORKSPACE),
    )
    scenario.when(command).then_rejected(why)
    assert contents(scenario) == ["first", "spring"]


def test_ids_go_on_after_a_season() -> None:
    scenario = GroupsScenario().given(create("alone"), season("first", "second"), create("after"))
    ids = [entry(scenario, key).event for key in ("alone", "season", "first", "second", "after")]
    assert [one // 256 for one in ids] == [1, 2, 3, 4, 5]
    created = scenario.last.facts[0]
    assert isinstance(created, EventCreated)


def test_a_season_of_thousands_of_events_tells_no_more_than_its_owner_can_tell_again() -> None:
    scenario = GroupsScenario().given(season())
    for hundred in range(50):
        scenario.given(events(*(f"{'x' * 90}-{hundred}-{number}" for number in range(100))))
    by_seat = TableBooking(mode="all_by_seat")
    scenario.when(update("season", tables=by_seat)).then_rejected(Rejection.SELLING_TOO_LARGE)
    scenario.given(delete("season"))
    assert len(scenario.last.facts) == 5_001
