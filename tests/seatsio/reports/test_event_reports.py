"""Event reports over HTTP: by the vendor's official client, and as the wire has them."""

import asyncio
import base64
import contextlib
import csv
import io
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest
from seatsio.domain import Category, TableBookingConfig
from seatsio.events.channelProperties import ChannelCreationParams as New
from seatsio.events.objectProperties import ObjectProperties
from seatsio.exceptions import SeatsioException

from api.seatsio.reports import writing
from tests.seatsio.client import Client
from tests.seatsio.installation import Company

pytestmark = pytest.mark.filterwarnings("ignore:keys will default to True")

JSON = dict[str, Any]


@pytest.fixture
def client(company: Company) -> Client:
    return Client(company)


async def sold(company: Company, client: Client) -> str:
    """Give an event on the sample chart: two seats booked, five places of an area held."""
    event = await company.event()
    token = await client.do(lambda c: c.hold_tokens.create())
    await client.do(
        lambda c: c.events.book(
            event,
            [
                ObjectProperties("A-1", ticket_type="adult", extra_data={"name": "Ada"}),
                ObjectProperties("C-1"),
            ],
            order_id="order1",
        )
    )
    await client.do(
        lambda c: c.events.hold(event, ObjectProperties("GA1", quantity=5), token.hold_token)
    )
    return event


async def test_a_report_lists_objects_as_their_infos(company: Company, client: Client) -> None:
    event = await sold(company, client)
    report = await client.do(lambda c: c.events.reports.by_label(event))
    assert len(report.items) == 34
    for label in ("A-1", "A-2", "GA1", "GA2"):
        about = await client.do(lambda c: c.events.retrieve_object_info(event, label))  # noqa: B023
        [listed] = report.get(label)
        assert vars(listed) == vars(about)
        # As the wire has it: the client hides what is null and what is not there at all.
        raw = (await company.get(f"/events/{event}/objects/{label}")).json
        assert (await company.get(f"/reports/events/{event}/byLabel/{label}")).json == {
            label: [raw]
        }


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("by_status", {"booked": 2, "reservedByToken": 1, "free": 31}),
        ("by_object_type", {"seat": 32, "table": 0, "booth": 0, "generalAdmission": 2}),
        ("by_category_label", {"Cat1": 17, "Cat2": 17}),
        ("by_category_key", {"9": 17, "10": 17}),
        ("by_order_id", {"order1": 2, "NO_ORDER_ID": 32}),
        ("by_section", {"NO_SECTION": 34}),
        ("by_zone", {"NO_ZONE": 34}),
        ("by_availability", {"available": 32, "not_available": 2}),
        ("by_availability_reason", {"available": 32, "booked": 2}),
        ("by_channel", {"NO_CHANNEL": 34}),
    ],
)
async def test_every_detailed_report(
    company: Company, client: Client, name: str, expected: dict[str, int]
) -> None:
    event = await sold(company, client)
    report = await client.do(lambda c: getattr(c.events.reports, name)(event))
    assert {bucket: len(found) for bucket, found in report.items.items()} == expected
    for bucket, count in expected.items():
        found = await client.do(lambda c: getattr(c.events.reports, name)(event, bucket))  # noqa: B023
        assert [vars(one) for one in found] == [vars(one) for one in report.get(bucket)]
        assert len(found) == count
    assert await client.do(lambda c: getattr(c.events.reports, name)(event, "lolzor")) == []


async def test_a_filter_without_an_object_gives_no_bucket(company: Company) -> None:
    event = await company.event()
    for path in ("byStatus/booked", "byObjectType/table", "byLabel/summary", "byOrderId/o%2F1"):
        assert (await company.get(f"/reports/events/{event}/{path}")).json == {}, path


NAMES = [
    "status",
    "object_type",
    "category_label",
    "category_key",
    "section",
    "zone",
    "availability",
    "availability_reason",
    "channel",
]
COUNTS = {
    "status": {"booked": 2, "reservedByToken": 5, "free": 225},
    "object_type": {"seat": 32, "table": 0, "booth": 0, "generalAdmission": 200},
    "category_label": {"Cat1": 116, "Cat2": 116, "Cat3": 0, "NO_CATEGORY": 0},
    "category_key": {"9": 116, "10": 116, "string11": 0, "NO_CATEGORY": 0},
    "section": {"NO_SECTION": 232},
    "zone": {"NO_ZONE": 232},
    "availability": {"available": 225, "not_available": 7},
    "availability_reason": {
        "available": 225,
        "booked": 2,
        "reservedByToken": 5,
        "disabled_by_social_distancing": 0,
        "not_for_sale": 0,
    },
    "channel": {"NO_CHANNEL": 232},
}


@pytest.mark.parametrize("name", NAMES)
async def test_every_summary(company: Company, client: Client, name: str) -> None:
    event = await sold(company, client)
    summary = await client.do(lambda c: getattr(c.events.reports, f"summary_by_{name}")(event))
    assert {bucket: item["count"] for bucket, item in summary.items()} == COUNTS[name]
    deep = await client.do(lambda c: getattr(c.events.reports, f"deep_summary_by_{name}")(event))
    assert {bucket: item["count"] for bucket, item in deep.items()} == COUNTS[name]
    for bucket, item in summary.items():
        by = [dimension for dimension in item if dimension != "count"]
        for dimension in by:
            counted = {key: one["count"] for key, one in deep[bucket][dimension].items()}
            assert counted == item[dimension]
    if name != "availability":
        free = summary["free" if name == "status" else next(iter(summary))]
        assert "selectable" in free["bySelectability"]


async def test_a_summary_on_the_wire(company: Company) -> None:
    event = await company.event()
    booked = await company.post(f"/events/{event}/actions/book", {"objects": ["A-1"]})
    assert booked.status == 204
    told = (await company.get(f"/reports/events/{event}/byStatus/summary")).json
    assert told["booked"] == {
        "count": 1,
        "bySection": {"NO_SECTION": 1},
        "byCategoryKey": {"9": 1},
        "byCategoryLabel": {"Cat1": 1},
        "byZone": {"NO_ZONE": 1},
        "byObjectType": {"seat": 1},
        "byAvailability": {"not_available": 1},
        "byAvailabilityReason": {"booked": 1},
        "bySelectability": {"not_selectable": 1},
        "byChannel": {"NO_CHANNEL": 1},
    }
    deep = (await company.get(f"/reports/events/{event}/byStatus/summary/deep")).json
    assert deep["booked"]["bySection"]["NO_SECTION"]["byAvailability"] == {"not_available": 1}
    assert "bySection" not in deep["booked"]["bySection"]["NO_SECTION"]


async def test_zones_and_sections_of_a_stadium(company: Company, client: Client) -> None:
    event = await company.event(chart=await company.chart("sampleChartWithZones"))
    report = await client.do(lambda c: c.events.reports.by_zone(event))
    assert {zone: len(found) for zone, found in report.items.items()} == {
        "finishline": 2865,
        "midtrack": 6032,
    }
    [seat] = await client.do(lambda c: c.events.reports.by_label(event, "MT3-A-139"))
    assert (seat.zone, seat.section) == ("midtrack", "MT3")
    sections = await client.do(lambda c: c.events.reports.summary_by_section(event))
    assert {name: item["count"] for name, item in sections.items()} == {
        "Goal Stand 3": 2215,
        "Goal Stand 4": 650,
        "MT1": 2418,
        "MT3": 3614,
    }


@pytest.mark.parametrize(
    ("mode", "objects", "places"),
    [
        ("INHERIT", {"seat": 6, "table": 1}, {"seat": 6, "table": 6}),
        ("ALL_BY_TABLE", {"seat": 0, "table": 2}, {"seat": 0, "table": 12}),
        ("ALL_BY_SEAT", {"seat": 12, "table": 0}, {"seat": 12, "table": 0}),
    ],
)
async def test_tables_are_reported_as_they_are_sold(
    company: Company, client: Client, mode: str, objects: dict[str, int], places: dict[str, int]
) -> None:
    chart = await company.chart("sampleChartWithTables")
    config = TableBookingConfig(mode)
    event = (await client.do(lambda c: c.events.create(chart, table_booking_config=config))).key
    report = await client.do(lambda c: c.events.reports.by_object_type(event))
    others = {"booth": 0, "generalAdmission": 0}
    assert {name: len(found) for name, found in report.items.items()} == {**objects, **others}
    summary = await client.do(lambda c: c.events.reports.summary_by_object_type(event))
    assert {name: item["count"] for name, item in summary.items()} == {**places, **others}


async def test_an_event_is_reported_by_categories_of_its_own(
    company: Company, client: Client
) -> None:
    chart = await company.chart()
    own = [Category("own", "Own", "#aaaaaa")]
    event = (
        await client.do(
            lambda c: c.events.create(
                chart, categories=own, object_categories={"A-1": "own", "GA1": 10}
            )
        )
    ).key
    report = await client.do(lambda c: c.events.reports.by_category_label(event))
    assert {name: len(found) for name, found in report.items.items()} == {
        "Own": 1,
        "Cat1": 15,
        "Cat2": 18,
    }
    summary = await client.do(lambda c: c.events.reports.summary_by_category_key(event))
    assert {key: item["count"] for key, item in summary.items()} == {
        "9": 15,
        "10": 216,
        "string11": 0,
        "own": 1,
        "NO_CATEGORY": 0,
    }


async def test_a_flat_report_is_sorted_by_label(company: Company, client: Client) -> None:
    event = await sold(company, client)
    listed = await client.do(lambda c: c.events.reports.flat_list(event))
    labels = [one.label for one in listed]
    assert labels == sorted(labels)
    assert len(labels) == 34
    assert {one.label for one in listed if one.status == "booked"} == {"A-1", "C-1"}


async def test_a_flat_report_as_csv(company: Company, client: Client) -> None:
    event = await sold(company, client)
    told = await client.do(lambda c: c.events.reports.flat_list_csv(event))
    lines = list(csv.DictReader(io.StringIO(told, newline=""), strict=True))
    assert len(lines) == 34
    first = lines[0]
    assert (first["label"], first["status"], first["orderId"]) == ("A-1", "booked", "order1")
    assert (first["ticketType"], first["extraData"]) == ("adult", '{"name":"Ada"}')
    answer = await company.get(f"/reports/events/{event}.csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


async def test_a_key_that_ends_like_a_csv_has_the_other_reports(company: Company) -> None:
    await company.event("list.csv")
    assert (await company.get("/reports/events/list.csv")).status == 404
    assert (await company.get("/reports/events/list.csv/byStatus/summary")).status == 200
    assert (await company.get("/reports/events/list.csv.csv")).status == 200


async def test_a_report_sees_what_was_answered_before(company: Company, client: Client) -> None:
    event = await company.event()
    for label in ("A-1", "A-2", "A-3"):
        await client.do(lambda c: c.events.book(event, label))  # noqa: B023
        found = await client.do(lambda c: c.events.reports.by_status(event, "booked"))
        assert label in {one.label for one in found}
        counted = await client.do(lambda c: c.events.reports.summary_by_status(event))
        assert counted["booked"]["count"] == len(found)
    await client.do(lambda c: c.events.release(event, ["A-1", "A-2", "A-3"]))
    assert await client.do(lambda c: c.events.reports.by_status(event, "booked")) == []
    counted = await client.do(lambda c: c.events.reports.summary_by_status(event))
    assert {status: item["count"] for status, item in counted.items()} == {"free": 232}


async def test_season_bookings_are_asked_about_as_the_client_does(
    company: Company, client: Client
) -> None:
    event = await sold(company, client)

    def ask(c: Any) -> Any:  # noqa: ANN401 - the client's
        reports = c.events.reports
        return [
            one.summary_by_status(event)
            for one in (reports, reports.with_season_bookings_not_propagated())
        ]

    propagated, not_propagated = await client.do(ask)
    assert propagated == not_propagated
    wrong = await company.get(f"/reports/events/{event}?seasonBookingsPropagated=maybe")
    assert (wrong.status, wrong.messages) == (
        400,
        ["seasonBookingsPropagated: expected one of true, false; found 'maybe'"],
    )


async def test_what_is_not_there_is_a_404(company: Company, client: Client) -> None:
    with pytest.raises(SeatsioException, match="Event not found: nowhere was not found"):
        await client.do(lambda c: c.events.reports.by_status("nowhere"))
    event = await company.event()
    for path in ("byColour", "byColour/summary", "byColour/blue", "byLabel/summary/deep"):
        wrong = await company.get(f"/reports/events/{event}/{path}")
        assert wrong.status == 404, path
        assert wrong.messages[0].startswith("There is no such report"), path
    wrong = await company.get(f"/reports/events/{event}?limit=3")
    assert (wrong.status, wrong.messages) == (400, ["the parameter [limit] is not known here"])


async def test_who_does_not_read_a_report_is_cut_off(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = await company.event(chart=await company.chart("sampleChartWithZones"))
    monkeypatch.setattr(writing, "report_taken_s", 0.3)
    url = urlsplit(company.url)
    assert url.hostname is not None
    assert url.port is not None
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect((url.hostname, url.port))
        credentials = base64.b64encode(f"{company.secret}:".encode()).decode()
        lazy.sendall(
            f"GET /reports/events/{event} HTTP/1.1\r\nHost: here\r\n"
            f"Authorization: Basic {credentials}\r\n\r\n".encode()
        )
        await asyncio.sleep(1)
        got = await asyncio.to_thread(_read_all, lazy)
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert not got.endswith(b"0\r\n\r\n")
    assert (await company.get(f"/reports/events/{event}/byLabel/MT1-A-1")).status == 200


def _read_all(connected: socket.socket) -> bytes:
    connected.settimeout(10)
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connected.recv(1 << 20):
            got += part
    return got


async def test_channels_and_what_is_for_sale_are_reported(company: Company, client: Client) -> None:
    event = await company.event()
    vip = New("vip", "VIP", "#fff", objects=["A-1", "A-2"], area_places={"GA1": 10})
    await client.do(lambda c: c.events.channels.replace(event, [vip]))
    await client.do(lambda c: c.events.mark_as_not_for_sale(event, ["A-2", "A-3"], {"GA2": 40}))
    await client.do(lambda c: c.events.book(event, "A-1", channel_keys=["vip"]))

    by_channel = await client.do(lambda c: c.events.reports.by_channel(event))
    assert {key: len(found) for key, found in by_channel.items.items()} == {
        "vip": 2,
        "NO_CHANNEL": 32,
    }
    assert {one.channel for one in by_channel.get("vip")} == {"vip"}
    listed = await client.do(
        lambda c: c.events.reports.by_availability_reason(event, "not_for_sale")
    )
    assert [(one.label, one.for_sale, one.is_available) for one in listed] == [
        ("A-2", False, False),
        ("A-3", False, False),
    ]
    told = await client.do(lambda c: c.events.reports.summary_by_channel(event))
    assert {key: item["byAvailabilityReason"] for key, item in told.items()} == {
        "vip": {"booked": 1, "not_for_sale": 1, "available": 10},
        "NO_CHANNEL": {"not_for_sale": 41, "available": 179},
    }
    [area] = await client.do(lambda c: c.events.reports.by_label(event, "GA2"))
    assert (area.num_not_for_sale, area.num_free, area.for_sale) == (40, 100, True)
    lines = await client.do(lambda c: c.events.reports.flat_list_csv(event))
    first = next(csv.DictReader(io.StringIO(lines, newline="")))
    assert (first["label"], first["channel"], first["status"]) == ("A-1", "vip", "booked")
