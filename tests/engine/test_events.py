"""Events come, are renamed and go as the coordinator says."""

from collections.abc import Callable, Sequence

import msgspec
import pytest

from schemas.commands import ChangeObjectStatus
from schemas.facts import BOOKED, CommandParked, EventCreated, GroupsFact, SeatsFact
from schemas.rejections import Rejection
from tests.engine.factories import (
    ALICE,
    ANOTHER_WORKSPACE,
    BARN,
    EVENING,
    FAIR,
    INVENTORIES,
    MATINEE,
    PARTITION,
    THEATRE,
    book,
    change,
    create,
    deadline_set,
    event_created,
    event_deleted,
    event_renamed,
    hash_of,
    hold,
    places,
    release,
    sold_from,
    update_extra_data,
)
from tests.engine.scenario import GroupsScenario, SeatsScenario
from tests.engine.test_reservations import begun, cancelled, confirmed


def test_what_a_coordinator_decided_is_told_again_as_applied() -> None:
    scenario = SeatsScenario().when([event_created(EVENING, "evening")])
    assert scenario.last.answer is None
    assert scenario.last.facts == [event_created(EVENING, "evening")]


def test_an_owner_applies_what_concerns_its_partition_and_every_hold() -> None:
    machine = SeatsScenario().machine
    assert machine.concerns(event_created(partition=PARTITION))
    assert not machine.concerns(event_created(partition=PARTITION + 1))
    assert machine.concerns(event_deleted())
    assert machine.concerns(event_renamed(MATINEE, "new", "old"))
    assert machine.concerns(deadline_set(ALICE, ALICE.expires_at))


def test_an_owner_needs_the_inventories_of_the_events_that_a_record_creates() -> None:
    facts: list[SeatsFact] = [
        event_created(),
        event_deleted(),
        event_created(EVENING, "evening", venue=BARN),
    ]
    assert SeatsScenario().machine.needs(facts) == [hash_of(THEATRE), hash_of(BARN)]


def test_events_of_one_chart_share_its_seat_map_and_keep_nothing_of_their_own() -> None:
    scenario = SeatsScenario(
        *(event_created(256 * number, f"show{number}") for number in range(100))
    )
    events = scenario.state.events.values()
    assert {id(event.map.chart) for event in events} == {id(INVENTORIES[hash_of(THEATRE)])}
    assert sum(len(event.objects) for event in events) == 0


def test_a_renamed_event_keeps_all_it_has() -> None:
    scenario = SeatsScenario().given(book("A-1"), [event_renamed(MATINEE, "gala", "matinee")])
    assert scenario.event().key == "gala"
    scenario.then_seats("A  x . . . .").given(book("A-2"))
    assert scenario.changes[0].seq == 2


def test_a_deleted_event_is_not_found() -> None:
    scenario = SeatsScenario().given(book("A-1"), [event_deleted()])
    scenario.when(book("A-2")).then_rejected(Rejection.EVENT_NOT_FOUND)
    scenario.when(update_extra_data(A_1={"a": 1})).then_rejected(Rejection.EVENT_NOT_FOUND)


def test_deleting_an_event_leaves_nothing_of_it_behind() -> None:
    empty = SeatsScenario(event_created(EVENING, "evening"))
    scenario = SeatsScenario(event_created(), event_created(EVENING, "evening")).given(
        book("A-1", places("GA", 3)),
        hold("A-2", places("GA", 2), by=ALICE),
        update_extra_data(A_3={"a": 1}),
        [event_deleted()],
    )
    assert scenario.last.facts == [event_deleted()]
    assert scenario.state.digest() == empty.state.digest()
    assert scenario.state.holds.objects("alice") == []
    assert scenario.at(ALICE.expires_at).expired == []


def test_a_token_of_a_deleted_event_can_hold_elsewhere() -> None:
    SeatsScenario(event_created(), event_created(EVENING, "evening")).given(
        hold("A-1", by=ALICE), [event_deleted()], hold("A-1", event=EVENING, by=ALICE)
    ).then_seats("A  h . . . .", event=EVENING)


def test_a_new_event_under_an_old_key_begins_anew() -> None:
    scenario = SeatsScenario().given(
        book("A-1"), [event_deleted()], [event_created(EVENING, "matinee")]
    )
    scenario.then_untouched("A-1", event=EVENING)
    scenario.given(book("A-1", event=EVENING))
    assert scenario.changes[0].seq == 1


def test_events_of_two_workspaces_may_have_the_same_key() -> None:
    scenario = SeatsScenario(
        event_created(), event_created(EVENING, "matinee", workspace=ANOTHER_WORKSPACE)
    )
    scenario.given(book("A-1")).then_seats("A  . . . . .", event=EVENING)
    scenario.when(book("A-1", event=EVENING)).then_rejected(Rejection.EVENT_NOT_FOUND)


def test_a_whole_life_from_the_coordinators_word_to_the_last_ticket() -> None:
    coordinator = GroupsScenario(events_partitions=PARTITION + 1)
    owner = SeatsScenario()
    facts = _made_in(PARTITION, coordinator)
    owner.given(facts)
    event = facts[0].event
    owner.given(book(places("GA", 10), event=event)).then_area(taken={BOOKED: 10}, event=event)


def _made_in(partition: int, coordinator: GroupsScenario) -> list[EventCreated]:
    """Create events until the coordinator has put one into this partition."""
    coordinator.given(create(*(f"show{number}" for number in range(100))))
    return [fact for fact in coordinator.last.facts if fact.partition == partition][:1]


def test_a_command_for_an_event_that_has_another_key_by_now_finds_none() -> None:
    scenario = SeatsScenario(
        event_created(MATINEE, "fri"), event_renamed(MATINEE, "sat", previous_key="fri")
    )
    changes = (("fri", "A-1", False), ("sat", "A-1", True), (None, "A-2", True))
    for key, label, is_meant in changes:
        asked = book(label)
        on_key = [msgspec.structs.replace(change, event_key=key) for change in asked.changes]
        scenario.when(msgspec.structs.replace(asked, changes=on_key))
        if is_meant:
            scenario.then_accepted()
        else:
            scenario.then_rejected(Rejection.EVENT_NOT_FOUND)
    for key in ("fri", "sat"):
        scenario.when(msgspec.structs.replace(update_extra_data(A_1={"a": 1}), event_key=key))
        if key == "fri":
            scenario.then_rejected(Rejection.EVENT_NOT_FOUND)
        else:
            scenario.then_accepted()


def _by_key(key: str, label: str) -> ChangeObjectStatus:
    asked = book(label, order_id="by key")
    changes = [msgspec.structs.replace(change, event_key=key) for change in asked.changes]
    return msgspec.structs.replace(asked, changes=changes)


@pytest.mark.parametrize(("decided", "order_id"), [(confirmed, None), (cancelled, "by key")])
def test_who_waits_for_a_group_is_not_refused_because_its_event_is_renamed(
    decided: Callable[[], Sequence[GroupsFact]], order_id: str | None
) -> None:
    renamed = event_renamed(MATINEE, "gala", previous_key="matinee")
    scenario = SeatsScenario().when(begun(change(BOOKED, "A-1")))
    scenario.when(_by_key("matinee", "A-1"))
    assert [type(fact) for fact in scenario.last.facts] == [CommandParked]
    scenario.given([renamed]).when(decided()).after(1)
    booked = scenario.object("A-1")
    assert (booked.status, booked.order_id) == (BOOKED, order_id)


def test_who_comes_with_a_key_of_before_does_not_wait_to_hear_so() -> None:
    scenario = SeatsScenario(event_created(), event_renamed(MATINEE, "gala", "matinee"))
    scenario.when(begun(change(BOOKED, "A-1")))
    scenario.when(_by_key("matinee", "A-1")).then_rejected(Rejection.EVENT_NOT_FOUND)
    extra_data = msgspec.structs.replace(update_extra_data(A_1={"a": 1}), event_key="matinee")
    scenario.when(extra_data).then_rejected(Rejection.EVENT_NOT_FOUND)


def test_an_event_is_renamed_while_a_part_of_a_group_is_reserved_there() -> None:
    renamed = event_renamed(MATINEE, "gala", previous_key="matinee")
    scenario = SeatsScenario().when(begun(change(BOOKED, "A-1"))).given([renamed])
    scenario.when(confirmed())
    assert scenario.object("A-1").status == BOOKED


def test_an_owner_knows_which_events_are_in_the_past() -> None:
    scenario = SeatsScenario()
    assert not scenario.event().is_in_the_past
    past = msgspec.structs.replace(
        event_renamed(MATINEE, "matinee", "matinee"), is_in_the_past=True
    )
    scenario.given([past], [event_renamed(MATINEE, "gala", "matinee")])
    assert scenario.event().is_in_the_past


def test_an_event_that_moves_to_another_chart_keeps_what_is_taken() -> None:
    scenario = SeatsScenario().given(book("A-1", "B-1", places("GA", 2)), [sold_from(BARN)])
    assert scenario.machine.needs([sold_from(BARN)]) == [hash_of(BARN)]
    scenario.when(book("A-1", "B-1", "B-2", "GA")).then_rejected(
        Rejection.OBJECT_NOT_FOUND,
        ("A-1", Rejection.OBJECT_NOT_FREE),
        ("B-1", Rejection.OBJECT_NOT_FOUND),
        ("B-2", Rejection.OBJECT_NOT_FOUND),
        ("GA", Rejection.OBJECT_NOT_FOUND),
    )
    scenario.given(book("A-1300", places("Floor", 20_000)))
    scenario.when(release(places("GA", 3))).then_rejected(Rejection.NOT_ENOUGH_TAKEN_PLACES)
    scenario.given(release("A-1", "B-1", places("GA", 2)))
    scenario.when(release("B-1")).then_rejected(Rejection.OBJECT_NOT_FOUND)
    scenario.then_untouched("A-1", "B-1")


def test_what_was_sold_as_something_else_is_given_back_before_it_is_sold_anew() -> None:
    scenario = SeatsScenario().given(book("Booth", places("GA", 2)), [sold_from(FAIR)])
    scenario.when(book("GA", places("Booth", 5))).then_rejected(Rejection.OBJECT_NOT_FOUND)
    scenario.given(release(places("GA", 2), "Booth", order_id="refund"))
    scenario.given(book("GA", places("Booth", 5)))
    assert scenario.object("GA").area is None
    scenario.then_area("Booth", taken={BOOKED: 5})


def test_who_waits_for_an_object_that_is_gone_hears_so() -> None:
    scenario = SeatsScenario().when(begun(change(BOOKED, "B-1", places("GA", 3))))
    scenario.when(book("B-1", places("GA", 8))).given([sold_from(BARN)]).after(1)
    assert not len(scenario.state.parking)
    scenario.when(confirmed())
    assert scenario.object("B-1").status == BOOKED
    scenario.then_area(taken={BOOKED: 3}).given(release("B-1", places("GA", 3)))
