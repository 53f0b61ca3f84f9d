"""Whether the same command, sent again unchanged, can be done: a story for each refusal.

Rules of this file:

1. A refusal is classed LATER because here its very command is done after something has happened:
   what others did, or time that passed.
2. A refusal is classed NEVER because nothing is known that changes it: it follows from the command
   alone, or from what cannot be undone.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
import pytest

from engine.answers import answer_kept_ms
from engine.groups.channels import channels_per_event_max
from engine.groups.for_sale import for_sale_edits_per_day_max
from engine.groups.selling import selling_bytes_max
from engine.seats.areas import statuses_per_area_max
from engine.seats.changes import facts_bytes_max
from schemas import commands
from schemas.commands import Asked, CommandPosition, Hold
from schemas.facts import BOOKED, HELD
from schemas.rejections import Rejected, Rejection, Retry
from schemas.selling import ForSale, Selling, TableBooking
from schemas.selling_edits import AddChannels, OpenAndClose, RemoveChannel, Stock
from tests.engine.factories import (
    ALICE,
    BARN,
    CAROL,
    CUSTOM,
    EVENING,
    FAIR,
    HOUR,
    MATINEE,
    MINUTE,
    NOON,
    SECOND,
    WORKSPACE,
    best,
    book,
    change,
    channel,
    command,
    create,
    deadline_set,
    delete,
    edit_channels,
    edit_for_sale,
    event_created,
    event_deleted,
    event_sold,
    hash_of,
    hold,
    keyed,
    places,
    release,
    sold_anew,
    sold_from,
    update,
    update_extra_data,
)
from tests.engine.scenario import GroupsScenario, SeatsScenario
from tests.engine.season_year import (
    AUTUMN,
    MARCH,
    SPRING,
    YEAR,
    in_year,
    override,
    told,
    use_again,
    year,
)
from tests.engine.test_reservations import begun, cancelled
from tests.engine.test_season_structure import events, season


class Story(NamedTuple):
    """A command that is refused, and what helps."""

    why: Rejection
    before: Sequence[Any]
    asked: Any
    helps: Sequence[Any]
    """What happens then; a number is a time that passes."""


EACH_THEIR_OWN: Final = [channel("c", "A-1")]
MANY: Final = AddChannels(
    channels=[channel(f"c{number}") for number in range(channels_per_event_max)]
)
CLOSE: Final = OpenAndClose(close=[Stock(label="A-1")])
BY_SEAT: Final = TableBooking(mode="all_by_seat")
LARGE: Final = {f"A-{number}": "1" * 1_000 for number in range(selling_bytes_max // 1_020)}
NO_LONGER_IN_IT: Final = [delete("first"), create("first")]

OF_SEATS: Final = (
    Story(
        Rejection.IDEMPOTENCY_KEY_IN_USE,
        [begun(change(BOOKED, "A-1")), command(change(BOOKED, "A-1"), idempotency=keyed("one"))],
        command(change(BOOKED, "A-1"), idempotency=keyed("one")),
        [cancelled(), 0],
    ),
    Story(
        Rejection.IDEMPOTENCY_KEY_REUSED,
        [command(change(BOOKED, "A-1"), idempotency=keyed("one", "of another"))],
        command(change(BOOKED, "A-2"), idempotency=keyed("one")),
        [answer_kept_ms],
    ),
    Story(
        Rejection.EVENT_NOT_FOUND,
        [],
        book("A-1", event=EVENING),
        [[event_created(EVENING, "evening")]],
    ),
    Story(
        Rejection.COMMAND_TOO_LARGE,
        [update_extra_data(A_1={"note": "x" * facts_bytes_max})],
        book("A-1", keep_extra_data=True),
        [update_extra_data(A_1=None)],
    ),
    Story(
        Rejection.HOLD_DEADLINE_TOO_FAR,
        [],
        hold("A-1", by=Hold("t", NOON + 4 * HOUR)),
        [3 * HOUR],
    ),
    Story(Rejection.OBJECT_NOT_FOUND, [], book("A-9"), [[sold_from(BARN)]]),
    Story(Rejection.QUANTITY_ON_A_SEAT, [], book(places("Booth", 2)), [[sold_from(FAIR)]]),
    Story(
        Rejection.OBJECT_NOT_FOR_SALE,
        [[event_sold(Selling(for_sale=ForSale(for_sale=False, objects=["A-1"])))]],
        book("A-1"),
        [[event_sold(Selling())]],
    ),
    Story(
        Rejection.OBJECT_OF_ANOTHER_CHANNEL,
        [[event_sold(Selling(channels=EACH_THEIR_OWN))]],
        book("A-1"),
        [[event_sold(Selling())]],
    ),
    Story(
        Rejection.CHANNELS_DIFFER,
        [[event_created(EVENING, "evening")], [event_sold(Selling(channels=EACH_THEIR_OWN))]],
        command(
            *(
                change(BOOKED, "A-1", event=one, channels=["c", "NO_CHANNEL"])
                for one in (MATINEE, EVENING)
            ),
            same_channels=True,
        ),
        [[event_sold(Selling(channels=EACH_THEIR_OWN), EVENING, "evening")]],
    ),
    Story(
        Rejection.STATUS_NOT_ALLOWED,
        [],
        book("A-1", allowed=[HELD]),
        [hold("A-1", by=ALICE)],
    ),
    Story(
        Rejection.STATUS_REJECTED,
        [hold("A-1", by=ALICE)],
        book("A-1", rejected=[HELD]),
        [15 * MINUTE],
    ),
    Story(
        Rejection.HELD_BY_ANOTHER_TOKEN,
        [hold("A-1", by=ALICE)],
        book("A-1", by=CAROL),
        [15 * MINUTE],
    ),
    Story(Rejection.OBJECT_NOT_FREE, [book("A-1")], book("A-1"), [release("A-1")]),
    Story(
        Rejection.TABLE_TAKEN,
        [book("T2"), [sold_anew(BY_SEAT)]],
        book("T2-1"),
        [release("T2")],
    ),
    Story(
        Rejection.TOO_MANY_STATUSES_IN_AREA,
        [
            [sold_from(BARN)],
            command(*(change(f"status {n}", "Floor") for n in range(statuses_per_area_max))),
        ],
        book("Floor"),
        [release("Floor", allowed=["status 0"])],
    ),
    Story(
        Rejection.NOT_ENOUGH_PLACES,
        [book(places("GA", 8))],
        book(places("GA", 3)),
        [release(places("GA", 1))],
    ),
    Story(
        Rejection.NOT_ENOUGH_TAKEN_PLACES,
        [book(places("GA", 2))],
        release(places("GA", 3)),
        [book(places("GA", 1))],
    ),
    Story(
        Rejection.BEST_AVAILABLE_OBJECTS_NOT_FOUND,
        [book("A-1")],
        best(12),
        [release("A-1")],
    ),
)

OF_SEASONS: Final = (
    Story(
        Rejection.EVENT_NOT_IN_SEASON,
        [],
        override(MARCH, "A-1", season=AUTUMN),
        [[told(MARCH, season=in_year(SPRING, AUTUMN))]],
    ),
    Story(
        Rejection.TAKEN_IN_SEASON,
        [book("A-1", event=YEAR)],
        book("A-1", event=MARCH),
        [release("A-1", event=YEAR)],
    ),
    Story(
        Rejection.OVERRIDE_IN_USE,
        [book("A-1", event=YEAR), override(MARCH, "A-1"), book("A-1", event=MARCH)],
        use_again(MARCH, "A-1"),
        [release("A-1", event=MARCH)],
    ),
)

OF_COORDINATORS: Final = (
    Story(Rejection.EVENT_NOT_FOUND, [], update("a", name="A"), [create("a")]),
    Story(Rejection.EVENT_KEY_TAKEN, [create("a")], create("a"), [delete("a")]),
    Story(
        Rejection.NOT_A_SEASON,
        [create("season")],
        events("first"),
        [delete("season"), season()],
    ),
    Story(
        Rejection.CHART_OF_SEASON,
        [season("first")],
        update("first", inventory=hash_of(BARN)),
        NO_LONGER_IN_IT,
    ),
    Story(
        Rejection.TABLES_OF_SEASON,
        [season("first")],
        update("first", tables=BY_SEAT),
        NO_LONGER_IN_IT,
    ),
    Story(
        Rejection.CHANNEL_NOT_FOUND,
        [create("a")],
        edit_channels("a", RemoveChannel(key="c")),
        [edit_channels("a", AddChannels(channels=EACH_THEIR_OWN))],
    ),
    Story(
        Rejection.CHANNEL_KEY_TAKEN,
        [create("a"), edit_channels("a", AddChannels(channels=EACH_THEIR_OWN))],
        edit_channels("a", AddChannels(channels=[channel("c", "B-1")])),
        [edit_channels("a", RemoveChannel(key="c"))],
    ),
    Story(
        Rejection.TOO_MANY_CHANNELS,
        [create("a"), edit_channels("a", MANY)],
        edit_channels("a", AddChannels(channels=EACH_THEIR_OWN)),
        [edit_channels("a", RemoveChannel(key="c0"))],
    ),
    Story(
        Rejection.SELLING_TOO_LARGE,
        [create("a"), update("a", object_categories=LARGE)],
        edit_channels("a", AddChannels(channels=[channel("c", *(f"A-{n}" for n in range(9_999)))])),
        [update("a", object_categories={})],
    ),
    Story(
        Rejection.FOR_SALE_EDITS_USED_UP,
        [create("a"), *[edit_for_sale(a=CLOSE)] * for_sale_edits_per_day_max],
        edit_for_sale(a=CLOSE),
        [12 * HOUR],
    ),
)

ELSEWHERE: Final = {
    Rejection.BUSY_IN_DOUBT,  # below
    Rejection.COMMAND_FAILED,  # tests/workers/test_giving_up.py: it may do in another state
}
NEVER: Final = {
    Rejection.COMMAND_NOT_READABLE,  # its bytes are all that is looked at: workers/ledger
    Rejection.OVERRIDE_IN_A_GROUP,
    Rejection.HOLD_TOKEN_MISSING,
    Rejection.HOLD_TOKEN_EXPIRED,
}


def called(story: Story) -> str:
    return story.why.code


def test_each_refusal_is_classed_as_its_story_says() -> None:
    told_of = {story.why for story in (*OF_SEATS, *OF_SEASONS, *OF_COORDINATORS)} | ELSEWHERE
    assert {one for one in Rejection if one.retry is Retry.LATER} == told_of
    assert {one for one in Rejection if one.retry is Retry.NEVER} == NEVER


@pytest.mark.parametrize("story", [*OF_SEATS, *OF_SEASONS], ids=called)
def test_what_a_seats_owner_has_refused_is_done_later(story: Story) -> None:
    scenario = SeatsScenario(*year()) if story in OF_SEASONS else SeatsScenario()
    scenario.given(*story.before).when(story.asked).then_rejected(story.why)
    for helps in story.helps:
        if isinstance(helps, int):
            scenario.after(helps)
        else:
            scenario.given(helps)
    scenario.when(story.asked).then_accepted()


@pytest.mark.parametrize("story", OF_COORDINATORS, ids=called)
def test_what_a_coordinator_has_refused_is_done_later(story: Story) -> None:
    scenario = GroupsScenario()
    scenario.given(*story.before).when(story.asked).then_rejected(story.why)
    for helps in story.helps:
        if isinstance(helps, int):
            scenario.after(helps)
        else:
            scenario.given(helps)
    scenario.when(story.asked).then_accepted()


def test_who_was_busy_in_doubt_is_served_when_the_doubt_is_over() -> None:
    scenario = SeatsScenario().given(begun(change(BOOKED, "A-1")), book("A-1"))
    scenario.after(6 * SECOND)
    [answer] = scenario.answers
    assert isinstance(answer, Rejected)
    assert answer.code == Rejection.BUSY_IN_DOUBT.code
    scenario.given(cancelled()).when(book("A-1")).then_accepted()


HAPPENINGS: Final[Sequence[Any]] = [
    book("A-1"),
    release("A-1"),
    hold("A-1", by=CAROL),
    command(change(CUSTOM, "A-1")),
    [sold_from(BARN)],
    [event_sold(Selling(channels=EACH_THEIR_OWN))],
    [deadline_set(ALICE, NOON + 2 * HOUR)],
    15 * MINUTE,
    48 * HOUR,
    [event_deleted()],
]
"""Whatever may come between; one after the other."""


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (command(change(HELD, "A-1")), Rejection.HOLD_TOKEN_MISSING),
        (hold("A-1", by=ALICE), Rejection.HOLD_TOKEN_EXPIRED),
    ],
)
def test_nothing_helps_who_has_no_hold_token(asked: commands.SeatsCommand, why: Rejection) -> None:
    scenario = SeatsScenario().at(ALICE.expires_at)
    scenario.when(asked).then_rejected(why)
    for happening in HAPPENINGS:
        if isinstance(happening, int):
            scenario.after(happening)
        else:
            scenario.when(happening)
        is_gone = MATINEE not in scenario.state.events
        scenario.when(asked).then_rejected(Rejection.EVENT_NOT_FOUND if is_gone else why)


def test_nothing_helps_who_overrides_a_season_in_a_group() -> None:
    """The command names events by ids, and an id has one partition for good."""
    scenario = GroupsScenario().given(season("first"), create("other"))
    by_key = scenario.state.directory.find
    first, other = by_key(WORKSPACE, "first"), by_key(WORKSPACE, "other")
    assert first is not None
    assert first.season is not None
    assert other is not None
    overriding = override(first.event, "A-1", season=first.season.top)
    asked = msgspec.structs.replace(
        overriding, changes=[*overriding.changes, change(BOOKED, "A-1", event=other.event)]
    )

    def answer() -> Any:  # noqa: ANN401
        waits = Asked(command=CommandPosition(0, len(scenario.records)), workspace=WORKSPACE)
        return scenario.machine.decide(scenario.state, asked, scenario.now, waits).answer

    assert answer().code == Rejection.OVERRIDE_IN_A_GROUP.code
    for happening in (update("first", is_in_the_past=True), update("first", new_key="last")):
        scenario.given(happening).after(48 * HOUR)
        assert answer().code == Rejection.OVERRIDE_IN_A_GROUP.code
    scenario.given(delete("last"))
    assert answer().code == Rejection.EVENT_NOT_FOUND.code
