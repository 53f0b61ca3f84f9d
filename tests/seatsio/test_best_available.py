"""Best available over HTTP: what the vendor's clients expect of it, and what we say besides."""

from typing import Any
from urllib.parse import quote

import pytest
from seatsio.events.channelProperties import ChannelCreationParams
from seatsio.exceptions import BestAvailableObjectsNotFoundException

from tests.eventually import eventually
from tests.seatsio.client import Client
from tests.seatsio.installation import Answer, Company

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

STADIUM = "sampleChartWithZones"
SECTIONS = "sampleChartWithSections"


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


async def ask(company: Company, event: str, number: int = 1, **fields: Any) -> Answer:  # noqa: ANN401
    best = {"number": number, **fields.pop("best", {})}
    asked = {"status": "booked", "bestAvailable": best, **fields}
    return await company.post(f"/events/{event}/actions/change-object-status", asked)


async def best_of(
    client: Client,
    event: str,
    number: int,
    *,
    taken: tuple[str, ...] = (),
    **wish: Any,  # noqa: ANN401
) -> list[str]:
    """Book the best, and give them back again; some are taken all the while."""
    if taken:
        await client.do(lambda c: c.events.book(event, list(taken)))
    chosen = await client.do(
        lambda c: c.events.change_best_available_object_status(event, number, "booked", **wish)
    )
    labels: list[str] = chosen.objects
    assert chosen.next_to_each_other is True
    assert {chosen.objectDetails[label].status for label in labels} == {"booked"}
    gone = [*labels, *taken]
    await client.do(lambda c: c.events.release(event, gone, ignore_channels=True))
    return labels


async def test_the_best_of_the_sample_chart(company: Company, client: Client) -> None:
    event = await company.event()
    assert await best_of(client, event, 1) == ["A-5"]
    assert await best_of(client, event, 2) == ["A-4", "A-5"]
    assert await best_of(client, event, 3) == ["A-4", "A-5", "A-6"]
    assert await best_of(client, event, 3, categories=["cat2"]) == ["C-4", "C-5", "C-6"]
    assert await best_of(client, event, 3, categories=["10"]) == ["C-4", "C-5", "C-6"]
    assert await best_of(client, event, 3, accessible_seats=1) == ["A-6", "A-7", "A-8"]
    taken = ("A-4", "A-5")
    assert await best_of(client, event, 2, taken=taken) == ["B-4", "B-5"]
    allowed = await best_of(client, event, 2, taken=taken, try_to_prevent_orphan_seats=False)
    assert allowed == ["A-2", "A-3"]
    with pytest.raises(BestAvailableObjectsNotFoundException, match="objects not found"):
        await client.do(lambda c: c.events.book_best_available(event, 3000))


async def test_the_best_of_a_zone_or_a_section(company: Company, client: Client) -> None:
    event = await company.event(chart=await company.chart(STADIUM))
    assert await best_of(client, event, 1, zone="midtrack") == ["MT3-A-139"]
    assert await best_of(client, event, 2, zone="midtrack") == ["MT3-A-138", "MT3-A-139"]
    assert await best_of(client, event, 1, zone="finishline") == ["Goal Stand 4-A-1"]
    event = await company.event(chart=await company.chart(SECTIONS))
    assert await best_of(client, event, 1, sections=["Section A"]) == ["Section A-A-1"]
    assert await best_of(client, event, 1, sections=["Section B"]) == ["Section B-A-1"]


async def test_what_goes_to_each_object_is_shown_with_it(company: Company, client: Client) -> None:
    event = await company.event()
    token = (await client.do(lambda c: c.hold_tokens.create())).hold_token
    held = await client.do(
        lambda c: c.events.hold_best_available(
            event,
            2,
            hold_token=token,
            order_id="order1",
            ticket_types=["adult", "child"],
            extra_data=[{"a": 1}, {"b": 2}],
        )
    )
    assert held.objects == ["A-4", "A-5"]
    first, second = (held.objectDetails[label] for label in held.objects)
    assert (first.status, first.hold_token, first.order_id) == ("reservedByToken", token, "order1")
    assert (first.ticket_type, first.extra_data) == ("adult", {"a": 1})
    assert (second.ticket_type, second.extra_data) == ("child", {"b": 2})
    seen = await client.do(lambda c: c.events.retrieve_object_info(event, "A-5"))
    assert (seen.status, seen.extra_data) == ("reservedByToken", {"b": 2})


async def test_places_of_an_area_stand_once_each_and_are_not_neighbours(company: Company) -> None:
    event = await company.event()
    seats = [f"{row}-{number}" for row in "ABCD" for number in range(1, 9)]
    await company.post(f"/events/{event}/actions/book", {"objects": seats})
    answer = await ask(company, event, 3, best={"ticketTypes": ["child"]})
    assert answer.status == 200, answer
    assert answer.json["objects"] == ["GA2"] * 3
    assert answer.json["objectDetails"]["GA2"]["numBooked"] == 3
    assert "nextToEachOther" not in answer.json


async def test_seats_apart_are_told_as_such(company: Company) -> None:
    event = await company.event()
    some = [f"{row}-{number}" for row in "ABCD" for number in (1, 3, 4, 5, 7, 8)]
    await company.post(f"/events/{event}/actions/book", {"objects": some})
    assert (await ask(company, event, 2)).json["nextToEachOther"] is False


async def test_book_and_hold_take_a_wish_too_and_release_does_not(
    company: Company, client: Client
) -> None:
    event = await company.event()
    asked: dict[str, Any] = {"bestAvailable": {"number": 1}}
    booked = await company.post(f"/events/{event}/actions/book", asked)
    assert (booked.status, booked.json["objects"]) == (200, ["A-5"])
    token = (await client.do(lambda c: c.hold_tokens.create())).hold_token
    held = await company.post(f"/events/{event}/actions/hold", {**asked, "holdToken": token})
    assert held.json["objectDetails"]["A-4"]["holdToken"] == token
    released = await company.post(f"/events/{event}/actions/release", asked)
    assert released.messages == ["#/bestAvailable: there is nothing to release"]


async def test_a_hold_token_goes_with_any_status(company: Company, client: Client) -> None:
    event = await company.event()
    token = (await client.do(lambda c: c.hold_tokens.create())).hold_token
    booked = await client.do(lambda c: c.events.book_best_available(event, 1, hold_token=token))
    assert booked.objectDetails["A-5"].status == "booked"
    other = await ask(company, event, status="lolzor", holdToken=token)
    assert other.json["objectDetails"]["A-4"]["status"] == "lolzor"


async def test_an_event_key_may_be_encoded_twice(company: Company) -> None:
    event = await company.event("Ada & Co/1")
    once, twice = quote(event, safe=""), quote(quote(event, safe=""), safe="")
    assert (await ask(company, once)).json["objects"] == ["A-5"]
    assert (await ask(company, twice)).json["objects"] == ["A-4"]
    literal = await company.event("100%25", await company.chart())
    assert (await ask(company, quote(literal, safe=""))).json["objects"] == ["A-5"]
    unknown = await ask(company, "no%2525")
    assert (unknown.status, unknown.json["errors"][0]["code"]) == (404, "EVENT_NOT_FOUND")


async def test_a_chart_without_a_focal_point_has_no_best_seats(company: Company) -> None:
    event = await company.event(chart=await company.chart("sampleChartWithFloors"))
    answer = await ask(company, event)
    assert (answer.status, answer.json["errors"][0]["code"]) == (400, "GENERAL_ERROR")
    assert answer.messages == [f"best available: the chart of {event} has no focal point"]


async def test_who_finds_nothing_is_told_in_the_vendors_words(company: Company) -> None:
    answer = await ask(company, await company.event(), best={"categories": ["nothing"]})
    expected = {
        "code": "BEST_AVAILABLE_OBJECTS_NOT_FOUND",
        "message": "Best available objects not found",
    }
    assert (answer.status, answer.json["errors"]) == (400, [expected])


async def test_a_repeat_and_the_commands_outcome_show_the_same_choice(company: Company) -> None:
    event = await company.event()
    best = {"status": "booked", "bestAvailable": {"number": 2}}
    path = f"/events/{event}/actions/change-object-status"
    first = await company.post(path, best, Idempotency_Key="one")
    again = await company.post(path, best, Idempotency_Key="one")
    assert (again.status, again.json) == (200, first.json)
    assert again.headers["Idempotent-Replayed"] == "true"

    taken = await company.post(path, best, Prefer="respond-async")
    assert taken.status == 202

    async def is_done() -> None:
        assert (await company.get(taken.headers["Location"])).json["status"] == "done"

    await eventually(is_done)
    outcome = (await company.get(taken.headers["Location"])).json
    assert outcome["answer"] == "accepted"
    assert outcome["result"]["objects"] == ["B-4", "B-5"]
    assert outcome["result"]["nextToEachOther"] is True
    assert set(outcome["result"]["objectDetails"]) == {"B-4", "B-5"}


async def test_what_is_in_a_channel_is_for_who_names_it(company: Company, client: Client) -> None:
    event = await company.event()
    vip = ChannelCreationParams("vip", "VIP", "#FF0000", 1, ["A-6"])
    await client.do(lambda c: c.events.channels.replace(event, [vip]))
    assert await best_of(client, event, 1, channel_keys=["vip"]) == ["A-6"]
    assert await best_of(client, event, 1) == ["A-5"]
    both = await best_of(client, event, 3, channel_keys=["vip", "NO_CHANNEL"])
    assert both == ["A-4", "A-5", "A-6"]
    assert await best_of(client, event, 3, ignore_channels=True) == both
    answer = await ask(company, event, channelKeys=["nobody"])
    assert answer.json["errors"][0]["code"] == "BEST_AVAILABLE_OBJECTS_NOT_FOUND"


async def test_what_is_not_for_sale_or_offered_for_resale_is_not_chosen(
    company: Company, client: Client
) -> None:
    event = await company.event()
    edit = {"notForSale": [{"object": "A-5"}]}
    edited = await company.post(f"/events/{event}/actions/edit-for-sale-config", edit)
    assert edited.status == 200, edited
    assert await best_of(client, event, 1, try_to_prevent_orphan_seats=False) == ["A-4"]
    await client.do(lambda c: c.events.put_up_for_resale(event, ["A-4"]))
    assert await best_of(client, event, 1, try_to_prevent_orphan_seats=False) == ["A-6"]
