"""The weekend that is sold: three days, an event each, in three partitions: pure."""

from itertools import count

import msgspec

from engine.groups.machine import partition_of

Days = tuple[str, ...]
"""Event keys: one day, or all days of a weekend pass."""


class Weekend(msgspec.Struct, frozen=True):
    """The event keys."""

    friday: str
    saturday: str
    """The day that everybody wants: all its seats are to be sold."""
    sunday: str

    @property
    def days(self) -> Days:
        """Give all three, as a weekend pass has them."""
        return (self.friday, self.saturday, self.sunday)


def weekend_in(workspace: str, partitions: int) -> Weekend:
    """Choose keys of which no two are in one partition, so that a pass concerns three owners."""
    days_max = len(Weekend.__struct_fields__)
    assert partitions >= days_max, f"{days_max} days need as many partitions, not {partitions}"
    taken: set[int] = set()
    keys = []
    for day in Weekend.__struct_fields__:
        named = (day if number == 1 else f"{day}-{number}" for number in count(1))
        key = next(key for key in named if partition_of(workspace, key, partitions) not in taken)
        taken.add(partition_of(workspace, key, partitions))
        keys.append(key)
    return Weekend(*keys)
