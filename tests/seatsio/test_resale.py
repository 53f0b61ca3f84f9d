"""Put up for resale: the listing stays with the object until its next change."""

import pytest
from seatsio.events.objectProperties import ObjectProperties
from seatsio.events.statusChangeRequest import StatusChangeRequest
from seatsio.exceptions import BestAvailableObjectsNotFoundException, SeatsioException

from tests.seatsio.client import Client
from tests.seatsio.installation import Company

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


async def test_a_booked_seat_is_put_up_for_resale_and_bought(
    company: Company, client: Client
) -> None:
    event = await company.event()
    await client.do(lambda c: c.events.book(event, "A-1"))
    offered = await client.do(lambda c: c.events.put_up_for_resale(event, "A-1", "listing1"))
    seat = offered.objects["A-1"]
    assert (seat.status, seat.resale_listing_id) == ("resale", "listing1")
    info = await client.do(lambda c: c.events.retrieve_object_info(event, "A-1"))
    assert (info.status, info.resale_listing_id) == ("resale", "listing1")
    report = await client.do(lambda c: c.events.reports.by_label(event, "A-1"))
    assert report[0].resale_listing_id == "listing1"

    bought = await client.do(lambda c: c.events.book(event, "A-1"))
    assert (bought.objects["A-1"].status, bought.objects["A-1"].resale_listing_id) == (
        "booked",
        None,
    )
    assert "resaleListingId" not in (await company.get(f"/events/{event}/objects/A-1")).json


async def test_several_events_and_batches_are_put_up_for_resale(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    events = [await company.event(chart=chart) for _ in range(3)]
    await client.do(lambda c: c.events.put_up_for_resale(events, ["A-1", "A-2"], "listing1"))
    batch = [StatusChangeRequest(events[0], "A-3", "resale", resale_listing_id="listing2")]
    await client.do(lambda c: c.events.change_object_status_in_batch(batch))
    asked = {"objects": ["A-4"], "resaleListingId": "listing3"}
    one = await company.post(f"/events/{events[0]}/actions/put-up-for-resale", asked)
    several = await company.post(
        "/events/groups/actions/put-up-for-resale", {**asked, "events": events[1:]}
    )
    assert (one.status, several.status) == (204, 204)
    labels = ["A-1", "A-2", "A-3", "A-4"]
    listings = {"A-1": "listing1", "A-2": "listing1", "A-4": "listing3"}
    for event in events:
        query = "&".join(f"label={label}" for label in labels)
        infos = (await company.get(f"/events/{event}/objects?{query}")).json
        expected = {**listings, "A-3": "listing2" if event == events[0] else None}
        assert {label: infos[label].get("resaleListingId") for label in labels} == expected


async def test_places_of_an_area_are_put_up_for_resale_and_bought(
    company: Company, client: Client
) -> None:
    chart, alone = await company.chart(), {"GA1": "string11"}
    event = (await client.do(lambda c: c.events.create(chart, object_categories=alone))).key
    all_ = [ObjectProperties("GA1", quantity=100)]
    await client.do(lambda c: c.events.book(event, all_))
    asked = {
        "objects": [{"objectId": "GA1", "quantity": 3}],
        "status": "resale",
        "allowedPreviousStatuses": ["booked"],
    }
    path = f"/events/{event}/actions/change-object-status"
    assert (await company.post(path, asked)).status == 204
    with pytest.raises(BestAvailableObjectsNotFoundException):
        await client.do(lambda c: c.events.book_best_available(event, 1, ["string11"]))
    bought = await client.do(
        lambda c: c.events.book(event, [ObjectProperties("GA1", quantity=3)], order_id="o2")
    )
    area = bought.objects["GA1"]
    assert (area.num_booked, area.num_free, area.order_id) == (100, 0, "o2")
    with pytest.raises(SeatsioException, match="not enough free places"):
        await client.do(lambda c: c.events.book(event, "GA1"))
