from schemas.facts import BOOKED, FREE, HELD
from seatlog.demo.answers import ObjectInfo
from seatlog.demo.view import DayView
from tests.demo.test_choice import HALL

SEATS = range(len(HALL))


def free_in(view: DayView) -> set[int]:
    return {seat for seat in SEATS if seat in view.free}


def looked_at(view: DayView, at_once_max: int = 3, rounds: int = 3) -> list[int]:
    return [seat for _ in range(rounds) for seat in view.next_to_look_at(at_once_max)]


def test_who_reaches_for_seats_hears_which_of_them_seemed_free_and_others_do_not_see_them() -> None:
    view = DayView(HALL)
    assert view.reach_for([1, 2]) == [1, 2]
    assert view.reach_for([2, 3]) == [3]
    assert free_in(view) == set(SEATS) - {1, 2, 3}


def test_of_a_refusal_the_seats_in_the_way_are_taken_and_the_others_free_again() -> None:
    view = DayView(HALL)
    view.note_refusal(view.reach_for([1, 2, 3]), {2: HELD})
    assert free_in(view) == set(SEATS) - {2}


def test_a_refusal_for_another_day_says_nothing_against_the_seats_of_this_one() -> None:
    view = DayView(HALL)
    view.note_refusal(view.reach_for([1, 2]), {})
    assert free_in(view) == set(SEATS)


def test_what_another_fan_reached_for_first_is_not_given_back_by_a_refusal() -> None:
    view = DayView(HALL)
    view.reach_for([1])
    view.note_refusal(view.reach_for([1, 2]), {})
    assert free_in(view) == set(SEATS) - {1}


def test_the_lookout_goes_round_the_seats_that_are_not_sold() -> None:
    view = DayView(HALL)
    assert looked_at(view) == [0, 1, 2, 3, 4, 5, 6, 7, 0]
    view.note_booked([1])
    view.note_refusal([], {2: BOOKED, 3: HELD})
    view.note_seen({4: ObjectInfo(BOOKED)})
    assert set(looked_at(view)) == {0, 3, 5, 6, 7}


def test_what_the_lookout_sees_is_free_or_taken() -> None:
    view = DayView(HALL)
    view.reach_for([0, 1])
    view.note_seen({0: ObjectInfo(FREE), 5: ObjectInfo(HELD)})
    assert free_in(view) == set(SEATS) - {1, 5}
