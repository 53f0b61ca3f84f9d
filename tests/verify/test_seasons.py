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
from schemas.facts import (
    BOOKED,
    FREE,
    EventCreated,
    PlannedChange,
    SeasonStatusOverridden,
    SeatsFact,
    StatusChanged,
)
from schemas.rejections import Obstacle, Rejected, Rejection
from schemas.selling import EventCategory, ForSale, Selling, TableBooking
from seatlog.verify.parking import Parking, Source
from seatlog.verify.refusals import Position, refusal_faults
from seatlog.verify.report import Check
from tests.engine import factories, season_year
from tests.engine.factories import NOON, command, event_deleted, event_sold
from tests.engine.season_year import AUTUMN, MARCH, MAY, in_year, told, year
from tests.verify.story import Story, Teller, among, change
from tests.verify.test_tables import Told
from tests.verify.test_tables import changed as sold
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
        ({"season": SECOND}, "overrides season 1024, and the event does not join it"),
        ({"places": {"B-1": 2}}, "overrides season 1280 for 2 places, after 0, and need not"),
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


def on(event: int, seq: int, label: str, **more: str) -> StatusChanged:
    """Tell that an event sells an object."""
    return msgspec.structs.replace(sold(seq, label, **more), event=event)


def faults(*facts: SeatsFact, before: Told | None = None) -> list[str]:
    """Name the faults of a record with these facts."""
    known = before or Told(*year())
    known.tell(*facts).fold.end_record("here")
    return known.faults


def test_a_seat_that_a_group_may_get_is_not_sold_in_its_season() -> None:
    in_doubt = Told(*year())
    in_doubt.fold.reserve(1, [PlannedChange(change=on(season_year.YEAR, 0, "A-1"))])
    [fault] = faults(on(MARCH, 1, "A-1"), before=in_doubt)
    assert "A-1 of event 1280 has 1 places, and with its seasons 2 are taken" in fault
    freed = Told(*year(), on(season_year.YEAR, 1, "A-1"))
    freed.fold.reserve(1, [PlannedChange(change=on(MARCH, 0, "A-1"))])
    assert len(faults(before=freed)) == 1, "looked at when it is reserved"


def test_a_table_and_the_seats_of_it_are_the_same_places_in_all_of_a_season() -> None:
    by_table = Selling(tables=TableBooking(mode="all_by_table"))
    facts: list[SeatsFact] = [*year(), on(season_year.YEAR, 1, "T1-1")]
    facts += [event_sold(by_table, event, key) for event, key in season_year.KEYS.items()]
    assert "T1-1 of event 1280" in faults(on(MARCH, 1, "T1"), before=Told(*facts))[0]
    whole = SeasonStatusOverridden(event=MARCH, season=season_year.YEAR, places={"T1": 1})
    again = told(MARCH, season=in_year(season_year.SPRING, AUTUMN))
    assert faults(whole, on(MARCH, 1, "T1"), again, before=Told(*facts)) == []


def test_what_a_season_says_and_its_events_do_not_is_named() -> None:
    by_table = Selling(tables=TableBooking(mode="all_by_table"))
    [*fault] = faults(event_sold(by_table, season_year.YEAR, "year"))
    assert len(fault) == 5, "of its three events and two partial seasons"
    assert "sells the tables of event" in fault[0]
    closed = Selling(for_sale=ForSale(for_sale=False, objects=["A-1"]))
    [own] = faults(event_sold(closed, AUTUMN, "autumn"))
    assert "has for sale of event 1536 what its seasons do not say" in own
    passed_on = Selling(for_sale_of_seasons=[ForSale(for_sale=False, objects=["A-1"])])
    both = (event_sold(closed, AUTUMN, "autumn"), event_sold(passed_on, MAY, "may"))
    assert faults(*both) == []


def test_an_event_that_is_left_in_a_season_that_is_gone_is_named() -> None:
    [left] = faults(event_deleted(AUTUMN, "autumn"))
    assert left == "season 2304 is deleted, and its event 1536 is not"
    assert (
        faults(told(MAY, season=in_year(season_year.SPRING)), event_deleted(AUTUMN, "autumn")) == []
    )


def test_an_event_may_override_a_season_for_a_table_and_its_seats_whichever_it_sells() -> None:
    places = {"T2": 1, "T2-1": 1, "T2-2": 1}
    both = SeasonStatusOverridden(event=MARCH, season=season_year.YEAR, places=places)
    assert faults(both) == []
    nowhere = msgspec.structs.replace(both, places={"T9": 1})
    assert faults(nowhere) == ["event 1280 has no object T9"]


def test_who_would_override_a_season_for_what_is_not_sold_any_more_is_refused_rightly() -> None:
    by_table = event_sold(Selling(tables=TableBooking(mode="all_by_table")), MARCH, "march")
    left = Told(*year(), on(MARCH, 1, "T1-1"), by_table)
    code = Rejection.OBJECT_NOT_FOUND.code
    why = Rejected(code=code, obstacles=[Obstacle(event=MARCH, label="T1-1", code=code)])
    position = Position(left.fold, Parking(left.fold), Source("command", 1), NOON)
    assert [*refusal_faults(season_year.override(MARCH, "T1-1"), why, position)] == []
    release = command(factories.change(FREE, "T1-1", event=MARCH))
    assert len([*refusal_faults(release, why, position)]) == 1
