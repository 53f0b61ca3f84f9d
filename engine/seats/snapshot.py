"""A seats owner's state, laid open so that it can be kept and built again.

Rules of this file:

1. It is canonical: the owner that has lived it and a fold of its records say the same, byte for
   byte. What is only made to find things (heaps, queues, what best available chooses from) is
   made anew.
2. A changed form has a changed version (the tag), and so has a fold that now makes another state of
   the same facts: what is of another version is refused, not half read.
3. What is built computes its own digest. It covers the objects, the numbers of status changes, what
   is reserved and who is parked; the simulation compares the rest.
"""

from collections.abc import Collection, Mapping

import msgspec

from engine.answers import AnswersSnapshot
from engine.charts.inventory import SeatMap
from engine.seats.doubt import DoubtSnapshot
from engine.seats.event_map import EventMap
from engine.seats.holds import HoldsSnapshot
from engine.seats.parking import ParkingSnapshot
from engine.seats.seasons import SeasonsSnapshot
from engine.seats.state import EventState, ObjectState, Places, SeatsState
from schemas.selling import Selling


class EventSnapshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An event as a snapshot keeps it."""

    id: int
    workspace: str
    key: str
    inventory: str
    """Its hash."""
    selling: Selling
    is_in_the_past: bool
    last_seq: int
    objects: dict[str, ObjectState]
    area_holds: list[tuple[str, str, Places]]
    """By label and token."""
    overridden: list[tuple[str, int, int]]
    """Label, season and places."""


class SeatsSnapshot(
    msgspec.Struct, tag="SeatsSnapshot.v1", frozen=True, forbid_unknown_fields=True
):
    """All that one seats owner knows."""

    now: int
    events: list[EventSnapshot]
    holds: HoldsSnapshot
    doubt: DoubtSnapshot
    seasons: SeasonsSnapshot
    parking: ParkingSnapshot
    answers: AnswersSnapshot

    def inventories(self) -> Collection[str]:
        """Name the inventories that the events are sold from."""
        return {event.inventory for event in self.events}


decode_snapshot = msgspec.json.Decoder(SeatsSnapshot).decode


def snapshot(state: SeatsState) -> SeatsSnapshot:
    """Lay a state open; what comes shares its parts, so encode it before the state moves on."""
    return SeatsSnapshot(
        state.now,
        [_event(event) for event in state.events.values()],
        state.holds.snapshot(),
        state.doubt.snapshot(),
        state.seasons.snapshot(),
        state.parking.snapshot(),
        state.answers.snapshot(),
    )


def restore(kept: SeatsSnapshot, inventories: Mapping[str, SeatMap]) -> SeatsState:
    """Build the state again; all its inventories must be at hand."""
    state = SeatsState(inventories)
    state.now = kept.now
    state.holds.restore(kept.holds)
    for event in kept.events:
        _restore_event(state, event, inventories[event.inventory])
    state.doubt.restore(kept.doubt)
    state.seasons.restore(kept.seasons)
    state.parking.restore(kept.parking)
    state.answers.restore(kept.answers)
    return state


def _event(event: EventState) -> EventSnapshot:
    return EventSnapshot(
        event.id,
        event.workspace,
        event.key,
        event.inventory,
        event.map.selling,
        event.is_in_the_past,
        event.last_seq,
        event.objects,
        [(label, token, places) for (label, token), places in event.area_holds.items()],
        [(label, season, places) for (label, season), places in event.overridden.items()],
    )


def _restore_event(state: SeatsState, kept: EventSnapshot, chart: SeatMap) -> None:
    event = EventState(
        kept.id, kept.workspace, kept.key, kept.inventory, EventMap(chart, kept.selling)
    )
    state.events[kept.id] = event
    event.is_in_the_past = kept.is_in_the_past
    state.number_on(event, kept.last_seq)
    for label, of_object in kept.objects.items():
        state.replace(event, label, of_object)
    for label, token, places in kept.area_holds:
        state.replace_area_hold(event, label, token, places)
    for label, season, count in kept.overridden:
        state.override(event, label, season, count)
