"""A chart with events is published anew: its events are sold from the new version."""

import json

import pytest
from seatsio.exceptions import SeatsioException

from tests.charts.venues import document
from tests.seatsio.client import Client
from tests.seatsio.installation import Company

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

PARTITIONS = 3


def with_row_a_named(label: str) -> bytes:
    """Draw the sample chart with another name for its row A."""
    drawing = json.loads(document("sampleChart"))
    drawing["subChart"]["rows"][0]["label"] = label
    return json.dumps(drawing).encode()


async def publish(company: Company, chart: str, drawing: bytes) -> None:
    drawn = await company.post(f"/charts/{chart}/actions/import", drawing)
    assert drawn.status == 204, drawn
    published = await company.post(f"/charts/{chart}/version/draft/actions/publish")
    assert published.status == 204, published


async def test_the_events_of_a_chart_are_sold_from_what_is_published(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    events = [await company.event_in(number, PARTITIONS, chart) for number in range(PARTITIONS)]
    other = await company.event(chart=await company.chart())
    await client.do(lambda c: c.events.book(events[0], ["A-1", "B-1"]))

    await publish(company, chart, with_row_a_named("Z"))

    for event in events:
        book = f"/events/{event}/actions/book"
        assert (await company.post(book, {"objects": ["Z-1", "B-2"]})).status == 204
        refused = await company.post(book, {"objects": ["A-2"]})
        assert refused.messages[0] == f"Object not found: A-2 on event {event}"
    await client.do(lambda c: c.events.book(other, "A-2"))
    retrieved = await client.do(lambda c: c.charts.retrieve_with_events(chart))
    assert retrieved.status == "PUBLISHED"
    assert {event.key for event in retrieved.events} == {*events}


async def test_what_vanished_and_was_sold_stays_until_it_is_released(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    event = await company.event(chart=chart)
    await client.do(lambda c: c.events.book(event, ["A-1"]))
    await publish(company, chart, with_row_a_named("Z"))

    [change] = await client.do(lambda c: list(c.events.status_changes(event).list()))
    assert (change.is_present_on_chart, change.not_present_on_chart_reason) == (
        False,
        "RENAMED_OR_DELETED",
    )
    report = await client.do(lambda c: c.events.reports.by_status(event))
    assert {"A-1", "Z-1"} & {item.label for item in report.get("free")} == {"Z-1"}
    assert report.get("booked") is None
    with pytest.raises(SeatsioException, match="Object not found: A-1"):
        await client.do(lambda c: c.events.book(event, "A-1"))
    released = await client.do(lambda c: c.events.release(event, "A-1"))
    assert released.objects == {}
    changes = await client.do(lambda c: list(c.events.status_changes(event).list()))
    assert [change.status for change in changes] == ["free", "booked"]


async def test_who_is_not_sure_publishes_again(company: Company, client: Client) -> None:
    chart = await company.chart()
    event = await company.event(chart=chart)
    await publish(company, chart, with_row_a_named("Z"))
    again = await company.post(f"/charts/{chart}/version/draft/actions/publish")
    assert (again.status, again.json["errors"][0]["code"]) == (404, "DRAFT_NOT_FOUND")
    await publish(company, chart, document("sampleChart"))
    await client.do(lambda c: c.events.book(event, "A-1"))
