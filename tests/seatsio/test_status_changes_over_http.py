"""Listing status changes, and the ways to make them, over HTTP."""

import pytest

from tests.eventually import eventually
from tests.seatsio.installation import Company

CHANGE = "/events/groups/actions/change-object-status"


async def listed(company: Company, event: str, query: str = "") -> list[tuple[str, str]]:
    answer = await company.get(f"/events/{event}/status-changes?{query}")
    assert answer.status == 200, answer
    return [(item["objectLabel"], item["status"]) for item in answer.json["items"]]


async def a_little_history(company: Company) -> str:
    event = await company.event("E")
    for label, status in (("B-1", "y"), ("A-1", "x"), ("A-8", "z"), ("A-1", "y")):
        asked = {"events": [event], "objects": [label], "status": status}
        assert (await company.post(CHANGE, asked)).status == 204
    return event


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "A-1:y A-8:z A-1:x B-1:y"),
        ("sort=date", "B-1:y A-1:x A-8:z A-1:y"),
        ("sort=date:desc", "A-1:y A-8:z A-1:x B-1:y"),
        ("sort=objectLabel", "A-1:y A-1:x A-8:z B-1:y"),
        ("sort=objectLabel:desc", "B-1:y A-8:z A-1:y A-1:x"),
        ("sort=status", "A-1:x A-1:y B-1:y A-8:z"),
        ("filter=A-", "A-1:y A-8:z A-1:x"),
        ("filter=A-&filterType=CONTAINS&sort=objectLabel:asc&limit=2", "A-1:y A-1:x"),
        ("filter=nothing", ""),
    ],
)
async def test_changes_are_filtered_and_sorted(company: Company, query: str, expected: str) -> None:
    event = await a_little_history(company)
    shown = " ".join(f"{label}:{status}" for label, status in await listed(company, event, query))
    assert shown == expected


async def test_cursors_work_inside_the_order(company: Company) -> None:
    event = await a_little_history(company)
    path = f"/events/{event}/status-changes?sort=objectLabel&limit=2"
    first = (await company.get(path)).json
    assert isinstance(first["next_page_starts_after"], str)
    second = (await company.get(f"{path}&start_after_id={first['next_page_starts_after']}")).json
    assert [item["objectLabel"] for item in second["items"]] == ["A-8", "B-1"]
    assert "next_page_starts_after" not in second
    back = (await company.get(f"{path}&end_before_id={second['previous_page_ends_before']}")).json
    assert back["items"] == first["items"]
    unknown = await company.get(f"{path}&start_after_id=17")
    assert unknown.status == 400


async def test_the_changes_of_one_object_are_its_own(company: Company) -> None:
    event = await a_little_history(company)
    answer = await company.get(f"/events/{event}/objects/A-1/status-changes")
    assert [item["status"] for item in answer.json["items"]] == ["y", "x"]


async def test_a_change_is_described_whole(company: Company) -> None:
    event = await company.event("E")
    asked = {
        "events": [event],
        "objects": [{"objectId": "GA1", "quantity": 2, "extraData": {"z": 1, "a": [None]}}],
        "status": "booked",
        "orderId": "o",
    }
    assert (await company.post(CHANGE, asked)).status == 204
    [item] = (await company.get(f"/events/{event}/status-changes")).json["items"]
    assert isinstance(item.pop("id"), int)
    assert item.pop("date").endswith("Z")
    assert item == {
        "eventId": (await company.get(f"/events/{event}")).json["id"],
        "status": "booked",
        "quantity": 2,
        "objectLabel": "GA1",
        "orderId": "o",
        "extraData": {"z": 1, "a": [None]},
        "origin": {"type": "API_CALL", "ip": "127.0.0.1"},
        "isPresentOnChart": True,
    }


async def test_the_aliases_of_one_event_and_of_several(company: Company) -> None:
    event = await company.event("E")
    token = (await company.post("/hold-tokens")).json["holdToken"]
    held = {"objects": ["A-1"], "holdToken": token}
    for path, asked, status in (
        ("/events/E/actions/hold", held, "reservedByToken"),
        ("/events/E/actions/book", held, "booked"),
        ("/events/E/actions/release", {"objects": ["A-1"]}, "free"),
        ("/events/groups/actions/hold", {"events": ["E"], **held}, "reservedByToken"),
        ("/events/groups/actions/book", {"events": ["E"], **held}, "booked"),
        ("/events/groups/actions/release", {"events": ["E"], "objects": ["A-1"]}, "free"),
        ("/events/E/actions/change-object-status", {"objects": ["A-1"], "status": "x"}, "x"),
    ):
        assert (await company.post(path, asked)).status == 204
        shown = (await company.get(f"/events/{event}/objects/A-1")).json
        assert shown["status"] == status


async def test_an_area_named_twice_takes_two_places(company: Company) -> None:
    event = await company.event("E")
    asked = {"objects": ["GA1", "GA1", {"objectId": "GA1", "quantity": 2}]}
    answer = await company.post(f"/events/{event}/actions/book?expand=objects", asked)
    assert answer.json["objects"]["GA1"]["numBooked"] == 4
    over = await company.post(
        f"/events/{event}/actions/book", {"objects": [{"objectId": "GA1", "quantity": 97}]}
    )
    assert over.status == 400
    assert "not enough free places" in over.messages[0]


async def test_what_is_free_is_released_and_an_area_gives_back_no_more_than_is_taken(
    company: Company,
) -> None:
    event = await company.event("E")
    path = "/events/E/actions/release"
    assert (await company.post(path, {"objects": ["A-1"], "orderId": "o"})).status == 204
    info = (await company.get("/events/E/objects/A-1")).json
    assert (info["status"], info["orderId"]) == ("free", "o")
    assert await listed(company, event) == [("A-1", "free")]
    minds = {"objects": ["A-1"], "status": "free", "rejectedPreviousStatuses": ["free"]}
    assert (await company.post("/events/E/actions/change-object-status", minds)).status == 400
    assert (await company.post("/events/E/actions/book", {"objects": ["GA1"]})).status == 204
    refused = await company.post(path, {"objects": ["GA1", "GA1"]})
    assert (refused.status, refused.json["obstacles"][0]["reason"]) == (
        400,
        "NOT_ENOUGH_TAKEN_PLACES",
    )


async def test_an_answer_names_the_own_hold_on_an_area_and_the_object_info_all(
    company: Company,
) -> None:
    event = await company.event("E")
    tokens = [(await company.post("/hold-tokens")).json["holdToken"] for _ in range(2)]
    for quantity, token in enumerate(tokens, start=2):
        asked = {"objects": [{"objectId": "GA1", "quantity": quantity}], "holdToken": token}
        answer = await company.post(f"/events/{event}/actions/hold?expand=objects", asked)
    shown = answer.json["objects"]["GA1"]
    assert (shown["numHeld"], shown["numFree"]) == (5, 95)
    assert shown["holds"] == {tokens[1]: {"NO_TICKET_TYPE": 3}}
    shown = (await company.get(f"/events/{event}/objects/GA1")).json
    assert (shown["numHeld"], shown["numFree"]) == (5, 95)
    assert shown["holds"] == {
        tokens[0]: {"NO_TICKET_TYPE": 2},
        tokens[1]: {"NO_TICKET_TYPE": 3},
    }
    assert (await company.post(f"/hold-tokens/{tokens[0]}", {"expiresInMinutes": 0})).status == 200

    async def one_is_left() -> None:
        shown = (await company.get(f"/events/{event}/objects/GA1")).json
        assert shown["holds"] == {tokens[1]: {"NO_TICKET_TYPE": 3}}
        assert (shown["numHeld"], shown["status"]) == (3, "free")

    await eventually(one_is_left)


async def test_event_keys_may_have_slashes_and_any_letters(company: Company) -> None:
    await company.event("fri/8 pm é")
    answer = await company.get("/events/fri%2F8%20pm%20%C3%A9")
    assert answer.json["key"] == "fri/8 pm é"
