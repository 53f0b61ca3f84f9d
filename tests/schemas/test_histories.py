"""Recorded histories replay under today's code, to the digest of every record."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.charts.inventory import SeatMap
from engine.groups.machine import GroupsMachine
from engine.machine import Machine
from engine.seats.machine import SeatsMachine
from schemas.inventory import Inventory, encode, inventory_hash
from schemas.outbox import OwnershipTaken, decode_groups_record, decode_seats_record, is_void

GOLDEN = Path(__file__).parents[1] / "golden"
AnyMachine = Machine[Any, Any, Any]


def _theatre() -> dict[str, SeatMap]:
    examples = msgspec.json.decode((GOLDEN / "Inventory.v1.json").read_bytes())
    theatre = msgspec.convert(examples["the theatre of the histories"], Inventory)
    return {inventory_hash(encode(theatre)): SeatMap(theatre)}


def replayed(
    history: list[bytes], machine: AnyMachine, decode: Callable[[bytes], Any]
) -> Iterator[tuple[Any, Any]]:
    """Fold a history; give each record that is not void with the state after it."""
    state, term = machine.initial(), -1
    for offset, line in enumerate(history):
        record = decode(line)
        if isinstance(record, OwnershipTaken):
            term = offset
        elif not is_void(record.data, term, offset):
            for fact in record.data.facts:
                machine.evolve(state, fact)
            machine.conclude(state, record.data)
            yield record, state


HISTORIES: list[tuple[str, AnyMachine, Callable[[bytes], Any]]] = [
    ("seats", SeatsMachine(3, _theatre()), decode_seats_record),
    ("groups", GroupsMachine(1, 4), decode_groups_record),
]


@pytest.mark.parametrize(("name", "machine", "decode"), HISTORIES, ids=["seats", "groups"])
def test_a_recorded_history_has_the_same_digests_today(
    name: str, machine: AnyMachine, decode: Callable[[bytes], Any]
) -> None:
    history = (GOLDEN / "histories" / f"{name}.jsonl").read_bytes().splitlines()
    records = 0
    for record, state in replayed(history, machine, decode):
        assert machine.digest(state) == record.data.digest, record.id
        records += 1
    assert records == len(history) - 1, "a history without void records has them all"


def test_the_last_word_of_the_recorded_seats() -> None:
    history = (GOLDEN / "histories" / "seats.jsonl").read_bytes().splitlines()
    *_, (_, state) = replayed(history, HISTORIES[0][1], decode_seats_record)
    [event] = state.events.values()
    assert {label: found.status for label, found in event.objects.items()} == {
        "A-1": "booked",
        "A-2": "free",
        "A-5": "free",
        "GA": "free",
    }
    assert event.objects["A-2"].order_id == "order3"
    assert event.objects["GA"].area.taken == {"booked": 3, "lolzor": 2}
    assert event.last_seq == 15


def test_a_void_record_in_a_history_changes_nothing() -> None:
    _, machine, decode = HISTORIES[0]
    history = (GOLDEN / "histories" / "seats.jsonl").read_bytes().splitlines()
    doubled = [*history, history[-1]]
    assert len(list(replayed(doubled, machine, decode))) == len(history) - 1
