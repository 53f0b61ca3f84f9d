from hypothesis import given
from hypothesis import strategies as st

from engine.groups.machine import partition_of
from seatlog.demo.weekend import weekend_in


@given(st.text(min_size=1), st.integers(3, 64))
def test_the_three_days_live_in_three_partitions(workspace: str, partitions: int) -> None:
    weekend = weekend_in(workspace, partitions)
    assert len({partition_of(workspace, day, partitions) for day in weekend.days}) == 3
    names = ("friday", "saturday", "sunday")
    assert all(day.startswith(name) for day, name in zip(weekend.days, names, strict=True))
