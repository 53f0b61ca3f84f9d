"""Lists of charts, and what they show besides."""

import pytest

from tests.seatsio.charts.charts import in_use
from tests.seatsio.client import Client
from tests.seatsio.installation import Company

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")


async def test_lists_show_what_they_are_asked_for(company: Company, client: Client) -> None:
    chart = await company.chart("sampleChartWithZones")
    events = [await company.event(chart=chart) for _ in range(3)]
    [plain] = await client.do(lambda c: list(c.charts.list()))
    assert (plain.events, plain.validation, plain.venue_type, plain.zones) == (None,) * 4
    [full] = await client.do(
        lambda c: list(
            c.charts.list(
                expand_events=True,
                expand_validation=True,
                expand_venue_type=True,
                expand_zones=True,
            )
        )
    )
    assert [event.key for event in full.events] == events[::-1]
    assert full.validation == {"errors": [], "warnings": []}
    assert full.venue_type == "WITH_ZONES"
    assert [zone.key for zone in full.zones] == ["finishline", "midtrack"]
    limited = (await company.get("/charts?expand=events&eventsLimit=2")).json["items"]
    assert [event["key"] for event in limited[0]["events"]] == events[:0:-1]
    assert limited[0]["events"][0] == (await company.get(f"/events/{events[2]}")).json


async def test_a_chart_is_retrieved_with_its_events(company: Company, client: Client) -> None:
    key = await in_use(company, client)
    event = await company.event(chart=key)
    chart = await client.do(lambda c: c.charts.retrieve_with_events(key))
    assert chart.events[0].key == event
    assert len(chart.events) == 2
    assert (await client.do(lambda c: c.charts.retrieve(key))).events is None


async def test_a_page_with_events_has_no_more_charts_than_that(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(2):
        await company.post("/charts")
    monkeypatch.setattr("api.seatsio.charts.charts_with_events_max", 1)
    assert len((await company.get("/charts?expand=events&limit=1000")).json["items"]) == 1
    assert len((await company.get("/charts?limit=1000")).json["items"]) == 2


async def test_a_list_with_events_is_read_page_by_page(company: Company, client: Client) -> None:
    charts = [(await client.do(lambda c: c.charts.create())).key for _ in range(3)]
    event = await company.event(chart=charts[0])
    first = (await company.get("/charts?expand=events&limit=2")).json
    assert [(item["key"], item["events"]) for item in first["items"]] == [
        (charts[2], []),
        (charts[1], []),
    ]
    after = first["next_page_starts_after"]
    second = (await company.get(f"/charts?expand=events&limit=2&start_after_id={after}")).json
    assert [item["events"][0]["key"] for item in second["items"]] == [event]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("expand=seats", "expand: expected events, validation, venueType, zones; found [seats]"),
        ("expand=events&eventsLimit=0", "eventsLimit: expected a number from 1 to 100"),
        ("validation=yes", "validation: expected true or false, found 'yes'"),
        ("eventsLimit=x", "eventsLimit: expected a whole number, found 'x'"),
        ("color=red", "the parameter [color] is not known here"),
    ],
)
async def test_a_list_that_cannot_be_is_refused(company: Company, query: str, said: str) -> None:
    answer = await company.get(f"/charts?{query}")
    assert (answer.status, answer.messages) == (400, [said])
