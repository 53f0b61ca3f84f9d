"""The objects of status changes, as their clients read them."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from itertools import islice

from api.call import Call
from api.seatsio.command_answers import Form
from api.seatsio.object_info import ALONE, infos
from api.seatsio.object_reads import (
    changes_by_event,
    if_soon,
    infos_after,
    read_infos,
    seasons_wait_s,
    sharings_after,
)
from api.seatsio.parts import JSON, Parts
from api.seatsio.recorded import Facts
from engine.groups.directory import Entry
from schemas.commands import ChangeObjectStatus


async def _show_objects(parts: Parts, _: Call, command: ChangeObjectStatus, facts: Facts) -> JSON:
    """Show the objects of the first event."""
    event = command.changes[0].event
    return {"objects": await infos_after(parts, event, changes_by_event(facts)[event])}


async def _show_batch(parts: Parts, _: Call, command: ChangeObjectStatus, facts: Facts) -> JSON:
    """Show the objects of each change, in the order of the changes, as it left them."""
    asked = dict.fromkeys(change.event for change in command.changes)
    found = {event: entry for event in asked if (entry := parts.core.directory.by_id(event))}
    by_event = changes_by_event(facts)
    # Side by side: an answer waits once, however much there is to look at.
    overridden, shared = await asyncio.gather(
        _overridden(parts, found, command),
        sharings_after(parts, found.values(), by_event),
    )
    results: list[JSON] = []
    # Partitions tell their parts one after the other; each keeps the order of the command.
    told = {event: iter(own) for event, own in by_event.items()}
    for change in command.changes:
        labels = dict.fromkeys(item.label for item in change.objects)
        shown: dict[str, JSON] = {}
        if change.season_use is not None:
            there = overridden.get(change.event, {})
            shown = {label: there[label] for label in labels if label in there}
        elif change.event in found:
            event_map = await parts.core.seat_maps.of_event(found[change.event])
            own = list(islice(told.get(change.event, ()), len(change.objects)))
            shown = infos(event_map, own, shared.get(change.event, ALONE))
        results.append({"objects": shown})
    return {"results": results}


async def _overridden(
    parts: Parts, found: Mapping[int, Entry], command: ChangeObjectStatus
) -> dict[int, dict[str, JSON]]:
    """Show objects as the whole batch left them: by whose status they go is told by no fact."""
    labels: dict[int, set[str]] = defaultdict(set)
    for change in command.changes:
        if change.season_use is not None and change.event in found:
            labels[change.event].update(item.label for item in change.objects)
    if not labels:
        return {}

    async def read() -> dict[int, dict[str, JSON]]:
        positions = await parts.positions()
        shown: dict[int, dict[str, JSON]] = {}
        for event, asked in labels.items():
            seen = await read_infos(parts, found[event], positions, asked, seasons_wait_s)
            shown[event] = seen or {}
        return shown

    return await if_soon(read()) or {}


OBJECTS = Form("objects", _show_objects)
BATCH = Form("batch", _show_batch)
