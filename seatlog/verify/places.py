"""What the inventories say about labels: which there are, how large the areas are, and tables."""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

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
from schemas.selling import TableBooking
from seatlog.verify.report import Check, Report

Places = dict[str, int | None]
"""By label: the capacity of an area; None for what is sold as one, a seat or booth."""
Seats = Mapping[str, Collection[str]]
"""Seats in rows that best available gives to anybody: by label, the names of their category."""


@dataclass(slots=True)
class Venue:
    """The labels of an inventory."""

    places: Places = field(default_factory=dict)
    seats_of: dict[str, list[str]] = field(default_factory=dict)
    """Of each table."""
    table_of: dict[str, str] = field(default_factory=dict)
    """Of each seat at a table."""
    whole: set[str] = field(default_factory=set)
    """The tables that are sold as wholes unless the event says otherwise."""
    section_of: dict[str, str] = field(default_factory=dict)
    """Labels of the sections, by label of an object."""
    category_of: dict[str, str] = field(default_factory=dict)
    """Keys, by label of an object."""
    categories: dict[str, str] = field(default_factory=dict)
    """Labels, by key."""

    def same_places(self, label: str) -> list[str]:
        """Name the seats of a table, or the table of a seat."""
        table = self.table_of.get(label)
        return self.seats_of.get(label, []) if table is None else [table]

    def sells(self, label: str, tables: TableBooking | None) -> bool:
        """Say whether an event that books tables like this sells an object."""
        if label in self.seats_of:
            return self._is_whole(label, tables)
        table = self.table_of.get(label)
        return label in self.places and (table is None or not self._is_whole(table, tables))

    def _is_whole(self, table: str, tables: TableBooking | None) -> bool:
        mode = "inherit" if tables is None else tables.mode
        if mode in ("all_by_table", "all_by_seat"):
            return mode == "all_by_table"
        said = tables.by_label.get(table) if tables is not None and mode == "custom" else None
        return table in self.whole if said is None else said == "by_table"


class Inventories:
    """The labels of each inventory, by its hash."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._venues: dict[str, Venue] = {}
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
        self._venues[name] = venue_of(inventory)
        self._seats[name] = seats_of(inventory)

    def find(self, inventory: str) -> Venue | None:
        """Give the labels of an inventory; None if the topic has not brought it."""
        return self._venues.get(inventory)

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


def venue_of(inventory: Inventory) -> Venue:
    """List all labels of an inventory."""
    venue = Venue(categories={each.key: each.label for each in inventory.categories})
    for block in inventory.blocks:
        label = _label(inventory, block)
        if not isinstance(block, Row):
            venue.places[label] = block.capacity if isinstance(block, Area) else None
        if isinstance(block, (Row, Table)):
            seats = [f"{label}-{own}" for own in block.seats.labels]
            venue.places.update(dict.fromkeys(seats))
            venue.category_of.update(_categories(block, seats))
            if isinstance(block, Table):
                _add_table(venue, label, seats, block)
        if not isinstance(block, Row) and block.category is not None:
            venue.category_of[label] = block.category
        if block.section is not None:
            section, own = inventory.sections[block.section].label, [label]
            if isinstance(block, (Row, Table)):
                own += [f"{label}-{seat}" for seat in block.seats.labels]
            venue.section_of.update(dict.fromkeys(own, section))
    return venue


def _categories(block: Row | Table, labels: list[str]) -> Iterator[tuple[str, str]]:
    for place, label in enumerate(labels):
        category = block.seats.categories.get(place, block.seats.category)
        if category is not None:
            yield label, category


def _add_table(venue: Venue, label: str, seats: list[str], table: Table) -> None:
    venue.seats_of[label] = seats
    venue.table_of.update(dict.fromkeys(seats, label))
    if table.book_as_a_whole:
        venue.whole.add(label)


def _label(inventory: Inventory, block: Row | Table | Booth | Area) -> str:
    section = [] if block.section is None else [inventory.sections[block.section].label]
    return "-".join([*section, block.label])
