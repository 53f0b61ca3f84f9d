"""What an event adds to its chart, through the official client and over plain HTTP."""

from typing import Any, NoReturn

import pytest
from seatsio import TableBookingConfig
from seatsio.domain import Category
from seatsio.events.eventProperties import EventProperties

from api.call import Call
from api.seatsio.errors import event_not_found
from api.seatsio.event_views import EventViews
from api.seatsio.parts import Parts
from tests.seatsio.client import Client
from tests.seatsio.installation import Company, Installation

pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")
MOVE = "/events/{}/actions/move-to-new-chart-copy"


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


async def test_an_event_says_how_its_tables_are_sold(company: Company, client: Client) -> None:
    chart = await company.chart("sampleChartWithTables")
    custom = TableBookingConfig.custom({"T1": "BY_TABLE", "T2": "BY_SEAT"})
    event = await client.do(lambda c: c.events.create(chart, table_booking_config=custom))
    assert event.table_booking_config == custom
    await client.do(
        lambda c: c.events.update(event.key, table_booking_config=TableBookingConfig.all_by_seat())
    )
    updated = await client.do(lambda c: c.events.retrieve(event.key))
    assert updated.table_booking_config == TableBookingConfig.all_by_seat()
    assert updated.updated_on is not None


async def test_several_events_are_created_each_with_its_own_parameters(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    own = Category("own", "Own", "#AAABBB", accessible=True)
    created = await client.do(
        lambda c: c.events.create_multiple(
            chart,
            [
                EventProperties(object_categories={"A-1": 10}),
                EventProperties(categories=[own], object_categories={"A-1": "own"}),
                EventProperties(table_booking_config=TableBookingConfig.all_by_table()),
            ],
        )
    )
    assert [event.object_categories for event in created] == [{"A-1": 10}, {"A-1": "own"}, None]
    assert [len(event.categories) for event in created] == [3, 4, 3]
    assert created[1].categories[3] == own
    modes = [event.table_booking_config.mode for event in created]
    assert modes == ["INHERIT", "INHERIT", "ALL_BY_TABLE"]
    info = await client.do(lambda c: c.events.retrieve_object_info(created[1].key, "A-1"))
    assert (info.category_key, info.category_label) == ("own", "Own")
    info = await client.do(lambda c: c.events.retrieve_object_info(created[0].key, "A-1"))
    assert (info.category_key, info.category_label) == ("10", "Cat2")


async def test_categories_are_replaced_and_removed(company: Company, client: Client) -> None:
    event = await company.event()
    own = Category("own", "Own", "#AAABBB")
    await client.do(
        lambda c: c.events.update(event, categories=[own], object_categories={"A-1": "own"})
    )
    await client.do(lambda c: c.events.update(event, object_categories={"A-2": "own", "A-3": 10}))
    told = (await company.get(f"/events/{event}")).json
    assert told["objectCategories"] == {"A-2": "own", "A-3": 10}
    booked = await client.do(lambda c: c.events.book(event, ["A-1", "A-2"]))
    keys = {label: seat.category_key for label, seat in booked.objects.items()}
    assert keys == {"A-1": "9", "A-2": "own"}
    await client.do(lambda c: c.events.remove_object_categories(event))
    told = (await company.get(f"/events/{event}")).json
    assert "objectCategories" not in told
    assert len(told["categories"]) == 4
    await client.do(lambda c: c.events.remove_categories(event))
    assert len((await company.get(f"/events/{event}")).json["categories"]) == 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"objectCategories": {"A-1": "no"}}, "#/objectCategories/A-1: there is no category [no]"),
        (
            {"tableBookingModes": {"T1": "BY_TABLE"}},
            "#/tableBookingModes: no longer supported: use [tableBookingConfig]",
        ),
        (
            {"bookWholeTables": False},
            "#/bookWholeTables: no longer supported: use [tableBookingConfig]",
        ),
    ],
)
async def test_an_update_that_cannot_be_is_refused(
    company: Company, fields: dict[str, Any], message: str
) -> None:
    event = await company.event()
    refused = await company.post(f"/events/{event}", fields)
    assert (refused.status, refused.messages) == (400, [message])
    assert "updatedOn" not in (await company.get(f"/events/{event}")).json


async def test_an_event_moves_to_a_copy_of_its_chart(company: Company, client: Client) -> None:
    chart = await company.chart()
    event = await company.event(chart=chart)
    await client.do(lambda c: c.events.book(event, "A-1"))
    moved = await client.do(lambda c: c.events.move_event_to_new_chart_copy(event))
    assert moved.key == event
    assert moved.chart_key != chart
    copy = await client.do(lambda c: c.charts.retrieve(moved.chart_key))
    assert copy.name.endswith(" (copy)")
    assert copy.status == "PUBLISHED"
    info = await client.do(lambda c: c.events.retrieve_object_info(event, "A-1"))
    assert info.status == "booked"
    await client.do(lambda c: c.events.book(event, "A-2"))
    assert (await company.post(MOVE.format(event), Idempotency_Key="k")).status == 400


async def charts_of(company: Company) -> list[str]:
    return [chart["key"] for chart in (await company.get("/charts")).json["items"]]


async def test_of_a_move_that_is_refused_no_copy_is_left(
    company: Company, running: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = await company.chart()
    await company.post("/seasons", {"chartKey": chart, "key": "year", "eventKeys": ["e1"]})
    of_season = await company.post(MOVE.format("e1"), Prefer="respond-async")
    assert of_season.messages == ["e1 is of a season: all of that stays on one chart"]
    other = await company.post("/events/e1", {"chartKey": chart})
    assert (other.status, other.messages) == (of_season.status, of_season.messages)

    event = await company.event(chart=chart)
    with monkeypatch.context() as crowded:
        crowded.setattr(running.core.submitter, "_in_flight_starting_max", 0)
        assert (await company.post(MOVE.format(event))).status == 429

    current_entry = Parts.current_entry

    async def deleted_meanwhile(parts: Parts, call: Call, key: str) -> object:
        found = await current_entry(parts, call, key)
        assert (await company.call("DELETE", f"/events/{key}")).status == 204
        return found

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(Parts, "current_entry", deleted_meanwhile)
        assert (await company.post(MOVE.format(event))).status == 404
    assert await charts_of(company) == [chart]
    told = (await company.get("/event-log")).json["items"]
    assert [item["data"]["key"] for item in told] == [chart]


async def test_the_copy_stays_where_the_event_has_moved_to_it(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    chart = await company.chart()
    event = await company.event(chart=chart)

    async def not_found(_: object, call: Call, key: str) -> NoReturn:
        raise event_not_found(key, call.workspace.key)

    with monkeypatch.context() as unseen:
        unseen.setattr(EventViews, "retrieve", not_found)
        assert (await company.post(MOVE.format(event))).status == 404
    copy = (await company.get(f"/events/{event}")).json["chartKey"]
    assert copy != chart
    assert set(await charts_of(company)) == {chart, copy}


async def test_an_event_moves_to_another_chart(company: Company, client: Client) -> None:
    event = await company.event()
    await client.do(lambda c: c.events.book(event, ["A-1", "D-1"]))
    other = await company.chart("sampleChartWithTables")
    assert (await company.post(f"/events/{event}", {"chartKey": "no"})).status == 404
    assert (await company.post(f"/events/{event}", {"chartKey": other})).status == 204
    told = (await company.get(f"/events/{event}")).json
    assert told["chartKey"] == other
    await client.do(lambda c: c.events.book(event, "T1-1"))
    await client.do(lambda c: c.events.release(event, "D-1"))
    changes = (await company.get(f"/events/{event}/status-changes")).json["items"]
    shown = {one["objectLabel"]: one.get("notPresentOnChartReason") for one in changes}
    assert shown == {"T1-1": None, "D-1": "RENAMED_OR_DELETED", "A-1": "RENAMED_OR_DELETED"}
