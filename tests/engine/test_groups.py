"""The coordinator: event keys are given out once, and hold deadlines moved."""

from typing import Any

import pytest

from engine.groups.machine import GroupsMachine, partition_of
from schemas.commands import CreateEvents, CreateSeason, Hold, NewEvent, ReplaceInventory
from schemas.facts import EventCreated, EventDeleted, EventUpdated, HoldDeadlineSet
from schemas.rejections import Rejection
from schemas.selling import EventCategory, Selling, TableBooking
from tests.engine.factories import (
    ALICE,
    ANOTHER_WORKSPACE,
    HOUR,
    MINUTE,
    NOON,
    SECOND,
    WORKSPACE,
    create,
    delete,
    set_deadline,
    update,
)
from tests.engine.scenario import GroupsScenario


def test_a_new_event_has_all_that_was_said_about_it() -> None:
    asked = NewEvent(
        key="gala", chart_key="hall", inventory="1234", name="A gala", date="2026-02-01"
    )
    scenario = GroupsScenario(partition=1, events_partitions=4)
    scenario.given(CreateEvents(workspace=WORKSPACE, events=[asked]))
    assert scenario.last.facts == [
        EventCreated(
            event=257,
            partition=partition_of(WORKSPACE, "gala", 4),
            workspace=WORKSPACE,
            key="gala",
            chart_key="hall",
            inventory="1234",
            name="A gala",
            date="2026-02-01",
            created_at=NOON,
        )
    ]


def test_a_hundred_events_are_created_at_once_in_their_order() -> None:
    keys = [f"show{number}" for number in range(100)]
    scenario = GroupsScenario().given(create(*keys))
    assert [fact.key for fact in scenario.last.facts] == keys
    assert len({fact.event for fact in scenario.last.facts}) == 100
    assert {fact.partition for fact in scenario.last.facts} == {0, 1, 2, 3}


def test_no_two_coordinators_give_out_the_same_id() -> None:
    scenarios = [GroupsScenario(partition).given(create(*"abc")) for partition in (0, 1, 255)]
    ids = [fact.event for scenario in scenarios for fact in scenario.last.facts]
    assert len(set(ids)) == 9


def test_no_id_is_given_out_twice_even_if_its_event_is_gone() -> None:
    scenario = GroupsScenario()
    given_out = set()
    for _ in range(5):
        scenario.given(create("a"))
        given_out.add(scenario.last.facts[0].event)
        scenario.given(delete("a"))
    assert len(given_out) == 5


def test_a_taken_key_refuses_all_the_events_of_a_request() -> None:
    scenario = GroupsScenario().given(create("a", "b")).when(create("c", "b", "d", "a"))
    scenario.then_rejected(Rejection.EVENT_KEY_TAKEN)
    assert scenario.refusal.detail == "b, a"
    assert scenario.state.directory.find(WORKSPACE, "c") is None


def test_a_key_twice_in_one_request_is_refused() -> None:
    scenario = GroupsScenario().when(create("a", "b", "a"))
    scenario.then_rejected(Rejection.EVENT_KEY_TAKEN)
    assert scenario.refusal.detail == "a"
    assert scenario.state.directory.find(WORKSPACE, "b") is None


def test_a_refused_creation_uses_up_no_id() -> None:
    scenario = GroupsScenario().given(create("a")).when(create("b", "a"))
    scenario.then_rejected(Rejection.EVENT_KEY_TAKEN).given(create("b"))
    assert scenario.last.facts[0].event == 2 * 256 + 1


def test_another_workspace_may_have_the_same_key() -> None:
    GroupsScenario().given(create("a"), create("a", workspace=ANOTHER_WORKSPACE))


def test_what_is_not_said_about_an_event_stays_as_it_was() -> None:
    scenario = GroupsScenario().given(create("a")).after(SECOND)
    created = scenario.last.facts[0]
    scenario.given(update("a", name="A gala"))
    assert scenario.last.facts == [
        EventUpdated(
            event=created.event,
            partition=created.partition,
            workspace=WORKSPACE,
            key="a",
            previous_key="a",
            name="A gala",
            updated_at=NOON + SECOND,
        )
    ]


def replace(inventory: str, chart_key: str = "chart", **fields: Any) -> ReplaceInventory:  # noqa: ANN401
    named = {"workspace": WORKSPACE, **fields}
    return ReplaceInventory(chart_key=chart_key, inventory=inventory, **named)


def test_all_events_of_a_chart_and_no_others_are_sold_from_its_new_inventory() -> None:
    elsewhere = NewEvent(key="c", chart_key="other chart", inventory="before")
    scenario = GroupsScenario().given(
        create("a", "b"),
        CreateEvents(workspace=WORKSPACE, events=[elsewhere]),
        create("a", workspace=ANOTHER_WORKSPACE),
        update("a", new_key="z"),
    )
    scenario.after(SECOND).given(replace("after"))
    told = [(fact.key, fact.previous_key, fact.inventory) for fact in scenario.last.facts]
    assert sorted(told) == [("b", "b", "after"), ("z", "z", "after")]
    assert {fact.updated_at for fact in scenario.last.facts} == {NOON + SECOND}
    directory = scenario.state.directory
    assert {
        (entry.workspace, entry.key): entry.inventory == "after"
        for entry in directory._by_id.values()
    } == {
        (WORKSPACE, "b"): True,
        (WORKSPACE, "z"): True,
        (WORKSPACE, "c"): False,
        (ANOTHER_WORKSPACE, "a"): False,
    }
    scenario.given(replace("after"))
    assert scenario.last.facts == []


def test_of_many_events_so_many_at_once_get_a_new_inventory_until_all_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.groups.machine.inventories_replaced_at_once_max", 2)
    scenario = GroupsScenario().given(create(*"abcde"))
    replaced = []
    for _ in range(4):
        scenario.given(replace("after"))
        replaced.append([fact.key for fact in scenario.last.facts])
    assert [len(keys) for keys in replaced] == [2, 2, 1, 0]
    assert sorted(key for keys in replaced for key in keys) == [*"abcde"]


def test_a_season_gets_a_new_inventory_with_all_its_events_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.groups.machine.inventories_replaced_at_once_max", 2)
    year = NewEvent(key="year", chart_key="chart", inventory="before")
    season = CreateSeason(workspace=WORKSPACE, season=year, event_keys=["may", "june"])
    scenario = GroupsScenario().given(create("a"), season, create("b"))
    replaced = []
    for _ in range(4):
        scenario.given(replace("after"))
        replaced.append({fact.key for fact in scenario.last.facts})
    assert replaced == [{"a"}, {"year", "may", "june"}, {"b"}, set()]


def test_a_renamed_event_is_found_by_its_new_key_only() -> None:
    scenario = GroupsScenario().given(create("a"))
    created = scenario.last.facts[0]
    scenario.given(update("a", new_key="b", is_in_the_past=True))
    [updated] = scenario.last.facts
    assert (updated.key, updated.previous_key, updated.is_in_the_past) == ("b", "a", True)
    assert (updated.event, updated.partition) == (created.event, created.partition)
    scenario.when(update("a", name="gone")).then_rejected(Rejection.EVENT_NOT_FOUND)
    assert scenario.refusal.detail == "a"
    scenario.given(update("b", name="here"), create("a"))


def test_a_renamed_event_stays_in_the_partition_of_its_first_key() -> None:
    scenario = GroupsScenario().given(create("a"))
    home = partition_of(WORKSPACE, "a", 4)
    elsewhere = next(key for key in "bcdefgh" if partition_of(WORKSPACE, key, 4) != home)
    scenario.given(update("a", new_key=elsewhere), delete(elsewhere))
    assert scenario.last.facts[0].partition == home


def test_an_event_may_be_renamed_to_the_name_it_has() -> None:
    GroupsScenario().given(create("a"), update("a", new_key="a"), update("a"))


def test_an_event_is_not_renamed_to_a_taken_key() -> None:
    scenario = GroupsScenario().given(create("a", "b")).when(update("a", new_key="b", name="x"))
    scenario.then_rejected(Rejection.EVENT_KEY_TAKEN)
    assert scenario.refusal.detail == "b"
    scenario.given(update("a"))


def test_a_deleted_events_key_is_free_at_once() -> None:
    scenario = GroupsScenario().given(create("a"))
    created = scenario.last.facts[0]
    scenario.given(delete("a"))
    assert scenario.last.facts == [
        EventDeleted(event=created.event, partition=created.partition, workspace=WORKSPACE, key="a")
    ]
    assert scenario.state.directory.by_id(created.event) is None
    scenario.when(delete("a")).then_rejected(Rejection.EVENT_NOT_FOUND)
    scenario.when(update("a")).then_rejected(Rejection.EVENT_NOT_FOUND)
    scenario.given(create("a"))


def test_another_workspaces_event_is_not_found() -> None:
    scenario = GroupsScenario().given(create("a"))
    scenario.when(delete("a", workspace=ANOTHER_WORKSPACE))
    scenario.then_rejected(Rejection.EVENT_NOT_FOUND)
    scenario.when(update("a", workspace=ANOTHER_WORKSPACE))
    scenario.then_rejected(Rejection.EVENT_NOT_FOUND)


def test_the_digest_is_that_of_the_events_there_are() -> None:
    nothing = GroupsScenario().state.directory.digest_sum
    scenario = GroupsScenario().given(create("a"))
    one = scenario.state.directory.digest_sum
    scenario.given(update("a", new_key="b"))
    renamed = scenario.state.directory.digest_sum
    scenario.given(update("b", new_key="a"))
    assert scenario.state.directory.digest_sum == one
    scenario.given(delete("a"))
    assert scenario.state.directory.digest_sum == nothing
    assert len({nothing, one, renamed}) == 3


# Where events live is on the log for good; these must hold in every version, on every machine.
@pytest.mark.parametrize(
    ("workspace", "key", "partition"),
    [
        ("theatre", "matinee", 3),
        ("theatre", "evening", 2),
        ("theatre", "gala", 2),
        ("stadium", "matinee", 3),
        ("théâtre", "soirée ☂", 0),
    ],
)
def test_the_partition_of_a_new_event_is_the_same_everywhere(
    workspace: str, key: str, partition: int
) -> None:
    assert partition_of(workspace, key, 4) == partition


def test_new_events_are_spread_over_all_partitions() -> None:
    found = [partition_of(WORKSPACE, f"show{number}", 4) for number in range(1000)]
    assert min(found.count(partition) for partition in range(4)) > 200


def test_more_partitions_move_no_event() -> None:
    before = GroupsScenario(events_partitions=4).given(create(*"abcdefgh"))
    homes = {fact.key: fact.partition for fact in before.last.facts}
    before.machine = GroupsMachine(1, 64)
    for key, home in homes.items():
        before.given(update(key, name="x"))
        assert before.last.facts[0].partition == home


# -- hold deadlines


def test_a_hold_ends_as_long_from_now_as_was_asked() -> None:
    scenario = GroupsScenario().after(MINUTE).given(set_deadline(ALICE, 30 * MINUTE))
    assert scenario.last.facts == [
        HoldDeadlineSet(
            workspace=WORKSPACE,
            token="alice",
            expires_at=NOON + 31 * MINUTE,
            previous_expires_at=ALICE.expires_at,
            remembered_until=NOON + 32 * MINUTE,
        )
    ]


def test_a_hold_can_end_now() -> None:
    scenario = GroupsScenario().after(MINUTE).given(set_deadline(ALICE, 0))
    [ended] = scenario.last.facts
    assert ended.expires_at == NOON + MINUTE
    assert ended.remembered_until == ALICE.expires_at + MINUTE


def test_an_ended_hold_cannot_be_extended() -> None:
    scenario = GroupsScenario().given(set_deadline(ALICE, 0))
    scenario.when(set_deadline(ALICE, HOUR)).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)
    assert scenario.refusal.detail == "alice"


def test_a_hold_cannot_be_extended_at_its_deadline_but_a_millisecond_before() -> None:
    left = ALICE.expires_at - NOON
    GroupsScenario().after(left - 1).given(set_deadline(ALICE, HOUR))
    GroupsScenario().after(left).when(set_deadline(ALICE, HOUR)).then_rejected(
        Rejection.HOLD_TOKEN_EXPIRED
    )


def test_a_second_extension_is_measured_against_the_first() -> None:
    scenario = GroupsScenario().given(set_deadline(ALICE, HOUR)).after(30 * MINUTE)
    scenario.given(set_deadline(ALICE, HOUR))
    [extended] = scenario.last.facts
    assert extended.previous_expires_at == NOON + HOUR
    assert extended.expires_at == NOON + HOUR + 30 * MINUTE


def test_a_shortened_hold_is_remembered_as_long_as_its_longest_deadline() -> None:
    scenario = GroupsScenario().given(set_deadline(ALICE, 2 * HOUR), set_deadline(ALICE, MINUTE))
    [shortened] = scenario.last.facts
    assert shortened.expires_at == NOON + MINUTE
    assert shortened.remembered_until == NOON + 2 * HOUR + MINUTE
    scenario.given(set_deadline(ALICE, SECOND))
    assert scenario.last.facts[0].remembered_until == NOON + 2 * HOUR + MINUTE


def test_a_second_extension_is_remembered_when_the_first_could_be_forgotten() -> None:
    scenario = GroupsScenario().given(set_deadline(ALICE, 30 * MINUTE), set_deadline(ALICE, HOUR))
    scenario.after(31 * MINUTE).given(create("a"), set_deadline(ALICE, HOUR))
    assert scenario.last.facts[0].previous_expires_at == NOON + HOUR


def test_a_changed_deadline_is_forgotten_when_no_signature_can_contradict_it() -> None:
    scenario = GroupsScenario().given(set_deadline(ALICE, 0))
    scenario.after(ALICE.expires_at - NOON + MINUTE - 1).given(create("a"))
    assert scenario.state.directory.hold("alice") is not None
    scenario.after(1).given(create("b"))
    assert scenario.state.directory.hold("alice") is None
    scenario.when(set_deadline(ALICE, HOUR)).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)


def test_a_hold_lasts_two_hours_at_most_from_the_making_of_its_token() -> None:
    scenario = GroupsScenario().when(set_deadline(ALICE, 2 * HOUR + 1))
    scenario.then_rejected(Rejection.HOLD_DEADLINE_TOO_FAR)
    scenario.given(set_deadline(ALICE, HOUR)).after(50 * MINUTE)
    scenario.when(set_deadline(ALICE, 70 * MINUTE + 1))
    scenario.then_rejected(Rejection.HOLD_DEADLINE_TOO_FAR)
    scenario.given(set_deadline(ALICE, 70 * MINUTE))


def test_a_hold_that_was_to_last_two_hours_can_be_ended_by_any_clock() -> None:
    ahead = Hold("ahead", NOON + 3 * HOUR)
    GroupsScenario().after(2 * HOUR + 1).given(set_deadline(ahead, 0))


def test_of_two_reasons_the_one_that_stands_first_is_the_answer() -> None:
    stale = Hold("stale", NOON)
    GroupsScenario().when(set_deadline(stale, 3 * HOUR)).then_rejected(Rejection.HOLD_TOKEN_EXPIRED)


def test_coordinators_have_nothing_due_and_need_no_inventory() -> None:
    scenario = GroupsScenario().given(create("a"))
    scenario.machine.due(scenario.state, NOON + HOUR)
    assert scenario.machine.needs(scenario.last.facts) == ()


def test_how_an_event_is_sold_is_replaced_field_by_field_and_told_as_a_whole() -> None:
    tables = TableBooking(mode="all_by_table")
    own = [EventCategory(key="own", label="Own")]
    scenario = GroupsScenario().given(create("matinee"), update("matinee", tables=tables))
    scenario.when(update("matinee", categories=own, object_categories={"A-1": "own"}))
    [told] = scenario.last.facts
    assert told.selling == Selling(tables=tables, categories=own, object_categories={"A-1": "own"})
    scenario.when(update("matinee", name="N"))
    assert scenario.last.facts[0].selling is None
    scenario.when(update("matinee", categories=[], object_categories={}))
    assert scenario.last.facts[0].selling == Selling(tables=tables)


def test_what_does_not_fit_a_record_is_refused() -> None:
    many = {f"{'A' * 90}-{number}": "own" for number in range(17_000)}
    scenario = GroupsScenario().given(create("matinee"))
    scenario.when(update("matinee", object_categories=many))
    scenario.then_rejected(Rejection.SELLING_TOO_LARGE)
    half = NewEvent(
        key="one", chart_key="c", inventory="i", selling=Selling(object_categories=many)
    )
    command = CreateEvents(workspace=WORKSPACE, events=[half])
    scenario.when(command).then_rejected(Rejection.SELLING_TOO_LARGE)


def test_an_event_is_on_the_chart_that_it_was_moved_to() -> None:
    scenario = GroupsScenario().given(
        create("matinee"), update("matinee", chart_key="copy", inventory="5678")
    )
    [told] = scenario.last.facts
    assert (told.chart_key, told.inventory) == ("copy", "5678")
    entry = scenario.state.directory.find(WORKSPACE, "matinee")
    assert entry is not None
    assert (entry.chart_key, entry.inventory) == ("copy", "5678")
