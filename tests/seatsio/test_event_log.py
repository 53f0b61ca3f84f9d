"""The event log, through the vendor's official client."""

import datetime as dt

import pytest
from seatsio.domain import TableBookingConfig

from tests.seatsio.client import Client
from tests.seatsio.installation import Company

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


async def test_a_chart_that_is_created_and_changed_is_told_of_twice(
    company: Company, client: Client
) -> None:
    chart = await client.do(lambda c: c.charts.create("Old"))
    await client.do(lambda c: c.charts.update(chart.key, "New"))
    told = await client.do(lambda c: list(c.event_log.list()))
    assert [item.type for item in told] == ["chart.created", "chart.published"]
    assert told[0].id < told[1].id
    of_the_chart = {"key": chart.key, "workspaceKey": company.workspace}
    assert [item.data for item in told] == [of_the_chart, of_the_chart]
    age = dt.datetime.now(dt.UTC).replace(tzinfo=None) - told[1].timestamp
    assert abs(age) < dt.timedelta(minutes=1)


async def test_drafts_are_told_of_when_they_are_published_and_bookings_never(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    event = await company.event(chart=chart)
    await client.do(lambda c: c.events.book(event, "A-1"))
    await client.do(lambda c: c.charts.update(chart, "New"))
    copied = await client.do(lambda c: c.charts.copy_draft_version(chart))
    await client.do(lambda c: c.charts.publish_draft_version(chart))
    told = await client.do(lambda c: list(c.event_log.list()))
    assert [(item.type, item.data["key"]) for item in told] == [
        ("chart.created", chart),
        ("chart.created", copied.key),
        ("chart.published", chart),
    ]
    second = await client.do(lambda c: c.event_log.list_page_after(told[0].id, page_size=1))
    assert [item.id for item in second.items] == [told[1].id]
    assert second.next_page_starts_after == told[1].id


async def test_how_an_event_is_sold_anew_is_told_of(company: Company, client: Client) -> None:
    event = await company.event("drop")
    await client.do(lambda c: c.events.update(event, name="No change of how it is sold"))
    category = {"key": "new", "label": "New", "color": "#aaaaaa"}
    await client.do(lambda c: c.events.update(event, categories=[category]))
    await client.do(lambda c: c.events.update(event, object_categories={"A-1": 10}))
    tables = TableBookingConfig.all_by_seat()
    await client.do(lambda c: c.events.update(event, table_booking_config=tables))
    await client.do(lambda c: c.events.channels.add(event, "k", "K", "#fff"))
    await client.do(lambda c: c.events.mark_as_not_for_sale(event, ["A-1"]))
    _, *told = await client.do(lambda c: list(c.event_log.list()))
    assert [(item.type, item.data["key"]) for item in told] == [
        ("event.categories.updated", "drop"),
        ("event.categories.updated", "drop"),
        ("event.table.booking.config.updated", "drop"),
        ("event.channels.updated", "drop"),
        ("event.for.sale.config.updated", "drop"),
    ]
