"""A hundred events on a chart of a hundred thousand seats, in one request."""

import time

import msgspec
import pytest

from seatlog.installation import Installation
from tests.stack.client import Client

ROWS, SEATS_PER_ROW = 500, 200
answered_within_s = 10.0
"""The promise of the design; measured here at about 1 s."""


def _drawing() -> bytes:
    rows = [
        {
            "label": str(row),
            "seats": [
                {"label": str(seat), "x": 10.0 * seat, "y": 10.0 * row, "categoryKey": 1}
                for seat in range(SEATS_PER_ROW)
            ],
        }
        for row in range(ROWS)
    ]
    return msgspec.json.encode(
        {
            "name": "Huge",
            "categories": {"list": [{"key": 1, "label": "All", "color": "#000000"}]},
            "venueType": "ROWS_WITHOUT_SECTIONS",
            "subChart": {"rows": rows, "focalPoint": {"x": 0, "y": 0}},
        }
    )


@pytest.mark.timeout(180)
async def test_a_hundred_events_on_a_hundred_thousand_seats_are_made_in_one_request(
    installation: Installation, client: Client
) -> None:
    del installation
    imported = await client.call("POST", "/charts/actions/import", _drawing())
    assert imported.status == 201, imported
    events = [{"eventKey": f"match-{number}"} for number in range(100)]
    wanted = {"chartKey": imported.body["key"], "events": events}
    asked_at = time.monotonic()
    created = await client.call("POST", "/events/actions/create-multiple", wanted)
    took_s = time.monotonic() - asked_at
    assert created.status == 200, created
    assert [event["key"] for event in created.body["events"]] == [e["eventKey"] for e in events]
    assert took_s < answered_within_s
    assert (await client.change("match-99", "499-199")).status == 204
    assert (await client.change("match-0", "499-199")).status == 204
    assert (await client.change("match-99", "499-199")).status == 400
