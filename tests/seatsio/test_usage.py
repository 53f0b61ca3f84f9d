"""Usage over HTTP and by the official client, for a company's admin key."""

from datetime import UTC, datetime, timedelta

import pytest
from seatsio.domain import Month

from tests.seatsio.admin import Admin
from tests.seatsio.installation import Company
from tests.seatsio.test_bad_input import assert_refused

# The client's own business, and no reason to fail.
pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

NOT_REPORTED = "reports on rendering and subscriptions"


@pytest.fixture
def admin(company: Company) -> Admin:
    return Admin(company)


def this_month() -> Month:
    now = datetime.now(UTC)
    return Month(now.year, now.month)


async def test_the_official_client_reads_usage_in_all_three_shapes(admin: Admin) -> None:
    company, month = admin.company, this_month()
    chart = await company.chart()
    event, unused = await company.event("drop", chart), await company.event("unused", chart)
    await company.post(f"/events/{event}/actions/book", {"objects": ["A-1", "A-2"]})
    await company.post(f"/events/{event}/actions/release", {"objects": ["A-1"]})
    places = [{"objectId": "GA1", "quantity": 5}]
    await company.post(f"/events/{event}/actions/book", {"objects": places})

    summary = await admin.do(lambda c: c.usage_reports.summary_for_all_months())
    assert [(vars(used.month), used.numUsedObjects) for used in summary.usage] == [(vars(month), 7)]
    age = datetime.now(UTC).replace(tzinfo=None) - summary.usage_cutoff_date
    assert timedelta(0) <= age < timedelta(minutes=1)

    details = await admin.do(lambda c: c.usage_reports.details_for_month(month))
    [of_workspace] = details
    [of_chart] = of_workspace.usage_by_chart
    [of_event] = of_chart.usage_by_event
    assert (of_chart.chart.key, of_chart.chart.name) == (chart, "Sample chart")
    assert (of_event.event.key, of_event.num_used_objects) == (event, 7)
    workspace = await admin.do(lambda c: c.workspaces.retrieve(company.workspace))
    assert of_workspace.workspace == workspace.id

    event_id = of_event.event.id
    objects = await admin.do(lambda c: c.usage_reports.details_for_event_in_month(event_id, month))
    assert [(o.object, o.num_usedObjects, o.usage_by_reason) for o in objects] == [
        ("A-1", 1, {"STATUS_CHANGED": 1}),
        ("A-2", 1, {"STATUS_CHANGED": 1}),
        ("GA1", 5, {"STATUS_CHANGED": 5}),
    ]
    unused_id = (await company.get(f"/events/{unused}")).json["id"]
    nothing = await admin.do(lambda c: c.usage_reports.details_for_event_in_month(unused_id, month))
    assert nothing == []


async def test_nothing_used_is_an_empty_report(admin: Admin) -> None:
    summary = (await admin.call("GET", "/reports/usage?version=2")).json
    assert summary["usage"] == []
    assert (await admin.call("GET", "/reports/usage/month/2020-12")).json == []


@pytest.mark.parametrize("path", ["/reports/usage?version=2", "/reports/usage/month/2026-11"])
async def test_usage_is_for_the_companys_admin_key(admin: Admin, path: str) -> None:
    answer = await admin.company.get(path)
    assert (answer.status, answer.body) == (403, b"")
    assert (await admin.call("GET", path)).status == 200


@pytest.mark.parametrize(
    ("path", "status", "message"),
    [
        ("/reports/usage?version=1", 400, "version: expected 2"),
        ("/reports/usage?oops=1", 400, "the parameter [oops] is not known here"),
        *(
            (f"/reports/usage/month/{month}", 400, f"month: expected a month like 2027-03, {found}")
            for month, found in (
                ("2026-13", "found '2026-13'"),
                ("2026-1", "found '2026-1'"),
                ("0000-01", "found '0000-01'"),
                ("9999-12", "found '9999-12'"),
                ("%D9%A2%D9%A0%D9%A2%D9%A6-11", "found '٢٠٢٦-11'"),
            )
        ),
        (
            "/reports/usage/month/2026-11/event/drop",
            400,
            "event: expected the id of an event, found 'drop'",
        ),
        ("/reports/usage/month/2026-11/event/999", 404, "Event not found: 999"),
        (
            "/reports/subscription",
            400,
            f"{NOT_REPORTED} are not supported yet: GET /reports/subscription",
        ),
    ],
)
async def test_a_question_that_cannot_be_is_refused(
    admin: Admin, path: str, status: int, message: str
) -> None:
    assert_refused(await admin.call("GET", path), status, message)
