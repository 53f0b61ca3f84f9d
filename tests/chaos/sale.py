"""What is on sale, and the programme of it: single events, seasons with their events, tables.

Rules of this file:

1. Whatever shares seats shares a partition: a season, its partial season and its events.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec

from engine.charts.compile import compile_drawing
from engine.charts.inventory import SeatMap
from engine.charts.reading import read_drawing
from engine.groups.machine import partition_of
from schemas.topics import EVENTS_COMMANDS
from tests.chaos.house import House

ROOT = Path(__file__).parents[2]
VENUE = ROOT / "seatlog" / "demo" / "venues" / "sampleChart.json"
"""32 seats and two areas: few, so that clients meet."""
TABLES = ROOT / "tests" / "charts" / "drawings" / "sampleChartWithTables.json"
"""Two tables of six seats each."""
events_per_partition = 2
partitions_with_season = 2


class Season(NamedTuple):
    """A season, by the keys of all that is in it."""

    top: str
    events: Sequence[str]
    partial: str
    """Begins with the first event."""

    @property
    def keys(self) -> list[str]:
        """Name all of it."""
        return [self.top, *self.events, self.partial]


class Sale(NamedTuple):
    """What is on sale, and where."""

    address: str
    api_key: str
    events: Sequence[Sequence[str]]
    """The event keys of each partition, those of seasons among them."""
    seasons: Sequence[Season]
    seats: Sequence[str]
    """Labels, the most wanted first."""
    areas: Sequence[str]
    tables: Sequence[Sequence[str]]
    """The labels of each table and its seats: the same places."""


def drawing() -> bytes:
    """Give the venue, with tables."""
    drawn, with_tables = (json.loads(file.read_bytes()) for file in (VENUE, TABLES))
    drawn["subChart"]["tables"] = with_tables["subChart"]["tables"]
    return json.dumps(drawn).encode()


async def put_on_sale(house: House) -> Sale:
    """Publish the venue as some events in each partition, some of them in seasons."""
    drawn = drawing()
    address, api_key = house.installation.address, house.installation.api_key
    partitions = house.topics[EVENTS_COMMANDS].partitions
    authorization = aiohttp.encode_basic_auth(api_key, "")
    async with aiohttp.ClientSession(address, headers={"Authorization": authorization}) as session:
        workspace = (await _post(session, "/hold-tokens", b""))["workspaceKey"]
        chart = (await _post(session, "/charts/actions/import", drawn))["key"]
        names = [_keys_of(workspace, number, partitions) for number in range(partitions)]
        seasons = [_season(next(keys)) for keys in names[:partitions_with_season]]
        events = [[next(keys) for _ in range(events_per_partition)] for keys in names]
        single = [{"eventKey": key} for together in events for key in together]
        body = msgspec.json.encode({"chartKey": chart, "events": single})
        await _post(session, "/events/actions/create-multiple", body)
        for season in seasons:
            await _create(session, season, chart)
    of_seasons = [season.keys for season in seasons] + [[]] * (partitions - len(seasons))
    together = [own + shared for own, shared in zip(events, of_seasons, strict=True)]
    return _sale(address, api_key, together, seasons, SeatMap(compile_drawing(read_drawing(drawn))))


def _sale(
    address: str,
    api_key: str,
    events: Sequence[Sequence[str]],
    seasons: Sequence[Season],
    seat_map: SeatMap,
) -> Sale:
    places = list(seat_map)
    tables = [
        [place.label, *(seat.label for seat in places if seat.kind == "seat" and seat.table is of)]
        for place in places
        if place.kind == "table" and (of := place.table) is not None
    ]
    return Sale(
        address,
        api_key,
        events,
        seasons,
        [place.label for place in places if place.kind == "seat" and place.table is None],
        [place.label for place in places if place.kind == "area"],
        tables,
    )


async def _create(session: aiohttp.ClientSession, season: Season, chart: str) -> None:
    body = {"chartKey": chart, "key": season.top, "eventKeys": season.events}
    await _post(session, "/seasons", msgspec.json.encode(body))
    partial = {"key": season.partial, "eventKeys": season.events[:1]}
    await _post(session, f"/seasons/{season.top}/partial-seasons", msgspec.json.encode(partial))


def _season(key: str) -> Season:
    return Season(key, [f"{key}-first", f"{key}-second"], f"{key}-part")


def _keys_of(workspace: str, partition: int, partitions: int) -> Iterator[str]:
    """Give keys whose events live in a partition."""
    keys = (f"event-{number}" for number in count(1))
    return (key for key in keys if partition_of(workspace, key, partitions) == partition)


async def _post(session: aiohttp.ClientSession, path: str, body: bytes) -> Any:  # noqa: ANN401 - JSON
    async with session.post(path, data=body) as response:
        response.raise_for_status()
        return await response.json()
