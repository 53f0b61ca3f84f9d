"""A client sees its own writes, through any ingress, however late the projection is."""

import time

from seatlog.installation import Installation
from seatlog.local.ports import free_port
from tests.stack.client import Client


async def test_a_write_is_seen_at_once_through_another_ingress_with_a_late_projector(
    installation: Installation, client: Client
) -> None:
    port = free_port()
    await installation.start_api("api-2", port)
    await client.create_event(await client.import_chart(), "drop")
    async with Client(f"http://127.0.0.1:{port}", installation.api_key) as other:
        for seat in range(1, 4):
            label = f"A-{seat}"
            assert (await client.change("drop", label)).status == 204
            asked_at = time.monotonic()
            assert await other.status_of("drop", label) == "booked"
            assert time.monotonic() - asked_at > 0.3, "the projector was not late: nothing shown"
            changes = await other.read("/events/drop/status-changes")
            assert changes["items"][0]["objectLabel"] == label
        await other.create_event((await client.read("/events/drop"))["chartKey"], "second")
        assert (await client.read("/events/second"))["key"] == "second"
        listed = (await client.read("/events"))["items"]
        assert [event["key"] for event in listed] == ["second", "drop"]
