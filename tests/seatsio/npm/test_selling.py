"""What is sold and told of, through the vendor's official npm client.

It reads answers otherwise than the Python client: null is not absent to it, so objects are
compared here as wholes, and its requests differ in their bodies and in how they are encoded.
"""

from tests.seatsio.npm.conftest import Npm
from tests.seatsio.npm.described import (
    ABSENT,
    BOOKED,
    FREE,
    HELD,
    KEY,
    area,
    is_recent,
    refusal,
    seat,
    told,
)


async def test_sales_on_one_event_and_on_several(npm: Npm) -> None:
    chart = await npm.company.chart()
    events = [await npm.company.event(key, chart) for key in (KEY, "b")]
    seen = await npm.flow("sales", events=events)

    made, longer, ended = seen["made"], seen["longer"], seen["ended"]
    token = made["holdToken"]
    assert (made["workspaceKey"], seen["kept"]["expiresAt"]) == (
        npm.company.workspace,
        made["expiresAt"],
    )
    assert 240 < made["expiresInSeconds"] <= 300
    assert 1740 < longer["expiresInSeconds"] <= 1800
    assert longer["expiresAt"] > made["expiresAt"]
    assert ended["expiresInSeconds"] == 0
    assert seen["gone"]["errors"][0]["code"] == "HOLD_TOKEN_NOT_FOUND"

    assert seen["held"] == {"A-1": HELD, "A-2": HELD}
    assert told(seen["booked"]) == seat(
        "A-1", BOOKED, 98.67842540608864, orderId="order1", rightNeighbour="A-2"
    )
    assert seen["released"] == {"A-2": FREE}
    assert seen["both"] == {"B-1": BOOKED, "B-2": BOOKED}
    assert told(seen["onTheSecond"]) == seat(
        "B-2",
        BOOKED,
        104.76102828282568,
        orderId="order2",
        leftNeighbour="B-1",
        rightNeighbour="B-3",
    )
    assert seen["changed"] == {"B-1": "lolzor"}
    assert seen["batch"] == [{"C-2": "lolzor"}, {"A-1": BOOKED, "GA1": BOOKED}, {"C-2": FREE}]
    assert {label: told(info) for label, info in seen["area"].items()} == {
        "GA1": area(HELD, held=3, holds={token: {"adult": 3}}, ticketType="adult"),
        "C-1": seat(
            "C-1",
            HELD,
            135.68018750447686,
            category=2,
            holdToken=token,
            ticketType="child",
            extraData={"name": "Ada"},
            rightNeighbour="C-2",
        ),
    }


async def test_best_available_on_an_event_whose_key_is_encoded_twice(npm: Npm) -> None:
    event = await npm.company.event(KEY)
    seen = await npm.flow("best", event=event)

    booked, held, changed = seen["booked"], seen["held"], seen["changed"]
    assert (booked["objects"], booked["nextToEachOther"]) == (["A-4", "A-5"], True)
    assert told(booked["objectDetails"]["A-5"]) == seat(
        "A-5",
        BOOKED,
        66.69207238893728,
        orderId="order1",
        ticketType="child",
        extraData={"n": 2},
        leftNeighbour="A-4",
        rightNeighbour="A-6",
    )
    assert held["objects"] == ["C-4", "C-5", "C-6"]
    assert {info["status"] for info in held["objectDetails"].values()} == {HELD}
    assert changed["objects"] == ["A-6"]
    assert changed["objectDetails"]["A-6"]["status"] == "lolzor"
    assert seen["none"]["errors"][0]["code"] == "BEST_AVAILABLE_OBJECTS_NOT_FOUND"


async def test_objects_and_their_extra_data(npm: Npm) -> None:
    event = await npm.company.event(KEY)
    seen = await npm.flow("objects", event=event)

    assert told(seen["free"]) == seat("A-1", FREE, 98.67842540608864, rightNeighbour="A-2")
    assert seen["cleared"] == seen["free"]
    assert seen["kept"] == [
        ["A-1", {"name": "Ada", "ü": [1, None]}],
        ["A-2", {"n": 1}],
        ["GA1", {"g": 2}],
    ]
    assert told(seen["area"]) == area(extraData={"g": 2})
    assert seen["nowhere"]["errors"][0]["code"] == "OBJECT_NOT_FOUND"


async def test_status_changes(npm: Npm) -> None:
    event = await npm.company.event(KEY)
    seen = await npm.flow("statusChanges", event=event)

    newest_first = [["B-1", FREE], ["GA1", BOOKED], ["B-1", BOOKED], ["A-1", HELD]]
    freed, places, booked, held = seen["all"]
    common = {
        "eventId": held["eventId"],
        "displayedLabel": None,
        "isPresentOnChart": True,
        "notPresentOnChartReason": ABSENT,
        "origin": {"type": "API_CALL", "ip": "127.0.0.1"},
        "quantity": 1,
        "orderId": None,
        "extraData": None,
        "holdToken": None,
    }
    assert all(is_recent(change.pop("date")) for change in seen["all"])
    assert held == common | {
        "id": held["id"],
        "objectLabel": "A-1",
        "status": HELD,
        "orderId": "order1",
        "holdToken": seen["token"],
    }
    assert booked == common | {
        "id": booked["id"],
        "objectLabel": "B-1",
        "status": BOOKED,
        "extraData": {"n": 1},
    }
    assert places == common | {
        "id": places["id"],
        "objectLabel": "GA1",
        "status": BOOKED,
        "quantity": 2,
    }
    assert freed == common | {"id": freed["id"], "objectLabel": "B-1", "status": FREE}

    assert seen["filtered"] == newest_first
    assert seen["filteredAndSorted"] == [["A-1", HELD], ["B-1", FREE], ["B-1", BOOKED]]
    assert seen["byLabel"] == [*seen["filteredAndSorted"], ["GA1", BOOKED]]
    assert [status for _, status in seen["byStatus"]] == [HELD, FREE, BOOKED, BOOKED]
    assert seen["byDate"] == newest_first[::-1]
    assert seen["ofTheObject"] == [["B-1", FREE], ["B-1", BOOKED]]
    assert seen["pages"] == [newest_first[:3], newest_first[3:], newest_first[:3]]


async def test_reports(npm: Npm) -> None:
    chart = await npm.company.chart()
    event = await npm.company.event(KEY, chart)
    seen = await npm.flow("reports", event=event, chart=chart)

    assert seen["byStatus"] == {BOOKED: 3, FREE: 31}
    assert told(seen["booked"]) == seat(
        "A-1", BOOKED, 98.67842540608864, orderId="order1", rightNeighbour="A-2"
    )
    summary = seen["summary"]
    assert summary[BOOKED] == {
        "count": 7,
        "bySection": {"NO_SECTION": 7},
        "byCategoryKey": {"9": 7},
        "byCategoryLabel": {"Cat1": 7},
        "byZone": {"NO_ZONE": 7},
        "byObjectType": {"seat": 2, "generalAdmission": 5},
        "byAvailability": {"not_available": 7},
        "byAvailabilityReason": {BOOKED: 7},
        "bySelectability": {"not_selectable": 7},
        "byChannel": {"NO_CHANNEL": 7},
    }
    assert summary[FREE]["count"] == 225
    deep = seen["deep"]
    by_type = {name: found["count"] for name, found in deep["byObjectType"].items()}
    assert (deep["count"], by_type) == (7, {"seat": 2, "generalAdmission": 5})
    assert seen["byOrder"] == {"order1": 2}
    assert {name: found["count"] for name, found in seen["byAvailability"].items()} == {
        "available": 225,
        "not_available": 7,
    }
    assert seen["byChannel"]["NO_CHANNEL"]["count"] == 232
    assert seen["byZone"] == {"NO_ZONE": 34}
    assert seen["nothing"] == {}
    labels = seen["flat"]
    assert (len(labels), labels) == (34, sorted(labels))
    assert seen["csv"] == ["label", *labels, ""]

    about = seat("A-1", FREE, 98.67842540608864, rightNeighbour="A-2")
    for name in (
        "status",
        "availabilityReason",
        "isAvailable",
        "forSale",
        "seasonStatusOverriddenQuantity",
    ):
        del about[name]
    assert told(seen["chartByLabel"]) == about
    assert {name: found["count"] for name, found in seen["chartByType"].items()} == {
        "seat": 32,
        "table": 0,
        "booth": 0,
        "generalAdmission": 200,
    }


async def test_every_report_of_the_client_is_there(npm: Npm) -> None:
    chart = await npm.company.chart()
    seen = await npm.flow("everyReport", event=await npm.company.event(KEY, chart), chart=chart)
    assert (len(seen["event"]), len(seen["chart"])) == (29, 11)
    of_event, of_chart = seen["event"], seen["chart"]
    types = ["seat", "table", "booth", "generalAdmission"]
    for name in ("byObjectType", "summaryByObjectType"):
        assert sorted(of_event[name]) == sorted(of_chart[name]) == sorted(types)
    labels = of_event.pop("byLabel")
    assert (len(labels), labels) == (34, of_chart.pop("byLabel"))
    assert {name: buckets for name, buckets in of_event.items() if not buckets} == {}
    for name, buckets in of_event.items():
        if name.startswith("summaryBy"):
            assert of_event[f"deep{name[0].upper()}{name[1:]}"] == buckets


async def test_errors_are_thrown_as_the_body_says(npm: Npm) -> None:
    chart = await npm.company.chart()
    event = await npm.company.event("drop", chart)
    seen = await npm.flow("errors", event=event, chart=chart)

    unknown = seen["unknownEvent"]
    where = f"Event not found: no/such event was not found in workspace {npm.company.workspace}"
    assert unknown == refusal(404, "EVENT_NOT_FOUND", where, unknown["requestId"])
    why = "Cannot change from [booked] to [booked]: the object is not free"
    taken = seen["taken"]
    assert taken == refusal(
        400,
        "ILLEGAL_STATUS_CHANGE",
        why,
        taken["requestId"],
        obstacles=[
            {"event": "drop", "object": "A-1", "reason": "OBJECT_NOT_FREE", "status": BOOKED}
        ],
    )
    assert {
        name: (seen[name]["status"], seen[name]["errors"][0]["code"])
        for name in ("nowhere", "noToken", "sameKey", "bad", "noDraft")
    } == {
        "nowhere": (400, "OBJECT_NOT_FOUND"),
        "noToken": (400, "HOLD_TOKEN_NOT_FOUND"),
        "sameKey": (400, "EVENT_KEY_ALREADY_EXISTS"),
        "bad": (400, "GENERAL_ERROR"),
        "noDraft": (404, "DRAFT_NOT_FOUND"),
    }
    # Without a body, the client makes up words of its own.
    assert seen["stranger"] == "get /charts resulted in 401 Unauthorized error"
    assert seen["notAdmin"] == "post /workspaces resulted in 403 Forbidden error"
