"""What the inventories say about labels: which there are, and how large the areas are."""

import hashlib
from collections.abc import Collection, Mapping

from adapters.ports import LogRecord
from schemas.inventory import (
    Area,
    Booth,
    Inventory,
    InventoryError,
    Row,
    SeatFlag,
    Table,
    decode,
    decompress,
)
from seatlog.verify.report import Check, Report

Places = dict[str, int | None]
"""By label: the capacity of an area; None for what is sold as one, a seat or booth."""
Seats = Mapping[str, Collection[str]]
"""Seats in rows that best available gives to anybody: by label, the names of their category."""


class Inventories:
    """The labels of each inventory, by its hash."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._places: dict[str, Places] = {}
        self._seats: dict[str, Seats] = {}

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
        self._seats[name] = seats_of(inventory)

    def find(self, inventory: str) -> Places | None:
        """Give the labels of an inventory; None if the topic has not brought it."""
        return self._places.get(inventory)

    def seats(self, inventory: str) -> Seats:
        """Give the seats of an inventory that best available gives to anybody."""
        return self._seats.get(inventory, {})


def seats_of(inventory: Inventory) -> Seats:
    """List the seats in rows that are not for those who need an accessible one.

    Without a focal point of the whole chart some seats may be near nothing: then none is listed.
    """
    if inventory.focal_point is None:
        return {}
    names = {each.key: (each.key, each.label.casefold()) for each in inventory.categories}
    seats: dict[str, Collection[str]] = {}
    for block in (each for each in inventory.blocks if isinstance(each, Row)):
        label = _label(inventory, block)
        for place, own in enumerate(block.seats.labels):
            if not block.seats.flags.get(place, 0) & SeatFlag.ACCESSIBLE:
                category = block.seats.categories.get(place, block.seats.category)
                seats[f"{label}-{own}"] = names.get(category or "", ())
    return seats


def places_of(inventory: Inventory) -> Places:
    """List all labels of an inventory."""
    places: Places = {}
    for block in inventory.blocks:
        label = _label(inventory, block)
        if not isinstance(block, Row):
            places[label] = block.capacity if isinstance(block, Area) else None
        if isinstance(block, (Row, Table)):
            places.update({f"{label}-{own}": None for own in block.seats.labels})
    return places


def _label(inventory: Inventory, block: Row | Table | Booth | Area) -> str:
    section = [] if block.section is None else [inventory.sections[block.section].label]
    return "-".join([*section, block.label])
