"""Chart reports over HTTP: by the vendor's official client, and as the wire has them."""

from typing import Any

import pytest
from seatsio.exceptions import SeatsioException

from tests.seatsio.client import Client
from tests.seatsio.installation import Company

pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

JSON = dict[str, Any]


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("by_object_type", {"seat": 32, "table": 0, "booth": 0, "generalAdmission": 2}),
        ("by_category_key", {"9": 17, "10": 17}),
        ("by_category_label", {"Cat1": 17, "Cat2": 17}),
        ("by_section", {"NO_SECTION": 34}),
        ("by_zone", {"NO_ZONE": 34}),
    ],
)
async def test_every_detailed_report(
    company: Company, client: Client, name: str, expected: dict[str, int]
) -> None:
    chart = await company.chart()
    report = await client.do(lambda c: getattr(c.charts.reports, name)(chart))
    assert {bucket: len(found) for bucket, found in report.items.items()} == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("object_type", {"seat": 32, "table": 0, "booth": 0, "generalAdmission": 200}),
        ("category_key", {"9": 116, "10": 116, "string11": 0, "NO_CATEGORY": 0}),
        ("category_label", {"Cat1": 116, "Cat2": 116, "Cat3": 0, "NO_CATEGORY": 0}),
        ("section", {"NO_SECTION": 232}),
        ("zone", {"NO_ZONE": 232}),
    ],
)
async def test_every_summary(
    company: Company, client: Client, name: str, expected: dict[str, int]
) -> None:
    chart = await company.chart()
    summary = await client.do(lambda c: getattr(c.charts.reports, f"summary_by_{name}")(chart))
    assert {bucket: item["count"] for bucket, item in summary.items()} == expected


async def test_an_object_on_the_wire(company: Company) -> None:
    chart = await company.chart()
    told = (await company.get(f"/reports/charts/{chart}/byLabel")).json
    assert len(told) == 34
    assert told["A-7"] == [
        {
            "label": "A-7",
            "labels": {
                "own": {"label": "7", "type": "seat"},
                "parent": {"label": "A", "type": "row"},
            },
            "ids": {"own": "7", "parent": "A"},
            "distanceToFocalPoint": told["A-7"][0]["distanceToFocalPoint"],
            "leftNeighbour": "A-6",
            "rightNeighbour": "A-8",
            "objectType": "seat",
            "categoryKey": "9",
            "categoryLabel": "Cat1",
            "isAccessible": True,
            "hasRestrictedView": False,
            "isCompanionSeat": False,
            "hasLiftUpArmrests": False,
            "isHearingImpaired": False,
            "isSemiAmbulatorySeat": False,
            "hasSignLanguageInterpretation": False,
            "isPlusSize": False,
        }
    ]
    [area] = told["GA1"]
    assert (area["capacity"], area["bookAsAWhole"]) == (100, False)
    assert not {"status", "forSale", "numBooked", "holds"} & area.keys()


@pytest.mark.parametrize(
    ("tables", "objects", "counts"),
    [
        (None, 14, {"seat": 12, "table": 2}),
        ("chart", 7, {"seat": 6, "table": 1}),
        ("true", 2, {"seat": 0, "table": 2}),
        ("false", 12, {"seat": 12, "table": 0}),
    ],
)
async def test_tables_as_they_were_asked_for(
    company: Company, client: Client, tables: str | None, objects: int, counts: dict[str, int]
) -> None:
    chart = await company.chart("sampleChartWithTables")
    report = await client.do(lambda c: c.charts.reports.by_label(chart, tables))
    assert len(report.items) == objects
    assert all(len(found) == 1 for found in report.items.values())
    summary = await client.do(lambda c: c.charts.reports.summary_by_object_type(chart, tables))
    counted = {name: item["count"] for name, item in summary.items()}
    assert counted == {**counts, "booth": 0, "generalAdmission": 0}


async def test_the_draft_of_a_chart(company: Company, client: Client) -> None:
    chart = await company.chart()
    await company.event(chart=chart)
    with pytest.raises(SeatsioException, match=f"Chart {chart} has no draft"):
        await client.do(lambda c: c.charts.reports.by_label(chart, version="draft"))
    added = {"key": 12, "label": "Cat4", "color": "#aaa"}
    await client.do(lambda c: c.charts.add_category(chart, added))

    def summary(version: str) -> Any:  # noqa: ANN401 - the client's
        return client.do(
            lambda c: c.charts.reports.summary_by_category_label(chart, version=version)
        )

    assert "Cat4" not in await summary("published")
    assert (await summary("draft"))["Cat4"]["count"] == 0
    report = await client.do(lambda c: c.charts.reports.by_label(chart, version="draft"))
    assert len(report.items) == 34


async def test_an_event_changes_nothing_in_the_report_of_its_chart(company: Company) -> None:
    chart = await company.chart()
    before = (await company.get(f"/reports/charts/{chart}/byLabel")).body
    event = await company.event(chart=chart)
    booked = await company.post(f"/events/{event}/actions/book", {"objects": ["A-1"]})
    assert booked.status == 204
    assert (await company.get(f"/reports/charts/{chart}/byLabel")).body == before


async def test_what_is_not_there_is_refused(company: Company, client: Client) -> None:
    with pytest.raises(SeatsioException, match="Chart not found: nowhere was not found"):
        await client.do(lambda c: c.charts.reports.by_label("nowhere"))
    chart = await company.chart()
    for path, status in {
        "byStatus": 404,
        "byLabel/summary": 404,
        "byLabel?bookWholeTables=maybe": 400,
        "byLabel?version=old": 400,
        "byLabel?seasonBookingsPropagated=false": 400,
    }.items():
        assert (await company.get(f"/reports/charts/{chart}/{path}")).status == status, path
