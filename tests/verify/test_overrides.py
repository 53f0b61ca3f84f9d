"""An event that overrides a season for more than it was asked, or had to, is named."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from schemas.commands import CreateSeason, NewEvent, ObjectChange, SeasonUse
from schemas.facts import (
    BOOKED,
    FREE,
    AreaCounts,
    EventUpdated,
    Moves,
    PlannedChange,
    Pocket,
    SeasonStatusOverridden,
    SeatsFact,
    StatusChanged,
)
from schemas.selling import TableBooking
from seatlog.verify.overrides import asked_faults, unasked_faults
from seatlog.verify.report import Check
from tests.engine.factories import CAPACITY, FAIR, command, places, sold_anew, sold_from
from tests.engine.season_year import (
    KEYS,
    OCTOBER,
    SPRING,
    YEAR,
    in_year,
    override,
    told,
    use_again,
    uses,
    year,
)
from tests.verify import test_seasons
from tests.verify.story import Story, Teller, among, change, only
from tests.verify.test_seasons import SECOND, SeasonTeller
from tests.verify.test_tables import Told, changed
from tests.workers.house import COORDINATOR_COMMANDS, OUTBOX, SAMPLE_HASH, WORKSPACE

PAST = told(OCTOBER, is_in_the_past=True)
JOINS = told(OCTOBER, season=in_year(SPRING))


def has(event: int, label: str, places: int = 0) -> StatusChanged:
    """Tell that an event has an object, or so many places of it, and nothing else."""
    area = AreaCounts(taken={BOOKED: places}) if places else None
    return replace(changed(1, label), event=event, quantity=places or 1, area=area)


def plan(event: int, label: str, *sources: tuple[str, int]) -> PlannedChange:
    """Plan to book an object, or places of it from these pockets."""
    moves = Moves([(Pocket(status), of) for status, of in sources], Pocket(BOOKED))
    return PlannedChange(change=replace(has(event, label), seq=0), moves=moves if sources else None)


def overridden(season: int = SPRING, **by_label: int) -> SeasonStatusOverridden:
    """Tell that October overrides a season; an underscore stands for a hyphen."""
    named = {label.replace("_", "-"): places for label, places in by_label.items()}
    return SeasonStatusOverridden(event=OCTOBER, season=season, places=named)


def faults(
    *overrides: SeasonStatusOverridden,
    before: Sequence[SeatsFact] = (),
    groups: Sequence[list[PlannedChange]] = (),
    decided: EventUpdated | None = JOINS,
) -> list[str]:
    """Name the faults of these overrides, after `before` and with groups in doubt."""
    fold = Told(*year(), *before).fold
    for number, changes in enumerate(groups):
        fold.reserve(number, changes)
    return [*unasked_faults(overrides, [decided] if decided else [], fold)]


def need_not(label: str, places: int, before: int = 0) -> str:
    name = f"{label} of event {OCTOBER} overrides season {SPRING}"
    return f"{name} for {places} places, after {before}, and need not"


def test_a_seat_is_overridden_if_it_is_sold_twice_then() -> None:
    both: list[SeatsFact] = [has(OCTOBER, "A-1"), has(SPRING, "A-1")]
    assert faults(overridden(A_1=1), before=both) == []
    for one in both:
        assert faults(overridden(A_1=1), before=[one]) == [need_not("A-1", 1)]


def test_places_of_an_area_are_overridden_as_far_as_they_are_too_many() -> None:
    assert CAPACITY == 7 + 5 - 2
    before: list[SeatsFact] = [has(OCTOBER, "GA", 7), has(SPRING, "GA", 5)]
    assert faults(overridden(GA=2), before=before) == []
    assert faults(overridden(GA=3), before=before) == [need_not("GA", 3)]
    once_more = [*before, overridden(GA=2)]
    assert faults(overridden(GA=2), before=once_more) == [], "who has said it says no more"
    assert faults(overridden(GA=3), before=once_more) == [need_not("GA", 3, before=2)]
    assert faults(overridden(GA=1), before=once_more) == [need_not("GA", 1, before=2)]


def test_a_booth_that_is_an_area_of_the_season_by_now_is_overridden() -> None:
    before: list[SeatsFact] = [
        has(OCTOBER, "Booth"),
        has(SPRING, "Booth"),
        sold_from(FAIR, SPRING, "spring"),
    ]
    assert faults(overridden(Booth=1), before=before) == []
    assert faults(overridden(Booth=1), before=before[1:]) == [need_not("Booth", 1)]


def test_each_of_several_seasons_is_overridden_as_far_as_it_must() -> None:
    comes_back = told(OCTOBER, is_in_the_past=False, season=in_year(SPRING))
    before: list[SeatsFact] = [
        PAST,
        has(OCTOBER, "GA", 8),
        has(YEAR, "GA", 5),
        has(SPRING, "GA", 4),
    ]
    both = overridden(YEAR, GA=3), overridden(SPRING, GA=4)
    assert faults(*both, before=before, decided=comes_back) == []
    assert faults(both[1], before=before, decided=comes_back) == []
    more = overridden(YEAR, GA=4), both[1]
    assert len(faults(*more, before=before, decided=comes_back)) == 2, "neither needs the other"
    of_before: list[SeatsFact] = [overridden(YEAR, A_1=1), has(OCTOBER, "A-1"), has(YEAR, "A-1")]
    assert faults(overridden(A_1=1), before=of_before) == [need_not("A-1", 1)]


def test_what_groups_may_take_counts_as_taken() -> None:
    assert faults(overridden(A_1=1), groups=[[plan(OCTOBER, "A-1")], [plan(SPRING, "A-1")]]) == []
    assert faults(overridden(A_1=1), groups=[[plan(OCTOBER, "A-1")]]) == [need_not("A-1", 1)]
    six = [(FREE, 4)], [(FREE, 2)]
    area = [[plan(event, "GA", *of) for of in six] for event in (OCTOBER, SPRING)]
    assert faults(overridden(GA=2), groups=area) == []
    assert faults(overridden(GA=3), groups=area) == [need_not("GA", 3)]
    moved = [[plan(OCTOBER, "GA", ("painted", 6))], area[1]]
    assert faults(overridden(GA=1), groups=moved) == [need_not("GA", 1)], "none was free"


WHOLE, BY_SEAT = (
    [sold_anew(TableBooking(mode=mode), event) for event in KEYS]
    for mode in ("all_by_table", "all_by_seat")
)


def test_a_table_is_overridden_if_one_of_them_has_it_as_a_whole() -> None:
    different = [has(OCTOBER, "T1-1"), has(SPRING, "T1-2")]
    assert faults(overridden(T1=1), before=different) == [need_not("T1", 1)]
    same = [has(OCTOBER, "T1-1"), has(SPRING, "T1-1")]
    assert faults(overridden(T1_1=1), before=same) == []
    assert faults(overridden(T1=1, T1_1=1), before=same) == [need_not("T1", 1)]
    whole: list[SeatsFact] = [*WHOLE, has(SPRING, "T1"), *BY_SEAT, has(OCTOBER, "T1-1")]
    assert faults(overridden(T1=1, T1_1=1), before=whole) == []
    assert faults(overridden(T1=1, T1_2=1), before=whole) == [need_not("T1-2", 1)]
    in_doubt: list[SeatsFact] = [*BY_SEAT, has(OCTOBER, "T1-1")]
    assert faults(overridden(T1=1), before=in_doubt, groups=[[plan(SPRING, "T1")]]) == []


BOTH = [has(OCTOBER, "A-1"), PAST, has(YEAR, "A-1")]


@pytest.mark.parametrize(
    ("before", "decided", "season", "is_true"),
    [
        (BOTH, told(OCTOBER, is_in_the_past=False), YEAR, True),
        (BOTH, told(OCTOBER, is_in_the_past=False), SPRING, False),
        (BOTH, told(OCTOBER), YEAR, False),
        (BOTH, told(OCTOBER, season=in_year(SPRING)), YEAR, False),
        (BOTH, None, YEAR, False),
        ([has(OCTOBER, "A-1"), has(SPRING, "A-1")], JOINS, SPRING, True),
        ([has(OCTOBER, "A-1"), has(SPRING, "A-1")], told(SPRING), SPRING, False),
        ([has(OCTOBER, "A-1"), has(SPRING, "A-1"), JOINS], JOINS, SPRING, False),
    ],
    ids=["back", "not in it", "not told", "in the past", "never", "joins", "another", "was in it"],
)
def test_only_who_joins_or_comes_back_overrides_unasked(
    before: list[SeatsFact], decided: EventUpdated | None, season: int, *, is_true: bool
) -> None:
    named = f"A-1 of event {OCTOBER} overrides season {season}"
    found = faults(overridden(season, A_1=1), before=before, decided=decided)
    assert (
        found == []
        if is_true
        else found == [f"{named}, and the event does not join it or come back"]
    )


def test_a_command_overrides_as_many_places_as_it_has_asked_for() -> None:
    fold = Told(*year(), overridden(YEAR, GA=4)).fold
    three = override(OCTOBER, places("GA", 3))
    twice = command(
        uses(OCTOBER, places("GA", 9), is_overridden=True),
        uses(OCTOBER, places("GA", 2), is_overridden=False),
    )
    for asked, wanted in (
        (three, 7),
        (use_again(OCTOBER, places("GA", 3)), 1),
        (use_again(OCTOBER, places("GA", 9)), 0),
        (twice, CAPACITY - 2),
    ):
        assert [*asked_faults(asked, [overridden(YEAR, GA=wanted)], fold)] == []
        [fault] = asked_faults(asked, [overridden(YEAR, GA=wanted + 1)], fold)
        assert f"for {wanted + 1} places, and as it was asked they are {wanted}" in fault
    assert [*asked_faults(override(OCTOBER, "A-1"), [overridden(YEAR, A_1=1)], fold)] == []


class AskedTeller(Teller):
    """Tells of an event that overrides its season, as it was asked."""

    async def tell(self) -> Story:
        await self.open()
        new = NewEvent(key="year", chart_key="chart", inventory=SAMPLE_HASH)
        season = CreateSeason(workspace=WORKSPACE, season=new, event_keys=["first"])
        self.house.send(COORDINATOR_COMMANDS, season)
        await self.house.facts_when(lambda facts: len(facts) == 3)
        three = ObjectChange(label="GA1", quantity=3)
        use = SeasonUse(season=test_seasons.YEAR, is_overridden=True)
        await self.ask(change(test_seasons.FIRST, three, status=FREE, season_use=use))
        return await self.end()


async def test_a_command_that_overrides_more_than_it_has_asked_for_is_named() -> None:
    story = await AskedTeller().tell()
    assert story.check().faults == []
    [asked] = story.with_fact(OUTBOX, SeasonStatusOverridden)
    story.edit_fact(asked, OUTBOX, places={"GA1": 4})
    assert "for 4 places, and as it was asked they are 3" in only(story, Check.ANSWERS)


@pytest.fixture
async def told_before(monkeypatch: pytest.MonkeyPatch) -> Story:
    monkeypatch.setattr("engine.seats.settling.overrides_bytes_max", 0)
    return await SeasonTeller().tell()


async def test_overrides_that_were_told_before_the_event_joined_must_be_needed(
    told_before: Story,
) -> None:
    [ahead] = told_before.with_fact(OUTBOX, SeasonStatusOverridden)
    told_before.edit_fact(ahead, OUTBOX, places={"B-1": 1, "C-1": 1})
    assert "C-1 of event 1024 overrides season 1280 for 1" in among(told_before, Check.SEATS)


async def test_an_override_that_hides_what_is_sold_twice_is_named(told_before: Story) -> None:
    [ahead] = told_before.with_fact(OUTBOX, SeasonStatusOverridden)
    [sold] = told_before.with_fact(OUTBOX, StatusChanged, event=SECOND, label="B-1", status=BOOKED)
    told_before.move(ahead, sold, OUTBOX)
    told_before.edit_fact(sold, OUTBOX, season=test_seasons.YEAR, places={"A-1": 1})
    told_before.edit_fact(sold + 1, OUTBOX, label="A-1")
    found = among(told_before, Check.SEATS)
    assert "A-1 of event 1024 overrides season 512 for 1 places, after 0, and need not" in found
