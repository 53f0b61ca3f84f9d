"""What was not for sale, or in no open channel, and was taken or refused all the same."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from schemas.commands import (
    ChangeObjectStatus,
    CreateEvents,
    EditChannels,
    EditForSale,
    NewEvent,
    ObjectChange,
    Origin,
    decode_seats_command,
    encode,
)
from schemas.facts import (
    BOOKED,
    FREE,
    RESALE,
    EventUpdated,
    Moves,
    PlannedChange,
    Pocket,
    StatusChanged,
)
from schemas.rejections import Obstacle, Rejected, Rejection
from schemas.selling import Channel, ForSale, Selling
from schemas.selling_edits import AddChannels, EventForSaleEdit, ReplaceForSale
from seatlog.verify import seats_judge
from seatlog.verify.report import Check
from seatlog.verify.taken import offer_faults, reserved_faults
from tests.engine.factories import (
    EVENING,
    MATINEE,
    event_created,
    event_sold,
)
from tests.engine.factories import change as asked
from tests.verify.story import Story, Teller, among, change
from tests.verify.test_seasons import refused
from tests.verify.test_switched_off import Switch
from tests.verify.test_tables import Told, changed
from tests.verify.test_wishes import best
from tests.workers.house import COMMANDS, COORDINATOR_COMMANDS, SAMPLE_HASH, WORKSPACE

GOLD = Channel(
    id="1", key="gold", name="Gold", color="#ff0", objects=["A-1", "A-2"], area_places={"GA1": 4}
)
CLOSED = ForSale(for_sale=False, objects=["B-1"], area_places={"GA1": 90}, categories=["CAT2"])
"""The category is that of the rows C and D."""
IN_GOLD = event_sold(
    Selling(channels=[msgspec.structs.replace(GOLD, objects=["A-1"], area_places={"GA": 4})])
)
"""Of the matinee in the theatre."""
FOR_GOLD: dict[str, Any] = {"channel_keys": ["gold"]}


def seat(label: str) -> ObjectChange:
    return ObjectChange(label=label)


def places(quantity: int) -> ObjectChange:
    return ObjectChange(label="GA1", quantity=quantity)


def both(first: int, second: int, label: str, **fields: Any) -> ChangeObjectStatus:  # noqa: ANN401
    """Ask for the same of both events, as one offer."""
    changes = [asked(BOOKED, label, event=event) for event in (first, second)]
    return ChangeObjectStatus(
        workspace=WORKSPACE,
        changes=[msgspec.structs.replace(one, **fields) for one in changes],
        origin=Origin(),
        same_channels=True,
    )


class OfferTeller(Teller):
    """Tells of an event with a channel and things out of sale, and of one without."""

    async def tell(self) -> Story:
        await self.open()
        first, second = self.event, self.event + 256
        [key] = [fact.key for fact in self.house.facts() if hasattr(fact, "workspace")]
        new = NewEvent(key="second", chart_key="chart", inventory=SAMPLE_HASH)
        edits = [EventForSaleEdit(key=key, edit=ReplaceForSale(for_sale=CLOSED))]
        self.house.send(
            COORDINATOR_COMMANDS,
            CreateEvents(workspace=WORKSPACE, events=[new]),
            EditChannels(workspace=WORKSPACE, key=key, edit=AddChannels(channels=[GOLD])),
            EditForSale(workspace=WORKSPACE, events=edits),
        )
        await self.house.facts_when(
            lambda facts: sum(isinstance(fact, EventUpdated) for fact in facts) == 2
        )
        await self.ask(
            change(first, seat("A-1"), **FOR_GOLD),
            change(first, seat("A-2")),
            change(first, seat("B-1")),
            change(first, seat("D-1")),
            change(first, places(3), **FOR_GOLD),
            change(first, places(6)),
            change(first, places(1)),
            best(first, 1),
            both(first, second, "A-2", channel_keys=["gold", "NO_CHANNEL"]),
            both(first, second, "B-2"),
            change(first, seat("A-2"), status=RESALE, **FOR_GOLD),
            change(first, seat("A-2")),
        )
        return await self.end()


@pytest.fixture(scope="module")
async def told_of_offers() -> Story:
    return await OfferTeller().tell()


@pytest.fixture
def offers(told_of_offers: Story) -> Story:
    return told_of_offers.again()


def ask_otherwise(story: Story, command: int, **fields: object) -> None:
    """Let the first change of a command, or its wish, have been another one."""
    record = story.records[COMMANDS][command]
    told: Any = decode_seats_command(record.value or b"")
    if isinstance(told, ChangeObjectStatus):
        first = msgspec.structs.replace(told.changes[0], **fields)
        told = msgspec.structs.replace(told, changes=[first, *told.changes[1:]])
    else:
        told = msgspec.structs.replace(told, **fields)
    story.records[COMMANDS][command] = replace(record, value=encode(told))


def test_a_true_history_of_offers_is_clean(offers: Story) -> None:
    assert offers.check().faults == []
    assert len(refused(offers, Rejection.OBJECT_OF_ANOTHER_CHANNEL)) == 1
    assert len(refused(offers, Rejection.OBJECT_NOT_FOR_SALE)) == 2
    assert len(refused(offers, Rejection.NOT_ENOUGH_PLACES)) == 1
    assert len(refused(offers, Rejection.CHANNELS_DIFFER)) == 1


@pytest.mark.parametrize(
    ("command", "asks", "named"),
    [
        (0, {"channel_keys": None}, "A-1 is booked, and its channel gold is not open"),
        (4, {"channel_keys": None}, "GA1 are booked, and their channel gold is not open"),
        (5, FOR_GOLD, "GA1 are booked, and their channel None is not open"),
        (7, FOR_GOLD, "its channel None is not open"),
        (11, {"channel_keys": []}, None),
    ],
)
def test_what_was_taken_of_a_channel_that_was_not_open_is_named(
    offers: Story, command: int, asks: dict[str, Any], named: str | None
) -> None:
    ask_otherwise(offers, command, **asks)
    if named is None:
        assert offers.check().faults == [], "what is offered for resale is everybody's"
    else:
        assert named in among(offers, Check.OFFERS)


def test_what_the_check_finds_goes_unnoticed_without_it(offers: Story) -> None:
    Switch(
        "C5",
        Check.OFFERS,
        lambda story: ask_otherwise(story, 0, channel_keys=None),
        seats_judge,
        "done_faults",
        "yield from seat_faults(offered, change, fact.label, fact.previous_status)",
        "pass",
    ).judge(offers)


@pytest.mark.parametrize(
    ("label", "named"),
    [("B-1", "B-1 is booked, and is not for sale"), ("C-8", "C-8 is booked, and is not for sale")],
)
def test_what_was_sold_out_of_sale_is_named(offers: Story, label: str, named: str) -> None:
    ask_otherwise(offers, 0, objects=[seat(label)])
    offers.edit_fact(offers.answers()[0], label=label)
    ask_otherwise(offers, 0, channel_keys=None)
    assert named in among(offers, Check.OFFERS)


def test_places_that_are_not_for_sale_or_kept_for_a_channel_are_named(offers: Story) -> None:
    for quantity, named in (
        (7, "7 places of GA1 are of no channel, and they are kept"),
        (8, "11 places of GA1 are taken"),
    ):
        falsified = offers.again()
        area = falsified.data(falsified.answers()[5]).facts[0].area
        taken = {BOOKED: 3 + quantity}
        falsified.edit_fact(
            falsified.answers()[5],
            quantity=quantity,
            area=msgspec.structs.replace(area, taken=taken),
        )
        ask_otherwise(falsified, 5, objects=[places(quantity)])
        assert named in among(falsified, Check.OFFERS)


@pytest.mark.parametrize(
    ("command", "asks"),
    [
        (1, {"ignore_channels": True}),
        (2, {"objects": [seat("B-3")]}),
        (8, {"objects": [seat("B-3")], "channel_keys": ["NO_CHANNEL"]}),
    ],
)
def test_a_refusal_of_what_was_offered_is_named(
    offers: Story, command: int, asks: dict[str, Any]
) -> None:
    ask_otherwise(offers, command, **asks)
    if command == 2:  # the obstacle is of the change that is another one now

        def edit(data: Any) -> Any:  # noqa: ANN401
            [first, *_] = data.answer.obstacles
            moved = [msgspec.structs.replace(first, label="B-3")]
            answer = msgspec.structs.replace(data.answer, obstacles=moved)
            return msgspec.structs.replace(data, answer=answer)

        offers.edit(offers.answers()[command], edit)
    assert "and it is offered" in among(offers, Check.ANSWERS)


def test_objects_of_one_offer_in_different_channels_are_named() -> None:
    fold = Told(event_created(EVENING, "evening"), IN_GOLD).fold
    [fault] = offer_faults(both(MATINEE, EVENING, "A-1"), fold)
    assert fault == "A-1 is in channel None of one event, and gold of another"
    assert [*offer_faults(both(MATINEE, EVENING, "A-2"), fold)] == []
    assert [*offer_faults(both(MATINEE, EVENING, "A-1", ignore_channels=True), fold)] == []


def test_a_wish_that_is_refused_for_an_object_is_named(offers: Story) -> None:
    refusal = offers.data(offers.answers()[2]).answer
    offers.edit(
        offers.answers()[7], lambda data: msgspec.structs.replace(data, answer=refusal, facts=[])
    )
    assert "which it chose itself" in among(offers, Check.ANSWERS)


def test_what_a_group_reserved_of_another_channel_is_named() -> None:
    fold = Told(IN_GOLD).fold
    drawn = Moves([(Pocket("free", channel="1"), 2)], Pocket(BOOKED))
    for label, moves in (("A-1", None), ("GA", drawn)):
        wanted = asked(BOOKED, label)
        changed = StatusChanged(
            event=MATINEE,
            seq=0,
            label=label,
            status=BOOKED,
            previous_status="free",
            origin=Origin(),
        )
        planned = [PlannedChange(change=changed, moves=moves)]
        assert len([*reserved_faults([wanted], planned, fold)]) == 1
        open_to = msgspec.structs.replace(wanted, channel_keys=["gold"])
        assert [*reserved_faults([open_to], planned, fold)] == []


@pytest.mark.parametrize(
    ("offer", "faults"),
    [
        (Selling(), 1),
        (Selling(for_sale=ForSale(for_sale=False, objects=["A-1"])), 0),
        (Selling(channels=[msgspec.structs.replace(GOLD, objects=["A-1"], area_places={})]), 0),
    ],
)
def test_who_is_refused_what_a_group_may_give_back_is_named_only_if_it_is_offered(
    offer: Selling, faults: int
) -> None:
    told = Told(changed(1, "A-1"), event_sold(offer))
    told.fold.reserve(1, [PlannedChange(change=changed(0, "A-1", FREE, BOOKED))])
    code = Rejection.OBJECT_NOT_FREE.code
    why = Obstacle(event=MATINEE, label="A-1", code=code, status=BOOKED)
    assert len(told.refusal_faults(Rejected(code=code, obstacles=[why]), "A-1")) == faults
