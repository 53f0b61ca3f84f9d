"""Engine commands per CPU second: decoding the command and encoding the record included.

The peer in the same run is the least that anybody could do with the same bytes: decode each
command to a dict, encode it again.
"""

import statistics
import time
from collections.abc import Collection, Sequence

import msgspec

from adapters.memory_log import MemoryRecord
from benchmarks.workload import NOON, STADIUM_HASH, STADIUM_MAP, WORKSPACE, command_records
from engine.charts.inventory import SeatMap
from schemas.facts import EventCreated
from schemas.topics import load_topics
from workers.ledger import Ledger
from workers.replay import Inputs
from workers.seats import seats_role

COMMANDS = 40_000
ROUNDS = 5
BATCH = 200
EVENT = 256


def run() -> None:
    """Measure and print."""
    records = list(command_records("events.commands", EVENT, COMMANDS))
    engine = [
        commands_per_second(open_ledger(STADIUM_HASH, STADIUM_MAP), records) for _ in range(ROUNDS)
    ]
    bare = [_bare(records) for _ in range(ROUNDS)]
    ours, peer = statistics.median(engine), statistics.median(bare)
    print(f"engine: {ours:9,.0f} commands per CPU second ({1e6 / ours:.1f} us each)")
    print(f"peer:   {peer:9,.0f} (decode to a dict and encode again)   ratio {ours / peer:.2f}")


async def _none_missing(hashes: Collection[str]) -> dict[str, SeatMap]:
    del hashes
    return {}


def open_ledger(inventory: str, seats: SeatMap) -> Ledger:
    """Give the ledger of a seats owner with one event."""
    role = seats_role(0, load_topics(), {inventory: seats}, _none_missing)
    state = role.machine.initial()
    created = EventCreated(
        event=EVENT,
        partition=0,
        workspace=WORKSPACE,
        key="drop",
        chart_key="stadium",
        inventory=inventory,
        created_at=NOON,
    )
    role.machine.evolve(state, created)
    return Ledger(role, state, Inputs(), 0, {})


def commands_per_second(ledger: Ledger, records: Sequence[MemoryRecord]) -> float:
    """Let an owner's ledger take commands in; give their number per CPU second."""
    started = time.process_time()
    for place, record in enumerate(records):
        ledger.settle_until(record.timestamp)
        ledger.take_in(record)
        if place % BATCH == 0:
            ledger.pending.clear()
    return len(records) / (time.process_time() - started)


def _bare(records: Sequence[MemoryRecord]) -> float:
    decode, encode = msgspec.json.Decoder().decode, msgspec.json.Encoder().encode
    started = time.process_time()
    for record in records:
        encode(decode(record.value or b""))
    return len(records) / (time.process_time() - started)


if __name__ == "__main__":
    run()
