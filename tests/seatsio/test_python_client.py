"""The vendor's official client, unchanged, against a whole installation."""

import asyncio
from typing import Any

import pytest
import seatsio
from seatsio.events.objectProperties import ObjectProperties
from seatsio.events.statusChangeRequest import StatusChangeRequest
from seatsio.exceptions import SeatsioException

from tests.seatsio.client import Client
from tests.seatsio.installation import Company

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

BOOKED, HELD = "booked", "reservedByToken"


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


async def test_an_event_is_created_sold_and_read_back(company: Company, client: Client) -> None:
    chart = await company.chart()
    event = await client.do(lambda c: c.events.create(chart, event_key="drop", name="The drop"))
    assert (event.key, event.name, event.chart_key) == ("drop", "The drop", chart)
    assert [category.label for category in event.categories] == ["Cat1", "Cat2", "Cat3"]

    token = await client.do(lambda c: c.hold_tokens.create())
    assert 840 < token.expires_in_seconds <= 900
    held = await client.do(lambda c: c.events.hold("drop", ["A-1", "A-2"], token.hold_token))
    assert {label: seat.status for label, seat in held.objects.items()} == {
        "A-1": HELD,
        "A-2": HELD,
    }
    assert held.objects["A-1"].hold_token == token.hold_token

    booked = await client.do(
        lambda c: c.events.book("drop", "A-1", hold_token=token.hold_token, order_id="order1")
    )
    seat = booked.objects["A-1"]
    assert (seat.status, seat.order_id, seat.hold_token) == (BOOKED, "order1", None)
    assert seat.labels == {
        "own": {"label": "1", "type": "seat"},
        "parent": {"label": "A", "type": "row"},
    }
    await client.do(lambda c: c.events.release("drop", "A-2", hold_token=token.hold_token))

    info = await client.do(lambda c: c.events.retrieve_object_info("drop", "A-1"))
    assert vars(info) == vars(seat)
    changes = await client.do(lambda c: list(c.events.status_changes("drop").list()))
    assert [(change.object_label, change.status) for change in changes] == [
        ("A-2", "free"),
        ("A-1", BOOKED),
        ("A-2", HELD),
        ("A-1", HELD),
    ]
    assert {change.event_id for change in changes} == {event.id}
    assert all(change.origin.type == "API_CALL" and change.origin.ip for change in changes)
    assert all(change.is_present_on_chart for change in changes)

    of_a_seat = await client.do(
        lambda c: list(c.events.status_changes_for_object("drop", "A-2").list())
    )
    assert [change.status for change in of_a_seat] == ["free", HELD]

    retrieved = await client.do(lambda c: c.events.retrieve("drop"))
    assert (retrieved.id, retrieved.created_on) == (event.id, event.created_on)


async def test_a_taken_seat_is_refused_as_the_client_knows_it(
    company: Company, client: Client
) -> None:
    event = await company.event()
    await client.do(lambda c: c.events.change_object_status(event, "A-1", "lolzor"))

    with pytest.raises(SeatsioException) as refused:
        await client.do(
            lambda c: c.events.change_object_status(
                event, ["A-1"], "lolzor", allowed_previous_statuses=["foo"]
            )
        )

    assert refused.value.errors == [
        {
            "code": "ILLEGAL_STATUS_CHANGE",
            "message": "Cannot change from [lolzor] to [lolzor]: "
            "lolzor is not in the list of allowed previous statuses",
        }
    ]
    assert refused.value.requestId


async def test_a_batch_answers_each_of_its_changes(company: Company, client: Client) -> None:
    chart = await company.chart()
    event = await company.event(chart=chart)
    results = await client.do(
        lambda c: c.events.change_object_status_in_batch(
            [
                StatusChangeRequest(event, "A-1", "lolzor"),
                StatusChangeRequest(event, ["A-2", "GA1"], BOOKED),
                StatusChangeRequest(event, "A-1", type="RELEASE"),
            ]
        )
    )
    assert [{label: o.status for label, o in one.objects.items()} for one in results] == [
        {"A-1": "lolzor"},
        {"A-2": BOOKED, "GA1": BOOKED},
        {"A-1": "free"},
    ]


async def test_areas_count_places(company: Company, client: Client) -> None:
    event = await company.event()
    token = await client.do(lambda c: c.hold_tokens.create())
    await client.do(lambda c: c.events.book(event, ObjectProperties("GA1", quantity=5)))
    held = await client.do(
        lambda c: c.events.hold(
            event, ObjectProperties("GA1", ticket_type="adult", quantity=3), token.hold_token
        )
    )
    area = held.objects["GA1"]
    assert (area.num_booked, area.num_held, area.num_free, area.capacity) == (5, 3, 92, 100)
    assert area.holds == {token.hold_token: {"adult": 3}}
    assert area.status == HELD


async def test_a_hold_token_is_kept_extended_and_ended(company: Company, client: Client) -> None:
    event = await company.event()
    token = await client.do(lambda c: c.hold_tokens.create(expires_in_minutes=5))
    name = token.hold_token
    assert len(name) == 60
    retrieved = await client.do(lambda c: c.hold_tokens.retrieve(name))
    assert (retrieved.expires_at, retrieved.workspace_key) == (token.expires_at, company.workspace)

    await client.do(lambda c: c.events.hold(event, "A-1", name))
    longer = await client.do(lambda c: c.hold_tokens.expire_in_minutes(name, 30))
    assert 1740 < longer.expires_in_seconds <= 1800
    assert longer.expires_at > token.expires_at

    ended = await client.do(lambda c: c.hold_tokens.expire_in_minutes(name, 0))
    assert ended.expires_in_seconds == 0
    changes = await eventually_freed(client, event)
    assert (changes[0].origin.type, changes[0].origin.ip) == ("HOLD_EXPIRED", None)
    with pytest.raises(SeatsioException, match="Hold token not found"):
        await client.do(lambda c: c.hold_tokens.retrieve(name))


async def eventually_freed(client: Client, event: str) -> list[Any]:
    while True:
        changes = await client.do(lambda c: list(c.events.status_changes(event).list()))
        if changes[0].status == "free":
            return list(changes)
        await asyncio.sleep(0.02)


async def test_events_are_listed_page_by_page(company: Company, client: Client) -> None:
    chart = await company.chart()
    created = await client.do(lambda c: c.events.create_multiple(chart, [{}, {}, {}, {}]))
    newest_first = [event.key for event in reversed(created)]
    listed = await client.do(lambda c: list(c.events.list()))
    assert [event.key for event in listed] == newest_first

    first = await client.do(lambda c: c.events.list_first_page(page_size=2))
    assert [event.key for event in first.items] == newest_first[:2]
    assert first.previous_page_ends_before is None
    second = await client.do(
        lambda c: c.events.list_page_after(first.next_page_starts_after, page_size=2)
    )
    assert [event.key for event in second.items] == newest_first[2:]
    assert second.next_page_starts_after is None
    before = await client.do(
        lambda c: c.events.list_page_before(second.previous_page_ends_before, page_size=2)
    )
    assert [event.key for event in before.items] == newest_first[:2]


async def test_an_event_is_renamed_and_deleted(company: Company, client: Client) -> None:
    event = await company.event()
    await client.do(
        lambda c: c.events.update(event, event_key="renamed", name="n", is_in_the_past=True)
    )
    renamed = await client.do(lambda c: c.events.retrieve("renamed"))
    assert (renamed.name, renamed.is_in_the_past) == ("n", True)
    assert renamed.updated_on is not None
    await client.do(lambda c: c.events.delete("renamed"))
    with pytest.raises(SeatsioException, match="Event not found: renamed was not found"):
        await client.do(lambda c: c.events.retrieve("renamed"))


async def test_extra_data_is_kept_with_an_object(company: Company, client: Client) -> None:
    event = await company.event()
    await client.do(lambda c: c.events.update_extra_data(event, "A-1", {"name": "Ada"}))
    await client.do(
        lambda c: c.events.update_extra_datas(event, {"A-2": {"n": 1}, "GA1": {"g": 2}})
    )
    infos = await client.do(
        lambda c: c.events.retrieve_object_infos(event, ["A-1", "A-2", "GA1", "A-3"])
    )
    assert {label: info.extra_data for label, info in infos.items()} == {
        "A-1": {"name": "Ada"},
        "A-2": {"n": 1},
        "GA1": {"g": 2},
        "A-3": None,
    }
    await client.do(lambda c: c.events.update_extra_data(event, "A-1", {}))
    info = await client.do(lambda c: c.events.retrieve_object_info(event, "A-1"))
    assert info.extra_data is None


async def test_charts_are_made_listed_and_retrieved(company: Company, client: Client) -> None:
    imported = await company.chart("sampleChartWithZones")
    made = await client.do(
        lambda c: c.charts.create(
            "Empty", venue_type="SIMPLE", categories=[{"key": 1, "label": "C", "color": "#aaa"}]
        )
    )
    assert (made.name, made.status, made.venue_type) == ("Empty", "NOT_USED", "SIMPLE")
    zones = await client.do(lambda c: c.charts.retrieve(imported))
    assert zones.venue_type == "WITH_ZONES"
    assert {zone.key for zone in zones.zones} == {"finishline", "midtrack"}
    answers = [(await company.get(f"/charts/{key}")).json for key in (imported, made.key)]
    assert [sorted(answer.keys() & {"venueType", "zones", "validation"}) for answer in answers] == [
        ["validation", "venueType", "zones"],
        ["validation", "venueType"],
    ]
    listed_first = (await company.get("/charts")).json["items"][0]
    assert not listed_first.keys() & {"venueType", "zones", "validation"}
    drawing = await client.do(lambda c: c.charts.retrieve_published_version(made.key))
    assert drawing.categories.list[0].label == "C"
    listed = await client.do(lambda c: [chart.key for chart in c.charts.list()])
    assert listed == [made.key, imported]
    await company.event(chart=made.key)
    used = await client.do(lambda c: c.charts.retrieve(made.key))
    assert used.status == "PUBLISHED"


async def test_a_key_of_the_company_works_in_the_workspace_it_names(company: Company) -> None:
    def token(workspace: str | None) -> Any:  # noqa: ANN401 - the client's
        region = seatsio.Region(company.url)
        return seatsio.Client(region, company.admin_secret, workspace).hold_tokens.create()

    for workspace in (None, company.workspace):
        made = await asyncio.to_thread(token, workspace)
        assert made.workspace_key == company.workspace
    with pytest.raises(SeatsioException, match="Workspace not found"):
        await asyncio.to_thread(token, "nobodys")
