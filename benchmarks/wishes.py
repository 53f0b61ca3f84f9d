"""Best available as commands: a seats owner sells the 8,897-seat stadium by wishes alone.

Reading each command and writing its record are included. The peer in the same run are plain
bookings in the same owner, before it has heard a wish and afterwards: from then on the event keeps
in step what is taken. And what all that costs in memory.
"""

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import cycle
from typing import Any

from adapters.memory_log import MemoryRecord
from benchmarks.engine import EVENT, commands_per_second, open_ledger
from benchmarks.workload import (
    NOON,
    STADIUM_HASH,
    STADIUM_MAP,
    WORKSPACE,
    command_records,
)
from engine.charts.inventory import SeatMap
from engine.seats.best_available import Preference
from engine.seats.event_map import EventMap
from engine.seats.offers import Offers
from schemas import commands
from schemas.commands import ChangeBestAvailable, Origin, Wish
from schemas.facts import BOOKED
from schemas.outbox import Accepted, decode_seats_record
from workers.ledger import Ledger

PARTIES = (1, 2, 2, 2, 3, 4, 4, 8)
LARGE_PARTIES = (100,)
NARROW: tuple[dict[str, Any], ...] = (
    {},
    {},
    {"zone": "midtrack"},
    {"categories": ("Mid Track Stand",)},
)
BOOKINGS = 20_000
ROUNDS = 5
AIM_AVERAGE_MS, AIM_WORST_MS = 1.0, 5.0


def run() -> None:
    """Measure and print."""
    for parties in (PARTIES, LARGE_PARTIES):
        times = _sell_out(parties)
        sizes = " ".join(map(str, parties))
        print(
            f"wishes for {sizes}: {len(times)} commands until nobody finds anything, "
            f"{statistics.mean(times):.3f} ms on average, {max(times):.3f} at worst"
        )
    print(f"aim: {AIM_AVERAGE_MS} and {AIM_WORST_MS} ms")
    records = list(command_records("events.commands", EVENT, BOOKINGS))
    before = [1e6 / commands_per_second(_owner(), records) for _ in range(ROUNDS)]
    later = [replace(record, offset=record.offset + 1) for record in records]
    after = [1e6 / commands_per_second(_owner_that_heard(), later) for _ in range(ROUNDS)]
    print(
        f"plain bookings: {statistics.median(before):.1f} us each, "
        f"{statistics.median(after):.1f} once a wish was heard"
    )
    seats = SeatMap(STADIUM_MAP.inventory)
    print(f"memory for the chart: {_kib(lambda: seats.once(Preference)):,.0f} KiB")
    print(f"memory for an event:  {_kib(lambda: Offers(EventMap(seats))):,.1f} KiB")


def _owner() -> Ledger:
    return open_ledger(STADIUM_HASH, STADIUM_MAP)


def _owner_that_heard() -> Ledger:
    ledger = _owner()
    ledger.take_in(_record(0, Wish(number=10_000)))
    return ledger


def _sell_out(parties: Sequence[int]) -> list[float]:
    """Sell the stadium to parties in turn, until a whole round finds nothing; ms of each."""
    ledger, times, in_vain = _owner_that_heard(), list[float](), 0
    for number, wish in enumerate(_wishes(parties), start=1):
        record = _record(number, wish)
        started = time.process_time()
        ledger.take_in(record)
        times.append((time.process_time() - started) * 1e3)
        in_vain = 0 if _is_accepted(ledger) else in_vain + 1
        if in_vain > len(parties) * len(NARROW):
            return times
    raise AssertionError


def _wishes(parties: Sequence[int]) -> Iterator[Wish]:
    for number, (party, narrow) in enumerate(zip(cycle(parties), cycle(NARROW), strict=False)):
        yield Wish(number=party, prevent_orphans=number % 3 > 0, **narrow)


def _record(number: int, wish: Wish) -> MemoryRecord:
    asked = ChangeBestAvailable(
        workspace=WORKSPACE,
        event=EVENT,
        status=BOOKED,
        wish=wish,
        origin=Origin(ip="203.0.113.7"),
    )
    value = commands.encode(asked)
    return MemoryRecord("events.commands", 0, number, NOON + number, b"%d" % EVENT, value, [])


def _is_accepted(ledger: Ledger) -> bool:
    [record] = ledger.pending[-1:]
    ledger.pending.clear()
    told = decode_seats_record(record.value)
    return isinstance(getattr(told.data, "answer", None), Accepted)


def _kib(make: Callable[[], object]) -> float:
    gc.collect()
    tracemalloc.start()
    kept = make()
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept is not None
    return used / 1024


if __name__ == "__main__":
    run()
