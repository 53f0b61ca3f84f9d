"""Best available: the wish in a body, the command that it becomes, and the answer.

Its routes are those of the status changes of one event (statuses.py), its rules the engine's.
"""

from typing import Annotated, NamedTuple
from urllib.parse import unquote

from pydantic import Field

from api.call import Call
from api.limits import objects_per_command_max, quantity_max
from api.seatsio.command_answers import Form
from api.seatsio.drawings import CategoryKey
from api.seatsio.errors import BodyError
from api.seatsio.object_reads import infos_after
from api.seatsio.parts import JSON, Parts, path_part
from api.seatsio.recorded import Facts
from api.seatsio.wire import Body, JsonObject, Label, Text, Whole, read_label
from schemas.commands import ChangeBestAvailable, Wish
from schemas.facts import BestAvailableChosen, StatusChanged

_Some = Field(max_length=objects_per_command_max)
"""None of them is as good as nothing said."""


class WantedBest(NamedTuple):
    """A status change whose objects are not chosen yet."""

    status: str
    wish: Wish
    ticket_types: list[str | None]
    extra_data: list[JsonObject | None]
    hold_token: str | None
    order_id: str | None
    keep_extra_data: bool
    channel_keys: list[str] | None = None
    ignore_channels: bool = False


class WishAsked(Body):
    """The vendor's `bestAvailable`."""

    number: Annotated[Whole, Field(ge=1, le=quantity_max)]
    categories: Annotated[list[CategoryKey | Text], _Some] | None = None
    zone: Label | None = None
    sections: Annotated[list[Label], _Some] | None = None
    extra_data: (
        Annotated[list[JsonObject | None], Field(max_length=objects_per_command_max)] | None
    ) = None
    ticket_types: Annotated[list[Text | None], Field(max_length=objects_per_command_max)] | None = (
        None
    )
    try_to_prevent_orphan_seats: bool | None = None
    accessible_seats: Annotated[Whole, Field(ge=0, le=quantity_max)] | None = None

    def wanted(
        self,
        status: str,
        hold_token: str | None,
        order_id: str | None,
        keep_extra_data: bool,  # noqa: FBT001 - a field of the body
    ) -> WantedBest:
        """Translate it. Raises BodyError for what no choice could fulfil."""
        problems = [
            f"#/bestAvailable/{name}: {size} for {self.number} objects"
            for name, size in (
                ("accessibleSeats", self.accessible_seats or 0),
                ("extraData", len(self.extra_data or ())),
                ("ticketTypes", len(self.ticket_types or ())),
            )
            if size > self.number
        ]
        if problems:
            raise BodyError(problems)
        wish = Wish(
            number=self.number,
            categories=tuple(map(str, self.categories)) if self.categories else None,
            zone=self.zone,
            sections=tuple(self.sections) if self.sections else None,
            accessible_seats=self.accessible_seats or 0,
            prevent_orphans=self.try_to_prevent_orphan_seats is not False,
        )
        ticket_types, extra_data = self.ticket_types or [], self.extra_data or []
        return WantedBest(
            *(status, wish, ticket_types, extra_data, hold_token, order_id, keep_extra_data)
        )


async def event_key(parts: Parts, call: Call) -> str:
    """Give the event key of a path; a client of the vendor's encodes it twice on these routes."""
    key, workspace = path_part(call, "key"), call.workspace.key
    directory = parts.core.directory
    if "%" not in key or directory.find_now(workspace, key):
        return key
    once = read_label(unquote(key), "key")
    if directory.find_now(workspace, once):
        return once
    return key if await directory.find(workspace, key) else once


async def _show(parts: Parts, _: Call, command: ChangeBestAvailable, facts: Facts) -> JSON:
    """Show what was chosen, as the clients read it."""
    [chosen] = [fact for fact in facts if isinstance(fact, BestAvailableChosen)]
    changes = [fact for fact in facts if isinstance(fact, StatusChanged)]
    shown: JSON = {
        "objects": [fact.label for fact in changes for _ in range(fact.quantity)],
        "objectDetails": await infos_after(parts, command.event, changes),
    }
    if chosen.next_to_each_other is not None:
        shown["nextToEachOther"] = chosen.next_to_each_other
    return shown


BEST_AVAILABLE = Form("bestAvailable", _show)
