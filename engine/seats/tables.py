"""Tables: which an event sells as wholes, and that a table and its seats are the same places.

Rules of this file:

1. Of a table sold as a whole its seats are no objects of the event; of any other it is none.
2. While one of its seats is not free a table is taken, and so are its seats while it is not free:
   what was sold before an event changed how it sells its tables stays sold.
"""

from collections.abc import Sequence

from engine.charts.inventory import BookableObject, SeatMap
from schemas.inventory import Table
from schemas.selling import TableBooking


def table_label(chart: SeatMap, found: BookableObject) -> str:
    """Give the label of a table, or of the table that a seat is at."""
    return chart.labels[_table_ordinal(found)]


def is_sold_as_a_whole(table: Table, label: str, booking: TableBooking | None) -> bool:
    """Say whether an event with this table booking sells this table as a whole."""
    match booking.mode if booking is not None else "inherit":
        case "all_by_table":
            return True
        case "all_by_seat":
            return False
        case "custom":
            assert booking is not None
            by_default = "by_table" if table.book_as_a_whole else "by_seat"
            return booking.by_label.get(label, by_default) == "by_table"
        case _:
            return table.book_as_a_whole


def same_places(chart: SeatMap, label: str) -> Sequence[str]:
    """Name the objects that are the same places as this one: a table's seats, a seat's table."""
    found = chart.find(label)
    if found is None or found.table is None:
        return ()
    if found.kind == "seat":
        return (table_label(chart, found),)
    return seats_of(chart, label)


def seats_of(chart: SeatMap, label: str) -> Sequence[str]:
    """Name the seats of a table; none for anything else."""
    found = chart.find(label)
    if found is None or found.table is None or found.kind != "table":
        return ()
    first = found.ordinal + 1
    return chart.labels[first : first + len(found.table.seats.labels)]


def _table_ordinal(found: BookableObject) -> int:
    # A table takes the first ordinal of its block, its seats follow.
    return found.ordinal - (found.seat_index + 1 if found.kind == "seat" else 0)
