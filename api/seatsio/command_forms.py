"""What a command's request asks for, and the answers that name a command."""

from aiohttp import web

from api.call import Call
from api.command_ids import command_id
from api.seatsio.errors import VendorError, not_found
from api.seatsio.parts import answer
from schemas.commands import ChangeObjectStatus, CommandPosition, SeatsCommand, UpdateExtraData
from schemas.facts import FREE, HELD


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


def events_of(command: SeatsCommand) -> list[int]:
    """Give the event of each change; the command's record goes by the first."""
    if isinstance(command, UpdateExtraData):
        return [command.event]
    return [change.event for change in command.changes]


def finishes(command: SeatsCommand) -> bool:
    """Say whether a command ends something that others wait for: a release, or a hold's booking."""
    return isinstance(command, ChangeObjectStatus) and all(
        change.status == FREE or (change.hold is not None and change.status != HELD)
        for change in command.changes
    )
