"""What some clients send and others do not: empty values, empty lists, a slash too many.

Each of these is what one of the vendor's client libraries writes on the wire, or may be made to by
who passes nothing where nothing is allowed.
"""

from typing import Any

import pytest

from tests.seatsio.installation import Company


@pytest.mark.parametrize(
    "path",
    [
        "/events?limit=&start_after_id=&end_before_id=",
        "/events?limit=&limit=&oops=",
        "/events/E/status-changes?filter=&filterType=&sort=",
        "/events/E/status-changes?limit=2&start_after_id=",
        "/charts?filter=&tag=&eventsLimit=",
        "/charts?expand=",
        "/charts/archive?tag=",
        "/event-log?limit=",
        "/reports/events/E/byStatus/summary?seasonBookingsPropagated=",
        "/reports/charts/C/byLabel?bookWholeTables=&version=",
    ],
)
async def test_a_parameter_without_a_value_is_as_good_as_none(company: Company, path: str) -> None:
    chart = await company.chart()
    await company.event("E", chart)
    path = path.replace("/C/", f"/{chart}/")
    plain, _, _ = path.partition("?")
    asked = await company.get(path)
    assert (asked.status, asked.json) == (200, (await company.get(plain)).json)


async def test_a_label_without_a_value_is_as_good_as_none(company: Company) -> None:
    event = await company.event()
    asked = await company.get(f"/events/{event}/objects?label=&label=A-1")
    assert (asked.status, list(asked.json)) == (200, ["A-1"])


@pytest.mark.parametrize("direction", ["desc", "DESC", "Desc"])
async def test_a_direction_may_be_in_capitals(company: Company, direction: str) -> None:
    await company.event("E")
    for label in ("A-1", "B-1"):
        await company.post("/events/E/actions/book", {"objects": [label]})
    listed = await company.get(f"/events/E/status-changes?sort=objectLabel:{direction}")
    assert [item["objectLabel"] for item in listed.json["items"]] == ["B-1", "A-1"]


async def test_a_slash_too_many_before_the_path_is_none(company: Company) -> None:
    chart = await company.chart()
    created = await company.post("//events", {"chartKey": chart, "eventKey": "E"})
    assert created.json["key"] == "E"
    assert (await company.get("//events?limit=1")).json == (await company.get("/events")).json
    assert (await company.get("//events/E")).json == (await company.get("/events/E")).json
    refused = await company.get("//events/no")
    assert (refused.status, refused.json["errors"][0]["code"]) == (404, "EVENT_NOT_FOUND")
    assert (await company.call("GET", "//events", secret="x")).status == 401


async def test_a_deletion_may_ask_to_see_objects(company: Company) -> None:
    await company.event("E")
    assert (await company.call("DELETE", "/events/E?expand=objects")).status == 204
    assert (await company.get("/events/E")).status == 404


async def test_an_empty_header_names_no_workspace(company: Company) -> None:
    for secret in (company.secret, company.admin_secret):
        made = await company.call("POST", "/hold-tokens", secret=secret, X_Workspace_Key="")
        assert made.json["workspaceKey"] == company.workspace


@pytest.mark.parametrize("nothing", [[], {}, None])
async def test_php_writes_an_object_without_keys_as_a_list(
    company: Company, nothing: object
) -> None:
    chart, tables = await company.chart(), {"mode": "CUSTOM", "tables": nothing}
    channel = {"key": "k", "name": "K", "color": "#fff", "areaPlaces": nothing}
    created = await company.post(
        "/events",
        {
            "chartKey": chart,
            "eventKey": "E",
            "objectCategories": nothing,
            "tableBookingConfig": tables,
            "channels": [channel],
            "forSaleConfig": {"forSale": False, "areaPlaces": nothing},
        },
    )
    assert created.status == 200, created
    told = created.json
    assert (told["channels"][0]["areaPlaces"], told["tableBookingConfig"]["tables"]) == ({}, {})
    for path, asked in (
        ("/events/E", {"objectCategories": nothing}),
        ("/events/E/actions/mark-as-not-for-sale", {"areaPlaces": nothing}),
        ("/events/E/channels/k/objects", {"areaPlaces": nothing}),
        ("/events/E/actions/update-extra-data", {"extraData": nothing}),
        ("/events/E/actions/update-extra-data", {"extraData": {"A-1": nothing}}),
        ("/events/E/objects/A-1/actions/update-extra-data", {"extraData": nothing}),
        ("/events/E/actions/book", {"objects": [{"objectId": "A-1", "extraData": nothing}]}),
    ):
        assert (await company.post(path, asked)).status == 204, path
    assert not (await company.get("/events/E/objects/A-1")).json.get("extraData")


@pytest.mark.parametrize("none", [[], None])
async def test_a_wish_for_none_of_the_categories_or_sections_is_for_any(
    company: Company, none: list[Any] | None
) -> None:
    await company.event("E")
    wish = {
        "number": 2,
        "categories": none,
        "sections": none,
        "extraData": none,
        "ticketTypes": none,
        "zone": None,
        "tryToPreventOrphanSeats": None,
        "accessibleSeats": None,
    }
    asked = {"status": "booked", "bestAvailable": wish, "channelKeys": none}
    chosen = await company.post("/events/E/actions/change-object-status", asked)
    assert chosen.json["objects"] == ["A-4", "A-5"]


async def test_a_season_of_no_events_may_say_so(company: Company) -> None:
    chart = await company.chart()
    asked = {"chartKey": chart, "key": "year", "eventKeys": [], "numberOfEvents": 1}
    assert len((await company.post("/seasons", asked)).json["events"]) == 1
    asked = {"chartKey": chart, "eventKeys": []}
    assert (await company.post("/seasons", asked)).json["events"] == []
    partial = await company.post("/seasons/year/partial-seasons", {"eventKeys": []})
    assert partial.json["events"] == []
    created = await company.post("/seasons/year/actions/create-events", {"eventKeys": []})
    assert (created.status, created.messages) == (
        400,
        ["#: required key [eventKeys] or [numberOfEvents] not found"],
    )


async def test_channels_are_sent_back_as_they_were_shown(company: Company) -> None:
    await company.event("E")
    new = {"key": "k", "name": "K", "color": "#fff", "index": 1, "objects": ["A-1"], "id": None}
    assert (await company.post("/events/E/channels", new)).status == 204
    channels = (await company.get("/events/E")).json["channels"]
    replaced = await company.post("/events/E/channels/replace", {"channels": channels})
    assert replaced.status == 204, replaced
    assert (await company.get("/events/E")).json["channels"] == channels
    asked = {"chartKey": await company.chart(), "channels": channels}
    [copied] = (await company.post("/events", asked)).json["channels"]
    assert copied["id"] != channels[0]["id"]


async def test_lists_of_charts_know_the_former_word_for_validation(company: Company) -> None:
    await company.chart("sampleChartWithErrors")
    [shown] = (await company.get("/charts?validation=true")).json["items"]
    assert [shown] == (await company.get("/charts?expand=validation")).json["items"]
    assert shown["validation"]["errors"]
    [plain] = (await company.get("/charts?validation=false")).json["items"]
    assert "validation" not in plain


@pytest.mark.parametrize(
    ("former", "now"),
    [
        ("BOOTHS", "SIMPLE"),
        ("MIXED", "SIMPLE"),
        ("ROWS_WITHOUT_SECTIONS", "SIMPLE"),
        ("ROWS_WITH_SECTIONS", "WITH_SECTIONS_AND_FLOORS"),
        ("ZONES", "WITH_ZONES"),
        ("WITH_ZONES", "WITH_ZONES"),
    ],
)
async def test_former_venue_types_are_known(company: Company, former: str, now: str) -> None:
    created = (await company.post("/charts", {"venueType": former})).json
    assert created["venueType"] == now
    drawn = await company.get(f"/charts/{created['key']}/version/published")
    assert drawn.json["venueType"] == now


async def test_a_body_may_say_nothing_at_length(company: Company) -> None:
    """Java and .NET write what is null as null, Go writes what is false."""
    chart = await company.chart()
    fields = ("name", "date", "tableBookingConfig", "objectCategories", "categories")
    nothing: dict[str, Any] = dict.fromkeys(fields)
    asked = {"chartKey": chart, "eventKey": "E", **nothing, "channels": None, "forSaleConfig": None}
    assert (await company.post("/events", asked)).status == 200
    update = {**nothing, "isInThePast": None, "eventKey": None, "forSalePropagated": None}
    assert (await company.post("/events/E", update)).status == 204
    change: dict[str, Any] = {
        "type": "CHANGE_STATUS_TO",
        "status": "booked",
        "events": ["E"],
        "objects": [
            {"objectId": "A-1", "extraData": None, "ticketType": None, "quantity": None},
        ],
        "holdToken": None,
        "orderId": None,
        "keepExtraData": False,
        "ignoreChannels": False,
        "channelKeys": None,
        "allowedPreviousStatuses": None,
        "rejectedPreviousStatuses": None,
        "resaleListingId": None,
    }
    path = "/events/groups/actions/change-object-status?expand=objects"
    assert (await company.post(path, change)).json["objects"]["A-1"]["status"] == "booked"
    released = await company.post(path, {**change, "type": "RELEASE", "status": None})
    assert released.json["objects"]["A-1"]["status"] == "free"
    del change["events"]
    batch = {"statusChanges": [{**change, "type": None, "event": "E", "season": None}]}
    path = "/events/actions/change-object-status?expand=objects"
    assert (await company.post(path, batch)).status == 200
