"""Shapes that need no server: instants, pages, changes of what left the chart."""

import pytest

from adapters.postgres.pages import Page
from adapters.postgres.rows import StatusChangeRow
from api.applied import ended_somewhere
from api.seatsio.paging import page_json
from api.seatsio.parts import iso
from api.seatsio.status_changes import status_change_json
from engine.seats.event_map import EventMap
from schemas.facts import HoldDeadlineSet
from schemas.selling import Selling, TableBooking, TablesMode
from tests.charts.venues import seat_map


def test_instants_have_milliseconds_and_a_z() -> None:
    assert iso(1_493_981_924_715) == "2017-05-05T10:58:44.715Z"
    assert iso(0) == "1970-01-01T00:00:00.000Z"


def test_cursors_are_strings_and_absent_at_the_ends() -> None:
    assert page_json(Page([], None, None), []) == {"items": []}
    assert page_json(Page([1], 2**53 - 1, 7), [{"id": 7}]) == {
        "items": [{"id": 7}],
        "next_page_starts_after": "9007199254740991",
        "previous_page_ends_before": "7",
    }


def applied(expires_at: int) -> HoldDeadlineSet:
    return HoldDeadlineSet(
        workspace="ws", token="t", expires_at=expires_at, previous_expires_at=5, remembered_until=99
    )


def test_a_token_that_one_owner_had_ended_is_gone() -> None:
    assert not ended_somewhere([applied(20), applied(20)])
    assert ended_somewhere([applied(20), applied(5)])


def test_a_change_of_what_is_not_on_the_chart_says_so() -> None:
    row = StatusChangeRow(
        event_id=1,
        id=2,
        seq=1,
        at=0,
        quantity=1,
        label="Z-9",
        status="free",
        origin_type="HOLD_EXPIRED",
        origin_ip=None,
        hold_token="h",
        order_id=None,
        extra_data=None,
    )
    assert status_change_json(row, EventMap(seat_map("sampleChart"))) == {
        "id": 2,
        "eventId": 1,
        "status": "free",
        "quantity": 1,
        "objectLabel": "Z-9",
        "date": "1970-01-01T00:00:00.000Z",
        "origin": {"type": "HOLD_EXPIRED"},
        "isPresentOnChart": False,
        "notPresentOnChartReason": "RENAMED_OR_DELETED",
        "holdToken": "h",
    }


@pytest.mark.parametrize(
    ("mode", "label", "reason"),
    [
        ("inherit", "T1-1", None),
        ("inherit", "T2", None),
        ("inherit", "T1", "SWITCHED_TO_BOOK_BY_SEAT"),
        ("all_by_table", "T1", None),
        ("all_by_table", "T1-1", "SWITCHED_TO_BOOK_WHOLE_TABLE"),
        ("all_by_seat", "T2-1", None),
        ("all_by_seat", "T2", "SWITCHED_TO_BOOK_BY_SEAT"),
        ("all_by_seat", "T3", "RENAMED_OR_DELETED"),
    ],
)
def test_a_change_of_what_is_sold_otherwise_by_now_says_so(
    mode: TablesMode, label: str, reason: str | None
) -> None:
    selling = Selling(tables=TableBooking(mode=mode))
    event_map = EventMap(seat_map("sampleChartWithTables"), selling)
    row = StatusChangeRow(1, 2, 1, 0, 1, label, "booked", "API_CALL", None, None, None, None)
    shown = status_change_json(row, event_map)
    assert shown["isPresentOnChart"] is (reason is None)
    assert shown.get("notPresentOnChartReason") == reason
