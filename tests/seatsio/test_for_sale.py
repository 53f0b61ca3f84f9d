"""What is for sale, over HTTP: the official client, and what it never sends."""

import datetime as dt
from typing import Any

import pytest
from seatsio.domain import ForSaleConfig
from seatsio.events.objectProperties import ObjectProperties
from seatsio.exceptions import SeatsioException

from tests.seatsio.client import Client
from tests.seatsio.installation import Company

pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")
EDIT = "/events/{}/actions/edit-for-sale-config"


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


def config(
    for_sale: bool,  # noqa: FBT001
    objects: list[str] | None = None,
    area_places: dict[str, int] | None = None,
    categories: list[str] | None = None,
) -> ForSaleConfig:
    return ForSaleConfig.create_new(for_sale, objects or [], area_places or {}, categories or [])


async def of(client: Client, event: str) -> ForSaleConfig | None:
    found: ForSaleConfig | None = (
        await client.do(lambda c: c.events.retrieve(event))
    ).for_sale_config
    return found


async def test_it_is_edited_by_object_and_place(company: Company, client: Client) -> None:
    event = await company.event()
    assert await of(client, event) is None
    close = [{"object": "A-1"}, {"object": "A-2"}, {"object": "GA1", "quantity": 5}]
    edited = await client.do(lambda c: c.events.edit_for_sale_config(event, None, close))
    expected = config(False, ["A-1", "A-2"], {"GA1": 5})
    assert edited.for_sale_config == expected == await of(client, event)
    assert edited.rate_limit_info.rate_limit_remaining_calls == 9
    open_ = [{"object": "A-1"}, {"object": "GA1", "quantity": 2}]
    edited = await client.do(lambda c: c.events.edit_for_sale_config(event, open_))
    expected = config(False, ["A-2"], {"GA1": 3})
    assert edited.for_sale_config == expected == await of(client, event)
    assert edited.rate_limit_info.rate_limit_remaining_calls == 8


async def test_the_day_ends_at_midnight_utc(company: Company) -> None:
    event = await company.event()
    answer = await company.post(EDIT.format(event), {"forSale": [{"object": "A-1"}]})
    assert answer.json["forSaleConfig"] == {
        "forSale": False,
        "objects": [],
        "areaPlaces": {},
        "categories": [],
    }
    limit = answer.json["rateLimitInfo"]
    assert limit["rateLimitRemainingCalls"] == 9
    reset = dt.datetime.fromisoformat(limit["rateLimitResetDate"])
    assert (reset.hour, reset.minute, reset.second) == (0, 0, 0)
    assert dt.timedelta() < reset - dt.datetime.now(dt.UTC) <= dt.timedelta(days=1)
    assert "forSaleConfig" not in (await company.get(f"/events/{event}")).json


async def test_several_events_are_edited_at_once(company: Company, client: Client) -> None:
    chart = await company.chart()
    one, two = await company.event(chart=chart), await company.event(chart=chart)
    asked = {one: {"not_for_sale": [{"object": "A-1"}]}, two: {"not_for_sale": [{"object": "GA1"}]}}
    edited = await client.do(lambda c: c.events.edit_for_sale_config_for_events(asked))
    assert edited[one].for_sale_config == config(False, ["A-1"])
    assert edited[two].for_sale_config == config(False, area_places={"GA1": 100})
    left = {key: of.rate_limit_info.rate_limit_remaining_calls for key, of in edited.items()}
    assert left == {one: 9, two: 9}
    edits: dict[str, Any] = {two: {"notForSale": [{"object": "GA1"}]}}
    edits["no"] = {"forSale": [{"object": "A-1"}]}
    edits[one] = {"forSale": [{"object": "A-1"}]}
    answer = await company.post("/events/actions/edit-for-sale-config", {"events": edits})
    assert answer.status == 404
    assert await of(client, one) == config(False, ["A-1"])


async def test_a_season_is_edited_like_any_of_several(company: Company) -> None:
    season = {"chartKey": await company.chart(), "key": "year", "eventKeys": ["e1", "e2"]}
    await company.post("/seasons", season)
    edits = {key: {"notForSale": [{"object": "A-1"}]} for key in ("year", "e2")}
    answer = await company.post("/events/actions/edit-for-sale-config", {"events": edits})
    assert answer.status == 200, answer
    assert {key: edited["forSaleConfig"]["objects"] for key, edited in answer.json.items()} == {
        "year": ["A-1"],
        "e2": ["A-1"],
    }
    assert not (await company.get("/events/e1/objects/A-1")).json["forSale"]


async def test_it_is_said_anew(company: Company, client: Client) -> None:
    event = await company.event()
    await client.do(
        lambda c: c.events.replace_for_sale_config(event, True, ["o1"], {"GA1": 3}, ["cat1"])
    )
    assert await of(client, event) == config(True, ["o1"], {"GA1": 3}, ["cat1"])
    await client.do(lambda c: c.events.mark_as_not_for_sale(event, categories=["cat2"]))
    assert await of(client, event) == config(False, categories=["cat2"])
    await client.do(lambda c: c.events.mark_as_for_sale(event, objects=["A-1"]))
    assert await of(client, event) == config(True, ["A-1"])
    await client.do(lambda c: c.events.mark_everything_as_for_sale(event))
    assert await of(client, event) is None
    await client.do(lambda c: c.events.mark_everything_as_not_for_sale(event))
    assert await of(client, event) == config(True)
    await client.do(lambda c: c.events.mark_everything_as_for_sale(event))
    await client.do(lambda c: c.events.mark_everything_as_for_not_sale(event))
    assert await of(client, event) == config(True)


async def test_sections_and_categories_are_listed_by_label(
    company: Company, client: Client
) -> None:
    event = await company.event(chart=await company.chart("sampleChartWithSections"))
    labels = ["Section A-A-1", "Section B-A-1"]

    async def for_sale() -> list[bool]:
        infos = await client.do(lambda c: c.events.retrieve_object_infos(event, labels))
        return [infos[label].for_sale for label in labels]

    await client.do(lambda c: c.events.mark_as_not_for_sale(event, ["Section A"]))
    assert await for_sale() == [False, True]
    categories = (await company.get(f"/events/{event}")).json["categories"]
    of_b = (await company.get(f"/events/{event}/objects/{labels[1]}")).json["categoryKey"]
    [label] = [one["label"] for one in categories if str(one["key"]) == of_b]
    for named in (of_b, label, label.upper()):
        await client.do(lambda c: c.events.mark_as_for_sale(event, categories=[named]))  # noqa: B023
        assert await for_sale() == [False, True]


async def test_an_event_is_created_with_it(company: Company, client: Client) -> None:
    chart = await company.chart()
    wanted = config(False, ["A-1"], {"GA1": 5}, ["9"])
    event = await client.do(lambda c: c.events.create(chart, for_sale_config=wanted))
    assert event.for_sale_config == wanted == await of(client, event.key)
    several = await company.post(
        "/events/actions/create-multiple",
        {
            "chartKey": chart,
            "events": [{"forSaleConfig": {"forSale": True, "categories": [9]}}, {}],
        },
    )
    assert [made.get("forSaleConfig", {}).get("categories") for made in several.json["events"]] == [
        ["9"],
        None,
    ]


async def test_after_ten_edits_a_day_sale_is_only_opened(company: Company) -> None:
    event = await company.event()
    close, open_ = ({name: [{"object": "A-1"}]} for name in ("notForSale", "forSale"))
    for left in range(9, -1, -1):
        answer = await company.post(EDIT.format(event), close)
        assert answer.json["rateLimitInfo"]["rateLimitRemainingCalls"] == left
    answer = await company.post(EDIT.format(event), close, Idempotency_Key="k")
    assert answer.status == 429
    assert answer.json["errors"][0]["code"] == "RATE_LIMIT_EXCEEDED"
    assert 0 < int(answer.headers["Retry-After"]) <= 24 * 60 * 60
    assert (await company.post(EDIT.format(event), open_)).status == 200
    replayed = await company.post(EDIT.format(event), close, Idempotency_Key="k")
    assert (replayed.status, "Idempotent-Replayed" in replayed.headers) == (429, False)


BAD: list[tuple[Any, str]] = [
    ({"forSale": [{"object": "A-1", "quantity": 2}]}, "#/forSale/0/quantity: a quantity is for"),
    ({"notForSale": [{"object": "GA1", "quantity": 0}]}, "#/notForSale/0/quantity: expected a"),
    ({"forSale": ["A-1"]}, "#/forSale/0: expected type: JSONObject, found: String"),
    ({"forsale": []}, "#: extraneous key [forsale] is not permitted"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
async def test_an_edit_that_cannot_be_is_refused(
    company: Company,
    content: object,
    message: str,
) -> None:
    event = await company.event()
    answer = await company.post(EDIT.format(event), content)
    assert answer.status == 400
    assert answer.messages[0].startswith(message), answer.messages


async def test_what_is_not_for_sale_is_not_booked_and_says_so(
    company: Company, client: Client
) -> None:
    event = await company.event()
    await client.do(lambda c: c.events.book(event, ["A-2"]))
    close: list[dict[str, Any]] = [{"object": label} for label in ("A-1", "A-2", "GA2")]
    close.append({"object": "GA1", "quantity": 98})
    await client.do(lambda c: c.events.edit_for_sale_config(event, None, close))
    with pytest.raises(SeatsioException) as refused:
        await client.do(lambda c: c.events.book(event, ["A-1", "GA2"]))
    assert {error["code"] for error in refused.value.errors} == {"OBJECT_NOT_FOR_SALE"}
    with pytest.raises(SeatsioException):
        await client.do(lambda c: c.events.book(event, [ObjectProperties("GA1", quantity=3)]))
    await client.do(lambda c: c.events.book(event, [ObjectProperties("GA1", quantity=2)]))
    labels = ["A-1", "A-2", "A-3", "GA1", "GA2"]
    path = "&".join(f"label={label}" for label in labels)
    infos = (await company.get(f"/events/{event}/objects?{path}")).json
    assert {
        label: (of["forSale"], of["isAvailable"], of["availabilityReason"])
        for label, of in infos.items()
    } == {
        "A-1": (False, False, "not_for_sale"),
        "A-2": (False, False, "booked"),
        "A-3": (True, True, "available"),
        "GA1": (True, False, "not_for_sale"),
        "GA2": (False, False, "not_for_sale"),
    }
    assert [(infos[name]["numFree"], infos[name]["numNotForSale"]) for name in labels[3:]] == [
        (98, 98),
        (100, 100),
    ]
