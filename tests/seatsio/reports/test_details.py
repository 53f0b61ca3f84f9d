import asyncio
import csv
import io
import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec
import pytest

from adapters.postgres.rows import TouchedColumns, TouchedObjects, TouchedRow
from api.seatsio.object_info import UNTOUCHED, Seen, common_info, info, own_info
from api.seatsio.reports.details import States, in_buckets, with_all_object_types
from api.seatsio.reports.dimensions import CHART_TYPES, EVENT_TYPES
from api.seatsio.reports.forms import AS_CSV, AS_JSON
from api.seatsio.reports.stock import Tables, chart_stock, event_stock
from api.seatsio.reports.writing import (
    OwnTexts,
    Writer,
    as_array,
    as_buckets,
    as_csv,
    in_slices,
    pieces_per_slice,
)
from engine.charts.inventory import SeatMap
from engine.seats.event_map import EventMap
from schemas.facts import AreaCounts
from schemas.selling import EventCategory, Selling
from tests.charts.venues import chart, mapped, row, seat_map
from tests.seatsio.reports.test_summaries_against_infos import VENUES, sold_specially

JSON = dict[str, Any]
HOLDS = {"token-1": {"NO_TICKET_TYPE": 1}, "token-2": {"adult": 2}}


Sell = Callable[[SeatMap], EventMap]
WAYS: list[Sell] = [EventMap, partial(sold_specially, listed_is_for_sale=False)]


def touched_at_random(event_map: EventMap) -> tuple[TouchedObjects, dict[str, Seen]]:
    """Give the rows of an event, and the same states as `info` takes them."""
    dice = random.Random(1)
    rows: list[TouchedRow] = []
    areas: list[TouchedRow] = []
    seen = {}
    for found in filter(event_map.sells, event_map.chart):
        label = found.label
        if found.kind == "area":
            area = AreaCounts(taken={"booked": 2}, held=3)
            areas.append(
                TouchedRow(label, "booked", order_id="o", area=area, area_holds=raw(HOLDS))
            )
            seen[label] = Seen("booked", order_id="o", area=area, area_holds=HOLDS)
        elif dice.random() < 0.5:
            status = dice.choice(["booked", "free", "reservedByToken", 'a "custom", one'])
            order = dice.choice([None, "order-1", "ö,\n"])
            extra = dice.choice([None, {"name": 'Ada "the first"', "n": [1, None]}])
            token = "h" if status == "reservedByToken" else None
            listing = dice.choice([None, "listing, 1"])
            rows.append(TouchedRow(label, status, token, order, "adult", raw(extra), listing))
            seen[label] = Seen(status, token, order, "adult", extra, listing)
    rows.append(TouchedRow("not on the chart", "booked"))
    dice.shuffle(rows)
    some, *others = (rows[first : first + 7] for first in range(0, len(rows), 7))
    columns = [TouchedColumns(*list(zip(*part, strict=True))[:7]) for part in others]
    return TouchedObjects(columns, [*some, *areas]), seen


def raw(content: JSON | None) -> str | None:
    return None if content is None else msgspec.json.encode(content).decode()


def infos_one_by_one(event_map: EventMap, seen: dict[str, Seen]) -> list[JSON]:
    return [
        info(event_map, found, seen.get(found.label, UNTOUCHED))
        for found in filter(event_map.sells, event_map.chart)
    ]


@pytest.mark.parametrize("sell", WAYS)
@pytest.mark.parametrize("venue", VENUES)
def test_a_flat_report_has_each_info_in_the_order_of_the_labels(venue: str, sell: Sell) -> None:
    event_map = sell(seat_map(venue))
    rows, seen = touched_at_random(event_map)
    stock = event_stock(event_map)
    own = OwnTexts(event_map.chart, AS_JSON)
    expected = sorted(infos_one_by_one(event_map, seen), key=lambda about: str(about["label"]))
    for _ in range(2):  # when nothing is kept yet, and from what was kept
        writer = Writer(stock, own, States(stock, rows))
        told = b"".join(as_array(stock.by_label, writer))
        assert msgspec.json.decode(told) == expected


def test_seats_of_a_row_that_differ_are_described_each_as_it_is() -> None:
    drawing = chart(rows=[row("A", "1", "2", "3", "4", "5")])
    [first, second, third, *_] = drawing["subChart"]["rows"][0]["seats"]
    first["entrance"], second["accessible"] = "North", True
    third["categoryKey"] = None
    own = EventCategory(key="own", label="Own")
    selling = Selling(categories=[own], object_categories={"A-4": "own"})
    event_map = EventMap(mapped(drawing), selling)
    stock = event_stock(event_map)
    writer = Writer(
        stock, OwnTexts(event_map.chart, AS_JSON), States(stock, TouchedObjects([], []))
    )
    told = msgspec.json.decode(b"".join(as_array(stock.ordinals, writer)))
    assert told == infos_one_by_one(event_map, {})
    assert [seat.get("entrance") for seat in told] == ["North", None, None, None, None]
    assert [seat["isAccessible"] for seat in told] == [False, True, False, False, False]
    assert [seat.get("categoryKey") for seat in told] == ["1", "1", None, "own", "1"]


BUCKET_OF: dict[str, Callable[[JSON], Any]] = {
    "byStatus": lambda about: about["status"],
    "byObjectType": lambda about: about["objectType"],
    "byCategoryLabel": lambda about: about.get("categoryLabel", "NO_CATEGORY"),
    "byCategoryKey": lambda about: about.get("categoryKey", "NO_CATEGORY"),
    "byLabel": lambda about: about["label"],
    "byOrderId": lambda about: about.get("orderId", "NO_ORDER_ID"),
    "bySection": lambda about: about.get("section", "NO_SECTION"),
    "byZone": lambda about: about.get("zone", "NO_ZONE"),
    "byAvailability": lambda about: "available" if about["isAvailable"] else "not_available",
    "byAvailabilityReason": lambda about: about["availabilityReason"],
    "byChannel": lambda about: about.get("channel", "NO_CHANNEL"),
}


def test_there_is_a_detailed_report_of_every_type() -> None:
    assert set(EVENT_TYPES) == set(BUCKET_OF)
    assert set(CHART_TYPES) == {
        "byLabel",
        "byObjectType",
        "byCategoryKey",
        "byCategoryLabel",
        "bySection",
        "byZone",
    }


@pytest.mark.parametrize("name", list(BUCKET_OF))
@pytest.mark.parametrize("sell", WAYS)
@pytest.mark.parametrize("venue", VENUES)
def test_a_report_by_type_has_each_info_in_its_bucket(venue: str, name: str, sell: Sell) -> None:
    event_map = sell(seat_map(venue))
    rows, seen = touched_at_random(event_map)
    stock = event_stock(event_map)
    states = States(stock, rows)
    buckets = in_buckets(stock, name, states)
    writer = Writer(stock, OwnTexts(event_map.chart, AS_JSON), states)

    expected: dict[str, list[JSON]] = {}
    for about in infos_one_by_one(event_map, seen):
        expected.setdefault(BUCKET_OF[name](about), []).append(about)
    assert msgspec.json.decode(b"".join(as_buckets(buckets, writer))) == expected


@pytest.mark.parametrize(
    ("tables", "labels"),
    [
        (Tables.BOTH, ["T1", *(f"T1-{n}" for n in range(1, 7)), "T2"]),
        (Tables.AS_DRAWN, [*(f"T1-{n}" for n in range(1, 7)), "T2"]),
        (Tables.WHOLE, ["T1", "T2"]),
        (Tables.BY_SEAT, [f"{table}-{n}" for table in ("T1", "T2") for n in range(1, 7)]),
    ],
)
def test_a_chart_report_has_the_tables_that_were_asked_for(
    tables: Tables, labels: list[str]
) -> None:
    stock = chart_stock(seat_map("sampleChartWithTables"), tables)
    found = set(in_buckets(stock, "byLabel"))
    assert set(labels) <= found
    assert len(found) == (14 if tables is Tables.BOTH else len(labels))


@pytest.mark.parametrize("venue", VENUES)
def test_a_chart_report_says_what_the_chart_says_and_no_more(venue: str) -> None:
    chart_ = seat_map(venue)
    stock = chart_stock(chart_, Tables.BOTH)
    told = b"".join(as_array(stock.ordinals, Writer(stock, OwnTexts(chart_, AS_JSON))))
    expected = [
        {**own_info(chart_, found), **common_info(EventMap(chart_), found)} for found in chart_
    ]
    assert msgspec.json.decode(told) == expected


def test_a_report_on_an_empty_chart_is_empty_but_for_the_object_types() -> None:
    seats = mapped(chart())
    stock = event_stock(EventMap(seats))
    states = States(stock, TouchedObjects([], []))
    writer = Writer(stock, OwnTexts(seats, AS_JSON), states)
    by_status = in_buckets(stock, "byStatus", states)
    assert b"".join(as_buckets(by_status, writer)) == b"{}"
    by_type = with_all_object_types(in_buckets(stock, "byObjectType", states))
    told = msgspec.json.decode(b"".join(as_buckets(by_type, writer)))
    assert told == {"seat": [], "table": [], "booth": [], "generalAdmission": []}
    assert b"".join(as_array(stock.by_label, writer)) == b"[]"


@pytest.mark.parametrize("sell", WAYS)
@pytest.mark.parametrize("venue", VENUES)
def test_a_csv_report_says_the_same_as_the_flat_one(venue: str, sell: Sell) -> None:
    event_map = sell(seat_map(venue))
    rows, seen = touched_at_random(event_map)
    stock = event_stock(event_map)
    writer = Writer(stock, OwnTexts(event_map.chart, AS_CSV), States(stock, rows))
    told = b"".join(as_csv(stock.ordinals, writer)).decode()
    lines = list(csv.DictReader(io.StringIO(told, newline=""), strict=True))
    assert lines
    for line, about in zip(lines, infos_one_by_one(event_map, seen), strict=True):
        flat = _flat(about)
        # Every field of the info has its column, and what the object does not have is empty.
        assert {name: _read(name, cell) for name, cell in line.items() if cell} == flat
        assert set(line) >= set(flat)


_TEXTS = {"extraData", "holds", "seasonStatusOverriddenQuantities"}
"""Objects that a cell holds as one JSON text."""


def _flat(about: JSON, before: str = "") -> JSON:
    flat: JSON = {}
    for name, value in about.items():
        if isinstance(value, dict) and name not in _TEXTS:
            flat |= _flat(value, f"{before}{name}.")
        else:
            flat[before + name] = value
    return flat


def _read(name: str, cell: str) -> Any:  # noqa: ANN401 - JSON
    texts = {"label", "status", "availabilityReason", "orderId", "ticketType", "section", "zone"}
    texts |= {"categoryKey", "categoryLabel", "entrance", "leftNeighbour", "rightNeighbour"}
    texts |= {"holdToken", "channel", "resaleListingId", "areaType", "tableType"}
    if name in texts or name.startswith(("labels.", "ids.", "floor.")) or name == "objectType":
        return cell
    return msgspec.json.decode(cell)


async def test_others_are_served_between_the_slices_of_a_report() -> None:
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    running = asyncio.create_task(others())
    slices = [part async for part in in_slices(iter([b"x"] * pieces_per_slice * 5))]
    running.cancel()
    assert [len(part) for part in slices] == [pieces_per_slice] * 5
    assert turns >= 5


def test_a_slice_takes_no_time_even_if_nothing_is_kept() -> None:
    seats = seat_map("sampleChartWithZones")
    stock = event_stock(EventMap(seats))
    pieces = as_array(
        stock.ordinals,
        Writer(stock, OwnTexts(seats, AS_JSON), States(stock, TouchedObjects([], []))),
    )
    took = []
    for _ in range(20):
        started = time.process_time()
        for _ in range(pieces_per_slice):
            next(pieces)
        took.append(time.process_time() - started)
    assert sorted(took)[10] < 0.005
