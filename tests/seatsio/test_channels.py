"""Channels over HTTP: the official client, and what it never sends."""

from functools import partial
from typing import Any

import pytest
from seatsio.domain import Channel
from seatsio.events.channelProperties import ChannelCreationParams as New
from seatsio.events.objectProperties import ObjectProperties
from seatsio.exceptions import SeatsioException

from tests.seatsio.client import Client
from tests.seatsio.installation import Company, Installation

pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


async def channels_of(client: Client, event: str) -> dict[str, Channel]:
    retrieved = await client.do(lambda c: c.events.retrieve(event))
    return {channel.key: channel for channel in retrieved.channels}


async def test_channels_are_added_edited_and_removed(company: Company, client: Client) -> None:
    event = await company.event()
    await client.do(
        lambda c: c.events.channels.add(
            event, "k1", "channel 1", "#FFFF98", 1, ["A-1", "A-2"], {"GA1": 5}
        )
    )
    await client.do(
        lambda c: c.events.channels.add_multiple(
            event, [New("k2", "channel 2", "#FFFF99"), New("k3", "three", "#1", objects=["A-2"])]
        )
    )
    found = await channels_of(client, event)
    assert list(found) == ["k1", "k2", "k3"]
    first = found["k1"]
    assert (first.name, first.color, first.index) == ("channel 1", "#FFFF98", 1)
    assert (first.objects, first.area_places) == (["A-1"], {"GA1": 5})
    assert (found["k2"].index, found["k2"].objects, found["k2"].area_places) == (None, [], {})
    assert len({channel.id for channel in found.values()}) == 3

    await client.do(lambda c: c.events.channels.update(event, "k2", "renamed", None, ["A-1"]))
    await client.do(lambda c: c.events.channels.add_objects(event, "k3", ["A-3"], {"GA1": 2}))
    await client.do(lambda c: c.events.channels.remove_objects(event, "k1", ["A-1"], {"GA1": 2}))
    found = await channels_of(client, event)
    assert (found["k2"].name, found["k2"].color) == ("renamed", "#FFFF99")
    assert {key: (one.objects, one.area_places) for key, one in found.items()} == {
        "k1": ([], {"GA1": 3}),
        "k2": (["A-1"], {}),
        "k3": (["A-2", "A-3"], {"GA1": 2}),
    }

    await client.do(lambda c: c.events.channels.remove(event, "k3"))
    await client.do(
        lambda c: c.events.channels.replace(
            event, [New("k9", "nine", "#9"), New("k1", "one", "#1", 0, ["B-1"])]
        )
    )
    found = await channels_of(client, event)
    assert list(found) == ["k9", "k1"]
    assert (found["k1"].id, found["k1"].objects) == (first.id, ["B-1"])
    await client.do(lambda c: c.events.channels.replace(event, []))
    assert await channels_of(client, event) == {}


async def test_an_event_is_created_with_channels(company: Company, client: Client) -> None:
    chart = await company.chart()
    new = [New("k1", "one", "#1", 1, ["A-1", "A-2"]), New("k2", "two", "#2", objects=["A-2"])]
    event = await client.do(lambda c: c.events.create(chart, channels=new))
    assert [(one.key, one.objects) for one in event.channels] == [("k1", ["A-1"]), ("k2", ["A-2"])]
    assert list((await channels_of(client, event.key)).values()) == event.channels
    several = await company.post(
        "/events/actions/create-multiple",
        {"chartKey": chart, "events": [{"channels": [CHANNEL]}, {}]},
    )
    assert [len(made["channels"]) for made in several.json["events"]] == [1, 0]


CHANNEL: dict[str, Any] = {"key": "k", "name": "n", "color": "#1"}


async def test_a_channel_says_no_more_than_it_has(company: Company) -> None:
    event = await company.event()
    assert (await company.post(f"/events/{event}/channels", CHANNEL)).status == 204
    [channel] = (await company.get(f"/events/{event}")).json["channels"]
    assert channel.pop("id")
    assert channel == {**CHANNEL, "objects": [], "areaPlaces": {}}


@pytest.mark.parametrize(
    ("route", "content", "status", "message"),
    [
        ("POST ", {"key": "k"}, 400, "#: required key [name] not found"),
        ("POST ", [CHANNEL, {**CHANNEL, "key": 1}], 400, "#/1/key: expected type: String"),
        ("POST ", [CHANNEL, "x"], 400, "#/1: expected type: JSONObject, found: String"),
        ("POST ", {**CHANNEL, "oops": 1}, 400, "#: extraneous key [oops] is not permitted"),
        ("POST ", {**CHANNEL, "areaPlaces": {"GA1": -1}}, 400, "#/areaPlaces/GA1: expected"),
        ("POST ", [CHANNEL, CHANNEL], 400, "The event has two channels with the key k"),
        (
            "POST ",
            [{**CHANNEL, "key": str(n)} for n in range(101)],
            400,
            "The event has too many",
        ),
        ("POST /replace", {"channels": [1]}, 400, "#/channels/0: expected type: JSONObject"),
        ("POST /no", {"name": "n"}, 404, "Channel not found: no is no channel of the event"),
        ("DELETE /no", b"", 404, "Channel not found: no"),
        ("POST /no/objects", {"objects": ["A-1"]}, 404, "Channel not found: no"),
        ("DELETE /no/objects", {"objects": ["A-1"]}, 404, "Channel not found: no"),
    ],
)
async def test_an_edit_that_cannot_be_is_refused(
    company: Company, route: str, content: object, status: int, message: str
) -> None:
    event = await company.event()
    method, path = route.split(" ")
    answer = await company.call(method, f"/events/{event}/channels{path}", content)
    assert answer.status == status
    assert answer.messages[0].startswith(message), answer.messages
    assert (await company.get(f"/events/{event}")).json["channels"] == []


async def test_the_channels_of_another_workspaces_event_are_not_edited(
    company: Company, running: Installation
) -> None:
    event = await company.event()
    stranger = await running.company()
    answer = await stranger.post(f"/events/{event}/channels", CHANNEL)
    assert answer.status == 404
    assert answer.messages[0].startswith(f"Event not found: {event}")


async def test_a_new_event_with_channels_that_cannot_be_together_is_refused(
    company: Company,
) -> None:
    chart = await company.chart()
    for channels, message in (
        ([CHANNEL, CHANNEL], "The event has two channels with the key k"),
        (["x"], "#/channels/0: expected type: JSONObject, found: String"),
    ):
        answer = await company.post("/events", {"chartKey": chart, "channels": channels})
        assert (answer.status, answer.messages[0]) == (400, message)


def book(event: str, keys: list[str] | None, blocking: Any) -> None:  # noqa: ANN401
    blocking.events.book(event, ["A-1"], channel_keys=keys)


def create(chart: str, channels: list[New], blocking: Any) -> Any:  # noqa: ANN401
    return blocking.events.create(chart, channels=channels)


async def test_seats_of_a_channel_are_for_who_names_it(company: Company, client: Client) -> None:
    chart = await company.chart()
    new = [New("partners", "Partners", "#1", objects=["A-1", "A-2", "A-6"], area_places={"GA1": 3})]
    event = (await client.do(lambda c: c.events.create(chart, channels=new))).key

    for keys in (None, ["NO_CHANNEL"], ["other"]):
        with pytest.raises(SeatsioException) as refused:
            await client.do(partial(book, event, keys))
        assert refused.value.errors[0]["code"] == "OBJECT_OF_ANOTHER_CHANNEL"
    booked = await client.do(lambda c: c.events.book(event, ["A-1"], channel_keys=["partners"]))
    assert (booked.objects["A-1"].status, booked.objects["A-1"].channel) == ("booked", "partners")
    await client.do(lambda c: c.events.book(event, ["A-2", "A-3"], ignore_channels=True))
    with pytest.raises(SeatsioException):
        await client.do(lambda c: c.events.release(event, ["A-1"]))
    with pytest.raises(SeatsioException):
        await client.do(lambda c: c.events.book(event, ["A-4"], channel_keys=["partners"]))
    await client.do(lambda c: c.events.book(event, ["A-4"], channel_keys=[]))
    await client.do(
        lambda c: c.events.release(event, ["A-4"], ignore_channels=True, channel_keys=["partners"])
    )
    released = await client.do(
        lambda c: c.events.release(event, ["A-1"], channel_keys=["partners"])
    )
    assert released.objects["A-1"].status == "free"
    info = await client.do(lambda c: c.events.retrieve_object_info(event, "A-3"))
    assert info.channel is None

    best = await client.do(
        lambda c: c.events.book_best_available(event, 1, channel_keys=["partners"])
    )
    assert best.objects == ["A-6"]

    area = [ObjectProperties("GA1", quantity=4)]
    with pytest.raises(SeatsioException, match="not enough free places"):
        await client.do(lambda c: c.events.book(event, area, channel_keys=["partners"]))
    with pytest.raises(SeatsioException, match="not enough free places"):
        await client.do(lambda c: c.events.book(event, [ObjectProperties("GA1", quantity=98)]))
    await client.do(lambda c: c.events.book(event, area, channel_keys=["partners", "NO_CHANNEL"]))
    info = await client.do(lambda c: c.events.retrieve_object_info(event, "GA1"))
    assert (info.num_booked, info.num_free) == (4, 96)
    report = await client.do(lambda c: c.events.reports.by_channel(event))
    assert [seat.label for seat in report.get("partners")] == ["A-1", "A-2", "A-6"]


async def test_an_offer_over_several_events_has_one_channel(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    both = []
    for objects in (["A-1", "A-2"], ["A-1"]):
        new = [New("k", "K", "#1", objects=objects)]
        made = await client.do(partial(create, chart, new))
        both.append(made.key)
    await client.do(lambda c: c.events.book(both, ["A-1"], channel_keys=["k"]))
    with pytest.raises(SeatsioException) as refused:
        await client.do(lambda c: c.events.book(both, ["A-2"], channel_keys=["k", "NO_CHANNEL"]))
    assert refused.value.errors[0]["code"] == "CHANNELS_DIFFER"
    await client.do(lambda c: c.events.book(both, ["A-2"], ignore_channels=True))
