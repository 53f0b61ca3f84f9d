"""What waits for groups in doubt, and when it stops waiting."""

from engine.seats.machine import ApplyDecision, GiveUp, SeatsMachine, TakeUp
from engine.seats.parking import parked_for_ms
from engine.seats.state import SeatsState
from schemas.commands import Asked, CommandPosition, Origin
from schemas.facts import GroupBegun, GroupCancelled, GroupPart
from tests.engine.factories import (
    INVENTORIES,
    NOON,
    PARTITION,
    SECOND,
    WORKSPACE,
    book,
    event_created,
)


def _asked(offset: int) -> Asked:
    return Asked(command=CommandPosition(PARTITION, offset), workspace=WORKSPACE)


def _play(machine: SeatsMachine, state: SeatsState, *causes: ApplyDecision) -> None:
    for cause in causes:
        for fact in machine.decide(state, cause, NOON).facts:
            machine.evolve(state, fact)


def test_a_command_that_has_waited_its_time_is_given_up_even_if_it_could_go_on() -> None:
    machine = SeatsMachine(PARTITION, INVENTORIES)
    state = machine.initial()
    booked = book("A-1")
    begun = GroupBegun(
        group=7,
        asked=_asked(1),
        parts=[GroupPart(partition=PARTITION, changes=booked.changes)],
        origin=Origin(),
        vote_by=NOON + 3 * SECOND,
    )
    _play(machine, state, ApplyDecision((event_created(),)), ApplyDecision((begun,)))
    for fact in machine.decide(state, booked, NOON, _asked(0)).facts:
        machine.evolve(state, fact)
    assert machine.due(state, NOON) is None
    cancelled = GroupCancelled(group=7, partitions=[PARTITION])
    _play(machine, state, ApplyDecision((cancelled,)))
    assert isinstance(machine.due(state, NOON + parked_for_ms), GiveUp)
    assert isinstance(machine.due(state, NOON + parked_for_ms - 1), TakeUp)
