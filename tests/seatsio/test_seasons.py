"""Seasons over HTTP: made, filled, shown and deleted, with the official client and without."""

from typing import Any

import pytest
from seatsio.exceptions import SeatsioException

from tests.seatsio.client import Client
from tests.seatsio.installation import Company

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


async def test_a_season_is_made_with_its_events_and_shown(company: Company, client: Client) -> None:
    chart = await company.chart()
    season = await client.do(
        lambda c: c.seasons.create(chart, key="year", name="Year", event_keys=["e1", "e2"])
    )
    assert season.is_season()
    assert (season.key, season.name, season.chart_key) == ("year", "Year", chart)
    assert (season.is_top_level_season, season.is_partial_season) == (True, False)
    assert (season.for_sale_propagated, season.partial_season_keys) == (True, [])
    assert [event.key for event in season.events] == ["e1", "e2"]
    first = season.events[0]
    assert (first.is_event_in_season, first.top_level_season_key) == (True, "year")
    assert (first.partial_season_keys_for_event, first.chart_key) == ([], chart)

    shown = await client.do(lambda c: c.seasons.retrieve("year"))
    assert vars(shown.events[1]) | {"table_booking_config": 0, "categories": 0} == vars(
        season.events[1]
    ) | {"table_booking_config": 0, "categories": 0}
    assert shown.created_on == season.created_on
    assert not (await client.do(lambda c: c.events.retrieve("e1"))).is_season()


async def test_events_come_by_number_or_by_key_the_newest_first(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    season = await client.do(lambda c: c.seasons.create(chart, number_of_events=2))
    assert len({event.key for event in season.events}) == 2
    added = await client.do(lambda c: c.seasons.create_events(season.key, event_keys=["a", "b"]))
    assert [event.key for event in added] == ["b", "a"]
    more = await client.do(lambda c: c.seasons.create_events(season.key, number_of_events=1))
    shown = await client.do(lambda c: c.seasons.retrieve(season.key))
    keys = [event.key for event in season.events]
    assert [event.key for event in shown.events] == [*keys, "a", "b", more[0].key]


async def test_partial_seasons_are_made_filled_and_emptied(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    await client.do(lambda c: c.seasons.create(chart, key="year", event_keys=["e1", "e2", "e3"]))
    spring = await client.do(
        lambda c: c.seasons.create_partial_season("year", "spring", "Spring", ["e1"])
    )
    assert spring.is_season()
    assert (spring.is_top_level_season, spring.is_partial_season) == (False, True)
    assert (spring.top_level_season_key, spring.partial_season_keys) == ("year", None)
    assert [event.key for event in spring.events] == ["e1"]
    assert spring.events[0].partial_season_keys_for_event == ["spring"]

    added = await client.do(
        lambda c: c.seasons.add_events_to_partial_season("year", "spring", ["e3", "e1"])
    )
    assert [event.key for event in added.events] == ["e1", "e3"]
    left = await client.do(
        lambda c: c.seasons.remove_event_from_partial_season("year", "spring", "e1")
    )
    assert [event.key for event in left.events] == ["e3"]
    year = await client.do(lambda c: c.seasons.retrieve("year"))
    assert year.partial_season_keys == ["spring"]
    assert [event.partial_season_keys_for_event for event in year.events] == [[], [], ["spring"]]

    await client.do(lambda c: c.events.delete("spring"))
    year = await client.do(lambda c: c.seasons.retrieve("year"))
    assert year.partial_season_keys == []
    assert [event.partial_season_keys_for_event for event in year.events] == [[], [], []]


async def test_a_season_is_changed_like_an_event(company: Company, client: Client) -> None:
    chart = await company.chart()
    await client.do(lambda c: c.seasons.create(chart, key="year", event_keys=["e1"]))
    await client.do(
        lambda c: c.seasons.update("year", event_key="next", name="N", for_sale_propagated=False)
    )
    season = await client.do(lambda c: c.seasons.retrieve("next"))
    assert (season.name, season.for_sale_propagated) == ("N", False)
    assert season.events[0].top_level_season_key == "next"
    with pytest.raises(SeatsioException):
        await client.do(lambda c: c.seasons.update("e1", for_sale_propagated=False))


async def test_events_are_sold_as_their_season_says_but_for_its_channels(company: Company) -> None:
    own = {"key": "own", "label": "Own", "color": "#aaabbb"}
    asked = {
        "chartKey": await company.chart("sampleChartWithTables"),
        "key": "year",
        "eventKeys": ["e1"],
        "tableBookingConfig": {"mode": "ALL_BY_TABLE"},
        "categories": [own],
        "objectCategories": {"T1": "own"},
        "channels": [{"key": "k", "name": "K", "color": "#1"}],
        "forSaleConfig": {"forSale": False, "objects": ["T2"]},
    }
    season = (await company.post("/seasons", asked)).json
    await company.post("/seasons/year/actions/create-events", {"eventKeys": ["e2"]})
    for event in (season, *season["events"], (await company.get("/events/e2")).json):
        assert event["tableBookingConfig"] == {"mode": "ALL_BY_TABLE"}
        assert event["objectCategories"] == {"T1": "own"}
        assert event["categories"][-1]["key"] == "own"
        assert len(event["channels"]) == (1 if event["isSeason"] else 0)
    await company.post("/events/year", {"tableBookingConfig": {"mode": "ALL_BY_SEAT"}})
    assert (await company.get("/events/e1")).json["tableBookingConfig"] == {"mode": "ALL_BY_SEAT"}


async def test_a_partial_season_passes_its_own_sale_on(company: Company, client: Client) -> None:
    chart = await company.chart()
    await client.do(lambda c: c.seasons.create(chart, key="year", event_keys=["e1", "e2"]))
    await client.do(lambda c: c.seasons.create_partial_season("year", "spring", None, ["e1"]))
    await client.do(lambda c: c.events.mark_as_not_for_sale("spring", ["A-1"]))

    async def is_for_sale(event: str) -> Any:  # noqa: ANN401 - JSON
        return (await company.get(f"/events/{event}/objects/A-1")).json["forSale"]

    assert (await is_for_sale("e1"), await is_for_sale("e2")) == (False, True)
    await client.do(lambda c: c.seasons.update("spring", for_sale_propagated=False))
    spring = await client.do(lambda c: c.seasons.retrieve("spring"))
    assert spring.for_sale_propagated is False
    assert await is_for_sale("e1")


async def test_the_list_of_events_has_seasons_without_what_is_in_them(company: Company) -> None:
    chart = await company.chart()
    await company.post("/seasons", {"chartKey": chart, "key": "year", "eventKeys": ["e1"]})
    await company.post("/seasons/year/partial-seasons", {"key": "spring", "eventKeys": ["e1"]})
    listed = (await company.get("/events")).json["items"]
    assert [(item["key"], item["isSeason"]) for item in listed] == [
        ("spring", True),
        ("e1", False),
        ("year", True),
    ]
    assert not any({"events", "partialSeasonKeys"} & set(item) for item in listed)
    charts = (await company.get("/charts?expand=events")).json["items"]
    assert charts[0]["events"] == listed


async def test_a_plain_event_says_that_it_is_in_no_season(company: Company) -> None:
    event = (await company.get(f"/events/{await company.event()}")).json
    flags = ("isSeason", "isTopLevelSeason", "isPartialSeason", "isEventInSeason")
    assert [event[flag] for flag in flags] == [False] * 4
    others = {"topLevelSeasonKey", "partialSeasonKeysForEvent", "forSalePropagated", "events"}
    assert not others & set(event)


async def test_a_season_is_deleted_with_its_events(company: Company, client: Client) -> None:
    chart = await company.chart()
    await client.do(lambda c: c.seasons.create(chart, key="year", event_keys=["e1", "e2"]))
    await client.do(lambda c: c.seasons.create_partial_season("year", "spring", None, ["e1"]))
    await client.do(lambda c: c.events.delete("year"))
    for key in ("year", "e1", "e2", "spring"):
        assert (await company.get(f"/events/{key}")).status == 404
    assert (await company.get("/events")).json["items"] == []
    await client.do(lambda c: c.seasons.create(chart, key="year", event_keys=["e1"]))


async def test_a_repeated_creation_makes_one_season(company: Company) -> None:
    body = {"chartKey": await company.chart(), "numberOfEvents": 3}
    first, again = [await company.post("/seasons", body, Idempotency_Key="once") for _ in range(2)]
    assert again.json == first.json
    assert len((await company.get("/events")).json["items"]) == 4


async def test_a_repeated_creation_of_a_partial_season_shows_the_one_that_was_made(
    company: Company,
) -> None:
    await company.post("/seasons", {"chartKey": await company.chart(), "key": "year"})
    path, key = "/seasons/year/partial-seasons", {"Idempotency_Key": "once"}
    first, again = [await company.post(path, {"name": "Spring"}, **key) for _ in range(2)]
    assert (first.status, again.status) == (200, 200)
    assert again.json == first.json


@pytest.mark.parametrize(
    ("path", "body", "status", "message"),
    [
        ("/seasons", {}, 400, "#: required key [chartKey] not found"),
        ("/seasons", {"chartKey": "x"}, 404, "Chart not found: x"),
        (
            "/seasons",
            {"chartKey": "C", "numberOfEvents": 1, "eventKeys": ["x"]},
            400,
            "#: [eventKeys] and [numberOfEvents] exclude each other",
        ),
        ("/seasons", {"chartKey": "C", "numberOfEvents": 101}, 400, "#/numberOfEvents"),
        ("/seasons", {"chartKey": "C", "numberOfEvents": 0}, 400, "#/numberOfEvents"),
        ("/seasons", {"chartKey": "C", "eventKey": "x"}, 400, "#: extraneous key [eventKey]"),
        ("/seasons", {"chartKey": "C", "key": "year"}, 400, "Event key already in use"),
        ("/seasons", {"chartKey": "C", "eventKeys": ["e1"]}, 400, "Event key already in use"),
        (
            "/seasons",
            {"chartKey": "C", "eventKeys": ["x", "x"]},
            400,
            "Duplicate event keys are not allowed",
        ),
        ("/seasons/year/actions/create-events", {}, 400, "#: required key [eventKeys] or"),
        ("/seasons/e1/actions/create-events", {"numberOfEvents": 1}, 400, "e1 is not a season"),
        ("/seasons/no/actions/create-events", {"numberOfEvents": 1}, 404, "Event not found: no"),
        ("/seasons/year/partial-seasons", {"eventKeys": ["y"]}, 404, "Event not found: y"),
        ("/seasons/year/partial-seasons", {"eventKeys": ["alone"]}, 400, "alone is not in this"),
        (
            "/seasons/year/partial-seasons/e1/actions/add-events",
            {"eventKeys": ["e1"]},
            400,
            "e1 is not a season, or not of the kind",
        ),
        (
            "/seasons/year/partial-seasons/no/actions/add-events",
            {"eventKeys": ["e1"]},
            404,
            "Event not found: no",
        ),
        ("/events/e1", {"chartKey": "C"}, 400, "e1 is of a season: all of that stays on one"),
        ("/events/year", {"chartKey": "C"}, 400, "year is of a season: all of that stays on one"),
        (
            "/events/e1",
            {"tableBookingConfig": {"mode": "ALL_BY_TABLE"}},
            400,
            "e1 is in a season: only the season says how the tables are sold",
        ),
    ],
)
async def test_what_cannot_be_is_refused(
    company: Company, path: str, body: dict[str, Any], status: int, message: str
) -> None:
    chart = await company.chart()
    await company.event("alone", chart)
    await company.post("/seasons", {"chartKey": chart, "key": "year", "eventKeys": ["e1"]})
    if body.get("chartKey") == "C":
        body = {**body, "chartKey": chart}
    answer = await company.post(path, body)
    assert (answer.status, answer.messages[0][: len(message)]) == (status, message)


async def test_a_season_is_booked_for_all_its_events(company: Company, client: Client) -> None:
    chart = await company.chart()
    await client.do(lambda c: c.seasons.create(chart, key="year", event_keys=["e1", "e2"]))
    await client.do(lambda c: c.events.book("year", ["A-1", "A-2"], order_id="o1"))
    for key in ("e1", "e2"):
        refused = await company.post(f"/events/{key}/actions/book", {"objects": ["A-1"]})
        assert refused.status == 400
        assert refused.json["errors"][0]["code"] == "ILLEGAL_STATUS_CHANGE"
        assert "taken by the season" in refused.messages[0]
    both = await company.post(
        "/events/groups/actions/book", {"events": ["e1", "year"], "objects": ["A-3"]}
    )
    assert both.status == 400
    await client.do(lambda c: c.events.book(["e1", "e2"], ["A-3"]))
    refused = await company.post("/events/year/actions/book", {"objects": ["A-3"]})
    assert refused.status == 400


async def test_an_event_overrides_its_season_and_uses_it_again(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    await client.do(lambda c: c.seasons.create(chart, key="year", event_keys=["e1", "e2"]))
    await client.do(lambda c: c.events.book("year", ["A-1"]))
    await client.do(lambda c: c.events.override_season_object_status("e1", ["A-1", "A-2"]))
    await client.do(lambda c: c.events.book("e1", "A-1"))
    used = await company.post("/events/e1/actions/use-season-status", {"objects": ["A-1"]})
    assert (used.status, used.json["obstacles"][0]["reason"]) == (400, "OVERRIDE_IN_USE")
    await client.do(lambda c: c.events.release("e1", "A-1"))
    await client.do(lambda c: c.events.use_season_object_status("e1", ["A-1", "A-2"]))
    assert (await company.post("/events/e1/actions/book", {"objects": ["A-1"]})).status == 400


async def test_a_batch_overrides_and_books(company: Company) -> None:
    chart = await company.chart()
    await company.post("/seasons", {"chartKey": chart, "key": "year", "eventKeys": ["e1"]})
    await company.post("/seasons/year/partial-seasons", {"key": "spring", "eventKeys": ["e1"]})
    await company.post("/events/spring/actions/book", {"objects": ["A-1"]})
    booking = {"event": "e1", "status": "booked", "objects": ["A-1"]}
    for season, status in (("year", 400), ("spring", 200)):
        use = {"type": "OVERRIDE_SEASON_STATUS", "event": "e1", "objects": ["A-1"]}
        answer = await company.post(
            "/events/actions/change-object-status?expand=objects",
            {"statusChanges": [{**use, "season": season}, booking]},
        )
        assert answer.status == status
    overridden, booked = (result["objects"]["A-1"] for result in answer.json["results"])
    assert overridden["seasonStatusOverriddenQuantity"] == 1
    assert (overridden["status"], booked["status"]) == ("booked", "booked")


async def test_a_batch_shows_what_it_overrode(company: Company) -> None:
    chart = await company.chart()
    await company.post("/seasons", {"chartKey": chart, "key": "year", "eventKeys": ["e1"]})
    await company.post("/events/year/actions/book", {"objects": ["A-1"]})
    for kind, expected in (
        ("OVERRIDE_SEASON_STATUS", ("free", 1)),
        ("USE_SEASON_STATUS", ("booked", 0)),
    ):
        answer = await company.post(
            "/events/actions/change-object-status?expand=objects",
            {"statusChanges": [{"type": kind, "event": "e1", "objects": ["A-1"]}]},
        )
        [result] = answer.json["results"]
        shown = result["objects"]["A-1"]
        assert (shown["status"], shown["seasonStatusOverriddenQuantity"]) == expected


@pytest.mark.parametrize(
    ("event", "body", "message"),
    [
        ("alone", {"objects": ["A-1"]}, "alone is not an event in a season"),
        ("year", {"objects": ["A-1"]}, "year is not an event in a season"),
        ("e1", {"objects": ["A-1"], "season": "spring"}, "e1 is not in the season spring"),
        ("e1", {"objects": ["Z-1"]}, "Object not found: Z-1 on event e1"),
        ("e1", {"objects": []}, "#/objects: expected minimum item count: 1"),
    ],
)
async def test_what_cannot_be_overridden_is_refused(
    company: Company, event: str, body: dict[str, Any], message: str
) -> None:
    chart = await company.chart()
    await company.event("alone", chart)
    await company.post("/seasons", {"chartKey": chart, "key": "year", "eventKeys": ["e1"]})
    await company.post("/seasons/year/partial-seasons", {"key": "spring"})
    answer = await company.post(f"/events/{event}/actions/override-season-status", body)
    assert (answer.status, answer.messages[0][: len(message)]) == (400, message)


async def test_a_seasons_sale_counts_in_its_events_unless_it_is_told_not_to(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    await client.do(lambda c: c.seasons.create(chart, key="year", event_keys=["e1"]))
    await company.post("/events/year/actions/mark-as-not-for-sale", {"objects": ["A-1"]})
    event = (await company.get("/events/e1")).json
    assert event["season"]["forSaleConfig"]["objects"] == ["A-1"]
    assert "forSaleConfig" not in event
    refused = await company.post("/events/e1/actions/book", {"objects": ["A-1"]})
    assert (refused.status, refused.json["obstacles"][0]["reason"]) == (400, "OBJECT_NOT_FOR_SALE")
    assert not (await company.get("/events/e1/objects/A-1")).json["forSale"]

    await client.do(lambda c: c.seasons.update("year", for_sale_propagated=False))
    assert (await company.get("/events/e1")).json["season"] == {"forSaleConfig": None}
    assert (await company.post("/events/e1/actions/book", {"objects": ["A-1"]})).status == 204
