"""The same drop for every benchmark: who asks for what, as encoded commands."""

from collections.abc import Iterator
from pathlib import Path

from adapters.memory_log import MemoryRecord
from engine.charts.compile import compile_drawing
from engine.charts.inventory import SeatMap
from engine.charts.reading import read_drawing
from schemas import commands
from schemas.commands import Change, ChangeObjectStatus, Hold, ObjectChange, Origin
from schemas.facts import BOOKED, FREE, HELD
from schemas.inventory import encode, inventory_hash

NOON = 1_800_000_000_000
WORKSPACE = "c0ffee00c0ffee00c0ffee00c0ffee00"
VENUES = Path(__file__).parents[1] / "seatlog" / "demo" / "venues"
STADIUM = compile_drawing(read_drawing((VENUES / "sampleChartWithZones.json").read_bytes()))
STADIUM_HASH = inventory_hash(encode(STADIUM))
STADIUM_MAP = SeatMap(STADIUM)
SEATS_PER_COMMAND = 2
_STEPS = (HELD, BOOKED, BOOKED, FREE)
"""Hold two seats, book them, be refused them as another fan, give them back."""


def change(event: int, number: int) -> ChangeObjectStatus:
    """Give the command with this number: a quarter of all is refused, none is malformed."""
    turn, step = divmod(number, len(_STEPS))
    first = (turn * SEATS_PER_COMMAND) % (len(STADIUM_MAP) - SEATS_PER_COMMAND)
    labels = STADIUM_MAP.labels[first : first + SEATS_PER_COMMAND]
    token = Hold(f"{turn:062d}", NOON + 3_600_000) if step < 2 else None
    return ChangeObjectStatus(
        workspace=WORKSPACE,
        changes=[
            Change(
                event=event,
                status=_STEPS[step],
                objects=[ObjectChange(label=label) for label in labels],
                hold=token,
                order_id="order-1" if step == 1 else None,
            )
        ],
        origin=Origin(ip="203.0.113.7"),
    )


def command_records(topic: str, event: int, count: int) -> Iterator[MemoryRecord]:
    """Give commands as an owner reads them."""
    headers = [("ingress", b"0123456789abcdef"), ("request", b"1234567")]
    for number in range(count):
        value = commands.encode(change(event, number))
        yield MemoryRecord(topic, 0, number, NOON + number, b"%d" % event, value, headers)
