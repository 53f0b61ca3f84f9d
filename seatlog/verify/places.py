"""What the inventories say about labels: which there are, and how large the areas are."""

import hashlib

from adapters.ports import LogRecord
from schemas.inventory import (
    Area,
    Inventory,
    InventoryError,
    Row,
    Table,
    decode,
    decompress,
)
from seatlog.verify.report import Check, Report

Places = dict[str, int | None]
"""By label: the capacity of an area; None for what is sold as one, a seat or booth."""


class Inventories:
    """The labels of each inventory, by its hash."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._places: dict[str, Places] = {}

    def take_in(self, record: LogRecord) -> None:
        """Read a record of the topic `inventories`."""
        where = f"{record.topic}/{record.partition} at {record.offset}"
        if record.value is None or record.key is None:
            self._report.fault(Check.LOG, where, "has no key or no value")
            return
        try:
            encoded = decompress(record.value)
            inventory = decode(encoded)
        except InventoryError as error:
            self._report.fault(Check.LOG, where, str(error))
            return
        name = hashlib.sha256(encoded).hexdigest()
        if record.key != name.encode():
            odd = f"is called {record.key!r}, and its content {name}"
            self._report.fault(Check.LOG, where, odd)
        self._places[name] = places_of(inventory)

    def find(self, inventory: str) -> Places | None:
        """Give the labels of an inventory; None if the topic has not brought it."""
        return self._places.get(inventory)


def places_of(inventory: Inventory) -> Places:
    """List all labels of an inventory."""
    places: Places = {}
    for block in inventory.blocks:
        section = [] if block.section is None else [inventory.sections[block.section].label]
        label = "-".join([*section, block.label])
        if not isinstance(block, Row):
            places[label] = block.capacity if isinstance(block, Area) else None
        if isinstance(block, (Row, Table)):
            places.update({f"{label}-{own}": None for own in block.seats.labels})
    return places
