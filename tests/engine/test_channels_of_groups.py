"""Channels of an offer over several events: the same on all of them (vendor: event groups)."""

from engine.groups.machine import GroupsMachine
from schemas.commands import Asked, ChangeObjectStatus, CommandPosition, CreateEvents, NewEvent
from schemas.facts import BOOKED, GroupBegun
from schemas.rejections import Obstacle, Rejected, Rejection
from schemas.selling import Channel, Selling
from schemas.selling_edits import RemoveChannel
from tests.engine.factories import (
    ALICE,
    EVENING,
    MATINEE,
    NOON,
    WORKSPACE,
    change,
    channel,
    command,
    edit_channels,
    event_created,
)
from tests.engine.scenario import GroupsScenario, SeatsScenario

DIFFER, ANOTHER = Rejection.CHANNELS_DIFFER, Rejection.OBJECT_OF_ANOTHER_CHANNEL
FIRST = [channel("a", "A-1", "A-2"), channel("b", "A-3")]
SECOND = [channel("b", "A-2", "A-3"), channel("a", "A-1")]


def house(first: list[Channel], second: list[Channel]) -> SeatsScenario:
    return SeatsScenario(
        event_created(selling=Selling(channels=first)),
        event_created(EVENING, "evening", selling=Selling(channels=second)),
    )


def both(*labels: str, ignore: bool = False, group: bool = True) -> ChangeObjectStatus:
    keys = ["a", "b", "NO_CHANNEL"]
    changes = [
        change(BOOKED, *labels, event=event, channels=keys, ignore_channels=ignore)
        for event in (MATINEE, EVENING)
    ]
    return command(*changes, same_channels=group)


def test_a_seat_is_in_the_same_channel_on_all_events() -> None:
    house(FIRST, SECOND).given(both("A-1", "A-3", "A-4"))


def test_a_seat_in_another_channel_on_one_event_is_refused() -> None:
    scenario = house(FIRST, SECOND).when(both("A-1", "A-2", "A-4"))
    scenario.then_rejected(DIFFER, ("A-2", DIFFER))
    assert scenario.refusal.obstacles == [
        Obstacle(event=EVENING, label="A-2", code=DIFFER.code, requested_status=BOOKED)
    ]
    scenario.then_untouched("A-1", "A-2").then_untouched("A-1", event=EVENING)


def test_a_seat_in_a_channel_on_one_event_and_in_none_on_another_is_refused() -> None:
    house(FIRST, []).when(both("A-1", "A-4")).then_rejected(DIFFER, ("A-1", DIFFER))
    house([], FIRST).when(both("A-1", "A-4")).then_rejected(DIFFER, ("A-1", DIFFER))


def test_who_ignores_channels_and_a_batch_may_mix_them() -> None:
    house(FIRST, SECOND).given(both("A-2", ignore=True))
    house(FIRST, SECOND).given(both("A-2", group=False))


def test_what_else_is_in_the_way_is_named_as_well() -> None:
    changes = [change(BOOKED, "A-1", "A-2", event=event) for event in (MATINEE, EVENING)]
    scenario = house(FIRST, []).when(command(*changes, same_channels=True))
    scenario.then_rejected(
        ANOTHER, ("A-1", DIFFER), ("A-2", DIFFER), ("A-1", ANOTHER), ("A-2", ANOTHER)
    )


def test_places_of_areas_are_each_events_own_business() -> None:
    house([channel("a", GA=3)], []).given(both("GA"))


def coordinator(first: list[Channel], second: list[Channel]) -> GroupsScenario:
    events = [
        NewEvent(key=key, chart_key="hall", inventory="1", selling=Selling(channels=channels))
        for key, channels in (("matinee", first), ("evening", second))
    ]
    return GroupsScenario().given(CreateEvents(workspace=WORKSPACE, events=events))


def begun(scenario: GroupsScenario, *labels: str, ignore: bool = False) -> Rejected | GroupBegun:
    ids = [scenario.state.directory.find(WORKSPACE, key) for key in ("matinee", "evening")]
    changes = [
        change(BOOKED, *labels, event=entry.event, by=ALICE, ignore_channels=ignore)
        for entry in ids
        if entry is not None
    ]
    asked = Asked(command=CommandPosition(0, 1), workspace=WORKSPACE)
    machine = GroupsMachine(1, 4)
    decision = machine.decide(scenario.state, command(*changes, same_channels=True), NOON, asked)
    if isinstance(decision.answer, Rejected):
        assert not decision.facts
        return decision.answer
    [fact] = decision.facts
    assert isinstance(fact, GroupBegun)
    return fact


def test_over_several_partitions_the_coordinator_looks() -> None:
    scenario = coordinator(FIRST, SECOND)
    refused = begun(scenario, "A-1", "A-2", "A-4")
    assert isinstance(refused, Rejected)
    assert refused.code == DIFFER.code
    assert [obstacle.label for obstacle in refused.obstacles] == ["A-2"]
    assert isinstance(begun(scenario, "A-1", "A-3", "A-4"), GroupBegun)
    assert isinstance(begun(scenario, "A-2", ignore=True), GroupBegun)


def test_the_coordinator_knows_of_every_edit() -> None:
    scenario = coordinator(FIRST, [])
    assert isinstance(begun(scenario, "A-1"), Rejected)
    scenario.given(edit_channels("matinee", RemoveChannel(key="a")))
    assert isinstance(begun(scenario, "A-1"), GroupBegun)
    assert isinstance(begun(scenario, "A-3"), Rejected)
