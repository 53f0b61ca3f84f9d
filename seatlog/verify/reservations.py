"""What groups have reserved in one partition, and whether others have kept off it.

Rules of this file:

1. A reservation changes nothing. Until the decision nobody else changes a reserved seat, and of an
   area nobody draws on the places that groups will take.
2. What a deleted event had is left standing: nobody can touch it, and its group ends.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping

import msgspec

from schemas.facts import (
    FREE,
    HELD,
    NO_TICKET_TYPE,
    AreaCounts,
    Moves,
    PlannedChange,
    Pocket,
    StatusChanged,
)
from seatlog.verify.holds import Held


class Reservations:
    """The reserved objects of one partition."""

    def __init__(self) -> None:
        self._planned: defaultdict[Held, dict[int, list[PlannedChange]]] = defaultdict(dict)
        self._labels: defaultdict[int, dict[str, None]] = defaultdict(dict)
        """The same objects by event, the first reserved first."""
        self._drawn: defaultdict[Held, Counter[Pocket]] = defaultdict(Counter)
        """Of areas: the places that all groups together will take, by pocket."""

    def reserve(self, group: int, changes: list[PlannedChange]) -> None:
        """Note what a group has reserved."""
        for planned in changes:
            event, label = held = _held(planned)
            self._planned[held].setdefault(group, []).append(planned)
            self._labels[event][label] = None
        for held in {_held(planned) for planned in changes}:
            self._drawn[held].update(_needed(self._planned[held][group]))

    def release(self, group: int, changes: list[PlannedChange]) -> None:
        """Note that a group has ended."""
        for planned in changes:
            event, label = held = _held(planned)
            if (of_group := self._planned[held].pop(group, None)) is not None:
                self._drawn[held].subtract(_needed(of_group))
            if not self._planned[held]:
                del self._planned[held]
                self._drawn.pop(held, None)
                self._labels[event].pop(label, None)
                if not self._labels[event]:
                    del self._labels[event]

    def of(self, held: Held) -> Mapping[int, list[PlannedChange]]:
        """Give what is planned for an object, by group."""
        return self._planned.get(held, _NOTHING)

    def of_event(self, event: int) -> Iterator[tuple[str, list[PlannedChange]]]:
        """Go through what is planned for objects of an event, with their labels."""
        for label in self._labels.get(event, ()):
            for planned in self._planned[event, label].values():
                yield label, planned

    def status_after(self, group: int | None, held: Held) -> str | None:
        """Give the status that a group leaves a seat in; None if it has not reserved it."""
        planned = self.of(held).get(group) if group is not None else None
        return planned[-1].change.status if planned else None

    def gain(self, group: int | None, held: Held) -> int:
        """Count how many more places of an area are taken or held if a group is confirmed."""
        planned = self.of(held).get(group, []) if group is not None else []
        return sum(_gain(one.moves) for one in planned if one.moves is not None)

    def drawn(self, held: Held, pocket: Pocket) -> int:
        """Count the places of an area that groups will take from a pocket."""
        counter = self._drawn.get(held)
        return counter[pocket] if counter else 0

    def drawn_from_hold(self, held: Held, token: str, own: Mapping[str, int]) -> int:
        """Count the places of an area that groups will take of what a token has."""
        return sum(self.drawn(held, Pocket(HELD, token, kind)) for kind in own)

    def gained(self, held: Held, status: str, token: str | None = None) -> int:
        """Count the places of an area that groups may bring to a status, or to a token."""
        return sum(
            planned.moves.quantity
            for changes in self.of(held).values()
            for planned in changes
            if planned.moves is not None
            and (planned.moves.target.status, planned.moves.target.token) == (status, token)
        )

    def seat_faults(self, fact: StatusChanged) -> Iterator[str]:
        """Say which group a change of a seat comes in the way of."""
        for group in self.of((fact.event, fact.label)):
            yield f"{fact.label} of event {fact.event} is changed, and group {group} has it"

    def area_faults(
        self, before: AreaCounts, fact: StatusChanged, capacity: int | None
    ) -> Iterator[str]:
        """Say what groups will miss in an area because of a change; `before.own` is its token's.

        What they miss already, because the area became smaller, is no fault of who takes nothing.
        """
        held = (fact.event, fact.label)
        if held not in self._drawn:
            return
        left = _pockets(fact.area or AreaCounts(), before, fact.hold_token, capacity)
        for pocket, places in _pockets(before, before, fact.hold_token, capacity).items():
            if left[pocket] < places and left[pocket] < (drawn := self.drawn(held, pocket)):
                yield f"{left[pocket]} places are left {_named(pocket)}, and groups have {drawn}"


def _pockets(
    area: AreaCounts, before: AreaCounts, token: str | None, capacity: int | None
) -> dict[Pocket, int]:
    """Count the places in each pocket that groups may draw on, those that there were before."""
    pockets = {Pocket(status): area.taken.get(status, 0) for status in before.taken}
    for kind in before.own:
        pockets[Pocket(HELD, token, kind)] = area.own.get(kind, 0)
    if capacity is not None:
        pockets[Pocket(FREE)] = capacity - sum(area.taken.values()) - area.held
    return pockets


def _needed(changes: list[PlannedChange]) -> Counter[Pocket]:
    """Count what a group needs of what was in the pockets before it, of one area."""
    level: Counter[Pocket] = Counter()
    needed: Counter[Pocket] = Counter()
    for moves in (planned.moves for planned in changes if planned.moves is not None):
        for source, places in moves.sources:
            # Which channel the places belong to is not looked at here.
            pocket = msgspec.structs.replace(source, channel=None)
            level[pocket] -= places
            needed[pocket] = max(needed[pocket], -level[pocket])
        level[moves.target] += moves.quantity
    return needed


def _gain(moves: Moves) -> int:
    given = sum(places for pocket, places in moves.sources if pocket.status != FREE)
    return (moves.quantity if moves.target.status != FREE else 0) - given


_NOTHING: Mapping[int, list[PlannedChange]] = {}


def _held(planned: PlannedChange) -> Held:
    return planned.change.event, planned.change.label


def _named(pocket: Pocket) -> str:
    if pocket.token is None:
        return pocket.status
    kind = "" if pocket.ticket_type in (None, NO_TICKET_TYPE) else f" as {pocket.ticket_type}"
    return f"held by {pocket.token}{kind}"
