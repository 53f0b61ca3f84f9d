"""A group's part in one partition, with the coordinator's words put in its mouth."""

import msgspec
import pytest

from engine.groups.voting import joined
from engine.groups.voting import obstacles_bytes_max as joined_bytes_max
from engine.seats.areas import statuses_bytes_max
from engine.seats.changes import obstacles_bytes_max, rejected
from schemas.commands import Asked, Change, CommandPosition
from schemas.facts import (
    BOOKED,
    FREE,
    HELD,
    CommandParked,
    GroupBegun,
    GroupCancelled,
    GroupConfirmed,
    GroupPart,
    GroupRefused,
    GroupReserved,
    StatusChanged,
)
from schemas.rejections import Obstacle, Rejected, Rejection
from tests.engine.factories import (
    ALICE,
    BOB,
    CALLER,
    CAPACITY,
    EVENING,
    MATINEE,
    NOON,
    PARTITION,
    WORKSPACE,
    book,
    change,
    command,
    event_created,
    event_deleted,
    hold,
    places,
)
from tests.engine.scenario import SeatsScenario
from workers.ledger import record_bytes_max

GROUP = 7


def begun(*changes: Change, group: int = GROUP) -> list[GroupBegun]:
    return [
        GroupBegun(
            group=group,
            asked=Asked(command=CommandPosition(0, group), workspace=WORKSPACE),
            parts=[GroupPart(partition=PARTITION, changes=list(changes))],
            origin=CALLER,
            vote_by=NOON + 3_000,
        )
    ]


def confirmed(group: int = GROUP) -> list[GroupConfirmed]:
    return [GroupConfirmed(group=group, partitions=[PARTITION])]


def cancelled(group: int = GROUP) -> list[GroupCancelled]:
    return [GroupCancelled(group=group, partitions=[PARTITION])]


def kinds(scenario: SeatsScenario) -> list[str]:
    return [type(fact).__name__ for fact in scenario.last.facts]


def test_a_hold_that_ends_in_doubt_gives_back_no_more_than_it_had() -> None:
    """The group brings places to the hold before it takes them: those are not the token's yet."""
    scenario = SeatsScenario().given(hold(places("GA", 3), by=ALICE), book(places("GA", 2)))
    group = begun(
        change(HELD, places("GA", 5), by=ALICE), change(BOOKED, places("GA", 8), by=ALICE)
    )
    scenario.when(group)
    assert kinds(scenario) == ["GroupReserved"]
    scenario.at(ALICE.expires_at).then_area(
        taken={BOOKED: 2}, held={"alice": {"NO_TICKET_TYPE": 3}}
    )
    scenario.when(confirmed()).then_area(taken={BOOKED: CAPACITY})


def test_a_hold_that_ends_in_doubt_gives_back_what_no_group_wants() -> None:
    scenario = SeatsScenario().given(hold(places("GA", 5), by=ALICE))
    scenario.when(begun(change(BOOKED, places("GA", 2), by=ALICE)))
    scenario.at(ALICE.expires_at).then_area(held={"alice": {"NO_TICKET_TYPE": 2}})
    scenario.when(cancelled()).after(1).then_untouched("GA")


def test_a_part_that_has_too_much_to_tell_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.seats.changes.facts_bytes_max", 400)
    monkeypatch.setattr("engine.seats.changes.counted_from_objects", 1)
    events = (event_created(), event_created(EVENING, key="evening"))
    many = [change(BOOKED, "A-1", "A-2", event=event) for event in (MATINEE, EVENING)]
    scenario = SeatsScenario(*events).when(begun(*many))
    [refused] = scenario.last.facts
    assert isinstance(refused, GroupRefused)
    assert refused.refusal.code == Rejection.COMMAND_TOO_LARGE.code
    scenario.when(cancelled()).when(begun(*many[:1]))
    assert isinstance(scenario.last.facts[0], GroupReserved)


def test_a_part_counts_the_statuses_that_an_area_may_have_when_it_is_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.seats.changes.facts_bytes_max", statuses_bytes_max)
    scenario = SeatsScenario().when(begun(change(BOOKED, places("GA", 1))))
    [refused] = scenario.last.facts
    assert isinstance(refused, GroupRefused)


def _in_the_way(count: int) -> list[Obstacle]:
    return [
        Obstacle(
            event=MATINEE,
            label=f"{number:0100}",
            code=Rejection.OBJECT_NOT_FREE.code,
            status="s" * 100,
            requested_status="r" * 100,
        )
        for number in range(count)
    ]


def test_a_refusal_tells_what_a_record_can_and_counts_the_rest() -> None:
    refusal = rejected(_in_the_way(5_000))
    assert len(msgspec.json.encode(refusal)) < obstacles_bytes_max + 5_000
    assert len(refusal.obstacles) > 500
    assert len(refusal.obstacles) + refusal.obstacles_left_out == 5_000
    whole = joined([refusal] * 20)
    assert len(whole.obstacles) + whole.obstacles_left_out == 100_000
    told = len(msgspec.json.encode(whole)) + len(msgspec.json.encode(refusal))
    assert told < joined_bytes_max + obstacles_bytes_max + 10_000 < record_bytes_max


def test_a_status_that_a_group_may_bring_is_no_reason_for_a_refusal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.seats.areas.statuses_per_area_max", 2)
    scenario = SeatsScenario().given(book("GA")).when(begun(change("blue", "GA")))
    scenario.when(command(change("red", "GA")))
    assert isinstance(scenario.last.facts[0], CommandParked)
    scenario.when(cancelled()).after(1)
    scenario.then_area(taken={BOOKED: 1, "red": 1})


def test_who_keeps_the_extra_data_of_an_area_waits_for_a_group_there() -> None:
    scenario = SeatsScenario().when(begun(change(BOOKED, "GA")))
    scenario.when(command(change(BOOKED, "GA", keep_extra_data=True)))
    assert kinds(scenario) == ["CommandParked"]
    other = SeatsScenario().when(begun(change(BOOKED, "GA", keep_extra_data=True)))
    other.when(book("GA"))
    assert kinds(other) == ["CommandParked"]


def test_a_seat_that_is_given_back_in_doubt_refuses_nobody() -> None:
    scenario = SeatsScenario().given(book("A-1")).when(begun(change(FREE, "A-1")))
    scenario.when(hold("A-1", by=BOB))
    assert kinds(scenario) == ["CommandParked"]
    scenario.when(confirmed())
    [freed, _] = scenario.last.facts
    assert isinstance(freed, StatusChanged)
    scenario.after(1).then_seats("B  . . . . .")


def test_what_a_group_left_out_of_a_refusal_is_certain() -> None:
    """One seat is sold for certain, one is in doubt: only the sold one is in the way."""
    scenario = SeatsScenario().given(book("A-1")).when(begun(change(BOOKED, "A-2")))
    scenario.when(book("A-1", "A-2")).then_rejected(
        Rejection.OBJECT_NOT_FREE, ("A-1", Rejection.OBJECT_NOT_FREE)
    )


@pytest.mark.parametrize("limit", ["parked_max", "parked_bytes_max"])
def test_past_the_limit_nobody_else_waits_and_nothing_is_changed(
    monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(f"engine.seats.parking.{limit}", 1)
    scenario = SeatsScenario().when(begun(change(BOOKED, "A-1")))
    scenario.when(book("A-1"))
    assert kinds(scenario) == ["CommandParked"]
    scenario.when(book("A-1", "A-2")).then_rejected(Rejection.BUSY_IN_DOUBT)
    scenario.when(begun(change(BOOKED, "A-1", "A-2"), group=8))
    [refused] = scenario.last.facts
    assert isinstance(refused, GroupRefused)
    assert refused.refusal.code == Rejection.BUSY_IN_DOUBT.code
    # What need not wait goes on, and who waited gets what is left.
    scenario.when(book("A-2")).then_accepted()
    scenario.when(cancelled()).after(1)
    assert scenario.object("A-1").status == BOOKED
    assert not len(scenario.state.parking)


def test_who_waits_hears_that_the_event_is_gone_and_the_group_goes_on_elsewhere() -> None:
    scenario = SeatsScenario(event_created(), event_created(EVENING, key="evening"))
    scenario.when(begun(change(BOOKED, "A-1"), change(BOOKED, "A-1", event=EVENING)))
    scenario.when(book("A-1"))
    assert kinds(scenario) == ["CommandParked"]
    scenario.given([event_deleted()]).after(1)
    assert scenario.answers[-1] == Rejected(
        code=Rejection.EVENT_NOT_FOUND.code, detail=str(MATINEE)
    )
    scenario.when(confirmed())
    assert scenario.object("A-1", EVENING).status == BOOKED
