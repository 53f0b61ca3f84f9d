"""Summaries against single infos: each place of an event is described by itself, then counted.

Nothing is taken from the product here but what it says of a single object.
"""

import random
from collections import Counter
from typing import Any

import pytest

from api.seatsio.object_info import UNTOUCHED, Seen, info
from api.seatsio.reports.dimensions import EVENT_DIMENSIONS
from api.seatsio.reports.stock import event_stock
from api.seatsio.reports.summaries import Touched, summary, tally
from engine.charts.inventory import SeatMap
from engine.seats.event_map import EventMap
from schemas.facts import AreaCounts, ChannelCounts
from schemas.selling import Channel, ForSale, Selling
from tests.charts.venues import seat_map
from tests.seatsio.reports.test_summaries import SUMMARIES

JSON = dict[str, Any]
VENUES = (
    "sampleChart",
    "sampleChartWithErrors",
    "sampleChartWithFloors",
    "sampleChartWithSections",
    "sampleChartWithTables",
    "sampleChartWithZones",
)
AREA_PLACES = {"one": 7, "two": 4}


def sold_specially(seats: SeatMap, *, listed_is_for_sale: bool | None) -> EventMap:
    """Put every third object into a channel, and every fifth on the list of what is for sale."""
    labels = [found.label for found in seats if found.kind != "area"]
    areas = [found.label for found in seats if found.kind == "area"]
    places = [dict.fromkeys(areas[1:], AREA_PLACES[channel]) for channel in ("one", "two")]
    channels = [
        Channel(
            id="one",
            key="k1",
            name="",
            color="",
            objects=[*labels[::3], *areas[:1]],
            area_places=places[0],
        ),
        Channel(id="two", key="k2", name="", color="", objects=labels[1::3], area_places=places[1]),
    ]
    if listed_is_for_sale is None:
        return EventMap(seats, Selling(channels=channels))
    for_sale = ForSale(
        for_sale=listed_is_for_sale,
        objects=labels[::5],
        area_places=dict.fromkeys(areas, 93),
        categories=["10"],
    )
    return EventMap(seats, Selling(channels=channels, for_sale=for_sale))


def ways_of_selling(seats: SeatMap) -> list[EventMap]:
    special = [sold_specially(seats, listed_is_for_sale=listed) for listed in (None, True, False)]
    return [EventMap(seats), *special]


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("deep", [False, True])
def test_summaries_count_what_infos_say_one_by_one(venue: str, deep: bool) -> None:  # noqa: FBT001
    seats = seat_map(venue)
    touched, seen = _touched_at_random(seats, random.Random(venue))
    for event_map in ways_of_selling(seats):
        places = _places(event_map, seen)
        stock = event_stock(event_map)
        counted = tally(stock, touched)
        for name in SUMMARIES:
            told = summary(event_map, counted, name, EVENT_DIMENSIONS, deep=deep)
            buckets = {bucket: item for bucket, item in told.items() if item["count"]}
            assert buckets == _counted(places, name, levels=2 if deep else 1), name


def _touched_at_random(seats: SeatMap, dice: random.Random) -> tuple[Touched, dict[str, Seen]]:
    statuses: dict[str, list[str]] = {}
    areas, seen = {}, {}
    for found in seats:
        if found.kind == "area":
            own = ChannelCounts(taken={"x": 1}, held=1)
            area = AreaCounts(
                taken={"booked": dice.randrange(3), "x": 2},
                held=1 + dice.randrange(3),
                channels={"two": own},
            )
            areas[found.label] = area
            seen[found.label] = Seen("booked", area=area)
        elif dice.random() < 0.5:
            status = dice.choice(["booked", "reservedByToken", "lolzor"])
            statuses.setdefault(status, []).append(found.label)
            seen[found.label] = Seen(status)
    return Touched(statuses, areas), seen


def _places(event_map: EventMap, seen: dict[str, Seen]) -> list[dict[str, str]]:
    """Describe each place of an event by itself."""
    places = []
    for found in filter(event_map.sells, event_map.chart):
        about = info(event_map, found, seen.get(found.label, UNTOUCHED))
        for status, channel, is_for_sale in _sold(
            about, seen.get(found.label, UNTOUCHED), event_map
        ):
            available = status == "free" and is_for_sale
            reason = "available" if available else "not_for_sale"
            places.append(
                {
                    "byStatus": status,
                    "bySection": about.get("section", "NO_SECTION"),
                    "byCategoryKey": about.get("categoryKey", "NO_CATEGORY"),
                    "byCategoryLabel": about.get("categoryLabel", "NO_CATEGORY"),
                    "byZone": about.get("zone", "NO_ZONE"),
                    "byObjectType": about["objectType"],
                    "byAvailability": "available" if available else "not_available",
                    "byAvailabilityReason": reason if status == "free" else status,
                    "bySelectability": "selectable" if available else "not_selectable",
                    "byChannel": channel,
                }
            )
    return places


def _sold(about: JSON, seen: Seen, event_map: EventMap) -> list[tuple[str, str, bool]]:
    """Say of each place of an object: its status, its channel, whether it is for sale."""
    whole = about.get("channel", "NO_CHANNEL")
    if "numFree" not in about:
        return [(seen.status, whole, about["forSale"])] * about.get("numSeats", 1)
    area = seen.area or AreaCounts()
    others = _listed(area, about["capacity"])
    of_channels = []
    for channel in event_map.selling.channels if whole == "NO_CHANNEL" else ():
        counts = area.channels.get(channel.id, ChannelCounts())
        own = _listed(counts, channel.area_places.get(about["label"], 0))
        of_channels += [(status, channel.key) for status in own]
        for status in own:
            others.remove(status)
    not_for_sale = about["numNotForSale"]
    sold = []
    for status, key in [*((status, whole) for status in others), *of_channels]:
        is_off = status == "free" and not_for_sale > 0
        not_for_sale -= is_off
        sold.append((status, key, not is_off))
    return sold


def _listed(counts: AreaCounts | ChannelCounts, places: int) -> list[str]:
    """Name the status of each of some places."""
    taken = [status for status, number in counts.taken.items() for _ in range(number)]
    taken += ["reservedByToken"] * counts.held
    return taken + ["free"] * (places - len(taken))


def _counted(places: list[dict[str, str]], name: str, levels: int, *above: str) -> JSON:
    hidden = {name, *above}
    if hidden & {"byCategoryKey", "byCategoryLabel"}:
        hidden |= {"byCategoryKey", "byCategoryLabel"}
    told: JSON = {}
    for bucket in {place[name] for place in places}:
        own = [place for place in places if place[name] == bucket]
        told[bucket] = {"count": len(own)}
        for other in own[0].keys() - hidden:
            if levels == 1:
                told[bucket][other] = dict(Counter(place[other] for place in own))
            else:
                told[bucket][other] = _counted(own, other, levels - 1, name, *above)
    return told
