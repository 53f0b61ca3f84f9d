"""What became of a command: `GET /commands/{id}`, ours and not the vendor's."""

from contextlib import suppress

import msgspec
from aiohttp import web

from adapters.ports import PositionLostError, TopicPartition
from api.call import Call, Route
from api.command_ids import read_command_id
from api.lanes import Lane
from api.seatsio.best_available import BEST_AVAILABLE
from api.seatsio.changes_shown import BATCH, OBJECTS
from api.seatsio.command_answers import as_applied, refusal
from api.seatsio.command_forms import pending, unknown_command
from api.seatsio.errors import VendorError, error_body
from api.seatsio.events import EVENT, EVENTS, MOVED_EVENT
from api.seatsio.for_sale import FOR_SALE_EDIT, FOR_SALE_EDITS
from api.seatsio.hold_tokens import HOLD_TOKEN
from api.seatsio.paging import check_parameters
from api.seatsio.parts import JSON, Parts, answer, iso, now_ms, path_part
from api.seatsio.recorded import Recorded, RecordedAnswers
from api.seatsio.seasons import NEW_PARTIAL_SEASON, PARTIAL_SEASON, SEASON, SEASON_EVENTS
from schemas.rejections import Rejected

_FORMS = {
    form.name: form
    for form in (
        *(OBJECTS, BATCH, BEST_AVAILABLE, HOLD_TOKEN, FOR_SALE_EDIT, FOR_SALE_EDITS),
        *(EVENT, EVENTS, MOVED_EVENT, SEASON, SEASON_EVENTS, NEW_PARTIAL_SEASON, PARTIAL_SEASON),
    )
}
_result_kept_ms = 24 * 60 * 60 * 1000


class Outcomes:
    """The route of commands."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._answers = RecordedAnswers(parts)

    def routes(self) -> list[Route]:
        return [
            Route(method="GET", path="/commands/{id}", handler=self._look_up, lane=Lane.PRIORITY)
        ]

    async def _look_up(self, call: Call) -> web.Response:
        """Say what became of a command."""
        check_parameters(call.request)
        text = path_part(call, "id")
        found = read_command_id(text)
        place = found and self._parts.command_log.partition(found[0], found[1].partition)
        if found is None or place is None:
            raise unknown_command(text)
        topic, position = found
        recorded = await self._answers.of(topic, position, call.workspace.key)
        if recorded is not None:
            return answer(await self._outcome(call, text, recorded))
        if await self._is_pending(place, position.offset, call.workspace.key):
            return pending(text)
        raise unknown_command(text)

    async def _is_pending(self, place: TopicPartition, offset: int, workspace: str) -> bool:
        """Say whether this workspace's command stands here and may still be decided."""
        log = self._parts.command_log
        try:
            if not await log.holds(place, offset):
                return False
            record = await log.record(place, offset)
            command = msgspec.json.decode(record.value or b"", type=_OfWorkspace)
        except (PositionLostError, msgspec.MsgspecError):
            return False  # the topic keeps commands for some days only
        # Results are kept for a day: an older command without one had its answer long ago.
        is_recent = now_ms() - record.timestamp < _result_kept_ms
        return is_recent and command.workspace == workspace

    async def _outcome(self, call: Call, text: str, recorded: Recorded) -> JSON:
        outcome: JSON = {"id": text, "status": "done", "at": iso(recorded.at)}
        command, form = await self._answers.command_and_form(recorded.topic, recorded.command)
        given = as_applied(command, recorded.answer, recorded.facts)
        if isinstance(given, Rejected):
            error = refusal(self._parts, command, given)
            result = error_body(error.refusal, call.request_id)
            return {**outcome, "answer": "rejected", "result": result}
        result = {}
        if form in _FORMS:
            # What is shown as it is by now may have gone.
            with suppress(VendorError):
                result = await _FORMS[form].show(self._parts, call, command, recorded.facts)
        return {**outcome, "answer": "accepted", "result": result}


class _OfWorkspace(msgspec.Struct):
    """The one field of a command that says whose it is."""

    workspace: str
