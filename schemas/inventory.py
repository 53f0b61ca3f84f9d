"""The inventory: a chart compiled to its bookable objects, as the topic `inventories` carries it.

Rules of this file:

1. The bytes are canonical: equal inventories encode to equal bytes, and the SHA-256 of these
   (uncompressed) bytes is the inventory's name. A changed field is a changed name.
2. `blocks` stand in drawing order, and so do the seats inside one. The place of an object in
   that order is its ordinal: a table comes directly before its seats.
3. A full label is its parts joined by `-`: the section's if there is one, then the row's or
   table's, then the seat's. Full labels are unique and are not stored.
4. Seats are columns of their row or table; what is seldom set is sparse, by ascending index.
5. A type name carries its version. Readers ignore fields they do not know.
"""

import hashlib
import zlib
from collections.abc import Sequence
from enum import IntFlag
from typing import Literal

import msgspec

INVENTORY_BYTES_MAX = 128 * 1024 * 1024
"""Uncompressed; 200,000 objects need under 20 MiB, and a broken record must not fill the memory."""
COMPRESSION_LEVEL = 9
"""An inventory is compressed once and read by every owner, so the smallest form is the cheapest."""


class SeatFlag(IntFlag):
    """What a seat is or has. The bits are part of the wire format: never renumber them."""

    ACCESSIBLE = 1
    RESTRICTED_VIEW = 2
    COMPANION_SEAT = 4
    LIFT_UP_ARMRESTS = 8
    HEARING_IMPAIRED = 16
    SEMI_AMBULATORY_SEAT = 32
    SIGN_LANGUAGE_INTERPRETATION = 64
    PLUS_SIZE = 128


class InventoryError(Exception):
    """The bytes are not an inventory that this version can read."""


class Point(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A place on the chart, in the units of the drawing; y grows downwards."""

    x: float
    y: float


class Category(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A price category of the chart."""

    key: str
    label: str
    color: str | None = None
    accessible: bool = False
    key_is_int: bool = False
    """The drawing has the key as a number, and answers show it so."""


class Zone(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A part of the venue with a focal point of its own; sections belong to it."""

    key: str
    label: str
    focal_point: Point | None = None


class Floor(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """One floor of a chart with several."""

    name: str
    displayed_name: str | None = None
    focal_point: Point | None = None


class Section(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """A section; the first part of the labels of its objects."""

    label: str
    displayed_label: str | None = None
    zone: str | None = None
    """Key of the zone."""
    entrance: str | None = None


class Seats(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """The seats of a row (from its one end to the other) or of a table, as columns."""

    labels: list[str] = []
    """Their own labels: the last part of the full label."""
    x: list[float] = []
    """Absolute, for each label."""
    y: list[float] = []
    category: str | None = None
    """Key of the category of every seat that is not in `categories`."""
    categories: dict[int, str | None] = {}
    displayed_labels: dict[int, str] = {}
    entrances: dict[int, str] = {}
    flags: dict[int, int] = {}
    """Sums of `SeatFlag`."""

    def __post_init__(self) -> None:
        """Refuse columns that do not fit together, and sparse ones that are not canonical."""
        if not len(self.labels) == len(self.x) == len(self.y):
            message = "the columns labels, x and y have different lengths"
            raise ValueError(message)
        for sparse in (self.categories, self.displayed_labels, self.entrances, self.flags):
            if sparse:
                _check_sparse(list(sparse), len(self.labels))


class Block(msgspec.Struct, kw_only=True, frozen=True, omit_defaults=True):
    """What all blocks have in common."""

    label: str
    """Own label of the row, table, booth or area."""
    displayed_label: str | None = None
    displayed_type: str | None = None
    """What the drawing calls it to the public, where that is not its type."""
    section: int | None = None
    """Index in `Inventory.sections`."""
    floor: int | None = None
    """Index in `Inventory.floors`."""


class Row(Block, tag="row", kw_only=True, frozen=True, omit_defaults=True):
    """A row: its seats are bookable, itself it is not. Seats next to each other are neighbours."""

    seats: Seats


class Table(Block, tag="table", kw_only=True, frozen=True, omit_defaults=True):
    """A table. It and its seats are all bookable objects; an event decides which of them count."""

    seats: Seats
    seat_count: int
    """Seats drawn; seats without a label of their own are in this number only."""
    position: Point | None = None
    """Its centre, if the drawing says where it is."""
    category: str | None = None
    entrance: str | None = None
    book_as_a_whole: bool = False
    variable_occupancy: bool = False
    min_occupancy: int | None = None
    """Like `max_occupancy`, set only where the occupancy is variable."""
    max_occupancy: int | None = None


class Booth(Block, tag="booth", kw_only=True, frozen=True, omit_defaults=True):
    """A booth: bookable as one."""

    position: Point | None = None
    """Its centre, if the drawing says where it is."""
    category: str | None = None
    entrance: str | None = None


class Area(Block, tag="area", kw_only=True, frozen=True, omit_defaults=True):
    """A general admission area: places without seats."""

    capacity: int
    position: Point | None = None
    """Its centre, if the drawing says where it is."""
    category: str | None = None
    entrance: str | None = None
    book_as_a_whole: bool = False
    variable_occupancy: bool = False
    min_occupancy: int | None = None
    """Like `max_occupancy`, set only where the occupancy is variable."""
    max_occupancy: int | None = None


class Inventory(msgspec.Struct, tag="Inventory.v1", kw_only=True, frozen=True, omit_defaults=True):
    """Everything about a chart that booking, best available and reports need."""

    categories: list[Category] = []
    zones: list[Zone] = []
    focal_point: Point | None = None
    floors: list[Floor] = []
    """Empty unless the chart has several."""
    sections: list[Section] = []
    blocks: list[Row | Table | Booth | Area] = []
    errors: list[str] = []
    """Codes of the checks that the drawing fails; objects without a usable label are left out."""
    warnings: list[str] = []

    def __post_init__(self) -> None:
        """Refuse references to sections and floors that are not there."""
        for block in self.blocks:
            _check_index("section", block.section, self.sections)
            _check_index("floor", block.floor, self.floors)


def _check_sparse(indexes: list[int], length: int) -> None:
    if indexes != sorted(indexes) or indexes[0] < 0 or indexes[-1] >= length:
        message = "a sparse column has indexes that are out of order or of no seat"
        raise ValueError(message)


def _check_index(name: str, index: int | None, entries: Sequence[Section | Floor]) -> None:
    if index is not None and not 0 <= index < len(entries):
        message = f"a block names the {name} {index} of {len(entries)}"
        raise ValueError(message)


ObjectKind = Literal["seat", "table", "booth", "area"]

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Inventory)


def encode(inventory: Inventory) -> bytes:
    """Give the canonical bytes."""
    return _encoder.encode(inventory)


def decode(encoded: bytes) -> Inventory:
    """Read canonical bytes.

    Raises InventoryError if they are not an inventory.
    """
    try:
        return _decoder.decode(encoded)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        message = f"not an inventory: {error}"
        raise InventoryError(message) from error


def inventory_hash(encoded: bytes) -> str:
    """Name an inventory: SHA-256 (hex) of its canonical bytes."""
    return hashlib.sha256(encoded).hexdigest()


def compress(encoded: bytes) -> bytes:
    """Pack canonical bytes for the topic (zlib format)."""
    return zlib.compress(encoded, COMPRESSION_LEVEL)


def decompress(compressed: bytes) -> bytes:
    """Undo `compress`.

    Raises InventoryError if the bytes are damaged, cut off or unpack to more than
    INVENTORY_BYTES_MAX.
    """
    unpacking = zlib.decompressobj()
    try:
        encoded = unpacking.decompress(compressed, INVENTORY_BYTES_MAX)
    except zlib.error as error:
        message = f"not a compressed inventory: {error}"
        raise InventoryError(message) from error
    if not unpacking.eof or unpacking.unused_data:
        message = "not a compressed inventory: it is cut off, too long or followed by other bytes"
        raise InventoryError(message)
    return encoded
