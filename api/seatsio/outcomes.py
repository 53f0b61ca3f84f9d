"""What became of a command: `GET /commands/{id}`, ours and not the vendor's."""

from collections.abc import Mapping

import msgspec
from aiohttp import web

from adapters.ports import PositionLostError, TopicPartition
from api.call import Call, Route
from api.command_ids import read_command_id
from api.lanes import Lane
from api.seatsio.best_available import chosen_json
from api.seatsio.command_forms import event_keys, pending, unknown_command
from api.seatsio.errors import error_body, from_rejected
from api.seatsio.event_views import EventViews
from api.seatsio.object_info import ALONE, infos
from api.seatsio.object_reads import changes_by_event, sharings_after
from api.seatsio.paging import check_parameters
from api.seatsio.parts import JSON, Parts, answer, iso, now_ms, path_part
from api.seatsio.recorded import Facts, Recorded, RecordedAnswers
from schemas.facts import BestAvailableChosen, EventCreated
from schemas.rejections import Rejected

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
        if isinstance(recorded.answer, Rejected):
            error = await self._error(call, recorded, recorded.answer)
            return {**outcome, "answer": "rejected", "result": error}
        return {**outcome, "answer": "accepted", "result": await self._shown(recorded.facts)}

    async def _error(self, call: Call, recorded: Recorded, rejected: Rejected) -> JSON:
        """Refuse in the words of the command: it names events by the keys that the client did."""
        command = await self._answers.command(recorded.topic, recorded.command)
        keys: Mapping[int, str] = event_keys(command)
        error = from_rejected(
            rejected,
            call.workspace.key,
            lambda event: keys.get(event) or self._parts.event_key(event),
            names_event_by_id=bool(keys),
        )
        return error_body(error.refusal, call.request_id)

    async def _shown(self, facts: Facts) -> JSON:
        """Show facts outside of the request that asked for them."""
        core = self._parts.core
        created = [fact for fact in facts if isinstance(fact, EventCreated)]
        if created:
            views = EventViews(self._parts)
            return {"events": await views.created(created[0].workspace, created)}
        chosen = [fact for fact in facts if isinstance(fact, BestAvailableChosen)]
        if chosen:
            entry = core.directory.by_id(chosen[0].event)
            return (entry and await chosen_json(self._parts, entry, facts)) or {}
        changed = changes_by_event(facts)
        found = [entry for event in changed if (entry := core.directory.by_id(event))]
        shared = await sharings_after(self._parts, found, changed)
        results = []
        for entry in found:
            event_map = await core.seat_maps.of_event(entry)
            objects = infos(event_map, changed[entry.event], shared.get(entry.event, ALONE))
            results.append({"event": entry.key, "objects": objects})
        return {"results": results} if results else {}


class _OfWorkspace(msgspec.Struct):
    """The one field of a command that says whose it is."""

    workspace: str
