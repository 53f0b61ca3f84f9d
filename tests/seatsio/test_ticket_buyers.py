"""Ticket buyers over HTTP and by the official client."""

from uuid import UUID, uuid4

import pytest

from tests.seatsio.admin import Admin
from tests.seatsio.installation import Company, Installation
from tests.seatsio.test_bad_input import assert_refused

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

PATH = "/ticket-buyers"
ONE = "fbbbc8d7-1067-432c-b71f-abefe29b3be9"


@pytest.fixture
def admin(company: Company) -> Admin:
    return Admin(company)


async def listed(admin: Admin) -> list[UUID]:
    found: list[UUID] = await admin.do(lambda c: list(c.ticket_buyers.list_all()))
    return found


async def test_the_official_client_adds_lists_and_removes(admin: Admin) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    done = await admin.do(lambda c: c.ticket_buyers.add([first, second, first, None]))
    assert (done.added, done.already_present) == ([first, second], [])
    done = await admin.do(lambda c: c.ticket_buyers.add([third, second]))
    assert (done.added, done.already_present) == ([third], [second])
    assert await listed(admin) == [third, second, first]

    gone = await admin.do(lambda c: c.ticket_buyers.remove([second, uuid4(), second]))
    assert gone.removed == [second]
    assert len(gone.not_present) == 1
    gone = await admin.do(lambda c: c.ticket_buyers.remove([second]))
    assert (gone.removed, gone.not_present) == ([], [second])
    assert await listed(admin) == [third, first]


async def test_a_thousand_at_once_and_pages_of_a_thousand(admin: Admin) -> None:
    buyers = [uuid4() for _ in range(1_001)]
    for some in (buyers[:1_000], buyers[1_000:]):
        ids = [str(buyer) for buyer in some]
        answer = await admin.call("POST", PATH, {"ids": ids})
        assert answer.json == {"added": ids, "alreadyPresent": []}
    assert await listed(admin) == buyers[::-1]

    page = (await admin.call("GET", f"{PATH}?limit=1000")).json
    assert len(page["items"]) == 1_000
    last = await admin.call("GET", f"{PATH}?start_after_id={page['next_page_starts_after']}")
    assert last.json["items"] == [str(buyers[0])]
    before = last.json["previous_page_ends_before"]
    back = (await admin.call("GET", f"{PATH}?limit=2&end_before_id={before}")).json
    assert back["items"] == [str(buyer) for buyer in (buyers[2], buyers[1])]
    assert "next_page_starts_after" not in last.json
    too_many = {"ids": [str(buyer) for buyer in buyers]}
    refused = await admin.call("POST", PATH, too_many)
    assert_refused(refused, 400, "#/ids: expected maximum item count: 1000, found: 1001")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"ids": []}, "#/ids: expected minimum item count: 1, found: 0"),
        ({}, "#: required key [ids] not found"),
        ({"ids": [7]}, "#/ids/0: expected type: String, found: Integer"),
        ({"ids": [ONE, None]}, "#/ids/1: expected type: String, found: Null"),
        ({"ids": ["x"]}, "#/ids/0: [x] is not a valid UUID"),
        ({"ids": [f"{{{ONE}}}"]}, f"#/ids/0: [{{{ONE}}}] is not a valid UUID"),
        ({"ids": [ONE.replace("-", "")]}, f"#/ids/0: [{ONE.replace('-', '')}] is not a valid UUID"),
        ({"ids": ONE}, "#/ids: expected type: JSONArray, found: String"),
        ({"ids": [ONE], "oops": 1}, "#: extraneous key [oops] is not permitted"),
    ],
)
async def test_what_is_no_list_of_ids_is_refused(
    admin: Admin, method: str, content: object, message: str
) -> None:
    answer = await admin.call(method, PATH, content)
    assert_refused(answer, 400, message)
    assert answer.json["errors"][0]["code"] == "GENERAL_ERROR"
    assert await listed(admin) == []


async def test_an_id_is_the_same_however_it_is_written(admin: Admin) -> None:
    answer = await admin.call("POST", PATH, {"ids": [ONE.upper(), ONE]})
    assert answer.json == {"added": [ONE], "alreadyPresent": []}


async def test_ticket_buyers_are_the_companys_and_for_its_admin_key(
    admin: Admin, running: Installation
) -> None:
    await admin.call("POST", PATH, {"ids": [ONE]})
    for method in ("GET", "POST", "DELETE"):
        answer = await admin.company.call(method, PATH, {"ids": [ONE]})
        assert (answer.status, answer.body) == (403, b"")
    stranger = Admin(await running.company())
    assert await listed(stranger) == []
    answer = await stranger.call("DELETE", PATH, {"ids": [ONE]})
    assert answer.json == {"removed": [], "notPresent": [ONE]}
    assert await listed(admin) == [UUID(ONE)]
