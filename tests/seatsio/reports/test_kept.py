import pytest

from api.seatsio.reports import kept as unit
from api.seatsio.reports.forms import AS_CSV, AS_JSON
from api.seatsio.reports.kept import KeptChart, KeptCharts
from api.seatsio.reports.stock import Stock, Tables, chart_stock, event_stock
from engine.seats.event_map import EventMap
from schemas.selling import Selling
from tests.charts.venues import seat_map

SAMPLE, TABLES = seat_map("sampleChart"), seat_map("sampleChartWithTables")


def test_the_oldest_charts_are_dropped_when_there_are_too_many_objects(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(unit, "objects_max", 2 * len(SAMPLE))
    charts = KeptCharts()
    first, _ = charts.put("first", SAMPLE), charts.put("second", SAMPLE)
    assert charts.get("first") is first
    third = charts.put("third", SAMPLE)
    assert charts.get("second") is None
    assert (charts.get("first"), charts.get("third")) == (first, third)


def test_a_chart_that_is_too_large_is_kept_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unit, "objects_max", 1)
    charts = KeptCharts()
    charts.put("first", SAMPLE)
    second = charts.put("second", SAMPLE)
    assert (charts.get("first"), charts.get("second")) == (None, second)


async def test_objects_are_grouped_once_for_each_way_of_selling_them() -> None:
    made = []

    def make() -> Stock:
        made.append(1)
        return event_stock(EventMap(SAMPLE))

    kept = KeptChart(SAMPLE)
    ways = [Selling(), Selling(object_categories={"A-1": "10"}), Tables.BOTH]
    stocks = [await kept.stock(way, make) for way in ways]
    again = [await kept.stock(way, make) for way in (Selling(), *ways[1:])]
    assert len({id(stock) for stock in stocks}) == 3
    assert [id(stock) for stock in again] == [id(stock) for stock in stocks]
    assert len(made) == 3


async def test_only_the_newest_ways_of_selling_are_kept() -> None:
    kept = KeptChart(SAMPLE)
    oldest = await kept.stock("way 0", lambda: chart_stock(SAMPLE, Tables.BOTH))
    for number in range(unit.stocks_per_chart_max):
        await kept.stock(f"way {number + 1}", lambda: chart_stock(SAMPLE, Tables.BOTH))
    assert await kept.stock("way 0", lambda: chart_stock(SAMPLE, Tables.BOTH)) is not oldest


def test_each_form_has_texts_of_its_own() -> None:
    kept = KeptChart(TABLES)
    assert kept.own_texts(AS_JSON) is kept.own_texts(AS_JSON)
    assert kept.own_texts(AS_CSV)[0].startswith(b"T1,T1,table,")
    assert kept.own_texts(AS_JSON)[0].startswith(b'{"label":"T1",')
