"""Every listing at the edges of its pages: the same parameters, the same refusals, no item lost."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.seatsio.admin import Admin
from tests.seatsio.installation import Answer, Company
from tests.seatsio.shapes import assert_vendor_shape
from tests.seatsio.test_bad_input import assert_refused

LIMIT = "limit: expected a number from 1 to 1000"
NOWHERE = 10**17


async def charts(admin: Admin) -> str:
    for _ in range(3):
        await admin.call("POST", "/charts")
    return "/charts"


async def archived_charts(admin: Admin) -> str:
    for _ in range(3):
        key = (await admin.call("POST", "/charts")).json["key"]
        await admin.call("POST", f"/charts/{key}/actions/move-to-archive")
    return "/charts/archive"


async def events(admin: Admin) -> str:
    chart = await admin.company.chart()
    for _ in range(3):
        await admin.company.event(None, chart)
    return "/events"


async def event_log(admin: Admin) -> str:
    await charts(admin)
    return "/event-log"


async def status_changes(admin: Admin) -> str:
    event = await admin.company.event()
    for label in ("A-1", "A-2", "A-3"):
        await admin.call("POST", f"/events/{event}/actions/book", {"objects": [label]})
    return f"/events/{event}/status-changes"


async def status_changes_of_an_object(admin: Admin) -> str:
    event = await admin.company.event()
    for action in ("book", "release", "book"):
        await admin.call("POST", f"/events/{event}/actions/{action}", {"objects": ["A-1"]})
    return f"/events/{event}/objects/A-1/status-changes"


async def workspaces(admin: Admin) -> str:
    await admin.workspace()
    await admin.workspace()
    return "/workspaces"


async def active_workspaces(admin: Admin) -> str:
    return f"{await workspaces(admin)}/active"


async def inactive_workspaces(admin: Admin) -> str:
    for _ in range(3):
        await admin.deactivated()
    return "/workspaces/inactive"


async def ticket_buyers(admin: Admin) -> str:
    ids = [str(uuid4()) for _ in range(3)]
    await admin.call("POST", "/ticket-buyers", {"ids": ids})
    return "/ticket-buyers"


LISTINGS = [
    charts,
    archived_charts,
    events,
    event_log,
    status_changes,
    status_changes_of_an_object,
    workspaces,
    active_workspaces,
    inactive_workspaces,
    ticket_buyers,
]
"""Each makes three items or more, and gives the path of their listing."""


class Listing:
    """One listing, read page by page."""

    def __init__(self, admin: Admin, path: str) -> None:
        self._admin, self._path = admin, path

    async def ask(self, query: str) -> Answer:
        return await self._admin.call("GET", f"{self._path}?{query}")

    async def page(self, query: str) -> Any:  # noqa: ANN401 - JSON
        answer = await self.ask(query)
        assert answer.status == 200, answer
        cursors = set(answer.json) - {"items"}
        assert cursors <= {"next_page_starts_after", "previous_page_ends_before"}
        assert all(isinstance(answer.json[cursor], str) for cursor in cursors)
        return answer.json

    async def walk(self, towards: str, parameter: str, query: str = "limit=1") -> list[Any]:
        """Read pages of one item each, from one cursor to the next, until there is none."""
        pages = [await self.page(query)]
        while towards in pages[-1]:
            pages.append(await self.page(f"limit=1&{parameter}={pages[-1][towards]}"))
        assert all(len(page["items"]) == 1 for page in pages)
        return pages


@pytest.fixture(params=LISTINGS, ids=lambda made: made.__name__)
async def listing(request: pytest.FixtureRequest, company: Company) -> Listing:
    fill: Callable[[Admin], Awaitable[str]] = request.param
    admin = Admin(company)
    return Listing(admin, await fill(admin))


async def test_pages_of_one_have_every_item_in_order_both_ways(listing: Listing) -> None:
    everything = await listing.page("")
    assert set(everything) == {"items"}
    items = everything["items"]
    assert len(items) >= 3
    assert await listing.page("limit=1000") == everything

    forth = await listing.walk("next_page_starts_after", "start_after_id")
    assert [page["items"][0] for page in forth] == items
    assert "previous_page_ends_before" not in forth[0]
    assert all("previous_page_ends_before" in page for page in forth[1:])

    last = forth[-2]["next_page_starts_after"]
    start = f"limit=1&start_after_id={last}"
    back = await listing.walk("previous_page_ends_before", "end_before_id", start)
    assert [page["items"][0] for page in back] == items[::-1]


async def test_past_either_end_there_is_an_empty_page(listing: Listing) -> None:
    pages = await listing.walk("next_page_starts_after", "start_after_id")
    first, last = pages[0]["next_page_starts_after"], pages[-1]["previous_page_ends_before"]
    assert await listing.page(f"start_after_id={last}") == {"items": []}
    assert await listing.page(f"end_before_id={first}") == {"items": []}


async def test_a_cursor_of_no_item_is_a_place_in_the_order(listing: Listing) -> None:
    everything = (await listing.page(""))["items"]
    after = (await listing.page(f"start_after_id={NOWHERE}"))["items"]
    before = (await listing.page(f"end_before_id={NOWHERE}"))["items"]
    assert sorted([len(after), len(before)]) == [0, len(everything)]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("limit=0", LIMIT),
        ("limit=1001", LIMIT),
        ("limit=x", "limit: expected a whole number, found 'x'"),
        ("limit=-1", "limit: expected a whole number, found '-1'"),
        ("limit=1.5", "limit: expected a whole number, found '1.5'"),
        ("limit=%D9%A3", "limit: expected a whole number, found '٣'"),
        ("limit=1&limit=2", "limit: expected once, found 2 times"),
        ("start_after_id=x", "start_after_id: expected a whole number, found 'x'"),
        (
            f"end_before_id={NOWHERE}00",
            f"end_before_id: expected a whole number, found '{NOWHERE}00'",
        ),
        (
            "start_after_id=1&end_before_id=2",
            "start_after_id and end_before_id cannot be used together",
        ),
        ("page=2", "the parameter [page] is not known here"),
    ],
)
async def test_a_page_that_cannot_be_is_refused(
    admin: Admin, event: str, query: str, message: str
) -> None:
    for path in (
        *("/charts", "/charts/archive", "/events", "/event-log"),
        *("/workspaces", "/workspaces/active", "/workspaces/inactive", "/ticket-buyers"),
        *(f"/events/{event}/status-changes", f"/events/{event}/objects/A-1/status-changes"),
    ):
        answer = await admin.call("GET", f"{path}?{query}")
        assert_refused(answer, 400, message)
        assert_vendor_shape(answer)


@pytest.fixture
def admin(company: Company) -> Admin:
    return Admin(company)


@pytest.fixture
async def event(company: Company) -> str:
    return await company.event()
