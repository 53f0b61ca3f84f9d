"""The objects of an event: their infos, and their extra data."""

from typing import Annotated

from aiohttp import web
from pydantic import Field

from api.call import Call, Route
from api.done import DONE
from api.lanes import Lane
from api.limits import objects_per_command_max
from api.seatsio.commands import Commands, Entries
from api.seatsio.errors import (
    OBJECT_NOT_FOUND,
    bad_request,
    event_not_found,
    not_found,
)
from api.seatsio.idempotency import idempotency
from api.seatsio.object_reads import read_infos
from api.seatsio.paging import check_parameters, values
from api.seatsio.parts import JSON, Parts, answer, path_part
from api.seatsio.wire import BY_KEY, Body, JsonObject, Label, read, read_label
from engine.groups.directory import Entry
from schemas.commands import UpdateExtraData


class ExtraDataAsked(Body):
    """The extra data of one object; none takes it away."""

    extra_data: JsonObject | None = None


class ExtraDatasAsked(Body):
    """The extra data of several objects by label."""

    extra_data: (
        Annotated[dict[Label, JsonObject | None], Field(max_length=objects_per_command_max), BY_KEY]
        | None
    ) = None


class Objects:
    """The routes of objects."""

    def __init__(self, parts: Parts, commands: Commands) -> None:
        self._parts = parts
        self._commands = commands

    def routes(self) -> list[Route]:
        lane, one = Lane.PRIORITY, "/events/{key}/objects/{label}"
        return [
            Route(method="GET", path="/events/{key}/objects", handler=self._infos, lane=lane),
            Route(method="GET", path=one, handler=self._info, lane=lane),
            Route(
                method="POST",
                path=f"{one}/actions/update-extra-data",
                handler=self._update_one,
                lane=lane,
                appends=True,
            ),
            Route(
                method="POST",
                path="/events/{key}/actions/update-extra-data",
                handler=self._update_several,
                lane=lane,
                appends=True,
            ),
        ]

    async def _infos(self, call: Call) -> web.Response:
        check_parameters(call.request, ("label",))
        labels = values(call.request, "label")
        if not 1 <= len(labels) <= objects_per_command_max:
            raise bad_request(
                f"label: expected 1 to {objects_per_command_max} labels, found {len(labels)}"
            )
        return answer(await self._described(call, [read_label(label, "label") for label in labels]))

    async def _info(self, call: Call) -> web.Response:
        check_parameters(call.request)
        label = path_part(call, "label")
        return answer((await self._described(call, [label]))[label])

    async def _described(self, call: Call, labels: list[str]) -> JSON:
        entry, position = await self._parts.current_entry(call, path_part(call, "key"))
        described = await read_infos(self._parts, entry, position, labels)
        if described is None:
            raise event_not_found(entry.key, call.workspace.key)
        missing = [label for label in labels if label not in described]
        if missing:
            message = f"Object not found: {', '.join(missing)} on event {entry.key}"
            raise not_found(OBJECT_NOT_FOUND, message)
        return described

    async def _update_one(self, call: Call) -> web.Response:
        asked = read(call.body, ExtraDataAsked)
        label = path_part(call, "label")
        return await self._update(call, {label: asked.extra_data})

    async def _update_several(self, call: Call) -> web.Response:
        return await self._update(call, read(call.body, ExtraDatasAsked).extra_data or {})

    async def _update(self, call: Call, extra_data: dict[str, JsonObject | None]) -> web.Response:
        check_parameters(call.request)

        async def update(entries: Entries) -> web.Response:
            return await self._update_on(call, entries[0], extra_data)

        key = path_part(call, "key")
        if not extra_data:
            await self._parts.current_entry(call, key)
            return DONE
        return await self._commands.on_events(call, [key], update)

    async def _update_on(
        self, call: Call, entry: Entry, extra_data: dict[str, JsonObject | None]
    ) -> web.Response:
        command = UpdateExtraData(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            event=entry.event,
            event_key=entry.key,
            extra_data=extra_data,
        )
        return await self._commands.change(call, entry, command)
