"""Groups over HTTP: one request over events of one partition, or of several."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import seatsio
from seatsio.events.objectProperties import ObjectProperties
from seatsio.events.statusChangeRequest import StatusChangeRequest
from seatsio.exceptions import SeatsioException

from adapters.kafka.offsets import OffsetQueries
from api.positions import partitions_of
from schemas.topics import EVENTS_COMMANDS, GROUPS_COMMANDS
from tests.eventually import eventually
from tests.seatsio.installation import Answer, Company, Installation

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

BOOKED, HELD = "booked", "reservedByToken"
CHANGE = "/events/groups/actions/change-object-status"
BATCH = "/events/actions/change-object-status"


@pytest.fixture
async def days(company: Company, running: Installation) -> list[str]:
    """Give three events in three partitions."""
    partitions = running.core.topics[EVENTS_COMMANDS].partitions
    chart = await company.chart()
    keys = [await company.event_in(partition, partitions, chart) for partition in range(3)]
    entries = [running.core.directory.find_now(company.workspace, key) for key in keys]
    assert len({entry.partition for entry in entries if entry}) == 3
    return keys


@pytest.fixture
def client(company: Company) -> seatsio.Client:
    """Give the vendor's official client; it blocks."""
    return seatsio.Client(seatsio.Region(company.url), company.secret)


def book(events: list[str], *objects: Any, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    return {"events": events, "objects": list(objects), "status": BOOKED, **more}


async def seen(company: Company, events: list[str], label: str) -> list[Any]:
    """Give an object's info on each of some events."""
    return [(await company.get(f"/events/{event}/objects/{label}")).json for event in events]


async def statuses(company: Company, events: list[str], label: str) -> list[str]:
    return [info["status"] for info in await seen(company, events, label)]


async def expect(company: Company, events: list[str], status: str, extra_data: Any) -> None:  # noqa: ANN401 - JSON
    for info in await seen(company, events, "A-1"):
        assert (info["status"], info["extraData"]) == (status, extra_data)


async def changes_of(company: Company, event: str) -> list[tuple[str, str]]:
    """Give an event's status changes, the first one first."""
    items = (await company.get(f"/events/{event}/status-changes")).json["items"]
    return [(item["objectLabel"], item["status"]) for item in reversed(items)]


async def test_the_client_holds_books_and_releases_over_several_partitions(
    company: Company, client: seatsio.Client, days: list[str]
) -> None:
    token = (await asyncio.to_thread(client.hold_tokens.create)).hold_token
    labels = ["A-1", "A-2"]

    held = await asyncio.to_thread(client.events.hold, days, labels, token)
    assert {label: seat.status for label, seat in held.objects.items()} == {
        "A-1": HELD,
        "A-2": HELD,
    }
    assert await statuses(company, days, "A-2") == [HELD] * 3
    other = (await asyncio.to_thread(client.hold_tokens.create)).hold_token
    with pytest.raises(SeatsioException, match="held by another hold token"):
        await asyncio.to_thread(client.events.book, days, labels, other)
    booked = await asyncio.to_thread(
        client.events.book, days, ObjectProperties("A-1", {"name": "Ada"}), token, "order1"
    )
    seat = booked.objects["A-1"]
    assert (seat.status, seat.order_id, seat.hold_token) == (BOOKED, "order1", None)
    infos = await seen(company, days, "A-1")
    assert [(info["status"], info["extraData"]) for info in infos] == [
        (BOOKED, {"name": "Ada"})
    ] * 3

    await asyncio.to_thread(client.events.release, days, "A-1", None, None, True)
    infos = await seen(company, days, "A-1")
    assert [(info["status"], info["extraData"]) for info in infos] == [
        ("free", {"name": "Ada"})
    ] * 3
    for day in days:
        assert await changes_of(company, day) == [
            ("A-1", HELD),
            ("A-2", HELD),
            ("A-1", BOOKED),
            ("A-1", "free"),
        ]


async def test_a_seat_taken_on_some_of_the_days_refuses_all_of_them(
    company: Company, client: seatsio.Client, days: list[str]
) -> None:
    for day in days[1:]:
        await company.post(f"/events/{day}/actions/book", {"objects": ["A-2"]})

    with pytest.raises(SeatsioException) as refused:
        await asyncio.to_thread(client.events.book, days, ["A-1", "A-2"])

    message = "Cannot change from [booked] to [booked]: the object is not free"
    assert refused.value.errors == [{"code": "ILLEGAL_STATUS_CHANGE", "message": message}]
    answer = await company.post(CHANGE, book(days, "A-1", "A-2"))
    assert answer.status == 400
    assert answer.json["obstacles"] == [
        {"event": day, "object": "A-2", "reason": "OBJECT_NOT_FREE", "status": BOOKED}
        for day in days[1:]
    ]
    assert answer.messages == [message]
    assert await statuses(company, days, "A-1") == ["free"] * 3
    assert await changes_of(company, days[0]) == []


async def test_previous_statuses_are_allowed_or_rejected_on_every_day(
    company: Company, days: list[str]
) -> None:
    special = {"objects": ["A-1", "A-2"], "status": "special"}
    assert (await company.post(CHANGE, {**special, "events": days[:2]})).status == 204
    only_special = book(days, "A-1", allowedPreviousStatuses=["special"])
    refused = await company.post(CHANGE, only_special)
    assert refused.status == 400
    assert [one["event"] for one in refused.json["obstacles"]] == days[2:]
    assert (await company.post(CHANGE, {**special, "events": days[2:]})).status == 204
    assert (await company.post(CHANGE, only_special)).status == 204
    assert await statuses(company, days, "A-1") == [BOOKED] * 3

    no_special = {"rejectedPreviousStatuses": ["special"]}
    refused = await company.post(CHANGE, book(days, "A-2", "A-3", **no_special))
    assert [(one["event"], one["object"]) for one in refused.json["obstacles"]] == [
        (day, "A-2") for day in days
    ]
    assert await statuses(company, days, "A-3") == ["free"] * 3
    assert (await company.post(CHANGE, book(days, "A-3", **no_special))).status == 204


async def test_a_batch_over_partitions_shows_what_each_of_its_changes_left(
    company: Company, client: seatsio.Client, days: list[str]
) -> None:
    results = await asyncio.to_thread(
        client.events.change_object_status_in_batch,
        [
            StatusChangeRequest(days[2], "A-1", "lolzor"),
            StatusChangeRequest(days[0], ["A-2", "GA1", "GA1", "GA1"], BOOKED),
            StatusChangeRequest(days[2], ["A-3", "A-1"], type="RELEASE"),
            StatusChangeRequest(days[1], "A-1", BOOKED),
            StatusChangeRequest(days[2], "A-1", BOOKED),
        ],
    )
    assert [{label: o.status for label, o in one.objects.items()} for one in results] == [
        {"A-1": "lolzor"},
        {"A-2": BOOKED, "GA1": BOOKED},
        {"A-3": "free", "A-1": "free"},
        {"A-1": BOOKED},
        {"A-1": BOOKED},
    ]
    assert results[1].objects["GA1"].num_booked == 3
    assert await changes_of(company, days[2]) == [
        ("A-1", "lolzor"),
        ("A-3", "free"),
        ("A-1", "free"),
        ("A-1", BOOKED),
    ]


@pytest.fixture
async def offsets(kafka_bootstrap: str) -> AsyncIterator[OffsetQueries]:
    asked = OffsetQueries(kafka_bootstrap)
    yield asked
    await asked.close()


async def test_events_of_one_partition_change_together_or_not_at_all_and_ask_no_coordinator(
    company: Company, running: Installation, days: list[str], offsets: OffsetQueries
) -> None:
    chart = (await company.get(f"/events/{days[0]}")).json["chartKey"]
    entry = running.core.directory.find_now(company.workspace, days[0])
    assert entry is not None
    await company.post(f"/events/{days[0]}", {"eventKey": "first"})
    second = await company.event_in(entry.partition, 3, chart)
    events = ["first", second]
    coordinators = partitions_of(running.core.topics, GROUPS_COMMANDS)
    before = await offsets.ends(coordinators)

    assert (await company.post(CHANGE, book(events, "A-1"))).status == 204
    refused = await company.post(CHANGE, book(events, "A-2", "A-1"))
    assert [obstacle["event"] for obstacle in refused.json["obstacles"]] == events
    assert await statuses(company, events, "A-2") == ["free"] * 2
    assert await offsets.ends(coordinators) == before

    assert (await company.post(CHANGE, book([days[1], second], "A-3"))).status == 204
    assert sum((await offsets.ends(coordinators)).values()) == sum(before.values()) + 1


async def test_the_aliases_of_groups_take_several_partitions(
    company: Company, days: list[str]
) -> None:
    token = (await company.post("/hold-tokens")).json["holdToken"]
    held = {"events": days, "objects": ["A-1"], "holdToken": token}
    for action, asked, status in (
        ("hold", held, HELD),
        ("book", held, BOOKED),
        ("release", {"events": days, "objects": ["A-1"]}, "free"),
    ):
        assert (await company.post(f"/events/groups/actions/{action}", asked)).status == 204
        assert await statuses(company, days, "A-1") == [status] * 3


async def test_a_group_has_up_to_twenty_events(company: Company) -> None:
    asked = {"chartKey": await company.chart(), "events": [{"eventKey": f"{n}"} for n in range(21)]}
    assert (await company.post("/events/actions/create-multiple", asked)).status == 200
    keys = [f"{number}" for number in range(21)]
    refused = await company.post(CHANGE, book(keys, "A-1"))
    assert (refused.status, refused.messages) == (
        400,
        ["#/events: expected maximum item count: 20, found: 21"],
    )
    batch = [{"event": key, "objects": ["A-1"], "status": BOOKED} for key in keys]
    refused = await company.post(BATCH, {"statusChanges": batch})
    assert (refused.status, refused.messages) == (400, ["#/statusChanges: at most 20 events"])
    assert await statuses(company, keys, "A-1") == ["free"] * 21

    assert (await company.post(CHANGE, book(keys[:20], "A-1"))).status == 204
    assert await statuses(company, keys, "A-1") == [BOOKED] * 20 + ["free"]


async def test_an_unknown_event_refuses_the_group(company: Company, days: list[str]) -> None:
    refused = await company.post(CHANGE, book([*days, "nowhere"], "A-1"))
    assert (refused.status, refused.json["errors"][0]["code"]) == (404, "EVENT_NOT_FOUND")
    assert "nowhere" in refused.messages[0]
    assert await statuses(company, days, "A-1") == ["free"] * 3


async def test_channels_of_a_group_are_named_or_ignored(company: Company, days: list[str]) -> None:
    refused = await company.post(CHANGE, book(days, "A-1", channelKeys=["a"]))
    assert refused.status == 400
    for day in days:
        assert any(f"A-1 on event {day} is in another channel" in line for line in refused.messages)
    taken = await company.post(CHANGE, book(days, "A-1", ignoreChannels=True))
    assert taken.status == 204
    assert await statuses(company, days, "A-1") == [BOOKED] * 3


async def test_a_seat_is_sold_on_all_days_only_in_one_channel_by_its_key(
    company: Company, days: list[str]
) -> None:
    of = {days[0]: ["A-1", "A-2"], days[1]: ["A-1"], days[2]: ["A-1", "A-2"]}
    for day, labels in of.items():
        channel = {"key": "k", "name": "K", "color": "#111111", "objects": labels}
        assert (await company.post(f"/events/{day}/channels", channel)).status == 204

    named = {"channelKeys": ["k", "NO_CHANNEL"]}
    refused = await company.post(CHANGE, book(days, "A-1", "A-2", "A-3", **named))
    assert {error["code"] for error in refused.json["errors"]} == {"CHANNELS_DIFFER"}
    [obstacle] = refused.json["obstacles"]
    assert (obstacle["event"], obstacle["object"]) == (days[1], "A-2")
    assert await statuses(company, days, "A-1") == ["free"] * 3
    for some in (["k"], ["NO_CHANNEL"], []):
        refused = await company.post(CHANGE, book(days, "A-1", "A-3", channelKeys=some))
        assert {error["code"] for error in refused.json["errors"]} == {"OBJECT_OF_ANOTHER_CHANNEL"}

    assert (await company.post(CHANGE, book(days, "A-1", channelKeys=["k"]))).status == 204
    assert (await company.post(CHANGE, book(days, "A-3", channelKeys=["NO_CHANNEL"]))).status == 204
    assert (await company.post(CHANGE, book(days, "A-4"))).status == 204
    assert (await company.post(CHANGE, book(days, "A-2", ignoreChannels=True))).status == 204


async def test_a_repeated_group_gets_its_first_answer(company: Company, days: list[str]) -> None:
    path, asked = f"{CHANGE}?expand=objects", book(days, "A-1")
    key = {"Idempotency_Key": "weekend"}
    first = await company.post(path, asked, **key)
    at_once = await company.post(path, asked, **key)
    assert await statuses(company, days, "A-1") == [BOOKED] * 3  # so the read model has it
    later = await company.post(path, asked, **key)
    assert (first.status, "Idempotent-Replayed" in first.headers) == (200, False)
    assert first.json["objects"]["A-1"]["status"] == BOOKED
    for again in (at_once, later):
        assert (again.status, again.body) == (200, first.body)
        assert again.headers["Idempotent-Replayed"] == "true"

    await company.post(f"/events/{days[0]}", {"eventKey": "renamed"})
    renamed = await company.post(path, asked, **key)
    assert (renamed.status, renamed.body) == (200, first.body)
    other = await company.post(path, book(days, "A-2"), **key)
    assert (other.status, other.json["errors"][0]["code"]) == (422, "IDEMPOTENCY_KEY_REUSED")
    assert [len(await changes_of(company, day)) for day in ("renamed", *days[1:])] == [1] * 3


async def test_a_repeated_batch_over_partitions_gets_its_first_answer(
    company: Company, days: list[str]
) -> None:
    batch = [
        {"event": day, "objects": ["A-1"], "status": status}
        for day, status in ((days[1], "x"), (days[0], "y"), (days[1], "free"))
    ]
    asked, key = {"statusChanges": batch}, {"Idempotency_Key": "batch"}
    first = await company.post(f"{BATCH}?expand=objects", asked, **key)
    shown = [result["objects"]["A-1"]["status"] for result in first.json["results"]]
    assert shown == ["x", "y", "free"]
    assert len(await changes_of(company, days[1])) == 2  # so the read model has it
    again = await company.post(f"{BATCH}?expand=objects", asked, **key)
    assert again.body == first.body


async def test_a_repeated_refusal_of_a_group_is_the_first_refusal(
    company: Company, days: list[str]
) -> None:
    await company.post(f"/events/{days[1]}/actions/book", {"objects": ["A-1"]})
    key = {"Idempotency_Key": "weekend"}
    first = await company.post(CHANGE, book(days, "A-1"), **key)
    await company.post(f"/events/{days[1]}/actions/release", {"objects": ["A-1"]})
    again = await company.post(CHANGE, book(days, "A-1"), **key)
    assert first.status == again.status == 400
    assert again.json["obstacles"] == first.json["obstacles"]
    assert again.headers["Idempotent-Replayed"] == "true"


async def result_of(company: Company, taken: Answer) -> Any:  # noqa: ANN401 - JSON
    assert taken.status == 202, taken
    shown: list[Any] = []

    async def is_done() -> None:
        shown[:] = [(await company.get(taken.headers["Location"])).json]
        assert shown[0]["status"] == "done", shown

    await eventually(is_done)
    return shown[0]


async def test_a_group_may_be_answered_later(company: Company, days: list[str]) -> None:
    later = {"Prefer": "respond-async"}
    taken = await company.post(f"{CHANGE}?expand=objects", book(days, "A-1", "A-2"), **later)
    result = await result_of(company, taken)
    assert result["answer"] == "accepted"
    shown = result["result"]["objects"]
    assert {label: info["status"] for label, info in shown.items()} == {
        "A-1": BOOKED,
        "A-2": BOOKED,
    }
    for label in ("A-1", "A-2"):
        assert await statuses(company, days, label) == [BOOKED] * 3

    await company.post(f"/events/{days[0]}/actions/release", {"objects": ["A-1"]})
    refused = await result_of(company, await company.post(CHANGE, book(days, "A-1"), **later))
    assert refused["answer"] == "rejected"
    assert [one["event"] for one in refused["result"]["obstacles"]] == days[1:]
    assert await statuses(company, days, "A-1") == ["free", BOOKED, BOOKED]
