"""What is shown of the objects of seasons and of their events: in infos, answers and reports."""

from typing import Any

import pytest

from tests.eventually import eventually
from tests.seatsio.installation import Company


@pytest.fixture
async def sold(company: Company) -> Company:
    """Sell some of a year, of spring and of two evenings; one overrides the year."""
    chart = await company.chart()
    await company.post("/seasons", {"chartKey": chart, "key": "year", "eventKeys": ["e1", "e2"]})
    await company.post("/seasons/year/partial-seasons", {"key": "spring", "eventKeys": ["e1"]})
    for event, objects in (
        ("year", ["A-1", {"objectId": "GA1", "quantity": 5}]),
        ("spring", ["A-2"]),
        ("e1", ["A-3", {"objectId": "GA1", "quantity": 3}]),
    ):
        body = {"objects": objects, "orderId": f"of-{event}"}
        assert (await company.post(f"/events/{event}/actions/book", body)).status == 204
    override = {"objects": ["A-1", "B-1", "GA1", "GA1"]}
    path = "/events/e2/actions/override-season-status"
    assert (await company.post(path, override)).status == 204
    return company


async def test_an_events_objects_are_shown_with_its_seasons(sold: Company) -> None:
    async def shown(event: str, *labels: str) -> dict[str, Any]:
        asked = "&".join(f"label={label}" for label in labels)
        found: dict[str, Any] = (await sold.get(f"/events/{event}/objects?{asked}")).json
        return found

    first = await shown("e1", "A-1", "A-2", "A-3", "A-4", "GA1")
    assert {label: info.get("orderId") for label, info in first.items()} == {
        "A-1": "of-year",
        "A-2": "of-spring",
        "A-3": "of-e1",
        "A-4": None,
        "GA1": "of-e1",
    }
    assert [info["status"] for info in first.values()] == ["booked"] * 3 + ["free", "booked"]
    assert [info["isAvailable"] for info in first.values()] == [False] * 3 + [True, True]
    assert (first["GA1"]["numBooked"], first["GA1"]["numFree"]) == (8, 92)

    second = await shown("e2", "A-1", "A-2", "B-1", "GA1")
    assert [second[label]["status"] for label in ("A-1", "A-2", "B-1")] == ["free"] * 3
    overridden = [info["seasonStatusOverriddenQuantity"] for info in second.values()]
    assert overridden == [1, 0, 1, 2]
    assert second["B-1"]["seasonStatusOverriddenQuantities"] == {"year": 1}
    assert (second["GA1"]["numBooked"], second["GA1"]["status"]) == (3, "booked")

    year = await shown("year", "A-1", "A-2", "A-3", "A-4", "GA1")
    assert [info["status"] for info in year.values()] == ["booked", *["free"] * 3, "booked"]
    assert [info["isAvailable"] for info in year.values()] == [False] * 3 + [True, True]
    assert year["A-3"]["availabilityReason"] == "booked"
    assert (year["GA1"]["numBooked"], year["GA1"]["numFree"]) == (5, 92)


SHOWN = "change-object-status?expand=objects"


async def test_the_answer_to_a_change_shows_what_a_look_at_the_objects_shows(sold: Company) -> None:
    """The first has A-1 and A-2 by its seasons; the second overrides the year for A-1 and B-1."""

    async def looked_at(event: str, *labels: str) -> Any:  # noqa: ANN401 - JSON
        asked = "&".join(f"label={label}" for label in labels)
        return (await sold.get(f"/events/{event}/objects?{asked}")).json

    released = {"type": "RELEASE", "objects": ["A-3", "GA1"]}
    path = f"/events/e1/actions/{SHOWN}"
    assert (await sold.post(path, released)).json["objects"] == await looked_at("e1", "A-3", "GA1")

    booked = {"objects": ["A-1", "GA1"], "status": "booked"}
    shown = (await sold.post(f"/events/e2/actions/{SHOWN}", booked)).json["objects"]
    assert shown == await looked_at("e2", "A-1", "GA1")
    assert shown["A-1"]["seasonStatusOverriddenQuantities"] == {"year": 1}
    assert (shown["GA1"]["numBooked"], shown["GA1"]["seasonStatusOverriddenQuantity"]) == (4, 2)

    group = {"events": ["year"], "objects": ["A-5", "GA1"], "status": "booked"}
    shown = (await sold.post(f"/events/groups/actions/{SHOWN}", group)).json["objects"]
    assert shown == await looked_at("year", "A-5", "GA1")
    freed = {"objects": ["A-1", "GA1"], "type": "RELEASE"}
    shown = (await sold.post(f"/events/year/actions/{SHOWN}", freed)).json["objects"]
    assert shown == await looked_at("year", "A-1", "GA1")
    assert (shown["A-1"]["status"], shown["A-1"]["availabilityReason"]) == ("free", "booked")

    changes = [
        {"event": "e1", "objects": ["GA1"], "status": "booked"},
        {"event": "year", "objects": ["B-5"], "status": "booked"},
    ]
    results = await sold.post(f"/events/actions/{SHOWN}", {"statusChanges": changes})
    assert [result["objects"] for result in results.json["results"]] == [
        await looked_at("e1", "GA1"),
        await looked_at("year", "B-5"),
    ]

    best = {"status": "booked", "bestAvailable": {"number": 1, "categories": [9]}}
    chosen = await sold.post("/events/e2/actions/change-object-status", best)
    assert chosen.json["objectDetails"] == await looked_at("e2", *chosen.json["objects"])


async def test_a_commands_outcome_shows_it_as_well(sold: Company) -> None:
    path, asked = "/events/e1/actions/book?expand=objects", {"objects": ["GA1"]}
    taken = await sold.post(path, asked, Prefer="respond-async")

    async def is_done() -> None:
        outcome = (await sold.get(taken.headers["Location"])).json
        assert outcome["status"] == "done"
        assert (
            outcome["result"]["objects"]["GA1"] == (await sold.get("/events/e1/objects/GA1")).json
        )

    await eventually(is_done)


async def test_reports_tell_what_an_events_seasons_have_unless_asked_not_to(sold: Company) -> None:
    async def report(path: str) -> Any:  # noqa: ANN401
        return (await sold.get(f"/reports/events/{path}")).json

    booked = (await report("e1/byStatus"))["booked"]
    assert {info["label"]: info["orderId"] for info in booked} == {
        "A-1": "of-year",
        "A-2": "of-spring",
        "A-3": "of-e1",
        "GA1": "of-e1",
    }
    alone = await report("e1/byStatus/booked?seasonBookingsPropagated=false")
    assert [info["label"] for info in alone["booked"]] == ["A-3", "GA1"]
    assert [info["numBooked"] for info in alone["booked"] if info["label"] == "GA1"] == [3]

    summary = await report("e1/byStatus/summary")
    assert summary["booked"]["count"] == 3 + 8
    alone = await report("e1/byStatus/summary?seasonBookingsPropagated=false")
    assert alone["booked"]["count"] == 1 + 3

    [of_year] = (await report("e2/byLabel/A-1"))["A-1"]
    assert (of_year["status"], of_year["seasonStatusOverriddenQuantity"]) == ("free", 1)
    second = {info["label"]: info for info in await report("e2")}
    assert (second["GA1"]["numBooked"], second["GA1"]["seasonStatusOverriddenQuantity"]) == (3, 2)
    assert second["B-1"]["seasonStatusOverriddenQuantities"] == {"year": 1}
    assert (await report("e2/byStatus/summary"))["booked"]["count"] == 3
