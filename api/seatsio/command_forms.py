"""What a command's request asks for, and the answers that name a command."""

from aiohttp import web

from api.call import Call, CallHandler, Route
from api.command_ids import command_id
from api.limits import event_body_bytes_max
from api.seatsio.errors import VendorError, not_found
from api.seatsio.parts import answer
from schemas.commands import (
    ChangeBestAvailable,
    ChangeObjectStatus,
    CommandPosition,
    GroupsCommand,
    SeatsCommand,
    UpdateExtraData,
)
from schemas.facts import FREE, HELD


def event_route(method: str, path: str, handler: CallHandler) -> Route:
    """Give the route of a command that says how events are: it may say much of each."""
    return Route(
        method=method,
        path=path,
        handler=handler,
        body_bytes_max=event_body_bytes_max,
        appends=True,
    )


def prefers_async(call: Call) -> bool:
    """Say whether the client does not want to wait."""
    if "Prefer" not in call.request.headers:
        return False
    preferences = call.request.headers.getall("Prefer")
    wanted = [one.strip().lower() for value in preferences for one in value.split(",")]
    return "respond-async" in wanted


def taken(topic: str, position: CommandPosition) -> web.Response:
    """Answer that a command is safe, and where its answer will be."""
    name = command_id(topic, position)
    response = answer({"id": name, "status": "pending"}, 202)
    response.headers["Location"] = f"/commands/{name}"
    response.headers["Preference-Applied"] = "respond-async"
    return response


def pending(name: str) -> web.Response:
    """Answer that a command is not done yet."""
    response = answer({"id": name, "status": "pending"})
    response.headers["Retry-After"] = "1"
    return response


def unknown_command(name: str) -> VendorError:
    """Refuse the id of a command that is not here."""
    return not_found("COMMAND_NOT_FOUND", f"Command not found: {name[:100]}")


def events_of(command: SeatsCommand | GroupsCommand) -> list[int]:
    """Give the event of each change; the record of a seats command goes by the first."""
    match command:
        case ChangeBestAvailable() | UpdateExtraData():
            return [command.event]
        case ChangeObjectStatus():
            return [change.event for change in command.changes]
        case _:
            return []  # it is about event keys


def finishes(command: SeatsCommand | GroupsCommand) -> bool:
    """Say whether a command ends something that others wait for: a release, or a hold's booking."""
    if not isinstance(command, ChangeObjectStatus):
        return False
    for change in command.changes:
        books_what_is_held = change.hold is not None and change.status != HELD
        if change.status != FREE and not books_what_is_held:
            return False
    return True
