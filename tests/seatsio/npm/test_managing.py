"""Charts, events, workspaces and pages, through the vendor's official npm client."""

import datetime as dt
from typing import Any

from tests.seatsio.npm.conftest import Npm
from tests.seatsio.npm.described import ABSENT, JSON, KEY, NO_ERRORS, is_recent, refusal
from tests.seatsio.npm.installed import LOCK


def test_the_lock_names_no_host() -> None:
    lock = LOCK.read_text()
    assert "://" not in lock
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') == lock.count('"node_modules/')


async def test_charts(npm: Npm) -> None:
    seen = await npm.flow("charts")

    created = seen["created"]
    assert created.pop("publishedVersionThumbnailUrl").startswith(npm.company.url)
    assert created == {
        "id": created["id"],
        "key": created["key"],
        "name": "Empty",
        "status": "NOT_USED",
        "tags": [],
        "archived": False,
        "draftVersionThumbnailUrl": None,
        "events": [],
        "validation": NO_ERRORS,
        "venueType": "SIMPLE",
        "zones": [],
    }
    stalls = {"key": 1, "label": "Stalls", "color": "#aabbcc", "accessible": False}
    gallery = {"key": "b", "label": "Gallery", "color": "#112233", "accessible": True}
    assert seen["listed"] == [stalls, gallery]
    assert (seen["drawn"], seen["valid"]) == ([stalls], NO_ERRORS)
    assert (seen["tags"], seen["untagged"]) == (["a/b c"], [])

    drafted, published = seen["drafted"], seen["published"]
    assert (drafted["status"], drafted["name"]) == ("PUBLISHED_WITH_DRAFT", "Empty")
    assert (seen["draft"], seen["thumbnails"]) == ("Changed", ["PNG", "PNG"])
    assert seen["validDraft"] == NO_ERRORS
    assert drafted["draftVersionThumbnailUrl"] != drafted["publishedVersionThumbnailUrl"]
    assert (published["status"], published["name"]) == ("PUBLISHED", "Published")
    assert published["draftVersionThumbnailUrl"] is None
    assert [event["key"] for event in published["events"]] == ["drop"]
    assert seen["found"]["items"] == [published]

    copies = [seen["copyOfDraft"], seen["copy"]]
    assert [copy["name"] for copy in copies] == ["Changed (copy)", "Published (copy)"]
    assert seen["archived"] == [[seen["copy"]["key"], True]]
    keys = [chart["key"] for chart in (created, *copies)]
    newest_first = [seen["second"], *reversed(keys)]
    assert seen["all"] == newest_first
    first, following, before = seen["pages"]
    assert (first["keys"], following["keys"]) == (newest_first[:2], newest_first[2:])
    assert before["keys"] == [newest_first[1]]
    assert before["nextPageStartsAfter"] == first["nextPageStartsAfter"]


async def test_events(npm: Npm) -> None:
    chart = await npm.company.chart("sampleChartWithTables")
    seen = await npm.flow("events", chart=chart, key=KEY, newKey="drop %2F#2")

    created, plain, updated = seen["created"], seen["plain"], seen["updated"]
    categories = [
        {"key": 9, "label": "Cat1", "color": "#87A9CD", "accessible": False},
        {"key": 10, "label": "Cat2", "color": "#5E42ED", "accessible": False},
    ]
    without_sales = {
        "id": plain["id"],
        "key": plain["key"],
        "chartKey": chart,
        "name": None,
        "date": None,
        "createdOn": plain["createdOn"],
        "updatedOn": None,
        "isInThePast": False,
        "categories": categories,
        "objectCategories": ABSENT,
        "tableBookingConfig": {"mode": "INHERIT"},
        "supportsBestAvailable": True,
        "channels": [],
        "forSaleConfig": None,
        "forSalePropagated": None,
        "isTopLevelSeason": False,
        "isPartialSeason": False,
        "isEventInSeason": False,
        "topLevelSeasonKey": ABSENT,
        "partialSeasonKeysForEvent": ABSENT,
    }
    assert plain == without_sales
    assert is_recent(plain["createdOn"])
    vip = {"key": "vip", "label": "VIP", "color": "#abcdef", "accessible": False}
    assert created == without_sales | {
        "id": created["id"],
        "key": KEY,
        "name": "The drop",
        "date": {"year": 2027, "month": 3, "day": 9},
        "createdOn": created["createdOn"],
        "categories": [*categories, vip],
        "objectCategories": {"T2-1": "vip"},
        "tableBookingConfig": {"mode": "CUSTOM", "tables": {"T1": "BY_TABLE", "T2": "BY_SEAT"}},
    }
    assert seen["retrieved"] == created
    assert seen["vip"] == "vip"
    assert [(each["name"], each["key"]) for each in seen["several"]] == [
        ("One", "one"),
        (None, seen["several"][1]["key"]),
    ]
    assert updated == without_sales | {
        "id": created["id"],
        "key": "drop %2F#2",
        "name": "Renamed",
        "date": {"year": 2027, "month": 12, "day": 31},
        "createdOn": created["createdOn"],
        "updatedOn": updated["updatedOn"],
        "isInThePast": True,
    }
    assert is_recent(updated["updatedOn"])

    moved = seen["moved"]
    assert moved["chartKey"] != chart
    assert moved == plain | {"chartKey": moved["chartKey"], "updatedOn": moved["updatedOn"]}

    newest_first = [seen["several"][1]["key"], "one", plain["key"], "drop %2F#2"]
    assert seen["listed"] == newest_first
    first, following, before = seen["pages"]
    assert first["keys"] == before["keys"] == newest_first[:2]
    assert following["keys"] == newest_first[2:]
    assert first["previousPageEndsBefore"] is following["nextPageStartsAfter"] is None
    where = f"drop %2F#2 was not found in workspace {npm.company.workspace}"
    gone = seen["gone"]
    assert gone == refusal(404, "EVENT_NOT_FOUND", f"Event not found: {where}", gone["requestId"])


async def test_the_event_log(npm: Npm) -> None:
    seen = await npm.flow("eventLog")
    one, other = seen["all"]
    for item, key in ((one, seen["chart"]), (other, seen["other"])):
        assert is_recent(item["timestamp"])
        assert item == {
            "id": item["id"],
            "timestamp": item["timestamp"],
            "type": "chart.created",
            "data": {"key": key, "workspaceKey": npm.company.workspace},
        }
    assert [page["items"] for page in seen["pages"]] == [[one], [other]]


async def test_workspaces_and_what_else_the_admin_key_opens(npm: Npm) -> None:
    buyers = ["3fa85f64-5717-4562-b3fc-2c963f66afa6", "3fa85f64-5717-4562-b3fc-2c963f66afa7"]
    company = npm.company
    seen = await npm.flow(
        "workspaces",
        admin=company.admin_secret,
        workspace=company.workspace,
        chart=await company.chart(),
        buyers=buyers,
    )

    hall, test, changed = seen["hall"], seen["test"], seen["changed"]
    assert hall == {
        "id": hall["id"],
        "key": hall["key"],
        "name": "Hall",
        "secretKey": hall["secretKey"],
        "secretKeys": [hall["secretKey"]],
        "isTest": False,
        "isActive": True,
        "isDefault": False,
        "settings": {"forSaleMode": "RATE_LIMITED"},
    }
    assert changed == hall | {
        "name": "Great hall",
        "secretKey": seen["added"],
        "secretKeys": [seen["added"]],
    }
    assert (test["isTest"], seen["renewed"] != test["secretKey"]) == (True, True)
    assert [each["key"] for each in seen["inactive"]] == [company.workspace]
    assert seen["active"] == ["Great hall", "Production workspace"]
    assert seen["filtered"] == ["Great hall"]
    assert seen["pages"]["keys"] == [hall["key"]]
    great, other = "Great hall", "Production workspace"
    assert seen["edges"] == [[great], [other], [], ["Test"], [], []]
    assert seen["workspaceKey"] == hall["key"]
    assert seen["copies"] == ["Sample chart", "Sample chart"]

    assert seen["bought"] == {"added": buyers, "alreadyPresent": []}
    assert seen["again"] == {"added": [], "alreadyPresent": buyers[:1]}
    assert sorted(seen["buyers"]) == buyers
    assert seen["removed"] == {"removed": buyers, "notPresent": []}
    assert is_recent(seen["usage"]["usageCutoffDate"])
    [used] = seen["usage"]["usage"]
    now = dt.datetime.now(dt.UTC)
    month = {"year": now.year, "month": now.month}
    assert (used["month"], used["numUsedObjects"]) == (month, 2)
    assert [each["workspace"] for each in seen["month"]] == [hall["id"]]
    assert [(each["object"], each["numUsedObjects"]) for each in seen["ofTheEvent"]] == [
        ("A-1", 1),
        ("A-2", 1),
    ]


async def test_what_is_not_there_is_said_in_so_many_words(npm: Npm) -> None:
    seen: Any = await npm.flow("notThere", admin=npm.company.admin_secret)
    assert len(seen) == 11
    for refused in seen:
        assert (refused["status"], len(refused["errors"])) == (400, 1)
        assert "not supported yet" in refused["messages"][0]


async def test_pages_at_their_edges(npm: Npm) -> None:
    chart = await npm.company.chart()
    oldest_first = [await npm.company.event(key, chart) for key in "abcd"]
    seen = await npm.flow("pages")

    ids = seen["ids"]
    assert ids == sorted(ids, reverse=True)
    newest_first = oldest_first[::-1]

    def page(keys: list[str], after: int | None = None, before: int | None = None) -> JSON:
        return {
            "keys": keys,
            "nextPageStartsAfter": None if after is None else str(after),
            "previousPageEndsBefore": None if before is None else str(before),
        }

    assert seen["whole"] == seen["exact"] == page(newest_first)
    assert seen["single"] == page(["d"], after=ids[0])
    assert seen["afterTheLast"] == seen["beforeTheFirst"] == page([])
    assert seen["beforeTheLast"] == page(["b"], after=ids[2], before=ids[2])
    assert seen["byTheNumber"] == newest_first
    assert seen["nothing"]["items"] == []
    assert seen["tooLarge"]["status"] == seen["noId"]["status"] == 400
