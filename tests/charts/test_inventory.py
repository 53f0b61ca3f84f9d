"""The inventory's bytes: canonical, compact, and refused when they are damaged."""

import random
import re
import zlib

import msgspec
import pytest

from engine.charts.inventory import SeatMap
from schemas import inventory as schema
from schemas.inventory import (
    Area,
    Inventory,
    InventoryError,
    Row,
    Seats,
    compress,
    decode,
    decompress,
    encode,
    inventory_hash,
)
from tests.charts.venues import Json, compiled, inventory

MEBIBYTE = 1024 * 1024


def test_the_stadium_is_small() -> None:
    encoded = encode(inventory("sampleChartWithZones"))
    assert len(encoded) < 250_000
    assert len(compress(encoded)) < 100_000


def test_the_hash_is_that_of_the_uncompressed_bytes() -> None:
    empty = encode(Inventory())
    assert empty == b'{"type":"Inventory.v1"}'
    assert inventory_hash(empty) == (
        "981bd9c7d71d214dbc3c783d1e437416e123ea6dad4c6df09ccd156eb0602a18"
    )


def test_another_inventory_has_another_hash() -> None:
    hashes = {
        inventory_hash(encode(inventory(name)))
        for name in ("sampleChart", "sampleChartWithTables", "sampleChartWithZones")
    }
    assert len(hashes) == 3


def test_the_bytes_come_back_from_compression() -> None:
    encoded = encode(inventory("sampleChartWithZones"))
    assert decompress(compress(encoded)) == encoded
    assert decode(encoded) == inventory("sampleChartWithZones")


PACKED = compress(encode(inventory("sampleChart")))


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"not compressed",
        PACKED[:-1],
        PACKED + b"!",
        PACKED[:40] + bytes([PACKED[40] ^ 1]) + PACKED[41:],
    ],
)
def test_damaged_bytes_are_refused(damaged: bytes) -> None:
    with pytest.raises(InventoryError, match="not a compressed inventory"):
        decompress(damaged)


def test_a_few_bytes_that_unpack_to_far_too_many_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(schema, "INVENTORY_BYTES_MAX", MEBIBYTE)
    decompress(zlib.compress(bytes(MEBIBYTE)))
    with pytest.raises(InventoryError, match="too long"):
        decompress(zlib.compress(bytes(MEBIBYTE + 1)))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"type":"Inventory.v2"}', "Invalid value 'Inventory.v2'"),
        (b'{"type":"Inventory.v1","blocks":[{"type":"row","label":"A"}]}', "seats"),
        (b'{"type":"Inventory.v1","blocks":[{"type":"sofa"}]}', "sofa"),
        (
            (
                b'{"type":"Inventory.v1","blocks":[{"type":"row","label":"A",'
                b'"seats":{"labels":["1"],"x":[1],"y":[]}}]}'
            ),
            "different lengths",
        ),
        (
            (
                b'{"type":"Inventory.v1","blocks":[{"type":"area","label":"A","capacity":1,'
                b'"section":0}]}'
            ),
            "the section 0 of 0",
        ),
        (
            (
                b'{"type":"Inventory.v1","blocks":[{"type":"row","label":"A",'
                b'"seats":{"labels":["1"],"x":[1],"y":[1],"flags":{"1":1}}}]}'
            ),
            "of no seat",
        ),
        (b'{"type":"Inventory.v1","errors":["\xff"]}', "utf-8"),
    ],
)
def test_what_is_no_inventory_is_refused(text: bytes, why: str) -> None:
    with pytest.raises(InventoryError, match=re.escape(why)):
        decode(text)


def test_sparse_columns_out_of_order_are_refused() -> None:
    with pytest.raises(ValueError, match="out of order"):
        Seats(labels=["1", "2"], x=[1, 2], y=[1, 2], flags={1: 1, 0: 1})


def test_a_field_of_a_later_version_is_ignored() -> None:
    assert decode(b'{"type":"Inventory.v1","mood":"good"}') == Inventory()


def test_an_inventory_with_one_label_twice_makes_no_seat_map() -> None:
    seats = Seats(labels=["1"], x=[0.0], y=[0.0])
    twice = Inventory(blocks=[Row(label="A", seats=seats), Area(label="A-1", capacity=1)])
    with pytest.raises(ValueError, match="same label"):
        SeatMap(twice)


def stadium(sections: int, rows: int, seats: int) -> Json:
    draw = random.Random(7)
    return {
        "categories": {"list": [{"key": key, "label": f"Price {key}"} for key in range(5)]},
        "subChart": {
            "sections": [
                {
                    "label": f"Block {section}",
                    "topLeft": {"x": section * 1000.17, "y": 3.31},
                    "subChart": {
                        "rows": [
                            {
                                "label": str(row),
                                "seats": [
                                    {
                                        "x": round(20 * seat + 5 * draw.random(), 2),
                                        "y": round(24 * row + 5 * draw.random(), 2),
                                        "label": str(seat),
                                        "categoryKey": draw.randrange(5),
                                        "accessible": draw.random() < 0.1,
                                    }
                                    for seat in range(seats)
                                ],
                            }
                            for row in range(rows)
                        ]
                    },
                }
                for section in range(sections)
            ]
        },
    }


def test_a_hundred_thousand_seats_fit_one_record() -> None:
    made = compiled(stadium(sections=40, rows=50, seats=50))
    encoded = encode(made)
    assert len(compress(encoded)) < 2 * MEBIBYTE
    seats = SeatMap(decode(encoded))
    assert len(seats) == seats.places == 100_000
    assert seats.neighbours("Block 39-49-48") == ("Block 39-49-47", "Block 39-49-49")


def test_a_seat_map_keeps_no_object_that_nobody_asked_for() -> None:
    seats = SeatMap(inventory("sampleChartWithZones"))
    assert sum(1 for _ in seats) == 8_897
    assert not any(seats._objects)
    assert seats.find("MT1-A-1") is seats.find("MT1-A-1")
    assert sum(found is not None for found in seats._objects) == 1


def test_the_inventory_has_a_json_schema() -> None:
    _, parts = msgspec.json.schema_components([Inventory])
    assert {"Row", "Table", "Booth", "Area", "Section"} <= parts.keys()
