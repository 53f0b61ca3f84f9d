"""A season's seats sold once more by its events, and refusals that blame it wrongly, are named."""

import msgspec
import pytest

from schemas.commands import (
    ChangePartialSeason,
    CreatePartialSeason,
    CreateSeason,
    CreateSeasonEvents,
    DeleteEvent,
    NewEvent,
    ObjectChange,
    UpdateEvent,
)
from schemas.facts import BOOKED, FREE, EventCreated, SeasonStatusOverridden, StatusChanged
from schemas.rejections import Obstacle, Rejected, Rejection
from schemas.selling import EventCategory, TableBooking
from seatlog.verify.report import Check
from tests.verify.story import Story, Teller, among, change
from tests.workers.house import (
    COORDINATOR_COMMANDS,
    COORDINATOR_OUTBOX,
    OUTBOX,
    SAMPLE_HASH,
    WORKSPACE,
    book,
)

YEAR, FIRST, SECOND, SPRING = (256 * number for number in (2, 3, 4, 5))


class SeasonTeller(Teller):
    """Tells of a season with two events and a partial season."""

    async def tell(self) -> Story:
        await self.open()
        new = NewEvent(key="year", chart_key="chart", inventory=SAMPLE_HASH)
        self.house.send(
            COORDINATOR_COMMANDS,
            CreateSeason(workspace=WORKSPACE, season=new, event_keys=["first"]),
            CreateSeasonEvents(workspace=WORKSPACE, season="year", event_keys=["second"]),
            CreatePartialSeason(
                workspace=WORKSPACE, top="year", key="spring", event_keys=["first"]
            ),
        )
        await self.house.facts_when(
            lambda facts: sum(isinstance(fact, EventCreated) for fact in facts) == 5
        )
        places = [ObjectChange(label="GA1", quantity=quantity) for quantity in (60, 50, 40, 10)]
        await self.ask(
            book(YEAR, "A-1", "A-2"),
            book(FIRST, "A-1"),
            book(SECOND, "B-1", "B-2", "B-3"),
            book(YEAR, "B-1"),
            book(SECOND, "B-1"),
            book(SPRING, "B-1", "C-1"),
            book(FIRST, "A-2", status=FREE),
            change(YEAR, places[0]),
            change(FIRST, places[1]),
            change(FIRST, places[2]),
            change(SPRING, places[3]),
        )
        self.house.send(
            COORDINATOR_COMMANDS,
            ChangePartialSeason(
                workspace=WORKSPACE, top="year", partial="spring", added=["second"]
            ),
            UpdateEvent(workspace=WORKSPACE, key="first", is_in_the_past=True),
        )
        await self.house.facts_when(
            lambda facts: any(getattr(fact, "is_in_the_past", None) for fact in facts)
        )
        await self.ask(book(FIRST, "D-1"), book(YEAR, "D-1"), book(SECOND, "D-1"))
        categories = [EventCategory(key="vip", label="VIP")]
        tables = TableBooking(mode="all_by_seat")
        self.house.send(
            COORDINATOR_COMMANDS,
            UpdateEvent(workspace=WORKSPACE, key="year", tables=tables, categories=categories),
        )
        await self.house.facts_when(
            lambda facts: sum(getattr(fact, "selling", None) is not None for fact in facts) == 4
        )
        self.house.send(COORDINATOR_COMMANDS, DeleteEvent(workspace=WORKSPACE, key="spring"))
        await self.house.facts_when(
            lambda facts: any(type(fact).__name__ == "EventDeleted" for fact in facts)
        )
        return await self.end()


@pytest.fixture(scope="module")
async def told_of_seasons() -> Story:
    return await SeasonTeller().tell()


@pytest.fixture
def season(told_of_seasons: Story) -> Story:
    return told_of_seasons.again()


def refused(story: Story, code: Rejection) -> list[int]:
    return [
        offset
        for offset in story.answers()
        if isinstance(answer := story.data(offset).answer, Rejected) and answer.code == code.code
    ]


def test_a_true_history_of_a_season_is_clean(season: Story) -> None:
    assert season.check().faults == []
    assert len(refused(season, Rejection.TAKEN_IN_SEASON)) == 4
    assert len(refused(season, Rejection.NOT_ENOUGH_PLACES)) == 2
    assert len(season.with_fact(OUTBOX, SeasonStatusOverridden)) == 1


async def test_a_history_with_overrides_that_were_told_before_the_event_joined_is_clean(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.seats.settling.overrides_bytes_max", 0)
    story = await SeasonTeller().tell()
    [ahead] = story.with_fact(OUTBOX, SeasonStatusOverridden)
    assert len(story.data(ahead).facts) == 1, "in a record of its own"
    assert story.check().faults == []


def test_a_seat_sold_on_the_season_and_on_its_event_is_named(season: Story) -> None:
    [sold] = season.with_fact(OUTBOX, StatusChanged, event=SECOND, label="B-1", status=BOOKED)
    season.edit_fact(sold, label="A-1")
    assert "A-1 of event 1024 has 1 places, and with its seasons 2 are" in among(
        season, Check.SEATS
    )


def test_an_event_that_joins_and_does_not_say_what_is_sold_twice_is_named(season: Story) -> None:
    [joined] = season.with_fact(OUTBOX, SeasonStatusOverridden)
    season.edit(joined, lambda data: msgspec.structs.replace(data, facts=data.facts[:-1]))
    assert "B-1 of event 1024 has 1 places" in among(season, Check.SEATS)


def test_an_override_of_another_season_or_of_too_much_is_named(season: Story) -> None:
    [joined] = season.with_fact(OUTBOX, SeasonStatusOverridden)
    for changed, says in (
        ({"season": SECOND}, "overrides season 1024, and is not in it"),
        ({"places": {"B-1": 2}}, "2 places of B-1 of event 1024 are overridden"),
    ):
        falsified = season.again()
        falsified.edit(
            joined,
            lambda data, changed=changed: msgspec.structs.replace(  # type: ignore[misc]
                data, facts=[data.facts[0], msgspec.structs.replace(data.facts[1], **changed)]
            ),
        )
        assert says in among(falsified, Check.SEATS)


def test_a_refusal_that_blames_the_season_wrongly_is_named(season: Story) -> None:
    [own] = refused(season, Rejection.OBJECT_NOT_FREE)
    code = Rejection.TAKEN_IN_SEASON.code
    blamed = Rejected(code=code, obstacles=[Obstacle(event=SECOND, label="B-1", code=code)])
    season.edit(own, lambda data: msgspec.structs.replace(data, answer=blamed))
    assert "refuses B-1 as taken in the season, and it may not be" in among(season, Check.ANSWERS)


def test_other_events_than_were_asked_for_are_named(season: Story) -> None:
    [created] = season.with_fact(COORDINATOR_OUTBOX, EventCreated, key="second")
    season.edit_fact(created, COORDINATOR_OUTBOX, key="third")
    assert "asked to create ['second'] and created ['third']" in among(season, Check.ANSWERS)
