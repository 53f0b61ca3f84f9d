"""What an event overrides when it joins a season, if one record cannot tell it."""

import pytest

from schemas.commands import (
    Change,
    ChangeObjectStatus,
    ChangePartialSeason,
    CreatePartialSeason,
    CreateSeason,
    NewEvent,
    ObjectChange,
    Origin,
)
from schemas.facts import BOOKED, EventCreated, EventUpdated, SeasonStatusOverridden
from schemas.outbox import DecisionApplied, TimePassed
from tests.workers.house import (
    COMMANDS,
    COORDINATOR_COMMANDS,
    SAMPLE_HASH,
    SEAT_MAPS,
    WORKSPACE,
    House,
)

SEATS = [label for label in SEAT_MAPS[SAMPLE_HASH].labels if label.startswith(("A-", "B-"))]


def _book(event: int) -> ChangeObjectStatus:
    objects = [ObjectChange(label=label) for label in SEATS]
    change = Change(event=event, status=BOOKED, objects=objects)
    return ChangeObjectStatus(workspace=WORKSPACE, changes=[change], origin=Origin())


async def test_a_sold_out_event_joins_a_sold_out_season_in_as_many_records_as_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("engine.seats.settling.overrides_bytes_max", 250)
    monkeypatch.setattr("engine.seats.settling.objects_per_fact_max", 5)
    house = House()
    await house.open()
    new = NewEvent(key="season", chart_key="chart", inventory=SAMPLE_HASH)
    house.send(
        COORDINATOR_COMMANDS,
        CreateSeason(workspace=WORKSPACE, season=new, event_keys=["march", "may"]),
        CreatePartialSeason(workspace=WORKSPACE, top="season", key="spring"),
    )
    facts = await house.facts_when(lambda facts: len(facts) == 5)
    ids = {fact.key: fact.event for fact in facts if isinstance(fact, EventCreated)}
    house.send(COMMANDS, *(_book(ids[key]) for key in ("march", "may", "spring")))
    await house.answers_when(3)
    before = len(house.outbox())
    monkeypatch.setattr("workers.ledger.record_bytes_max", 1_700)
    house.send(
        COORDINATOR_COMMANDS,
        ChangePartialSeason(
            workspace=WORKSPACE, top="season", partial="spring", added=["march", "may"]
        ),
    )
    await house.facts_when(lambda facts: sum(isinstance(f, EventUpdated) for f in facts) == 2)
    *ahead, applied = house.outbox()[before:]
    assert len(ahead) > 1
    assert {type(record) for record in ahead} == {TimePassed}
    assert isinstance(applied, DecisionApplied)
    assert all(isinstance(fact, EventUpdated) for fact in applied.data.facts), "and no more"
    overridden = {
        (fact.event, label): places
        for record in ahead
        for fact in record.data.facts
        if isinstance(fact, SeasonStatusOverridden)
        for label, places in fact.places.items()
    }
    assert overridden == {(ids[key], label): 1 for key in ("march", "may") for label in SEATS}
    # Whoever dies in between has not said that the decision was read.
    [source] = {name for name in applied.data.positions if name.startswith("groups")}
    read = [record.data.positions[source] for record in (*ahead, applied)]
    assert read == [read[0]] * len(ahead) + [read[0] + 1]
    await house.close()
