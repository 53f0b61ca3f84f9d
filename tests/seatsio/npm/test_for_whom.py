"""Channels and what is for sale, through the vendor's official npm client."""

from tests.seatsio.npm.conftest import JSON, Npm
from tests.seatsio.npm.described import ABSENT, BOOKED, FREE, KEY, area, seat, told


async def test_channels(npm: Npm) -> None:
    chart, one = await npm.company.chart(), "one/1"
    event = await npm.company.event(KEY, chart)
    seen = await npm.flow("channels", event=event, chart=chart, one=one)

    def channel(found: JSON, key: str, name: str, color: str, **fields: object) -> JSON:
        about = {"id": found["id"], "key": key, "name": name, "color": color}
        return about | {"index": ABSENT, "objects": [], "areaPlaces": {}} | fields

    first, second, third = seen["added"]
    ids = [found["id"] for found in seen["added"]]
    assert len(set(ids)) == 3
    one_as_added = channel(first, one, "One", "#111111", index=1)
    assert first == one_as_added | {"objects": ["A-1"], "areaPlaces": {"GA1": 5}}
    assert second == channel(second, "two", "Two", "#222222", objects=["A-2"])
    assert third == channel(third, "three", "Three", "#333333", index=3)
    assert seen["edited"] == [
        one_as_added | {"areaPlaces": {"GA1": 3}},
        second | {"name": "Second", "objects": ["A-3"]},
        third | {"objects": ["A-4"], "areaPlaces": {"GA1": 2}},
    ]
    [replaced] = seen["replaced"]
    again = channel(second, "two", "Again", "#444444", index=1, objects=["B-1"])
    assert replaced == again
    [created] = seen["created"]
    assert created == channel(created, "k", "K", "#555555", index=1, objects=["A-1"])

    neighbours: JSON = {"leftNeighbour": "A-2", "rightNeighbour": "A-4"}
    free = seat("A-3", FREE, 74.11229536466098, channel="two", **neighbours)
    assert told(seen["free"]) == free
    assert seen["others"]["errors"][0]["code"] == "OBJECT_OF_ANOTHER_CHANNEL"
    theirs, anybodys = seen["booked"]
    assert told(theirs) == seat("A-3", BOOKED, 74.11229536466098, channel="two", **neighbours)
    assert (anybodys["status"], anybodys["channel"]) == (BOOKED, "three")
    assert (seen["best"], seen["area"]["numBooked"]) == (["GA1"], 1)
    assert seen["report"] == ["A-3"]


async def test_what_is_for_sale(npm: Npm) -> None:
    chart = await npm.company.chart()
    events = [await npm.company.event(key, chart) for key in (KEY, "b")]
    seen = await npm.flow("forSale", events=events, chart=chart)

    def config(*objects: str, for_sale: bool = False, **fields: object) -> JSON:
        about: JSON = {"forSale": for_sale, "objects": [*objects]}
        return about | {"areaPlaces": {}, "categories": []} | fields

    closed, opened, both = seen["closed"], seen["opened"], seen["both"]
    assert closed["forSaleConfig"] == seen["kept"] == config("A-1", areaPlaces={"GA1": 5})
    assert opened["forSaleConfig"] == config(areaPlaces={"GA1": 5})
    assert both[KEY]["forSaleConfig"] == config()
    assert both["b"]["forSaleConfig"] == config("A-2")
    limits = [edit["rateLimitInfo"] for edit in (closed, opened, both[KEY], both["b"])]
    assert [limit["rateLimitRemainingCalls"] for limit in limits] == [9, 8, 7, 9]
    assert all(limit["rateLimitResetDate"].endswith("T00:00:00.000Z") for limit in limits)

    assert told(seen["info"]) == seat(
        "A-1",
        FREE,
        98.67842540608864,
        rightNeighbour="A-2",
        forSale=False,
        isAvailable=False,
        availabilityReason="not_for_sale",
    )
    assert told(seen["area"]) == area(numNotForSale=5)
    assert seen["refusal"]["errors"][0]["code"] == "OBJECT_NOT_FOR_SALE"
    assert seen["report"] == ["A-1"]
    some = config("o1", for_sale=True, areaPlaces={"GA1": 3}, categories=["cat1"])
    few = config("A-1", for_sale=True)
    assert seen["said"] == [some, config(categories=["cat2"]), few, None]
    assert seen["nothing"] == config(for_sale=True)
    assert seen["created"] == config("A-1")
