"""Seasons and resale, through the vendor's official npm client."""

from tests.seatsio.npm.conftest import Npm
from tests.seatsio.npm.described import ABSENT, BOOKED, FREE, JSON, KEY, seat, told


def keys(season: JSON) -> list[str]:
    return [event["key"] for event in season["events"]]


async def test_seasons(npm: Npm) -> None:
    chart = await npm.company.chart()
    part, one, two = "spring/ü", "one/1", "two"
    seen = await npm.flow("seasons", chart=chart, key=KEY, part=part, events=[one, two])

    year, plain, event = seen["year"], seen["plain"], seen["event"]
    assert plain == {
        "id": plain["id"],
        "key": plain["key"],
        "chartKey": chart,
        "name": None,
        "date": None,
        "createdOn": plain["createdOn"],
        "updatedOn": None,
        "isInThePast": False,
        "categories": plain["categories"],
        "objectCategories": ABSENT,
        "tableBookingConfig": {"mode": "INHERIT"},
        "supportsBestAvailable": True,
        "channels": [],
        "forSaleConfig": None,
        "forSalePropagated": True,
        "isTopLevelSeason": True,
        "isPartialSeason": False,
        "isEventInSeason": False,
        "topLevelSeasonKey": ABSENT,
        "partialSeasonKeysForEvent": ABSENT,
        "partialSeasonKeys": [],
        "events": [],
    }
    vip = {"key": "vip", "label": "VIP", "color": "#abcdef", "accessible": False}
    assert year == plain | {
        "id": year["id"],
        "key": KEY,
        "name": "Year",
        "createdOn": year["createdOn"],
        "categories": [*plain["categories"], vip],
        "objectCategories": {"A-1": "vip"},
        "tableBookingConfig": {"mode": "ALL_BY_SEAT"},
        "forSalePropagated": False,
        "events": year["events"],
    }
    assert keys(year) == [one, two]
    in_season: JSON = {
        "forSalePropagated": None,
        "isTopLevelSeason": False,
        "isEventInSeason": True,
        "topLevelSeasonKey": KEY,
        "partialSeasonKeysForEvent": [],
    }
    added_to_events = {"events", "partialSeasonKeys"}
    first = year["events"][0]
    of_the_season = {name: value for name, value in year.items() if name not in added_to_events}
    assert first == of_the_season | in_season | {"id": first["id"], "key": one, "name": None}
    assert event["partialSeasonKeysForEvent"] == [part]
    assert seen["isSeason"] == [True, True, True, True, False]

    spring = seen["spring"]
    assert (spring["isTopLevelSeason"], spring["isPartialSeason"]) == (False, True)
    assert (spring["topLevelSeasonKey"], spring["partialSeasonKeys"]) == (KEY, ABSENT)
    assert [keys(seen[name]) for name in ("spring", "joined", "left")] == [[one], [one, two], [two]]
    shown = seen["shown"]
    assert (shown["name"], shown["partialSeasonKeys"]) == ("Next", [part])
    assert keys(shown) == [one, two, "x", "y"]
    assert (seen["added"], seen["numbered"]) == (["y", "x"], 2)
    # Listed seasons do not tell what is in them.
    assert seen["listed"][2:] == [
        ["y", False, True],
        ["x", False, True],
        [part, True, True],
        [plain["key"], True, True],
        [two, False, True],
        [one, False, True],
        [KEY, True, True],
    ]

    assert seen["infos"] == {"A-1": BOOKED, "A-2": FREE}
    refusals = {name: seen[name]["errors"][0]["code"] for name in ("taken", "inUse", "gone")}
    assert refusals == {
        "taken": "ILLEGAL_STATUS_CHANGE",
        "inUse": "ILLEGAL_STATUS_CHANGE",
        "gone": "EVENT_NOT_FOUND",
    }
    assert len(seen["batch"]) == 2
    assert seen["propagated"] == [{BOOKED: 2, FREE: 32}, {FREE: 34}]


async def test_resale(npm: Npm) -> None:
    event = await npm.company.event(KEY)
    seen = await npm.flow("resale", event=event)

    offered = seat(
        "A-1", "resale", 98.67842540608864, rightNeighbour="A-2", resaleListingId="listing1"
    )
    assert [told(info) for info in (seen["offered"], seen["kept"], *seen["report"])] == [
        offered,
        offered,
        offered,
    ]
    assert told(seen["sold"]) == seat("A-1", BOOKED, 98.67842540608864, rightNeighbour="A-2")
