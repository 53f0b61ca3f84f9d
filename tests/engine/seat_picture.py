"""Rows of seats as a picture: `A  . . h x` is row A with two free, a held and a booked seat.

`.` free, `h` held, `x` booked, `r` offered for resale, `?` any custom status.
"""

from collections.abc import Iterator

from engine.seats.state import EventState
from schemas.facts import BOOKED, FREE, HELD, RESALE
from tests.engine.factories import CUSTOM

SYMBOLS = {FREE: ".", HELD: "h", BOOKED: "x", RESALE: "r"}
STATUSES = {symbol: status for status, symbol in SYMBOLS.items()} | {"?": CUSTOM}


def lines(picture: str) -> Iterator[tuple[str, list[str]]]:
    """Give each row of a picture as its label and its symbols."""
    for line in picture.strip().splitlines():
        row, *symbols = line.split()
        yield row, symbols


def seats_of(picture: str) -> Iterator[tuple[str, str]]:
    """Give each seat of a picture as its label and its status."""
    for row, symbols in lines(picture):
        for number, symbol in enumerate(symbols, start=1):
            yield f"{row}-{number}", STATUSES[symbol]


def tidy(picture: str) -> str:
    """Give a picture without what only the source file's indentation brought in."""
    return "\n".join(f"{row}  {' '.join(symbols)}" for row, symbols in lines(picture))


def draw(event: EventState, rows: list[str]) -> str:
    """Draw rows of an event as they are."""
    return "\n".join(f"{row}  {' '.join(_symbols(event, row))}" for row in rows)


def _symbols(event: EventState, row: str) -> Iterator[str]:
    number = 1
    while event.map.chart.find(label := f"{row}-{number}") is not None:
        touched = event.objects.get(label)
        yield SYMBOLS.get(touched.status if touched else FREE, "?")
        number += 1
