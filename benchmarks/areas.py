"""CPU of a command on an area by how many tokens hold places of it: it must not grow with them.

The commands are those of a crowd: hold two places with a token of one's own, then book them.
"""

import statistics
from collections.abc import Iterator

from adapters.memory_log import MemoryRecord
from benchmarks.engine import EVENT, commands_per_second, open_ledger
from benchmarks.workload import NOON, WORKSPACE
from engine.charts.inventory import SeatMap
from schemas import commands
from schemas.commands import Change, ChangeObjectStatus, Hold, ObjectChange, Origin
from schemas.facts import BOOKED, HELD
from schemas.inventory import Area, Inventory, encode, inventory_hash

HOLDERS = (10, 10_000)
COMMANDS = 10_000
ROUNDS = 5
PLACES = 2
FIELD = Inventory(blocks=[Area(label="Field", capacity=PLACES * (max(HOLDERS) + COMMANDS))])


def run() -> None:
    """Measure and print."""
    rates: dict[int, list[float]] = {holders: [] for holders in HOLDERS}
    for _ in range(ROUNDS):
        for holders in HOLDERS:
            rates[holders].append(_rate(holders))
    for holders, measured in rates.items():
        rate = statistics.median(measured)
        print(f"{holders:6,} holders: {rate:7,.0f} commands per CPU second ({1e6 / rate:.1f} us)")


def _rate(holders: int) -> float:
    ledger = open_ledger(inventory_hash(encode(FIELD)), SeatMap(FIELD))
    crowd = [_record(number, HELD, number) for number in range(holders)]
    commands_per_second(ledger, crowd)
    return commands_per_second(ledger, list(_hold_and_book(holders)))


def _hold_and_book(first: int) -> Iterator[MemoryRecord]:
    for number in range(COMMANDS):
        yield _record(first + number, HELD if number % 2 == 0 else BOOKED, first + number // 2)


def _record(offset: int, status: str, token: int) -> MemoryRecord:
    change = Change(
        event=EVENT,
        status=status,
        objects=[ObjectChange(label="Field", quantity=PLACES)],
        hold=Hold(f"{token:062d}", NOON + 3_600_000),
    )
    origin = Origin(ip="203.0.113.7")
    asked = ChangeObjectStatus(workspace=WORKSPACE, changes=[change], origin=origin)
    headers = [("ingress", b"0123456789abcdef"), ("request", b"1234567")]
    key, value = b"%d" % EVENT, commands.encode(asked)
    return MemoryRecord("events.commands", 0, offset, NOON, key, value, headers)
