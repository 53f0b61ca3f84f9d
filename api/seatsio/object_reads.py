"""Objects as the read model has them, with what their event's seasons have of them.

Rules of this file:

1. What was answered of a change stands in the log. What seasons have of an event's objects stands
   in the read model only: while that is away, a change is shown without.
"""

from collections import defaultdict
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from adapters.postgres.reads import AskedPositions, wait_s
from adapters.postgres.rows import ObjectRow
from api.seatsio.object_info import ALONE, UNTOUCHED, Seen, Sharing, info, infos
from api.seatsio.parts import JSON, Parts
from api.seatsio.season_states import read_sharing
from api.seatsio.waiting import NOT_SEEN, within
from engine.charts.inventory import SeatMap
from engine.groups.directory import Entry
from engine.seats.event_map import EventMap
from engine.seats.tables import same_places
from schemas.facts import FREE, StatusChanged

T = TypeVar("T")

seasons_wait_s = 1.0
"""So long an answer to a change waits for what the event's seasons have, all in all."""


async def read_infos(
    parts: Parts,
    entry: Entry,
    positions: AskedPositions,
    labels: Collection[str],
    timeout_s: float = wait_s,
) -> dict[str, JSON] | None:
    """Describe some objects of an event, those that it sells; None if it was deleted meanwhile."""
    chart = await parts.core.seat_maps.get(entry.inventory)
    asked = {*labels, *(other for label in labels for other in same_places(chart, label))}
    async with parts.reads.snapshot(positions, timeout_s) as snapshot:
        event = await snapshot.event(entry.event)
        if event is None:
            return None
        rows = await snapshot.objects(entry.event, list(asked))
        sharing = await read_sharing(parts, snapshot, event, labels)
    event_map = EventMap(chart, event.selling)
    found = {label: event_map.find(label) for label in labels}
    return {
        label: info(event_map, there, sharing.seen(there, _seen(chart, rows, label)))
        for label, there in found.items()
        if there is not None
    }


def changes_by_event(facts: Iterable[object]) -> dict[int, list[StatusChanged]]:
    """Sort the status changes among facts by event; one that was deleted meanwhile has none."""
    by_event: dict[int, list[StatusChanged]] = defaultdict(list)
    for fact in facts:
        if isinstance(fact, StatusChanged):
            by_event[fact.event].append(fact)
    return by_event


async def infos_after(parts: Parts, event: int, facts: Sequence[StatusChanged]) -> dict[str, JSON]:
    """Describe the objects of an event that facts tell of, as the last of these leaves each.

    Of an event that was deleted meanwhile none is left.
    """
    entry = parts.core.directory.by_id(event)
    if entry is None:
        return {}
    event_map = await parts.core.seat_maps.of_event(entry)
    return infos(event_map, facts, await sharing_after(parts, entry, facts))


async def sharing_after(parts: Parts, entry: Entry, facts: Sequence[StatusChanged]) -> Sharing:
    """Read what others in an event's seasons have of the objects that facts tell of."""
    shared = await sharings_after(parts, [entry], {entry.event: facts})
    return shared.get(entry.event, ALONE)


async def sharings_after(
    parts: Parts, entries: Iterable[Entry], facts: Mapping[int, Sequence[StatusChanged]]
) -> dict[int, Sharing]:
    """Read the same for several events, by event; those left out share nothing that is known."""
    asked = {
        entry.event: entry
        for entry in entries
        if entry.season is not None and facts.get(entry.event)
    }
    return (await if_soon(_sharings(parts, asked, facts)) or {}) if asked else {}


async def _sharings(
    parts: Parts, asked: Mapping[int, Entry], facts: Mapping[int, Sequence[StatusChanged]]
) -> dict[int, Sharing]:
    ends: dict[str, int] = {}
    for entry in asked.values():
        ends |= await parts.end_of(entry)
    shared: dict[int, Sharing] = {}
    async with parts.reads.snapshot(ends, seasons_wait_s) as snapshot:
        for event_id in asked:
            event = await snapshot.event(event_id)
            if event is not None:
                labels = {fact.label for fact in facts[event_id]}
                shared[event_id] = await read_sharing(parts, snapshot, event, labels)
    return shared


async def if_soon(reading: Coroutine[Any, Any, T]) -> T | None:
    """Wait a moment for what an answer would show besides; None if it cannot be had (rule 1)."""
    try:
        return await within(seasons_wait_s, reading)
    except NOT_SEEN:
        return None


def _seen(chart: SeatMap, rows: Mapping[str, ObjectRow], label: str) -> Seen:
    row = rows.get(label)
    seen = UNTOUCHED if row is None else Seen(*row[1:])
    others = [rows[other] for other in same_places(chart, label) if other in rows]
    if seen.status == FREE and any(other.status != FREE for other in others):
        return seen._replace(elsewhere=1)
    return seen
