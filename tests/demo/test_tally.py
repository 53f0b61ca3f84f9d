import pytest

from seatlog.demo.plan import Behaviour, LoadReport
from seatlog.demo.tally import Tally, percentile
from seatlog.demo.weekend import Weekend


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1.0), (0.5, 50.0), (0.99, 99.0), (1.0, 100.0)]
)
def test_a_percentile_is_a_value_that_was_measured(share: float, expected: float) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], share) == expected


def test_the_percentile_of_nothing_is_nothing() -> None:
    assert percentile([], 0.99) == 0.0


def test_counts_of_all_processes_are_added_and_not_added_twice() -> None:
    tally = Tally(2)
    tally.take_in(0, LoadReport(holds=10, refused=3), now_s=1.0)
    tally.take_in(1, LoadReport(holds=5, refused=2), now_s=1.0)
    tally.take_in(0, LoadReport(holds=12, refused=3), now_s=1.5)
    assert (tally.holds, tally.refused) == (17, 5)


def test_times_of_the_last_seconds_are_told_apart_from_all_times() -> None:
    tally = Tally(1)
    tally.take_in(0, LoadReport(latencies_ms=[100.0]), now_s=1.0)
    tally.take_in(0, LoadReport(latencies_ms=[2.0, 3.0]), now_s=7.0)
    assert tally.recent_ms(now_s=8.0) == [2.0, 3.0]
    assert tally.latencies_ms == [100.0, 2.0, 3.0]


def test_fans_wait_at_the_door_and_the_others_come_evenly_until_the_last() -> None:
    behaviour = Behaviour(at_the_door=100, at_the_door_s=2.0, arrivals_s=50.0)
    times = [behaviour.arrives_at_s(fan, 1_100) for fan in range(1_100)]
    assert times == sorted(times)
    assert (times[0], times[100], times[600]) == (0.0, 2.0, 27.0)
    assert times[-1] < 52.0


def test_fewer_fans_than_wait_at_the_door_all_wait_there() -> None:
    assert Behaviour(at_the_door=100, at_the_door_s=2.0).arrives_at_s(9, 10) == 1.8


@pytest.mark.parametrize(
    ("draw", "wanted"),
    [
        (0.0, ("f", "a", "u")),
        (0.149, ("f", "a", "u")),
        (0.15, ("f",)),
        (0.174, ("f",)),
        (0.176, ("u",)),
        (0.199, ("u",)),
        (0.201, ("a",)),
        (0.999, ("a",)),
    ],
)
def test_most_want_saturday_some_the_whole_weekend_and_few_another_day(
    draw: float, wanted: tuple[str, ...]
) -> None:
    behaviour = Behaviour(pass_share=0.15, other_day_share=0.05)
    assert behaviour.days_wanted(Weekend(friday="f", saturday="a", sunday="u"), draw) == wanted
