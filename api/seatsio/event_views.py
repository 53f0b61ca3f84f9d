"""Events and seasons as they are shown, from the facts that made them or from the read model.

Rules of this file:

1. Seasons are known by id in the log and by key outside. Keys are the directory's, so it is read as
   far as what is shown before they are looked up.
2. The list of events shows seasons without what is in them.
"""

from collections.abc import Sequence

from adapters.postgres.rows import EventRow
from api.call import Call
from api.seatsio.errors import event_not_found
from api.seatsio.event_json import created_event, season_json, stored_event
from api.seatsio.for_sale import for_sale_json
from api.seatsio.parts import JSON, Parts
from engine.groups.directory import Entry
from schemas.facts import EventCreated
from schemas.seasons import SeasonPlace


class EventViews:
    """Events of a workspace, shown."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def created(self, workspace: str, facts: Sequence[EventCreated]) -> list[JSON]:
        """Describe events that were created just now, all on one chart."""
        await self._know_seasons(workspace, [fact.season for fact in facts])
        seats = await self._parts.core.seat_maps.get(facts[0].inventory)
        told = [created_event(fact, seats, self._parts.known_key) for fact in facts]
        return self._with_sale(told, [fact.season for fact in facts])

    async def season_created(self, workspace: str, facts: Sequence[EventCreated]) -> JSON:
        """Describe a season that was created just now, with its events."""
        season, *events = await self.created(workspace, facts)
        return season_json(season, events, [])

    async def stored(self, workspace: str, rows: Sequence[EventRow]) -> list[JSON]:
        """Describe events of the read model."""
        await self._know_seasons(workspace, [row.season for row in rows])
        told = [
            stored_event(
                row, await self._parts.core.seat_maps.get(row.inventory), self._parts.known_key
            )
            for row in rows
        ]
        return self._with_sale(told, [row.season for row in rows])

    async def retrieve(self, call: Call, key: str) -> JSON:
        """Describe an event as it is now, or a season with its events. Raises VendorError."""
        entry, position = await self._parts.current_entry(call, key)
        others = self._in(entry)
        wanted = [entry.event, *(one.event for one in others)]
        # All of a season live in one partition: the position is that of each.
        async with self._parts.reads.snapshot(position) as snapshot:
            rows = {row.id: row for row in await snapshot.events(wanted)}
        if entry.event not in rows:
            raise event_not_found(key, call.workspace.key)
        told = [rows.pop(entry.event), *rows.values()]
        event, *in_it = await self.stored(call.workspace.key, told)
        if entry.season is None or entry.season.kind == "event":
            return event
        partials = [one["key"] for one in in_it if one["isSeason"]]
        events = [one for one in in_it if not one["isSeason"]]
        is_top = entry.season.kind == "top"
        return season_json(event, events, partials if is_top else None)

    def _with_sale(self, told: list[JSON], places: Sequence[SeasonPlace | None]) -> list[JSON]:
        """Say of events in a season what the season passes on to them of its sale."""
        for event, place in zip(told, places, strict=True):
            if place is not None and place.kind == "event":
                top = self._parts.core.directory.by_id(place.top)
                is_passed_on = top and top.season and top.season.for_sale_propagated
                said = top.selling.for_sale if top is not None and is_passed_on else None
                event["season"] = {"forSaleConfig": None if said is None else for_sale_json(said)}
        return told

    def _in(self, entry: Entry) -> list[Entry]:
        """List what is in a season: of a partial one its events."""
        if entry.season is None or entry.season.kind == "event":
            return []
        found = self._parts.core.directory.in_season(entry.workspace, entry.season.top)
        if entry.season.kind == "top":
            return found
        return [one for one in found if one.season and entry.event in one.season.partials]

    async def _know_seasons(self, workspace: str, places: Sequence[SeasonPlace | None]) -> None:
        if any(place is not None for place in places):
            await self._parts.core.directory.catch_up(workspace)
