"""Tables sold as wholes or by their seats, through the official client."""

from functools import partial
from typing import Any

import pytest
from seatsio import TableBookingConfig
from seatsio.exceptions import SeatsioException

from tests.seatsio.client import Client
from tests.seatsio.installation import Company

pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

BY_TABLE, BY_SEAT = TableBookingConfig.all_by_table(), TableBookingConfig.all_by_seat()


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


async def test_a_table_is_held_booked_and_released_as_one(company: Company, client: Client) -> None:
    event = await company.event(chart=await company.chart("sampleChartWithTables"))
    token = await client.do(lambda c: c.hold_tokens.create())
    await client.do(lambda c: c.events.hold(event, "T2", token.hold_token))
    booked = await client.do(
        lambda c: c.events.book(event, ["T2", "T1-1"], hold_token=token.hold_token)
    )
    table = booked.objects["T2"]
    assert (table.status, table.object_type, table.num_seats) == ("booked", "table", 6)
    assert table.book_as_a_whole is True
    seat = booked.objects["T1-1"]
    assert seat.labels["parent"] == {"label": "T1", "type": "table"}
    for label in ("T1", "T2-1"):
        with pytest.raises(SeatsioException, match=f"Object not found: {label} on event"):
            await client.do(partial(book, event, label))
    await client.do(lambda c: c.events.release(event, "T2"))
    info = await client.do(lambda c: c.events.retrieve_object_info(event, "T2"))
    assert info.status == "free"


async def test_an_event_that_changes_its_mind_sells_nothing_twice(
    company: Company, client: Client
) -> None:
    event = await company.event(chart=await company.chart("sampleChartWithTables"))
    await client.do(lambda c: c.events.book(event, ["T1-1", "T2"]))
    await client.do(lambda c: c.events.update(event, table_booking_config=BY_TABLE))
    with pytest.raises(SeatsioException, match="the table is taken") as refused:
        await client.do(lambda c: c.events.book(event, "T1"))
    assert refused.value.errors[0]["code"] == "ILLEGAL_STATUS_CHANGE"
    assert await reasons(client, event) == {
        "T1-1": "SWITCHED_TO_BOOK_WHOLE_TABLE",
        "T2": None,
    }
    assert await availability(company, event, "T1", "T2") == [
        ("free", False, "booked"),
        ("booked", False, "booked"),
    ]

    await client.do(lambda c: c.events.release(event, "T1-1"))
    await client.do(lambda c: c.events.book(event, "T1"))
    await client.do(lambda c: c.events.update(event, table_booking_config=BY_SEAT))
    assert await reasons(client, event) == {
        "T1-1": None,
        "T1": "SWITCHED_TO_BOOK_BY_SEAT",
        "T2": "SWITCHED_TO_BOOK_BY_SEAT",
    }
    with pytest.raises(SeatsioException, match="the table is taken"):
        await client.do(lambda c: c.events.book(event, "T2-3"))
    await client.do(lambda c: c.events.release(event, "T1"))
    assert await availability(company, event, "T1-1", "T2-3") == [
        ("free", True, "available"),
        ("free", False, "booked"),
    ]
    assert (await company.get(f"/events/{event}/objects/T2")).status == 404


async def availability(company: Company, event: str, *labels: str) -> list[tuple[str, bool, str]]:
    infos = [(await company.get(f"/events/{event}/objects/{label}")).json for label in labels]
    return [(one["status"], one["isAvailable"], one["availabilityReason"]) for one in infos]


def book(event: str, label: str, blocking: Any) -> None:  # noqa: ANN401 - the client's
    blocking.events.book(event, label)


async def reasons(client: Client, event: str) -> dict[str, str | None]:
    changes = await client.do(lambda c: list(c.events.status_changes(event).list()))
    for change in changes:
        assert change.is_present_on_chart is (change.not_present_on_chart_reason is None)
    return {change.object_label: change.not_present_on_chart_reason for change in changes}
