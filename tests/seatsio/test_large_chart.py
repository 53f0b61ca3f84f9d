"""The largest venue there is, over HTTP."""

import json
import time

from tests.seatsio.installation import Company

SEATS, ROWS, EVENTS = 200, 500, 100


def stadium() -> bytes:
    """Draw 100,000 seats."""
    rows = [
        {
            "label": f"R{row}",
            "categoryKey": 1,
            "seats": [
                {"x": 10.5 * seat, "y": 12.25 * row, "label": str(seat), "categoryKey": 1}
                for seat in range(1, SEATS + 1)
            ],
        }
        for row in range(1, ROWS + 1)
    ]
    drawing = {
        "name": "Stadium",
        "categories": {"list": [{"key": 1, "label": "All", "color": "#aaa"}]},
        "subChart": {"rows": rows, "focalPoint": {"x": 0, "y": 0}},
    }
    return json.dumps(drawing).encode()


async def test_a_hundred_events_on_a_hundred_thousand_seats_take_under_ten_seconds(
    company: Company,
) -> None:
    imported = await company.post("/charts/actions/import", stadium())
    assert imported.status == 201
    asked = {"chartKey": imported.json["key"], "events": [{} for _ in range(EVENTS)]}

    started = time.monotonic()
    created = await company.post("/events/actions/create-multiple", asked)
    took_s = time.monotonic() - started

    assert created.status == 200, created
    events = [event["key"] for event in created.json["events"]]
    assert len(set(events)) == EVENTS
    assert took_s < 10
    for event in (events[0], events[-1]):
        label = f"R{ROWS}-{SEATS}"
        booked = await company.post(f"/events/{event}/actions/book", {"objects": [label]})
        assert booked.status == 204
