"""Who may have what when a season is sold beside its events."""

import pytest

from schemas.facts import (
    BOOKED,
    FREE,
    CommandParked,
    GroupQueued,
    GroupRefused,
    GroupReserved,
    GroupsFact,
    SeasonStatusOverridden,
)
from schemas.rejections import Rejection
from schemas.selling import TableBooking
from tests.engine.factories import (
    ALICE,
    BOB,
    CAPACITY,
    CUSTOM,
    MATINEE,
    best,
    book,
    change,
    command,
    event_created,
    event_deleted,
    hold,
    places,
    release,
    sold_anew,
)
from tests.engine.scenario import SeatsScenario
from tests.engine.season_year import (
    AUTUMN,
    KEYS,
    MARCH,
    MAY,
    OCTOBER,
    SPRING,
    TAKEN,
    YEAR,
    in_year,
    told,
    year,
)
from tests.engine.test_reservations import begun, cancelled, confirmed

ALL_SEATS = [
    f"{row}-{number}" for row in "AB" for number in range(1, 6) if row + str(number) != "A1"
]
ALL_SEATS += ["T1-1", "T1-2", "Booth"]
"""All but A-1."""


@pytest.mark.parametrize(
    ("taken", "refused", "free"),
    [
        (YEAR, (SPRING, AUTUMN, MARCH, MAY, OCTOBER), (MATINEE,)),
        (SPRING, (YEAR, AUTUMN, MARCH, MAY), (OCTOBER,)),
        (AUTUMN, (YEAR, SPRING, MAY), (MARCH, OCTOBER)),
        (MARCH, (YEAR, SPRING), (AUTUMN, MAY, OCTOBER)),
        (MAY, (YEAR, SPRING, AUTUMN), (MARCH, OCTOBER)),
        (OCTOBER, (YEAR,), (SPRING, AUTUMN, MARCH, MAY)),
    ],
    ids=lambda value: KEYS.get(value) if isinstance(value, int) else None,
)
def test_what_is_taken_is_taken_for_all_who_share_it_and_nobody_else(
    owner: SeatsScenario, taken: int, refused: tuple[int, ...], free: tuple[int, ...]
) -> None:
    for place, status in enumerate(("booked", "hold", CUSTOM), start=1):
        label = f"A-{place}"
        by = ALICE if status == "hold" else None
        owner.given(
            hold(label, by=ALICE, event=taken)
            if by
            else command(change(status, label, event=taken))
        )
        for event in refused:
            owner.when(book(label, event=event)).then_rejected(TAKEN, (label, TAKEN))
            owner.when(book("B-1", label, event=event)).then_rejected(TAKEN, (label, TAKEN))
            # Its own hold, or what was allowed, opens no way to what is another event's.
            owner.when(hold(label, by=ALICE, event=event)).then_rejected(TAKEN)
            allowed = [FREE, BOOKED, CUSTOM]
            owner.when(book(label, event=event, allowed=allowed)).then_rejected(TAKEN)
            owner.then_untouched(label, event=event)
        for event in free:
            owner.given(book(label, event=event), release(label, event=event))


def test_what_is_given_back_is_free_for_all_again(owner: SeatsScenario) -> None:
    owner.given(book("A-1", event=YEAR), release("A-1", event=YEAR), book("A-1", event=SPRING))
    owner.given(release("A-1", event=SPRING), book("A-1", event=MAY), release("A-1", event=MAY))
    owner.given(hold("A-1", event=YEAR, by=ALICE)).at(ALICE.expires_at)
    owner.given(*(book("A-1", event=event) for event in (MARCH, MAY, OCTOBER)))


def test_nobody_releases_what_is_another_events(owner: SeatsScenario) -> None:
    owner.given(book("A-1", event=YEAR))
    owner.when(release("A-1", event=MARCH)).then_rejected(TAKEN)


def test_who_has_an_object_changes_it_whatever_others_do(owner: SeatsScenario) -> None:
    owner.given(hold("A-1", event=YEAR, by=ALICE), book("A-1", event=YEAR, by=ALICE))
    owner.given(command(change(CUSTOM, "A-1", event=YEAR)), release("A-1", event=YEAR))


def test_a_booking_on_a_season_is_one_change_of_the_season(owner: SeatsScenario) -> None:
    owner.given(book("A-1", event=YEAR))
    assert [(fact.event, fact.label) for fact in owner.changes] == [(YEAR, "A-1")]
    assert owner.event(MARCH).last_seq == 0


def test_a_request_sees_its_own_changes_on_the_others(owner: SeatsScenario) -> None:
    twice = command(change(BOOKED, "A-1", event=MARCH), change(BOOKED, "A-1", event=YEAR))
    owner.when(twice).then_rejected(TAKEN, ("A-1", TAKEN))
    owner.given(book("A-1", event=MARCH))
    owner.given(command(change(FREE, "A-1", event=MARCH), change(BOOKED, "A-1", event=YEAR)))
    assert [fact.event for fact in owner.changes] == [MARCH, YEAR]
    areas = command(
        change(BOOKED, places("GA", 6), event=MARCH), change(BOOKED, places("GA", 5), event=YEAR)
    )
    owner.when(areas).then_rejected(Rejection.NOT_ENOUGH_PLACES)


def test_an_event_in_the_past_is_no_obstacle_until_it_is_not_past(owner: SeatsScenario) -> None:
    owner.given(book("A-1", event=OCTOBER), [told(OCTOBER, is_in_the_past=True)])
    owner.given(book("A-1", event=YEAR))
    owner.when(book("A-2", event=OCTOBER)).then_accepted()
    owner.when([told(OCTOBER, is_in_the_past=False)])
    assert owner.last.facts[1:] == [
        SeasonStatusOverridden(event=OCTOBER, season=YEAR, places={"A-1": 1})
    ]
    owner.when(release("A-2", event=OCTOBER)).then_accepted()
    owner.when(book("A-2", event=YEAR)).then_accepted()


def test_areas_are_shared_by_their_places(owner: SeatsScenario) -> None:
    owner.given(
        book(places("GA", 4), event=MARCH),
        book(places("GA", 7), event=OCTOBER),
        hold(places("GA", 1), by=ALICE, event=OCTOBER),
    )
    owner.when(book(places("GA", 3), event=YEAR)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    owner.given(book(places("GA", 2), event=YEAR), book(places("GA", 3), event=SPRING))
    owner.when(book(places("GA", 2), event=MARCH)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    owner.given(book(places("GA", 1), event=MARCH))  # 4 + 1, the year's 2, the spring's 3
    owner.when(book(places("GA", 1), event=SPRING)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    owner.given(book(places("GA", 5), event=MAY), release(places("GA", 3), event=SPRING))
    owner.given(book(places("GA", 3), event=MAY))
    owner.when(book(places("GA", 1), event=AUTUMN)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    owner.given(release(places("GA", 2), event=YEAR), book(places("GA", 2), event=AUTUMN))


# -- structure


def test_an_event_that_joins_keeps_what_is_sold_twice(owner: SeatsScenario) -> None:
    owner.given(
        book("A-1", "A-2", places("GA", 7), event=OCTOBER),
        hold("A-3", by=BOB, event=OCTOBER),
        book("A-1", "A-3", "A-4", places("GA", 5), event=SPRING),
    )
    owner.when([told(OCTOBER, season=in_year(SPRING))])
    assert owner.last.facts[1:] == [
        SeasonStatusOverridden(event=OCTOBER, season=SPRING, places={"A-1": 1, "A-3": 1, "GA": 2})
    ]
    owner.when(book("A-4", event=OCTOBER)).then_rejected(TAKEN)
    owner.when(book("A-2", event=SPRING)).then_rejected(TAKEN)
    owner.when(book(places("GA", 1), event=OCTOBER)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    owner.given(release("A-1", event=OCTOBER), book("A-1", event=OCTOBER))


def test_an_event_that_leaves_is_its_own_again(owner: SeatsScenario) -> None:
    owner.given(book("A-1", event=SPRING), [told(MARCH, season=in_year())])
    owner.given(book("A-1", event=MARCH))
    owner.when(book("A-1", event=YEAR)).then_rejected(TAKEN)


def test_a_deleted_event_stands_in_nobodys_way(owner: SeatsScenario) -> None:
    owner.given(book("A-1", event=OCTOBER), [event_deleted(OCTOBER, "october")])
    owner.given(book("A-1", event=YEAR))
    owner.given(release("A-1", event=YEAR), book("A-1", event=SPRING))
    left = [told(MARCH, season=in_year()), told(MAY, season=in_year(AUTUMN))]
    owner.given([*left, event_deleted(SPRING, "spring")], book("A-1", event=YEAR))


def test_a_season_is_deleted_with_all_of_it(owner: SeatsScenario) -> None:
    fresh = SeatsScenario(event_created())
    owner.given(
        book("A-1", places("GA", 3), event=YEAR),
        book("A-2", event=OCTOBER),
        book("A-2", event=SPRING),
        [told(OCTOBER, season=in_year(SPRING))],
    )
    events = (MARCH, MAY, OCTOBER, SPRING, AUTUMN, YEAR)
    owner.given([event_deleted(event, KEYS[event]) for event in events])
    assert owner.state.digest() == fresh.state.digest()
    assert YEAR not in owner.state.seasons
    assert MARCH not in owner.state.seasons


# -- groups in doubt


@pytest.mark.parametrize(
    ("doubted", "asked"),
    [(YEAR, MARCH), (MARCH, YEAR), (SPRING, YEAR), (MAY, AUTUMN), (AUTUMN, SPRING)],
)
def test_who_shares_what_is_in_doubt_waits_for_the_decision(doubted: int, asked: int) -> None:
    for decision, why in ((confirmed, TAKEN), (cancelled, None)):
        owner = SeatsScenario(*year())
        owner.given(begun(change(BOOKED, "A-1", event=doubted)))
        assert isinstance(owner.last.facts[0], GroupReserved)
        owner.when(book("A-1", event=asked))
        assert isinstance(owner.last.facts[0], CommandParked)
        owner.when(begun(change(BOOKED, "A-1", event=asked), group=8))
        assert isinstance(owner.last.facts[0], GroupQueued)
        owner.given(decision()).after(0)
        if why is None:
            owner.then_seats("A  x . . . .", event=asked)
        else:
            owner.then_untouched("A-1", event=asked)
        refused = [fact for facts in owner.expired for fact in facts]
        assert any(isinstance(fact, GroupRefused) for fact in refused)


def test_events_that_share_nothing_do_not_wait_for_one_another(owner: SeatsScenario) -> None:
    owner.given(begun(change(BOOKED, "A-1", event=MARCH)))
    for event in (OCTOBER, AUTUMN):
        owner.when(book("A-1", event=event)).then_accepted()


def test_nobody_overtakes_who_waits_for_what_they_share(owner: SeatsScenario) -> None:
    owner.given(begun(change(FREE, "A-1", event=MARCH)))
    owner.when(book("A-1", event=YEAR))
    assert isinstance(owner.last.facts[0], CommandParked)
    owner.when(book("A-1", event=OCTOBER))
    assert isinstance(owner.last.facts[0], CommandParked), "the year's came first"
    owner.given(cancelled()).after(0)
    owner.then_seats("A  x . . . .", event=YEAR).then_untouched("A-1", event=OCTOBER)
    assert not owner.state.parking


def test_two_groups_together_make_room_on_a_season_so_it_is_not_sold_out(
    owner: SeatsScenario,
) -> None:
    owner.given(
        book("A-1", event=MARCH),
        begun(change(FREE, "A-1", event=MARCH)),
        begun(change(BOOKED, "A-1", event=OCTOBER), group=8),
    )
    owner.when(book("A-1", event=YEAR))
    assert isinstance(owner.last.facts[0], CommandParked)
    owner.given(confirmed(), cancelled(8)).after(0)
    owner.then_seats("A  x . . . .", event=YEAR)


def test_places_in_doubt_are_neither_free_nor_sold_out_for_a_season(owner: SeatsScenario) -> None:
    owner.given(
        book(places("GA", 4), event=MARCH),
        begun(change(FREE, places("GA", 2), event=MARCH)),
        begun(change(BOOKED, places("GA", 3), event=MARCH), group=8),
    )
    assert isinstance(owner.last.facts[0], GroupReserved)
    owner.when(book(places("GA", 9), event=YEAR)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    owner.when(book(places("GA", 3), event=YEAR)).then_accepted()
    owner.when(book(places("GA", 1), event=YEAR))
    assert isinstance(owner.last.facts[0], CommandParked)
    owner.given(confirmed(), confirmed(8)).after(0)
    assert owner.area(event=YEAR).taken == {BOOKED: 4}
    owner.when(book(places("GA", 2), event=MARCH)).then_rejected(Rejection.NOT_ENOUGH_PLACES)
    assert CAPACITY == 5 + 4 + 1


def test_what_is_in_doubt_counts_as_sold_when_an_event_joins(owner: SeatsScenario) -> None:
    owner.given(
        begun(change(BOOKED, "A-1", places("GA", 6), event=OCTOBER)),
        begun(change(BOOKED, "A-1", places("GA", 6), event=SPRING), group=8),
        [told(OCTOBER, season=in_year(SPRING))],
    )
    assert owner.last.facts[1:] == [
        SeasonStatusOverridden(event=OCTOBER, season=SPRING, places={"A-1": 1, "GA": 2})
    ]
    owner.given(confirmed(), confirmed(8))


def test_who_waits_for_a_season_goes_on_when_the_event_leaves_it(owner: SeatsScenario) -> None:
    ways: list[tuple[int, list[GroupsFact]]] = [
        (MARCH, [told(MARCH, season=in_year())]),
        (MAY, [told(MAY, season=in_year(AUTUMN)), event_deleted(SPRING, "spring")]),
    ]
    for event, left in ways:
        label = f"A-{event % 5 + 1}"
        owner.given(begun(change(BOOKED, label, event=SPRING), group=event))
        owner.when(book(label, event=event))
        assert isinstance(owner.last.facts[0], CommandParked)
        owner.given(left).after(0)
        assert owner.object(label, event).status == BOOKED


# -- best available


def test_best_available_offers_nothing_that_is_taken_elsewhere(owner: SeatsScenario) -> None:
    left = ("A-3", "A-4", "A-5")
    sold = [label for label in ("A-1", *ALL_SEATS) if label not in left]
    owner.given(book(*sold, event=YEAR), book("A-3", event=SPRING))
    for event, chosen in (
        (MARCH, ["A-4", "A-5"]),
        (OCTOBER, ["A-3", "A-4"]),
        (YEAR, ["GA"]),
    ):
        owner.given(best(2, event=event))
        assert [change.label for change in owner.changes] == chosen


def test_best_available_counts_the_places_of_areas_that_others_have(owner: SeatsScenario) -> None:
    seats = [*ALL_SEATS, "A-1"]
    owner.given(book(*seats, places("GA", 4), event=YEAR), book(places("GA", 3), event=SPRING))
    owner.when(best(4, event=MARCH)).then_rejected(Rejection.BEST_AVAILABLE_OBJECTS_NOT_FOUND)
    owner.given(best(3, event=MARCH), best(6, event=OCTOBER))


def test_best_available_waits_for_what_is_in_doubt_elsewhere(owner: SeatsScenario) -> None:
    owner.given(book(*ALL_SEATS, places("GA", CAPACITY), event=MARCH))
    for decision, is_found in ((cancelled, True), (confirmed, False)):
        owner.given(begun(change(BOOKED, "A-1", event=YEAR)))
        owner.when(best(1, event=MARCH))
        assert isinstance(owner.last.facts[0], CommandParked)
        owner.given(decision()).after(0)
        assert (owner.object("A-1", MARCH).status == BOOKED) == is_found
        owner.given(release("A-1", event=MARCH if is_found else YEAR))
    assert not owner.state.parking


@pytest.mark.parametrize(("taken", "asking"), [(YEAR, MARCH), (MARCH, YEAR)])
def test_best_available_knows_of_tables_that_others_took_as_wholes_before_all_sold_their_seats(
    owner: SeatsScenario, taken: int, asking: int
) -> None:
    owner.given([sold_anew(TableBooking(mode="all_by_table"), event) for event in KEYS])
    owner.given(book("T1", event=taken))
    owner.given([sold_anew(TableBooking(mode="all_by_seat"), event) for event in KEYS])
    others = [label for label in ALL_SEATS if not label.startswith("T")]
    owner.given(book("A-1", *others, places("GA", CAPACITY), event=asking))
    owner.given(best(2, event=asking))
    assert [change.label for change in owner.changes] == ["T2-1", "T2-2"]
