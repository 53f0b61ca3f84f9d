"""Which status a seat may take from which, by whose hand: the whole table."""

from collections.abc import Iterator

import msgspec
import pytest

from schemas.commands import Hold
from schemas.facts import BOOKED, FREE, HELD, RESALE
from schemas.outbox import Accepted
from schemas.rejections import Obstacle, Rejection
from tests.engine.factories import (
    ALICE,
    BOB,
    CUSTOM,
    MATINEE,
    book,
    change,
    command,
    hold,
    release,
    update_extra_data,
)
from tests.engine.scenario import SeatsScenario

ANOTHER_CUSTOM = "on the house"
STATUSES = {
    "free": FREE,
    "booked": BOOKED,
    "held": HELD,
    "resale": RESALE,
    "custom": CUSTOM,
    "another": ANOTHER_CUSTOM,
}
OUTCOMES = {
    "ok": None,
    "not-free": Rejection.OBJECT_NOT_FREE,
    "another's": Rejection.HELD_BY_ANOTHER_TOKEN,
    "no-token": Rejection.HOLD_TOKEN_MISSING,
    "not-allowed": Rejection.STATUS_NOT_ALLOWED,
    "rejected": Rejection.STATUS_REJECTED,
}

# The held seat of these tables is Alice's.
BACK_OFFICE = """
from\\to  booked    held      free  resale    custom    another
free     ok        no-token  ok    ok        ok        ok
booked   not-free  no-token  ok    ok        ok        ok
held     ok        no-token  ok    ok        ok        ok
resale   ok        no-token  ok    not-free  ok        ok
custom   not-free  no-token  ok    ok        not-free  ok
"""
ALICES = """
from\\to  booked    held      free  resale    custom    another
free     ok        ok        ok    ok        ok        ok
booked   not-free  not-free  ok    ok        ok        ok
held     ok        ok        ok    ok        ok        ok
resale   ok        ok        ok    not-free  ok        ok
custom   not-free  not-free  ok    ok        not-free  ok
"""
BOBS = """
from\\to  booked     held       free       resale     custom     another
free     ok         ok         ok         ok         ok         ok
booked   not-free   not-free   ok         ok         ok         ok
held     another's  another's  another's  another's  another's  another's
resale   ok         ok         ok         not-free   ok         ok
custom   not-free   not-free   ok         ok         not-free   ok
"""
# The caller names the seat's very status as the only allowed previous one.
ALICES_NAMING_IT = """
from\\to  booked    held      free  resale    custom    another
free     ok        ok        ok    ok        ok        ok
booked   not-free  not-free  ok    ok        ok        ok
held     ok        ok        ok    ok        ok        ok
resale   ok        ok        ok    ok        ok        ok
custom   ok        ok        ok    ok        ok        ok
"""

Row = tuple[str, str, Rejection | None]


def rows(table: str) -> Iterator[Row]:
    """Give each cell of a table as the status before, the status asked for and the outcome."""
    head, *lines = table.strip().splitlines()
    for line in lines:
        before, *outcomes = line.split()
        for asked, outcome in zip(head.split()[1:], outcomes, strict=True):
            yield STATUSES[before], STATUSES[asked], OUTCOMES[outcome]


def a_seat(status: str) -> SeatsScenario:
    """Give a scenario whose seat A-1 has this status; if it is held, by Alice."""
    scenario = SeatsScenario()
    if status != FREE:
        holder = ALICE if status == HELD else None
        scenario.given(command(change(status, "A-1", by=holder)))
    return scenario


CASES = [
    pytest.param(by, *row, id=f"{name}-{row[0]}-to-{row[1]}")
    for name, by, table in (
        ("back-office", None, BACK_OFFICE),
        ("own-token", ALICE, ALICES),
        ("another-token", BOB, BOBS),
    )
    for row in rows(table)
]


@pytest.mark.parametrize(("by", "before", "asked", "refusal"), CASES)
def test_a_seat_changes_as_the_table_says(
    by: Hold | None, before: str, asked: str, refusal: Rejection | None
) -> None:
    scenario = a_seat(before).when(command(change(asked, "A-1", by=by)))
    _expect(scenario, by, before, asked, refusal)


@pytest.mark.parametrize(("before", "asked", "refusal"), list(rows(ALICES_NAMING_IT)))
def test_a_custom_status_may_be_left_by_who_names_it_but_a_booked_seat_is_never_booked_again(
    before: str, asked: str, refusal: Rejection | None
) -> None:
    scenario = a_seat(before).when(command(change(asked, "A-1", by=ALICE, allowed=[before])))
    _expect(scenario, ALICE, before, asked, refusal)


@pytest.mark.parametrize("asked", [BOOKED, HELD, FREE, RESALE, CUSTOM])
@pytest.mark.parametrize("before", [FREE, BOOKED, HELD, RESALE, CUSTOM])
def test_a_status_that_is_not_in_the_allowed_ones_refuses_the_change(
    before: str, asked: str
) -> None:
    others = [status for status in STATUSES.values() if status != before]
    scenario = a_seat(before).when(command(change(asked, "A-1", by=ALICE, allowed=others)))
    _expect(scenario, ALICE, before, asked, Rejection.STATUS_NOT_ALLOWED)


@pytest.mark.parametrize("asked", [BOOKED, HELD, FREE, RESALE, CUSTOM])
@pytest.mark.parametrize("before", [FREE, BOOKED, HELD, RESALE, CUSTOM])
def test_a_status_that_is_in_the_rejected_ones_refuses_the_change(before: str, asked: str) -> None:
    scenario = a_seat(before).when(command(change(asked, "A-1", by=ALICE, rejected=[before])))
    _expect(scenario, ALICE, before, asked, Rejection.STATUS_REJECTED)


@pytest.mark.parametrize(("before", "asked", "refusal"), list(rows(ALICES)))
def test_rejecting_other_statuses_opens_and_closes_nothing(
    before: str, asked: str, refusal: Rejection | None
) -> None:
    others = [status for status in STATUSES.values() if status != before]
    scenario = a_seat(before).when(command(change(asked, "A-1", by=ALICE, rejected=others)))
    _expect(scenario, ALICE, before, asked, refusal)


def test_an_empty_list_allows_no_previous_status() -> None:
    SeatsScenario().when(book("A-1", allowed=[])).then_rejected(Rejection.STATUS_NOT_ALLOWED)


def test_an_empty_list_rejects_no_previous_status() -> None:
    SeatsScenario().when(book("A-1", rejected=[])).then_accepted()


def _expect(
    scenario: SeatsScenario, by: Hold | None, before: str, asked: str, refusal: Rejection | None
) -> None:
    after = scenario.object("A-1")
    if refusal is None:
        assert scenario.last.answer == Accepted()
        [changed] = scenario.changes
        assert (changed.status, changed.previous_status) == (asked, before)
        assert after.status == asked
        assert after.hold_token == (by.token if by and asked == HELD else None)
        return
    assert after == a_seat(before).object("A-1")
    assert scenario.refusal.code == refusal.code
    if refusal is not Rejection.HOLD_TOKEN_MISSING:
        obstacle = Obstacle(
            event=MATINEE,
            label="A-1",
            code=refusal.code,
            status=before,
            requested_status=asked,
        )
        assert scenario.refusal.obstacles == [obstacle]


def test_a_booth_is_booked_like_a_seat() -> None:
    (
        SeatsScenario()
        .given(hold("Booth", by=ALICE))
        .when(book("Booth", by=BOB))
        .then_rejected(Rejection.HELD_BY_ANOTHER_TOKEN, ("Booth", Rejection.HELD_BY_ANOTHER_TOKEN))
        .given(book("Booth", by=ALICE))
        .when(book("Booth"))
        .then_rejected(Rejection.OBJECT_NOT_FREE)
    )


def test_a_picture_of_every_status() -> None:
    SeatsScenario().given("A  . h x r ?").then_seats("A  . h x r ?")


def test_booking_with_the_own_token_takes_the_token_off_the_seat() -> None:
    scenario = SeatsScenario().given(hold("A-1", by=ALICE), book("A-1", by=ALICE))
    assert scenario.object("A-1").hold_token is None
    scenario.at(ALICE.expires_at).then_seats("A  x . . . .")


def test_a_released_seat_that_keeps_nothing_is_untouched() -> None:
    SeatsScenario().given(book("A-1"), release("A-1")).then_untouched("A-1")


def test_an_object_that_nobody_touched_has_no_entry() -> None:
    scenario = SeatsScenario().given(book("A-1"), hold("A-2", by=ALICE), release("A-2"))
    assert list(scenario.event().objects) == ["A-1"]


def test_a_resale_listing_is_kept_until_the_next_change() -> None:
    listed = msgspec.structs.replace(change(RESALE, "A-1", "GA"), resale_listing_id="listing")
    scenario = SeatsScenario().given(book("A-1"), command(listed))
    assert [scenario.object(label).resale_listing_id for label in ("A-1", "GA")] == ["listing"] * 2
    scenario.given(update_extra_data(A_1={"a": 1}))
    assert scenario.object("A-1").resale_listing_id == "listing"
    scenario.given(book("A-1"), book("GA"))
    assert [scenario.object(label).resale_listing_id for label in ("A-1", "GA")] == [None] * 2
