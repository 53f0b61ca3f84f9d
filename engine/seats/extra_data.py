"""Extra data: what clients keep with an object, whatever its status is."""

import msgspec

from engine.machine import Decision, refused
from engine.seats.changes import is_meant, rejected
from engine.seats.state import UNTOUCHED, UNTOUCHED_AREA, EventState, ObjectState, SeatsState
from schemas.commands import UpdateExtraData
from schemas.facts import ExtraDataChanged, SeatsFact
from schemas.outbox import Accepted
from schemas.rejections import Obstacle, Rejection


def decide_extra_data(state: SeatsState, command: UpdateExtraData) -> Decision[SeatsFact]:
    """Replace the extra data of objects, all or none."""
    event = state.events.get(command.event)
    if event is None or not is_meant(event, command.workspace, command.event_key):
        return refused(Rejection.EVENT_NOT_FOUND, str(command.event))
    unknown = [
        Obstacle(event=event.id, label=label, code=Rejection.OBJECT_NOT_FOUND.code)
        for label in command.extra_data
        if event.map.find(label) is None
    ]
    if unknown:
        return Decision(rejected(unknown), [])
    facts: list[SeatsFact] = [
        ExtraDataChanged(event=event.id, label=label, extra_data=extra_data or None)
        for label, extra_data in command.extra_data.items()
    ]
    return Decision(Accepted(), facts)


def evolve_extra_data(state: SeatsState, fact: ExtraDataChanged) -> None:
    """Give an object other extra data."""
    event = state.events[fact.event]
    current = event.objects.get(fact.label, _untouched(event, fact.label))
    after = msgspec.structs.replace(current, extra_data=fact.extra_data)
    state.replace(event, fact.label, after)


def _untouched(event: EventState, label: str) -> ObjectState:
    place = event.map.chart.find(label)
    is_area = place is not None and place.kind == "area"
    return UNTOUCHED_AREA if is_area else UNTOUCHED
