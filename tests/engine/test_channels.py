"""Channels: who may take which seat."""

import pytest

from schemas.facts import BOOKED, FREE, HELD, RESALE
from schemas.rejections import Rejection
from schemas.selling import Selling
from tests.engine.factories import (
    ALICE,
    CUSTOM,
    MATINEE,
    book,
    change,
    channel,
    command,
    event_created,
    event_renamed,
    event_sold,
    hold,
    release,
)
from tests.engine.scenario import SeatsScenario

SELLING = Selling(channels=[channel("a", "A-1", "Booth", "GA"), channel("b", "B-1")])
ANOTHER = Rejection.OBJECT_OF_ANOTHER_CHANNEL


def theatre(selling: Selling = SELLING) -> SeatsScenario:
    return SeatsScenario(event_created(selling=selling))


@pytest.mark.parametrize("status", [BOOKED, HELD, CUSTOM, FREE])
@pytest.mark.parametrize(
    ("label", "channels", "is_open"),
    [
        ("A-1", None, False),
        ("A-1", ["a"], True),
        ("A-1", ["b", "a"], True),
        ("A-1", ["b"], False),
        ("A-1", ["NO_CHANNEL"], False),
        ("A-1", ["A"], False),
        ("A-1", ["id-a"], False),
        ("Booth", None, False),
        ("Booth", ["a"], True),
        ("A-2", None, True),
        ("A-2", ["NO_CHANNEL"], True),
        ("A-2", ["a", "NO_CHANNEL"], True),
        ("A-2", ["a"], False),
        ("A-2", ["no"], False),
    ],
)
def test_a_seat_is_for_who_names_its_channel(
    status: str,
    label: str,
    channels: list[str] | None,
    is_open: bool,  # noqa: FBT001
) -> None:
    by = ALICE if status == HELD else None
    scenario = theatre().when(command(change(status, label, by=by, channels=channels)))
    if is_open:
        scenario.then_accepted()
    else:
        scenario.then_rejected(ANOTHER, (label, ANOTHER)).then_untouched(label)


@pytest.mark.parametrize("channels", [None, ["b"]])
def test_who_ignores_channels_takes_everything(channels: list[str] | None) -> None:
    asked = change(BOOKED, "A-1", "A-2", "B-1", channels=channels, ignore_channels=True)
    theatre().given(command(asked))


def test_a_change_is_refused_as_a_whole_and_names_every_seat() -> None:
    scenario = theatre().when(book("A-2", "A-1", "B-1", channels=["b"]))
    scenario.then_rejected(ANOTHER, ("A-2", ANOTHER), ("A-1", ANOTHER))
    scenario.then_seats("A  . . . . .")


def test_a_held_seat_of_a_channel_is_booked_and_released_with_its_key() -> None:
    scenario = theatre().given(hold("A-1", by=ALICE, channels=["a"]))
    scenario.when(book("A-1", by=ALICE)).then_rejected(ANOTHER)
    scenario.when(release("A-1", by=ALICE)).then_rejected(ANOTHER)
    scenario.given(book("A-1", by=ALICE, channels=["a"]))
    scenario.when(release("A-1")).then_rejected(ANOTHER)
    scenario.given(release("A-1", channels=["a"])).then_seats("A  . . . . .")


def test_a_hold_ends_whatever_the_channel() -> None:
    scenario = theatre().given(hold("A-1", by=ALICE, channels=["a"]))
    scenario.at(ALICE.expires_at).then_seats("A  . . . . .")


def test_a_seat_for_resale_is_for_everybody() -> None:
    scenario = theatre().given(command(change(RESALE, "A-1", "A-2", channels=["a", "NO_CHANNEL"])))
    scenario.given(book("A-1")).given(book("A-2", channels=["b"]))


def test_channels_change_under_a_seat_that_is_sold() -> None:
    scenario = theatre().given(book("A-1", channels=["a"]), book("A-2"))
    scenario.given([event_sold(Selling(channels=[channel("b", "A-2")]))])
    scenario.given(release("A-1"))
    scenario.when(release("A-2")).then_rejected(ANOTHER)
    scenario.given(release("A-2", channels=["b"]))
    scenario.given([event_sold(Selling())]).given(book("A-1", "A-2"))


def test_a_renamed_event_keeps_its_channels() -> None:
    scenario = theatre().given([event_renamed(MATINEE, "gala", "matinee")])
    scenario.when(book("A-1")).then_rejected(ANOTHER)


def test_labels_that_the_chart_does_not_have_are_left_out() -> None:
    scenario = theatre(Selling(channels=[channel("a", "Z-9", Nowhere=3)]))
    scenario.when(book("Z-9", channels=["a"])).then_rejected(Rejection.OBJECT_NOT_FOUND)
    scenario.given(book("A-1"))
