"""Status changes: book, hold, release and any other status, for one event, several, or a batch.

All objects of a request change, or none. Where all events of a request live in one partition its
owner decides alone, otherwise the workspace's coordinator with all their owners.
"""

from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

import msgspec
from aiohttp import web

from api.call import Call, CallHandler, Route
from api.lanes import Lane
from api.seatsio.best_available import BEST_AVAILABLE, WantedBest, event_key
from api.seatsio.change_bodies import (
    Wanted,
    WantedOn,
    read_batch,
    read_event_change,
    read_event_status,
    read_group_change,
    read_group_status,
    wanted_use,
)
from api.seatsio.change_models import SeasonUseAsked
from api.seatsio.changes_shown import BATCH, OBJECTS
from api.seatsio.command_answers import Form
from api.seatsio.commands import Commands, Entries
from api.seatsio.errors import (
    BAD_REQUEST,
    BodyError,
    VendorError,
    bad_request,
    hold_token_not_found,
)
from api.seatsio.idempotency import idempotency
from api.seatsio.paging import check_parameters, single
from api.seatsio.parts import Parts, path_part
from api.seatsio.season_use import WantedUse, season_use
from api.seatsio.wire import read
from engine.groups.directory import Entry
from schemas.commands import (
    Change,
    ChangeBestAvailable,
    ChangeObjectStatus,
    Hold,
    ObjectChange,
    Origin,
)
from schemas.facts import BOOKED, FREE, HELD, RESALE

ALIASES = {"book": BOOKED, "hold": HELD, "release": FREE, "put-up-for-resale": RESALE}
Changing = Coroutine[Any, Any, web.Response]
SEASON_ACTIONS = {"override-season-status": True, "use-season-status": False}
command_bytes_max = 768 * 1024
"""A command's record may have 1 MiB (topics.yaml); the outbox's repeats it with more around."""


class Statuses:
    """The routes that change statuses."""

    def __init__(self, parts: Parts, commands: Commands) -> None:
        self._parts = parts
        self._commands = commands

    def routes(self) -> list[Route]:
        routes = [
            _route("groups/actions/change-object-status", self._change_group),
            _route("actions/change-object-status", self._change_batch),
        ]
        for action, status in ALIASES.items():
            routes += [
                _route(f"groups/actions/{action}", partial(self._change_group_to, status)),
                _route(f"{{key}}/actions/{action}", partial(self._change_event_to, status)),
            ]
        for action, kind in SEASON_ACTIONS.items():
            path, handler = f"{{key}}/actions/{action}", partial(self._use_season, kind)
            routes.append(_route(path, handler, Lane.REGULAR))
        return [*routes, _route("{key}/actions/change-object-status", self._change_event)]

    # Plain functions on the way of a booking give a coroutine: one more around it costs nearly a
    # microsecond of the ingress.

    def _change_group(self, call: Call) -> Changing:
        return self._change(call, read_group_status(call.body))

    def _change_group_to(self, status: str, call: Call) -> Changing:
        return self._change(call, read_group_change(call.body, status))

    async def _change_event(self, call: Call) -> web.Response:
        return await self._change_one(call, read_event_status(call.body))

    async def _change_event_to(self, status: str, call: Call) -> web.Response:
        return await self._change_one(call, read_event_change(call.body, status))

    async def _use_season(self, is_overridden: bool, call: Call) -> web.Response:  # noqa: FBT001
        """Let objects of an event go by its own status, or by its season's again."""
        check_parameters(call.request)
        asked = read(call.body, SeasonUseAsked)
        wanted = wanted_use(asked.objects, WantedUse(is_overridden, asked.season))

        async def change(entries: Entries) -> web.Response:
            try:
                used = await self._use(call, wanted, entries[0])
            except VendorError as error:
                return await self._commands.repeat(call, error)
            return await self._send(call, entries, [used], None)

        return await self._commands.on_events(
            call, [path_part(call, "key")], change, behind_is_wrong=True
        )

    async def _use(self, call: Call, wanted: Wanted, entry: Entry) -> Change:
        assert wanted.season_use is not None, "it changes a status"
        use = await season_use(self._parts, call, entry, wanted.season_use)
        return msgspec.structs.replace(wanted.change(entry.event, entry.key, None), season_use=use)

    async def _change_one(self, call: Call, wanted: Wanted | WantedBest) -> web.Response:
        if isinstance(wanted, WantedBest):
            return await self._change_best(call, wanted)
        return await self._change(call, WantedOn([path_part(call, "key")], wanted))

    async def _change_best(self, call: Call, wanted: WantedBest) -> web.Response:
        """Change the objects that the engine chooses, and show them."""
        _expands_objects(call)
        workspace = call.workspace.key

        async def change(entries: Entries) -> web.Response:
            [entry] = entries
            seats = await self._parts.core.seat_maps.get(entry.inventory)
            if not seats.supports_best_available:
                error = bad_request(f"best available: the chart of {entry.key} has no focal point")
                return await self._commands.repeat(call, error, BEST_AVAILABLE)
            command = ChangeBestAvailable(
                workspace=workspace,
                idempotency=idempotency(call),
                event=entry.event,
                event_key=entry.key,
                status=wanted.status,
                wish=wanted.wish,
                hold=self._hold(call, wanted.hold_token, "#"),
                order_id=wanted.order_id,
                keep_extra_data=wanted.keep_extra_data,
                ticket_types=wanted.ticket_types,
                extra_data=wanted.extra_data,
                channel_keys=wanted.channel_keys,
                ignore_channels=wanted.ignore_channels,
                origin=Origin(ip=call.ip),
            )
            return await self._commands.change(call, entry, command, BEST_AVAILABLE)

        return await self._commands.on_events(call, [await event_key(self._parts, call)], change)

    def _change(self, call: Call, asked: WantedOn) -> Changing:
        """Make one change on each of some events; the objects shown are those of the first."""
        form = OBJECTS if _expands_objects(call) else None
        check_size(len(call.body) * len(asked.events))
        doubled = doubled_objects(asked.wanted.objects)

        async def change(entries: Entries) -> web.Response:
            hold = self._hold(call, asked.wanted.hold_token, "#")
            changes = [asked.wanted.change(entry.event, entry.key, hold) for entry in entries]
            try:
                for entry in entries if doubled else ():
                    await self._check_doubled(doubled, asked.wanted, entry, "#")
            except VendorError as error:
                return await self._commands.repeat(call, error, form)
            return await self._send(call, entries, changes, form, same_channels=len(changes) > 1)

        return self._commands.on_events(call, asked.events, change, behind_is_wrong=bool(doubled))

    async def _change_batch(self, call: Call) -> web.Response:
        """Make changes in their order; the objects are shown as each change left them."""
        form = BATCH if _expands_objects(call) else None
        batch = read_batch(call.body)
        wanted = [asked.wanted for asked in batch]

        async def change(entries: Entries) -> web.Response:
            try:
                changes = [
                    await self._checked(call, one, entry, f"#/statusChanges/{place}")
                    for place, (one, entry) in enumerate(zip(wanted, entries, strict=True))
                ]
            except VendorError as error:
                return await self._commands.repeat(call, error, form)
            return await self._send(call, entries, changes, form)

        keys = [asked.events[0] for asked in batch]
        looks_itself = any(one.season_use or doubled_objects(one.objects) for one in wanted)
        return await self._commands.on_events(call, keys, change, behind_is_wrong=looks_itself)

    async def _checked(self, call: Call, wanted: Wanted, entry: Entry, path: str) -> Change:
        """Check a change of a batch, and make it for its event."""
        if wanted.season_use is not None:
            return await self._use(call, wanted, entry)
        doubled = doubled_objects(wanted.objects)
        if doubled:
            await self._check_doubled(doubled, wanted, entry, path)
        hold = self._hold(call, wanted.hold_token, path)
        return wanted.change(entry.event, entry.key, hold)

    def _send(
        self,
        call: Call,
        entries: Sequence[Entry],
        changes: list[Change],
        form: Form | None,
        *,
        same_channels: bool = False,
    ) -> Changing:
        command = ChangeObjectStatus(
            workspace=call.workspace.key,
            idempotency=idempotency(call),
            changes=changes,
            origin=Origin(ip=call.ip),
            same_channels=same_channels,
        )
        if len(entries) > 1 and len({entry.partition for entry in entries}) > 1:
            return self._commands.decide(call, command, form)
        return self._commands.change(call, entries[0], command, form)

    def _hold(self, call: Call, token: str | None, path: str) -> Hold | None:
        """Read the hold token of a change; it carries its own deadline."""
        workspace = call.workspace.key
        if token is None:
            return None
        signed = self._parts.core.hold_tokens.read(workspace, token)
        if signed is None:
            raise hold_token_not_found(f"{path}/holdToken: ", token, workspace, BAD_REQUEST)
        return signed.hold

    async def _check_doubled(
        self, doubled: Sequence[int], wanted: Wanted, entry: Entry, path: str
    ) -> None:
        """Refuse a seat that is named twice; of an area, naming it n times means n places."""
        seats = await self._parts.core.seat_maps.get(entry.inventory)
        problems = []
        for place in doubled:
            label = wanted.objects[place].label
            found = seats.find(label)
            if found is None or found.area is None:
                problems.append(f"{path}/objects/{place}: [{label}] stands twice")
        if problems:
            raise BodyError(problems)


def doubled_objects(objects: Sequence[ObjectChange]) -> list[int]:
    """Name the places of objects that an earlier place of the same change names already."""
    if len(objects) == 1:
        return []
    labels = [item.label for item in objects]
    if len(set(labels)) == len(labels):
        return []
    first: dict[str, int] = {}
    return [place for place, label in enumerate(labels) if first.setdefault(label, place) != place]


def check_size(command_bytes: int) -> None:
    """Refuse what would not fit a record of the log: each event's part repeats the body's data."""
    if command_bytes > command_bytes_max:
        raise bad_request(
            f"#: the body times the number of events is more than {command_bytes_max} bytes: "
            "send less extra data, or fewer events at once"
        )


def _expands_objects(call: Call) -> bool:
    if not call.request.query_string:
        return False
    check_parameters(call.request, ("expand",))
    expanded = single(call.request, "expand")
    if expanded not in (None, "objects"):
        raise bad_request("expand: expected objects")
    return expanded is not None


def _route(path: str, handler: CallHandler, lane: Lane = Lane.PRIORITY) -> Route:
    return Route(method="POST", path=f"/events/{path}", handler=handler, lane=lane, appends=True)
