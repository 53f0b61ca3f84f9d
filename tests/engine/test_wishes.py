"""Best available as a command: what is chosen, what is told, and what it keeps in mind."""

import pytest

from engine.seats.parking import parked_for_ms
from schemas.commands import ChangeBestAvailable, ChangeObjectStatus
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    BestAvailableChosen,
    EventUpdated,
    SeatsFact,
    StatusChanged,
)
from schemas.outbox import Accepted
from schemas.rejections import Rejected, Rejection
from schemas.selling import EventCategory, ForSale, Selling
from tests.engine.factories import (
    ALICE,
    ANOTHER_WORKSPACE,
    BARN,
    CAPACITY,
    EVENING,
    FIELD,
    MATINEE,
    PARTITION,
    WORKSPACE,
    best,
    book,
    change,
    channel,
    event_created,
    event_deleted,
    hold,
    keyed,
    places,
    release,
)
from tests.engine.scenario import SeatsScenario
from tests.engine.test_reservations import begun, cancelled, confirmed

NOT_FOUND = Rejection.BEST_AVAILABLE_OBJECTS_NOT_FOUND


def labels_of(facts: list[SeatsFact]) -> list[str]:
    """Give the labels of what has changed, that of an area once for each place."""
    changes = [fact for fact in facts if isinstance(fact, StatusChanged)]
    return [fact.label for fact in changes for _ in range(fact.quantity)]


def chosen(scenario: SeatsScenario) -> list[str]:
    """Give the labels of the last choice."""
    return labels_of(scenario.last.facts)


def kinds(scenario: SeatsScenario) -> list[str]:
    return [type(fact).__name__ for fact in scenario.last.facts]


def sold(event: int, selling: Selling) -> list[EventUpdated]:
    return [
        EventUpdated(
            event=event,
            partition=PARTITION,
            workspace=WORKSPACE,
            key="matinee",
            previous_key="matinee",
            selling=selling,
            updated_at=0,
        )
    ]


def test_the_best_seats_are_booked_and_what_was_chosen_is_told() -> None:
    scenario = SeatsScenario().given(best(2))
    scenario.then_seats("A  x x . . .")
    assert kinds(scenario) == ["StatusChanged", "StatusChanged", "BestAvailableChosen"]
    assert scenario.last.facts[-1] == BestAvailableChosen(event=MATINEE, next_to_each_other=True)
    scenario.given(best(2)).then_seats("A  x x . . .\nB  x x . . .")
    assert chosen(scenario) == ["B-1", "B-2"]


def test_seats_apart_and_what_is_no_seat_are_told_as_such() -> None:
    scenario = SeatsScenario().given("A  . x . x .\nB  . x x x x", book("T1-1", "T1-2"), best(3))
    assert chosen(scenario) == ["A-1", "A-3", "A-5"]
    assert scenario.last.facts[-1] == BestAvailableChosen(event=MATINEE, next_to_each_other=False)
    scenario.given(book("B-1"), best(1))
    assert chosen(scenario) == ["Booth"]
    assert scenario.last.facts[-1] == BestAvailableChosen(event=MATINEE)


def test_ticket_types_and_extra_data_go_to_the_objects_in_their_order() -> None:
    given = best(3, HELD, by=ALICE, ticket_types=["adult", None], extra_data=[None, {"age": 7}])
    scenario = SeatsScenario().given(given)
    told = [(fact.label, fact.ticket_type, fact.extra_data) for fact in scenario.changes]
    assert told == [("A-1", "adult", None), ("A-2", None, {"age": 7}), ("A-3", None, None)]
    assert {fact.hold_token for fact in scenario.changes} == {ALICE.token}


def test_like_places_of_an_area_are_one_change() -> None:
    scenario = SeatsScenario().given("A  x x x x x\nB  x x x x x", book("T1-1", "T1-2", "Booth"))
    scenario.given(best(5, ticket_types=["child", "child", "adult"]))
    told = [(fact.label, fact.quantity, fact.ticket_type) for fact in scenario.changes]
    assert told == [("GA", 2, "child"), ("GA", 1, "adult"), ("GA", 2, None)]
    scenario.then_area(taken={BOOKED: 5}).when(best(6)).then_rejected(NOT_FOUND)
    scenario.given(best(5)).then_area(taken={BOOKED: CAPACITY})


def test_what_is_not_free_or_not_sold_is_not_chosen() -> None:
    scenario = SeatsScenario().given("A  r h ? . .\nB  x x x x x", best(2))
    scenario.then_seats("A  r h ? x x").given(book("T1-1", "T1-2", "Booth"))
    scenario.given(book(places("GA", CAPACITY)))
    # The seats of a table that is sold as a whole are free, and not sold.
    assert scenario.object("T2-1").status == FREE
    scenario.when(best(1, sections=("nowhere",))).then_rejected(NOT_FOUND)


def test_more_objects_than_a_command_may_name_are_not_chosen_but_places_are() -> None:
    scenario = SeatsScenario(event_created(venue=BARN)).when(best(101)).then_rejected(NOT_FOUND)
    assert len(chosen(scenario.given(best(100)))) == 100
    scenario = SeatsScenario(event_created(venue=FIELD)).given(best(101))
    assert chosen(scenario) == ["Back"] * 101


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (best(1, event=EVENING), Rejection.EVENT_NOT_FOUND),
        (best(1, workspace=ANOTHER_WORKSPACE), Rejection.EVENT_NOT_FOUND),
        (best(99, HELD), Rejection.HOLD_TOKEN_MISSING),
        (best(99), NOT_FOUND),
        (best(1, zone="nowhere"), NOT_FOUND),
    ],
)
def test_a_wish_is_refused_for_the_foremost_reason(
    asked: ChangeBestAvailable, why: Rejection
) -> None:
    SeatsScenario().when(asked).then_rejected(why)


def test_a_wish_with_an_ended_token_is_refused() -> None:
    scenario = SeatsScenario().at(ALICE.expires_at)
    scenario.when(best(1, HELD, by=ALICE)).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)


def test_a_repeated_wish_gets_its_first_choice_again() -> None:
    scenario = SeatsScenario().given(best(2, idempotency=keyed("one")))
    first = scenario.last_offset
    scenario.when(best(2, idempotency=keyed("one"))).then_accepted()
    assert scenario.last.answer == Accepted(repeat=True, first_offset=first)
    scenario.then_seats("A  x x . . .")


def test_what_comes_free_is_chosen_again() -> None:
    scenario = SeatsScenario().given(best(1, HELD, by=ALICE), best(1), best(1))
    scenario.then_seats("A  h x x . .").given(release("A-2"), best(1)).then_seats("A  h x x . .")
    scenario.at(ALICE.expires_at).given(best(1)).then_seats("A  x x x . .")


def test_a_deleted_event_gives_nothing_and_a_new_one_begins_anew() -> None:
    scenario = SeatsScenario().given(best(1), [event_deleted()])
    scenario.when(best(1)).then_rejected(Rejection.EVENT_NOT_FOUND)
    scenario.given([event_created(EVENING, "matinee")], best(1, event=EVENING))
    assert chosen(scenario) == ["A-1"]


def test_categories_are_the_events_own() -> None:
    gold = Selling(
        categories=[EventCategory(key="gold", label="Gold", color="#aa0")],
        object_categories={"A-2": "gold", "B-5": "gold", "A-9": "gold"},
    )
    scenario = SeatsScenario().given(best(1), sold(MATINEE, gold))
    assert chosen(scenario.given(best(1, categories=("gOLD",)))) == ["A-2"]
    assert chosen(scenario.given(best(1, categories=("gold", "nothing")))) == ["B-5"]
    scenario.when(best(1, categories=("gold",))).then_rejected(NOT_FOUND)
    assert chosen(scenario.given(best(2, categories=("stalls",)))) == ["B-1", "B-2"]
    assert chosen(scenario.given(best(1, categories=("gold", "1")))) == ["A-3"]


def test_what_is_in_a_channel_is_chosen_for_who_names_it() -> None:
    vip = Selling(channels=[channel("vip", "A-1", "A-2"), channel("press", "B-5")])
    scenario = SeatsScenario(event_created(selling=vip)).given(best(1))
    assert chosen(scenario) == ["A-3"]
    assert chosen(scenario.given(best(1, channels=["press"]))) == ["B-5"]
    assert chosen(scenario.given(best(1, channels=["vip", "nothing"]))) == ["A-1"]
    assert chosen(scenario.given(best(1, channels=["vip", "NO_CHANNEL"]))) == ["A-2"]
    scenario.when(best(1, channels=["vip"])).then_rejected(NOT_FOUND)
    scenario.given(release("A-1", ignore_channels=True))
    assert chosen(scenario.given(best(1, ignore_channels=True))) == ["A-1"]


def test_what_is_not_for_sale_is_not_chosen_and_is_nobodys_neighbour() -> None:
    not_for_sale = ForSale(for_sale=False, objects=["A-1", "A-4"], area_places={"GA": CAPACITY - 2})
    scenario = SeatsScenario(event_created(selling=Selling(for_sale=not_for_sale)))
    assert chosen(scenario.given(best(2))) == ["A-2", "A-3"]
    assert chosen(scenario.given(best(1))) == ["A-5"]
    scenario.given("B  x x x x x", book("T1-1", "T1-2", "Booth"))
    scenario.when(best(3)).then_rejected(NOT_FOUND)
    assert chosen(scenario.given(best(2))) == ["GA", "GA"]


# What groups have in doubt.


def test_what_a_group_has_reserved_is_not_offered() -> None:
    scenario = SeatsScenario().given(begun(change(BOOKED, "A-1", "A-2")), best(1))
    assert chosen(scenario) == ["A-3"]
    assert chosen(scenario.given(cancelled(), best(2))) == ["A-1", "A-2"]


def all_but(*free: str) -> list[ChangeObjectStatus]:
    """Book everything but these seats."""
    rows = [f"{row}-{number}" for row in "AB" for number in range(1, 6)]
    others = [label for label in [*rows, "T1-1", "T1-2", "Booth"] if label not in free]
    return [book(*others, places("GA", CAPACITY))]


def taken_up(scenario: SeatsScenario) -> list[list[str]]:
    """Let what is parked go on; give what each got."""
    return [labels_of(facts) for facts in scenario.at(scenario.now).expired]


@pytest.mark.parametrize("is_done", [True, False])
def test_who_could_only_be_served_with_what_is_in_doubt_waits_for_the_decision(
    is_done: bool,  # noqa: FBT001 - a case
) -> None:
    scenario = SeatsScenario().given(*all_but("A-1", "A-2"), begun(change(BOOKED, "A-2")))
    scenario.when(best(2))
    assert kinds(scenario) == ["CommandParked"]
    assert taken_up(scenario) == []
    scenario.when(cancelled() if is_done else confirmed())
    assert taken_up(scenario) == [["A-1", "A-2"] if is_done else []]
    if not is_done:
        assert scenario.answers[-1] == Rejected(code=NOT_FOUND.code)
        scenario.given(best(1)).when(best(1)).then_rejected(NOT_FOUND)


def test_a_seat_that_a_group_gives_back_is_waited_for_too() -> None:
    scenario = SeatsScenario().given(*all_but(), begun(change(FREE, "A-2")))
    scenario.when(best(1))
    assert kinds(scenario) == ["CommandParked"]
    assert taken_up(scenario.given(confirmed())) == [["A-2"]]


def test_nobody_waits_for_what_no_outcome_can_free() -> None:
    """A group that books what it holds frees nothing, whether it is confirmed or cancelled."""
    scenario = SeatsScenario().given(*all_but("A-1"), hold("A-1", by=ALICE))
    scenario.given(begun(change(BOOKED, "A-1", by=ALICE)))
    scenario.when(best(1)).then_rejected(NOT_FOUND)
    # Its hold being over, a cancelled group would free it.
    scenario.at(ALICE.expires_at).when(best(1))
    assert kinds(scenario) == ["CommandParked"]


def test_of_an_area_in_doubt_the_certain_places_are_offered() -> None:
    scenario = SeatsScenario().given(*all_but()).given(release(places("GA", 5)))
    scenario.given(begun(change(BOOKED, places("GA", 3))), best(2))
    assert chosen(scenario) == ["GA", "GA"]
    scenario.when(best(4)).then_rejected(NOT_FOUND)
    scenario.when(best(3))
    assert kinds(scenario) == ["CommandParked"]
    assert taken_up(scenario.given(cancelled())) == [["GA", "GA", "GA"]]


def test_an_area_with_enough_certain_places_is_taken_before_a_nearer_one_in_doubt() -> None:
    scenario = SeatsScenario(event_created(venue=FIELD))
    scenario.given(begun(change(BOOKED, places("Front", CAPACITY - 1))), best(2))
    assert chosen(scenario) == ["Back", "Back"]
    assert chosen(scenario.given(best(1))) == ["Front"]


def test_a_wish_does_not_take_what_somebody_waits_for_who_came_earlier() -> None:
    scenario = SeatsScenario().given(begun(change(BOOKED, "A-1")))
    scenario.when(book("A-1", "A-2"))
    assert kinds(scenario) == ["CommandParked"]
    assert chosen(scenario.given(best(1))) == ["A-3"]
    assert taken_up(scenario.given(cancelled())) == [["A-1", "A-2"]]


def test_a_wish_that_came_first_takes_what_a_later_command_waits_for() -> None:
    scenario = SeatsScenario().given(*all_but("A-1"), begun(change(BOOKED, "A-1")))
    scenario.when(best(1)).when(book("A-1"))
    assert kinds(scenario) == ["CommandParked"]
    done, refused = scenario.given(cancelled()).at(scenario.now).expired
    assert [type(fact) for fact in done] == [StatusChanged, BestAvailableChosen]
    assert refused == []


def test_equal_wishes_are_served_in_their_order_and_others_do_not_wait_for_them() -> None:
    scenario = SeatsScenario().given(*all_but("A-1", "A-2", "A-3"))
    scenario.given(begun(change(BOOKED, "A-3"))).when(best(3))
    assert kinds(scenario) == ["CommandParked"]
    assert chosen(scenario.given(best(1))) == ["A-1"]
    # Before anybody has looked at who waits: the later one does not overtake.
    scenario.given(release("A-1", "B-1", "B-2", "B-3")).when(best(3))
    assert kinds(scenario) == ["CommandParked"]
    assert taken_up(scenario) == [["B-1", "B-2", "B-3"]]
    assert taken_up(scenario.given(cancelled())) == [["A-1", "A-2", "A-3"]]


def test_a_release_serves_a_wish_that_waits() -> None:
    scenario = SeatsScenario().given(*all_but("A-1"), begun(change(BOOKED, "A-1")))
    scenario.when(best(1))
    assert kinds(scenario) == ["CommandParked"]
    assert taken_up(scenario.given(release("B-5"))) == [["B-5"]]


def test_a_wish_that_has_waited_its_time_is_given_up() -> None:
    scenario = SeatsScenario().given(*all_but("A-1"), begun(change(BOOKED, "A-1")))
    scenario.when(best(1)).after(parked_for_ms)
    assert scenario.expired == [[]]
    assert scenario.answers[-1] == Rejected(code=Rejection.BUSY_IN_DOUBT.code)


def test_a_wish_that_waits_hears_that_its_event_is_gone() -> None:
    scenario = SeatsScenario().given(*all_but("A-1"), begun(change(BOOKED, "A-1")))
    scenario.when(best(1)).given([event_deleted()])
    assert taken_up(scenario) == [[]]
    assert scenario.answers[-1] == Rejected(code=Rejection.EVENT_NOT_FOUND.code, detail="256")


def test_equal_wishes_for_different_channels_do_not_wait_for_each_other() -> None:
    vip = Selling(channels=[channel("vip", "A-1"), channel("press", "A-2")])
    scenario = SeatsScenario(event_created(selling=vip))
    scenario.given(begun(change(BOOKED, "A-1", channels=["vip"])))
    scenario.when(best(1, channels=["vip"]))
    assert kinds(scenario) == ["CommandParked"]
    assert chosen(scenario.given(best(1, channels=["press"]))) == ["A-2"]
