"""Objects as the read model has them, with what their event's seasons have of them."""

from collections.abc import Collection

from adapters.postgres.reads import AskedPositions
from adapters.postgres.rows import ObjectRow
from api.seatsio.object_info import UNTOUCHED, Seen, info
from api.seatsio.parts import JSON, Parts
from api.seatsio.season_states import read_sharing
from engine.groups.directory import Entry
from engine.seats.event_map import EventMap


async def read_infos(
    parts: Parts, entry: Entry, positions: AskedPositions, labels: Collection[str]
) -> dict[str, JSON] | None:
    """Describe some objects of an event, those that it sells; None if it was deleted meanwhile."""
    chart = await parts.core.seat_maps.get(entry.inventory)
    async with parts.reads.snapshot(positions) as snapshot:
        event = await snapshot.event(entry.event)
        if event is None:
            return None
        rows = await snapshot.objects(entry.event, list(labels))
        sharing = await read_sharing(parts, snapshot, event, labels)
    event_map = EventMap(chart, event.selling)
    found = {label: event_map.find(label) for label in labels}
    return {
        label: info(event_map, there, sharing.seen(there, _seen(rows.get(label))))
        for label, there in found.items()
        if there is not None
    }


def _seen(row: ObjectRow | None) -> Seen:
    if row is None:
        return UNTOUCHED
    return Seen(*row[1:])
