"""A command is done as a whole or refused as a whole."""

import pytest

from schemas.commands import Hold
from schemas.facts import BOOKED, FREE, HELD, RESALE, StatusChanged
from schemas.rejections import Obstacle, Rejection
from tests.engine.factories import (
    ALICE,
    ANOTHER_WORKSPACE,
    BOB,
    CUSTOM,
    EVENING,
    HOUR,
    MATINEE,
    MINUTE,
    NOON,
    book,
    change,
    command,
    event_created,
    hold,
    places,
    release,
)
from tests.engine.scenario import SeatsScenario

STALE = Hold("stale", NOON)
ENDLESS = Hold("endless", NOON + 3 * HOUR)


def two_shows() -> SeatsScenario:
    """Give a scenario with a matinee and an evening show in the theatre."""
    return SeatsScenario(event_created(), event_created(EVENING, "evening"))


def test_one_seat_that_is_taken_refuses_all() -> None:
    SeatsScenario().given("A  . . x . .").when(book("A-1", "A-2", "A-3", "A-4")).then_rejected(
        Rejection.OBJECT_NOT_FREE, ("A-3", Rejection.OBJECT_NOT_FREE)
    ).then_seats("A  . . x . .")


def test_every_object_in_the_way_is_named_in_the_order_of_the_command() -> None:
    scenario = SeatsScenario().given("A  . x h ? .", book(places("GA", 8)))
    scenario.when(
        book("Z-9", places("GA", 3), "A-4", "A-3", "A-1", "A-2", "T2-1", places("A-5", 2), by=BOB)
    )
    scenario.then_rejected(
        Rejection.OBJECT_NOT_FOUND,
        ("Z-9", Rejection.OBJECT_NOT_FOUND),
        ("GA", Rejection.NOT_ENOUGH_PLACES),
        ("A-4", Rejection.OBJECT_NOT_FREE),
        ("A-3", Rejection.HELD_BY_ANOTHER_TOKEN),
        ("A-2", Rejection.OBJECT_NOT_FREE),
        ("T2-1", Rejection.OBJECT_NOT_FOUND),
        ("A-5", Rejection.QUANTITY_ON_A_SEAT),
    )
    statuses = [obstacle.status for obstacle in scenario.refusal.obstacles]
    assert statuses == [None, BOOKED, CUSTOM, HELD, BOOKED, None, FREE]


def test_a_seat_named_twice_cannot_be_booked_twice() -> None:
    SeatsScenario().when(book("A-1", "A-1")).then_rejected(
        Rejection.OBJECT_NOT_FREE, ("A-1", Rejection.OBJECT_NOT_FREE)
    ).then_untouched("A-1")


def test_later_changes_of_a_command_see_the_earlier_ones() -> None:
    scenario = SeatsScenario().given("A  x . . . .")
    scenario.given(command(change(FREE, "A-1"), change(HELD, "A-1", by=ALICE)))
    scenario.then_seats("A  h . . . .")
    passed = [
        (changed.seq, changed.previous_status, changed.status) for changed in scenario.changes
    ]
    assert passed == [(2, BOOKED, FREE), (3, FREE, HELD)]


def test_changes_are_applied_in_their_order() -> None:
    scenario = SeatsScenario()
    scenario.when(command(change(HELD, "A-1", by=ALICE), change(BOOKED, "A-1", by=BOB)))
    scenario.then_rejected(
        Rejection.HELD_BY_ANOTHER_TOKEN, ("A-1", Rejection.HELD_BY_ANOTHER_TOKEN)
    )
    assert scenario.refusal.obstacles[0].status == HELD
    scenario.then_untouched("A-1")


def test_a_released_place_of_an_area_can_be_taken_by_the_same_command() -> None:
    scenario = SeatsScenario().given(book(places("GA", 10)))
    scenario.given(
        command(
            change(FREE, places("GA", 4)),
            change(HELD, places("GA", 3), by=ALICE),
            change(BOOKED, places("GA", 3), by=ALICE),
        )
    )
    scenario.then_area(taken={BOOKED: 9})
    scenario.when(command(change(FREE, "GA"), change(BOOKED, places("GA", 3))))
    scenario.then_rejected(Rejection.NOT_ENOUGH_PLACES).then_area(taken={BOOKED: 9})


def test_a_seat_that_a_command_takes_and_gives_back_is_untouched() -> None:
    scenario = SeatsScenario().given(
        command(change(HELD, "A-1", by=ALICE), change(FREE, "A-1", by=ALICE))
    )
    scenario.then_untouched("A-1")
    assert scenario.event().last_seq == 2


def test_a_group_of_events_of_one_partition_is_all_or_nothing() -> None:
    scenario = two_shows().given(book("A-1", event=EVENING))
    scenario.when(command(change(BOOKED, "A-1"), change(BOOKED, "A-1", event=EVENING)))
    scenario.then_rejected(Rejection.OBJECT_NOT_FREE)
    assert scenario.refusal.obstacles == [
        Obstacle(
            event=EVENING,
            label="A-1",
            code="OBJECT_NOT_FREE",
            status=BOOKED,
            requested_status=BOOKED,
        )
    ]
    scenario.then_seats("A  . . . . .", event=MATINEE)


def test_a_group_of_events_is_booked_together() -> None:
    scenario = two_shows().given(
        command(change(BOOKED, "A-1", "A-2"), change(BOOKED, "A-1", "A-2", event=EVENING))
    )
    scenario.then_seats("A  x x . . .", MATINEE).then_seats("A  x x . . .", EVENING)


def test_the_same_label_in_two_events_is_two_objects() -> None:
    two_shows().given(book("A-1")).then_seats("A  . . . . .", event=EVENING).given(
        book("A-1", event=EVENING)
    )


def test_status_changes_are_numbered_in_each_event_without_a_gap() -> None:
    scenario = two_shows().given(
        book("A-1", "A-2"),
        command(
            change(BOOKED, "A-3", event=EVENING),
            change(BOOKED, "A-3"),
            change(BOOKED, "A-4", event=EVENING),
        ),
    )
    numbers = [(changed.event, changed.seq) for changed in scenario.changes]
    assert numbers == [(EVENING, 1), (MATINEE, 3), (EVENING, 2)]
    scenario.when(book("A-1")).then_rejected(Rejection.OBJECT_NOT_FREE)
    scenario.given(book("A-5"))
    assert [changed.seq for changed in scenario.changes] == [4]


def test_an_event_that_is_not_there_is_not_found() -> None:
    scenario = SeatsScenario().when(book("A-1", event=999))
    scenario.then_rejected(Rejection.EVENT_NOT_FOUND)
    assert scenario.refusal.detail == "999"
    assert scenario.refusal.obstacles == []


def test_an_event_of_another_workspace_is_not_found() -> None:
    asked = command(change(BOOKED, "A-1"), workspace=ANOTHER_WORKSPACE)
    scenario = SeatsScenario().when(asked).then_rejected(Rejection.EVENT_NOT_FOUND)
    scenario.then_untouched("A-1")


def test_one_event_that_is_not_there_refuses_the_whole_group() -> None:
    scenario = SeatsScenario()
    scenario.when(command(change(BOOKED, "A-1"), change(BOOKED, "A-1", event=999)))
    scenario.then_rejected(Rejection.EVENT_NOT_FOUND).then_untouched("A-1")


def test_the_seats_of_a_table_sold_by_seat_are_seats() -> None:
    SeatsScenario().given(hold("T1-1", by=ALICE), book("T1-1", by=ALICE)).when(
        book("T1-1")
    ).then_rejected(Rejection.OBJECT_NOT_FREE, ("T1-1", Rejection.OBJECT_NOT_FREE))


def test_a_refusal_names_the_status_that_was_asked_for_of_each_object() -> None:
    scenario = SeatsScenario().given("A  x . x . . .")
    scenario.when(
        command(
            change(HELD, "A-2", by=ALICE),
            change(BOOKED, "A-1"),
            change(CUSTOM, "A-3", allowed=[RESALE]),
        )
    ).then_rejected(Rejection.STATUS_NOT_ALLOWED)
    asked = [(each.label, each.requested_status) for each in scenario.refusal.obstacles]
    assert asked == [("A-1", BOOKED), ("A-3", CUSTOM)]


# Each command breaks one rule; two of them in one command are answered by the one that stands
# first in schemas/rejections.py, in whatever order they come.
BREAKS = {
    Rejection.EVENT_NOT_FOUND: change(BOOKED, "A-1", event=999),
    Rejection.HOLD_TOKEN_MISSING: change(HELD, "A-1"),
    Rejection.HOLD_DEADLINE_TOO_FAR: change(HELD, "A-1", by=ENDLESS),
    Rejection.HOLD_TOKEN_EXPIRED: change(HELD, "A-1", by=STALE),
    Rejection.OBJECT_NOT_FOUND: change(BOOKED, "Z-1"),
    Rejection.QUANTITY_ON_A_SEAT: change(BOOKED, places("A-1", 2)),
    Rejection.STATUS_NOT_ALLOWED: change(BOOKED, "A-2", allowed=[RESALE]),
    Rejection.STATUS_REJECTED: change(BOOKED, "A-3", rejected=[FREE]),
    Rejection.HELD_BY_ANOTHER_TOKEN: change(BOOKED, "B-1", by=BOB),
    Rejection.OBJECT_NOT_FREE: change(BOOKED, "B-2"),
    Rejection.NOT_ENOUGH_PLACES: change(BOOKED, places("GA", 11)),
    Rejection.NOT_ENOUGH_TAKEN_PLACES: change(FREE, places("GA", 11)),
}
PAIRS = [(one, other) for one in BREAKS for other in BREAKS if one is not other]


@pytest.mark.parametrize(
    ("one", "other"), PAIRS, ids=[f"{one.code}-{other.code}" for one, other in PAIRS]
)
def test_of_two_reasons_the_one_that_stands_first_is_the_answer(
    one: Rejection, other: Rejection
) -> None:
    scenario = SeatsScenario().given("B  h x . . .")
    scenario.when(command(BREAKS[one], BREAKS[other]))
    scenario.then_rejected(min(one, other, key=lambda reason: reason.precedence))


@pytest.mark.parametrize("reason", BREAKS, ids=lambda reason: reason.code)
def test_each_reason_alone_is_the_answer(reason: Rejection) -> None:
    scenario = SeatsScenario().given("B  h x . . .")
    scenario.when(command(BREAKS[reason])).then_rejected(reason)


def test_a_hold_is_named_in_the_refusal_that_is_about_it() -> None:
    scenario = SeatsScenario().when(
        command(change(BOOKED, "A-1", by=ALICE), change(HELD, "A-2", by=STALE))
    )
    scenario.then_rejected(Rejection.HOLD_TOKEN_EXPIRED)
    assert scenario.refusal.detail == STALE.token


def test_a_release_without_any_change_of_status_still_counts_as_one() -> None:
    [changed] = SeatsScenario().given(release("A-1")).last.facts
    assert isinstance(changed, StatusChanged)
    assert (changed.previous_status, changed.status, changed.seq) == (FREE, FREE, 1)


def test_a_deadline_just_within_two_hours_and_a_minute_is_taken() -> None:
    limit = NOON + 2 * HOUR + MINUTE
    SeatsScenario().given(hold("A-1", by=Hold("long", limit))).when(
        hold("A-2", by=Hold("longer", limit + 1))
    ).then_rejected(Rejection.HOLD_DEADLINE_TOO_FAR)
